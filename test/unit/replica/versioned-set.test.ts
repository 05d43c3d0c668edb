import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect } from 'chai';

import { VersionedSet } from '../../../lib/replica/versioned-set.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('VersionedSet', () => {
  it('does not keep the arrays of later versions for the sake of a version that is kept', async () => {
    const first = VersionedSet.of(Array.from({ length: 100 }, (_, i) => i));
    let newest = first;
    const arrays: WeakRef<object>[] = [];
    for (let i = 100; i < 110; i++) {
      newest = newest.after({ added: [i], removed: [] });
      arrays.push(new WeakRef(newest.toArray()));
    }
    // What a WeakRef was asked for or made of lives until the end of the present task.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(arrays.filter((array) => array.deref() !== undefined)).to.have.lengthOf(1);
    expect(first.toArray()).to.have.lengthOf(100);
    expect(newest.toArray()).to.have.lengthOf(110);
  });

  it('says what came and went over any number of steps, also across a copy of the members', () => {
    const first = VersionedSet.of([1, 2, 3]);
    let newest = first;
    for (let i = 10; i < 20; i++) newest = newest.after({ added: [i], removed: [i === 10 ? 1 : i - 1] });
    expect(newest.differenceFrom(first)).to.deep.equal({ added: [19], removed: [1] });
    expect(first.differenceFrom(newest)).to.deep.equal({ added: [1], removed: [19] });
    expect([...first.toArray()].sort()).to.deep.equal([1, 2, 3]);
  });
});
