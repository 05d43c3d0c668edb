/** What a client says of itself in figures: see `OvsdbClient.metrics`. */
import type { TransactionMessage } from '../diagnostics.js';
import type { ClientState } from './client-state.js';
import type { LatencySnapshot } from './latency-histogram.js';

/** Figures of one client at a moment. All counts are since it was made, over all its connections. */
export interface ClientMetrics {
  readonly state: ClientState['name'];
  /**
   * For how long the replica has not been known to be current, in milliseconds: 0 in the state `synced`, otherwise the
   * time since it was left, or since the client was made. A silent server is found out by probes, so that what is
   * 0 here may be late by twice `probeIntervalMs`.
   */
  readonly staleMs: number;
  readonly connections: ConnectionMetrics;
  readonly syncs: SyncMetrics;
  readonly traffic: TrafficMetrics;
  readonly replica: ReplicaMetrics;
  readonly transactions: TransactionMetrics;
  /** How often a consumer of `changes` fell behind and got the net difference. */
  readonly overflows: number;
  /** Warnings, those about listeners that threw included. */
  readonly warnings: number;
}

/** Connections of a client. */
export interface ConnectionMetrics {
  /** Attempts to connect to a remote. */
  readonly attempted: number;
  /** Those in which a server answered that may be followed. */
  readonly made: number;
  /** Those, after the first, that led to a replica in sync. */
  readonly reconnects: number;
}

/** How often the replica was brought in sync. */
export interface SyncMetrics {
  /** All of them, the first included. */
  readonly count: number;
  /** Those after the first, by what the server sent: everything, or what had changed since the last connection. */
  readonly resyncs: { readonly snapshot: number; readonly delta: number };
  /** How long the last one took, from the server's first reply, in milliseconds; undefined before the first. */
  readonly lastMs: number | undefined;
}

/** What went over the wire. */
export interface TrafficMetrics {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Replies that no request was waiting for: late, repeated or unknown. */
  readonly strayReplies: number;
  /** Probes for a sign of life that were sent to servers that were silent. */
  readonly probesSent: number;
}

/** What is replicated, by all monitors of the client together. */
export interface ReplicaMetrics {
  /** Rows in memory by table; a table that two monitors replicate counts twice. */
  readonly rows: Readonly<Record<string, number>>;
  /** Update messages that were put in force. */
  readonly batches: number;
  /** Rows that came, the first snapshot's included. */
  readonly inserts: number;
  /** Rows that changed. */
  readonly updates: number;
  /** Rows that went. */
  readonly deletes: number;
  /** Time to check batches and put them in force, without listeners, in milliseconds. */
  readonly applyMs: { readonly sum: number; readonly max: number; readonly last: number };
}

/** Calls of `transact`. */
export interface TransactionMetrics {
  /** They took effect; `transact` resolved. */
  readonly committed: number;
  /** The server refused them: nothing changed. */
  readonly failed: number;
  /** Nothing reached the server; also those whose callback threw. */
  readonly notSent: number;
  /** Their reply was lost, or the caller did not wait for it. */
  readonly unknown: number;
  /** How often callbacks were run again, after a conflict or a connection that was lost before anything was sent. */
  readonly retries: number;
  /** Under way at this moment: sent, or waiting for a connection. See `maxTransactionsInFlight`. */
  readonly inFlight: number;
  /** Waiting for their turn at this moment. See `maxTransactionsWaiting`. */
  readonly waiting: number;
  /** How long the committed ones took, waiting and retries included. */
  readonly latency: LatencySnapshot;
}

/** How one call of `transact` ended. */
export type TransactionReport = Omit<TransactionMessage, 'database'>;
