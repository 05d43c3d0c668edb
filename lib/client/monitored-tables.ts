import { NotMonitoredError } from '../errors.js';
import type { ChangesOptions } from '../replica/changes.js';
import type { RuntimeConditions } from '../replica/conditions.js';
import type { Batch } from '../replica/replica.js';
import { replicaTables, type ReplicaTables } from '../replica/tables.js';
import type { TableName } from '../schema/types.js';
import type { WaitLimits } from '../wait-list.js';
import { requireConditions, type RowConditions } from './client-options.js';
import { columnsOf, type MonitorEvents, type TableMonitoring } from './table-monitoring.js';

/** Which rows of some tables to replicate from now on. */
export type NewConditions<DB, S> = { readonly [T in Extract<keyof S, TableName<DB>>]?: RowConditions<DB, T> };

/**
 * A choice of tables that is kept in sync. A client has one of its own and can have more over the same connection, see
 * `OvsdbClient.monitor`. `DB` describes the database's tables, `S` which of them and which columns there are.
 */
export class MonitoredTables<DB, S> implements AsyncDisposable {
  /** The replicated tables. Reads answer from memory, from the last true state while the client reconnects. */
  readonly tables: ReplicaTables<DB, S>;
  readonly #monitoring: TableMonitoring;
  readonly #close: () => void;

  /**
   * Made by the client, not by callers.
   *
   * @internal
   */
  constructor(monitoring: TableMonitoring, close: () => void) {
    this.#monitoring = monitoring;
    this.#close = close;
    this.tables = replicaTables(monitoring.database, monitoring.replica);
  }

  /**
   * Says which rows of some tables are replicated from now on; tables that are not named keep what they have. Resolves
   * when the replica reflects it: rows that no longer meet their condition are gone, those that do are there, and
   * listeners were told. Survives reconnects. See {@link MonitorEvents.conditions}.
   *
   * Rejects with `NotMonitoredError`, `SchemaError`, `ValidationError` for tables, columns and values that cannot be
   * meant; with `TimeoutError` and the signal's reason, while the conditions still take effect later; with
   * `RpcError` when the server refuses; with `ClosedError`.
   */
  async setConditions(conditions: NewConditions<DB, S>, limits: WaitLimits = {}): Promise<void> {
    const wanted = new Map<string, RuntimeConditions>();
    for (const [table, rows] of Object.entries<RuntimeConditions | undefined>(conditions)) {
      const store = this.#monitoring.replica.stores.get(table);
      if (store === undefined) {
        throw new NotMonitoredError(
          `table ${table} of database ${this.#monitoring.database} is not replicated by this client`,
        );
      }
      if (rows === undefined) continue;
      requireConditions(table, rows);
      this.#monitoring.requireColumns(table, columnsOf({ table, where: rows }));
      wanted.set(table, rows);
    }
    await this.#monitoring.monitor.setConditions(wanted, limits);
  }

  /**
   * The changes as a stream that the consumer reads at its own pace: `for await (const batch of nb.changes())`. It
   * starts with what is there. A consumer that falls behind gets the net difference: nothing is lost, and what waits
   * for it is bounded. See `ChangeFeed.iterate`.
   */
  changes(options: ChangesOptions = {}): AsyncIterable<Batch> {
    return this.#monitoring.feed.iterate(options);
  }

  /** Calls `listener` at each event. Returns a function that stops it. */
  on<E extends keyof MonitorEvents>(event: E, listener: (...args: MonitorEvents[E]) => void): () => void {
    return this.#monitoring.events.on(event, listener);
  }

  /** Calls `listener` at the next event only. Returns a function that stops it. */
  once<E extends keyof MonitorEvents>(event: E, listener: (...args: MonitorEvents[E]) => void): () => void {
    return this.#monitoring.events.once(event, listener);
  }

  /** Stops calling `listener`. */
  off<E extends keyof MonitorEvents>(event: E, listener: (...args: MonitorEvents[E]) => void): void {
    this.#monitoring.events.off(event, listener);
  }

  /** Stops monitoring: the server is told, `changes` and whoever waits end. The rows stay readable as they were last. */
  close(): void {
    this.#close();
  }

  /** Closes it, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
