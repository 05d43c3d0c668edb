/**
 * Watches that the server at the other end of a stream is alive: after some silence it asks for a sign
 * of life, after as much silence again it gives the connection up. The rules are those of {@link Reconnect}; this
 * class adds the timer and the look at what the stream has sent.
 */

import type { Stream } from '../wire/stream.js';
import type { Clock } from './clock.js';
import { Reconnect } from './reconnect.js';

/** What a {@link Probe} asks of its owner. */
export interface ProbeHandlers {
  /** To send the server something that it answers. */
  onProbe(): void;
  /** Is the server at something that it cannot interrupt, so that its silence means nothing? */
  isBusy(): boolean;
  /** Nothing came for `silentMs`, although the server was asked. The probe has stopped. */
  onSilence(silentMs: number): void;
}

/** Intervals for which a server may be busy: a minute where they have five seconds. */
const MAX_BUSY_INTERVALS = 12;

/** See the head of this file. Starts at once; `intervalMs` 0 makes it do nothing. */
export class Probe {
  readonly #clock: Clock;
  readonly #stream: Stream;
  readonly #handlers: ProbeHandlers;
  readonly #liveness: Reconnect;
  #stopped = false;
  #cancelTimer: (() => void) | undefined;
  #flushedBefore = 0;
  #queuedBefore = false;
  #busyIntervals = 0;

  constructor(stream: Stream, intervalMs: number, clock: Clock, handlers: ProbeHandlers) {
    this.#stream = stream;
    this.#clock = clock;
    this.#handlers = handlers;
    const now = clock.now();
    this.#liveness = new Reconnect(now, { probeIntervalMs: intervalMs });
    this.#liveness.connected(now);
    this.#arm();
  }

  /** Bytes have come in, of whatever kind. */
  activity(): void {
    this.#liveness.activity(this.#clock.now());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
  }

  #arm(): void {
    const now = this.#clock.now();
    const deadline = this.#liveness.deadline(now);
    if (deadline === Infinity) return;
    // Traffic only moves the deadline; the timer finds out when it fires, and not once per message.
    const delayMs = Math.max(0, Math.ceil(deadline - now));
    this.#cancelTimer = this.#clock.schedule(() => {
      // After a long synchronous stretch the server's answer may lie unread in the socket: read, then judge.
      this.#clock.afterPendingInput(() => {
        if (!this.#stopped) this.#judge();
      });
    }, delayMs);
  }

  #judge(): void {
    const now = this.#clock.now();
    const { bytesFlushed, bytesSent, writableBytes } = this.#stream;
    // A server that takes what had to wait for it is alive, too.
    const takesMore = this.#queuedBefore && bytesFlushed > this.#flushedBefore;
    this.#busyIntervals = this.#handlers.isBusy() ? this.#busyIntervals + 1 : 0;
    const isBusy = this.#busyIntervals > 0 && this.#busyIntervals < MAX_BUSY_INTERVALS;
    if (takesMore || isBusy) this.#liveness.activity(now);
    this.#queuedBefore = writableBytes > 0 || bytesFlushed < bytesSent;
    this.#flushedBefore = bytesFlushed;
    this.#liveness.receiveAttempted(now);
    const action = this.#liveness.run(now);
    if (action === 'disconnect') {
      this.stop();
      this.#handlers.onSilence(now - this.#liveness.stats(now).lastActivityAt);
      return;
    }
    if (action === 'probe') this.#handlers.onProbe();
    this.#arm();
  }
}
