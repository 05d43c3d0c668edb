/** What `select` and `wait` find (RFC 7047 §5.2.2, §5.2.6). */
import type { Condition } from './condition.js';
import { compareData, type Datum } from './datum.js';
import type { Json } from './json-text.js';
import type { StoredRow } from './stored-row.js';
import { valuesKey, type Table } from './table.js';
import type { Column } from './table-schema.js';

/** Rows that match every clause, as the transaction sees them. */
export function matchingRows(table: Table, condition: Condition): readonly StoredRow[] {
  if (condition.uuid !== undefined) {
    const row = table.rows.get(condition.uuid);
    return row !== undefined && condition.matchesEvery(row) ? [row] : [];
  }
  const rows: StoredRow[] = [];
  for (const row of table.rows.values()) if (condition.matchesEvery(row)) rows.push(row);
  return rows;
}

/** These columns of the rows that match, without duplicates, in the order of the columns to sort by, else of arrival. */
export function select(
  table: Table,
  condition: Condition,
  columns: readonly Column[],
  sort: readonly Column[],
): readonly Json[] {
  let rows = matchingRows(table, condition);
  if (!columns.some(({ index }) => index === 0)) {
    rows = [...new Map(rows.map((row) => [valuesKey(row, columns), row])).values()];
  }
  return [...rows].sort((a, b) => compareRows(a, b, sort)).map((row) => row.toJson(columns));
}

function compareRows(a: StoredRow, b: StoredRow, columns: readonly Column[]): number {
  for (const column of columns) {
    const order = compareData(column.type, a.get(column), b.get(column));
    if (order !== 0) return order;
  }
  return 0;
}

/** Are the rows that match, seen by these columns and each kind once, the expected ones? */
export function waitHolds(
  table: Table,
  condition: Condition,
  columns: readonly Column[],
  expectedRows: readonly { readonly fields: readonly Datum[] }[],
): boolean {
  const expected = new Set(expectedRows.map((row) => valuesKey(row, columns)));
  const actual = new Set<string>();
  for (const row of matchingRows(table, condition)) {
    const key = valuesKey(row, columns);
    if (!expected.has(key)) return false;
    actual.add(key);
  }
  return actual.size === expected.size;
}
