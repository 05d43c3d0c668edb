/** How long to wait before something that failed is tried again. */

/** Bounds of a wait. */
export interface BackOffLimits {
  /** The wait after the first failure, in milliseconds. */
  readonly minMs: number;
  /** The longest wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * The wait after `failures` failures in a row, in milliseconds: doubled each time up to the limit, the last half of it at
 * random, so that what failed together does not come back together.
 */
export function backOffMs(failures: number, { minMs, maxMs }: BackOffLimits, random: () => number): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(Math.max(failures, 1) - 1, 50));
  return full / 2 + random() * (full / 2);
}
