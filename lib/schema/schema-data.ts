/** Prints a schema back as a TypeScript object literal in the format of RFC 7047 §3.2, in its shortest form. */
import type { BaseType, ColumnType } from './base-type.js';
import type { ColumnSchema, DatabaseSchema, TableSchema } from './schema.js';
import type { Atom } from './types.js';

/** The literal, one line for each column. `parseSchema` reads it as an equal schema. */
export function printSchemaData(schema: DatabaseSchema): string {
  const tables = sortedByName(schema.tables.values()).map((table) => `    ${table.name}: ${printTable(table)},\n`);
  const members = [
    `  name: ${JSON.stringify(schema.name)},\n`,
    `  version: ${JSON.stringify(schema.version)},\n`,
    schema.checksum === undefined ? '' : `  cksum: ${JSON.stringify(schema.checksum)},\n`,
    `  tables: {\n${tables.join('')}  },\n`,
  ];
  return `{\n${members.join('')}}`;
}

function printTable(table: TableSchema): string {
  const columns = sortedByName(table.columns.values()).map(
    (column) => `        ${column.name}: ${printColumn(column)},\n`,
  );
  const members = [
    `      columns: {\n${columns.join('')}      },\n`,
    table.indexes.length === 0 ? '' : `      indexes: ${JSON.stringify(table.indexes)},\n`,
    table.maxRows === Infinity ? '' : `      maxRows: ${table.maxRows},\n`,
    `      isRoot: ${table.isRoot},\n`,
  ];
  return `{\n${members.join('')}    }`;
}

function printColumn(column: ColumnSchema): string {
  return printObject([
    ['type', printType(column.type)],
    ['mutable', column.mutable ? undefined : 'false'],
    ['ephemeral', column.ephemeral ? 'true' : undefined],
  ]);
}

function printType(type: ColumnType): string {
  const isBare = type.value === undefined && type.min === 1 && type.max === 1;
  const key = printBase(type.key);
  if (isBare && key.startsWith('"')) return key;
  return printObject([
    ['key', key],
    ['value', type.value === undefined ? undefined : printBase(type.value)],
    ['min', type.min === 1 ? undefined : '0'],
    ['max', type.max === 1 ? undefined : type.max === Infinity ? '"unlimited"' : String(type.max)],
  ]);
}

function printBase(base: BaseType): string {
  const constraints: [string, string | undefined][] = [
    [
      'enum',
      base.enum === undefined
        ? undefined
        : `["set", [${[...base.enum]
            .sort(compareAtoms)
            .map((atom) => printEnumMember(base, atom))
            .join(', ')}]]`,
    ],
    ...(['minInteger', 'maxInteger', 'minReal', 'maxReal', 'minLength', 'maxLength', 'refTable'] as const).map(
      (name): [string, string | undefined] => [name, base[name] === undefined ? undefined : printAtom(base[name])],
    ),
    ['refType', base.refType === 'weak' ? '"weak"' : undefined],
  ];
  const type = JSON.stringify(base.type);
  return constraints.every(([, value]) => value === undefined) ? type : printObject([['type', type], ...constraints]);
}

function printEnumMember(base: BaseType, atom: Atom): string {
  return base.type === 'uuid' ? `["uuid", ${printAtom(atom)}]` : printAtom(atom);
}

function printAtom(atom: Atom): string {
  return typeof atom === 'bigint' ? `${atom.toString()}n` : JSON.stringify(atom);
}

function printObject(members: readonly (readonly [string, string | undefined])[]): string {
  const present = members.filter((member): member is readonly [string, string] => member[1] !== undefined);
  return `{ ${present.map(([key, value]) => `${key}: ${value}`).join(', ')} }`;
}

/**
 * In the order of their names: a server prints a schema in an order of its own, and a file and a server must
 * give the same text.
 */
export function sortedByName<T extends { readonly name: string }>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => compareAtoms(a.name, b.name));
}

/** Order of atoms of one type; strings by UTF-16 units, whatever the locale. */
export function compareAtoms(a: Atom, b: Atom): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
