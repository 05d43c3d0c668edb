import { expect } from 'chai';

import { describeOperation, requireSendable, rowsNamedIn } from '../../../lib/transaction/operations.js';

describe('describeOperation', () => {
  it('uses the words of ovsdb', () => {
    const texts = ['insert', 'delete', 'select', 'update', 'mutate', 'wait', 'comment'].map((op) =>
      describeOperation({ op, table: 'T' }),
    );
    const expected = [
      'insert into T',
      'delete from T',
      'select from T',
      'update of T',
      'mutate of T',
      'wait on T',
      'comment',
    ];
    expect(texts).to.deep.equal(expected);
  });
});

describe('requireSendable', () => {
  it('refuses texts anywhere in an operation that no server can read, and what has no JSON form', () => {
    const circle: Record<string, unknown> = { op: 'select' };
    circle['self'] = circle;
    const bad = [{ op: 'x', where: [['a', '==', '\0']] }, { op: 'x', row: { '\ud800': 1 } }, circle, {}, null];
    for (const operation of bad)
      expect(() => requireSendable(operation as never))
        .to.throw()
        .with.property('code', 'InvalidArgument');
    expect(() => requireSendable({ op: 'comment', comment: 'é😀 \\u0000', big: 2n ** 60n })).not.to.throw();
  });
});

describe('rowsNamedIn', () => {
  const uuid = '01234567-89ab-4def-8123-456789abcdef';

  it('finds rows by uuid, but not the one that an insert gives to its own row', () => {
    const insert = { op: 'insert', uuid, row: { self: ['uuid', uuid] } };
    expect([...rowsNamedIn([insert], new Set())]).to.deep.equal([]);
    expect([...rowsNamedIn([insert, { op: 'x', row: { r: ['uuid', uuid] } }], new Set())]).to.deep.equal([uuid]);
  });

  it('finds rows by name in operations that were not followed', () => {
    const operation = { op: 'insert', row: { r: ['named-uuid', 'row0'] } };
    expect([...rowsNamedIn([operation], new Set())]).to.deep.equal([]);
    expect([...rowsNamedIn([operation], new Set([operation]))]).to.deep.equal(['row0']);
  });
});
