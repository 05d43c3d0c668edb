import { clearTimeout, LONGEST_TIMER_MS, performance, setImmediate, setTimeout } from '../timer.js';

/** Time as the session and its owners see it; tests give one that they move by hand. */
export interface Clock {
  /** Milliseconds from an arbitrary start; never goes backwards. */
  now(): number;
  /** Calls back once after `delayMs`, or after 24.8 days where that is more; the returned function calls it off. */
  schedule(callback: () => void, delayMs: number): () => void;
  /** Calls back once input that has already arrived has been read and handled. */
  afterPendingInput(callback: () => void): void;
}

/** The machine's monotonic clock. Its timers do not keep the process alive: an open socket does that. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule: (callback, delayMs) => {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS)).unref();
    return () => {
      clearTimeout(timer);
    };
  },
  // Immediates run after the poll phase, which reads the sockets.
  afterPendingInput: (callback) => void setImmediate(callback),
};
