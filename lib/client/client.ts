/**
 * The client of one database: a replica that is kept in sync over reconnects, and transactions. It serves
 * any OVSDB schema; `connectNorthbound` gives it the northbound types.
 */
import { GuardedEmitter } from '../emitter.js';
import { ClosedError, SchemaError, TimeoutError } from '../errors.js';
import { Monitor } from '../replica/monitor.js';
import { Replica } from '../replica/replica.js';
import type { TableRequest } from '../replica/table.js';
import { replicaTables, type ReplicaTables } from '../replica/tables.js';
import { compareSchemas } from '../schema/compare.js';
import { DatabaseSchema, TableSchema } from '../schema/schema.js';
import type { UntypedTables } from '../schema/types.js';
import type { Transaction } from '../transaction/builder.js';
import { commit, type TransactOptions } from '../transaction/commit.js';
import type { Resolved } from '../transaction/pending.js';
import {
  tableRequests,
  type ClientOptions,
  type ErasedClientOptions,
  type SelectionOf,
  type TableChoice,
} from './client-options.js';
import type { ClientEvents, ClientState, ClientWarning } from './client-state.js';
import { Connection, connectFailed } from './connection.js';

/** Options of {@link OvsdbClient.synced}. */
export interface SyncedOptions {
  /** Ends the waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait in milliseconds. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

/** A client of one database. `DB` describes its tables, `S` which of them and which columns are replicated. */
export class OvsdbClient<DB = UntypedTables, S = SelectionOf<DB, 'all'>> implements AsyncDisposable {
  /** Name of the database. */
  readonly database: string;
  /** The replicated tables. Reads answer from memory, from the last true state while the client reconnects. */
  readonly tables: ReplicaTables<DB, S>;
  readonly #replica: Replica;
  readonly #connection: Connection;
  readonly #events: GuardedEmitter<ClientEvents>;
  readonly #known: DatabaseSchema | undefined;
  readonly #options: ErasedClientOptions;
  readonly #warned = new Set<string>();
  #schema: DatabaseSchema | undefined;

  /** Use {@link OvsdbClient.connect}, which starts the client and waits for the first snapshot. */
  protected constructor(options: ErasedClientOptions) {
    this.database = options.database;
    this.#options = options;
    this.#known = options.schema;
    const onListenerError = (event: string, cause: unknown): void => {
      this.#warn({ code: 'ListenerError', message: `a listener of "${event}" threw: ${String(cause)}`, cause });
    };
    this.#events = new GuardedEmitter((event, cause) => {
      if (event === 'warning') process.emitWarning(`a listener of "warning" threw: ${String(cause)}`);
      else onListenerError(event, cause);
    });
    if (options.onWarning !== undefined) this.#events.on('warning', options.onWarning);
    this.#replica = new Replica(tableRequests(options), onListenerError);
    this.#replica.events.on('batch', (batch) => {
      if (this.#events.listenerCount('batch') > 0) this.#events.emit('batch', batch);
    });
    this.tables = replicaTables(options.database, this.#replica);
    const monitor = new Monitor(options.database, this.#replica);
    this.#connection = new Connection(
      {
        database: options.database,
        monitor,
        onState: (state, previous) => {
          if (state.name === 'synced') this.#warnIgnoredConditions(monitor.unconditioned, state.remote);
          this.#events.emit('state', state, previous);
        },
        onSchema: (schema, remote) => this.#checkSchema(schema, remote),
      },
      options,
    );
  }

  /**
   * Connects, and resolves when the replica is in sync.
   *
   * Rejects with `ConnectFailedError` when that takes longer than `readyTimeoutMs`; with `SchemaError` when no
   * remote has the database, or a table or column that was asked for; with `InvalidRemoteError`,
   * `InvalidArgumentError` for options that make no sense; with the signal's reason on abort.
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
    this.#connection.start();
    try {
      await this.#connection.ready({ signal, timeoutMs: readyTimeoutMs });
    } catch (error) {
      this.#connection.close();
      throw error instanceof TimeoutError
        ? connectFailed(this.database, remotes, (error.cause as Error | undefined) ?? error)
        : error;
    }
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
  async synced({ signal, timeoutMs = Infinity }: SyncedOptions = {}): Promise<void> {
    await this.#connection.ready({ signal, timeoutMs });
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
    const host = {
      database: this.database,
      tables: this.tables,
      replica: this.#replica,
      knownSchema: this.#known,
      ready: (limits: { signal?: AbortSignal | undefined; timeoutMs: number }) => this.#connection.ready(limits),
    };
    return commit<DB, S, R>(host, callback, options);
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
    this.#connection.close();
    this.#replica.failWaiters(new ClosedError(`the client of ${this.database} was closed`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #checkSchema(schema: DatabaseSchema, remote: string): void {
    const what = `database ${schema.name} ${schema.version} at ${remote}`;
    const requests = tableRequests(this.#options);
    for (const table of this.#options.requiredTables ?? []) {
      if (!schema.tables.has(table)) {
        throw new SchemaError(`${what} has no table ${table}, so it is not a database of the expected kind`, {
          table,
        });
      }
    }
    for (const request of requests === 'all' ? [] : requests) {
      // What the caller's own schema has may be missing in an older server; what neither has is a mistake.
      const { table } = request;
      if (this.#known?.tables.has(table) !== true) schema.table(table);
      for (const column of columnsOf(request)) {
        if (this.#known?.tables.get(table)?.columns.has(column) !== true) schema.table(table).column(column);
      }
    }
    this.#schema = schema;
    if (this.#known === undefined) return;
    const wanted = requests === 'all' ? this.#known : narrowed(this.#known, requests);
    for (const message of compareSchemas(wanted, schema).warnings) this.#warn({ code: 'SchemaLacks', message });
  }

  #warnIgnoredConditions(tables: readonly string[], remote: string): void {
    if (tables.length === 0) return;
    const message = `the server at ${remote} is too old for the "where" of ${tables.join(', ')}: it sends every row`;
    this.#warn({ code: 'ConditionsIgnored', message });
  }

  #warn(warning: ClientWarning): void {
    if (warning.code !== 'ListenerError') {
      if (this.#warned.has(warning.message)) return;
      this.#warned.add(warning.message);
    }
    if (this.#events.listenerCount('warning') > 0) this.#events.emit('warning', warning);
    else process.emitWarning(warning.message, { type: 'OvnNorthboundWarning', code: warning.code });
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
function columnsOf({ columns = [], where = [], indexes = [] }: TableRequest): string[] {
  const parts = indexes.flat().map((part) => (typeof part === 'string' ? part : part.column));
  return [...columns, ...where.map(([column]) => column), ...parts].filter((column) => column !== '_uuid');
}
