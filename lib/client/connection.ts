/**
 * Keeps replicas in sync, whatever happens to the connections: one loop that connects, looks at the server,
 * monitors, waits for the end, backs off and starts again with the next remote, until it is closed. Nothing else opens
 * a session, so there is never more than one.
 */
import { setMaxListeners } from 'node:events';

import {
  ClosedError,
  ConnectFailedError,
  ConnectionLostError,
  InvalidArgumentError,
  OvsdbError,
  ProtocolError,
  SchemaError,
  ServerUnfitError,
  TimeoutError,
  ValidationError,
} from '../errors.js';
import type { Monitor } from '../replica/monitor.js';
import type { RpcSession } from '../rpc/session.js';
import type { DatabaseSchema } from '../schema/schema.js';
import { clearTimeout, LONGEST_TIMER_MS, setTimeout } from '../timer.js';
import type { ReadySession } from '../transaction/commit.js';
import { WaitList, type WaitLimits } from '../wait-list.js';
import { formatRemote, isPassive, type Remote } from '../wire/remote.js';
import type { Stream } from '../wire/stream.js';
import { streamOpener } from '../wire/stream-opener.js';
import type { ConnectionOptions } from './client-options.js';
import type { ClientState } from './client-state.js';
import { DatabaseSession, type SessionHost, type SessionLimits } from './database-session.js';
import { RemoteList } from './remote-list.js';
import { RetryPace } from './retry-pace.js';
import type { ClusterPosition } from './server-database.js';

const MAX_SNAPSHOT_TIMEOUT_MS = 600_000;

/** What the connection needs of its client. */
export interface ConnectionHost {
  readonly database: string;
  onState(state: ClientState, previous: ClientState): void;
  /** Looks at the server's schema before anything is monitored. Throws `SchemaError` when it is of no use. */
  onSchema(schema: DatabaseSchema, remote: string): void;
  /** A session was made, and nothing sent yet. */
  onSessionMade(session: RpcSession): void;
  /** The session that was made last is over. */
  onSessionEnded(): void;
  /** A session is in sync: for the first time, or again after the database had changed. */
  onSession(session: DatabaseSession): void;
  /** The remotes have led to another cluster than before. */
  onOtherCluster(message: string): void;
  /** The session that was in sync is over, or about to be. It is not while its database changes. */
  onSessionLost(): void;
  /** Takes notifications that are not for a monitor. */
  onNotification(method: string, params: readonly unknown[]): void;
}

/** See the head of this file. */
export class Connection {
  readonly #host: ConnectionHost;
  readonly #options: ConnectionOptions;
  readonly #remotes: RemoteList;
  readonly #pace: RetryPace;
  readonly #monitors = new Set<Monitor>();
  readonly #waiters = new WaitList<ReadySession>();
  readonly #opener = streamOpener();
  /** The newest that was seen of a cluster, kept over connections. */
  readonly #seen: ClusterPosition = { clusterId: undefined, index: 0 };
  /** Aborted to end the attempt that is under way, or the pause after one. */
  #attempt = new AbortController();
  #session: DatabaseSession | undefined;
  #snapshotTimeoutMs: number;
  #state: ClientState = { name: 'connecting', remote: '' };
  #ready: ReadySession | undefined;
  #everReady = false;
  #lastError: Error | undefined;

  /** Throws `InvalidRemoteError` or `InvalidArgumentError` for options that make no sense. */
  constructor(host: ConnectionHost, options: ConnectionOptions) {
    this.#host = host;
    this.#options = options;
    requireTimes(options);
    this.#remotes = new RemoteList(options.remotes, options.shuffle !== false);
    this.#snapshotTimeoutMs = options.snapshotTimeoutMs ?? 60_000;
    this.#pace = new RetryPace(options.backoff ?? {}, () => this.#remotes.size);
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Begins; to be called once. */
  start(monitor: Monitor): void {
    this.#monitors.add(monitor);
    void this.#run();
  }

  /** What {@link ready} would resolve with at once. */
  readyNow(): ReadySession | undefined {
    return this.#ready?.session.closed === false ? this.#ready : undefined;
  }

  /**
   * Resolves when the replica is in sync. Rejects with `TimeoutError`, the signal's reason, or, once the
   * connection is closed, `ClosedError` or what made it give up.
   */
  ready(limits: WaitLimits): Promise<ReadySession> {
    if (limits.signal?.aborted === true) return Promise.reject(limits.signal.reason as Error);
    const ready = this.readyNow();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#state.name === 'closed') return Promise.reject(this.#closedError());
    return this.#waiters.wait(limits, () => this.#notInTime(limits.timeoutMs ?? Infinity));
  }

  /** Keeps one more monitor up to date; resolves when it is for the first time. Rejects as {@link ready}. */
  async addMonitor(monitor: Monitor, limits: WaitLimits): Promise<void> {
    const { timeoutMs = Infinity } = limits;
    const given = limits.signal === undefined ? [] : [limits.signal];
    const late = new AbortController();
    const timer = Number.isFinite(timeoutMs)
      ? setTimeout(() => late.abort(this.#notInTime(timeoutMs)), Math.min(timeoutMs, LONGEST_TIMER_MS))
      : undefined;
    const signal = AbortSignal.any([...given, late.signal]);
    this.#monitors.add(monitor);
    try {
      for (;;) {
        const { session, schema } = await this.ready({ signal });
        if (monitor.isActiveOn(session)) return;
        try {
          await monitor.start(session, schema, this.#snapshotTimeoutMs, signal);
        } catch (error) {
          // Once the session is over, or its database has changed, it is started together with the others.
          if (signal.aborted || (this.#ready?.session === session && !session.closed)) throw error;
        }
      }
    } catch (error) {
      this.#monitors.delete(monitor);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Forgets a monitor that {@link addMonitor} was given. */
  removeMonitor(monitor: Monitor): void {
    this.#monitors.delete(monitor);
  }

  /**
   * Takes other remotes from now on. What is connected stays if its remote is still among them and no other cluster
   * is asked for. Throws `InvalidRemoteError`, having changed nothing.
   */
  setRemotes(remotes: string | readonly string[]): void {
    const before = this.#ready === undefined ? this.#remotes.clusterId : this.#seen.clusterId;
    this.#remotes.set(remotes, this.#options.shuffle !== false);
    const remote = 'remote' in this.#state ? this.#state.remote : '';
    const { clusterId } = this.#remotes;
    const isOther = clusterId !== undefined && clusterId !== before;
    if (this.#remotes.has(remote) && !isOther) return;
    this.reconnect('its remote is no longer listed');
  }

  /** Leaves the present server, or the pause between two, and connects to the next remote at once. */
  reconnect(reason: string): void {
    if (this.#state.name === 'closed') return;
    const { database } = this.#host;
    const error = new ConnectionLostError(`the connection for ${database} was given up: ${reason}`, { sent: false });
    this.#pace.hurry();
    if (this.#ready === undefined) this.#attempt.abort(error);
    else {
      // Who asks for a connection from now on gets the next.
      this.#ready = undefined;
      this.#session?.leave(error);
    }
  }

  /** Forgets how far the cluster has been followed, so that members that are behind that may be followed again. */
  forgetPosition(): void {
    this.#seen.clusterId = undefined;
    this.#seen.index = 0;
    if (this.#ready === undefined) this.reconnect('the position in the cluster was reset');
  }

  /** Ends everything for good. Waiting callers get `error`, or `ClosedError`. */
  close(error?: Error): void {
    if (this.#state.name === 'closed') return;
    this.#ready = undefined;
    this.#setState({ name: 'closed', error });
    this.#attempt.abort(this.#closedError());
    this.#opener.close();
    this.#session?.rpc.close();
    this.#session?.leave(new ClosedError('the client was closed'));
    this.#waiters.rejectAll(this.#closedError());
  }

  async #run(): Promise<void> {
    while (!this.#isClosed()) {
      this.#attempt = new AbortController();
      const remote = this.#remotes.current;
      const name = formatRemote(remote);
      this.#pace.connecting(isPassive(remote));
      const error = await this.#connectAndFollow(remote, name);
      if (this.#isClosed()) return;
      this.#lastError = error;
      if (!this.#everReady) {
        this.#remotes.note(name, isFinal(error));
        if (this.#remotes.isHopeless) {
          this.close(error);
          return;
        }
      }
      // A new list begins with its first.
      if (this.#remotes.current === remote) this.#remotes.advance();
      await this.#pause(this.#pace.pauseMs(error), error);
    }
  }

  #isClosed(): boolean {
    return this.#state.name === 'closed';
  }

  /** One connection, from the first attempt to the end. Never rejects: resolves with why it ended. */
  async #connectAndFollow(remote: Remote, name: string): Promise<Error> {
    const { signal } = this.#attempt;
    // Every monitor that is started listens to it.
    setMaxListeners(0, signal);
    let stream: Stream | undefined;
    let session: DatabaseSession | undefined;
    try {
      this.#setState({ name: 'connecting', remote: name });
      const {
        openStream = this.#opener.open,
        connectTimeoutMs = 10_000,
        schemaTimeoutMs = 10_000,
        tls,
      } = this.#options;
      const timeoutMs = this.#pace.connectTimeoutMs(connectTimeoutMs);
      stream = await openStream(remote, tls, { signal, timeoutMs });
      session = new DatabaseSession(stream, this.#sessionHost(), this.#options);
      this.#session = session;
      this.#host.onSessionMade(session.rpc);
      const limits = (): SessionLimits => ({
        connectTimeoutMs,
        schemaTimeoutMs,
        snapshotTimeoutMs: this.#snapshotTimeoutMs,
        signal,
      });
      await session.open(limits());
      for (;;) {
        this.#setState({ name: 'syncing', remote: name });
        const { method, kind, schema, server, isOutdated } = await session.sync(limits());
        // A listener that was told of the snapshot may have closed the client.
        signal.throwIfAborted();
        const clustered = server !== undefined && server.model !== 'standalone';
        const following = session;
        const leadChanges = (): number => following.leadChanges;
        this.#becomeReady(
          session,
          { session: session.rpc, schema, clustered, leadChanges, isOutdated },
          {
            name: 'synced',
            remote: name,
            method,
            kind,
            server,
          },
        );
        const interruption = await session.interrupted();
        this.#ready = undefined;
        if (interruption === 'changed') continue;
        this.#host.onSessionLost();
        await this.#leave(session, interruption);
        return interruption;
      }
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      session?.rpc.end(error instanceof OvsdbError ? error : new ProtocolError(error.message, { cause: error }));
      // Else an option that makes no sense has kept the session from being made.
      if (session === undefined) stream?.close();
      return error;
    } finally {
      this.#session = undefined;
      this.#host.onSessionEnded();
    }
  }

  /** Gives up a session that was in sync. */
  async #leave(session: DatabaseSession, error: OvsdbError): Promise<void> {
    this.#pace.leaving(error);
    if (session.rpc.closed || this.#isClosed()) return;
    this.#setState({ name: 'backoff', delayMs: 0, error });
    await session.drain(error);
  }

  #sessionHost(): SessionHost {
    const { database } = this.#host;
    const { leaderOnly = true } = this.#options;
    return {
      rules: { database, leaderOnly, clusterId: this.#remotes.clusterId, seen: this.#seen },
      monitors: this.#monitors,
      onSchema: (schema, remote) => this.#host.onSchema(schema, remote),
      onSlowSnapshot: () => {
        const doubledMs = Math.min(MAX_SNAPSHOT_TIMEOUT_MS, this.#snapshotTimeoutMs * 2);
        // The caller may have given it more than that.
        this.#snapshotTimeoutMs = Math.max(this.#snapshotTimeoutMs, doubledMs);
      },
      onOtherCluster: (message) => this.#host.onOtherCluster(message),
      onNotification: (method, params) => this.#host.onNotification(method, params),
    };
  }

  #becomeReady(session: DatabaseSession, ready: ReadySession, state: ClientState): void {
    if (ready.session.closed) return;
    this.#ready = ready;
    this.#everReady = true;
    this.#pace.synced();
    this.#host.onSession(session);
    this.#setState(state);
    this.#waiters.resolveAll(ready);
  }

  /** Waits, a little less than told so that many clients do not come back at the same moment. */
  #pause(backoffMs: number, error: Error): Promise<void> {
    const delayMs = Math.round(backoffMs * (1 - Math.random() * 0.25));
    // Before the listeners are told, for they may ask for an end of the pause.
    const attempt = (this.#attempt = new AbortController());
    if (this.#state.name !== 'backoff' || delayMs > 0) this.#setState({ name: 'backoff', delayMs, error });
    if (attempt.signal.aborted || this.#isClosed()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        attempt.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(delayMs, LONGEST_TIMER_MS));
      attempt.signal.addEventListener('abort', done, { once: true });
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
    const what = `the replica of ${this.#host.database} was not in sync within ${Math.round(timeoutMs)} ms: ${last}`;
    return new TimeoutError(what, timeoutMs, { cause: this.#lastError });
  }
}

/** Is this an answer that trying again will not change? */
function isFinal(error: Error): boolean {
  return (
    error instanceof SchemaError ||
    error instanceof InvalidArgumentError ||
    error instanceof ValidationError ||
    (error instanceof ServerUnfitError && error.reason === 'relay')
  );
}

/** What is no number would make a time limit of no time, or of none, and a back-off a busy loop. */
function requireTimes(options: ConnectionOptions): void {
  const {
    connectTimeoutMs,
    schemaTimeoutMs,
    snapshotTimeoutMs,
    readyTimeoutMs,
    probeIntervalMs,
    backoff = {},
  } = options;
  const times = { connectTimeoutMs, schemaTimeoutMs, snapshotTimeoutMs, readyTimeoutMs, probeIntervalMs, ...backoff };
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
