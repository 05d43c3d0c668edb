import { expect } from 'chai';
import { compareSchemas } from '../../../lib/schema/compare.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import type { ColumnSchemaJson, DatabaseSchema } from '../../../lib/schema/schema.js';

function schema(version: string, tables: Record<string, Record<string, ColumnSchemaJson>>): DatabaseSchema {
  const json = Object.entries(tables).map(([table, columns]) => [table, { columns }]);
  return parseSchema({ name: 'DB', version, tables: Object.fromEntries(json) as unknown });
}

describe('compareSchemas', () => {
  const wanted = schema('2.0.0', {
    Old: { a: { type: 'string' }, b: { type: 'string' }, c: { type: 'integer' } },
    New: { a: { type: 'string' } },
  });

  it('finds nothing when the server has all that is wanted, and more', () => {
    const actual = schema('3.0.0', {
      Old: { a: { type: 'string' }, b: { type: 'string' }, c: { type: 'integer' }, d: { type: 'real' } },
      New: { a: { type: { key: { type: 'string', maxLength: 5 } } } },
      More: {},
    });
    const nothing = { missingTables: [], missingColumns: [], changedColumns: [], warnings: [] };
    expect(compareSchemas(wanted, actual)).to.deep.equal(nothing);
  });

  it('names missing tables and columns, and says who knows what', () => {
    const difference = compareSchemas(wanted, schema('1.0.0', { Old: { a: { type: 'string' } } }));
    expect(difference.missingTables).to.deep.equal(['New']);
    expect(difference.missingColumns).to.deep.equal([
      { table: 'Old', column: 'b' },
      { table: 'Old', column: 'c' },
    ]);
    expect(difference.warnings).to.deep.equal([
      'Database DB 1.0.0 lacks columns b, c of table Old (this client knows 2.0.0; upgrade the database to use them)',
      'Database DB 1.0.0 lacks table New (this client knows 2.0.0; upgrade the database to use it)',
    ]);
  });

  it('finds columns whose values have another shape', () => {
    const actual = schema('1.5.0', {
      Old: { a: { type: { key: 'string', min: 0 } }, b: { type: 'integer' }, c: { type: 'integer' } },
      New: { a: { type: 'string' } },
    });
    const difference = compareSchemas(wanted, actual);
    expect(difference.changedColumns).to.deep.equal([
      { table: 'Old', column: 'a', wanted: 'string', actual: 'optional string' },
      { table: 'Old', column: 'b', wanted: 'string', actual: 'integer' },
    ]);
    expect(difference.warnings[0]).to.equal(
      'Database DB 1.5.0 has column Old.a as optional string, where this client, which knows 2.0.0, expects string',
    );
  });
});
