/**
 * Look-ups by value. An index is a list of parts: a column that holds at most one value, one key of a
 * map column, or, alone, a set column, which is indexed by each of its members. Schema indexes
 * (RFC 7047 §3.2 "indexes") are made for every table; callers add their own.
 */
import { SchemaError } from '../errors.js';
import type { TableSchema } from '../schema/schema.js';
import type { Atom, ColumnValue } from '../schema/types.js';
import type { Uuid } from '../schema/uuid.js';
import { memberChanges, type ColumnChange, type RowData } from './row.js';

/** One part of an index: a column, or one key of a map column. */
export type IndexPart = string | { readonly column: string; readonly key: string };

/** What {@link TableIndex.lookUp} is asked with: wanted values by column. */
export type Match = Readonly<Record<string, unknown>>;

type Key = Atom | undefined;

/** One index of one table, kept up to date by the replica. */
export class TableIndex {
  readonly parts: readonly { readonly column: string; readonly key: string | undefined }[];
  readonly #perMember: boolean;
  readonly #rows = new Map<Key, Uuid | Set<Uuid>>();

  /** Throws {@link SchemaError} when a part does not fit the table. */
  constructor(table: TableSchema, parts: readonly IndexPart[], replicated: ReadonlyMap<string, unknown>) {
    this.parts = parts.map((part) => (typeof part === 'string' ? { column: part, key: undefined } : part));
    const refuse = (column: string, why: string): never => {
      throw new SchemaError(`an index on ${table.name} cannot use column ${column}: ${why}`, {
        table: table.name,
        column,
      });
    };
    if (parts.length === 0) refuse('(none)', 'it needs at least one column');
    for (const { column, key } of this.parts) {
      const kind = table.column(column).kind;
      if (!replicated.has(column)) refuse(column, 'the column is not replicated');
      if (kind === 'map' && key === undefined) refuse(column, `a map is indexed by one key: { column, key }`);
      if (kind !== 'map' && key !== undefined) refuse(column, 'only a map has keys');
      if (kind === 'set' && parts.length > 1) refuse(column, 'a set can only be the single part of an index');
    }
    this.#perMember = table.column((this.parts[0] as { column: string }).column).kind === 'set';
  }

  /** Uuids of the rows that the index finds for `match`; undefined when the index cannot serve it. */
  lookUp(match: Match): readonly Uuid[] | undefined {
    const found = this.#find(match);
    if (found === 'unusable') return undefined;
    if (found === undefined) return [];
    return typeof found === 'string' ? [found] : [...found];
  }

  /** Takes over the change of one row. `changes` names the columns that differ; undefined when any may. */
  update(old: RowData | undefined, row: RowData | undefined, changes: readonly ColumnChange[] | undefined): void {
    const uuid = ((row ?? old) as RowData)._uuid;
    if (this.#perMember) {
      const column = (this.parts[0] as { column: string }).column;
      const { added, removed } = memberChanges(column, old, row, changes);
      for (const member of removed) this.#remove(member, uuid);
      for (const member of added) this.#add(member, uuid);
      return;
    }
    const before = old === undefined ? undefined : this.#keyOf(old);
    const after = row === undefined ? undefined : this.#keyOf(row);
    if (old !== undefined && row !== undefined && before === after) return;
    if (old !== undefined && this.#holds(before)) this.#remove(before, uuid);
    if (row !== undefined && this.#holds(after)) this.#add(after, uuid);
  }

  /** Rows without the map key are not kept: in a big table most rows may lack it. */
  #holds(key: Key): boolean {
    return key !== undefined || this.parts[0]?.key === undefined;
  }

  #find(match: Match): Uuid | Set<Uuid> | undefined | 'unusable' {
    if (this.#perMember) {
      const wanted = match[(this.parts[0] as { column: string }).column];
      return Array.isArray(wanted) && wanted.length > 0 ? this.#rows.get(wanted[0] as Atom) : 'unusable';
    }
    const values: Key[] = [];
    for (const { column, key } of this.parts) {
      if (!Object.hasOwn(match, column)) return 'unusable';
      const wanted = match[column];
      if (key === undefined) values.push(wanted as Key);
      else if (wanted !== null && typeof wanted === 'object' && Object.hasOwn(wanted, key)) {
        values.push((wanted as Record<string, Atom>)[key]);
      } else return 'unusable';
    }
    return this.#rows.get(joinKey(values));
  }

  #keyOf(row: RowData): Key {
    const [first] = this.parts;
    if (first !== undefined && this.parts.length === 1) return partOf(row[first.column], first.key);
    return joinKey(this.parts.map(({ column, key }) => partOf(row[column], key)));
  }

  #add(key: Key, uuid: Uuid): void {
    const present = this.#rows.get(key);
    if (present === undefined) this.#rows.set(key, uuid);
    else if (typeof present === 'string') this.#rows.set(key, new Set([present, uuid]));
    else present.add(uuid);
  }

  #remove(key: Key, uuid: Uuid): void {
    const present = this.#rows.get(key);
    if (present === uuid) this.#rows.delete(key);
    else if (present instanceof Set) {
      present.delete(uuid);
      if (present.size === 0) this.#rows.delete(key);
    }
  }
}

function partOf(value: ColumnValue, key: string | undefined): Key {
  if (key === undefined) return value as Key;
  const map = value as Readonly<Record<string, Atom>> | undefined;
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

function joinKey(values: readonly Key[]): Key {
  if (values.length === 1) return values[0];
  return JSON.stringify(values.map((value) => (value === undefined ? null : [typeof value, String(value)])));
}
