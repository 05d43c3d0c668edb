/** What a server answers to `transact` (RFC 7047 §4.1.3), read with suspicion: what it says decides what callers believe. */
import { printValue, ProtocolError } from '../errors.js';
import { isUuid } from '../schema/uuid.js';
import type { Operation, OperationResult } from './operations.js';

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
 * Reads the result of a transact. It succeeded when every operation has its result: an object with what RFC 7047 §5.2
 * says of such an operation. Of one that failed, results come before the error and nulls after it; an error at commit is
 * one element more than there were operations.
 *
 * Throws `ProtocolError` when the reply is nothing of that kind, and so says neither that it is in force nor that it is
 * not.
 */
export function readTransactResult(reply: unknown, operations: readonly Operation[]): TransactResult {
  if (!Array.isArray(reply)) throw malformed(`something that is no array: ${printValue(reply)}`);
  const elements = reply as readonly unknown[];
  const failed = elements.findIndex((element) => isObject(element) && element['error'] != null);
  if (failed < 0) {
    if (elements.length !== operations.length) {
      throw malformed(`${elements.length} results, none an error, for ${operations.length} operations`);
    }
  } else {
    const rest = elements.slice(failed + 1);
    const length = Math.max(operations.length, failed + 1);
    if (failed > operations.length || elements.length > length || rest.some((element) => element !== null)) {
      throw malformed(`${elements.length} results, the first error as number ${failed}, for ${operations.length}`);
    }
  }
  const succeeded = failed < 0 ? operations.length : failed;
  for (let i = 0; i < succeeded; i++) requireResult(elements[i], operations[i], i);
  if (failed < 0) return { ok: true, results: elements as readonly OperationResult[] };
  const { error, details } = elements[failed] as Record<string, unknown>;
  if (typeof error !== 'string') throw malformed(`an error that is no text: ${printValue(error)}`);
  return {
    ok: false,
    failure: { index: failed, error, details: typeof details === 'string' ? details : undefined },
  };
}

function requireResult(result: unknown, operation: Operation | undefined, index: number): void {
  if (!isObject(result) || !hasMembersOf(operation?.op, result)) {
    throw malformed(`${printValue(result)} as result ${index}, of ${operation?.op ?? 'nothing'}`);
  }
}

function hasMembersOf(op: string | undefined, { uuid, count, rows }: Record<string, unknown>): boolean {
  switch (op) {
    case 'insert':
      return Array.isArray(uuid) && uuid.length === 2 && uuid[0] === 'uuid' && isUuid(uuid[1] as string);
    case 'update':
    case 'mutate':
    case 'delete':
      return (typeof count === 'number' && Number.isInteger(count) && count >= 0) || typeof count === 'bigint';
    case 'select':
      return Array.isArray(rows) && rows.every(isObject);
    default:
      return true;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(what: string): ProtocolError {
  return new ProtocolError(`the server answered transact with ${what}`);
}
