/**
 * Counts what a client does, and tells it on the channels of `diagnostics.ts`. Its owner calls a method for each thing
 * that happens; each costs a few additions. What others know better is asked for when a snapshot is made.
 */
import { publish } from '../diagnostics.js';
import type { ChangesOverflow } from '../replica/changes.js';
import type { BatchSummary } from '../replica/replica.js';
import type { RpcSessionStats } from '../rpc/session.js';
import { performance } from '../timer.js';
import type { ClientMetrics, SyncMetrics, TransactionReport } from './client-metrics.js';
import type { ClientState, ClientWarning } from './client-state.js';
import { LatencyHistogram } from './latency-histogram.js';

/** A session as far as its figures go. */
export interface CountedSession {
  readonly stats: Omit<RpcSessionStats, 'pendingRequests'>;
}

/** What is asked for when a snapshot is made. */
export interface MetricsSources {
  readonly database: string;
  /** Number of rows by table, of each replica. */
  rows(): Iterable<readonly [table: string, rows: number]>;
  /** Transactions that are under way, and those that wait for their turn. */
  transactions(): { readonly inFlight: number; readonly waiting: number };
  /** Milliseconds from an arbitrary start. Default: the machine's monotonic clock. */
  now?(): number;
}

interface Traffic {
  bytesReceived: number;
  bytesSent: number;
  messagesReceived: number;
  messagesSent: number;
  strayReplies: number;
  probesSent: number;
}

/** See the head of this file. */
export class Metrics {
  readonly #sources: MetricsSources;
  readonly #latency = new LatencyHistogram();
  readonly #connections = { attempted: 0, made: 0, reconnects: 0 };
  readonly #resyncs = { snapshot: 0, delta: 0 };
  /** Traffic of sessions that are over. */
  readonly #past: Traffic = {
    bytesReceived: 0,
    bytesSent: 0,
    messagesReceived: 0,
    messagesSent: 0,
    strayReplies: 0,
    probesSent: 0,
  };
  readonly #changes = { insert: 0, update: 0, delete: 0 };
  readonly #applyMs = { sum: 0, max: 0, last: 0 };
  readonly #outcomes = { committed: 0, failed: 0, 'not-sent': 0, unknown: 0 };
  #session: CountedSession | undefined;
  #state: ClientState['name'] = 'connecting';
  #staleSinceMs: number | undefined;
  /** Has the present connection been in sync yet? */
  #isNewConnection = false;
  #syncs = 0;
  #lastSyncMs: number | undefined;
  #syncing = { sinceMs: 0, bytesReceived: 0, rowChanges: 0 };
  #batches = 0;
  #retries = 0;
  #overflows = 0;
  #warnings = 0;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    this.#staleSinceMs = this.#now();
  }

  /** To be called after each change of the client's state. */
  stateChanged(state: ClientState, previous: ClientState): void {
    const { database } = this.#sources;
    this.#state = state.name;
    if (state.name === 'connecting') {
      this.#connections.attempted++;
      this.#isNewConnection = true;
    } else if (state.name === 'syncing') {
      // The same connection comes here again when its database was converted.
      if (previous.name === 'connecting') this.#connections.made++;
      this.#syncing = { sinceMs: this.#now(), bytesReceived: this.#bytesReceived, rowChanges: this.#rowChanges };
    }
    if (state.name !== 'synced') this.#staleSinceMs ??= this.#now();
    publish('state', () => ({
      database,
      name: state.name,
      previous: previous.name,
      remote: 'remote' in state ? state.remote : undefined,
      error: 'error' in state ? state.error : undefined,
    }));
    if (state.name === 'synced') this.#synced(state);
  }

  /** A session was made; its figures count from now on. */
  sessionStarted(session: CountedSession): void {
    this.sessionEnded();
    this.#session = session;
  }

  /** The session is over: no figure of it changes any more. */
  sessionEnded(): void {
    const stats = this.#session?.stats;
    this.#session = undefined;
    if (stats !== undefined) add(this.#past, stats);
  }

  /** A batch was put in force. */
  batch({ inserts, updates, deletes, applyMs }: BatchSummary): void {
    this.#batches++;
    this.#changes.insert += inserts;
    this.#changes.update += updates;
    this.#changes.delete += deletes;
    this.#applyMs.sum += applyMs;
    this.#applyMs.last = applyMs;
    if (applyMs > this.#applyMs.max) this.#applyMs.max = applyMs;
  }

  /** A call of `transact` has settled. */
  transaction(report: TransactionReport): void {
    this.#outcomes[report.outcome]++;
    this.#retries += Math.max(0, report.attempts - 1);
    if (report.outcome === 'committed') this.#latency.record(report.durationMs);
    publish('transaction', () => ({ database: this.#sources.database, ...report }));
  }

  /** A consumer of changes fell behind. */
  overflow(overflow: ChangesOverflow): void {
    this.#overflows++;
    publish('overflow', () => ({ database: this.#sources.database, ...overflow }));
  }

  /** The client warned. */
  warning({ code, message, cause }: ClientWarning): void {
    this.#warnings++;
    publish('warning', () => ({ database: this.#sources.database, code, message, cause }));
  }

  /** The figures of this moment. */
  snapshot(): ClientMetrics {
    const rows = Object.create(null) as Record<string, number>;
    for (const [table, count] of this.#sources.rows()) rows[table] = (rows[table] ?? 0) + count;
    const traffic = { ...this.#past };
    if (this.#session !== undefined) add(traffic, this.#session.stats);
    const { 'not-sent': notSent, ...outcomes } = this.#outcomes;
    const { insert: inserts, update: updates, delete: deletes } = this.#changes;
    const syncs: SyncMetrics = { count: this.#syncs, resyncs: { ...this.#resyncs }, lastMs: this.#lastSyncMs };
    return {
      state: this.#state,
      staleMs: this.#staleSinceMs === undefined ? 0 : this.#now() - this.#staleSinceMs,
      connections: { ...this.#connections },
      syncs,
      traffic,
      replica: { rows, batches: this.#batches, inserts, updates, deletes, applyMs: { ...this.#applyMs } },
      transactions: {
        ...outcomes,
        notSent,
        retries: this.#retries,
        ...this.#sources.transactions(),
        latency: this.#latency.snapshot(),
      },
      overflows: this.#overflows,
      warnings: this.#warnings,
    };
  }

  #synced({ remote, method, kind }: Extract<ClientState, { name: 'synced' }>): void {
    const isFirst = this.#syncs === 0;
    const durationMs = this.#now() - this.#syncing.sinceMs;
    this.#staleSinceMs = undefined;
    this.#lastSyncMs = durationMs;
    this.#syncs++;
    if (!isFirst) {
      this.#resyncs[kind]++;
      if (this.#isNewConnection) this.#connections.reconnects++;
    }
    this.#isNewConnection = false;
    publish('sync', () => ({
      database: this.#sources.database,
      remote,
      kind,
      method,
      isFirst,
      rowChanges: this.#rowChanges - this.#syncing.rowChanges,
      bytesReceived: this.#bytesReceived - this.#syncing.bytesReceived,
      durationMs,
    }));
  }

  get #rowChanges(): number {
    return this.#changes.insert + this.#changes.update + this.#changes.delete;
  }

  get #bytesReceived(): number {
    return this.#past.bytesReceived + (this.#session?.stats.bytesReceived ?? 0);
  }

  #now(): number {
    return this.#sources.now?.() ?? performance.now();
  }
}

function add(sum: Traffic, stats: Traffic): void {
  sum.bytesReceived += stats.bytesReceived;
  sum.bytesSent += stats.bytesSent;
  sum.messagesReceived += stats.messagesReceived;
  sum.messagesSent += stats.messagesSent;
  sum.strayReplies += stats.strayReplies;
  sum.probesSent += stats.probesSent;
}
