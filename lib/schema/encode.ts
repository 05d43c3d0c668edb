/**
 * From callers' values to OVSDB JSON (RFC 7047 §5.1 `<value>`). Everything is checked before anything is
 * encoded: a value that the server would refuse, or that would reach it as another value than the caller
 * meant, throws a ValidationError with the table, the column, the value and the rule.
 */
import { printValue, ValidationError } from '../errors.js';
import type { BaseType } from './base-type.js';
import { brokenConstraint } from './constraints.js';
import { isInt64, normalizeInteger } from './integer.js';
import type { ColumnSchema } from './schema.js';
import type { Atom } from './types.js';
import { NamedUuid, isUuid } from './uuid.js';

/**
 * Told of every NamedUuid that a value uses, with the kind of reference it is used in (undefined in a plain
 * uuid column): a row of a non-root table lives only if a strong reference points to it.
 */
export type OnNamedUuid = (uuid: NamedUuid, refType: 'strong' | 'weak' | undefined) => void;

/** Fewest and most members or pairs. */
export interface Size {
  readonly min: number;
  readonly max: number;
}

/** Throws the ValidationError for a value that breaks a rule of a column. */
export function refuse(column: ColumnSchema, value: unknown, rule: string): never {
  throw new ValidationError(column.table, column.name, value, rule);
}

/** Encodes one atom of the column's key or value type. */
export function encodeAtom(column: ColumnSchema, base: BaseType, value: unknown, onNamedUuid?: OnNamedUuid): unknown {
  if (base.type === 'uuid' && isNamedUuid(value)) {
    if (base.refTable !== undefined && base.refTable !== value.table) {
      refuse(column, value, `must be a row of ${base.refTable}, not of ${value.table}`);
    }
    onNamedUuid?.(value, base.refType);
    return value.toWire();
  }
  const atom = checkType(column, base, value);
  const rule = brokenConstraint(base, atom);
  if (rule !== undefined) refuse(column, value, rule);
  return base.type === 'uuid' ? ['uuid', atom] : atom;
}

function isNamedUuid(value: unknown): value is NamedUuid {
  return value instanceof NamedUuid;
}

function checkType(column: ColumnSchema, base: BaseType, value: unknown): Atom {
  if (value === null) return refuse(column, value, 'is not an OVSDB value; use undefined for "none"');
  switch (base.type) {
    case 'string':
      return typeof value === 'string' ? value : refuse(column, value, 'must be a string');
    case 'boolean':
      return typeof value === 'boolean' ? value : refuse(column, value, 'must be a boolean');
    case 'integer':
      return checkInteger(column, value);
    case 'real':
      if (typeof value !== 'number') return refuse(column, value, 'must be a number');
      // Adding 0 turns −0, which JSON and the database print as another value, into 0.
      return Number.isFinite(value) ? value + 0 : refuse(column, value, 'must be a finite number');
    case 'uuid':
      if (isUuid(value)) return value.toLowerCase();
      return refuse(column, value, 'must be a uuid, such as 01234567-89ab-cdef-0123-456789abcdef');
  }
}

function checkInteger(column: ColumnSchema, value: unknown): number | bigint {
  if (typeof value === 'bigint') {
    return isInt64(value) ? normalizeInteger(value) : refuse(column, value, 'must fit 64 bits with a sign');
  }
  if (typeof value !== 'number') return refuse(column, value, 'must be an integer');
  if (!Number.isInteger(value)) return refuse(column, value, 'must be an integer');
  if (!Number.isSafeInteger(value)) {
    return refuse(column, value, 'must be given as a bigint, because a number beyond 2^53-1 is not exact');
  }
  return value + 0;
}

/** Encodes a set of atoms, given as an array or a Set, as `["set", [...]]`. */
export function encodeSet(column: ColumnSchema, value: unknown, size: Size, onNamedUuid?: OnNamedUuid): unknown {
  if (!Array.isArray(value) && !(value instanceof Set)) {
    return refuse(column, value, value === null ? 'is not an OVSDB value; use [] for "none"' : 'must be an array');
  }
  const given: readonly unknown[] = Array.isArray(value) ? value : [...(value as ReadonlySet<unknown>)];
  const members: unknown[] = [];
  const seen = new Distinct(column, 'is in the set twice');
  for (const member of given) {
    const json = encodeAtom(column, column.type.key, member, onNamedUuid);
    seen.add(json, member);
    members.push(json);
  }
  checkSize(column, value, members.length, size, 'member');
  return ['set', members];
}

/** Encodes a map, given as a plain object or a Map, as `["map", [[key, value], ...]]`. */
export function encodeMap(column: ColumnSchema, value: unknown, size: Size, onNamedUuid?: OnNamedUuid): unknown {
  const { key: keyType, value: valueType } = column.type;
  if (valueType === undefined) return refuse(column, value, 'must not be a map');
  const pairs: unknown[] = [];
  const isMap = value instanceof Map;
  if (!isMap && !isPlainObject(value)) {
    const rule = value === null ? 'is not an OVSDB value; use {} for "none"' : 'must be a plain object or a Map';
    return refuse(column, value, rule);
  }
  // No object has a key twice; but two keys may stand for one integer.
  const seen = keyType.type === 'string' && !isMap ? undefined : new Distinct(column, 'is a key of the map twice');
  // Lists of keys: pairs made for each of thousands of rows cost more than what is done with them.
  for (const key of isMap ? [...(value as ReadonlyMap<unknown, unknown>).keys()] : Object.keys(value)) {
    const member: unknown = isMap ? (value as ReadonlyMap<unknown, unknown>).get(key) : value[key as string];
    const json = encodeMapKey(column, keyType, key, onNamedUuid);
    seen?.add(json, key);
    pairs.push([json, encodeMapValue(column, valueType, key, member, onNamedUuid)]);
  }
  checkSize(column, value, pairs.length, size, 'pair');
  return ['map', pairs];
}

/** Encodes keys of a map, given as an array or a Set, as `["set", [...]]`. */
export function encodeKeys(column: ColumnSchema, value: unknown, onNamedUuid?: OnNamedUuid): unknown {
  if (!Array.isArray(value) && !(value instanceof Set)) {
    return refuse(column, value, 'must be an array of keys, or a map of exact pairs');
  }
  const keys: unknown[] = [];
  const seen = new Distinct(column, 'is in the list of keys twice');
  for (const key of value as Iterable<unknown>) {
    const json = encodeMapKey(column, column.type.key, key, onNamedUuid);
    seen.add(json, key);
    keys.push(json);
  }
  return ['set', keys];
}

/** Encodes a key of a map. Keys of objects are strings whatever the column's key type; keys of a Map may be atoms. */
function encodeMapKey(column: ColumnSchema, base: BaseType, key: unknown, onNamedUuid?: OnNamedUuid): unknown {
  return encodeAtom(column, base, typeof key === 'string' ? atomFromKey(base, key) : key, onNamedUuid);
}

/** Encodes the value of a pair; an error names the pair's key. */
function encodeMapValue(
  column: ColumnSchema,
  base: BaseType,
  key: unknown,
  value: unknown,
  onNamedUuid?: OnNamedUuid,
): unknown {
  try {
    return encodeAtom(column, base, value, onNamedUuid);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return refuse(column, error.value, `${error.rule} (value of key ${printValue(key)})`);
  }
}

/** Reads the atom that a string key stands for; a key that stands for none is left to fail the type check. */
function atomFromKey(base: BaseType, key: string): unknown {
  switch (base.type) {
    case 'integer':
      return /^-?[0-9]{1,19}$/.test(key) ? BigInt(key) : key;
    case 'real':
      return /^-?[0-9]/.test(key) && Number.isFinite(Number(key)) ? Number(key) : key;
    case 'boolean':
      return key === 'true' ? true : key === 'false' ? false : key;
    case 'string':
    case 'uuid':
      return key;
  }
}

/** True for `{...}` and prototypeless objects, false for instances of classes. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Refuses an atom that comes twice. Most sets have one member at most: what is needed to compare is made for the second. */
class Distinct {
  readonly #column: ColumnSchema;
  readonly #rule: string;
  #first: unknown;
  #seen: Set<unknown> | undefined;

  constructor(column: ColumnSchema, rule: string) {
    this.#column = column;
    this.#rule = rule;
  }

  add(json: unknown, given: unknown): void {
    if (this.#first === undefined) {
      this.#first = json;
      return;
    }
    this.#seen ??= new Set([this.#identity(this.#first)]);
    const identity = this.#identity(json);
    if (this.#seen.has(identity)) refuse(this.#column, given, this.#rule);
    this.#seen.add(identity);
  }

  #identity(json: unknown): unknown {
    // A uuid is a pair; its text tells it apart from other uuids, and its tag from a name of the same text.
    if (Array.isArray(json)) return `${json[0]} ${json[1]}`;
    // Servers keep reals that print alike in 15 digits apart, but write them alike, and at the next start drop the record.
    return typeof json === 'number' && this.#column.type.key.type === 'real' ? json.toPrecision(15) : json;
  }
}

function checkSize(column: ColumnSchema, value: unknown, count: number, size: Size, noun: 'member' | 'pair'): void {
  if (count < size.min) refuse(column, value, `must have at least ${size.min} ${noun}${size.min === 1 ? '' : 's'}`);
  if (count > size.max) {
    refuse(column, value, `has ${count} ${noun}s, and must have at most ${size.max}`);
  }
}
