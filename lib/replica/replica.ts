/**
 * The replica: every replicated table in memory. One update message is decoded and checked completely
 * before the first row changes, then put in force as a whole, then told to listeners; nobody ever sees
 * half of a transaction. A snapshot that comes after a reconnect is compared with what is here, so that
 * listeners get the true differences.
 */
import { isDeepStrictEqual } from 'node:util';
import { GuardedEmitter } from '../emitter.js';
import { printValue, ProtocolError } from '../errors.js';
import type { ColumnSchema, DatabaseSchema, TableSchema } from '../schema/schema.js';
import type { Uuid } from '../schema/uuid.js';
import { RowShape, type ColumnChange, type RowData } from './row.js';
import { TableStore, type TableRequest } from './table.js';

/** What happened to one row. */
export type RowChange =
  | { readonly type: 'insert'; readonly table: string; readonly row: RowData }
  | {
      readonly type: 'update';
      readonly table: string;
      readonly row: RowData;
      readonly old: RowData;
      /** Names of the columns that differ. */
      readonly columns: readonly string[];
    }
  | { readonly type: 'delete'; readonly table: string; readonly row: RowData };

/** Everything that one update message changed, already in force. */
export interface Batch {
  /**
   * `initial`: the first snapshot; `update`: a live change; `resync`: the net difference after a reconnect;
   * `overflow`: the net difference for a consumer of `changes` that fell behind.
   */
  readonly cause: 'initial' | 'update' | 'resync' | 'overflow';
  readonly changes: readonly RowChange[];
}

/** Events of the replica. */
export interface ReplicaEvents {
  batch: [batch: Batch];
}

/** Rows by table and uuid in the form of an `update` (`v1`) or `update2` (`v2`) notification. */
export interface Updates {
  readonly format: 'v1' | 'v2';
  readonly tables: unknown;
}

/** One row's change, decoded and checked. */
interface Staged {
  readonly store: TableStore;
  readonly uuid: Uuid;
  readonly old: RowData | undefined;
  /** The row, where its whole contents came. */
  readonly row: RowData | undefined;
  /** What makes the row of the old one, where only that came; with neither, the row goes. */
  readonly changes: readonly ColumnChange[] | undefined;
}

export class Replica {
  readonly events: GuardedEmitter<ReplicaEvents>;
  readonly #requests: readonly TableRequest[] | 'all';
  readonly #onListenerError: (event: string, error: unknown) => void;
  readonly #stores = new Map<string, TableStore>();
  #version = 0;
  /** The version at which a table last changed. */
  readonly #changedAt = new Map<string, number>();
  #primed = false;
  #lastApplyMs = 0;

  /** `requests` says which tables to keep; `all` means those that the server's schema has. */
  constructor(requests: readonly TableRequest[] | 'all', onListenerError: (event: string, error: unknown) => void) {
    this.#requests = requests;
    this.#onListenerError = onListenerError;
    this.events = new GuardedEmitter(onListenerError);
    if (requests !== 'all') for (const request of requests) this.#addStore(request);
  }

  /** The tables by name. */
  get stores(): ReadonlyMap<string, TableStore> {
    return this.#stores;
  }

  /** Raised with each batch that changed something. */
  get version(): number {
    return this.#version;
  }

  /** How long it took to check the last batch and put it in force, without listeners, in milliseconds. */
  get lastApplyMs(): number {
    return this.#lastApplyMs;
  }

  /** Has this table changed since the replica had this version? Of a table that is not replicated: has anything? */
  changedSince(version: number, table: string | undefined): boolean {
    if (table === undefined || !this.#stores.has(table)) return this.#version !== version;
    return (this.#changedAt.get(table) ?? 0) > version;
  }

  /**
   * Takes the server's schema: which of the requested tables and columns there are. Returns true when they
   * are not those of before, so that only a whole snapshot can bring the replica up to date.
   */
  adopt(schema: DatabaseSchema): boolean {
    if (this.#requests === 'all') {
      for (const table of schema.tables.keys()) if (!this.#stores.has(table)) this.#addStore({ table });
    }
    for (const store of this.#stores.values()) {
      const table = schema.tables.get(store.name);
      store.reshape(table === undefined ? undefined : new RowShape(table, chosen(table, store.request.columns)));
    }
    // Also from an earlier attempt that got no snapshot.
    return [...this.#stores.values()].some(({ reshaped }) => reshaped);
  }

  /**
   * Applies one update message on top of what is here.
   * Throws {@link ProtocolError}, having changed nothing, when it does not fit.
   */
  applyUpdates(updates: Updates, cause: 'update' | 'resync'): void {
    const startedAt = performance.now();
    const staged: Staged[] = [];
    this.#eachRow(updates, (store, shape, uuid, wire) => {
      const entry = stageUpdate(store, shape, uuid, wire, updates.format);
      if (entry !== undefined) staged.push(entry);
    });
    this.#commit(staged, cause, startedAt);
  }

  /**
   * Takes a snapshot: afterwards the replica holds exactly its rows. Rows that stay equal keep their
   * identity. Throws {@link ProtocolError}, having changed nothing, when it cannot be read.
   */
  applySnapshot(updates: Updates): void {
    const startedAt = performance.now();
    const staged: Staged[] = [];
    const seen = new Map<TableStore, Set<Uuid>>();
    this.#eachRow(updates, (store, shape, uuid, wire) => {
      const contents = initialContents(store, uuid, wire, updates.format);
      const old = store.rows.get(uuid);
      if (this.#primed) {
        let uuids = seen.get(store);
        if (uuids === undefined) seen.set(store, (uuids = new Set()));
        uuids.add(uuid);
      }
      if (old === undefined || store.reshaped) {
        staged.push({ store, uuid, old, row: shape.create(uuid, contents), changes: undefined });
        return;
      }
      const changes = shape.difference(old, contents);
      if (changes.length > 0) staged.push({ store, uuid, old, row: undefined, changes });
    });
    if (this.#primed) {
      for (const store of this.#stores.values()) {
        const uuids = seen.get(store);
        for (const [uuid, old] of store.rows) {
          if (uuids?.has(uuid as Uuid) !== true)
            staged.push({ store, uuid: uuid as Uuid, old, row: undefined, changes: undefined });
        }
      }
    }
    const cause = this.#primed ? 'resync' : 'initial';
    this.#primed = true;
    this.#commit(staged, cause, startedAt);
    for (const store of this.#stores.values()) store.reshaped = false;
  }

  /** Ends all waiting for rows, with an error, for good. */
  failWaiters(reason: Error): void {
    for (const store of this.#stores.values()) store.failWaiters(reason);
  }

  #addStore(request: TableRequest): void {
    this.#stores.set(request.table, new TableStore(request, this.#onListenerError));
  }

  #eachRow(
    updates: Updates,
    visit: (store: TableStore, shape: RowShape, uuid: Uuid, wire: Record<string, unknown>) => void,
  ): void {
    const tables = asObject(updates.tables, 'the tables of an update');
    for (const name in tables) {
      const store = this.#stores.get(name);
      const shape = store?.shape;
      if (store === undefined || shape === undefined) {
        throw new ProtocolError(`the server sent an update for table ${shown(name)}, which was not asked for`);
      }
      const rows = asObject(tables[name], `the rows of table ${name}`);
      for (const uuid in rows)
        visit(store, shape, uuid as Uuid, asObject(rows[uuid], `row ${shown(uuid)} of table ${name}`));
    }
  }

  /** Nothing in here can fail: whatever can was done while staging. */
  #commit(staged: readonly Staged[], cause: Batch['cause'], startedAt: number): void {
    if (staged.length === 0 && cause !== 'initial') return;
    const changes: RowChange[] = [];
    this.#version++;
    for (const { store, uuid, old, row: whole, changes: columns } of staged) {
      const table = store.name;
      this.#changedAt.set(table, this.#version);
      const row = keptRow(old, whole) ?? whole ?? (old && columns && store.shape?.build(old, columns));
      store.put(uuid, old, row, columns);
      if (row === undefined) changes.push({ type: 'delete', table, row: old as RowData });
      else if (old === undefined) changes.push({ type: 'insert', table, row });
      else {
        const names = columns?.map(({ column }) => column.name) ?? differingKeys(old, row);
        if (names.length > 0) changes.push({ type: 'update', table, row, old, columns: names });
      }
    }
    this.#lastApplyMs = performance.now() - startedAt;
    this.#tell(changes, cause);
  }

  #tell(changes: readonly RowChange[], cause: Batch['cause']): void {
    // Mostly nobody listens to the thousands of rows of a first snapshot.
    const stores = [...this.#stores.values()];
    if (stores.some((store) => store.isWatched)) this.#tellTables(changes);
    if (this.events.listenerCount('batch') > 0) this.events.emit('batch', { cause, changes });
  }

  #tellTables(changes: readonly RowChange[]): void {
    for (const change of changes) {
      if (change.type !== 'delete') this.#stores.get(change.table)?.offer(change.row);
    }
    for (const change of changes) {
      const events = this.#stores.get(change.table)?.events;
      if (events === undefined || events.listenerCount(change.type) === 0) continue;
      if (change.type === 'update') events.emit('update', change.row, change.old, change.columns);
      else events.emit(change.type, change.row);
    }
  }
}

function chosen(table: TableSchema, columns: readonly string[] | undefined): ColumnSchema[] {
  const all = [...table.columns.values()];
  return columns === undefined ? all : all.filter((column) => columns.includes(column.name));
}

/** Columns that differ between rows of different shapes, among them those that only one of them has. */
function differingKeys(old: RowData, row: RowData): string[] {
  const names = new Set([...Object.keys(old), ...Object.keys(row)]);
  return [...names].filter((name) => !isDeepStrictEqual(old[name], row[name]));
}

/** The row that is there, when it has the same columns and contents as the one that came whole. */
function keptRow(old: RowData | undefined, whole: RowData | undefined): RowData | undefined {
  if (old === undefined || whole === undefined) return undefined;
  const names = Object.keys(whole);
  const same = names.length === Object.keys(old).length && names.every((name) => Object.hasOwn(old, name));
  return same && differingKeys(old, whole).length === 0 ? old : undefined;
}

/** A name that the server chose, for a message. */
function shown(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}... (${name.length} characters)` : name;
}

function inconsistent(store: TableStore, uuid: Uuid, what: string): ProtocolError {
  return new ProtocolError(`the server sent ${what} row ${shown(uuid)} of table ${store.name}`);
}

/** What a row of an update message changes; undefined when nothing. */
function stageUpdate(
  store: TableStore,
  shape: RowShape,
  uuid: Uuid,
  wire: Record<string, unknown>,
  format: Updates['format'],
): Staged | undefined {
  const old = store.rows.get(uuid);
  const contents = wholeContents(wire, format);
  if (contents !== undefined) {
    if (format === 'v2' || wire.old === undefined) {
      if (old !== undefined) throw inconsistent(store, uuid, 'an insert of the present');
      return { store, uuid, old, row: shape.create(uuid, contents), changes: undefined };
    }
    if (old === undefined) throw inconsistent(store, uuid, 'a change of the unknown');
    const changes = shape.difference(old, contents);
    return changes.length === 0 ? undefined : { store, uuid, old, row: undefined, changes };
  }
  if (format === 'v2' && Object.hasOwn(wire, 'modify')) {
    if (old === undefined) throw inconsistent(store, uuid, 'a change of the unknown');
    const changes = shape.decodeDiff(old, asObject(wire.modify, `row ${uuid} of table ${store.name}`));
    return changes.length === 0 ? undefined : { store, uuid, old, row: undefined, changes };
  }
  if (!Object.hasOwn(wire, format === 'v2' ? 'delete' : 'old')) {
    throw inconsistent(store, uuid, `an update with the members "${shown(Object.keys(wire).join(', '))}" for`);
  }
  if (old === undefined) throw inconsistent(store, uuid, 'a delete of the unknown');
  return { store, uuid, old, row: undefined, changes: undefined };
}

/** The whole contents that a row update carries, if it does (RFC 7047 §4.1.6 `new`; update2 `initial`, `insert`). */
function wholeContents(wire: Record<string, unknown>, format: Updates['format']): object | undefined {
  if (format === 'v2' && Object.keys(wire).length !== 1) {
    throw new ProtocolError(
      `the server sent a row update with the members "${shown(Object.keys(wire).join(', '))}", not just one`,
    );
  }
  const contents = format === 'v1' ? wire.new : (wire.initial ?? wire.insert);
  return contents === undefined ? undefined : asObject(contents, 'a row');
}

function initialContents(
  store: TableStore,
  uuid: Uuid,
  wire: Record<string, unknown>,
  format: Updates['format'],
): object {
  const contents = wholeContents(wire, format);
  if (contents === undefined) throw inconsistent(store, uuid, 'a snapshot without the contents of');
  return contents;
}

function asObject(json: unknown, what: string): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw new ProtocolError(`the server sent ${what} as ${printValue(json)}, which is not an object`);
}
