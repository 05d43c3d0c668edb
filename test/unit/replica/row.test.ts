import { expect } from 'chai';

import { ProtocolError } from '../../../lib/errors.js';
import { BIG_SET_SIZE, bigSet, RowShape, type RowData } from '../../../lib/replica/row.js';
import { parseSchema } from '../../../lib/schema/schema.js';

const { columns, table } = (() => {
  const schema = parseSchema({ name: 'D', version: '1.0.0', tables: { T: { columns: { name: { type: 'string' } } } } });
  return { columns: schema.table('T').columns.values(), table: schema.table('T') };
})();

describe('RowShape', () => {
  const shape = new RowShape(table, columns);

  it('makes rows with a uuid only', () => {
    const uuid = '01234567-89ab-4cde-8f01-23456789abcd';
    expect(shape.create(uuid, { name: 'a' })).to.deep.equal({ _uuid: uuid, name: 'a' });
    for (const id of [
      '',
      '__proto__',
      uuid.slice(1),
      uuid.replace('a', 'g'),
      uuid.toUpperCase(),
      'x'.repeat(100_000),
    ]) {
      const fault = expect(() => shape.create(id, {})).to.throw(ProtocolError, 'a row of table T whose id');
      fault.with.property('message').with.length.below(250);
    }
  });
});

describe('a row with two big sets', () => {
  const set = { type: { key: 'string', min: 0, max: 'unlimited' } };
  const table = parseSchema({
    name: 'D',
    version: '1.0.0',
    tables: { T: { columns: { a: set, name: { type: 'string' }, b: set } } },
  }).table('T');
  const shape = new RowShape(table, table.columns.values());
  const uuid = '01234567-89ab-4cde-8f01-23456789abcd';
  const members = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  const many = BIG_SET_SIZE + 36;

  function expectRow(row: RowData, a: readonly string[], name: string, b: readonly string[]): void {
    expect(Object.keys(row)).to.deep.equal(['_uuid', 'a', 'name', 'b']);
    expect(row['a']).to.have.members(a);
    expect(row['name']).to.equal(name);
    expect(row['b']).to.have.members(b);
    for (const [column, { length }] of [
      ['a', a],
      ['b', b],
    ] as const) {
      expect(bigSet(row, column)?.size, column).to.equal(length > BIG_SET_SIZE ? length : undefined);
    }
    expect(Object.isFrozen(row)).to.equal(true);
    expect({ ...row }).to.deep.equal({ _uuid: uuid, a: row['a'], name, b: row['b'] });
  }

  it('keeps each when the other, or another column, changes', () => {
    const [a, b] = [members('a', many), members('b', many)];
    const first = shape.create(uuid, { a: ['set', a], b: ['set', b], name: 'x' });
    const renamed = shape.build(first, shape.decodeDiff(first, { name: 'y' }));
    const grown = shape.build(renamed, shape.decodeDiff(renamed, { b: ['set', ['b0', 'new']] }));
    expectRow(first, a, 'x', b);
    expectRow(renamed, a, 'y', b);
    expectRow(grown, a, 'y', [...b.slice(1), 'new']);
  });

  it('is made of one with small sets, and becomes one', () => {
    const [a, b] = [members('a', many), members('b', many)];
    const small = shape.create(uuid, { a: 'a0', b: ['set', []] });
    const one = shape.build(small, shape.difference(small, { a: 'a0', b: ['set', b] }));
    const two = shape.build(one, shape.difference(one, { a: ['set', a], b: ['set', b] }));
    expectRow(small, ['a0'], '', []);
    expectRow(one, ['a0'], '', b);
    expectRow(two, a, '', b);
    expect(shape.difference(two, { a: ['set', a], b: ['set', b.toReversed()] })).to.deep.equal([]);
    const [change, ...others] = shape.difference(two, { a: ['set', a.slice(1)], b: ['set', b] });
    expect(others).to.deep.equal([]);
    expect(change).to.deep.include({ column: table.column('a'), step: { added: [], removed: ['a0'] } });
  });
});
