/** What an insert leaves out (RFC 7047 §5.2.1). */
import { ValidationError } from '../errors.js';
import type { ColumnSchema, TableSchema } from './schema.js';
import type { ColumnValue } from './types.js';

/**
 * A whole row from the columns that are given: those left out, or given as undefined, hold their defaults.
 * The result is a new object without a prototype, with every column of the table in the schema's order.
 */
export function insertDefaults(
  table: TableSchema,
  row: Readonly<Record<string, ColumnValue>>,
): Record<string, ColumnValue> {
  const whole = Object.create(null) as Record<string, ColumnValue>;
  for (const column of table.columns.values()) {
    const given = Object.hasOwn(row, column.name) ? row[column.name] : undefined;
    whole[column.name] = given === undefined ? column.defaultValue : given;
  }
  return whole;
}

/** The columns that an insert must give, because their defaults break their own constraints, and `row` does not. */
export function missingRequiredColumns(
  table: TableSchema,
  row: Readonly<Record<string, unknown>>,
): readonly ColumnSchema[] {
  let required = requiredByTable.get(table);
  if (required === undefined) {
    required = [...table.columns.values()].filter(({ requiredBecause }) => requiredBecause !== undefined);
    requiredByTable.set(table, required);
  }
  return required.filter(({ name }) => !Object.hasOwn(row, name) || row[name] === undefined);
}

/** Few columns are, and every insert asks. */
const requiredByTable = new WeakMap<TableSchema, readonly ColumnSchema[]>();

/**
 * Checks that a row to insert gives every column that has no usable default.
 * @throws ValidationError for the first column that is missing.
 */
export function requireColumns(table: TableSchema, row: Readonly<Record<string, unknown>>): void {
  for (const column of missingRequiredColumns(table, row)) {
    throw new ValidationError(table.name, column.name, undefined, `must be given: it ${column.requiredBecause ?? ''}`);
  }
}
