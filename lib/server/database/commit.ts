/** The end of a transaction: what must hold is checked, and what it has done becomes what the database is. */
import { equalData } from './datum.js';
import { constraintViolation } from './refusal.js';
import type { StoredRow } from './stored-row.js';
import { collectGarbage, countStrongReferences, dropDanglingReferences, linkRows } from './references.js';
import type { Column } from './table-schema.js';
import { uuidDatum, type Draft, type Transaction } from './transaction.js';
import { checkUniqueness, updateIndexes } from './unique-indexes.js';

/** What happened to one row: inserted without `before`, deleted without `after`, else modified. */
export interface RowChange {
  readonly before: StoredRow | undefined;
  readonly after: StoredRow | undefined;
  /**
   * Of a modified row, the columns that changed, without `_version`; else empty. A column that was given a weak
   * reference to a row that does not exist counts, although the reference is gone again.
   */
  readonly changed: ReadonlySet<Column>;
}

/** A transaction that changed something. */
export interface Commit {
  readonly id: string;
  /** Table name to uuid to change. No table and no row without a change. */
  readonly changes: ReadonlyMap<string, ReadonlyMap<string, RowChange>>;
}

/**
 * Commits a transaction: in the order of ovsdb-server, which decides what is reported when several things are wrong.
 * @returns What changed; undefined when nothing did.
 * @throws Refusal when the transaction is not allowed; it must then be aborted.
 */
export function commit(transaction: Transaction): Commit | undefined {
  findChanges(transaction);
  if (transaction.tables.size === 0) return undefined;
  countStrongReferences(transaction);
  collectGarbage(transaction);
  checkMaxRows(transaction);
  dropDanglingReferences(transaction);
  const entries = checkUniqueness(transaction);
  updateIndexes(transaction, entries);
  linkRows(transaction);
  return { id: transaction.makeUuid(), changes: renewVersions(transaction) };
}

/** Finds the columns that differ, and lets go of rows in which none does. */
function findChanges(transaction: Transaction): void {
  for (const table of transaction.tables) {
    for (const draft of table.drafts?.values() ?? []) {
      const { old, current, changed } = draft;
      if (old === undefined || current === undefined) continue;
      for (const column of table.schema.columns.values()) {
        if (!equalData(column.type, old.get(column), current.get(column))) changed.add(column);
      }
      if (changed.size > 0) continue;
      transaction.undo(draft);
      table.drafts?.delete(draft.uuid);
    }
    if (table.drafts?.size !== 0) continue;
    table.drafts = undefined;
    transaction.tables.delete(table);
  }
}

function checkMaxRows(transaction: Transaction): void {
  for (const { schema, rows } of transaction.tables) {
    if (rows.size <= schema.maxRows) continue;
    throw constraintViolation(
      `transaction causes "${schema.name}" table to contain ${rows.size} rows, ` +
        `greater than the schema-defined limit of ${schema.maxRows} row(s)`,
    );
  }
}

function renewVersions(transaction: Transaction): ReadonlyMap<string, ReadonlyMap<string, RowChange>> {
  const changes = new Map<string, ReadonlyMap<string, RowChange>>();
  for (const { schema, drafts } of transaction.tables) {
    const rows = new Map<string, RowChange>();
    for (const draft of drafts?.values() ?? []) {
      const { uuid, old, current, changed } = draft;
      if (!hasChanged(draft)) continue;
      if (old !== undefined && current !== undefined) current.fields[1] = uuidDatum(transaction.makeUuid());
      rows.set(uuid, { before: old, after: current, changed });
    }
    if (rows.size > 0) changes.set(schema.name, rows);
  }
  return changes;
}

function hasChanged({ old, current, changed }: Draft): boolean {
  if (old !== undefined && current !== undefined) return changed.size > 0;
  return old !== current;
}

/** Lets go of what a commit's rows still know of how their values came about; only who listened needed it. */
export function forgetOrigins({ changes }: Commit): void {
  for (const rows of changes.values()) {
    for (const { after } of rows.values()) {
      if (after !== undefined) for (const field of after.fields) field.origin = undefined;
    }
  }
}
