/** The contents of a database as plain objects that people can read and tests can compare. */
import type { Atom } from '../schema/types.js';
import type { Database } from './database/database.js';
import type { BaseType } from './database/column-type.js';
import type { Datum } from './database/datum.js';
import { equalData } from './database/datum.js';
import { compareText } from './database/json-text.js';
import type { StoredRow } from './database/stored-row.js';
import type { Column } from './database/table-schema.js';
import type { Dump, DumpedAtom, DumpedRow, DumpedValue, DumpOptions } from './dump-types.js';

/** Dumps a database; rows are sorted by name, and then by what is in them. */
export function dumpDatabase(database: Database, options: DumpOptions = {}): Dump {
  const { tables = [...database.schema.tables.keys()].sort(compareText), uuids = false, defaults = false } = options;
  const nameOf = uuids ? (): undefined => undefined : rowNames(database);
  const dump: Record<string, readonly DumpedRow[]> = {};
  for (const name of tables) {
    const { rows } = database.table(name);
    if (rows.size === 0 && options.tables === undefined) continue;
    const dumped = [...rows.values()].map((row) => {
      const entries: [string, DumpedValue][] = uuids ? [['_uuid', row.uuid]] : [];
      for (const column of row.schema.columns.values()) {
        const datum = row.get(column);
        if (!defaults && equalData(column.type, datum, column.defaultValue)) continue;
        const value = valueOf(column, datum, nameOf);
        if (value !== undefined) entries.push([column.name, value]);
      }
      return Object.fromEntries(entries);
    });
    dump[name] = sorted(dumped);
  }
  return dump;
}

type NameOf = (table: string, uuid: string) => string | undefined;

/** Names of rows, where a table has them and no other row of it has the same. */
function rowNames(database: Database): NameOf {
  const tables = new Map<string, ReadonlyMap<string, string>>();
  return (table, uuid) => {
    let names = tables.get(table);
    if (names === undefined) tables.set(table, (names = uniqueNames(database.table(table).rows)));
    return names.get(uuid);
  };
}

function uniqueNames(rows: ReadonlyMap<string, StoredRow>): ReadonlyMap<string, string> {
  const uuids = new Map<string, string | undefined>();
  for (const row of rows.values()) {
    const name = nameOfRow(row);
    if (name !== undefined) uuids.set(name, uuids.has(name) ? undefined : row.uuid);
  }
  const names = new Map<string, string>();
  for (const [name, uuid] of uuids) if (uuid !== undefined) names.set(uuid, name);
  return names;
}

/** The value of the column `name`, where it is one text that is not empty. */
export function nameOfRow(row: StoredRow): string | undefined {
  const column = row.schema.columns.get('name');
  if (column === undefined || column.type.value !== undefined) return undefined;
  const { keys } = row.get(column);
  const [name] = keys;
  return keys.length === 1 && typeof name === 'string' && name !== '' ? name : undefined;
}

function valueOf({ type }: Column, datum: Datum, nameOf: NameOf): DumpedValue | undefined {
  const keys = datum.keys.map((atom) => shown(type.key, atom, nameOf));
  if (type.value !== undefined) {
    const base = type.value;
    const values = datum.values ?? [];
    return Object.fromEntries(keys.map((key, i) => [String(key), shown(base, values[i] as Atom, nameOf)]));
  }
  if (type.max === 1) return keys[0];
  return keys.sort(compareAtoms);
}

function shown(base: BaseType, atom: Atom, nameOf: NameOf): DumpedAtom {
  if (base.refTable === undefined || typeof atom !== 'string') return atom;
  return nameOf(base.refTable, atom) ?? atom;
}

function sorted(rows: readonly DumpedRow[]): readonly DumpedRow[] {
  const keyed = rows.map((row) => ({ row, name: nameIn(row), text: textOf(row) }));
  keyed.sort((a, b) => compareText(a.name, b.name) || compareText(a.text, b.text));
  return keyed.map(({ row }) => row);
}

function nameIn({ name }: DumpedRow): string {
  return typeof name === 'string' ? name : '';
}

function textOf(row: DumpedRow): string {
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

function compareAtoms(a: DumpedAtom, b: DumpedAtom): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}
