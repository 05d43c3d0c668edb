/**
 * Sends a transaction and makes sense of the answer. The callback is run on the replica as it is, its
 * operations go out at once, and when somebody else was faster (a wait did not hold, a unique index was
 * taken meanwhile) it is run again on the fresh replica, a bounded number of times.
 *
 * A transaction whose reply was lost is never sent again: it may be in force.
 */
import { setMaxListeners } from 'node:events';

import { ConnectionLostError, InvalidArgumentError, RpcError, TimeoutError } from '../errors.js';
import type { Replica } from '../replica/replica.js';
import type { ReplicaTables } from '../replica/tables.js';
import type { RpcSession } from '../rpc/session.js';
import type { DatabaseSchema } from '../schema/schema.js';
import { NamedUuid } from '../schema/uuid.js';
import { LONGEST_TIMER_MS } from '../timer.js';
import { Transaction, type BuiltTransaction } from './builder.js';
import {
  describeOperation,
  readTransactResult,
  type Operation,
  type OperationFailure,
  type OperationResult,
} from './operations.js';
import { resolvePending, type Resolved } from './pending.js';
import { TransactionError, type TransactionFault } from './transaction-error.js';

/** Options of `transact`. */
export interface TransactOptions {
  /** Gives the transaction up; the promise rejects with the signal's reason. If it was sent, its outcome is unknown. */
  signal?: AbortSignal | undefined;
  /** Time for everything, waiting for a connection and retries included, in milliseconds. Default 30000. */
  timeoutMs?: number | undefined;
  /** How often the callback is run again after a conflict. Default 10. */
  retries?: number | undefined;
}

/** What a commit needs of its client. */
export interface CommitHost<DB, S> {
  readonly database: string;
  readonly tables: ReplicaTables<DB, S>;
  readonly replica: Replica;
  /** The schema that the caller's types come from. */
  readonly knownSchema?: DatabaseSchema | undefined;
  /** A session over which the replica is in sync. Rejects at the deadline, on abort and after close. */
  ready(options: { signal?: AbortSignal | undefined; timeoutMs: number }): Promise<ReadySession>;
}

/** A session over which the replica is in sync. */
export interface ReadySession {
  readonly session: RpcSession;
  readonly schema: DatabaseSchema;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_RETRIES = 10;
const MAX_RETRY_DELAY_MS = 200;

/** Runs `callback` as one transaction; see `OvsdbClient.transact` for what callers see. */
export async function commit<DB, S, R>(
  host: CommitHost<DB, S>,
  callback: (tx: Transaction<DB, S>) => R,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS, retries = DEFAULT_RETRIES }: TransactOptions = {},
): Promise<Resolved<R>> {
  if (!(timeoutMs >= 0)) throw new InvalidArgumentError(`transact: timeoutMs is ${timeoutMs}; give 0 or more`);
  if (!(retries >= 0)) throw new InvalidArgumentError(`transact: retries is ${retries}; give 0 or more`);
  // One signal may well end hundreds of transactions that are under way.
  if (signal !== undefined) setMaxListeners(0, signal);
  const deadline = performance.now() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    const { session, schema } = await readyOrNotSent(host, signal, remaining(deadline), timeoutMs);
    // Closed or lost since it was ready: wait for the next, if there is to be one.
    if (session.closed) continue;
    const version = host.replica.version;
    const tx = new Transaction<DB, S>(schema, host.tables, host.knownSchema);
    const value = callback(tx);
    refusePromise(value);
    const built = tx.build();
    refuseOrphans(built);
    refuseForeign(value, built);
    if (built.operations.every(({ op }) => op === 'comment')) return resolveAll(value, built, []) as Resolved<R>;
    const failure = await send(host.database, session, built, signal, remaining(deadline));
    if (failure === 'canceled' || failure === 'lost unsent') {
      if (performance.now() >= deadline) throw notSent(host.database, `it could not be sent within ${timeoutMs} ms`);
      if (failure === 'canceled') await pauseBeforeRetry(host.replica, version, attempt, signal);
      continue;
    }
    if ('results' in failure) return resolveAll(value, built, failure.results) as Resolved<R>;
    const error = explain(host.database, built, failure);
    if (!isConflict(built, failure, error, host.replica, version)) throw error;
    if (attempt >= retries || performance.now() >= deadline) {
      // What the server found at commit is the better story: a name is taken, a row is gone.
      if (error.operation === undefined) throw error;
      const message = `${error.message}; given up after ${attempt + 1} attempts`;
      throw new TransactionError('Conflict', 'failed', message, faultOf(error));
    }
    await pauseBeforeRetry(host.replica, version, attempt, signal);
  }
}

async function readyOrNotSent<DB, S>(
  host: CommitHost<DB, S>,
  signal: AbortSignal | undefined,
  remainingMs: number,
  timeoutMs: number,
): Promise<ReadySession> {
  try {
    return await host.ready({ signal, timeoutMs: remainingMs });
  } catch (cause) {
    if (signal?.aborted === true && cause === signal.reason) throw cause;
    if (cause instanceof TimeoutError) {
      throw notSent(host.database, `there was no connection in sync within ${timeoutMs} ms (${cause.message})`, cause);
    }
    throw notSent(host.database, messageOf(cause), cause);
  }
}

function notSent(database: string, why: string, cause?: unknown): TransactionError {
  return new TransactionError('NotSent', 'not-sent', `the transaction on ${database} was not sent: ${why}`, { cause });
}

function remaining(deadline: number): number {
  return Math.min(LONGEST_TIMER_MS, Math.max(1, deadline - performance.now()));
}

function refusePromise(value: unknown): void {
  if (typeof value !== 'object' || value === null || !('then' in value) || typeof value.then !== 'function') return;
  void Promise.resolve(value as PromiseLike<unknown>).catch(() => undefined);
  throw new InvalidArgumentError(
    'the callback of transact() must be synchronous, because one callback is one atomic transaction; await before it',
  );
}

function refuseOrphans({ orphans }: BuiltTransaction): void {
  if (orphans.length === 0) return;
  throw new TransactionError(
    'OrphanInsert',
    'not-sent',
    `nothing would refer to ${orphans.join(', nor to ')}, and the server deletes such rows at once; ` +
      'add a reference in the same transaction (a port belongs into the "ports" of its switch)',
  );
}

/** Finds out before anything is sent whether all that the callback returned can be resolved afterwards. */
function refuseForeign(value: unknown, { inserts, pendings }: BuiltTransaction): void {
  resolvePending(value, (pending) => {
    if (pending instanceof NamedUuid ? inserts.has(pending) : pendings.has(pending)) return pending;
    const what = pending instanceof NamedUuid ? `the placeholder ${String(pending)}` : 'a pending result';
    throw new InvalidArgumentError(`the callback returned ${what} of another transaction, or of its own earlier run`);
  });
}

type Answer = 'canceled' | 'lost unsent' | { readonly results: readonly OperationResult[] } | OperationFailure;

async function send(
  database: string,
  session: RpcSession,
  { guards, operations }: BuiltTransaction,
  signal: AbortSignal | undefined,
  timeoutMs: number,
): Promise<Answer> {
  const all = [...guards, ...operations];
  const describe = (): string => `the transaction on ${database} (${summarize(operations)})`;
  try {
    const reply = await session.request('transact', [database, ...all], { signal, timeoutMs, cancel: true });
    const result = readTransactResult(reply, all.length);
    return result.ok ? { results: result.results.slice(guards.length) } : result.failure;
  } catch (cause) {
    if (signal?.aborted === true && cause === signal.reason) throw cause;
    // It has no JSON form, so nothing was sent.
    if (cause instanceof InvalidArgumentError) throw cause;
    if (cause instanceof ConnectionLostError && !cause.sent) return 'lost unsent';
    // A server gives up all transactions of a client that follows changes of the database itself, when one happens.
    if (cause instanceof RpcError && cause.error === 'canceled') return 'canceled';
    if (cause instanceof RpcError) {
      const fault = { error: cause.error, details: cause.details, cause };
      throw new TransactionError('TransactionFailed', 'failed', `${describe()} was refused: ${cause.message}`, fault);
    }
    throw new TransactionError(
      'OutcomeUnknown',
      'unknown',
      `${describe()} was sent, but its reply was lost, so it may or may not be in force: ${messageOf(cause)}. ` +
        'Look at the rows once the client is in sync again before trying it again',
      { cause },
    );
  }
}

function explain(database: string, built: BuiltTransaction, failure: OperationFailure): TransactionError {
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

function faultOf(error: TransactionError): TransactionFault & { cause: unknown } {
  const { operationIndex, operation, table, column, error: tag, details } = error;
  return { operationIndex, operation, table, column, error: tag, details, cause: error };
}

/** Was somebody else faster? Then the callback, run again on fresh data, may find another way. */
function isConflict(
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

/** Gives the replica time to show what was in the way; at once if it has changed already. */
async function pauseBeforeRetry(
  replica: Replica,
  version: number,
  attempt: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const delayMs = Math.random() * Math.min(MAX_RETRY_DELAY_MS, 2 ** attempt);
  const untilMs = replica.version === version ? 25 + delayMs : attempt === 0 ? 0 : delayMs;
  if (untilMs === 0) return;
  await new Promise<void>((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      signal?.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      done();
      reject(signal?.reason as Error);
    };
    const finish = (): void => {
      done();
      resolve();
    };
    const timer = setTimeout(finish, untilMs);
    const stop = replica.version === version ? replica.events.once('batch', finish) : (): void => undefined;
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function resolveAll(value: unknown, built: BuiltTransaction, results: readonly OperationResult[]): unknown {
  return resolvePending(value, (pending) => {
    if (!(pending instanceof NamedUuid)) return pending.resolve(results[pending.operationIndex] ?? {});
    const index = built.inserts.get(pending);
    const result = index === undefined ? undefined : results[index];
    if (result?.uuid === undefined) {
      throw new InvalidArgumentError(`${String(pending)} was not inserted by this transaction`);
    }
    return result.uuid[1];
  });
}

function summarize(operations: readonly Operation[]): string {
  const texts = operations.slice(0, 3).map(describeOperation);
  if (operations.length > 3) texts.push(`${operations.length - 3} more`);
  return texts.join(', ');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
