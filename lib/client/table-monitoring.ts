/** One choice of tables and what keeps it in sync: the replica, its monitor, its events. */
import { GuardedEmitter } from '../emitter.js';
import { SchemaError } from '../errors.js';
import { ChangeFeed, type ChangesOverflow } from '../replica/changes.js';
import { Monitor } from '../replica/monitor.js';
import { Replica, type Batch } from '../replica/replica.js';
import type { TableRequest } from '../replica/table.js';
import { compareSchemas } from '../schema/compare.js';
import { DatabaseSchema, TableSchema } from '../schema/schema.js';

/** Events of monitored tables and what their listeners get. */
export interface MonitorEvents {
  /** One update message was applied: all that one or several transactions changed. */
  batch: [batch: Batch];
  /** From now on the replica reflects the conditions that were set last for these tables. */
  conditions: [tables: readonly string[]];
  /** A consumer of `changes` fell behind; it gets the net difference instead of every batch. */
  overflow: [overflow: ChangesOverflow];
}

/** What a {@link TableMonitoring} is made of. */
export interface TableMonitoringOptions {
  readonly database: string;
  /** Names the monitor to the server. */
  readonly monitorId: string;
  readonly requests: readonly TableRequest[] | 'all';
  /** The schema that the caller's types come from. */
  readonly known: DatabaseSchema | undefined;
  readonly onListenerError: (event: string, error: unknown) => void;
}

/** See the head of this file. */
export class TableMonitoring {
  readonly database: string;
  readonly replica: Replica;
  readonly monitor: Monitor;
  readonly feed: ChangeFeed;
  readonly events: GuardedEmitter<MonitorEvents>;
  readonly #requests: readonly TableRequest[] | 'all';
  #known: DatabaseSchema | undefined;

  constructor({ database, monitorId, requests, known, onListenerError }: TableMonitoringOptions) {
    this.database = database;
    this.#requests = requests;
    this.#known = known;
    this.events = new GuardedEmitter(onListenerError);
    this.replica = new Replica(requests, onListenerError);
    this.replica.events.on('batch', (batch) => {
      // With the changes of now: a listener may look at them later.
      if (this.events.listenerCount('batch') > 0)
        this.events.emit('batch', { cause: batch.cause, changes: batch.changes });
    });
    this.feed = new ChangeFeed(this.replica, (overflow) => this.events.emit('overflow', overflow));
    this.monitor = new Monitor(database, this.replica, monitorId, {
      onConditions: (tables) => this.events.emit('conditions', tables),
    });
  }

  /** Ends it for good: the server is told, and whoever waits gets `reason`. */
  end(reason: Error): void {
    this.monitor.close(reason);
    this.feed.end();
    this.replica.failWaiters(reason);
  }

  /**
   * Looks at a server's schema: throws `SchemaError` for a table or column that was asked for and that neither it
   * nor the caller's own schema nor an earlier server has; calls `onLack` with what an older server lacks.
   */
  checkSchema(schema: DatabaseSchema, onLack: (message: string) => void): void {
    const requests = this.#requests;
    const known = this.#known;
    for (const request of requests === 'all' ? [] : requests) {
      // What the caller's own schema has may be missing in an older server; what neither has is a mistake.
      const { table } = request;
      if (known?.tables.has(table) !== true) schema.table(table);
      for (const column of columnsOf(request)) {
        if (known?.tables.get(table)?.columns.has(column) !== true) schema.table(table).column(column);
      }
    }
    // From now on what is missing has gone, as when a schema is converted to an older one.
    if (requests !== 'all') this.#known ??= schema;
    if (known === undefined) return;
    const wanted = requests === 'all' ? known : narrowed(known, requests);
    for (const message of compareSchemas(wanted, schema).warnings) onLack(message);
  }

  /** Throws `SchemaError` for a column of a replicated table that neither server nor caller knows. */
  requireColumns(table: string, columns: readonly string[]): void {
    const known = this.#known?.tables.get(table);
    const served = this.replica.stores.get(table)?.shape?.table;
    if (known === undefined && served === undefined) return;
    for (const column of columns) {
      if (known?.columns.has(column) !== true && served?.columns.has(column) !== true) {
        throw new SchemaError(`table ${table} has no column ${column}`, { table, column });
      }
    }
  }
}

/** The part of a schema that is asked for. */
function narrowed(
  { name, version, checksum, tables }: DatabaseSchema,
  requests: readonly TableRequest[],
): DatabaseSchema {
  const asked = requests.flatMap((request): [string, TableSchema][] => {
    const table = tables.get(request.table);
    if (table === undefined) return [];
    if (request.columns === undefined) return [[table.name, table]];
    const names = columnsOf(request);
    const columns = new Map([...table.columns].filter(([column]) => names.includes(column)));
    const { maxRows, isRoot } = table;
    return [[table.name, new TableSchema(table.name, columns, { indexes: [], maxRows, isRoot })]];
  });
  return new DatabaseSchema(name, version, checksum, new Map(asked));
}

/** Every column that a request names. */
export function columnsOf({ columns = [], where = [], indexes = [] }: TableRequest): string[] {
  const parts = indexes.flat().map((part) => (typeof part === 'string' ? part : part.column));
  const conditions = typeof where === 'boolean' ? [] : where;
  return [...columns, ...conditions.map(([column]) => column), ...parts].filter((column) => column !== '_uuid');
}
