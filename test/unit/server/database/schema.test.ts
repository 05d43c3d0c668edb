import { expect } from 'chai';

import { Database } from '../../../../lib/server/database/database.js';
import { parseServerSchema } from '../../../../lib/server/database/database-schema.js';
import { SAMPLE_SCHEMA, SampleDatabase, portOnSwitch } from './sample-database.js';

const table = (definition: object): object => ({ name: 'S', version: '1.0.0', tables: { T: definition } });
const column = (type: unknown): object => table({ columns: { c: { type } } });

describe('the schemas of the embedded database', () => {
  const refusals: readonly (readonly [string, unknown, string])[] = [
    ['a version of another form', { name: 'S', version: '1', tables: {} }, 'schema version "1" not in format x.y.z'],
    ['a reserved name', table({ columns: { _c: { type: 'string' } } }), 'names beginning with "_" are reserved'],
    ['a table without columns', table({ columns: {} }), 'table must have at least one column'],
    ['an unknown type', column('text'), '"text" is not an atomic-type'],
    ['a range without values', column({ key: { type: 'integer', minInteger: 2, maxInteger: 1 } }), 'minInteger exceeds maxInteger'],
    ['more than one value at least', column({ key: 'integer', min: 2 }), 'ovsdb type fails constraint checks'],
    ['a reference to no table', column({ key: { type: 'uuid', refTable: 'X' } }), 'column c key refers to undefined table X'],
    ['no rows at most', table({ columns: { c: { type: 'string' } }, maxRows: 0 }), 'maxRows must be at least 1'],
    ['an index of what may be lost', table({ columns: { c: { type: 'string', ephemeral: true } }, indexes: [['c']] }), 'ephemeral columns (such as c) may not be indexed'],
    ['an unknown member', { ...table({}), extra: 1 }, "Parsing database schema failed: Member 'extra' is present but not allowed here."],
  ]; // prettier-ignore
  for (const [what, schema, details] of refusals) {
    it(`refuse ${what} in a server's words`, () => {
      expect(() => parseServerSchema(schema))
        .to.throw(Error)
        .with.property('details', details);
    });
  }

  it('are printed without what goes without saying', () => {
    const { schemaJson } = new Database(table({ isRoot: true, columns: { c: { type: { key: { type: 'string' } } }, d: { type: { key: { type: 'integer', enum: ['set', [2, 1]] }, min: 1, max: 1 }, mutable: true } } })); // prettier-ignore
    expect(schemaJson).to.deep.equal(
      table({ columns: { c: { type: 'string' }, d: { type: { key: { type: 'integer', enum: ['set', [1, 2]] } } } } }),
    );
  });

  it('can be converted while rows keep their uuids and what fits the new columns', () => {
    const db = new SampleDatabase();
    db.transact(...portOnSwitch('a'));
    const [uuid] = [...db.database.table('Switch').rows.keys()];
    const { Switch, Port } = SAMPLE_SCHEMA.tables;
    const { name, ports, needed } = Switch.columns;
    const tables = { Switch: { ...Switch, columns: { name, ports, needed, extra: { type: 'integer' } } }, Port };
    expect(db.database.convert({ ...SAMPLE_SCHEMA, version: '2.0.0', tables })).to.equal(undefined);
    expect(db.rows('Switch', 'name', 'extra')).to.deep.equal([{ name: 'a', extra: 0 }]);
    expect([...db.database.table('Switch').rows.keys()]).to.deep.equal([uuid]);
    expect(db.database.schema.version).to.equal('2.0.0');
    // The references are counted again.
    expect(db.transact({ op: 'delete', table: 'Port', where: [] })[1]).to.have.property('error');
  });

  it('can be converted to where only what is empty does not fit', () => {
    const database = new Database(column({ key: 'real', min: 0, max: 1 }));
    database.execute([{ op: 'insert', table: 'T', row: {} }], { ownsLock: () => false, elapsedMs: 0 });
    expect(database.convert(column({ key: 'integer', min: 0, max: 1 }))).to.equal(undefined);
  });

  it('are not converted to where contents do not fit, and then nothing changes', () => {
    const db = new SampleDatabase();
    db.transact(...portOnSwitch('a'));
    const { Switch, Port } = SAMPLE_SCHEMA.tables;
    const columns = { ...Switch.columns, name: { type: 'integer' } };
    const tables = { Switch: { ...Switch, columns }, Port };
    expect(db.database.convert({ ...SAMPLE_SCHEMA, tables })).to.deep.equal({
      error: 'syntax error',
      details: 'expected integer',
      syntax: '"a"',
    });
    expect(db.database.convert({ ...SAMPLE_SCHEMA, name: 'Other' })).to.deep.equal({
      error: 'invalid parameters',
      details: 'new schema name (Other) does not match database name (Sample)',
    });
    expect(db.rows('Switch', 'name')).to.deep.equal([{ name: 'a' }]);
  });
});
