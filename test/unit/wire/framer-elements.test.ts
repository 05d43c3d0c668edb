import { Buffer } from 'node:buffer';

import { expect } from 'chai';

import { ProtocolError } from '../../../lib/errors.js';
import type { ElementRun } from '../../../lib/wire/element-cutter.js';
import { Framer, type FramerOptions } from '../../../lib/wire/framer.js';

/** A framer with a reader of elements, and what they handed out. */
class Rig {
  readonly framer: Framer;
  readonly runs: string[] = [];
  readonly elements: string[] = [];
  readonly unsafe: boolean[] = [];
  readonly frames: string[] = [];
  /** Answers the runs in turn; true for those beyond. */
  answers: boolean[] = [];

  constructor(depth: number | undefined, options: FramerOptions = {}) {
    this.framer = new Framer(options);
    if (depth !== undefined) this.offer(depth);
  }

  offer(depth: number): void {
    this.framer.elementReader = { depth, read: (run) => this.#read(run) };
  }

  #read({ bytes, starts, ends, mayHoldUnsafeIntegers }: ElementRun): boolean {
    expect(starts.length).to.equal(ends.length);
    expect(ends.at(-1), 'a run ends with an element').to.equal(bytes.length);
    if (this.answers.shift() === false) return false;
    this.runs.push(bytes.toString());
    this.unsafe.push(mayHoldUnsafeIntegers);
    for (const [i, start] of starts.entries()) this.elements.push(bytes.toString('utf8', start, ends[i]));
    return true;
  }

  push(...chunks: readonly (string | Buffer)[]): this {
    for (const chunk of chunks) this.framer.push(Buffer.from(chunk), ({ bytes }) => this.frames.push(bytes.toString()));
    return this;
  }
}

/** Pushes texts cut after each of these numbers of bytes. */
function pieces(text: string, ...cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  return [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length));
}

describe('Framer with a reader of elements', () => {
  const rows = ['{"a":"}{]["}', '[["\\"é😀\\\\"],{}]', '{}', '{"b":{"c":[]}}'];
  const text = `{"r":{"T":{"x":${rows[0]},"y":7,"z":${rows[1]}},"U":{"w":${rows[2]} , "v":${rows[3]}}},"e":[[[]]]}`;
  // Behind the tables there is one more at that depth, of which the framer knows no better.
  const elements = [...rows, '[]'];

  it('hands out every element once and in order, and leaves no gap, wherever the text is cut', () => {
    const { length } = Buffer.from(text);
    for (let i = 1; i < length; i++) {
      for (let j = i; j < length; j++) {
        const rig = new Rig(3).push(...pieces(text, i, j));
        const where = `cut at ${i} and ${j}`;
        const all = rig.runs.join('') + rig.frames.join('');
        expect(all, where).to.equal(text);
        expect(rig.frames, where).to.have.lengthOf(1);
        expect(rig.elements, where).to.deep.equal(elements.slice(0, rig.elements.length));
        // Whatever ended in a chunk before the last one was not kept.
        if (rig.elements.length === 0) expect(j, where).to.be.below(text.indexOf(',"y"'));
      }
    }
  });

  it('hands out every element byte by byte as soon as it is complete', () => {
    const rig = new Rig(3).push(...Array.from(Buffer.from(text), (byte) => Buffer.from([byte])));
    expect(rig.elements).to.deep.equal(elements);
    expect(rig.runs).to.have.lengthOf(elements.length);
    expect(rig.frames).to.deep.equal(['},"e":[[[]]]}'.slice(-3)]);
  });

  it('hands out the elements of each text in turn, also where one ends and the next begins in one chunk', () => {
    const one = '{"a":[{"n":1},{"n":2}]}';
    const rig = new Rig(2).push(one.slice(0, 15), `${one.slice(15)} ${one.slice(0, 14)}`, one.slice(14), one);
    expect(rig.elements).to.deep.equal(['{"n":1}', '{"n":2}', '{"n":1}', '{"n":2}']);
    // The last one came in one chunk.
    expect(rig.frames).to.deep.equal([']}', ']}', one]);
    expect(rig.framer.unfinishedBytes).to.equal(0);
  });

  it('leaves a text that comes in one chunk as it is', () => {
    const rig = new Rig(3).push(text);
    expect(rig.elements).to.deep.equal([]);
    expect(rig.frames).to.deep.equal([text]);
  });

  it('hands out the elements of a long text in runs, also when it comes in one chunk', () => {
    const elements = Array.from({ length: 20 }, (_, i) => `[${i},"${'x'.repeat(20_000)}"]`);
    const text = `{"a":[${elements.join(',')}]}`;
    const rig = new Rig(2).push(text + '{"b":1}');
    expect(rig.elements.join()).to.equal(elements.slice(0, rig.elements.length).join());
    expect(rig.runs.length).to.be.at.least(2);
    expect(Math.max(...rig.runs.map(({ length }) => length))).to.be.below(160_000);
    expect(rig.runs.join('') + rig.frames.join('')).to.equal(text + '{"b":1}');
    const whole = new Rig(2);
    whole.answers = [false];
    expect(whole.push(text + '{"b":1}').frames).to.deep.equal([text, '{"b":1}']);
  });

  it('hands out the elements of a long chunk, wherever the parts end in which it is looked at', () => {
    const some = `"x":${rows[0]},"y":7,"z":${rows[1]},`;
    const many = Array.from({ length: 100 }, () => rows.slice(0, 2)).flat();
    for (let filler = 0; filler < Buffer.from(some).length; filler++) {
      const long = `{"f":"${'x'.repeat(filler)}","r":{"T":{${some.repeat(100)}"w":{}}}}`;
      const rig = new Rig(3).push(long.slice(0, -1), '}');
      expect(rig.elements, `behind ${filler} bytes`).to.deep.equal([...many, '{}']);
      expect(rig.runs.join('') + rig.frames.join('')).to.equal(long);
    }
  });

  it('gives a text as a whole whose first run is refused, and offers no more of it', () => {
    const one = '{"a":[{"n":1},{"n":2},{"n":3}]}';
    const rig = new Rig(2);
    rig.answers = [false];
    rig.push(one.slice(0, 14));
    expect(rig.framer.unfinishedBytes).to.equal(14);
    rig.push(one.slice(14, 23), one.slice(23));
    expect(rig.frames).to.deep.equal([one]);
    expect(rig.elements).to.deep.equal([]);
    rig.push(one.slice(0, 14), one.slice(14));
    expect(rig.elements, 'of the next text').to.deep.equal(['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  it('offers a reader nothing of the text that is under way when it comes, and the one that goes all of it', () => {
    const one = '{"a":[{"n":1},{"n":2}]}';
    const late = new Rig(undefined).push(one.slice(0, 14));
    late.offer(2);
    late.push(one.slice(14, 22), one.slice(22));
    expect(late.elements).to.deep.equal([]);
    expect(late.frames).to.deep.equal([one]);
    late.push(one.slice(0, 14), one.slice(14));
    expect(late.elements).to.deep.equal(['{"n":1}', '{"n":2}']);

    const gone = new Rig(2).push(one.slice(0, 14));
    gone.framer.elementReader = undefined;
    gone.push(one.slice(14), one.slice(0, 14), one.slice(14));
    expect(gone.elements).to.deep.equal(['{"n":1}', '{"n":2}']);
    expect(gone.frames).to.deep.equal([']}', one]);
  });

  it('counts what was handed out to the length of the unfinished text', () => {
    const rig = new Rig(2);
    let sent = 0;
    for (const chunk of ['{"a":[{"n":1}', ',{"n":2},{"n"', ':3},', '{}']) {
      rig.push(chunk);
      sent += chunk.length;
      expect(rig.framer.unfinishedBytes).to.equal(sent);
    }
    expect(rig.push(']}').framer.unfinishedBytes).to.equal(0);
    expect(rig.push('{"b"').framer.unfinishedBytes).to.equal(4);
  });

  it('says from where on a text may hold unsafe integers', () => {
    const rig = new Rig(2);
    rig.push('{"a":[{"n":123456789012345}', ',{"n":12345678', '90123456},{"n"', ':1}', ']}', '{"a":[{}', ']}');
    expect(rig.unsafe).to.deep.equal([false, true, true, false]);
  });

  it('limits the length of what it holds, not of texts whose elements are taken', () => {
    const element = `{"n":"${'x'.repeat(30)}"}`;
    const limit = { maxMessageBytes: 60 };
    const body = Array.from({ length: 1000 }, () => element).join(',');
    const bytes = Buffer.from(`{"a":[${body}]}`);
    const inPieces = (size: number): Buffer[] =>
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    // Chunks may well be longer than the limit.
    for (const size of [1, 50, 61, 10_000]) {
      expect(new Rig(2, limit).push(...inPieces(size)).elements, `${size} bytes`).to.have.lengthOf.within(900, 1000);
    }
    expect(() => new Rig(undefined, limit).push(...inPieces(50))).to.throw(ProtocolError, /longer than 60 bytes/);
    const refusing = new Rig(2, limit);
    refusing.answers = [false];
    expect(() => refusing.push(...inPieces(50))).to.throw(ProtocolError, /longer than 60 bytes/);
    const long = new Rig(2, limit).push(`{"a":[${element},{"n":"${'x'.repeat(40)}`);
    expect(() => long.push('x'.repeat(20))).to.throw(ProtocolError, /longer than 60 bytes.*maxMessageBytes/);
    expect(() => new Rig(2, limit).push(`{"a":[${element}`, `],"b":"${'x'.repeat(60)}"}`)).to.throw(ProtocolError);
  });

  it('passes on what the reader throws', () => {
    const framer = new Framer();
    const fault = new Error('no more');
    framer.elementReader = {
      depth: 1,
      read: () => {
        throw fault;
      },
    };
    expect(() => framer.push(Buffer.from('{"a":[]'), () => undefined)).to.throw(fault);
  });
});
