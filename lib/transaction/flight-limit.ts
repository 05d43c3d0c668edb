/**
 * How many transactions of one client may be under way at once. Those beyond wait for their turn, first come first
 * served; and how many may wait is limited too, so that a server that does not answer cannot fill the memory.
 */
import { InvalidArgumentError, TimeoutError } from '../errors.js';
import { LONGEST_TIMER_MS } from '../timer.js';

/** Settings of a {@link FlightLimit}. */
export interface FlightLimitOptions {
  /** Transactions under way at once; at least 1. Default 1000. */
  readonly maxInFlight?: number | undefined;
  /** Transactions that may wait for their turn. Default 10000. */
  readonly maxWaiting?: number | undefined;
}

/** One that waits; all of them form a list in the order of arrival, from which any can be taken. */
interface Waiter {
  previous: Waiter | undefined;
  next: Waiter | undefined;
  /** Its turn has come. */
  enter(): void;
}

/** See the head of this file. Whoever has entered must leave, once. */
export class FlightLimit {
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  #inFlight = 0;
  #waiting = 0;
  #first: Waiter | undefined;
  #last: Waiter | undefined;

  /** Throws `InvalidArgumentError` for limits that make no sense. */
  constructor({ maxInFlight = 1000, maxWaiting = 10_000 }: FlightLimitOptions = {}) {
    if (!(maxInFlight >= 1)) {
      throw new InvalidArgumentError(`maxTransactionsInFlight is ${maxInFlight}; give 1 or more`);
    }
    if (!(maxWaiting >= 0)) throw new InvalidArgumentError(`maxTransactionsWaiting is ${maxWaiting}; give 0 or more`);
    this.maxInFlight = maxInFlight;
    this.maxWaiting = maxWaiting;
  }

  /** Those that have entered and not left. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** True when not even waiting is possible. */
  get full(): boolean {
    return this.#waiting >= this.maxWaiting && this.#inFlight >= this.maxInFlight;
  }

  /** Enters if that is possible at once. */
  tryEnter(): boolean {
    // A place is never free while somebody waits for one.
    if (this.#inFlight >= this.maxInFlight) return false;
    this.#inFlight++;
    return true;
  }

  /** Enters when its turn has come. Rejects with `TimeoutError` or the signal's reason, and has then not entered. */
  enter({ signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs: number }): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.tryEnter()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#remove(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        settle();
        reject(signal?.reason as Error);
      };
      const waiter: Waiter = {
        previous: undefined,
        next: undefined,
        enter: () => {
          settle();
          this.#inFlight++;
          resolve();
        },
      };
      const timer = setTimeout(
        () => {
          settle();
          reject(new TimeoutError(`its turn did not come within ${Math.round(timeoutMs)} ms`, timeoutMs));
        },
        Math.min(timeoutMs, LONGEST_TIMER_MS),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#append(waiter);
    });
  }

  /** Makes room for the next one. */
  leave(): void {
    this.#inFlight--;
    this.#first?.enter();
  }

  #append(waiter: Waiter): void {
    waiter.previous = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#waiting++;
  }

  #remove({ previous, next }: Waiter): void {
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    this.#waiting--;
  }
}
