/**
 * The keys of what there is to do, each at most once. Several workers take them, but never two the same key: a key that
 * is added while it is worked on is worked on again afterwards. Work that fails is tried again, later each time.
 */
import { backOffMs, type BackOffLimits } from './back-off.js';

export interface WorkQueueOptions {
  /** Keys that are worked on at the same time. */
  readonly workers: number;
  /** Waits between attempts. */
  readonly backOff: BackOffLimits;
  /** Does what there is to do for a key. Rejecting means: try again. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>;
  /** How long an error asks to wait at least, in milliseconds. Default 0. */
  readonly askedDelayMs?: (error: unknown) => number;
  /** Told of each failure, and when the next attempt will be. */
  readonly onFailure: (
    key: string,
    error: unknown,
    next: { readonly failures: number; readonly delayMs: number },
  ) => void;
  readonly random?: () => number;
}

/** Figures of a queue. */
export interface WorkQueueMetrics {
  readonly waiting: number;
  readonly active: number;
  /** Keys whose last attempt failed. */
  readonly failing: number;
  readonly done: number;
  readonly failures: number;
}

/** See the head of this file. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** Keys that wait for a worker, first come first served. */
  readonly #waiting = new Set<string>();
  readonly #active = new Map<string, Promise<void>>();
  /** Keys that were added while they were worked on. */
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();
  readonly #abort = new AbortController();
  #isRunning = false;
  #done = 0;
  #failed = 0;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Figures for the curious. */
  get metrics(): WorkQueueMetrics {
    return {
      waiting: this.#waiting.size,
      active: this.#active.size,
      failing: this.#failures.size,
      done: this.#done,
      failures: this.#failed,
    };
  }

  /** Has it been worked on without success, so far? */
  isFailing(key: string): boolean {
    return this.#failures.has(key);
  }

  /** Puts a key in the queue. One that waits for its next attempt gets it at once: what has changed may be the cure. */
  add(key: string): void {
    if (this.#abort.signal.aborted) return;
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    if (this.#active.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#next();
  }

  /** Lets the workers begin; what is added before waits. */
  start(): void {
    this.#isRunning = true;
    this.#next();
  }

  /**
   * Ends the queue: nothing new begins, and what is under way has `graceMs` to end before it is told to stop by its signal.
   * Resolves when nothing is under way any more.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isRunning = false;
    this.#waiting.clear();
    this.#again.clear();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    const abort = setTimeout(() => this.#abort.abort(new Error('the controller stops')), graceMs);
    while (this.#active.size > 0) await Promise.all(this.#active.values());
    clearTimeout(abort);
    this.#abort.abort(new Error('the controller has stopped'));
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (!this.#isRunning || this.#active.size >= this.#options.workers) return;
      this.#waiting.delete(key);
      this.#active.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    const { work, backOff, askedDelayMs = () => 0, onFailure, random = Math.random } = this.#options;
    // Not in this turn of the event loop: who adds a key must not find itself inside the work for it.
    await Promise.resolve();
    try {
      await work(key, this.#abort.signal);
      this.#failures.delete(key);
      this.#done += 1;
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#failed += 1;
      const delayMs = Math.max(askedDelayMs(error), backOffMs(failures, backOff, random));
      onFailure(key, error, { failures, delayMs });
      if (this.#isRunning && !this.#again.has(key)) {
        this.#timers.set(
          key,
          setTimeout(() => this.add(key), delayMs),
        );
      }
    }
    this.#active.delete(key);
    if (this.#again.delete(key)) this.#waiting.add(key);
    this.#next();
  }
}
