/**
 * Rows as Open vSwitch's Python test client prints them: the `repr` of Python's values, from which quotes and commas
 * have been removed.
 */
import type { RowData } from '../../lib/replica/row.js';
import type { BaseType, ColumnSchema } from '../../lib/schema/schema.js';
import type { Atom, ColumnValue } from '../../lib/schema/types.js';
import { byCodePoint } from './compact-json.js';
import { pythonNumber } from './number-text.js';

/** What is needed to print rows. */
export interface RowReader {
  /** The columns that the client knows of a table; undefined when it does not know the table. */
  columns(table: string): ReadonlyMap<string, ColumnSchema> | undefined;
  /** A column's value in a row; undefined when the client does not have it, as an object because values may be, too. */
  value(table: string, row: RowData, column: string): { readonly value: ColumnValue } | undefined;
  /** The row with this uuid. */
  row(table: string, uuid: string): RowData | undefined;
}

const TABLE_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  simple: ['i', 'r', 'b', 's', 'u', 'ia', 'ra', 'ba', 'sa', 'ua'],
  simple2: ['name', 'smap', 'imap'],
  simple3: ['name', 'uset', 'uref'],
  simple4: ['name'],
  simple5: ['name', 'irefmap'],
  simple6: ['name', 'weak_ref'],
};

/** Tables in the order in which they are printed. */
export const PRINTED_TABLES: readonly string[] = [
  ...Object.keys(TABLE_COLUMNS),
  'link1',
  'link2',
  'indexed',
  'singleton',
];

/** Columns of events, of whatever table, and of the old values that they tell. */
const OLD_COLUMNS: readonly string[] = TABLE_COLUMNS['simple'] ?? [];
const EVENT_COLUMNS: readonly string[] = [...OLD_COLUMNS, 'l2', 'l1'];

/** The contents of a row of one of {@link PRINTED_TABLES}, without its uuid. */
export function rowText(reader: RowReader, table: string, row: RowData): string {
  const columns = TABLE_COLUMNS[table];
  if (columns !== undefined) return columnsText(reader, table, row, columns);
  const scalar = (column: string): string => atomText(reader.value(table, row, column)?.value as Atom);
  switch (table) {
    case 'link1': {
      const targets = (column: string): string[] | undefined => linkedNumbers(reader, row, column, 'link1');
      const ka = targets('ka')?.sort(byCodePoint);
      const l2 = linkedNumbers(reader, row, 'l2', 'link2')?.[0] ?? '';
      return `i=${scalar('i')} k=${targets('k')?.[0] ?? ''}${ka === undefined ? '' : ` ka=[${ka.join(' ')}] l2=`}${l2}`;
    }
    case 'link2':
      return `i=${scalar('i')} l1=${linkedNumbers(reader, row, 'l1', 'link1', 'link2')?.[0] ?? ''}`;
    case 'indexed':
      return `i=${scalar('i')}`;
    default:
      return `name=${scalar('name')}`;
  }
}

/** The columns that events show. */
export function eventText(reader: RowReader, table: string, row: RowData): string {
  return columnsText(reader, table, row, EVENT_COLUMNS);
}

/** The old values of the columns that an update changed. */
export function oldText(reader: RowReader, table: string, old: RowData, changed: readonly string[]): string {
  return columnsText(
    reader,
    table,
    old,
    OLD_COLUMNS.filter((column) => changed.includes(column)),
  );
}

function columnsText(reader: RowReader, table: string, row: RowData, names: readonly string[]): string {
  const texts = names.flatMap((name) => {
    const column = reader.columns(table)?.get(name);
    const found = reader.value(table, row, name);
    const text = column === undefined || found === undefined ? undefined : valueText(reader, column, found.value);
    return text === undefined ? [] : [`${name}=${text} `];
  });
  return pythonDialect(texts.join('').trim());
}

/** The substitutions by which the Python client makes its text look like that of the C one. */
function pythonDialect(text: string): string {
  return text
    .replace(/""|,|u?'/g, '')
    .replace(/UUID\(([^)]+)\)/g, '$1')
    .replaceAll('False', 'false')
    .replaceAll('True', 'true')
    .replace(/(ba)=([^[][^ ]*) /g, '$1=[$2] ');
}

/** Undefined where the column refers to rows of a table that the client does not know. */
function valueText(reader: RowReader, { kind, type }: ColumnSchema, value: ColumnValue): string | undefined {
  const { key, value: second } = type;
  const parts: { readonly sortBy: Atom; readonly text: string }[] = [];
  if (kind === 'map') {
    for (const [name, atom] of Object.entries(value as Readonly<Record<string, Atom>>)) {
      const first = keyAtom(key, name);
      if (!isShown(reader, key, first) || !isShown(reader, second ?? key, atom)) continue;
      parts.push({ sortBy: first, text: `(${atomRepr(key, first)}, ${atomRepr(second ?? key, atom)})` });
    }
  } else {
    const atoms = kind === 'set' ? (value as readonly Atom[]) : value === undefined ? [] : [value as Atom];
    if (atoms.length > 0 && key.refTable !== undefined && reader.columns(key.refTable) === undefined) return undefined;
    const shown = atoms.filter((atom) => isShown(reader, key, atom));
    if (kind === 'scalar') return shown[0] === undefined ? undefined : atomText(shown[0]);
    for (const atom of shown) parts.push({ sortBy: atom, text: atomRepr(key, atom) });
  }
  parts.sort((a, b) => compareAtoms(a.sortBy, b.sortBy));
  return `[${parts.map(({ text }) => text).join(', ')}]`;
}

/** The replica keeps the keys of maps as texts. */
function keyAtom({ type }: BaseType, key: string): Atom {
  if (type === 'integer') return BigInt(key);
  if (type === 'real') return Number(key);
  return type === 'boolean' ? key === 'true' : key;
}

function isShown(reader: RowReader, { refTable }: BaseType, atom: Atom): boolean {
  return refTable === undefined || reader.row(refTable, String(atom)) !== undefined;
}

function compareAtoms(a: Atom, b: Atom): number {
  if (typeof a === 'string') return byCodePoint(a, String(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function atomText(atom: Atom): string {
  if (typeof atom === 'string') return atom;
  if (typeof atom === 'boolean') return atom ? 'True' : 'False';
  return pythonNumber(atom);
}

function atomRepr({ type }: BaseType, atom: Atom): string {
  if (type === 'uuid') return `UUID('${String(atom)}')`;
  return typeof atom === 'string' ? pythonRepr(atom) : atomText(atom);
}

/** A text as Python's `repr` writes it. */
function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\'\n\r\t]|[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (char) => {
    if (char === '\\') return '\\\\';
    if (char === "'") return quote === "'" ? "\\'" : "'";
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x1_0000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `${quote}${escaped}${quote}`;
}

/** The numbers of the rows that a column of a link table refers to; undefined when the client does not have it. */
function linkedNumbers(
  reader: RowReader,
  row: RowData,
  name: string,
  target: string,
  table = 'link1',
): string[] | undefined {
  const found = reader.value(table, row, name);
  if (found === undefined || reader.columns(table)?.has(name) !== true) return undefined;
  const { value } = found;
  const uuids = Array.isArray(value) ? (value as readonly string[]) : value === undefined ? [] : [value as string];
  if (uuids.length > 0 && reader.columns(target) === undefined) return undefined;
  return uuids.flatMap((uuid) => {
    const row = reader.row(target, uuid);
    return row === undefined ? [] : [pythonNumber(row['i'] as number | bigint)];
  });
}
