import { Buffer } from 'node:buffer';

import { expect } from 'chai';
import fc from 'fast-check';

import { MessageReader } from '../../lib/rpc/message-reader.js';
import { parseMessage, type IncomingMessage } from '../../lib/rpc/messages.js';
import { stringifyJson } from '../../lib/wire/json.js';

const name = fc.oneof(
  fc.constantFrom('Logical_Switch', 'T', '', '},"T":{', '"id":7,"result":', 'é€😀', '\\', '{', '\u0000'),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const uuid = fc.oneof(fc.uuid(), fc.string({ unit: 'grapheme', minLength: 36, maxLength: 36 }), name);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    name,
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const rowUpdate = fc.oneof(
  { weight: 5, arbitrary: fc.record({ initial: value }, { noNullPrototype: true }) },
  // What no server sends, for whoever takes the row to refuse.
  { weight: 1, arbitrary: fc.array(value, { maxLength: 3 }) },
);
const tables = fc.dictionary(name, fc.dictionary(uuid, rowUpdate, { maxKeys: 6, noNullPrototype: true }), {
  maxKeys: 4,
  noNullPrototype: true,
});
const otherMessage = fc.oneof(
  fc.record({ id: fc.constant(null), method: fc.constant('update3'), params: fc.array(value, { maxLength: 4 }) }),
  fc.record({ id: fc.constantFrom(6, 8), result: fc.array(value, { maxLength: 3 }), error: fc.constant(null) }),
  fc.record({
    id: fc.constantFrom(6, 8),
    result: fc.tuple(fc.constant(false), uuid, tables),
    error: fc.constant(null),
  }),
);
const orders = fc.constantFrom(['id', 'result', 'error'], ['error', 'id', 'result'], ['result', 'error', 'id']);
const ID = 7;

/** The text of a message, with white space between its parts or without. */
function print(message: unknown, indent: string): string {
  const text = stringifyJson(message);
  return indent === '' || text.includes('\\') ? text : JSON.stringify(JSON.parse(text), undefined, indent);
}

interface Read {
  readonly messages: IncomingMessage[];
  readonly rows: (readonly [table: string, uuid: string, update: unknown])[];
}

function read(texts: readonly string[], sizes: readonly number[], depth: 3 | 4): Read {
  const result: Read = { messages: [], rows: [] };
  const reader = new MessageReader({});
  reader.expectRows(ID, {
    depth,
    open:
      () =>
      (...taken) =>
        result.rows.push(taken),
  });
  const bytes = Buffer.from(texts.join(''));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(bytes.subarray(at, at + size), (message) => {
      result.messages.push(message);
      if (message.kind === 'reply' && message.id === ID) reader.forgetRows(ID);
    });
    at += size;
  }
  expect(reader.unfinishedBytes).to.equal(0);
  return result;
}

/** Puts rows back where they were taken from. */
function withRows(message: unknown, depth: 3 | 4, { rows }: Read): unknown {
  if (rows.length === 0) return message;
  const { result } = message as { result: unknown };
  const target = (depth === 4 ? (result as unknown[])[2] : result) as Record<string, Record<string, unknown>>;
  for (const [table, key, update] of rows) {
    const present = Object.getOwnPropertyDescriptor(target, table)?.value as Record<string, unknown>;
    Object.defineProperty(present, key, { value: update, enumerable: true, configurable: true, writable: true });
  }
  return message;
}

describe('reading the rows of replies while they arrive', () => {
  it('makes the same messages as reading them whole, wherever the stream is cut', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        fc.record({
          contents: tables,
          order: orders,
          depth: fc.constantFrom<3 | 4>(3, 4),
          indent: fc.constantFrom('', ' ', '\n\t'),
          before: fc.array(otherMessage, { maxLength: 2 }),
          after: fc.array(otherMessage, { maxLength: 2 }),
          sizes: fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 5 }),
        }),
        ({ contents, order, depth, indent, before, after, sizes }) => {
          const result = depth === 4 ? [false, '00000000-0000-0000-0000-000000000000', contents] : contents;
          const members = { id: ID, result, error: null };
          const reply = Object.fromEntries(order.map((key) => [key, members[key]]));
          const texts = [...before, reply, ...after].map((message) => print(message, indent));
          const whole = texts.map((text) => parseMessage(text, true));
          const found = read(texts, sizes, depth);
          taken += found.rows.length;
          const received = found.messages.map((message, i) =>
            i === before.length ? withRows(message, depth, found) : message,
          );
          expect(received.map((message) => contentsOf(message))).to.deep.equal(
            whole.map((message) => contentsOf(message as IncomingMessage)),
          );
          // In the order of the text, which is that of the keys unless they look like numbers.
          if (order[2] === 'id') expect(found.rows).to.have.length(0);
        },
      ),
      { numRuns: 400 },
    );
    expect(taken).to.be.above(500);
  });
});

function contentsOf(message: unknown): unknown {
  const { id = null, result = null, params = null } = message as Record<string, unknown>;
  return { id, result, params };
}
