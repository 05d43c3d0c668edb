/**
 * Column values to and from OVSDB JSON (RFC 7047 §5.1): whole values, conditions, mutations. Values that
 * callers give are checked against the column first and throw a ValidationError; values that the server sent
 * and that do not fit throw a ProtocolError.
 *
 * JSON values hold integers beyond ±(2^53−1) as bigints, in both directions.
 */
import type { ColumnSchema } from './schema.js';
import type { OnNamedUuid } from './encode.js';
import { encodeAtom, encodeKeys, encodeMap, encodeSet, isPlainObject, refuse } from './encode.js';
import type { Atom, ColumnValue, ConditionFunction } from './types.js';

export { applyDiff } from './diff.js';
export { insertDefaults, missingRequiredColumns, requireColumns } from './defaults.js';
export type { OnNamedUuid } from './encode.js';

/** Mutators of a `<mutation>` (RFC 7047 §5.1). */
export type Mutator = '+=' | '-=' | '*=' | '/=' | '%=' | 'insert' | 'delete';

/**
 * The value of a column from what the server sent: an atom for a scalar; an atom or undefined for an optional;
 * a frozen array, in the order sent, for a set; a frozen object for a map. Such an object has nothing but the
 * map's keys (no `toString`, and `__proto__` is a key like any other); keys that are not strings in the
 * database appear as their text. Integers are numbers where those are exact, else bigints.
 * A one-member set may be sent as the bare member (RFC 7047 §5.1), also where exactly one value is due.
 * @throws ProtocolError that names the column when the value has another type.
 */
export function decodeColumn(column: ColumnSchema, json: unknown): ColumnValue {
  return column.decode(json);
}

/**
 * The members of a set as a new array: of a set column's value, or of the difference of two sets that a
 * monitor sends, which may have more members than the column allows.
 * @throws ProtocolError that names the column when a member has another type.
 */
export function decodeAtoms(column: ColumnSchema, json: unknown): readonly Atom[] {
  return column.decodeMembers(json);
}

/**
 * The JSON of a value for a column. Optionals take `undefined` for none; so do sets and maps, for empty.
 * Sets may be arrays or Sets, maps plain objects or Maps; uuids may be of either case, or a NamedUuid.
 * @param onNamedUuid is told of each NamedUuid in the value.
 * @throws ValidationError when the value breaks a rule of the column.
 */
export function encodeColumn(column: ColumnSchema, value: unknown, onNamedUuid?: OnNamedUuid): unknown {
  return encodeValue(column, value, column.type, onNamedUuid);
}

/**
 * The JSON of a clause `[column, function, value]` (RFC 7047 §5.1). `==` and `!=` compare the whole value.
 * `<`, `<=`, `>` and `>=` are for integers and reals, of which an optional one never matches while it is empty.
 * `includes` and `excludes` take, for sets and maps, the members or pairs that must be or must not be there.
 * Comparing reals for equality is unsafe: the server prints them with 15 digits but compares all of them.
 * @throws ValidationError when the function does not fit the column, or the value breaks a rule of the column.
 */
export function encodeCondition(
  column: ColumnSchema,
  fn: ConditionFunction,
  value: unknown,
  onNamedUuid?: OnNamedUuid,
): readonly [string, ConditionFunction, unknown] {
  switch (fn) {
    case '==':
    case '!=':
      return [column.name, fn, encodeColumn(column, value, onNamedUuid)];
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (!isNumeric(column) || (column.kind !== 'scalar' && column.kind !== 'optional')) {
        return refuse(column, value, `cannot be compared by ${fn}: the column is not one integer or real`);
      }
      return [column.name, fn, encodeAtom(column, column.type.key, value)];
    case 'includes':
    case 'excludes': {
      // One may exclude more members than the column can hold, but it cannot include more.
      const max = fn === 'includes' ? column.type.max : Infinity;
      const size = column.kind === 'scalar' ? column.type : { min: 0, max };
      return [column.name, fn, encodeValue(column, value, size, onNamedUuid)];
    }
    default:
      return refuse(column, fn, 'is not a condition function (==, !=, <, <=, >, >=, includes, excludes)');
  }
}

/**
 * The JSON of a mutation `[column, mutator, value]` (RFC 7047 §5.1). Arithmetic takes a number and works on
 * every member of the column; `insert` takes members or pairs, and does not change a pair whose key exists;
 * `delete` takes members, or for a map either keys (array or Set) or the exact pairs (object or Map).
 * @throws ValidationError when the column is immutable, the mutator does not fit it, or the value breaks a rule.
 */
export function encodeMutation(
  column: ColumnSchema,
  mutator: Mutator,
  value: unknown,
  onNamedUuid?: OnNamedUuid,
): readonly [string, Mutator, unknown] {
  if (!column.mutable)
    refuse(column, value, `cannot be applied by ${mutator}: the column can be set by an insert only`);
  switch (mutator) {
    case '+=':
    case '-=':
    case '*=':
    case '/=':
    case '%=':
      return [column.name, mutator, encodeOperand(column, mutator, value)];
    case 'insert':
    case 'delete':
      return [column.name, mutator, encodeMembers(column, mutator, value, onNamedUuid)];
    default:
      return refuse(column, mutator, 'is not a mutator (+=, -=, *=, /=, %=, insert, delete)');
  }
}

function encodeValue(
  column: ColumnSchema,
  value: unknown,
  size: { readonly min: number; readonly max: number },
  onNamedUuid: OnNamedUuid | undefined,
): unknown {
  switch (column.kind) {
    case 'scalar':
      if (value === undefined) return refuse(column, value, 'is not allowed: the column always holds a value');
      return encodeAtom(column, column.type.key, value, onNamedUuid);
    case 'optional':
      return value === undefined ? ['set', []] : encodeAtom(column, column.type.key, value, onNamedUuid);
    case 'set':
      return encodeSet(column, value ?? emptyIfUndefined(value, []), size, onNamedUuid);
    case 'map':
      return encodeMap(column, value ?? emptyIfUndefined(value, {}), size, onNamedUuid);
  }
}

function emptyIfUndefined(value: null | undefined, empty: object): object | null {
  return value === undefined ? empty : value;
}

function isNumeric(column: ColumnSchema): boolean {
  return column.type.key.type === 'integer' || column.type.key.type === 'real';
}

function encodeOperand(column: ColumnSchema, mutator: Mutator, value: unknown): unknown {
  if (column.kind === 'map' || !isNumeric(column)) {
    return refuse(column, value, `cannot be applied by ${mutator}: the column does not hold integers or reals`);
  }
  if (mutator === '%=' && column.type.key.type === 'real') {
    return refuse(column, value, 'cannot be applied by %=: the column does not hold integers');
  }
  // The operand is of the column's type, but its constraints bind the result only, which the server knows.
  const operand = encodeAtom(column, unconstrained(column.type.key), value);
  if ((mutator === '/=' || mutator === '%=') && operand === 0) refuse(column, value, 'cannot divide');
  return operand;
}

function unconstrained(base: ColumnSchema['type']['key']): ColumnSchema['type']['key'] {
  return {
    ...base,
    enum: undefined,
    minInteger: undefined,
    maxInteger: undefined,
    minReal: undefined,
    maxReal: undefined,
  };
}

function encodeMembers(
  column: ColumnSchema,
  mutator: 'insert' | 'delete',
  value: unknown,
  onNamedUuid: OnNamedUuid | undefined,
): unknown {
  if (column.kind === 'scalar') {
    return refuse(column, value, `cannot be applied by ${mutator}: the column is neither a set nor a map`);
  }
  // The server counts the members of an insert by themselves, too; those of a delete need not exist.
  const size = { min: 0, max: mutator === 'insert' ? column.type.max : Infinity };
  if (column.kind !== 'map') return encodeSet(column, value, size, onNamedUuid);
  if (mutator === 'insert' || value instanceof Map || isPlainObject(value)) {
    return encodeMap(column, value, size, onNamedUuid);
  }
  return encodeKeys(column, value, onNamedUuid);
}
