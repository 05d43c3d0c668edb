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

interface Part {
  readonly column: string;
  readonly key: string | undefined;
}

/** See {@link TableIndex.lookUp}. */
export type Found = RowData | Uuid | ReadonlySet<Uuid>;

const NO_ROWS: ReadonlySet<Uuid> = new Set<Uuid>();
const NOT_ASKED = Symbol('not asked');

/** One index of one table, kept up to date by the replica. */
export class TableIndex {
  readonly parts: readonly Part[];
  readonly #perMember: boolean;
  /**
   * Where one row has a key, the row itself: to go from its uuid to the row takes as long as all the rest of a look-up
   * in a big table. Not for the members of sets, of which one change of a row would replace thousands.
   */
  readonly #found = new Map<Key, RowData | Uuid | Set<Uuid>>();

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

  /**
   * What the index finds for `match`, as it holds it: a row, or the uuid or uuids of rows; undefined when it cannot
   * serve it.
   */
  lookUp(match: Match): Found | undefined {
    const { parts } = this;
    const [first] = parts;
    if (first === undefined) return undefined;
    if (this.#perMember) {
      const wanted = match[first.column];
      return Array.isArray(wanted) && wanted.length > 0 ? this.#rowsOf(wanted[0] as Atom) : undefined;
    }
    if (parts.length === 1) {
      const wanted = wantedBy(match, first);
      return wanted === NOT_ASKED ? undefined : this.#rowsOf(wanted);
    }
    const values: Key[] = [];
    for (const part of parts) {
      const wanted = wantedBy(match, part);
      if (wanted === NOT_ASKED) return undefined;
      values.push(wanted);
    }
    return this.#rowsOf(joinKey(values));
  }

  #rowsOf(key: Key): Found {
    return this.#found.get(key) ?? NO_ROWS;
  }

  /** Takes over the change of one row. `changes` names the columns that differ; undefined when any may. */
  update(old: RowData | undefined, row: RowData | undefined, changes: readonly ColumnChange[] | undefined): void {
    if (this.#perMember) {
      const uuid = ((row ?? old) as RowData)._uuid;
      const column = (this.parts[0] as { column: string }).column;
      const { added, removed } = memberChanges(column, old, row, changes);
      for (const member of removed) this.#remove(member, uuid);
      for (const member of added) this.#add(member, uuid);
      return;
    }
    const before = old === undefined ? undefined : this.#keyOf(old);
    const after = row === undefined ? undefined : this.#keyOf(row);
    if (old !== undefined && row !== undefined && before === after) {
      if (this.#found.get(after) === old) this.#found.set(after, row);
      return;
    }
    if (old !== undefined && this.#holds(before)) this.#remove(before, old._uuid);
    if (row !== undefined && this.#holds(after)) this.#add(after, row);
  }

  /** Rows without the map key are not kept: in a big table most rows may lack it. */
  #holds(key: Key): boolean {
    return key !== undefined || this.parts[0]?.key === undefined;
  }

  #keyOf(row: RowData): Key {
    const { parts } = this;
    const first = parts[0];
    if (first !== undefined && parts.length === 1) return partOf(row[first.column], first.key);
    return joinKey(this.parts.map(({ column, key }) => partOf(row[column], key)));
  }

  #add(key: Key, added: RowData | Uuid): void {
    const present = this.#found.get(key);
    if (present === undefined) this.#found.set(key, added);
    else if (present instanceof Set) present.add(uuidOf(added));
    else this.#found.set(key, new Set([uuidOf(present), uuidOf(added)]));
  }

  #remove(key: Key, uuid: Uuid): void {
    const present = this.#found.get(key);
    if (present instanceof Set) {
      present.delete(uuid);
      if (present.size === 0) this.#found.delete(key);
    } else if (present !== undefined && uuidOf(present) === uuid) this.#found.delete(key);
  }
}

function uuidOf(rowOrUuid: RowData | Uuid): Uuid {
  return typeof rowOrUuid === 'string' ? rowOrUuid : rowOrUuid._uuid;
}

/** What `match` asks of a part: a value, or {@link NOT_ASKED}. */
function wantedBy(match: Match, { column, key }: Part): Key | typeof NOT_ASKED {
  if (!Object.hasOwn(match, column)) return NOT_ASKED;
  const wanted = match[column];
  if (key === undefined) return wanted as Key;
  const pairs = wanted as Readonly<Record<string, Atom>> | undefined | null;
  return typeof pairs === 'object' && pairs !== null && Object.hasOwn(pairs, key) ? pairs[key] : NOT_ASKED;
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
