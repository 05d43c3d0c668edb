/** Makes sense of a failure that the server reports: which operation, which column, and whether trying again may help. */
import type { Replica } from '../replica/replica.js';
import type { BuiltTransaction } from './builder.js';
import { describeOperation, type Operation } from './operations.js';
import type { OperationFailure } from './transact-result.js';
import { TransactionError, type TransactionFault } from './transaction-error.js';

/** The error that callers get for a failure. */
export function explain(database: string, built: BuiltTransaction, failure: OperationFailure): TransactionError {
  const { guards, operations } = built;
  const { index, error, details } = failure;
  const said = details === undefined ? error : `${error} (${details})`;
  const operation: Operation | undefined = index < guards.length ? guards[index] : operations[index - guards.length];
  const column = columnIn(details ?? '');
  if (operation === undefined) {
    const table = /"(\w+)" table|\bTable (\w+) column|\bdelete (\w+) row/.exec(details ?? '');
    const fault = { table: table?.[1] ?? table?.[2] ?? table?.[3], column, error, details };
    const message = `the transaction on ${database} (${summarize(operations)}) failed at commit: ${said}`;
    return new TransactionError('TransactionFailed', 'failed', message, fault);
  }
  const operationIndex = index < guards.length ? undefined : index - guards.length;
  const fault = { operationIndex, operation, column, error, details };
  const where = `operation ${operationIndex ?? 'guard'} (${describeOperation(operation)})`;
  if (error === 'not owner') {
    return new TransactionError('NotOwner', 'failed', `${where} failed: the lock is not held by this client`, fault);
  }
  if (error === 'aborted') return new TransactionError('Aborted', 'failed', `${where} aborted the transaction`, fault);
  if (operationIndex === undefined && error === 'timed out') {
    const message = `the row of ${operation.table ?? ''} that an inserted row was to belong to does not exist`;
    return new TransactionError('TransactionFailed', 'failed', message, fault);
  }
  const message = `the transaction on ${database} failed at ${where}: ${said}`;
  return new TransactionError('TransactionFailed', 'failed', message, fault);
}

/** The column that the server's words name; values that they repeat may look like such words as well. */
function columnIn(details: string): string | undefined {
  const found =
    /for index on columns? "(\w+)"/.exec(details) ??
    /^Table \w+ column (\w+) row/.exec(details) ??
    /\bcolumn "?([A-Za-z_]\w*)"?/.exec(details);
  return found?.[1];
}

/** Where an error lies, to say it again in other words. */
export function faultOf(error: TransactionError): TransactionFault & { cause: unknown } {
  const { operationIndex, operation, table, column, error: tag, details } = error;
  return { operationIndex, operation, table, column, error: tag, details, cause: error };
}

/** Was somebody else faster? Then the callback, run again on fresh data, may find another way. */
export function isConflict(
  { guards, operations }: BuiltTransaction,
  { index, error }: OperationFailure,
  { table }: TransactionError,
  replica: Replica,
  version: number,
): boolean {
  const replicaChanged = replica.version !== version;
  if (index < guards.length) return error === 'timed out' && replicaChanged;
  const operation = operations[index - guards.length];
  if (operation !== undefined) return error === 'timed out' && operation['timeout'] === 0;
  // At commit: a unique index that was free when the callback looked, and is taken now;
  if (error === 'constraint violation') return replica.changedSince(version, table);
  // or a row that it refers to and that is gone, or that it deletes and that somebody refers to by now.
  return error === 'referential integrity violation' && replicaChanged;
}

/** Names the first operations of a transaction, for messages. */
export function summarize(operations: readonly Operation[]): string {
  const texts = operations.slice(0, 3).map(describeOperation);
  if (operations.length > 3) texts.push(`${operations.length - 3} more`);
  return texts.join(', ');
}
