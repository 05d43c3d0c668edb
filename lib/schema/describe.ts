/** Column types in words, for messages and for the comments of generated code. */
import type { BaseType, ColumnType } from './base-type.js';
import { kindOfType } from './base-type.js';

/**
 * The shape of a column's values in words, without its constraints: `string`, `optional integer`,
 * `set of references to Logical_Switch_Port`, `map of string to string`.
 */
export function describeType(type: ColumnType): string {
  switch (kindOfType(type)) {
    case 'scalar':
      return describeBase(type.key, false);
    case 'optional':
      return `optional ${describeBase(type.key, false)}`;
    case 'set':
      return `set of ${describeBase(type.key, true)}`;
    case 'map':
      return `map of ${describeBase(type.key, false)} to ${describeBase(type.value ?? type.key, false)}`;
  }
}

function describeBase(base: BaseType, plural: boolean): string {
  if (base.refTable === undefined) return base.type;
  return `${base.refType === 'weak' ? 'weak ' : ''}reference${plural ? 's' : ''} to ${base.refTable}`;
}
