/** The operations of a `transact` request and its result (RFC 7047 §4.1.3 and §5.2). */
import { ProtocolError } from '../errors.js';

/** One operation as it goes over the wire. */
export interface Operation {
  readonly op: string;
  readonly table?: string;
  readonly [member: string]: unknown;
}

/** The result of one operation that succeeded. */
export interface OperationResult {
  readonly uuid?: readonly ['uuid', string];
  readonly count?: number;
  readonly rows?: readonly unknown[];
  readonly [member: string]: unknown;
}

/** An operation, or the commit, that failed. */
export interface OperationFailure {
  /** Index among the operations; their number for an error found at commit. */
  readonly index: number;
  readonly error: string;
  readonly details: string | undefined;
}

/** Either all results, one per operation, or the first failure. */
export type TransactResult =
  | { readonly ok: true; readonly results: readonly OperationResult[] }
  | { readonly ok: false; readonly failure: OperationFailure };

/**
 * Reads the result of a transact. It succeeded when every element is an object without `error`: errors at
 * commit come as one element more than there were operations.
 * Throws `ProtocolError` when the reply is nothing of that kind.
 */
export function readTransactResult(reply: unknown, operationCount: number): TransactResult {
  if (!Array.isArray(reply)) throw new ProtocolError('the server answered transact with something that is no array');
  const elements = reply as unknown[];
  for (const [index, element] of elements.entries()) {
    if (typeof element !== 'object' || element === null || !('error' in element) || element.error == null) continue;
    const details = 'details' in element && typeof element.details === 'string' ? element.details : undefined;
    const error = typeof element.error === 'string' ? element.error : JSON.stringify(element.error);
    return { ok: false, failure: { index, error, details } };
  }
  if (
    elements.length !== operationCount ||
    elements.some((element) => typeof element !== 'object' || element === null)
  ) {
    throw new ProtocolError(
      `the server answered ${operationCount} operations with ${elements.length} results that tell of no error`,
    );
  }
  return { ok: true, results: elements as OperationResult[] };
}

/** Names an operation for a message: `insert into Logical_Switch_Port`, `wait on NB_Global`. */
export function describeOperation(operation: Operation): string {
  const table = operation.table ?? '';
  switch (operation.op) {
    case 'insert':
      return `insert into ${table}`;
    case 'delete':
      return `delete from ${table}`;
    case 'select':
      return `select from ${table}`;
    case 'update':
      return `update of ${table}`;
    case 'mutate':
      return `mutate of ${table}`;
    case 'wait':
      return `wait on ${table}`;
    default:
      return operation.op;
  }
}
