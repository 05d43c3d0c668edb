/** Arbitrary values for a column of any schema, as a caller gives them and as a reader sees them. */
import fc from 'fast-check';
import type { BaseType } from '../../lib/schema/base-type.js';
import type { ColumnSchema } from '../../lib/schema/schema.js';
import type { Atom, ColumnValue } from '../../lib/schema/types.js';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const LARGEST_REAL = 1.79769313486231e308;
const SMALLEST_REAL = 2.22507385850721e-308;

/** Atoms that meet the constraints, in the one form that reading gives: safe integers as numbers. */
export function atomOf(base: BaseType): fc.Arbitrary<Atom> {
  if (base.enum !== undefined) return fc.constantFrom(...base.enum);
  switch (base.type) {
    case 'integer':
      return integerBetween(BigInt(base.minInteger ?? MIN_INT64), BigInt(base.maxInteger ?? MAX_INT64));
    case 'real':
      return fc
        .double({ noNaN: true, min: base.minReal ?? -LARGEST_REAL, max: base.maxReal ?? LARGEST_REAL })
        .filter((value) => value === 0 || Math.abs(value) >= SMALLEST_REAL)
        .map((value) => value + 0);
    case 'boolean':
      return fc.boolean();
    case 'string':
      return textOf(base.minLength ?? 0, base.maxLength);
    case 'uuid':
      return fc.uuid();
  }
}

function integerBetween(min: bigint, max: bigint): fc.Arbitrary<number | bigint> {
  const edges = [min, max, 0n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n, -(2n ** 53n)];
  const inside = edges.filter((edge) => edge >= min && edge <= max);
  return fc
    .oneof(fc.bigInt({ min, max }), fc.constantFrom(...inside))
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
}

/** Text that JSON or JavaScript could trip over is as likely as any other. */
function textOf(minLength: number, maxLength: number | undefined): fc.Arbitrary<string> {
  const limits = { minLength, maxLength: maxLength ?? minLength + 12 };
  const text = fc
    .array(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((character) => character !== '\0'),
      limits,
    )
    .map((characters) => characters.join(''));
  if (minLength > 0 || maxLength !== undefined) return text;
  const tricky = fc.constantFrom('__proto__', 'constructor', 'toString', 'set', 'map', 'uuid', '0', '-1', '"', '\\', '\u2028'); // prettier-ignore
  return fc.oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: tricky });
}

/** Valid values of a column. Maps have no prototype, so that `__proto__` is a key of them. */
export function valueOf(column: ColumnSchema): fc.Arbitrary<ColumnValue> {
  const { key, value, min, max } = column.type;
  const keys = (): fc.Arbitrary<Atom[]> =>
    fc.uniqueArray(atomOf(key), {
      minLength: min,
      maxLength: Math.min(max, 6),
      // Reals that print alike in 15 digits count as one.
      selector: (atom) => (key.type === 'real' ? Number(atom).toPrecision(15) : atom),
      comparator: 'SameValueZero',
    });
  switch (column.kind) {
    case 'scalar':
      return atomOf(key);
    case 'optional':
      return fc.option(atomOf(key), { nil: undefined });
    case 'set':
      return keys();
    case 'map':
      return keys().chain((chosen) =>
        fc
          .array(atomOf(value ?? key), { minLength: chosen.length, maxLength: chosen.length })
          .map((values) => mapOf(chosen.map((k, i) => [String(k), values[i] ?? false]))),
      );
  }
}

/** A map as the codec reads it. */
export function mapOf(pairs: Iterable<readonly [string, Atom]>): Record<string, Atom> {
  const map = Object.create(null) as Record<string, Atom>;
  for (const [key, value] of pairs) map[key] = value;
  return map;
}

/** Something of another type than a column takes, or that breaks one of its constraints. */
export function wrongValueOf(column: ColumnSchema): fc.Arbitrary<unknown> {
  const { key, value, min, max } = column.type;
  const wrongShape =
    column.kind === 'set'
      ? fc.constantFrom<unknown>('text', 5, true, null, { a: 1 })
      : column.kind === 'map'
        ? fc.constantFrom<unknown>('text', 5, true, null, [], new Date(0))
        : fc.constantFrom<unknown>(null, [], ['text'], {}, new Date(0), Symbol.iterator);
  const wrong: fc.Arbitrary<unknown>[] = [wrongShape];
  if (column.kind === 'scalar') wrong.push(fc.constant(undefined), wrongAtomOf(key));
  if (column.kind === 'optional') wrong.push(wrongAtomOf(key).filter((atom) => atom !== undefined));
  if (column.kind === 'set') {
    wrong.push(wrongAtomOf(key).map((atom) => [atom]));
    wrong.push(atomOf(key).map((atom) => [atom, atom]));
    if (min > 0) wrong.push(fc.constantFrom([], undefined));
    // There are only two booleans to make a set of.
    if (max < 6 && key.type !== 'boolean')
      wrong.push(fc.uniqueArray(atomOf({ ...key, enum: undefined }), { minLength: max + 1 }));
  }
  if (column.kind === 'map' && value !== undefined) {
    wrong.push(fc.tuple(atomOf(key), wrongAtomOf(value)).map(([k, v]) => mapOf([[String(k), v as Atom]])));
    wrong.push(fc.tuple(wrongAtomOf(key), atomOf(value)).map(([k, v]) => new Map([[k, v]])));
  }
  return fc.oneof(...wrong);
}

function wrongAtomOf(base: BaseType): fc.Arbitrary<unknown> {
  const other: unknown[] = [null, undefined, {}, [], NaN, Infinity];
  if (base.type !== 'string') other.push('text', '');
  if (base.type !== 'boolean') other.push(true);
  if (base.type !== 'integer' && base.type !== 'real') other.push(1, 1n);
  switch (base.type) {
    case 'integer':
      other.push(1.5, 2 ** 53, MAX_INT64 + 1n, MIN_INT64 - 1n);
      if (base.minInteger !== undefined) other.push(BigInt(base.minInteger) - 1n);
      if (base.maxInteger !== undefined) other.push(BigInt(base.maxInteger) + 1n);
      break;
    case 'real':
      other.push(1n, 5e-324, -Number.MAX_VALUE);
      if (base.minReal !== undefined) other.push(base.minReal - 0.5);
      if (base.maxReal !== undefined) other.push(base.maxReal + 0.5);
      break;
    case 'string':
      other.push('a\0', '\ud800', 'a\udfff');
      if (base.enum !== undefined) other.push('no member of the enum');
      if (base.minLength !== undefined && base.minLength > 0) other.push('x'.repeat(base.minLength - 1));
      if (base.maxLength !== undefined) other.push('x'.repeat(base.maxLength + 1));
      break;
    case 'uuid':
      other.push('01234567-89ab-cdef-0123-456789abcdeg', '0123456789abcdef0123456789abcdef');
      break;
    case 'boolean':
      break;
  }
  return fc.constantFrom(...other);
}
