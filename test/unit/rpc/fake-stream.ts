import { Buffer } from 'node:buffer';

import type { OvsdbError } from '../../../lib/errors.js';
import type { Clock } from '../../../lib/rpc/clock.js';
import type { Remote } from '../../../lib/wire/remote.js';
import type { Stream, StreamHandlers } from '../../../lib/wire/stream.js';

/** A stream without a socket: what was written can be read, and what the server sends is told. */
export class FakeStream implements Stream {
  readonly remote: Remote;
  readonly sent: string[] = [];
  closed = false;
  bytesReceived = 0;
  bytesSent = 0;
  bytesFlushed = 0;
  writableBytes = 0;
  /** While true, nothing that is written leaves. */
  stuck = false;
  paused = false;
  /** What the server sent while delivery was paused. */
  readonly #held: Buffer[] = [];
  #handlers: StreamHandlers | undefined;

  constructor(remote: Remote = { scheme: 'tcp', host: 'test', port: 6640 }) {
    this.remote = remote;
  }

  start(handlers: StreamHandlers): void {
    this.#handlers = handlers;
  }

  write(text: string): void {
    if (this.stuck) {
      this.writableBytes += Buffer.byteLength(text);
      return;
    }
    this.sent.push(text);
    this.bytesSent += Buffer.byteLength(text);
    this.bytesFlushed = this.bytesSent;
  }

  close(): void {
    this.closed = true;
    this.#handlers = undefined;
  }

  /** Sends to the session, in one chunk. */
  receive(...messages: readonly unknown[]): void {
    this.receiveBytes(Buffer.from(messages.map((m) => (typeof m === 'string' ? m : JSON.stringify(m))).join('')));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    // What is delivered may pause the stream again.
    for (const bytes of this.#held.splice(0)) this.receiveBytes(bytes);
  }

  receiveBytes(bytes: Buffer): void {
    if (this.paused) {
      this.#held.push(bytes);
      return;
    }
    this.bytesReceived += bytes.length;
    this.#handlers?.onData(bytes);
  }

  lose(error: OvsdbError): void {
    this.#handlers?.onClose(error);
  }

  /** The messages sent since the last call. */
  take(): unknown[] {
    return this.sent.splice(0).map((text) => JSON.parse(text) as unknown);
  }
}

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  time = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.time;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const timer = { at: this.time + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  afterPendingInput(callback: () => void): void {
    callback();
  }

  /** Moves the time and fires what is due on the way, in order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.time = next.at;
      next.callback();
    }
    this.time = end;
  }
}
