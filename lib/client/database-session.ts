/**
 * One session with one server, as seen from the database: is the server fit to be followed, what is its schema, are
 * all monitors up to date. It lasts until the connection ends or the server is no longer fit; when the database itself
 * changes (its schema is converted, or it goes and comes back), it is synchronised again on the same session.
 */
import { RpcError, SchemaError, ServerUnfitError, TimeoutError, type OvsdbError } from '../errors.js';
import type { Monitor, MonitorStart } from '../replica/monitor.js';
import { RpcSession, type RpcSessionOptions } from '../rpc/session.js';
import { parseSchema, type DatabaseSchema } from '../schema/schema.js';
import { formatRemote } from '../wire/remote.js';
import type { Stream } from '../wire/stream.js';
import { notePosition, ServerDatabase, type FollowRules, type ServerStatus } from './server-database.js';

/** What a session needs of its connection. */
export interface SessionHost {
  readonly rules: FollowRules;
  readonly monitors: ReadonlySet<Monitor>;
  /** Looks at the server's schema before anything is monitored. Throws `SchemaError` when it is of no use. */
  onSchema(schema: DatabaseSchema, remote: string): void;
  /** The server did not send its snapshot in time. */
  onSlowSnapshot(): void;
  /** The server belongs to another cluster than the one that was followed before. */
  onOtherCluster(message: string): void;
  /** Takes notifications that are not for a monitor. */
  onNotification(method: string, params: readonly unknown[]): void;
}

/** How long a session waits for replies, and what ends the waiting. */
export interface SessionLimits {
  /** For the first reply. */
  readonly connectTimeoutMs: number;
  readonly schemaTimeoutMs: number;
  readonly snapshotTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a session is after its monitors have been brought up to date. */
export interface SyncedSession extends MonitorStart {
  readonly schema: DatabaseSchema;
  readonly server: ServerStatus | undefined;
  /** Has the server told since that the database has another schema, or is another one? */
  readonly isOutdated: () => boolean;
}

/** Ways in which a session stops being in sync: the database changed, or the session has to be given up. */
export type Interruption = 'changed' | OvsdbError;

/**
 * How long a server that is to be left may take from one answer to the next, and in all. One that has lost its lead
 * hands the transactions that it still has on to the next leader, and does so one by one, each when the one before is
 * in force everywhere: hundreds take seconds where disks are slow.
 */
const DRAIN_QUIET_MS = 1000;
const DRAIN_LIMIT_MS = 10_000;

/** See the head of this file. */
export class DatabaseSession {
  readonly rpc: RpcSession;
  readonly #host: SessionHost;
  readonly #remote: string;
  readonly #server: ServerDatabase;
  #knowsServer = false;
  #synced = false;
  #leads = false;
  #leadChanges = 0;
  /** How often the database was said to have another schema, or to be another one. */
  #databaseChanges = 0;
  #interruption: Interruption | undefined;
  #onInterruption: ((interruption: Interruption) => void) | undefined;

  constructor(
    stream: Stream,
    host: SessionHost,
    options: Pick<RpcSessionOptions, 'maxMessageBytes' | 'probeIntervalMs'>,
  ) {
    this.#host = host;
    this.#remote = formatRemote(stream.remote);
    this.#server = new ServerDatabase(host.rules, this.#remote, () => this.#judgeServer());
    this.rpc = new RpcSession(stream, {
      onNotification: (method, params) => this.#onNotification(method, params),
      onClose: (error) => this.leave(error),
      maxMessageBytes: options.maxMessageBytes,
      probeIntervalMs: options.probeIntervalMs,
    });
  }

  /**
   * Asks the server what it is; resolves with its first replies, which are the proof that it talks to us.
   * Rejects with `ServerUnfitError`, and as `RpcSession.request`.
   */
  async open({ connectTimeoutMs, signal }: SessionLimits): Promise<void> {
    try {
      this.#knowsServer = await this.#server.start(this.rpc, connectTimeoutMs, signal);
      this.#leads = leads(this.#server.status);
      if (!this.#knowsServer) return;
      // From now on the server says when the database changes, instead of closing the connection.
      await this.rpc.request('set_db_change_aware', [true], { timeoutMs: connectTimeoutMs, signal });
    } catch (error) {
      throw this.#interruption instanceof ServerUnfitError ? this.#interruption : error;
    }
    const unfit = this.#server.unfit();
    // Of a database that is not there, the schema's absence tells more.
    if (unfit !== undefined && (unfit.reason !== 'no-database' || this.#host.rules.clusterId !== undefined))
      throw unfit;
  }

  /**
   * Fetches the schema and brings every monitor up to date. Rejects with `SchemaError`, with `ServerUnfitError`, with
   * `TimeoutError`, and as `Monitor.start`.
   */
  async sync(limits: SessionLimits): Promise<SyncedSession> {
    this.#synced = false;
    try {
      return await this.#syncOnce(limits);
    } catch (error) {
      // What is refused, because the database changed after its schema had been read, is asked for once more.
      if (error instanceof RpcError && !this.rpc.closed) return await this.#syncOnce(limits);
      throw this.#interruption instanceof ServerUnfitError ? this.#interruption : error;
    }
  }

  /** How often the server has begun or ceased to lead its cluster. */
  get leadChanges(): number {
    return this.#leadChanges;
  }

  /** Resolves when the session stops being in sync, and how. */
  interrupted(): Promise<Interruption> {
    const interruption = this.#interruption;
    if (interruption !== undefined) {
      if (interruption === 'changed') this.#interruption = undefined;
      return Promise.resolve(interruption);
    }
    return new Promise((resolve) => {
      this.#onInterruption = (how) => {
        if (how === 'changed') this.#interruption = undefined;
        resolve(how);
      };
    });
  }

  /** Gives the session up for a reason, at the next chance. */
  leave(error: OvsdbError): void {
    this.#interrupt(error);
    // Nobody waits for anything else before the session is in sync.
    if (!this.#synced) this.rpc.end(error);
  }

  /** Lets transactions that are under way be answered, while answers keep coming, and ends the session. */
  async drain(error: OvsdbError): Promise<void> {
    // A server without its cluster leaves them unanswered.
    const answers = !(error instanceof ServerUnfitError) || error.reason === 'not-leader';
    if (answers) await this.rpc.drained(DRAIN_QUIET_MS, DRAIN_LIMIT_MS);
    this.rpc.end(error);
  }

  async #syncOnce({ schemaTimeoutMs, snapshotTimeoutMs, signal }: SessionLimits): Promise<SyncedSession> {
    for (;;) {
      const schema = await this.#fetchSchema({ timeoutMs: schemaTimeoutMs, signal });
      this.#host.onSchema(schema, this.#remote);
      const first = await this.#startMonitors(schema, snapshotTimeoutMs, signal);
      if (this.#interruption === 'changed') {
        this.#interruption = undefined;
        continue;
      }
      if (this.#interruption !== undefined) throw this.#interruption;
      const server = this.#knowsServer ? this.#server.status : undefined;
      if (server !== undefined) this.#noteServer(server);
      this.#synced = true;
      const changes = this.#databaseChanges;
      return { ...first, schema, server, isOutdated: () => this.#databaseChanges !== changes };
    }
  }

  #noteServer(server: ServerStatus): void {
    const { seen, database } = this.#host.rules;
    const { clusterId } = server;
    const isOther = seen.clusterId !== undefined && clusterId !== undefined && clusterId !== seen.clusterId;
    // A caller who named the cluster knows.
    if (isOther && this.#host.rules.clusterId === undefined) {
      const what = `${this.#remote} belongs to cluster ${clusterId} of ${database}, not to ${seen.clusterId} as before`;
      this.#host.onOtherCluster(`${what}; name the cluster in the remotes (cid:UUID) if that is a mistake`);
    }
    notePosition(seen, server);
  }

  /** Brings all monitors up to date; resolves with how that went for the first. */
  async #startMonitors(schema: DatabaseSchema, timeoutMs: number, signal: AbortSignal): Promise<MonitorStart> {
    const monitors = [...this.#host.monitors];
    const starts = monitors.map((monitor) => monitor.start(this.rpc, schema, timeoutMs, signal));
    try {
      // All have come to an end before anything is tried again.
      await Promise.allSettled(starts);
      // Those that were closed meanwhile are of no concern any more.
      const [first] = await Promise.all(starts.filter((_, i) => this.#host.monitors.has(monitors[i] as Monitor)));
      return first as MonitorStart;
    } catch (error) {
      if (error instanceof TimeoutError) this.#host.onSlowSnapshot();
      throw error;
    }
  }

  async #fetchSchema(options: { timeoutMs: number; signal: AbortSignal }): Promise<DatabaseSchema> {
    const { database } = this.#host.rules;
    try {
      return parseSchema(await this.rpc.request('get_schema', [database], options));
    } catch (error) {
      if (!(error instanceof RpcError) || error.error !== 'unknown database') throw error;
      const served = await this.rpc.request('list_dbs', [], options);
      const names = Array.isArray(served) ? served.filter((name) => name !== '_Server').join(', ') : '';
      const what = `${this.#remote} has no database ${database}; it serves ${names === '' ? 'none' : names}`;
      throw new SchemaError(what, { cause: error });
    }
  }

  #onNotification(method: string, params: readonly unknown[]): void {
    if (method === 'monitor_canceled') {
      for (const monitor of this.#host.monitors) {
        if (monitor.id !== params[0]) continue;
        monitor.canceled();
        this.#databaseChanges++;
        this.#interrupt('changed');
      }
      return;
    }
    this.#server.handle(method, params);
    for (const monitor of this.#host.monitors) monitor.handle(method, params);
    this.#host.onNotification(method, params);
  }

  #judgeServer(): void {
    const { status } = this.#server;
    if (leads(status) !== this.#leads) {
      this.#leads = !this.#leads;
      this.#leadChanges++;
    }
    const unfit = this.#server.unfit();
    if (unfit !== undefined) this.leave(unfit);
    else if (this.#synced && status !== undefined) notePosition(this.#host.rules.seen, status);
  }

  #interrupt(how: Interruption): void {
    // The first reason to give the session up is the reason.
    if (this.#interruption !== undefined && this.#interruption !== 'changed') return;
    this.#interruption = how;
    this.#synced &&= how !== 'changed';
    const tell = this.#onInterruption;
    this.#onInterruption = undefined;
    tell?.(how);
  }
}

function leads(status: ServerStatus | undefined): boolean {
  return status?.leader === true && status.connected;
}
