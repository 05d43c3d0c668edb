/**
 * The type of a column at run time: atomic types with their constraints, and how many values there may be
 * (RFC 7047 §3.2). `parseColumnType` reads it from schema JSON; malformed input is reported as text through
 * the caller's `fail`, which knows the table and column.
 */
import { printValue } from '../errors.js';
import { normalizeInteger } from './integer.js';
import type { AtomicType } from './schema-json.js';
import type { Atom, Integer } from './types.js';
import { isUuid } from './uuid.js';

/** An atomic type and the constraints on its values (RFC 7047 §3.2 `<base-type>`). */
export interface BaseType {
  readonly type: AtomicType;
  /** The only values allowed. */
  readonly enum: readonly Atom[] | undefined;
  readonly minInteger: Integer | undefined;
  readonly maxInteger: Integer | undefined;
  readonly minReal: number | undefined;
  readonly maxReal: number | undefined;
  /** In Unicode code points, as for `maxLength`. */
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  /** Table whose rows a `uuid` refers to. */
  readonly refTable: string | undefined;
  /** Defined exactly when `refTable` is. */
  readonly refType: 'strong' | 'weak' | undefined;
}

/** The type of a column: a map when it has a `value` type, else between `min` and `max` keys. */
export interface ColumnType {
  readonly key: BaseType;
  readonly value: BaseType | undefined;
  readonly min: 0 | 1;
  /** `Infinity` stands for the schema's `unlimited`. */
  readonly max: number;
}

/** How the values of a column look: see `ColumnValue`. */
export type ColumnKind = 'scalar' | 'optional' | 'set' | 'map';

/** Reports what is malformed; the caller adds where. */
export type Fail = (what: string) => never;

const ATOMIC_TYPES: ReadonlySet<unknown> = new Set<AtomicType>(['integer', 'real', 'boolean', 'string', 'uuid']);

/** True for a JSON object: neither null nor an array. */
export function isJsonObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** The kind that follows from a type: a map has a value type, a scalar exactly one key, an optional at most one. */
export function kindOfType(type: ColumnType): ColumnKind {
  if (type.value !== undefined) return 'map';
  if (type.max > 1) return 'set';
  return type.min === 1 ? 'scalar' : 'optional';
}

/** Reads a `<type>` (RFC 7047 §3.2). */
export function parseColumnType(json: unknown, fail: Fail): ColumnType {
  if (typeof json === 'string') return { key: parseBaseType(json, 'its type', fail), value: undefined, min: 1, max: 1 };
  if (!isJsonObject(json)) return fail(`its type ${printValue(json)} is neither a type name nor an object`);
  const key = parseBaseType(json['key'], 'its key type', fail);
  const value = json['value'] === undefined ? undefined : parseBaseType(json['value'], 'its value type', fail);
  const min = json['min'] ?? 1;
  if (min !== 0 && min !== 1) return fail(`its min ${printValue(min)} is neither 0 nor 1`);
  const max = json['max'] === 'unlimited' ? Infinity : (json['max'] ?? 1);
  if (typeof max !== 'number' || (max !== Infinity && !Number.isSafeInteger(max)) || max < 1) {
    return fail(`its max ${printValue(json['max'])} is neither a positive integer nor "unlimited"`);
  }
  return { key, value, min, max };
}

function parseBaseType(json: unknown, what: string, fail: Fail): BaseType {
  const source = typeof json === 'string' ? { type: json } : json;
  if (!isJsonObject(source)) return fail(`${what} ${printValue(json)} is neither a type name nor an object`);
  const type = source['type'];
  if (!ATOMIC_TYPES.has(type)) return fail(`${what} ${printValue(type)} is not an OVSDB type`);
  const read = <T>(member: string, isIt: (value: unknown) => value is T, expected: string): T | undefined => {
    const value = source[member];
    if (value === undefined || isIt(value)) return value;
    return fail(`${what} has a ${member} ${printValue(value)} that is not ${expected}`);
  };
  const refTable = read('refTable', isString, 'a table name');
  const refType = read('refType', isRefType, '"strong" or "weak"');
  if (refTable !== undefined && type !== 'uuid') return fail(`${what} has a refTable but is not uuid`);
  const base: BaseType = {
    type: type as AtomicType,
    enum: source['enum'] === undefined ? undefined : parseEnum(source['enum'], type as AtomicType, what, fail),
    minInteger: read('minInteger', isInteger, 'an integer'),
    maxInteger: read('maxInteger', isInteger, 'an integer'),
    minReal: asReal(read('minReal', isNumber, 'a number')),
    maxReal: asReal(read('maxReal', isNumber, 'a number')),
    minLength: read('minLength', isCount, 'a count'),
    maxLength: read('maxLength', isCount, 'a count'),
    refTable,
    refType: refTable === undefined ? undefined : (refType ?? 'strong'),
  };
  const ranges = [
    [base.minInteger, base.maxInteger],
    [base.minReal, base.maxReal],
    [base.minLength, base.maxLength],
  ] as const;
  for (const [min, max] of ranges) {
    if (min !== undefined && max !== undefined && min > max)
      return fail(`${what} has minimum ${min} above maximum ${max}`);
  }
  return base;
}

function parseEnum(json: unknown, type: AtomicType, what: string, fail: Fail): readonly Atom[] {
  const members: readonly unknown[] =
    Array.isArray(json) && json[0] === 'set' && Array.isArray(json[1]) ? (json[1] as unknown[]) : [json];
  if (members.length === 0) return fail(`${what} has an empty enum`);
  return Object.freeze(
    members.map((member): Atom => {
      if (type === 'uuid') {
        const text: unknown = Array.isArray(member) && member[0] === 'uuid' ? member[1] : undefined;
        if (isUuid(text)) return text.toLowerCase();
      } else if (type === 'integer' ? isInteger(member) : typeof member === (type === 'real' ? 'number' : type)) {
        return typeof member === 'bigint' ? normalizeInteger(member) : (member as Atom);
      }
      return fail(`${what} has an enum member ${printValue(member)} that is not ${type}`);
    }),
  );
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
/** A real that is written without fraction and exponent may have come as a bigint. */
function asReal(value: number | bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
function isInteger(value: unknown): value is Integer {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
function isRefType(value: unknown): value is 'strong' | 'weak' {
  return value === 'strong' || value === 'weak';
}
