/**
 * What clients tell the process that they run in, through `node:diagnostics_channel`: for tracing and logging that is
 * set up in one place, without a reference to each client. Each client publishes on the same channels and names its
 * database in each message.
 *
 * Without a subscriber nothing is made and nothing is published. Subscribers are called synchronously, after the state
 * that they are told of has come into force. What one throws hurts neither the client nor other subscribers: Node
 * raises it as an uncaught exception on the next tick, which ends the process unless that handles such.
 */
import { channel, type Channel } from 'node:diagnostics_channel';

/** The names of the channels. What is published on each is the type of the same name in {@link DiagnosticsMessages}. */
export const DIAGNOSTICS_CHANNELS = {
  state: 'ovn-northbound:state',
  sync: 'ovn-northbound:sync',
  transaction: 'ovn-northbound:transaction',
  overflow: 'ovn-northbound:overflow',
  warning: 'ovn-northbound:warning',
} as const;

/** A client changed its state. */
export interface StateMessage {
  readonly database: string;
  readonly name: 'connecting' | 'syncing' | 'synced' | 'backoff' | 'closed';
  /** The state that was left. */
  readonly previous: StateMessage['name'];
  /** The server in question; undefined in `backoff` and `closed`. */
  readonly remote: string | undefined;
  /** Why the last connection or attempt ended (`backoff`), or why the client gave up (`closed`). */
  readonly error: Error | undefined;
}

/** A replica was brought in sync. */
export interface SyncMessage {
  readonly database: string;
  readonly remote: string;
  /** `delta`: the server sent only what had changed since the last connection. */
  readonly kind: 'snapshot' | 'delta';
  /** The OVSDB method of monitoring. */
  readonly method: string;
  /** True for the first one of the client, false for each later one. */
  readonly isFirst: boolean;
  /** Rows that came, changed or went by it. */
  readonly rowChanges: number;
  /** Bytes that the server sent for it, the schema included. */
  readonly bytesReceived: number;
  /** From the server's first reply, or from the loss of sync on the same connection. */
  readonly durationMs: number;
}

/** A call of `transact` has settled. */
export interface TransactionMessage {
  readonly database: string;
  /** `not-sent` also when its callback threw or gave a value that was refused; `unknown`: it may be in force. */
  readonly outcome: 'committed' | 'failed' | 'not-sent' | 'unknown';
  /** The error's code, or its name where it has none; undefined when committed. */
  readonly code: string | undefined;
  /** What `transact` rejected with; undefined when committed. */
  readonly error: unknown;
  /** How often the callback was run. */
  readonly attempts: number;
  /** Operations of the last attempt. */
  readonly operations: number;
  /** From the call on, waiting for a connection and retries included. */
  readonly durationMs: number;
}

/** A consumer of a stream of changes fell behind; it gets the net difference of what was waiting for it. */
export interface OverflowMessage {
  readonly database: string;
  readonly batches: number;
  readonly changes: number;
}

/** Something that an operator should know. */
export interface WarningMessage {
  readonly database: string;
  readonly code: string;
  readonly message: string;
  readonly cause: unknown;
}

/** What is published, by the short name of its channel. */
export interface DiagnosticsMessages {
  readonly state: StateMessage;
  readonly sync: SyncMessage;
  readonly transaction: TransactionMessage;
  readonly overflow: OverflowMessage;
  readonly warning: WarningMessage;
}

type ShortName = keyof DiagnosticsMessages;

const channels: { readonly [N in ShortName]: Channel } = {
  state: channel(DIAGNOSTICS_CHANNELS.state),
  sync: channel(DIAGNOSTICS_CHANNELS.sync),
  transaction: channel(DIAGNOSTICS_CHANNELS.transaction),
  overflow: channel(DIAGNOSTICS_CHANNELS.overflow),
  warning: channel(DIAGNOSTICS_CHANNELS.warning),
};

/** Publishes what `make` returns, which is called only if somebody listens. Never throws for a subscriber's fault. */
export function publish<N extends ShortName>(name: N, make: () => DiagnosticsMessages[N]): void {
  const target = channels[name];
  if (target.hasSubscribers) target.publish(make());
}
