import { expect } from 'chai';

import { ProtocolError } from '../../../lib/errors.js';
import { RowShape } from '../../../lib/replica/row.js';
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
