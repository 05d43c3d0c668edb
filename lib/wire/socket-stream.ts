/**
 * A stream on a socket of Node: texts written in one turn of the event loop leave together, long ones in
 * pieces, and whatever happens to the socket is told in words. Reading never waits for writing: ovsdb-server stops
 * taking requests from a client that leaves its answers unread, so that the two could wait for each other for ever.
 */

import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

import { ConnectionLostError, type OvsdbError } from '../errors.js';
import { nextTick, performance, setImmediate } from '../timer.js';
import { lossReason, type PeerDescription } from './failure.js';
import type { Remote } from './remote.js';
import type { Stream, StreamHandlers } from './stream.js';

/** Long texts are handed over in pieces, so that a slow peer that takes them is seen to be alive. */
const PIECE_BYTES = 262_144;

/** After a chunk of this size there is more to read: a long message, which Node would read on and on before all else. */
const LARGE_CHUNK_BYTES = 16_384;
/** Longest time for which chunks are handed over before timers and other sockets have their turn. */
const MAX_TURN_MS = 2;

/** A {@link Stream} on a socket that is connected, TLS handshake included. */
export class SocketStream implements Stream {
  readonly remote: Remote;
  readonly #socket: Socket;
  readonly #peer: PeerDescription;
  #handlers: StreamHandlers | undefined;
  #started = false;
  #paused = false;
  #closed = false;
  /** Since when large chunks have been handed over in this turn of the event loop. */
  #turnStartMs: number | undefined;
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

  constructor(remote: Remote, socket: Socket, peer: PeerDescription = {}) {
    this.remote = remote;
    this.#socket = socket;
    this.#peer = peer;
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

  /** True when the stream has ended, also when nobody was told yet. */
  get ended(): boolean {
    return this.#closed || this.#ended !== undefined;
  }

  start(handlers: StreamHandlers): void {
    this.#handlers = handlers;
    this.#started = true;
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
      const isLarge = chunk.length >= LARGE_CHUNK_BYTES;
      if (isLarge && this.#turnStartMs === undefined) this.#startTurn();
      this.#handlers?.onData(chunk);
      if (isLarge && performance.now() - (this.#turnStartMs ?? 0) > MAX_TURN_MS) this.#socket.pause();
    });
    if (this.#paused) this.#socket.pause();
  }

  pause(): void {
    this.#paused = true;
    if (this.#started) this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    // Before the start there is no consumer, and a socket that flows without one drops what arrives.
    if (this.#started) this.#socket.resume();
  }

  write(text: string): void {
    if (this.ended || !this.#socket.writable) return;
    this.#texts.push(text);
    this.#writableBytes += Buffer.byteLength(text);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    // Runs after the pending promise reactions, whose writes it takes along.
    nextTick(() => {
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

  /** Ends the stream from this side, for a reason that its consumer is told. */
  end(error: OvsdbError): void {
    if (this.ended) return;
    this.#tell(error);
    this.#socket.destroy();
  }

  #startTurn(): void {
    this.#turnStartMs = performance.now();
    setImmediate(() => {
      this.#turnStartMs = undefined;
      if (!this.#paused) this.#socket.resume();
    });
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
    this.#queue = [];
    this.#texts = [];
    if (this.ended) return;
    const reason = lossReason(this.remote, this.#error, { ...this.#peer, bytesReceived: this.#bytesReceived });
    // The stream knows no requests; the session tells each of its own whether it was sent.
    this.#tell(
      new ConnectionLostError(reason, { sent: false, ...(this.#error === undefined ? {} : { cause: this.#error }) }),
    );
  }

  /** Tells the consumer of the end, now or once it has come. */
  #tell(error: OvsdbError): void {
    if (this.#started) this.#finish(error);
    else this.#ended = error;
  }

  #finish(error: OvsdbError): void {
    const handlers = this.#handlers;
    this.#closed = true;
    this.#handlers = undefined;
    handlers?.onClose(error);
  }
}
