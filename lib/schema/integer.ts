/**
 * OVSDB integers have 64 bits and a sign (RFC 7047 §3.1). They are numbers while a number is exact
 * (±2^53−1) and bigints beyond, so that equal integers are always equal by `===` as well.
 */
import type { Integer } from './types.js';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** The number that equals the bigint, where a number is exact; else the bigint. */
export function normalizeInteger(value: Integer): Integer {
  if (typeof value === 'number') return value;
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}

/** True when the bigint fits the 64 bits of an OVSDB integer. */
export function isInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64;
}
