/** Promises that wait for one thing to happen, each with its own signal and time limit. */
import { setMaxListeners } from 'node:events';

import { clearTimeout, LONGEST_TIMER_MS, setTimeout } from './timer.js';

/** How long one caller waits. */
export interface WaitLimits {
  /** Ends the waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the waiting after so many milliseconds. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** The callers that wait for a value of type `T`. */
export class WaitList<T> {
  readonly #waiters = new Set<Waiter<T>>();
  /** Stands before those that wait: each that it passes is taken. A new one would have to skip all that were taken. */
  #oldest: SetIterator<Waiter<T>> = this.#waiters.values();

  /** Number of callers that wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** Waits; `onTimeout` makes the error of a wait that took too long. */
  wait({ signal, timeoutMs = Infinity }: WaitLimits, onTimeout: () => Error): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise<T>((resolve, reject) => {
      const settle = (): void => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter<T> = {
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: (reason) => {
          settle();
          reject(reason);
        },
      };
      const onAbort = (): void => waiter.reject(signal?.reason);
      const timer = Number.isFinite(timeoutMs)
        ? setTimeout(() => waiter.reject(onTimeout()), Math.min(timeoutMs, LONGEST_TIMER_MS))
        : undefined;
      // One signal may well end hundreds of waits.
      if (signal !== undefined) setMaxListeners(0, signal);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** It happened: everybody who waits gets `value`. */
  resolveAll(value: T): void {
    for (const waiter of [...this.#waiters]) waiter.resolve(value);
  }

  /** It happened for one: whoever has waited longest gets `value`. False when nobody waits. */
  resolveFirst(value: T): boolean {
    let next = this.#oldest.next();
    // One that has come to the end stays there.
    if (next.done === true) {
      this.#oldest = this.#waiters.values();
      next = this.#oldest.next();
    }
    next.value?.resolve(value);
    return next.done !== true;
  }

  /** It will not happen: everybody who waits gets `reason`. */
  rejectAll(reason: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
  }
}
