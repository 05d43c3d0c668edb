/** What a byte stream to a server is, and how one is asked for. */

import type { Buffer } from 'node:buffer';

import type { OvsdbError } from '../errors.js';
import type { Remote } from './remote.js';
import type { TlsOptions } from './tls.js';

/** What a stream tells its one consumer. */
export interface StreamHandlers {
  /** Bytes as they arrive. */
  onData(chunk: Buffer): void;
  /** The stream ended other than by {@link Stream.close}; called once, and nothing follows. */
  onClose(error: OvsdbError): void;
}

/** A connected byte stream. Nothing that happens to it throws; losses are told to its handlers. */
export interface Stream {
  readonly remote: Remote;
  /** Starts delivery. What arrived before is kept until then. To be called once. */
  start(handlers: StreamHandlers): void;
  /**
   * Stops delivery until {@link resume}; what arrives meanwhile waits in the system's buffers and then slows the
   * server down. That the server has ended the connection may be noticed only after {@link resume}. Idempotent.
   */
  pause(): void;
  /** Goes on with delivery after {@link pause}; without one it does nothing. */
  resume(): void;
  /** Queues text; after the stream has ended it is dropped. */
  write(text: string): void;
  /** Bytes received and delivered. */
  readonly bytesReceived: number;
  /** Bytes handed to the operating system. */
  readonly bytesSent: number;
  /** Bytes written but not yet handed to the operating system. */
  readonly writableBytes: number;
  /** Bytes that have left the process: {@link bytesSent} without what the system has yet to take. */
  readonly bytesFlushed: number;
  /** Ends the stream. No handler is called any more; what the system has not taken yet is lost. */
  close(): void;
}

/** Limits of a connection attempt. */
export interface ConnectLimits {
  readonly signal?: AbortSignal | undefined;
  /** Longest time for connection and TLS handshake, in milliseconds; 0 for no limit. Default 10000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A way to make streams. Resolves when an active `remote` is connected, with `ssl:` after the handshake; `options` matter
 * to `ssl:` only. Rejects when `limits` end the attempt, or with a `ConnectFailedError`.
 */
export type OpenStream = (remote: Remote, options?: TlsOptions, limits?: ConnectLimits) => Promise<Stream>;
