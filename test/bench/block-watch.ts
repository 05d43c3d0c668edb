/**
 * The longest time for which the event loop served nobody: the longest gap between two calls of a timer that is due every
 * millisecond. It holds what the thread computed as well as the time that the machine gave to others; the CPU time of the
 * process in the same gap, its helper threads included, tells the two apart.
 */
import { ownCpuMs } from './worker.js';

/** See the head of this file. */
export class BlockWatch {
  #timer: NodeJS.Timeout | undefined;
  #tickAt = NaN;
  #tickCpuMs = NaN;
  #longestMs = 0;
  #cpuMs = 0;

  /** Begins the watch: not before there is something to watch, since the timer costs CPU time itself. */
  start(): void {
    this.#tickAt = performance.now();
    this.#tickCpuMs = ownCpuMs();
    this.#timer = setInterval(() => this.#tick(), 1);
  }

  /** Ends the watch, at the end of a turn of the event loop. */
  async stop(): Promise<{ blockMs: number; blockCpuMs: number }> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#tick();
    clearInterval(this.#timer);
    return { blockMs: this.#longestMs, blockCpuMs: this.#cpuMs };
  }

  #tick(): void {
    const now = performance.now();
    const cpuMs = ownCpuMs();
    if (now - this.#tickAt > this.#longestMs) {
      this.#longestMs = now - this.#tickAt;
      this.#cpuMs = cpuMs - this.#tickCpuMs;
    }
    this.#tickAt = now;
    this.#tickCpuMs = cpuMs;
  }
}
