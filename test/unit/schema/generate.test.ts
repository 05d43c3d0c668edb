import { expect } from 'chai';
import { InvalidArgumentError } from '../../../lib/errors.js';
import { generateTables } from '../../../lib/schema/generate.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import { everyColumnSchema } from './every-column.js';

function oneTable(name: string, columns: Record<string, unknown>, version = '1.0.0'): ReturnType<typeof parseSchema> {
  return parseSchema({ name: 'My_DB', version, tables: { [name]: { columns } } });
}

describe('generateTables', () => {
  const text = generateTables(parseSchema(everyColumnSchema));
  const memberOf = (column: string): string | undefined =>
    new RegExp(`^ {2}readonly ${column}: (.*);$`, 'm').exec(text)?.[1];

  it('describes each kind of column', () => {
    expect(memberOf('string')).to.equal('ScalarColumn<string>');
    expect(memberOf('boolean_optional')).to.equal('OptionalColumn<boolean>');
    expect(memberOf('string_set')).to.equal('SetColumn<string>');
    expect(memberOf('map_integer_boolean')).to.equal('MapColumn<Integer, boolean>');
    expect(memberOf('strong_set')).to.equal("SetColumn<Reference<'Target'>>");
  });

  it('takes an integer whose range is safe as a number', () => {
    expect(memberOf('integer')).to.equal('ScalarColumn<Integer>');
    expect(memberOf('integer_range')).to.equal('ScalarColumn<number>');
    expect(memberOf('integer_min')).to.equal('OptionalColumn<Integer>');
  });

  it('turns enums into unions of literals', () => {
    expect(memberOf('string_enum')).to.equal("ScalarColumn<'' | 'a' | 'b'>");
    expect(memberOf('integer_enum')).to.equal('ScalarColumn<0 | 5 | 7>');
  });

  it('flags immutable and required columns', () => {
    expect(memberOf('immutable')).to.equal("ScalarColumn<Integer, 'immutable'>");
    expect(memberOf('choice')).to.equal("ScalarColumn<'x' | 'y', 'required'>");
    expect(memberOf('owner')).to.equal("ScalarColumn<Reference<'Target'>, 'required'>");
  });

  it('flags columns that an older schema lacks, but not those of a table that it lacks altogether', () => {
    const older = [
      oneTable('T', { a: { type: 'string' } }, '0.9.0'),
      oneTable('Other', {}, '0.10.0'),
      oneTable('T', {}, '0.1.0'),
    ];
    const generated = generateTables(oneTable('T', { a: { type: 'string' }, b: { type: 'string' } }, '1.0.0'), {
      olderSchemas: older,
    });
    expect(generated).to.include("/** string; not in 0.1.0 */\n  readonly a: ScalarColumn<string, 'newer'>;");
    expect(generated).to.include("/** string; not in 0.1.0, 0.9.0 */\n  readonly b: ScalarColumn<string, 'newer'>;");
    expect(generated).to.include('/** Columns of table `T`; not in 0.10.0. */');
  });

  it('names types after the tables, and the whole after the database or the given name', () => {
    const schema = oneTable('Logical_Switch', { a: { type: 'string' } });
    expect(generateTables(schema)).to.include('export interface MyDBTables {').and.include('export const myDBSchema:');
    const named = generateTables(schema, { name: 'Northbound', importFrom: './types.js' });
    expect(named).to.include("import type { DatabaseSchemaJson, Row, ScalarColumn } from './types.js';");
    expect(named).to.include("export type LogicalSwitchRow = Row<NorthboundTables, 'Logical_Switch'>;");
    expect(named).to.include('export interface LogicalSwitchColumns {');
    expect(named).to.include('export const northboundSchema: DatabaseSchemaJson = {');
  });

  it('keeps the names of tables apart that camel case would make one', () => {
    const generated = generateTables(
      parseSchema({ name: 'DB', version: '1', tables: { A_B: { columns: {} }, AB: { columns: {} }, A__B: { columns: {} } } }), // prettier-ignore
    );
    for (const name of ['A_BColumns', 'ABColumns', 'A__BColumns']) expect(generated).to.include(`interface ${name} `);
  });

  it('quotes enum members', () => {
    const quirky = oneTable('T', { a: { type: { key: { type: 'string', enum: ['set', ["it's", 'back\\slash', '"q"', 'a\nb']] } } } }); // prettier-ignore
    expect(generateTables(quirky)).to.include(`'"q"' | 'a\\nb' | 'back\\\\slash' | 'it\\'s'`);
  });

  it('does not depend on the order of tables, columns and enum members', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value[0] === 'set' ? ['set', [...(value[1] as unknown[])].reverse()] : value;
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, reversed(member)]),
      );
    };
    expect(generateTables(parseSchema(reversed(everyColumnSchema)))).to.equal(text);
  });

  it('refuses a name that cannot start a type', () => {
    expect(() => generateTables(parseSchema(everyColumnSchema), { name: '1st' })).to.throw(
      InvalidArgumentError,
      'Northbound',
    );
  });
});
