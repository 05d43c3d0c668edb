/**
 * A connected byte stream to a server: Unix socket, TCP or TLS. Texts written in one turn of the event
 * loop leave together. Reading never waits for writing: ovsdb-server stops taking requests from a
 * client that leaves its answers unread, so that the two could wait for each other for ever.
 */

import type { Buffer } from 'node:buffer';
import { connect as connectNet, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { ConnectFailedError, InvalidArgumentError, TimeoutError, type OvsdbError } from '../errors.js';
import { LONGEST_TIMER_MS } from '../timer.js';
import { connectFailure } from './failure.js';
import { formatRemote, isPassive, type ActiveRemote, type Remote } from './remote.js';
import { SocketStream } from './socket-stream.js';
import { certificateName, tlsConnectionOptions, type TlsOptions } from './tls.js';

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

/**
 * Connects to an active `remote`. `options` matter to `ssl:` remotes only. To listen at a passive one, see
 * `streamOpener`.
 *
 * For TLS 1.3 a server refuses a client's certificate only after this promise has resolved: the stream
 * then closes with an error that says so.
 *
 * @throws {@link ConnectFailedError} with the reason and what to check; `signal.reason` on abort;
 * {@link InvalidArgumentError} when a TLS option is missing, a file cannot be read, or the remote is passive.
 */
export async function connectStream(
  remote: Remote,
  options: TlsOptions = {},
  { signal, timeoutMs = 10_000 }: ConnectLimits = {},
): Promise<Stream> {
  signal?.throwIfAborted();
  if (isPassive(remote)) {
    const name = formatRemote(remote);
    throw new InvalidArgumentError(`cannot connect to ${name}: it is a place to listen at, not a server`);
  }
  const socket = openSocket(remote, options);
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('secureConnect', onConnect).off('error', onError).off('close', onClose);
    };
    const fail = (reason: unknown): void => {
      release();
      // A socket that is being destroyed may still report an error, and nobody is interested.
      socket.on('error', ignore);
      socket.destroy();
      reject(reason);
    };
    const certificate = remote.scheme === 'ssl' ? certificateName(options) : undefined;
    const onConnect = (): void => {
      release();
      resolve(new SocketStream(remote, socket, { certificate }));
    };
    const onError = (error: Error): void => {
      fail(connectFailure(remote, error, certificate));
    };
    const onClose = (): void => {
      fail(new ConnectFailedError(`connecting to ${formatRemote(remote)} failed: the peer closed the connection`));
    };
    const onAbort = (): void => {
      fail(signal?.reason);
    };
    socket.once(remote.scheme === 'ssl' ? 'secureConnect' : 'connect', onConnect);
    socket.once('error', onError);
    socket.once('close', onClose);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (timeoutMs > 0) {
      const onTimeout = (): void => {
        const cause = new TimeoutError(`no connection within ${timeoutMs} ms`, timeoutMs);
        const message = `connecting to ${formatRemote(remote)} failed: no answer within ${timeoutMs} ms. Is a firewall in between, or the host down?`;
        fail(new ConnectFailedError(message, { cause }));
      };
      timer = setTimeout(onTimeout, Math.min(timeoutMs, LONGEST_TIMER_MS));
    }
  });
}

function openSocket(remote: ActiveRemote, options: TlsOptions): Socket {
  switch (remote.scheme) {
    case 'unix':
      return connectNet({ path: remote.path });
    case 'tcp':
      return connectNet({ host: remote.host, port: remote.port, noDelay: true, keepAlive: true });
    case 'ssl': {
      const socket = connectTls(tlsConnectionOptions(remote, options));
      socket.setNoDelay(true);
      socket.setKeepAlive(true);
      return socket;
    }
  }
}

function ignore(): void {
  // Nothing is to be done.
}
