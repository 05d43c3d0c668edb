/**
 * A connection without a socket: a stream for a client and a channel for the server, in one process. As on a socket,
 * neither end is called from within a call of the other, and what the server sends takes a turn of the event loop.
 */
import { Buffer } from 'node:buffer';

import { ConnectionLostError } from '../../errors.js';
import { nextTick, setImmediate } from '../../timer.js';
import { lossReason } from '../../wire/failure.js';
import type { Remote } from '../../wire/remote.js';
import type { Stream, StreamHandlers } from '../../wire/stream.js';
import type { Channel, ChannelHandlers } from './channel.js';

/** Both ends of a new connection. `remote` is what the client's end says that it is connected to. */
export function directConnection(remote: Remote): { readonly stream: Stream; readonly channel: Channel } {
  const channel = new DirectChannel();
  const stream = new DirectStream(remote, channel);
  channel.peer = stream;
  return { stream, channel };
}

class DirectChannel implements Channel {
  readonly isLocal = true;
  peer: DirectStream | undefined;
  #handlers: ChannelHandlers | undefined;
  #closed = false;

  start(handlers: ChannelHandlers): void {
    this.#handlers = handlers;
  }

  send(text: string): void {
    if (!this.#closed) this.peer?.arrive(text);
  }

  close(): void {
    this.#closed = true;
    this.peer?.endOfInput();
  }

  take(text: string): void {
    if (!this.#closed) this.#handlers?.onData(Buffer.from(text));
  }

  peerClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handlers?.onClose();
  }
}

class DirectStream implements Stream {
  readonly remote: Remote;
  readonly #peer: DirectChannel;
  #handlers: StreamHandlers | undefined;
  #closed = false;
  #paused = false;

  #written: string[] = [];
  #arrived: string[] = [];
  #serverEnded = false;
  #writing = false;
  #delivering = false;
  #bytesReceived = 0;
  #bytesSent = 0;
  #writableBytes = 0;

  constructor(remote: Remote, peer: DirectChannel) {
    this.remote = remote;
    this.#peer = peer;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  get bytesFlushed(): number {
    return this.#bytesSent;
  }

  get writableBytes(): number {
    return this.#writableBytes;
  }

  start(handlers: StreamHandlers): void {
    this.#handlers = handlers;
    this.#deliverSoon();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverSoon();
  }

  write(text: string): void {
    if (this.#closed || this.#serverEnded) return;
    this.#written.push(text);
    this.#writableBytes += Buffer.byteLength(text);
    if (this.#writing) return;
    this.#writing = true;
    nextTick(() => this.#flush());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handlers = undefined;
    nextTick(() => {
      this.#flush();
      this.#peer.peerClosed();
    });
  }

  /** Takes what the server sends. */
  arrive(text: string): void {
    if (this.#closed) return;
    this.#arrived.push(text);
    this.#deliverSoon();
  }

  /** The server has ended the connection. */
  endOfInput(): void {
    this.#serverEnded = true;
    this.#written = [];
    this.#writableBytes = 0;
    this.#deliverSoon();
  }

  #flush(): void {
    this.#writing = false;
    if (this.#written.length === 0) return;
    const text = this.#written.join('');
    this.#written = [];
    this.#bytesSent += this.#writableBytes;
    this.#writableBytes = 0;
    this.#peer.take(text);
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#closed || (this.#arrived.length === 0 && !this.#serverEnded)) return;
    this.#delivering = true;
    setImmediate(() => {
      this.#delivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#paused || this.#closed || this.#handlers === undefined) return;
    if (this.#arrived.length > 0) {
      const bytes = Buffer.from(this.#arrived.join(''));
      this.#arrived = [];
      this.#bytesReceived += bytes.length;
      this.#handlers.onData(bytes);
    }
    // What was delivered may have paused or closed the stream, or brought an answer.
    if (this.#serverEnded && !this.#isHeld() && this.#arrived.length === 0) this.#finish();
  }

  #isHeld(): boolean {
    return this.#paused || this.#closed;
  }

  #finish(): void {
    const handlers = this.#handlers;
    this.#closed = true;
    this.#handlers = undefined;
    const reason = lossReason(this.remote, undefined, { bytesReceived: this.#bytesReceived });
    handlers?.onClose(new ConnectionLostError(reason, { sent: false }));
  }
}
