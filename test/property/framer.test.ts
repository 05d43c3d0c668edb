import { Buffer } from 'node:buffer';

import { expect } from 'chai';
import fc from 'fast-check';

import { decodeUtf8, Framer } from '../../lib/wire/framer.js';
import { parseJson, stringifyJson } from '../../lib/wire/json.js';

const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('{', '}', '"', '\\', '\u0000', '1', '[', ',') }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((real) => (Object.is(real, -0) ? 0 : real)),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));
const message = fc.record({ m: value }, { noNullPrototype: true });

/** What a value reads back as: integers are bigints outside ±(2^53-1) and numbers inside, however they were given. */
function normal(given: unknown): unknown {
  if (typeof given === 'bigint') return Number.isSafeInteger(Number(given)) ? Number(given) : given;
  if (typeof given === 'number') {
    // What is longer than any integer of 64 bits is a real.
    const integer = Number.isInteger(given) && !Number.isSafeInteger(given) && /^[-\d]\d{0,20}$/.test(String(given));
    return integer ? BigInt(given.toString()) : given;
  }
  if (Array.isArray(given)) return given.map(normal);
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(Object.entries(given).map(([key, member]) => [key, normal(member)]));
}

describe('the wire format', () => {
  it('carries any messages through any cuts without loss', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.nat(40), { minLength: 1 }), (messages, sizes) => {
        const bytes = Buffer.from(messages.map((item) => stringifyJson(item)).join('\n'));
        const framer = new Framer();
        const received: unknown[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = 1 + (sizes[turn % sizes.length] ?? 0);
          framer.push(bytes.subarray(at, at + size), (frame) => {
            received.push(parseJson(decodeUtf8(frame.bytes), frame.mayHoldUnsafeIntegers));
          });
          at += size;
        }
        expect(received).to.deep.equal(messages.map(normal));
        expect(framer.unfinishedBytes).to.equal(0);
      }),
    );
  });

  it('reads every integer literal as exact arithmetic does', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }), fc.nat(3), (integer, blanks) => {
        const text = `[${' '.repeat(blanks)}${integer.toString()}${' '.repeat(blanks)}]`;
        const [read] = parseJson(text, true) as [number | bigint];
        expect(BigInt(read)).to.equal(integer);
        expect(typeof read).to.equal(Number.isSafeInteger(Number(integer)) ? 'number' : 'bigint');
      }),
    );
  });

  it('agrees with JSON.parse on texts that are cut short or garbled', () => {
    fc.assert(
      fc.property(
        message,
        fc.nat(),
        fc.nat(),
        fc.constantFrom('"', '\\', '1', '-', '}', ',', ':', ''),
        (item, a, b, c) => {
          const text = stringifyJson(item);
          const garbled = text.slice(0, a % (text.length + 1)) + c + text.slice(b % (text.length + 1));
          let accepted = true;
          try {
            JSON.parse(garbled);
          } catch {
            accepted = false;
          }
          if (accepted) expect(() => parseJson(garbled, true)).not.to.throw();
          else expect(() => parseJson(garbled, true)).to.throw(SyntaxError);
        },
      ),
    );
  });
});
