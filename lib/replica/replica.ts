/**
 * The replica: every replicated table in memory. One update message is decoded and checked completely
 * before the first row changes, then put in force as a whole, then told to listeners; nobody ever sees
 * half of a transaction. A snapshot that comes after a reconnect is compared with what is here, so that
 * listeners get the true differences.
 */
import { isDeepStrictEqual } from 'node:util';
import { GuardedEmitter } from '../emitter.js';
import { ProtocolError } from '../errors.js';
import type { ColumnSchema, DatabaseSchema, TableSchema } from '../schema/schema.js';
import type { Uuid } from '../schema/uuid.js';
import { performance } from '../timer.js';
import { asObject, asRow, shown, stageUpdate, type Staged, type UpdateFormat, type Updates } from './row-update.js';
import { RowShape, type RowData } from './row.js';
import { Snapshot } from './snapshot.js';
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
  /** In the order in which they were applied; each row at most once. */
  readonly changes: readonly RowChange[];
}

/** Events of the replica. */
export interface ReplicaEvents {
  batch: [batch: Batch];
}

/** What a batch came to. */
export interface BatchSummary {
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  /**
   * Time to check it and put it in force, without listeners, in milliseconds. The rows of a long snapshot are checked
   * while they arrive, which is not in it.
   */
  readonly applyMs: number;
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
  #lastBatch: BatchSummary = { inserts: 0, updates: 0, deletes: 0, applyMs: 0 };

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

  /** What the last batch came to. */
  get lastBatch(): BatchSummary {
    return this.#lastBatch;
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

  /** A snapshot to be filled with rows; until it is applied, nothing else may change the replica. */
  beginSnapshot(format: UpdateFormat): Snapshot {
    return new Snapshot(this.#stores, format, !this.#primed);
  }

  /**
   * Takes a snapshot: afterwards the replica holds exactly its rows. Rows that stay equal keep their
   * identity.
   */
  applySnapshot(snapshot: Snapshot): void {
    const startedAt = performance.now();
    if (this.#primed) this.#commit(snapshot.differences(), 'resync', startedAt);
    else this.#commitFirst(snapshot, startedAt);
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
      for (const uuid in rows) visit(store, shape, uuid as Uuid, asRow(rows[uuid], uuid, name));
    }
  }

  /** Nothing in here can fail: whatever can was done while staging. */
  #commit(staged: readonly Staged[], cause: Batch['cause'], startedAt: number): void {
    if (staged.length === 0) return;
    const changes: RowChange[] = [];
    let inserts = 0;
    let updates = 0;
    let deletes = 0;
    let isWatched = false;
    this.#version++;
    for (const { store, uuid, old, row: whole, changes: columns } of staged) {
      const table = store.name;
      this.#changedAt.set(table, this.#version);
      isWatched ||= store.isWatched;
      const row = keptRow(old, whole) ?? whole ?? (old && columns && store.shape?.build(old, columns));
      store.put(uuid, old, row, columns);
      if (row === undefined) {
        deletes++;
        changes.push({ type: 'delete', table, row: old as RowData });
      } else if (old === undefined) {
        inserts++;
        changes.push({ type: 'insert', table, row });
      } else {
        const names = columns?.map(({ column }) => column.name) ?? differingKeys(old, row);
        if (names.length === 0) continue;
        updates++;
        changes.push({ type: 'update', table, row, old, columns: names });
      }
    }
    this.#lastBatch = { inserts, updates, deletes, applyMs: performance.now() - startedAt };
    this.#tell({ cause, changes }, isWatched);
  }

  /** The tables were empty, so theirs is what the snapshot has made: in force at once, however much it is. */
  #commitFirst(snapshot: Snapshot, startedAt: number): void {
    this.#primed = true;
    this.#version++;
    let inserts = 0;
    for (const [store, contents] of snapshot.contents()) {
      store.replaceContents(contents);
      inserts += contents.rows.size;
      if (contents.rows.size > 0) this.#changedAt.set(store.name, this.#version);
    }
    this.#lastBatch = { inserts, updates: 0, deletes: 0, applyMs: performance.now() - startedAt };
    const isWatched = [...this.#stores.values()].some((store) => store.isWatched);
    this.#tell(this.#firstBatch(), isWatched);
  }

  /** Mostly nobody asks for the changes of a first snapshot, one per row, and they need not be made. */
  #firstBatch(): Batch {
    let made: readonly RowChange[] | undefined;
    const make = (): readonly RowChange[] => {
      const changes: RowChange[] = [];
      for (const [table, { rows }] of this.#stores) {
        for (const row of rows.values()) changes.push({ type: 'insert', table, row });
      }
      return changes;
    };
    return {
      cause: 'initial',
      // To be read by a listener as it is called: later the rows may be others.
      get changes() {
        return (made ??= make());
      },
    };
  }

  /** `isWatched`: does anybody wait for, or listen to, rows of a table that has changed? */
  #tell(batch: Batch, isWatched: boolean): void {
    if (isWatched) this.#tellTables(batch.changes);
    if (this.events.listenerCount('batch') > 0) this.events.emit('batch', batch);
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
