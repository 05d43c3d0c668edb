/** Sets of columns whose values together no two rows of a table may share (RFC 7047 §3.2 `indexes`). */
import { compareData, equalData } from './datum.js';
import { datumText } from './datum-text.js';
import { constraintViolation, type Refusal } from './refusal.js';
import type { StoredRow } from './stored-row.js';
import { valuesKey, type Table, type UniqueIndex } from './table.js';
import type { Column } from './table-schema.js';
import type { Draft, Transaction } from './transaction.js';

/** An entry of an index that a transaction makes. */
interface Entry {
  readonly index: UniqueIndex;
  readonly key: string;
  readonly row: StoredRow;
}

/**
 * Checks that rows which come or change leave the values of each index unique, however they swap them.
 * @returns What the indexes get when the transaction is certain.
 * @throws Refusal
 */
export function checkUniqueness(transaction: Transaction): readonly Entry[] {
  const entries: Entry[] = [];
  for (const table of transaction.tables) {
    for (const index of table.indexes) {
      const news = new Map<string, StoredRow>();
      for (const draft of table.drafts?.values() ?? []) {
        const row = draft.current;
        if (row === undefined || !touches(draft, index.columns)) continue;
        const key = valuesKey(row, index.columns);
        const rival = news.get(key) ?? standingRival(table, index, key);
        if (rival !== undefined) throw duplicate(table, index.columns, rival, row);
        news.set(key, row);
        entries.push({ index, key, row });
      }
    }
  }
  return entries;
}

/** Also by values that are equal, and so are no change: 0 and -0 have keys of their own. */
function touches({ old, current }: Draft, columns: readonly Column[]): boolean {
  return old === undefined || columns.some(({ index }) => old.fields[index] !== current?.fields[index]);
}

/** The row that has the values now, and keeps them. */
function standingRival(table: Table, index: UniqueIndex, key: string): StoredRow | undefined {
  const row = index.rows.get(key);
  if (row === undefined) return undefined;
  const draft = table.drafts?.get(row.uuid);
  if (draft === undefined) return row;
  return touches(draft, index.columns) ? undefined : draft.current;
}

/** Makes the indexes show what the transaction has done. */
export function updateIndexes(transaction: Transaction, entries: readonly Entry[]): void {
  for (const table of transaction.tables) {
    for (const index of table.indexes) {
      for (const draft of table.drafts?.values() ?? []) {
        const { old, current } = draft;
        if (old === undefined || old === current) continue;
        const key = valuesKey(old, index.columns);
        if (current === undefined || touches(draft, index.columns)) index.rows.delete(key);
        else index.rows.set(key, current);
      }
    }
  }
  for (const { index, key, row } of entries) index.rows.set(key, row);
}

function duplicate(table: Table, index: readonly Column[], a: StoredRow, b: StoredRow): Refusal {
  const [first, second] = precedes(a, b) ? [b, a] : [a, b];
  const names = englishList(index.map(({ name }) => `"${name}"`));
  return constraintViolation(
    `Transaction causes multiple rows in "${table.schema.name}" table to have identical values ` +
      `(${valuesText(first, index)}) for index on column${index.length > 1 ? 's' : ''} ${names}.  ` +
      `First row, with UUID ${first.uuid}, ${history(table, first, index)}  ` +
      `Second row, with UUID ${second.uuid}, ${history(table, second, index)}`,
  );
}

/**
 * Tells which of two rows of a table is the lesser, so that errors name them in an order that does not depend on chance:
 * ovsdb-server compares column by column as well, in an order that comes of a hash.
 */
function precedes(a: StoredRow, b: StoredRow): boolean {
  for (const column of [...a.schema.columns.values(), ...a.schema.allColumns.slice(0, 1)]) {
    const order = compareData(column.type, a.get(column), b.get(column));
    if (order !== 0) return order < 0;
  }
  return false;
}

function history(table: Table, row: StoredRow, index: readonly Column[]): string {
  const draft = table.drafts?.get(row.uuid);
  if (draft !== undefined && draft.old === undefined) return 'was inserted by this transaction.';
  if (draft?.old === undefined || draft.changed.size === 0) {
    return 'existed in the database before this transaction and was not modified by the transaction.';
  }
  const { old } = draft;
  if (index.every((column) => equalData(column.type, old.get(column), row.get(column)))) {
    return "existed in the database before this transaction, which modified some of the row's columns but not any columns in this index.";
  }
  return `had the following index values before the transaction: ${valuesText(old, index)}.`;
}

function valuesText(row: StoredRow, columns: readonly Column[]): string {
  return englishList(columns.map((column) => datumText(row.get(column), column.type)));
}

function englishList(items: readonly string[]): string {
  if (items.length < 3) return items.join(' and ');
  return `${items.slice(0, -1).join(', ')}, and ${items.at(-1) ?? ''}`;
}
