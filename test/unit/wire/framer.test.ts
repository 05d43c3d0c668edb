import { Buffer } from 'node:buffer';

import { expect } from 'chai';

import { InvalidArgumentError, ProtocolError } from '../../../lib/errors.js';
import { decodeUtf8, Framer, type FramerOptions } from '../../../lib/wire/framer.js';

function frames(chunks: readonly (string | Buffer)[], options: FramerOptions = {}): string[] {
  const framer = new Framer(options);
  const texts: string[] = [];
  for (const chunk of chunks) framer.push(Buffer.from(chunk), ({ bytes }) => texts.push(decodeUtf8(bytes)));
  return texts;
}

describe('Framer', () => {
  it('cuts objects that follow each other with and without white space', () => {
    expect(frames(['{"a":1}{"b":[2]} \r\n\t{}\n'])).to.deep.equal(['{"a":1}', '{"b":[2]}', '{}']);
  });

  const tricky = '{"a":"}{\\"]\\\\","b":{"c":[[],"\\u007d",{"é€😀":"\\\\\\""}]}} {"x":"{"}\n{"y":"\\\\"}';
  const texts = ['{"a":"}{\\"]\\\\","b":{"c":[[],"\\u007d",{"é€😀":"\\\\\\""}]}}', '{"x":"{"}', '{"y":"\\\\"}'];
  it('finds the same texts wherever the stream is cut, also within characters and escapes', () => {
    const bytes = Buffer.from(tricky);
    for (let i = 0; i <= bytes.length; i++) {
      for (let j = i; j <= bytes.length; j++) {
        const cut = [bytes.subarray(0, i), bytes.subarray(i, j), bytes.subarray(j)];
        expect(frames(cut), `cut at ${i} and ${j}`).to.deep.equal(texts);
      }
    }
  });

  it('finds them byte by byte', () => {
    expect(frames(Array.from(Buffer.from(tricky), (byte) => Buffer.from([byte])))).to.deep.equal(texts);
  });

  it('finds them in a long chunk, wherever the parts end in which it is looked at', () => {
    const many = Array.from({ length: 100 }, () => texts).flat();
    for (let blanks = 0; blanks < Buffer.from(tricky).length; blanks++) {
      expect(frames([' '.repeat(blanks) + tricky.repeat(100)]), `after ${blanks} blanks`).to.deep.equal(many);
    }
  });

  it('knows how much of an unfinished text it holds', () => {
    const framer = new Framer();
    const push = (text: string): void => framer.push(Buffer.from(text), () => undefined);
    expect(framer.unfinishedBytes).to.equal(0);
    push('{} {"a"');
    expect(framer.unfinishedBytes).to.equal(4);
    push(':"é');
    expect(framer.unfinishedBytes).to.equal(8);
    push('"} ');
    expect(framer.unfinishedBytes).to.equal(0);
  });

  it('says of every text with 16 or more digits in a row that it may hold unsafe integers', () => {
    const flag = (chunks: readonly string[]): boolean[] => {
      const framer = new Framer();
      const flags: boolean[] = [];
      for (const chunk of chunks) {
        framer.push(Buffer.from(chunk), ({ mayHoldUnsafeIntegers }) => flags.push(mayHoldUnsafeIntegers));
      }
      return flags;
    };
    expect(flag(['{"a":1234567890123456}{"a":[123456789012345]}'])).to.deep.equal([true, false]);
    expect(flag(['{"a":"1234567890123456789"}{"a":[1,-1234567890123456,2]}'])).to.deep.equal([false, true]);
    expect(flag(['{"a":12345678', '9012', '3456}{"a":"1234567890', '1234567890"}'])).to.deep.equal([true, false]);
    const both = '{"a":1234567890123456,"b":[1]}{"a":"1234567890123456","b":[123456789012345]}';
    const flags = Array.from({ length: 100 }, () => [true, false]).flat();
    for (let blanks = 0; blanks < both.length; blanks++) {
      expect(flag([' '.repeat(blanks) + both.repeat(100)]), `after ${blanks} blanks`).to.deep.equal(flags);
    }
  });

  it('keeps many small pieces of a long text in order', () => {
    const text = JSON.stringify({ a: Array.from({ length: 30_000 }, (_, i) => `port-${i}`) });
    const bytes = Buffer.from(text);
    const pieces: Buffer[] = [];
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 10_007) {
      pieces.push(bytes.subarray(at, at + size));
    }
    expect(pieces.some((piece) => piece.length > 4096)).to.equal(true);
    expect(frames(pieces)).to.deep.equal([text]);
  });

  for (const [chunk, shown] of [
    ['[1]', '0x5b: "\\[1\\]"'],
    ['HTTP/1.1 400', '0x48: "HTTP'],
    ['"x"', '0x22'],
    ['}', '0x7d'],
    ['{}7', '0x37: "7"'],
    ['\u0015\u0003', '0x15: "\\\\u0015'],
  ] as const) {
    it(`refuses ${JSON.stringify(chunk)} as the start of a message and shows it`, () => {
      expect(() => frames([chunk])).to.throw(ProtocolError, new RegExp(shown));
    });
  }

  it('hands out what came before a breach of the protocol', () => {
    const framer = new Framer();
    const before: string[] = [];
    const push = (): void => framer.push(Buffer.from('{"a":1}nonsense'), ({ bytes }) => before.push(bytes.toString()));
    expect(push).to.throw(ProtocolError, /nonsense/);
    expect(before).to.deep.equal(['{"a":1}']);
  });

  it('refuses a text over the limit as soon as it is over, and says how to raise the limit', () => {
    const text = `{"a":"${'x'.repeat(100)}"}`;
    expect(frames([text, text], { maxMessageBytes: text.length })).to.deep.equal([text, text]);
    const over = { maxMessageBytes: text.length - 1 };
    expect(() => frames([text], over)).to.throw(ProtocolError, /longer than 107 bytes.*maxMessageBytes/);
    expect(() => frames(Array.from(text.slice(0, -1)).concat('x'), over)).to.throw(ProtocolError, /longer than 107/);
  });

  it('refuses a limit that is none', () => {
    for (const maxMessageBytes of [0, -1, NaN]) {
      expect(() => new Framer({ maxMessageBytes })).to.throw(InvalidArgumentError, /maxMessageBytes/);
    }
  });

  it('refuses nesting over the limit', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(frames([nested(1000)])).to.have.length(1);
    expect(() => frames([nested(1001)])).to.throw(ProtocolError, /deeper than 1000/);
  });
});

describe('decodeUtf8', () => {
  it('decodes ASCII and multi-byte text', () => {
    for (const text of ['', 'plain', 'é€😀\u0000']) expect(decodeUtf8(Buffer.from(text))).to.equal(text);
  });

  it('refuses bytes that are not UTF-8 rather than replacing them', () => {
    expect(() => decodeUtf8(Buffer.from([0x7b, 0xc3, 0x28]))).to.throw(ProtocolError, /not UTF-8/);
    expect(() => decodeUtf8(Buffer.from([0xed, 0xa0, 0x80]))).to.throw(ProtocolError, /not UTF-8/);
  });
});
