/** How true the replica is at a moment, and what a client tells of itself. */
import type { ChangesOverflow } from '../replica/changes.js';
import type { Batch } from '../replica/replica.js';
import type { MonitorMethod } from '../replica/monitor-method.js';
import type { ServerStatus } from './server-database.js';

/** What a client is doing. The replica answers reads in every state; only in `synced` is it known to be current. */
export type ClientState =
  /** Making a connection to `remote`. */
  | { readonly name: 'connecting'; readonly remote: string }
  /** The server at `remote` has answered and may be followed; schema and snapshot are on their way. */
  | { readonly name: 'syncing'; readonly remote: string }
  /** The replica holds what the server committed, and follows it. */
  | {
      readonly name: 'synced';
      readonly remote: string;
      /** How the server keeps the replica up to date. */
      readonly method: MonitorMethod;
      /** `delta` when the server could send just what had changed since the last connection. */
      readonly kind: 'snapshot' | 'delta';
      /** What the server said of itself when that began; undefined for servers before Open vSwitch 2.9. */
      readonly server: ServerStatus | undefined;
    }
  /** Waiting before the next attempt. `error` is why the last one ended. */
  | { readonly name: 'backoff'; readonly delayMs: number; readonly error: Error }
  /** Closed for good, by its owner (`error` undefined) or because connecting made no sense. */
  | { readonly name: 'closed'; readonly error: Error | undefined };

/** Something that an operator should know, told once. */
export interface ClientWarning {
  /**
   * `SchemaLacks`: the server's schema is older than the client's; `ConditionsIgnored`: the server sends all rows,
   * because it is too old for conditions or a conversion left them without sense; `ListenerError`: a listener of the
   * caller threw; `ClusterChanged`: the remotes lead to another cluster than before.
   */
  readonly code: 'SchemaLacks' | 'ConditionsIgnored' | 'ListenerError' | 'ClusterChanged';
  /** One sentence for people; may change. */
  readonly message: string;
  /** What lay below, such as what a listener threw. */
  readonly cause?: unknown;
}

/** Events of a client and what their listeners get. */
export interface ClientEvents {
  /** The state changed. */
  state: [state: ClientState, previous: ClientState];
  /** One update message was applied: all that one or several transactions changed. */
  batch: [batch: Batch];
  /** From now on the replica reflects the conditions that were set last for these tables. */
  conditions: [tables: readonly string[]];
  /** A consumer of `changes` fell behind; it gets the net difference instead of every batch. */
  overflow: [overflow: ChangesOverflow];
  /** See {@link ClientWarning}. When nobody listens, it is written to stderr as a process warning. */
  warning: [warning: ClientWarning];
}
