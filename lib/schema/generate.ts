/**
 * TypeScript text from a database schema: one interface per table, whose members are column descriptions, an
 * interface of all tables, an alias for each table's rows, and the schema itself as data, which a client
 * compares with the server's at run time. The same schema gives the same text, byte for byte, be it from a
 * file or from a server, which orders it differently.
 */
import { InvalidArgumentError } from '../errors.js';
import type { BaseType } from './base-type.js';
import { describeType } from './describe.js';
import type { ColumnSchema, DatabaseSchema, TableSchema } from './schema.js';
import { compareAtoms, printSchemaData, sortedByName } from './schema-data.js';
import type { ColumnFlag } from './types.js';

/** Options of {@link generateTables}. */
export interface GenerateOptions {
  /** Prefix of the names that stand for the whole database, such as `Northbound`. Default: from the schema's name. */
  readonly name?: string | undefined;
  /** Module that exports the column types. Default `ovn-northbound`. */
  readonly importFrom?: string | undefined;
  /** Schemas of older servers to be served as well: a column that one of them lacks may be absent from rows. */
  readonly olderSchemas?: readonly DatabaseSchema[] | undefined;
}

const IMPORTED_TYPES = [
  'DatabaseSchemaJson',
  'Integer',
  'MapColumn',
  'OptionalColumn',
  'Reference',
  'Row',
  'ScalarColumn',
  'SetColumn',
];

/**
 * Generates the typed description of a database.
 * @throws InvalidArgumentError when `name` is not a TypeScript identifier.
 */
export function generateTables(schema: DatabaseSchema, options: GenerateOptions = {}): string {
  const prefix = options.name ?? camelCase(schema.name);
  if (!isIdentifier(prefix)) {
    throw new InvalidArgumentError(
      `${JSON.stringify(prefix)} cannot start the name of a type; give a name such as Northbound`,
    );
  }
  const older = [...(options.olderSchemas ?? [])].sort((a, b) => compareVersions(a.version, b.version));
  const names = typeNames(schema.tables.keys());
  const nameOf = (table: TableSchema): string => names.get(table.name) ?? table.name;
  const tables = sortedByName(schema.tables.values());
  const body = [
    ...tables.map((table) => printTable(table, nameOf(table), older)),
    printDatabase(schema, prefix, nameOf),
    tables.map((table) => printRowAlias(table, nameOf(table), prefix)).join('\n'),
    `/** The schema ${schema.name} ${schema.version} as data. */\nexport const ${lowerFirst(prefix)}Schema: DatabaseSchemaJson = ${printSchemaData(schema)};`,
  ].join('\n\n');
  const used = IMPORTED_TYPES.filter((type) => new RegExp(`\\b${type}\\b`).test(body));
  return [
    printHeader(schema, older),
    `import type { ${used.join(', ')} } from ${quote(options.importFrom ?? 'ovn-northbound')};`,
    '',
    body,
    '',
  ].join('\n');
}

function printHeader(schema: DatabaseSchema, older: readonly DatabaseSchema[]): string {
  const also = older.length === 0 ? '' : `, with regard to ${older.map((old) => old.version).join(', ')}`;
  const schemaName = `${schema.name} ${schema.version}${also}`;
  return `// Generated from the schema ${schemaName} by \`ovn-northbound generate\`. Do not edit.`;
}

function printTable(table: TableSchema, typeName: string, older: readonly DatabaseSchema[]): string {
  const without = older.filter((old) => !old.tables.has(table.name)).map((old) => old.version);
  const remarks = [
    `Columns of table \`${table.name}\``,
    table.isRoot ? '' : '; a row lives only while a strong reference points to it',
    table.maxRows === Infinity ? '' : `; at most ${table.maxRows} row${table.maxRows === 1 ? '' : 's'}`,
    without.length === 0 ? '' : `; not in ${without.join(', ')}`,
  ].join('');
  const columns = sortedByName(table.columns.values()).map((column) => printColumn(column, older));
  return `/** ${remarks}. */\nexport interface ${typeName}Columns {\n${columns.join('')}}`;
}

function printColumn(column: ColumnSchema, older: readonly DatabaseSchema[]): string {
  // A server without the whole table sends no rows of it: only a missing column makes rows differ.
  const without = older
    .filter((old) => old.tables.get(column.table)?.columns.has(column.name) === false)
    .map((old) => old.version);
  const flags: ColumnFlag[] = [];
  if (column.requiredBecause !== undefined) flags.push('required');
  if (!column.mutable) flags.push('immutable');
  if (without.length > 0) flags.push('newer');
  const { key, value } = column.type;
  const parameters = [printAtom(key)];
  if (value !== undefined) parameters.push(printAtom(value));
  if (flags.length > 0) parameters.push(flags.map(quote).join(' | '));
  const remarks = [
    describeType(column.type),
    column.ephemeral ? ', ephemeral' : '',
    without.length === 0 ? '' : `; not in ${without.join(', ')}`,
  ].join('');
  const type = `${COLUMN_TYPES[column.kind]}<${parameters.join(', ')}>`;
  return `  /** ${remarks} */\n  readonly ${column.name}: ${type};\n`;
}

const COLUMN_TYPES: Readonly<Record<ColumnSchema['kind'], string>> = {
  scalar: 'ScalarColumn',
  optional: 'OptionalColumn',
  set: 'SetColumn',
  map: 'MapColumn',
};

function printAtom(base: BaseType): string {
  if (base.refTable !== undefined) return `Reference<${quote(base.refTable)}>`;
  if (base.enum !== undefined) {
    return [...base.enum]
      .sort(compareAtoms)
      .map((atom) =>
        typeof atom === 'string' ? quote(atom) : typeof atom === 'bigint' ? `${atom.toString()}n` : String(atom),
      )
      .join(' | ');
  }
  switch (base.type) {
    case 'integer':
      return isSafe(base.minInteger) && isSafe(base.maxInteger) ? 'number' : 'Integer';
    case 'real':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'string':
    case 'uuid':
      return 'string';
  }
}

function isSafe(limit: number | bigint | undefined): boolean {
  return typeof limit === 'number' && Number.isSafeInteger(limit);
}

function printDatabase(schema: DatabaseSchema, prefix: string, nameOf: (table: TableSchema) => string): string {
  const members = sortedByName(schema.tables.values()).map(
    (table) => `  readonly ${table.name}: ${nameOf(table)}Columns;\n`,
  );
  return `/** Tables of the database \`${schema.name}\`. */\nexport interface ${prefix}Tables {\n${members.join('')}}`;
}

function printRowAlias(table: TableSchema, typeName: string, prefix: string): string {
  return `/** A row of table \`${table.name}\`. */\nexport type ${typeName}Row = Row<${prefix}Tables, ${quote(table.name)}>;`;
}

/**
 * Names for the types of each table: `Logical_Switch` becomes `LogicalSwitch`. Where that would give two tables
 * one name, or no identifier, the table keeps its own name; every use has a suffix, so that nothing clashes
 * with imported or global types.
 */
function typeNames(tables: Iterable<string>): ReadonlyMap<string, string> {
  const names = [...tables];
  const uses = new Map<string, number>();
  for (const table of names) uses.set(camelCase(table), (uses.get(camelCase(table)) ?? 0) + 1);
  return new Map(
    names.map((table) => {
      const camel = camelCase(table);
      return [table, uses.get(camel) === 1 && isIdentifier(camel) ? camel : table];
    }),
  );
}

function camelCase(name: string): string {
  return name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** `NorthboundTables` has `northboundSchema`; leading acronyms go down whole: `OVNSouthbound` has `ovnSouthboundSchema`. */
function lowerFirst(name: string): string {
  return name.replace(/^[A-Z]+(?=[A-Z][a-z]|$|[^A-Za-z])|^[A-Z]/, (start) => start.toLowerCase());
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name);
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
