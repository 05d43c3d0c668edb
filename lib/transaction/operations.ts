/** The operations of a `transact` request and their results (RFC 7047 §4.1.3 and §5.2). */
import { InvalidArgumentError, printValue } from '../errors.js';
import { unsendableReason } from '../schema/constraints.js';
import type { Uuid } from '../schema/uuid.js';
import { stringifyJson } from '../wire/json.js';

/** One operation as it goes over the wire. */
export interface Operation {
  readonly op: string;
  readonly table?: string;
  readonly [member: string]: unknown;
}

/** The result of one operation that succeeded. */
export interface OperationResult {
  /** Of an insert: the row's uuid. */
  readonly uuid?: readonly ['uuid', string];
  /** Of update, mutate and delete: how many rows. */
  readonly count?: number;
  /** Of a select: the rows, as they came over the wire. */
  readonly rows?: readonly unknown[];
  readonly [member: string]: unknown;
}

/** The operation that fails when the row does not exist. */
export function existenceGuard(table: string, uuid: Uuid): Operation {
  const identity = ['uuid', uuid];
  return {
    op: 'wait',
    table,
    where: [['_uuid', '==', identity]],
    columns: ['_uuid'],
    until: '==',
    rows: [{ _uuid: identity }],
    timeout: 0,
  };
}

/**
 * Refuses what a server would not answer but close the connection on, which would leave the outcome of every other
 * transaction on it unknown. Throws `InvalidArgumentError`, also for what has no JSON form.
 */
export function requireSendable(operation: Operation): void {
  // Typed, but in JavaScript anything may come.
  const given: unknown = operation;
  const op: unknown = typeof given === 'object' && given !== null ? (given as Partial<Operation>).op : undefined;
  if (typeof op !== 'string') throw new InvalidArgumentError(`${printValue(given)} is no operation: it has no "op"`);
  JSON.parse(stringifyJson(operation), (key, value: unknown) => {
    for (const text of [key, value]) {
      const reason = typeof text === 'string' ? unsendableReason(text) : undefined;
      if (reason !== undefined) throw new InvalidArgumentError(`${op}: the text ${printValue(text)} ${reason}`);
    }
    return value;
  });
}

/**
 * The rows that operations name by uuid, in lower case, and those in `unchecked` by uuid-name as well. The uuid that
 * an insert gives to its own row is not meant.
 */
export function rowsNamedIn(operations: readonly Operation[], unchecked: ReadonlySet<Operation>): Set<string> {
  const named = new Set<string>();
  for (const operation of operations) {
    const own = String(operation['uuid']).toLowerCase();
    const tag = unchecked.has(operation) ? /\["(?:named-)?uuid","([\w-]+)"\]/g : /\["uuid","([\w-]+)"\]/g;
    for (const [, id = ''] of stringifyJson(operation).matchAll(tag)) if (id !== own) named.add(id);
  }
  return named;
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
