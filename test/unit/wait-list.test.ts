import { expect } from 'chai';

import { WaitList } from '../../lib/wait-list.js';
import { failure } from '../failure.js';

const late = (): Error => new Error('late');

describe('WaitList', () => {
  it('gives a value to whoever has waited longest, also after all who waited had theirs', async () => {
    const list = new WaitList<number>();
    const got: string[] = [];
    const wait = (name: string): Promise<unknown> => list.wait({}, late).then((value) => got.push(`${name} ${value}`));
    const waits = [wait('a'), wait('b')];
    expect(list.resolveFirst(1)).to.equal(true);
    waits.push(wait('c'));
    expect([list.resolveFirst(2), list.resolveFirst(3), list.resolveFirst(4)]).to.deep.equal([true, true, false]);
    waits.push(wait('d'));
    expect([list.resolveFirst(5), list.resolveFirst(6)]).to.deep.equal([true, false]);
    await Promise.all(waits);
    expect(got).to.deep.equal(['a 1', 'b 2', 'c 3', 'd 5']);
  });

  it('passes over those who gave up', async () => {
    const list = new WaitList<number>();
    const controller = new AbortController();
    const gone = failure(list.wait({ signal: controller.signal }, late));
    const patient = list.wait({}, late);
    controller.abort(new Error('no more'));
    expect(await gone).to.have.property('message', 'no more');
    expect(list.resolveFirst(1)).to.equal(true);
    expect(await patient).to.equal(1);
    expect(list.size).to.equal(0);
  });

  it('ends all waits by a value or a reason, and one by its time', async () => {
    const list = new WaitList<number>();
    expect(await failure(list.wait({ timeoutMs: 5 }, late))).to.have.property('message', 'late');
    const values = Promise.all([list.wait({}, late), list.wait({}, late)]);
    list.resolveAll(7);
    expect(await values).to.deep.equal([7, 7]);
    const ended = failure(list.wait({}, late));
    list.rejectAll(new Error('closed'));
    expect(await ended).to.have.property('message', 'closed');
    expect(list.resolveFirst(1)).to.equal(false);
  });
});
