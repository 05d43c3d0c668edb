/** Arithmetic of mutations (RFC 7047 §5.1): integers of 64 bits that must not overflow, reals that must stay finite. */
import { isInt64, normalizeInteger } from '../../schema/integer.js';
import type { Integer } from '../../schema/types.js';
import { Refusal } from './refusal.js';

const MAX_INT64 = 2n ** 63n - 1n;

/** A mutator that computes. */
export type ArithmeticMutator = '+=' | '-=' | '*=' | '/=' | '%=';

/**
 * The result for two integers. Division cuts off towards 0, and a remainder has the sign of `x`.
 * @throws Refusal
 */
export function computeInteger(mutator: ArithmeticMutator, x: Integer, y: Integer): Integer {
  if ((mutator === '/=' || mutator === '%=') && y === 0) throw divisionByZero();
  if (mutator === '*=' && x < 0 && y < 0) return multiplyNegatives(BigInt(x), BigInt(y));
  if (typeof x === 'number' && typeof y === 'number') {
    const result = computeSafely(mutator, x, y);
    if (Number.isSafeInteger(result)) return result + 0;
  }
  const result = computeExactly(mutator, BigInt(x), BigInt(y));
  // The processor cannot divide the least integer by -1, so that there is no remainder either.
  const undefinedRest = mutator === '%=' && y === -1 && !isInt64(-BigInt(x));
  if (undefinedRest || !isInt64(result)) throw outOfRange(mutator);
  // ovsdb-server refuses the largest factor that would do, too.
  if (mutator === '*=' && x > 0 && y > 0 && BigInt(x) >= MAX_INT64 / BigInt(y)) throw outOfRange(mutator);
  return normalizeInteger(result);
}

/** As ovsdb-server does it: its check for overflow looks at one of two negative factors only. */
function multiplyNegatives(x: bigint, y: bigint): Integer {
  if (y < MAX_INT64 / y) throw outOfRange('*=');
  return normalizeInteger(BigInt.asIntN(64, x * y));
}

/** Right when the result is a safe integer, since both operands are. */
function computeSafely(mutator: ArithmeticMutator, x: number, y: number): number {
  switch (mutator) {
    case '+=':
      return x + y;
    case '-=':
      return x - y;
    case '*=':
      return x * y;
    case '/=':
      return (x - (x % y)) / y;
    case '%=':
      return x % y;
  }
}

function computeExactly(mutator: ArithmeticMutator, x: bigint, y: bigint): bigint {
  switch (mutator) {
    case '+=':
      return x + y;
    case '-=':
      return x - y;
    case '*=':
      return x * y;
    case '/=':
      return x / y;
    case '%=':
      return x % y;
  }
}

/**
 * The result for two reals.
 * @throws Refusal
 */
export function computeReal(mutator: ArithmeticMutator, x: number, y: number): number {
  if (mutator === '/=' && y === 0) throw divisionByZero();
  const result = mutator === '/=' ? x / y : computeSafely(mutator, x, y);
  if (!Number.isFinite(result)) throw outOfRange(mutator);
  return result;
}

function divisionByZero(): Refusal {
  return new Refusal('domain error', 'Division by zero.');
}

function outOfRange(mutator: ArithmeticMutator): Refusal {
  return new Refusal('range error', `Result of "${mutator}" operation is out of range.`);
}
