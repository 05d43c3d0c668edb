/**
 * The types of columns as a server needs them (RFC 7047 §3.2): with every constraint, with the order of atoms, and
 * printed and described as ovsdb-server does it.
 */
import type { AtomicType } from '../../schema/schema-json.js';
import type { Integer } from '../../schema/types.js';
import { compareAtoms, type AtomOrder } from './atom-order.js';
import type { Datum } from './datum.js';

/** Stands for the `unlimited` of a schema, and is what messages say for it. */
export const UNLIMITED = 4_294_967_295;

/** An atomic type and the constraints on its values. A constraint that the schema does not state is undefined. */
export interface BaseType {
  readonly type: AtomicType;
  readonly compare: AtomOrder;
  /** The only values allowed. */
  readonly enum: Datum | undefined;
  readonly minInteger: Integer | undefined;
  readonly maxInteger: Integer | undefined;
  readonly minReal: number | undefined;
  readonly maxReal: number | undefined;
  /** In code points, as for `maxLength`. */
  readonly minLength: number;
  readonly maxLength: number;
  /** Table whose rows a `uuid` refers to. */
  readonly refTable: string | undefined;
  readonly refType: 'strong' | 'weak' | undefined;
}

/** The type of a column: a map when it has a `value` type. */
export interface ColumnType {
  readonly key: BaseType;
  readonly value: BaseType | undefined;
  readonly min: number;
  /** {@link UNLIMITED} for no limit. */
  readonly max: number;
}

/** A base type without constraints; the same object each time. */
export function plainType(type: AtomicType): BaseType {
  return PLAIN_TYPES[type];
}

const PLAIN_TYPES: Readonly<Record<AtomicType, BaseType>> = {
  integer: makePlainType('integer'),
  real: makePlainType('real'),
  boolean: makePlainType('boolean'),
  string: makePlainType('string'),
  uuid: makePlainType('uuid'),
};

function makePlainType(type: AtomicType): BaseType {
  return {
    type,
    compare: compareAtoms(type),
    enum: undefined,
    minInteger: undefined,
    maxInteger: undefined,
    minReal: undefined,
    maxReal: undefined,
    minLength: 0,
    maxLength: UNLIMITED,
    refTable: undefined,
    refType: undefined,
  };
}

/** Does the type say more than the name of an atomic type? */
export function hasConstraints(base: BaseType): boolean {
  return (
    base.enum !== undefined ||
    base.minInteger !== undefined ||
    base.maxInteger !== undefined ||
    base.minReal !== undefined ||
    base.maxReal !== undefined ||
    base.minLength !== 0 ||
    base.maxLength !== UNLIMITED ||
    base.refTable !== undefined
  );
}

/** Exactly one value that is no pair. */
export function isScalar(type: ColumnType): boolean {
  return type.value === undefined && type.min === 1 && type.max === 1;
}

/** At most one value, and perhaps none. */
export function isOptionalScalar(type: ColumnType): boolean {
  return type.value === undefined && type.min === 0 && type.max === 1;
}

/** Neither a scalar nor a map. */
export function isSet(type: ColumnType): boolean {
  return type.value === undefined && !isScalar(type);
}

/** The type in the words of the server's messages. */
export function typeInEnglish(type: ColumnType): string {
  if (isScalar(type)) return type.key.type;
  const kind = type.value === undefined ? 'set' : 'map';
  const count =
    type.max === UNLIMITED
      ? type.min === 0
        ? ''
        : ` ${type.min} or more`
      : type.min === 0
        ? ` up to ${type.max}`
        : ` ${type.min} to ${type.max}`;
  const members = type.value === undefined ? `${type.key.type}s` : `(${type.key.type}, ${type.value.type}) pairs`;
  return `${kind} of${count} ${members}`;
}
