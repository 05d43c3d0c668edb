import { expect } from 'chai';

import { LockTable, type LockClient } from '../../../lib/server/locks.js';

class Client implements LockClient {
  readonly told: string[] = [];

  notify(method: string, [name]: readonly [string]): void {
    this.told.push(`${method} ${name}`);
  }
}

describe('the locks of a server', () => {
  it('are owned by the first in the queue, and handed to the next', () => {
    const locks = new LockTable();
    const [a, b] = [new Client(), new Client()];
    expect(locks.lock(a, 'l')).to.equal(true);
    expect(locks.lock(b, 'l')).to.equal(false);
    expect([locks.owns(a, 'l'), locks.owns(b, 'l'), locks.has(b, 'l')]).to.deep.equal([true, false, true]);
    expect(locks.unlock(a, 'l')).to.equal(true);
    expect(b.told).to.deep.equal(['locked l']);
    expect(locks.owns(b, 'l')).to.equal(true);
  });

  it('can be stolen; the owner is told, and is the next in line', () => {
    const locks = new LockTable();
    const [a, b, thief] = [new Client(), new Client(), new Client()];
    locks.lock(a, 'l');
    locks.lock(b, 'l');
    locks.steal(thief, 'l');
    expect(a.told).to.deep.equal(['stolen l']);
    expect(locks.owns(thief, 'l')).to.equal(true);
    locks.unlock(thief, 'l');
    expect(a.told).to.deep.equal(['stolen l', 'locked l']);
    expect(b.told).to.deep.equal([]);
  });

  it('tell the owner again when somebody behind it leaves, as ovsdb-server does', () => {
    const locks = new LockTable();
    const [a, b] = [new Client(), new Client()];
    locks.lock(a, 'l');
    locks.lock(b, 'l');
    locks.unlock(b, 'l');
    expect(a.told).to.deep.equal(['locked l']);
  });

  it('are given back when a client goes, each by itself', () => {
    const locks = new LockTable();
    const [a, b] = [new Client(), new Client()];
    for (const name of ['l', 'm']) {
      locks.lock(a, name);
      locks.lock(b, name);
    }
    locks.forget(a);
    expect(b.told).to.deep.equal(['locked l', 'locked m']);
    expect(locks.has(a, 'l')).to.equal(false);
    expect(locks.unlock(a, 'l')).to.equal(false);
  });
});
