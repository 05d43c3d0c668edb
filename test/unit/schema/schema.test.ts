import { expect } from 'chai';
import { SchemaError } from '../../../lib/errors.js';
import { northboundSchema } from '../../../lib/nb/tables.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import { everyColumnSchema } from './every-column.js';

function withColumn(column: unknown): unknown {
  return { name: 'DB', version: '1.0.0', tables: { T: { columns: { c: column } } } };
}

function schemaErrorOf(run: () => unknown): SchemaError {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(SchemaError);
    return error as SchemaError;
  }
  throw new Error('a SchemaError was expected');
}

describe('parseSchema', () => {
  const schema = parseSchema(everyColumnSchema);
  const columnOf = (name: string): ReturnType<ReturnType<typeof schema.table>['column']> =>
    schema.table('Every').column(name);

  it('tells scalars, optionals, sets and maps apart', () => {
    const kinds = ['integer', 'real_optional', 'boolean_set', 'string_some', 'map_single'].map((n) => columnOf(n).kind);
    expect(kinds).to.deep.equal(['scalar', 'optional', 'set', 'set', 'map']);
  });

  it('reads unlimited as Infinity and the defaults of min and max as 1', () => {
    expect(columnOf('string_set').type).to.include({ min: 0, max: Infinity });
    expect(columnOf('integer_range').type).to.include({ min: 1, max: 1 });
  });

  it('reads constraints, one-member enums included', () => {
    expect(columnOf('integer_range').type.key).to.include({ minInteger: -5, maxInteger: 10 });
    expect(columnOf('string_enum').type.key.enum).to.deep.equal(['', 'a', 'b']);
    const one = parseSchema(withColumn({ type: { key: { type: 'string', enum: 'only' } } }));
    expect(one.table('T').column('c').type.key.enum).to.deep.equal(['only']);
  });

  it('reads limits of reals that are written as large integers', () => {
    const r = { type: { key: { type: 'real', minReal: -(2n ** 60n), maxReal: 2n ** 60n } } };
    const { key } = parseSchema({ name: 'D', version: '1.0.0', tables: { T: { columns: { r } } } })
      .table('T')
      .column('r').type;
    expect(key).to.include({ minReal: -(2 ** 60), maxReal: 2 ** 60 });
  });

  it('takes references as strong unless they say weak', () => {
    expect(columnOf('strong').type.key).to.include({ refTable: 'Target', refType: 'strong' });
    expect(columnOf('weak_set').type.key).to.include({ refTable: 'Target', refType: 'weak' });
    expect(columnOf('uuid').type.key).to.include({ refTable: undefined, refType: undefined });
  });

  it('knows mutability and persistence', () => {
    expect(columnOf('immutable')).to.include({ mutable: false, ephemeral: false });
    expect(columnOf('ephemeral')).to.include({ mutable: true, ephemeral: true });
  });

  it('gives every column its default', () => {
    const defaults = ['integer', 'real', 'boolean', 'string', 'uuid', 'strong'].map((n) => columnOf(n).defaultValue);
    expect(defaults).to.deep.equal([0, 0, false, '', '00000000-0000-0000-0000-000000000000', undefined]);
    expect(columnOf('string_set').defaultValue).to.deep.equal([]);
    expect(columnOf('string_some').defaultValue).to.deep.equal(['']);
    expect(Object.keys(columnOf('map').defaultValue as object)).to.deep.equal([]);
    expect(columnOf('map').defaultValue).to.be.frozen;
  });

  it('reads indexes, maxRows and root tables', () => {
    expect(schema.table('Target')).to.deep.include({ indexes: [['name']], maxRows: 100000, isRoot: false });
    expect(schema.table('Every')).to.deep.include({ indexes: [], maxRows: Infinity, isRoot: true });
  });

  it('takes all tables as root when none is marked', () => {
    expect(parseSchema(withColumn({ type: 'string' })).table('T').isRoot).to.equal(true);
  });

  it('takes a schema without a version, which servers serve', () => {
    expect(parseSchema({ name: 'DB', tables: {} }).version).to.equal('');
  });

  it('finds _uuid and _version in every table without listing them', () => {
    const table = schema.table('Target');
    expect(table.column('_uuid')).to.include({ kind: 'scalar', mutable: false });
    expect(table.column('_version').type.key.type).to.equal('uuid');
    expect([...table.columns.keys()]).to.deep.equal(['name']);
  });

  it('reads the checksum where there is one', () => {
    expect(parseSchema(northboundSchema).checksum).to.match(/^\d+ \d+$/);
    expect(schema.checksum).to.equal(undefined);
  });

  it('suggests the nearest name for an unknown table or column', () => {
    const northbound = parseSchema(northboundSchema);
    expect(() => northbound.table('logical_switch_prot')).to.throw(
      SchemaError,
      `Database OVN_Northbound ${northbound.version} has no table "logical_switch_prot"; did you mean Logical_Switch_Port?`,
    );
    expect(() => northbound.table('ACL').column('prioritty')).to.throw(SchemaError, 'did you mean priority?');
  });

  it('lists what there is when no name is near', () => {
    const error = schemaErrorOf(() => schema.table('Zzzzzz'));
    expect(error.message).to.include('it has Every, Target, Demanding');
    expect(error.table).to.equal('Zzzzzz');
  });

  it('treats names of inherited properties as names like any other', () => {
    const hostile = parseSchema({
      name: 'DB',
      version: '1.0.0',
      tables: { constructor: { columns: { toString: { type: 'string' }, hasOwnProperty: { type: 'integer' } } } },
    });
    expect([...hostile.tables.keys()]).to.deep.equal(['constructor']);
    expect([...hostile.table('constructor').columns.keys()]).to.deep.equal(['toString', 'hasOwnProperty']);
    expect(() => hostile.table('toString')).to.throw(SchemaError);
    expect(() => hostile.table('constructor').column('valueOf')).to.throw(SchemaError);
  });

  it('refuses __proto__, as every name that begins with an underscore, and pollutes nothing', () => {
    for (const tables of ['{"__proto__":{"columns":{}}}', '{"T":{"columns":{"__proto__":{"type":"string"}}}}']) {
      const json: unknown = JSON.parse(`{"name":"DB","version":"1.0.0","tables":${tables}}`);
      expect(schemaErrorOf(() => parseSchema(json)).message).to.include('underscore');
    }
    expect(({} as Record<string, unknown>)['columns']).to.equal(undefined);
  });

  const malformed: [string, unknown][] = [
    ['is a JSON object', []],
    ['is a JSON object', null],
    ['is not an <id>', { name: 'a-b', version: '1', tables: {} }],
    ['version', { name: 'DB', version: 1, tables: {} }],
    ['tables', { name: 'DB', version: '1', tables: [] }],
    ['cksum', { name: 'DB', version: '1', cksum: 3, tables: {} }],
    ['table "T": it is not an object', { name: 'DB', version: '1', tables: { T: null } }],
    ['table "a b": its name', { name: 'DB', version: '1', tables: { 'a b': { columns: {} } } }],
    ['its columns', { name: 'DB', version: '1', tables: { T: { columns: [] } } }],
    ['maxRows', { name: 'DB', version: '1', tables: { T: { columns: {}, maxRows: 0 } } }],
    ['isRoot', { name: 'DB', version: '1', tables: { T: { columns: {}, isRoot: 'yes' } } }],
    ['indexes', { name: 'DB', version: '1', tables: { T: { columns: {}, indexes: {} } } }],
    ['names no column "x"', { name: 'DB', version: '1', tables: { T: { columns: {}, indexes: [['x']] } } }],
    ['underscore are reserved', { name: 'DB', version: '1', tables: { T: { columns: { _uuid: { type: 'uuid' } } } } }],
    ['T.c: it is not an object', withColumn('string')],
    ['T.c: its type undefined', withColumn({})],
    ['T.c: its key type "text" is not an OVSDB type', withColumn({ type: { key: 'text' } })],
    ['T.c: its type "text" is not an OVSDB type', withColumn({ type: 'text' })],
    ['T.c: its min 2', withColumn({ type: { key: 'string', min: 2 } })],
    ['T.c: its max 0', withColumn({ type: { key: 'string', max: 0 } })],
    ['T.c: its max "many"', withColumn({ type: { key: 'string', max: 'many' } })],
    ['minInteger "1"', withColumn({ type: { key: { type: 'integer', minInteger: '1' } } })],
    ['minimum 3 above maximum 2', withColumn({ type: { key: { type: 'integer', minInteger: 3, maxInteger: 2 } } })],
    ['refType "loose"', withColumn({ type: { key: { type: 'uuid', refTable: 'T', refType: 'loose' } } })],
    ['refTable but is not uuid', withColumn({ type: { key: { type: 'string', refTable: 'T' } } })],
    ['table "Gone", which the schema lacks', withColumn({ type: { key: { type: 'uuid', refTable: 'Gone' } } })],
    ['enum member 1 that is not string', withColumn({ type: { key: { type: 'string', enum: ['set', ['a', 1]] } } })],
    ['empty enum', withColumn({ type: { key: { type: 'string', enum: ['set', []] } } })],
    ['mutable', withColumn({ type: 'string', mutable: 1 })],
    ['ephemeral', withColumn({ type: 'string', ephemeral: 1 })],
  ];
  for (const [what, json] of malformed) {
    it(`refuses ${JSON.stringify(json)}, naming ${what}`, () => {
      expect(schemaErrorOf(() => parseSchema(json)).message).to.include(what);
    });
  }

  it('puts the table and column of a malformed column into the error', () => {
    const error = schemaErrorOf(() => parseSchema(withColumn({ type: 'text' })));
    expect([error.table, error.column]).to.deep.equal(['T', 'c']);
  });
});
