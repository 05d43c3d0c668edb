/**
 * A connected byte stream to a server: Unix socket, TCP or TLS. Texts written in one turn of the event
 * loop leave together. Reading never waits for writing: ovsdb-server stops taking requests from a
 * client that leaves its answers unread, so that the two could wait for each other for ever.
 */

import { Buffer } from 'node:buffer';
import { connect as connectNet, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { ConnectFailedError, ConnectionLostError, TimeoutError, type OvsdbError } from '../errors.js';
import { LONGEST_TIMER_MS } from '../timer.js';
import { connectFailure, lossReason } from './failure.js';
import { formatRemote, type Remote } from './remote.js';
import { tlsConnectionOptions, type TlsOptions } from './tls.js';

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
 * Connects to `remote`. `options` matter to `ssl:` remotes only.
 *
 * For TLS 1.3 a server refuses a client's certificate only after this promise has resolved: the stream
 * then closes with an error that says so.
 *
 * @throws {@link ConnectFailedError} with the reason and what to check; `signal.reason` on abort;
 * {@link InvalidArgumentError} when a TLS option is missing or a file cannot be read.
 */
export async function connectStream(
  remote: Remote,
  options: TlsOptions = {},
  { signal, timeoutMs = 10_000 }: ConnectLimits = {},
): Promise<Stream> {
  signal?.throwIfAborted();
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
    const onConnect = (): void => {
      release();
      resolve(new SocketStream(remote, socket));
    };
    const onError = (error: Error): void => {
      fail(connectFailure(remote, error));
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

function openSocket(remote: Remote, options: TlsOptions): Socket {
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

/** Long texts are handed over in pieces, so that a slow peer that takes them is seen to be alive. */
const PIECE_BYTES = 262_144;

class SocketStream implements Stream {
  readonly remote: Remote;
  readonly #socket: Socket;
  #handlers: StreamHandlers | undefined;
  #closed = false;
  /** Why the socket failed, kept for its `close` event. */
  #error: Error | undefined;
  /** Why the stream ended, when that was before {@link start}. */
  #ended: OvsdbError | undefined;

  /** Texts of this turn of the event loop. */
  #texts: string[] = [];
  #flushScheduled = false;
  /** Bytes waiting for the piece before them to be taken. */
  #queue: Buffer[] = [];
  #inFlight = 0;
  #writableBytes = 0;
  #bytesSent = 0;
  #bytesReceived = 0;

  constructor(remote: Remote, socket: Socket) {
    this.remote = remote;
    this.#socket = socket;
    socket.on('error', (error) => (this.#error ??= error));
    // A peer that sends no more answers no more: what waits for it to read would keep the socket open in vain.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.#onSocketClose();
    });
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  get bytesFlushed(): number {
    return this.#bytesSent - this.#inFlight;
  }

  get writableBytes(): number {
    return this.#writableBytes;
  }

  start(handlers: StreamHandlers): void {
    this.#handlers = handlers;
    if (this.#ended !== undefined) {
      const error = this.#ended;
      // Never from within the caller's own call.
      setImmediate(() => {
        this.#finish(error);
      });
      return;
    }
    this.#socket.on('data', (chunk: Buffer) => {
      this.#bytesReceived += chunk.length;
      this.#handlers?.onData(chunk);
    });
  }

  write(text: string): void {
    if (this.#closed || this.#ended !== undefined || !this.#socket.writable) return;
    this.#texts.push(text);
    this.#writableBytes += Buffer.byteLength(text);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    // Runs after the pending promise reactions, whose writes it takes along.
    process.nextTick(() => {
      this.#flush();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handlers = undefined;
    // One last write, which the system takes at once unless its buffers are full.
    this.#flush();
    this.#socket.destroy();
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#texts.length === 0) return;
    const [first = ''] = this.#texts;
    this.#queue.push(Buffer.from(this.#texts.length === 1 ? first : this.#texts.join('')));
    this.#texts = [];
    if (this.#inFlight === 0) this.#writeNext();
  }

  #writeNext(): void {
    if (this.#queue.length === 0 || !this.#socket.writable) return;
    const bytes = this.#takePiece();
    this.#inFlight = bytes.length;
    this.#bytesSent += bytes.length;
    this.#writableBytes -= bytes.length;
    this.#socket.write(bytes, () => {
      this.#inFlight = 0;
      this.#writeNext();
    });
  }

  /** Takes the next piece off the queue; what stays there is not copied. */
  #takePiece(): Buffer {
    let count = 0;
    let length = 0;
    for (const bytes of this.#queue) {
      count++;
      length += bytes.length;
      if (length >= PIECE_BYTES) break;
    }
    const taken = this.#queue.splice(0, count);
    const last = taken.at(-1);
    const surplus = length - PIECE_BYTES;
    if (last !== undefined && surplus > 0) {
      const end = last.length - surplus;
      taken[count - 1] = last.subarray(0, end);
      this.#queue.unshift(last.subarray(end));
    }
    const [first] = taken;
    return first !== undefined && taken.length === 1 ? first : Buffer.concat(taken);
  }

  #onSocketClose(): void {
    const error = new ConnectionLostError(
      lossReason(this.remote, this.#error, this.#bytesReceived),
      // The stream knows no requests; the session tells each of its own whether it was sent.
      { sent: false, ...(this.#error === undefined ? {} : { cause: this.#error }) },
    );
    this.#queue = [];
    this.#texts = [];
    if (this.#handlers === undefined) this.#ended = error;
    else this.#finish(error);
  }

  #finish(error: OvsdbError): void {
    const handlers = this.#handlers;
    this.#closed = true;
    this.#handlers = undefined;
    handlers?.onClose(error);
  }
}
