/**
 * Which transactions may share one with others.
 *
 * A shared transaction carries out the operations of its members one member after the other, and commits once. That is
 * the same as a commit after each, in this order, if no member needs that commit to have been: to be told of a rule that it
 * breaks and that a later member happens to mend (a name that is taken and then freed, a reference to a row that is
 * inserted only then), or to see rows collected. So those share that can mend nothing, because all that they do is add:
 *
 * - inserts, unless the caller chose the row's uuid, which a member before may have referred to in error;
 * - mutations and updates of a row chosen by its uuid, in columns that belong to no unique index; references may be
 *   added there, but not removed;
 * - waits with time-out 0 for a row chosen by its uuid to have some contents, and so `verify` and `ensureExists`.
 *
 * Everything else is sent alone: deletes, selects, conditions, waits that may take time, comments (they would seem to be
 * about all), asserts, durable commits, operations given as they stand.
 */
import type { ColumnSchema, DatabaseSchema, TableSchema } from '../schema/schema.js';
import type { BuiltTransaction } from './builder.js';
import type { Operation } from './operations.js';

/** A transaction of more operations is worth a round trip of its own. */
export const MAX_SHARED_OPERATIONS = 100;

/** May the transaction be sent together with others? `schema` is the one that it was built by. */
export function mayShare({ operations, unchecked }: BuiltTransaction, schema: DatabaseSchema): boolean {
  return (
    operations.length < MAX_SHARED_OPERATIONS &&
    unchecked !== true &&
    operations.every((operation) => addsOnly(operation, schema))
  );
}

function addsOnly(operation: Operation, schema: DatabaseSchema): boolean {
  const table = schema.tables.get(operation.table ?? '');
  if (table === undefined) return false;
  switch (operation.op) {
    case 'insert':
      return operation['uuid'] === undefined;
    case 'mutate':
      return (
        choosesByUuid(operation) &&
        (operation['mutations'] as readonly (readonly [string, string, unknown])[]).every(([name, mutator]) =>
          mayChange(table, name, mutator === 'insert'),
        )
      );
    case 'update':
      return (
        choosesByUuid(operation) &&
        Object.keys(operation['row'] as object).every((name) => mayChange(table, name, false))
      );
    case 'wait':
      return choosesByUuid(operation) && operation['until'] === '==' && operation['timeout'] === 0;
    default:
      return false;
  }
}

/** Does it concern one row at most, whatever that holds? */
function choosesByUuid({ where }: Operation): boolean {
  const clauses = where as readonly (readonly [string, string, unknown])[];
  return clauses.length === 1 && clauses[0]?.[0] === '_uuid' && clauses[0][1] === '==';
}

function mayChange(table: TableSchema, name: string, addsMembers: boolean): boolean {
  const column = table.columns.get(name);
  if (column === undefined || table.indexes.some((columns) => columns.includes(name))) return false;
  return addsMembers || !refers(column);
}

function refers({ type: { key, value } }: ColumnSchema): boolean {
  return key.type === 'uuid' || value?.type === 'uuid';
}
