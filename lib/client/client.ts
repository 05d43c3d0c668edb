/**
 * The client of one database: a replica that is kept in sync over reconnects, and transactions. It serves
 * any OVSDB schema; `connectNorthbound` gives it the northbound types.
 */
import { GuardedEmitter } from '../emitter.js';
import { ClosedError, SchemaError, TimeoutError } from '../errors.js';
import type { ChangesOptions } from '../replica/changes.js';
import type { Batch } from '../replica/replica.js';
import type { ReplicaTables } from '../replica/tables.js';
import type { DatabaseSchema } from '../schema/schema.js';
import type { UntypedTables } from '../schema/types.js';
import type { Transaction } from '../transaction/builder.js';
import { Coalescing } from '../transaction/coalescing.js';
import { commit, type CommitHost, type TransactOptions } from '../transaction/commit.js';
import { FlightLimit } from '../transaction/flight-limit.js';
import type { Resolved } from '../transaction/pending.js';
import type { WaitLimits } from '../wait-list.js';
import type { ClientMetrics, TransactionReport } from './client-metrics.js';
import {
  tableRequests,
  type ClientOptions,
  type ErasedClientOptions,
  type SelectionOf,
  type TableChoice,
} from './client-options.js';
import type { ClientEvents, ClientState, ClientWarning } from './client-state.js';
import { Connection, connectFailed } from './connection.js';
import type { Lock, LockOptions } from './lock/lock.js';
import { LockSet } from './lock/lock-set.js';
import { Metrics } from './metrics.js';
import { MonitoredTables, type NewConditions } from './monitored-tables.js';
import { TableMonitoring } from './table-monitoring.js';
import { reportTransaction } from './transaction-report.js';

/** Options of {@link OvsdbClient.monitor}. */
export interface MonitorOptions<DB, O extends TableChoice<DB>> extends WaitLimits {
  /** What to replicate. */
  readonly tables: O;
}

/** A client of one database. `DB` describes its tables, `S` which of them and which columns are replicated. */
export class OvsdbClient<DB = UntypedTables, S = SelectionOf<DB, 'all'>> implements AsyncDisposable {
  /** Name of the database. */
  readonly database: string;
  readonly #connection: Connection;
  readonly #events: GuardedEmitter<ClientEvents>;
  readonly #options: ErasedClientOptions;
  readonly #warned = new Set<string>();
  readonly #locks: LockSet;
  readonly #metrics: Metrics;
  readonly #flights: FlightLimit;
  /** The client's own tables, and those of {@link monitor}. */
  readonly #monitorings = new Set<TableMonitoring>();
  readonly #own: TableMonitoring;
  readonly #tables: MonitoredTables<DB, S>;
  readonly #commitHost: CommitHost<DB, S>;
  readonly #onTransaction = (report: TransactionReport): void => this.#metrics.transaction(report);
  #monitoringsMade = 0;
  #schema: DatabaseSchema | undefined;

  /** Use {@link OvsdbClient.connect}, which starts the client and waits for the first snapshot. */
  protected constructor(options: ErasedClientOptions) {
    this.database = options.database;
    this.#options = options;
    const { maxTransactionsInFlight: maxInFlight, maxTransactionsWaiting: maxWaiting } = options;
    this.#flights = new FlightLimit({ maxInFlight, maxWaiting });
    this.#events = new GuardedEmitter((event, cause) => {
      if (event === 'warning') process.emitWarning(`a listener of "warning" threw: ${String(cause)}`);
      else this.#listenerThrew(event, cause);
    });
    this.#metrics = new Metrics({
      database: options.database,
      rows: () => this.#rowCounts(),
      transactions: () => ({ inFlight: this.#flights.inFlight, waiting: this.#flights.waiting }),
    });
    if (options.onWarning !== undefined) this.#events.on('warning', options.onWarning);
    this.#locks = new LockSet((event, cause) => this.#listenerThrew(event, cause));
    this.#own = this.#makeMonitoring(options);
    this.#tables = new MonitoredTables(this.#own, () => this.close());
    for (const event of ['batch', 'conditions', 'overflow'] as const) {
      this.#own.events.on(event, (...args: unknown[]) => this.#events.emit(event, ...(args as [never])));
    }
    this.#connection = new Connection(
      {
        database: options.database,
        onState: (state, previous) => {
          this.#metrics.stateChanged(state, previous);
          if (state.name === 'synced') this.#warnIgnoredConditions(state.remote);
          this.#events.emit('state', state, previous);
        },
        onSchema: (schema, remote) => this.#checkSchema(schema, remote),
        onSessionMade: (session) => this.#metrics.sessionStarted(session),
        onSessionEnded: () => {
          this.#metrics.sessionEnded();
          this.#locks.detach();
        },
        onSession: ({ rpc }) => this.#locks.attach(rpc),
        onSessionLost: () => this.#locks.detach(),
        onOtherCluster: (message) => this.#warn({ code: 'ClusterChanged', message }),
        onNotification: (method, params) => void this.#locks.handle(method, params),
      },
      options,
    );
    this.#commitHost = {
      database: this.database,
      tables: this.tables,
      replica: this.#own.replica,
      knownSchema: options.schema,
      flights: this.#flights,
      coalescing: new Coalescing(),
      coalesce: options.coalesceTransactions === true,
      readyNow: () => this.#connection.readyNow(),
      ready: (limits) => this.#connection.ready(limits),
    };
  }

  /**
   * Connects, and resolves when the replica is in sync.
   *
   * Rejects with `ConnectFailedError` when that takes longer than `readyTimeoutMs`; with `SchemaError` when no
   * remote has the database, or a table or column that was asked for; with `ValidationError` for a value in `where`
   * that its column cannot hold; with `InvalidRemoteError`, `InvalidArgumentError` for options that make no sense; with
   * the signal's reason on abort.
   */
  static async connect<DB = UntypedTables, const O extends TableChoice<DB> = TableChoice<DB>>(
    options: ClientOptions<DB, O>,
  ): Promise<OvsdbClient<DB, SelectionOf<DB, O>>> {
    const client = new OvsdbClient<DB, SelectionOf<DB, O>>(options);
    await client.start();
    return client;
  }

  /** Starts connecting and waits for the first sync; closes the client when that fails. */
  protected async start(): Promise<void> {
    const { signal, readyTimeoutMs = 30_000, remotes } = this.#options;
    this.#connection.start(this.#own.monitor);
    try {
      await this.#connection.ready({ signal, timeoutMs: readyTimeoutMs });
    } catch (error) {
      this.#connection.close();
      throw error instanceof TimeoutError
        ? connectFailed(this.database, remotes, (error.cause as Error | undefined) ?? error)
        : error;
    }
  }

  /** The replicated tables. Reads answer from memory, from the last true state while the client reconnects. */
  get tables(): ReplicaTables<DB, S> {
    return this.#tables.tables;
  }

  /** What the client is doing: how true the replica is. */
  get state(): ClientState {
    return this.#connection.state;
  }

  /** The schema of the server that the client is, or was last, connected to. */
  get schema(): DatabaseSchema {
    if (this.#schema === undefined) throw new ClosedError(`the client of ${this.database} never was connected`);
    return this.#schema;
  }

  /** Has the server this table, or this column of it? An older server may lack what the types promise. */
  has(table: string, column?: string): boolean {
    const found = this.#schema?.tables.get(table);
    return found !== undefined && (column === undefined || found.columns.has(column));
  }

  /** Resolves when the replica is in sync, at once if it is. */
  async synced(limits: WaitLimits = {}): Promise<void> {
    await this.#connection.ready(limits);
  }

  /**
   * Takes other remotes from now on. The connection stays if its remote is still among them, and no other cluster is
   * asked for (`cid:`). Throws `InvalidRemoteError`, having changed nothing.
   */
  setRemotes(remotes: string | readonly string[]): void {
    this.#connection.setRemotes(remotes);
  }

  /**
   * Leaves the present server and connects to the next remote at once, without back-off; a wait between two attempts
   * is cut short. Transactions that are under way are let be answered first, while answers keep coming.
   */
  reconnect(reason = 'its owner asked for another'): void {
    this.#connection.reconnect(reason);
  }

  /**
   * Forgets how far the cluster has been followed. To be called when the cluster was put back to an older state on
   * purpose, from a backup of its files: its members are refused as stale (`ServerUnfit`) until then.
   */
  resetClusterPosition(): void {
    this.#connection.forgetPosition();
  }

  /**
   * Replicates further tables, or the same with other columns and conditions, over the same connection and with
   * rows, events and indexes of their own. Resolves when they are in sync for the first time; they are kept so over
   * reconnects, until closed. Two monitors are told of a transaction one after the other.
   *
   * Rejects as {@link synced}; with `SchemaError` for what does not exist; with `ValidationError` for a value in `where`
   * that its column cannot hold; with `RpcError` when the server refuses.
   */
  async monitor<const O extends TableChoice<DB>>({
    tables,
    ...limits
  }: MonitorOptions<DB, O>): Promise<MonitoredTables<DB, SelectionOf<DB, O>>> {
    const choice = { tables } as unknown as Pick<ErasedClientOptions, 'tables'>;
    const monitoring = this.#makeMonitoring(choice);
    try {
      // Later servers are looked at as they come.
      if (this.#schema !== undefined) this.#checkMonitoring(monitoring, this.#schema);
      await this.#connection.addMonitor(monitoring.monitor, limits);
    } catch (error) {
      this.#drop(monitoring);
      throw error;
    }
    return new MonitoredTables(monitoring, () => this.#drop(monitoring));
  }

  /** Says which rows of some tables are replicated from now on: see {@link MonitoredTables.setConditions}. */
  setConditions(conditions: NewConditions<DB, S>, limits?: WaitLimits): Promise<void> {
    return this.#tables.setConditions(conditions, limits);
  }

  /** The changes as a stream that is read at the consumer's pace: see {@link MonitoredTables.changes}. */
  changes(options?: ChangesOptions): AsyncIterable<Batch> {
    return this.#tables.changes(options);
  }

  /**
   * Asks for a lock of the server, now and on every later connection, until it is unlocked. The handle says whether it
   * is held; {@link Lock} tells what a lock does and does not protect. Throws `InvalidArgumentError` for a name that
   * is none.
   */
  lock(name: string, options?: LockOptions): Lock {
    return this.#locks.lock(name, options);
  }

  /**
   * Runs the synchronous `callback` and commits what it asked for as one transaction: all of it or nothing.
   * Resolves with the callback's return value, in which placeholders of inserted rows are their uuids and
   * pending results their values. By then the replica shows what the transaction did.
   *
   * When somebody else was faster (a wait or verify failed, a unique name was taken or a row that is referred to was
   * deleted meanwhile), the callback is run again on fresh data, at most `retries` times; so it must have no effects
   * of its own.
   *
   * Rejects with `TransactionError`, whose `outcome` says whether the transaction `failed` (nothing changed), was
   * `not-sent`, or is `unknown` because its reply was lost (it is then never sent again); with
   * `ValidationError` or `SchemaError` when the callback gave a value or column that the server would refuse; with
   * whatever the callback throws; with the signal's reason on abort.
   */
  transact<R>(callback: (tx: Transaction<DB, S>) => R, options?: TransactOptions): Promise<Resolved<R>> {
    return reportTransaction(
      (progress) => commit<DB, S, R>(this.#commitHost, callback, options, progress),
      this.#onTransaction,
    );
  }

  /** The client's figures at this moment: connections, syncs, traffic, rows, transactions. */
  metrics(): ClientMetrics {
    return this.#metrics.snapshot();
  }

  /** Calls `listener` at each event. Returns a function that stops it. */
  on<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Calls `listener` at the next event only. Returns a function that stops it. */
  once<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): () => void {
    return this.#events.once(event, listener);
  }

  /** Stops calling `listener`. */
  off<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): void {
    this.#events.off(event, listener);
  }

  /** Closes the connection; whatever is pending rejects. The replica stays readable. May be called again. */
  close(): void {
    const reason = new ClosedError(`the client of ${this.database} was closed`);
    this.#connection.close();
    this.#locks.close(reason);
    for (const monitoring of this.#monitorings) monitoring.end(reason);
  }

  /** Closes it, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #makeMonitoring(options: Pick<ErasedClientOptions, 'tables'>): TableMonitoring {
    const number = this.#monitoringsMade++;
    const monitoring = new TableMonitoring({
      database: this.database,
      monitorId: `ovn-northbound:${this.database}${number === 0 ? '' : `:${number}`}`,
      requests: tableRequests(options),
      known: this.#options.schema,
      onListenerError: (event, error) => this.#listenerThrew(event, error),
    });
    this.#monitorings.add(monitoring);
    const { events, replica } = monitoring;
    replica.events.on('batch', () => this.#metrics.batch(replica.lastBatch));
    events.on('overflow', (overflow) => this.#metrics.overflow(overflow));
    events.on('conditions', () => {
      const { state } = this;
      if (state.name === 'synced') this.#warnIgnoredConditions(state.remote);
    });
    return monitoring;
  }

  #drop(monitoring: TableMonitoring): void {
    this.#monitorings.delete(monitoring);
    this.#connection.removeMonitor(monitoring.monitor);
    monitoring.end(new ClosedError(`the monitor of ${this.database} was closed`));
  }

  *#rowCounts(): Generator<[table: string, rows: number]> {
    for (const { replica } of this.#monitorings)
      for (const [table, { rows }] of replica.stores) yield [table, rows.size];
  }

  #checkSchema(schema: DatabaseSchema, remote: string): void {
    const what = `database ${schema.name} ${schema.version} at ${remote}`;
    for (const table of this.#options.requiredTables ?? []) {
      if (schema.tables.has(table)) continue;
      const why = `${what} has no table ${table}, so it is not a database of the expected kind`;
      throw new SchemaError(why, { table });
    }
    for (const monitoring of this.#monitorings) this.#checkMonitoring(monitoring, schema);
    this.#schema = schema;
  }

  #checkMonitoring(monitoring: TableMonitoring, schema: DatabaseSchema): void {
    monitoring.checkSchema(schema, (message) => this.#warn({ code: 'SchemaLacks', message }));
  }

  #warnIgnoredConditions(remote: string): void {
    const tables = [...this.#monitorings].flatMap(({ monitor }) => monitor.unconditioned);
    if (tables.length === 0) return;
    const message =
      `the server at ${remote} cannot be given the conditions of ${tables.join(', ')}: it sends every row ` +
      '(it is too old for conditions, or a conversion of the schema left them without sense)';
    this.#warn({ code: 'ConditionsIgnored', message });
  }

  #listenerThrew(event: string, cause: unknown): void {
    this.#warn({ code: 'ListenerError', message: `a listener of "${event}" threw: ${String(cause)}`, cause });
  }

  #warn(warning: ClientWarning): void {
    if (warning.code !== 'ListenerError') {
      if (this.#warned.has(warning.message)) return;
      this.#warned.add(warning.message);
    }
    this.#metrics.warning(warning);
    if (this.#events.listenerCount('warning') > 0) this.#events.emit('warning', warning);
    else process.emitWarning(warning.message, { type: 'OvnNorthboundWarning', code: warning.code });
  }
}
