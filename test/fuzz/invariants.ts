/** What must hold of a replica at any moment, whatever a server has sent. */
import type { Batch, Replica } from '../../lib/replica/replica.js';
import { bigSet, BIG_SET_SIZE, type RowData } from '../../lib/replica/row.js';
import type { TableStore } from '../../lib/replica/table.js';
import type { BaseType } from '../../lib/schema/base-type.js';
import type { ColumnSchema } from '../../lib/schema/schema.js';
import type { Atom, ColumnValue } from '../../lib/schema/types.js';
import { isCanonicalUuid } from '../../lib/schema/uuid.js';

/** Something that must never be. */
export class InvariantError extends Error {}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new InvariantError(what);
}

/** What a listener knows who has folded every batch; it must be what the replica holds. */
export class Follower {
  readonly #tables = new Map<string, Map<string, RowData>>();
  batches = 0;

  take({ changes }: Batch): void {
    this.batches++;
    for (const change of changes) {
      let rows = this.#tables.get(change.table);
      if (rows === undefined) this.#tables.set(change.table, (rows = new Map<string, RowData>()));
      const { _uuid: uuid } = change.row;
      const where = `${change.table} ${uuid}`;
      if (change.type === 'insert') must(!rows.has(uuid), `an insert of a row that was there: ${where}`);
      if (change.type === 'update') {
        must(rows.get(uuid) === change.old, `an update whose old row is not the last one: ${where}`);
        must(change.columns.length > 0, `an update of no column: ${where}`);
      }
      if (change.type === 'delete') {
        must(rows.get(uuid) === change.row, `a delete of a row that was not there: ${where}`);
        rows.delete(uuid);
      } else rows.set(uuid, change.row);
    }
  }

  /** No row may have come, changed or gone without an event. */
  compare(replica: Replica): void {
    for (const [name, { rows }] of replica.stores) {
      const known = this.#tables.get(name);
      must((known?.size ?? 0) === rows.size, `${name} has ${rows.size} rows, and events told of ${known?.size ?? 0}`);
      for (const [uuid, row] of rows)
        must(known?.get(uuid) === row, `${name} ${uuid} is not the row of its last event`);
    }
  }
}

/** Are the rows of these changes made as the schema says? */
export function checkRows(replica: Replica, { changes }: Batch): void {
  for (const { type, table, row } of changes) {
    const store = replica.stores.get(table);
    must(store !== undefined, `an event of table ${table}, which is not replicated`);
    if (type !== 'delete') checkRow(store, row);
  }
}

function checkRow(store: TableStore, row: RowData): void {
  const where = `${store.name} ${row._uuid}`;
  must(
    Object.getPrototypeOf(row) === Object.prototype && Object.isFrozen(row),
    `${where} is not a frozen plain object`,
  );
  must(isCanonicalUuid(row._uuid), `${where}: that is no uuid`);
  const columns = [...(store.shape?.columns.values() ?? [])];
  must(Object.keys(row).join() === ['_uuid', ...columns.map(({ name }) => name)].join(), `${where} has other columns`);
  for (const column of columns) {
    must(fits(column, row[column.name]), `${where}: ${column.name} holds ${print(row[column.name])}`);
    const big = bigSet(row, column.name);
    must(
      (big !== undefined) === isBig(row[column.name]) || big !== undefined,
      `${where}: ${column.name} is kept wrongly`,
    );
  }
}

function isBig(value: ColumnValue): boolean {
  return Array.isArray(value) && value.length > BIG_SET_SIZE;
}

/** Does the value have the type of the column? */
export function fits({ kind, type }: ColumnSchema, value: ColumnValue): boolean {
  switch (kind) {
    case 'scalar':
      return isAtom(type.key, value);
    case 'optional':
      return value === undefined || isAtom(type.key, value);
    case 'set': {
      const members = value as readonly Atom[];
      const distinct = new Set(members).size === members.length;
      return (
        Array.isArray(members) && Object.isFrozen(members) && distinct && members.every((m) => isAtom(type.key, m))
      );
    }
    case 'map': {
      if (typeof value !== 'object' || Array.isArray(value) || !Object.isFrozen(value)) return false;
      if (Object.getPrototypeOf(Object.getPrototypeOf(value)) !== null) return false;
      return Object.values(value).every((each: Atom) => isAtom(type.value ?? type.key, each));
    }
  }
}

function isAtom({ type }: BaseType, atom: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof atom === 'string';
    case 'boolean':
      return typeof atom === 'boolean';
    case 'real':
      return typeof atom === 'number' && !Number.isNaN(atom);
    case 'uuid':
      return isCanonicalUuid(atom);
    case 'integer':
      if (typeof atom === 'bigint') return BigInt.asIntN(64, atom) === atom && !Number.isSafeInteger(Number(atom));
      return Number.isSafeInteger(atom);
  }
}

/** Do the indexes find exactly the rows that a scan finds? */
export function checkIndexes(replica: Replica): void {
  for (const store of replica.stores.values()) {
    if (store.shape === undefined) continue;
    const { table } = store.shape;
    for (const columns of table.indexes) {
      for (const row of store.rows.values()) {
        const match = Object.fromEntries(columns.map((column) => [column, row[column]]));
        const scan = [...store.rows.values()].filter((each) => columns.every((column) => each[column] === row[column]));
        const found = [...store.matching(match)];
        const agree = found.length === scan.length && found.every((each) => scan.includes(each));
        must(agree, `the index of ${store.name} on ${columns.join()} finds ${found.length} rows of ${scan.length}`);
      }
    }
    for (const parts of store.request.indexes ?? []) checkOwnIndex(store, parts[0] as string);
  }
}

/** An index on one set column. */
function checkOwnIndex(store: TableStore, column: string): void {
  const rowsByMember = new Map<Atom, RowData[]>();
  for (const row of store.rows.values()) {
    for (const member of row[column] as readonly Atom[]) {
      const rows = rowsByMember.get(member);
      if (rows === undefined) rowsByMember.set(member, [row]);
      else rows.push(row);
    }
  }
  for (const [member, rows] of rowsByMember) {
    const found = [...store.matching({ [column]: [member] })];
    const agree = found.length === rows.length && found.every((row) => rows.includes(row));
    must(agree, `the index of ${store.name} on ${column} finds ${found.length} rows of ${rows.length}`);
  }
}

/** Everything in a replica, as text. */
export function printReplica(replica: Replica): string {
  return [...replica.stores]
    .map(([name, { rows }]) => `${name}\n${[...rows.values()].map(print).sort().join('\n')}`)
    .join('\n');
}

function print(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each));
}
