/**
 * Leaves out the wait that keeps inserted rows from being lost, where the server says the same without being asked.
 *
 * Rows of tables that are no roots are inserted together with a reference to them from a row that exists. Should that
 * row be gone, the change of it counts 0 rows, the inserted rows are collected at the commit, and the reply reports
 * success. A wait for the row in front of all makes the transaction fail instead, which costs the server one operation
 * more for each transaction. It is not needed when there is nothing in the transaction but
 *
 * - inserts into such tables, without uuids of the caller's choice (which may be taken) and without strong references
 *   to rows that exist (which may be broken),
 * - changes of exactly the one row that they hang on, chosen by its uuid,
 * - and comments.
 *
 * Then a change that counts 0 rows proves that nothing of it took effect: no row was there to change, and what was
 * inserted is collected before anything else is looked at, unique indexes included (ovsdb/transaction.c,
 * "ovsdb_txn_precommit"), so that there is nothing to commit. That is what a failed wait proves. The rows cannot keep each
 * other, because one can only refer to those inserted before it. All of this holds by the schema that the transaction was
 * made by: send.ts looks whether the server has got another one before it answered.
 */
import type { DatabaseSchema, TableSchema } from '../schema/schema.js';
import { stringifyJson } from '../wire/json.js';
import type { Operation } from './operations.js';
import type { ExistingRow } from './references.js';

/**
 * Position of an operation whose count is 0 exactly when the row that the inserted rows hang on does not exist, and
 * then nothing took effect; undefined when only a wait can tell.
 */
export function tellingCount(
  operations: readonly Operation[],
  { table, uuid }: ExistingRow,
  schema: DatabaseSchema,
): number | undefined {
  let position: number | undefined;
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i] as Operation;
    switch (operation.op) {
      case 'comment':
        break;
      case 'insert':
        if (!wouldBeCollected(operation, schema)) return undefined;
        break;
      case 'mutate':
      case 'update':
        if (operation.table !== table || !choosesOnly(operation['where'], uuid)) return undefined;
        position = i;
        break;
      default:
        return undefined;
    }
  }
  return position;
}

function wouldBeCollected({ table = '', row, uuid }: Operation, schema: DatabaseSchema): boolean {
  const tableSchema = schema.tables.get(table);
  if (tableSchema === undefined || tableSchema.isRoot || uuid !== undefined) return false;
  for (const column of strongColumns(tableSchema)) {
    const value = (row as Readonly<Record<string, unknown>>)[column];
    if (value !== undefined && stringifyJson(value).includes('["uuid",')) return false;
  }
  return true;
}

function choosesOnly(where: unknown, uuid: string): boolean {
  const [clause, ...others] = where as readonly (readonly [string, string, unknown])[];
  if (clause === undefined || others.length > 0) return false;
  const [column, fn, value] = clause;
  return column === '_uuid' && fn === '==' && Array.isArray(value) && value[0] === 'uuid' && isSame(value[1], uuid);
}

function isSame(given: unknown, uuid: string): boolean {
  return given === uuid || String(given).toLowerCase() === uuid;
}

const strongColumnsByTable = new WeakMap<TableSchema, readonly string[]>();

/** The columns that may refer strongly; few tables have any. */
function strongColumns(table: TableSchema): readonly string[] {
  let columns = strongColumnsByTable.get(table);
  if (columns === undefined) {
    columns = Array.from(table.columns.values())
      .filter(({ type }) => type.key.refType === 'strong' || type.value?.refType === 'strong')
      .map(({ name }) => name);
    strongColumnsByTable.set(table, columns);
  }
  return columns;
}
