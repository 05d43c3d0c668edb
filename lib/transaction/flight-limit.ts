/**
 * How many transactions of one client may be under way at once. Those beyond wait for their turn, first come first
 * served; and how many may wait is limited too, so that a server that does not answer cannot fill the memory.
 */
import { InvalidArgumentError, TimeoutError } from '../errors.js';
import { WaitList } from '../wait-list.js';

/** Settings of a {@link FlightLimit}. */
export interface FlightLimitOptions {
  /** Transactions under way at once; at least 1. Default 1000. */
  readonly maxInFlight?: number | undefined;
  /** Transactions that may wait for their turn. Default 10000. */
  readonly maxWaiting?: number | undefined;
}

/** See the head of this file. Whoever has entered must leave, once. */
export class FlightLimit {
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  readonly #queue = new WaitList<undefined>();
  #inFlight = 0;

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
    return this.#queue.size;
  }

  /** True when not even waiting is possible. */
  get full(): boolean {
    return this.#queue.size >= this.maxWaiting && this.#inFlight >= this.maxInFlight;
  }

  /** Enters if that is possible at once. */
  tryEnter(): boolean {
    // A place is never free while somebody waits for one.
    if (this.#inFlight >= this.maxInFlight) return false;
    this.#inFlight++;
    return true;
  }

  /** Enters when its turn has come. Rejects with `TimeoutError` or the signal's reason, and has then not entered. */
  async enter(limits: { signal?: AbortSignal | undefined; timeoutMs: number }): Promise<void> {
    limits.signal?.throwIfAborted();
    if (this.tryEnter()) return;
    // Whoever leaves hands its place on, so that it counts as taken from that moment.
    await this.#queue.wait(limits, () => {
      const { timeoutMs } = limits;
      return new TimeoutError(`its turn did not come within ${Math.round(timeoutMs)} ms`, timeoutMs);
    });
  }

  /** Makes room for the next one. */
  leave(): void {
    if (!this.#queue.resolveFirst(undefined)) this.#inFlight--;
  }
}
