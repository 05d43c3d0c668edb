/** Durations in buckets of fixed width: constant memory, one comparison per bucket to record. */

/** Durations that took at most `leMs` ("less or equal"), those of the smaller buckets included. */
export interface LatencyBucket {
  /** `Infinity` for the last one, which counts all. */
  readonly leMs: number;
  /** Number of these durations. */
  readonly count: number;
}

/** How long many calls took, as counted at a moment: a histogram with cumulative buckets. */
export interface LatencySnapshot {
  readonly buckets: readonly LatencyBucket[];
  /** Number of all durations. */
  readonly count: number;
  /** Their sum in milliseconds. */
  readonly sumMs: number;
}

const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000];

/** See the head of this file. */
export class LatencyHistogram {
  readonly #counts: number[] = [...BOUNDS_MS.map(() => 0), 0];
  #sumMs = 0;

  /** Counts one duration. */
  record(durationMs: number): void {
    let i = 0;
    while (i < BOUNDS_MS.length && durationMs > (BOUNDS_MS[i] as number)) i++;
    this.#counts[i] = (this.#counts[i] as number) + 1;
    this.#sumMs += durationMs;
  }

  snapshot(): LatencySnapshot {
    let count = 0;
    const buckets = this.#counts.map((own, i): LatencyBucket => {
      count += own;
      return { leMs: BOUNDS_MS[i] ?? Infinity, count };
    });
    return { buckets, count, sumMs: this.#sumMs };
  }
}
