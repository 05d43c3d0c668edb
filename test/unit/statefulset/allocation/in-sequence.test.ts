import { expect } from 'chai';

import { inSequence } from '../../../../lib/statefulset/allocation/in-sequence.js';

/** A chunk of work that goes out and ends when the test says so. */
interface Work {
  goOut(): void;
  end(): void;
  fail(): void;
}

describe('inSequence', () => {
  let begun: string[];
  let told: string[];
  let works: Map<string, Work>;

  beforeEach(() => {
    begun = [];
    told = [];
    works = new Map();
  });

  function run(
    chunks: readonly string[],
    atOnce: number,
    isThere: (chunk: string) => boolean = () => false,
    isHeldUp: (chunk: string) => boolean = () => false,
  ): Promise<string> {
    type Result = { readonly chunk: string };
    const begin = (chunk: string, onItsWay: () => void): Result | Promise<Result> => {
      begun.push(chunk);
      if (isThere(chunk)) return { chunk };
      if (!isHeldUp(chunk)) onItsWay();
      return new Promise((resolve, reject) => {
        works.set(chunk, {
          goOut: onItsWay,
          end: () => resolve({ chunk }),
          fail: () => reject(new Error(`${chunk} failed`)),
        });
      });
    };
    const ended = inSequence(chunks, atOnce, begin, ({ chunk }) => told.push(chunk));
    return ended.then(
      () => 'ended',
      (error: unknown) => (error as Error).message,
    );
  }

  const isBegun = async (chunk: string): Promise<void> => {
    while (!begun.includes(chunk)) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

  it('begins no more than so many at once', async () => {
    const ended = run(['a', 'b', 'c'], 2);
    expect(begun).to.deep.equal(['a']);
    await isBegun('b');
    await turn();
    expect(begun).to.deep.equal(['a', 'b']);
    works.get('a')!.end();
    await isBegun('c');
    for (const chunk of ['b', 'c']) works.get(chunk)!.end();
    expect(await ended).to.equal('ended');
    expect(told).to.deep.equal(['a', 'b', 'c']);
  });

  it('begins none before the one before is on its way, or has ended', async () => {
    const ended = run(
      ['a', 'b', 'c'],
      3,
      () => false,
      () => true,
    );
    await turn();
    expect(begun).to.deep.equal(['a']);
    works.get('a')!.goOut();
    await isBegun('b');
    await turn();
    expect(begun).to.deep.equal(['a', 'b']);
    works.get('b')!.end();
    await isBegun('c');
    for (const chunk of ['a', 'c']) works.get(chunk)!.end();
    expect(await ended).to.equal('ended');
    expect(told).to.deep.equal(['a', 'b', 'c']);
  });

  it('begins each when the one before has ended, where only one may be under way', async () => {
    const ended = run(['a', 'b'], 1);
    await turn();
    expect(begun).to.deep.equal(['a']);
    works.get('a')!.end();
    await isBegun('b');
    expect(told).to.deep.equal(['a']);
    works.get('b')!.end();
    expect(await ended).to.equal('ended');
  });

  it('tells of them in sequence, whichever ends first, and of what is there at once', async () => {
    const ended = run(['a', 'b', 'c', 'd'], 2, (chunk) => chunk === 'c');
    await isBegun('b');
    works.get('b')!.end();
    await turn();
    expect(told).to.deep.equal([]);
    works.get('a')!.end();
    await isBegun('d');
    expect(told).to.deep.equal(['a', 'b', 'c']);
    works.get('d')!.end();
    expect(await ended).to.equal('ended');
    expect(told).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('asks again for what was there at once when its turn comes', async () => {
    const there = new Set(['b']);
    const ended = run(['a', 'b', 'c'], 2, (chunk) => there.has(chunk));
    await isBegun('b');
    there.delete('b');
    works.get('a')!.end();
    while (!works.has('b')) await turn();
    expect(told).to.deep.equal(['a']);
    await isBegun('c');
    for (const chunk of ['b', 'c']) works.get(chunk)!.end();
    expect(await ended).to.equal('ended');
    expect(told).to.deep.equal(['a', 'b', 'c']);
  });

  it('begins no more once one has failed behind another', async () => {
    const ended = run(['a', 'b', 'c'], 2);
    await isBegun('b');
    works.get('b')!.fail();
    await turn();
    works.get('a')!.end();
    expect(await ended).to.equal('b failed');
    expect(told).to.deep.equal(['a']);
    expect(begun).to.deep.equal(['a', 'b']);
  });

  it('begins no more once one has failed, and waits for the one that is under way', async () => {
    const ended = run(['a', 'b', 'c'], 2);
    await isBegun('b');
    works.get('a')!.fail();
    let isOver = false;
    void ended.then(() => (isOver = true));
    await turn();
    expect(isOver).to.equal(false);
    works.get('b')!.end();
    expect(await ended).to.equal('a failed');
    expect(told).to.deep.equal(['b']);
    expect(begun).to.deep.equal(['a', 'b']);
  });

  it('fails as the first of them, and leaves no rejection unhandled when the second fails before', async () => {
    const ended = run(['a', 'b'], 2);
    await isBegun('b');
    works.get('b')!.fail();
    await turn();
    works.get('a')!.fail();
    expect(await ended).to.equal('a failed');
    expect(told).to.deep.equal([]);
  });

  it('has nothing to wait for where there is nothing to do', async () => {
    expect(await run([], 2)).to.equal('ended');
    expect(await run(['a', 'b'], 2, () => true)).to.equal('ended');
    expect(told).to.deep.equal(['a', 'b']);
  });
});
