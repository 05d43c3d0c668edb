/**
 * One replicated table: its rows, its indexes, and the reads and events that callers see. All reads are
 * synchronous and answer from memory.
 */
import { setMaxListeners } from 'node:events';

import { GuardedEmitter } from '../emitter.js';
import { InvalidArgumentError, NotMonitoredError, TimeoutError } from '../errors.js';
import type { Atom, ColumnName, ReadColumn, Row, TableName } from '../schema/types.js';
import { normalizeInteger } from '../schema/integer.js';
import type { Uuid } from '../schema/uuid.js';
import { clearTimeout, LONGEST_TIMER_MS, setTimeout } from '../timer.js';
import type { RuntimeConditions } from './conditions.js';
import { bigSet, type ColumnChange, type RowData, type RowShape } from './row.js';
import { TableContents } from './table-contents.js';
import { TableIndex, type IndexPart, type Match } from './table-index.js';

/** Wanted values by column: equal for single values, contained for sets and maps. */
export type RowMatch<DB, T extends TableName<DB>, C extends ColumnName<DB, T> = ColumnName<DB, T>> = {
  readonly [K in C]?: ReadColumn<DB[T][K]> extends Readonly<Record<string, unknown>> | undefined
    ? Partial<ReadColumn<DB[T][K]>>
    : ReadColumn<DB[T][K]>;
};

/** The columns `C` of a row of table `T`. */
export type RowOf<DB, T extends TableName<DB>, C extends ColumnName<DB, T> = ColumnName<DB, T>> = {
  readonly _uuid: Uuid<T>;
} & Pick<Row<DB, T>, C>;

/** Events of a table and what their listeners get. */
export interface TableEvents<R> {
  /** A row came: it was inserted, or it came to meet the table's condition. */
  insert: [row: R];
  /** A row changed; `columns` names those that differ. */
  update: [row: R, old: R, columns: readonly string[]];
  /** A row went: it was deleted, or no longer meets the table's condition. `row` is what it last held. */
  delete: [row: R];
}

/** Options of {@link ReplicaTable.until}. */
export interface UntilOptions {
  /** Ends the waiting; the promise rejects with its reason. */
  signal?: AbortSignal;
  /** Ends the waiting after so many milliseconds with a `TimeoutError`. Default: no limit. */
  timeoutMs?: number;
}

/** A table of the replica, as callers read it. */
export class ReplicaTable<DB, T extends TableName<DB>, C extends ColumnName<DB, T> = ColumnName<DB, T>> {
  /** Name of the table. */
  readonly name: T;
  readonly #store: TableStore;

  /** Made by the client, not by callers. */
  constructor(name: T, store: TableStore) {
    this.name = name;
    this.#store = store;
  }

  /** False when the server's schema lacks the table: it then has no rows, and inserts are refused. */
  get exists(): boolean {
    return this.#store.shape !== undefined;
  }

  /** Number of rows. */
  get size(): number {
    return this.#store.rows.size;
  }

  /** The row with this uuid. */
  get(uuid: Uuid<T>): RowOf<DB, T, C> | undefined {
    return this.#store.rows.get(uuid) as RowOf<DB, T, C> | undefined;
  }

  /**
   * The first row that matches, by an index where one fits, else by looking at every row.
   * Throws `NotMonitoredError` for a column that is not replicated.
   */
  find(match: RowMatch<DB, T, C>): RowOf<DB, T, C> | undefined {
    return this.#store.first(match) as RowOf<DB, T, C> | undefined;
  }

  /** All rows that match; see {@link find}. */
  findAll(match: RowMatch<DB, T, C>): RowOf<DB, T, C>[] {
    return this.#store.matching(match) as unknown as RowOf<DB, T, C>[];
  }

  /** All rows for which `predicate` holds. Looks at every row. */
  filter(predicate: (row: RowOf<DB, T, C>) => boolean): RowOf<DB, T, C>[] {
    const found: RowOf<DB, T, C>[] = [];
    for (const row of this.values()) if (predicate(row)) found.push(row);
    return found;
  }

  /** Iterates over all rows. */
  values(): IterableIterator<RowOf<DB, T, C>> {
    return this.#store.rows.values() as unknown as IterableIterator<RowOf<DB, T, C>>;
  }

  /** Goes through the rows, in no particular order. */
  [Symbol.iterator](): IterableIterator<RowOf<DB, T, C>> {
    return this.values();
  }

  /**
   * Waits for a row for which `predicate` holds, now or after a change, and resolves with it. Rejects with
   * the signal's reason, with `TimeoutError`, with `ClosedError` when the client is closed, or with what
   * the predicate throws.
   */
  until(predicate: (row: RowOf<DB, T, C>) => boolean, options: UntilOptions = {}): Promise<RowOf<DB, T, C>> {
    return this.#store.until((row) => predicate(row as unknown as RowOf<DB, T, C>), options) as unknown as Promise<
      RowOf<DB, T, C>
    >;
  }

  /** Calls `listener` at each event, after the whole batch was applied. Returns a function that stops it. */
  on<E extends keyof TableEvents<unknown>>(
    event: E,
    listener: (...args: TableEvents<RowOf<DB, T, C>>[E]) => void,
  ): () => void {
    return this.#store.events.on(event, listener as never);
  }

  /** Calls `listener` at the next event only. Returns a function that stops it. */
  once<E extends keyof TableEvents<unknown>>(
    event: E,
    listener: (...args: TableEvents<RowOf<DB, T, C>>[E]) => void,
  ): () => void {
    return this.#store.events.once(event, listener as never);
  }

  /** Stops calling `listener`. */
  off<E extends keyof TableEvents<unknown>>(
    event: E,
    listener: (...args: TableEvents<RowOf<DB, T, C>>[E]) => void,
  ): void {
    this.#store.events.off(event, listener as never);
  }
}

/** One table that a client replicates. */
export interface TableRequest {
  readonly table: string;
  /** Column names; undefined means all that the server has. */
  readonly columns?: readonly string[] | undefined;
  /** Which rows at first. Default: all. */
  readonly where?: RuntimeConditions | undefined;
  /** Indexes beyond those of the schema. */
  readonly indexes?: readonly (readonly IndexPart[])[] | undefined;
}

/** The inside of a table: what the replica changes. */
export class TableStore {
  readonly name: string;
  readonly request: TableRequest;
  readonly events: GuardedEmitter<TableEvents<RowData>>;
  /** The replicated columns; undefined while the server's schema lacks the table. */
  shape: RowShape | undefined;
  /** True from a change of the columns until the next snapshot: the rows still have the old ones. */
  reshaped = false;
  readonly #waiters = new Set<{ check: (row: RowData) => void; fail: (reason: unknown) => void }>();
  #contents = new TableContents([]);
  /** Why nobody need wait for a row any more. */
  #ended: Error | undefined;

  constructor(request: TableRequest, onListenerError: (event: string, error: unknown) => void) {
    this.name = request.table;
    this.request = request;
    this.events = new GuardedEmitter(onListenerError);
  }

  /** The rows by uuid; to be read only. */
  get rows(): ReadonlyMap<string, RowData> {
    return this.#contents.rows;
  }

  get #indexes(): readonly TableIndex[] {
    return this.#contents.indexes;
  }

  /** Takes the columns that the present server has, and makes the indexes over them. */
  reshape(shape: RowShape | undefined): void {
    if (sameShape(this.shape, shape)) return;
    // Before anything changes, because it throws for an index that makes no sense.
    const contents = shape === undefined ? new TableContents([]) : this.makeContents(shape);
    for (const [uuid, row] of this.rows) contents.put(uuid as Uuid, undefined, row, undefined);
    this.shape = shape;
    this.reshaped = true;
    this.#contents = contents;
  }

  /** Rows and indexes for these columns, empty as yet. Throws `SchemaError` for an index that makes no sense. */
  makeContents(shape: RowShape): TableContents {
    return new TableContents(this.#makeIndexes(shape));
  }

  /** Puts rows and indexes in the place of those that are there. */
  replaceContents(contents: TableContents): void {
    this.#contents = contents;
  }

  #makeIndexes({ table, columns }: RowShape): TableIndex[] {
    // A server makes columns of any kind unique together; reads can do without an index.
    const serves = (name: string, { length }: readonly string[]): boolean => {
      const kind = columns.get(name)?.kind;
      return kind !== undefined && kind !== 'map' && (kind !== 'set' || length === 1);
    };
    const schemaIndexes = table.indexes.filter((names) => names.every((name) => serves(name, names)));
    const ownIndexes = (this.request.indexes ?? []).filter((parts) =>
      parts.every((part) => table.columns.has(columnOf(part))),
    );
    return [...schemaIndexes, ...ownIndexes].map((parts) => new TableIndex(table, parts, columns));
  }

  /** Puts one row change in force; `undefined` stands for "no row", and for "any column may differ". */
  put(
    uuid: Uuid,
    old: RowData | undefined,
    row: RowData | undefined,
    changes: readonly ColumnChange[] | undefined,
  ): void {
    this.#contents.put(uuid, old, row, changes);
  }

  /** Does anybody wait for a row, or listen? */
  get isWatched(): boolean {
    const { events } = this;
    if (this.#waiters.size > 0 || events.listenerCount('update') > 0) return true;
    return events.listenerCount('insert') > 0 || events.listenerCount('delete') > 0;
  }

  /** Lets those who wait in {@link until} see a row. */
  offer(row: RowData): void {
    for (const waiter of this.#waiters) waiter.check(row);
  }

  /** Ends all waiting with an error, for good: no change comes any more. */
  failWaiters(reason: Error): void {
    this.#ended = reason;
    for (const waiter of this.#waiters) waiter.fail(reason);
  }

  /** The first row that matches. Throws for a column that cannot be read. */
  first(given: Match): RowData | undefined {
    const match = normalizeMatch(given);
    const columns = this.#columnsOf(match);
    for (const row of this.#candidates(match)) if (this.#matches(row, match, columns)) return row;
    return undefined;
  }

  /** All rows that match, as {@link first}. */
  matching(given: Match): RowData[] {
    const match = normalizeMatch(given);
    const columns = this.#columnsOf(match);
    const rows: RowData[] = [];
    for (const row of this.#candidates(match)) if (this.#matches(row, match, columns)) rows.push(row);
    return rows;
  }

  /** The rows among which those that match are. */
  #candidates(match: Match): Iterable<RowData> {
    if (typeof match._uuid === 'string') return this.#rowOf(match._uuid);
    for (const index of this.#indexes) {
      const found = index.lookUp(match);
      if (found === undefined) continue;
      if (typeof found === 'string') return this.#rowOf(found);
      return isRow(found) ? [found] : this.#rowsOf(found);
    }
    return this.rows.values();
  }

  #rowOf(uuid: string): readonly RowData[] {
    const row = this.rows.get(uuid);
    return row === undefined ? [] : [row];
  }

  *#rowsOf(uuids: Iterable<Uuid>): Generator<RowData> {
    for (const uuid of uuids) {
      const row = this.rows.get(uuid);
      if (row !== undefined) yield row;
    }
  }

  #columnsOf(match: Match): readonly string[] {
    const columns = Object.keys(match);
    for (const column of columns) this.#requireColumn(column);
    return columns;
  }

  until(predicate: (row: RowData) => boolean, options: UntilOptions): Promise<RowData> {
    const { signal, timeoutMs } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      for (const row of this.rows.values()) {
        if (predicate(row)) {
          resolve(row);
          return;
        }
      }
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const settle = (how: () => void): void => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        how();
      };
      const fail = (reason: unknown): void => settle(() => reject(reason));
      const onAbort = (): void => fail(signal?.reason);
      const check = (row: RowData): void => {
        try {
          if (predicate(row)) settle(() => resolve(row));
        } catch (error) {
          fail(error);
        }
      };
      const waiter = { check, fail };
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(
              () => fail(new TimeoutError(`no row of ${this.name} met the condition in ${timeoutMs} ms`, timeoutMs)),
              Math.min(timeoutMs, LONGEST_TIMER_MS),
            );
      // One signal may well end hundreds of waits.
      if (signal !== undefined) setMaxListeners(0, signal);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  #requireColumn(column: string): void {
    if (column === '_uuid' || this.shape?.columns.has(column) !== false) return;
    if (!this.shape.table.columns.has(column)) {
      throw new InvalidArgumentError(`table ${this.name} has no column ${column} on this server`);
    }
    throw new NotMonitoredError(
      `column ${this.name}.${column} is not replicated; name it in the client's "tables" option to read it`,
    );
  }

  #matches(row: RowData, match: Match, columns: readonly string[]): boolean {
    for (const name of columns) {
      const wanted = match[name];
      const kind = this.shape?.columns.get(name)?.kind;
      // Between a change of the columns and the snapshot that follows, a row may lack one.
      if (!Object.hasOwn(row, name)) return false;
      if (kind === 'set') {
        const members = (wanted ?? []) as readonly Atom[];
        if (members.length === 0) continue;
        const big = bigSet(row, name);
        const holds =
          big === undefined
            ? (member: Atom): boolean => (row[name] as readonly Atom[]).includes(member)
            : (member: Atom): boolean => big.has(member);
        if (!members.every(holds)) return false;
      } else if (kind === 'map') {
        const map = row[name] as Readonly<Record<string, Atom>>;
        const pairs = (wanted ?? {}) as Readonly<Record<string, Atom>>;
        if (!Object.keys(pairs).every((key) => Object.hasOwn(map, key) && map[key] === pairs[key])) return false;
      } else if (row[name] !== wanted) return false;
    }
    return true;
  }
}

function isRow(found: RowData | ReadonlySet<Uuid>): found is RowData {
  return !(found instanceof Set);
}

/** Do both shapes have the same columns with the same types? */
function sameShape(a: RowShape | undefined, b: RowShape | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const print = (shape: RowShape): string =>
    JSON.stringify([shape.table.indexes, Array.from(shape.columns.values(), ({ name, type }) => [name, type])]);
  return print(a) === print(b);
}

/** Integers are numbers where those are exact; a caller may have a bigint for the same one. */
function normalizeMatch(match: Match): Match {
  if (!Object.values(match).some((value) => typeof value === 'bigint')) return match;
  const entries = Object.entries(match).map(([column, value]): [string, unknown] => [
    column,
    typeof value === 'bigint' ? normalizeInteger(value) : value,
  ]);
  return Object.fromEntries(entries);
}

function columnOf(part: IndexPart): string {
  return typeof part === 'string' ? part : part.column;
}
