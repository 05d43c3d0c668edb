import { expect } from 'chai';

import { NamedUuid } from '../../../lib/schema/uuid.js';
import { Pending, resolvePending } from '../../../lib/transaction/pending.js';

const resolve = (value: unknown): unknown =>
  resolvePending(value, (pending) =>
    pending instanceof NamedUuid ? `uuid of ${pending.name}` : pending.resolve({ count: 3 }),
  );

describe('resolvePending', () => {
  const row = new NamedUuid('T', 'row0');
  const count = new Pending(1, (result) => result.count);

  it('replaces placeholders wherever plain objects and arrays hold them', () => {
    expect(resolve(row)).to.equal('uuid of row0');
    expect(resolve({ a: [row, { b: count }], c: 'text' })).to.deep.equal({ a: ['uuid of row0', { b: 3 }], c: 'text' });
    const bare = Object.assign(Object.create(null) as object, { row });
    expect(resolve(bare)).to.deep.equal({ row: 'uuid of row0' });
  });

  it('hands back the very value when nothing in it is pending', () => {
    class Mine {
      readonly row = row;
    }
    const values = [
      { a: [1, { b: NaN }] },
      [undefined, null, NaN],
      new Map([['a', row]]),
      new Mine(),
      5n,
      null,
      undefined,
    ];
    for (const value of values) expect(resolve(value)).to.equal(value);
  });

  it('leaves rows alone', () => {
    const replicated = Object.freeze({ _uuid: 'x', name: 'n', ports: [row] });
    expect(resolve({ found: replicated })).to.have.property('found', replicated);
  });

  it('refuses a value that contains itself, but not one that is there twice', () => {
    const loop: unknown[] = [row];
    loop.push({ loop });
    expect(() => resolve(loop))
      .to.throw('contains itself')
      .with.property('code', 'InvalidArgument');
    const shared = [row];
    expect(resolve({ a: shared, b: shared })).to.deep.equal({ a: ['uuid of row0'], b: ['uuid of row0'] });
  });
});
