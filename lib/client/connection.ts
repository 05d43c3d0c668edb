/**
 * Keeps one replica in sync, whatever happens to the connections: one loop that connects, fetches the
 * schema, monitors, waits for the end, backs off and starts again, until it is closed. Nothing else opens
 * a session, so there is never more than one.
 */
import { setMaxListeners } from 'node:events';

import {
  ClosedError,
  ConnectFailedError,
  InvalidArgumentError,
  OvsdbError,
  RpcError,
  SchemaError,
  TimeoutError,
  ValidationError,
} from '../errors.js';
import type { Monitor } from '../replica/monitor.js';
import { Reconnect } from '../rpc/reconnect.js';
import { RpcSession } from '../rpc/session.js';
import { parseSchema, type DatabaseSchema } from '../schema/schema.js';
import type { ReadySession } from '../transaction/commit.js';
import { LONGEST_TIMER_MS } from '../timer.js';
import { formatRemote, parseRemotes, type Remote } from '../wire/remote.js';
import { connectStream } from '../wire/stream.js';
import type { ConnectionOptions } from './client-options.js';
import type { ClientState } from './client-state.js';

const MAX_SNAPSHOT_TIMEOUT_MS = 600_000;

/** What the connection needs of its client. */
export interface ConnectionHost {
  readonly database: string;
  readonly monitor: Monitor;
  onState(state: ClientState, previous: ClientState): void;
  /** Looks at the server's schema before anything is monitored. Throws `SchemaError` when it is of no use. */
  onSchema(schema: DatabaseSchema, remote: string): void;
}

interface Waiter {
  readonly resolve: (ready: ReadySession) => void;
  readonly reject: (reason: unknown) => void;
}

export class Connection {
  readonly #host: ConnectionHost;
  readonly #options: ConnectionOptions;
  readonly #remotes: readonly Remote[];
  readonly #backoff: Reconnect;
  readonly #waiters = new Set<Waiter>();
  /** Aborted by close: ends whatever the loop awaits. */
  readonly #closing = new AbortController();
  #remoteIndex = 0;
  #snapshotTimeoutMs: number;
  #state: ClientState = { name: 'connecting', remote: '' };
  #ready: ReadySession | undefined;
  #everReady = false;
  /** Remotes that gave an answer which trying again will not change, before the first success. */
  readonly #hopeless = new Map<string, Error>();
  #lastError: Error | undefined;

  /** Throws `InvalidRemoteError` or `InvalidArgumentError` for options that make no sense. */
  constructor(host: ConnectionHost, options: ConnectionOptions) {
    this.#host = host;
    this.#options = options;
    requireTimes(options);
    const { remotes } = parseRemotes(options.remotes);
    this.#remotes = options.shuffle === false ? remotes : shuffled(remotes);
    this.#snapshotTimeoutMs = options.snapshotTimeoutMs ?? 60_000;
    const minBackoffMs = options.backoff?.minMs ?? 1000;
    const maxBackoffMs = Math.max(minBackoffMs, options.backoff?.maxMs ?? 8000);
    const now = performance.now();
    this.#backoff = new Reconnect(now, { minBackoffMs, maxBackoffMs, probeIntervalMs: 0 });
    this.#backoff.setFreeTries(this.#remotes.length);
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Begins; to be called once. */
  start(): void {
    this.#backoff.enable(performance.now());
    void this.#run();
  }

  /**
   * Resolves when the replica is in sync. Rejects with `TimeoutError`, the signal's reason, or, once the
   * connection is closed, `ClosedError` or what made it give up.
   */
  ready({ signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs: number }): Promise<ReadySession> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.#ready !== undefined && !this.#ready.session.closed) return Promise.resolve(this.#ready);
    if (this.#state.name === 'closed') return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => {
      const settle = (how: () => void): void => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        how();
      };
      const onAbort = (): void => waiter.reject(signal?.reason);
      const waiter: Waiter = {
        resolve: (ready) => settle(() => resolve(ready)),
        reject: (reason) => settle(() => reject(reason)),
      };
      const timer = Number.isFinite(timeoutMs)
        ? setTimeout(() => waiter.reject(this.#notInTime(timeoutMs)), Math.min(timeoutMs, LONGEST_TIMER_MS))
        : undefined;
      // One signal may well end hundreds of waits.
      if (signal !== undefined) setMaxListeners(0, signal);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** Ends everything for good. Waiting callers get `error`, or `ClosedError`. */
  close(error?: Error): void {
    if (this.#state.name === 'closed') return;
    const session = this.#ready?.session;
    this.#ready = undefined;
    this.#setState({ name: 'closed', error });
    this.#closing.abort(this.#closedError());
    session?.close();
    for (const waiter of this.#waiters) waiter.reject(this.#closedError());
  }

  async #run(): Promise<void> {
    while (!this.#isClosed()) {
      const remote = this.#remotes[this.#remoteIndex % this.#remotes.length] as Remote;
      this.#backoff.connecting(performance.now());
      const error = await this.#connectAndFollow(remote);
      if (this.#isClosed()) return;
      this.#ready = undefined;
      this.#lastError = error;
      if (this.#isHopeless(remote, error)) {
        this.close(error);
        return;
      }
      this.#remoteIndex++;
      const now = performance.now();
      if (this.#backoff.isConnected) this.#backoff.activity(now);
      this.#backoff.disconnected(now);
      await this.#pause(Math.max(0, this.#backoff.deadline(now) - now), error);
    }
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** One connection, from the first attempt to the end. Never rejects: resolves with why it ended. */
  async #connectAndFollow(remote: Remote): Promise<Error> {
    const name = formatRemote(remote);
    const signal = this.#closing.signal;
    let session: RpcSession | undefined;
    try {
      this.#setState({ name: 'connecting', remote: name });
      const { connectTimeoutMs: timeoutMs, tls } = this.#options;
      const stream = await connectStream(remote, tls, { signal, timeoutMs });
      this.#setState({ name: 'syncing', remote: name });
      let end: (error: OvsdbError) => void = () => undefined;
      const ended = new Promise<OvsdbError>((resolve) => (end = resolve));
      session = new RpcSession(stream, {
        onNotification: (method, params) => this.#host.monitor.handle(method, params),
        onClose: (error) => end(error),
        maxMessageBytes: this.#options.maxMessageBytes,
        probeIntervalMs: this.#options.probeIntervalMs,
      });
      const schema = await this.#fetchSchema(session, name);
      this.#host.onSchema(schema, name);
      const { method, kind } = await this.#monitor(session, schema);
      // A listener that was told of the snapshot may have closed the client.
      signal.throwIfAborted();
      this.#becomeReady({ session, schema }, { name: 'synced', remote: name, method, kind });
      return await ended;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      session?.close();
    }
  }

  async #fetchSchema(session: RpcSession, remote: string): Promise<DatabaseSchema> {
    const { database } = this.#host;
    const options = { signal: this.#closing.signal, timeoutMs: this.#options.schemaTimeoutMs ?? 10_000 };
    try {
      return parseSchema(await session.request('get_schema', [database], options));
    } catch (error) {
      if (!(error instanceof RpcError) || error.error !== 'unknown database') throw error;
      const served = await session.request('list_dbs', [], options);
      const names = Array.isArray(served) ? served.filter((name) => name !== '_Server').join(', ') : '';
      throw new SchemaError(`${remote} has no database ${database}; it serves ${names === '' ? 'none' : names}`, {
        cause: error,
      });
    }
  }

  async #monitor(session: RpcSession, schema: DatabaseSchema): ReturnType<Monitor['start']> {
    try {
      return await this.#host.monitor.start(session, schema, this.#snapshotTimeoutMs, this.#closing.signal);
    } catch (error) {
      if (error instanceof TimeoutError) {
        this.#snapshotTimeoutMs = Math.min(MAX_SNAPSHOT_TIMEOUT_MS, this.#snapshotTimeoutMs * 2);
      }
      throw error;
    }
  }

  #becomeReady(ready: ReadySession, state: ClientState): void {
    if (ready.session.closed) return;
    this.#ready = ready;
    this.#everReady = true;
    this.#hopeless.clear();
    this.#backoff.connected(performance.now());
    this.#setState(state);
    for (const waiter of this.#waiters) waiter.resolve(ready);
  }

  /** Before the first success, an answer that trying again will not change ends it once every remote gave one. */
  #isHopeless(remote: Remote, error: Error): boolean {
    if (this.#everReady) return false;
    const name = formatRemote(remote);
    const final =
      error instanceof SchemaError || error instanceof InvalidArgumentError || error instanceof ValidationError;
    if (final) this.#hopeless.set(name, error);
    else this.#hopeless.delete(name);
    return this.#remotes.every((each) => this.#hopeless.has(formatRemote(each)));
  }

  /** Waits, a little less than told so that many clients do not come back at the same moment. */
  #pause(backoffMs: number, error: Error): Promise<void> {
    const delayMs = Math.round(backoffMs * (1 - Math.random() * 0.25));
    this.#setState({ name: 'backoff', delayMs, error });
    const { signal } = this.#closing;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, delayMs);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #setState(state: ClientState): void {
    if (this.#state.name === 'closed') return;
    const previous = this.#state;
    this.#state = state;
    this.#host.onState(state, previous);
  }

  #closedError(): Error {
    const { error } = this.#state as { error?: Error };
    return error ?? new ClosedError(`the client of ${this.#host.database} was closed`);
  }

  #notInTime(timeoutMs: number): TimeoutError {
    const last = this.#lastError === undefined ? `it is ${this.#state.name}` : this.#lastError.message;
    return new TimeoutError(
      `the replica of ${this.#host.database} was not in sync within ${Math.round(timeoutMs)} ms: ${last}`,
      timeoutMs,
      {
        cause: this.#lastError,
      },
    );
  }
}

/** What is no number would make a time limit of no time, or of none, and a back-off a busy loop. */
function requireTimes(options: ConnectionOptions): void {
  const { connectTimeoutMs, schemaTimeoutMs, snapshotTimeoutMs, readyTimeoutMs, backoff = {} } = options;
  const times = { connectTimeoutMs, schemaTimeoutMs, snapshotTimeoutMs, readyTimeoutMs, ...backoff };
  for (const [name, value] of Object.entries(times)) {
    if (value !== undefined && !(value >= 0)) throw new InvalidArgumentError(`${name} is ${value}; give 0 or more`);
  }
}

/** The error of a `connect` that ran out of time. */
export function connectFailed(database: string, remotes: string | readonly string[], cause: Error): ConnectFailedError {
  return new ConnectFailedError(`connecting to ${String(remotes)} for database ${database} failed: ${cause.message}`, {
    cause,
  });
}

function shuffled(remotes: readonly Remote[]): Remote[] {
  const order = [...remotes];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j] as Remote, order[i] as Remote];
  }
  return order;
}
