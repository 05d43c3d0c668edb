/**
 * Sends a transaction and makes sense of the answer. The callback is run on the replica as it is, its
 * operations go out at once, and when somebody else was faster (a wait did not hold, a unique index was
 * taken meanwhile) it is run again on the fresh replica, a bounded number of times.
 *
 * A transaction whose reply was lost is never sent again: it may be in force. See once.ts for one that may.
 */
import { setMaxListeners } from 'node:events';

import { InvalidArgumentError, TimeoutError } from '../errors.js';
import type { Replica } from '../replica/replica.js';
import type { ReplicaTables } from '../replica/tables.js';
import type { RpcSession } from '../rpc/session.js';
import type { DatabaseSchema } from '../schema/schema.js';
import { NamedUuid } from '../schema/uuid.js';
import { clearTimeout, LONGEST_TIMER_MS, performance, setTimeout } from '../timer.js';
import { formatRemote } from '../wire/remote.js';
import { Transaction, type BuiltTransaction } from './builder.js';
import type { Coalescing } from './coalescing.js';
import { mayShare } from './coalescing-rules.js';
import { explain, faultOf, isConflict } from './explain-failure.js';
import type { FlightLimit } from './flight-limit.js';
import type { OperationResult } from './operations.js';
import { resolvePending, type Resolved } from './pending.js';
import { send } from './send.js';
import { TransactionError } from './transaction-error.js';

/** Options of `transact`. */
export interface TransactOptions {
  /** Gives the transaction up; the promise rejects with the signal's reason. If it was sent, its outcome is unknown. */
  signal?: AbortSignal | undefined;
  /**
   * Time for everything, waiting for a connection and retries included, in milliseconds. Default 30000. A transaction
   * that was sent and not answered in time is canceled, and the server has one second more to say what became of it.
   */
  timeoutMs?: number | undefined;
  /** How often the callback is run again after a conflict. Default 10. */
  retries?: number | undefined;
  /**
   * May the transaction share one on the wire with others that are under way at the same time? That is faster where many
   * callers make small transactions at once; one caller that awaits each gains nothing. It is sent alone all the
   * same if it does more than add and change: deletes, selects, conditions and others (see docs/transactions.md). Default:
   * `coalesceTransactions` of the client, which is false unless set.
   */
  coalesce?: boolean | undefined;
}

/** What a commit needs of its client. */
export interface CommitHost<DB, S> {
  readonly database: string;
  readonly tables: ReplicaTables<DB, S>;
  readonly replica: Replica;
  /** The schema that the caller's types come from. */
  readonly knownSchema?: DatabaseSchema | undefined;
  /** How many transactions of the client may be under way; none is no limit. */
  readonly flights?: FlightLimit | undefined;
  /** Sends those that may share. */
  readonly coalescing: Coalescing;
  /** May transactions share unless their options say something else? */
  readonly coalesce: boolean;
  /** A session over which the replica is in sync, if there is one at this moment. */
  readyNow(): ReadySession | undefined;
  /** Waits for one. Rejects at the deadline, on abort and after close. */
  ready(options: { signal?: AbortSignal | undefined; timeoutMs: number }): Promise<ReadySession>;
}

/** How far a transaction has come. */
export interface CommitProgress {
  /** How often the callback was run. */
  attempts: number;
  /** Operations that it asked for the last time. */
  operations: number;
  /** True from when it is handed to a session until it is known what became of it. */
  isOut: boolean;
}

/** A session over which the replica is in sync. */
export interface ReadySession {
  readonly session: RpcSession;
  readonly schema: DatabaseSchema;
  /** True for a member of a cluster, and for a relay: the server hands transactions on instead of committing them. */
  readonly clustered: boolean;
  /** How often the server has begun or ceased to lead its cluster, over this session. */
  readonly leadChanges?: (() => number) | undefined;
  /** Has the server told since that the database has another schema, or is another one? */
  readonly isOutdated?: (() => boolean) | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_RETRIES = 10;
const MAX_RETRY_DELAY_MS = 200;

/**
 * Runs `callback` as one transaction; see `OvsdbClient.transact` for what callers see. `progress` is kept up to date while
 * it is under way.
 */
export async function commit<DB, S, R>(
  host: CommitHost<DB, S>,
  callback: (tx: Transaction<DB, S>) => R,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS, retries = DEFAULT_RETRIES, coalesce = host.coalesce }: TransactOptions = {},
  progress: CommitProgress = { attempts: 0, operations: 0, isOut: false },
): Promise<Resolved<R>> {
  if (!(timeoutMs >= 0)) throw new InvalidArgumentError(`transact: timeoutMs is ${timeoutMs}; give 0 or more`);
  if (!(retries >= 0)) throw new InvalidArgumentError(`transact: retries is ${retries}; give 0 or more`);
  // One signal may well end hundreds of transactions that are under way.
  if (signal !== undefined) setMaxListeners(0, signal);
  const deadline = performance.now() + timeoutMs;
  const { flights } = host;
  if (flights?.tryEnter() === false) await turnOrNotSent(host.database, flights, signal, remaining(deadline));
  try {
    return await commitInTurn(host, callback, { signal, timeoutMs, retries, deadline, coalesce }, progress);
  } finally {
    flights?.leave();
  }
}

interface Limits {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly coalesce: boolean;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
}

async function commitInTurn<DB, S, R>(
  host: CommitHost<DB, S>,
  callback: (tx: Transaction<DB, S>) => R,
  { signal, timeoutMs, retries, deadline, coalesce }: Limits,
  progress: CommitProgress,
): Promise<Resolved<R>> {
  const { database } = host;
  let mayHaveCompany = coalesce;
  for (let attempt = 0; ; attempt++) {
    // Even where it is there already: the callback never runs within the call of `transact`.
    const { session, schema, clustered, leadChanges, isOutdated } = await ((signal?.aborted === true
      ? undefined
      : host.readyNow()) ?? readyOrNotSent(host, signal, remaining(deadline), timeoutMs));
    // Closed or lost since it was ready: wait for the next, if there is to be one.
    if (session.closed) continue;
    const version = host.replica.version;
    const prefix = mayHaveCompany ? host.coalescing.nextPrefix() : '';
    const tx = new Transaction<DB, S>(schema, host.tables, host.knownSchema, prefix);
    progress.attempts++;
    const value = callback(tx);
    refusePromise(value);
    const built = tx.build();
    progress.operations = built.operations.length;
    refuseOrphans(built);
    refuseForeign(value, built);
    if (built.operations.every(({ op }) => op === 'comment')) return resolveAll(value, built, []) as Resolved<R>;
    const read = (results: readonly OperationResult[]): unknown => resolveAll(value, built, results);
    const left = remaining(deadline);
    const context = { database, session, clustered, leadChanges, isOutdated, progress, signal, timeoutMs: left };
    const answer = await (mayHaveCompany && mayShare(built, schema)
      ? host.coalescing.send(built, read, context)
      : send(built, read, context));
    progress.isOut = false;
    if (answer === 'canceled' || answer === 'not served' || answer === 'lost') {
      if (performance.now() >= deadline) {
        const refused = `: the server at ${formatRemote(session.remote)} says that it does not serve the database now`;
        const why = answer === 'not served' ? refused : '';
        throw notSent(database, `it could not be sent within ${timeoutMs} ms${why}`);
      }
      // Where the database is not served now, the session ends, or is in sync again when it is.
      if (answer !== 'lost') await pauseBeforeRetry(host.replica, version, attempt, signal);
      continue;
    }
    if ('value' in answer) return answer.value as Resolved<R>;
    const error = explain(database, built, answer);
    if (!isConflict(built, answer, error, host.replica, version)) throw error;
    if (attempt >= retries || performance.now() >= deadline) {
      // What the server found at commit is the better story: a name is taken, a row is gone.
      if (error.operation === undefined) throw error;
      const message = `${error.message}; given up after ${attempt + 1} attempts`;
      throw new TransactionError('Conflict', 'failed', message, faultOf(error));
    }
    // What was in the way once may be again, and all that it shared with would have to be sent once more.
    mayHaveCompany = false;
    await pauseBeforeRetry(host.replica, version, attempt, signal);
  }
}

async function turnOrNotSent(
  database: string,
  flights: FlightLimit,
  signal: AbortSignal | undefined,
  timeoutMs: number,
): Promise<void> {
  const { inFlight, waiting } = flights;
  if (flights.full) {
    const why = `${inFlight} transactions are under way and ${waiting} wait for their turn, which is as many as may`;
    throw notSent(database, `${why} (maxTransactionsInFlight, maxTransactionsWaiting); await some before sending more`);
  }
  try {
    await flights.enter({ signal, timeoutMs });
  } catch (cause) {
    if (!(cause instanceof TimeoutError)) throw cause;
    throw notSent(database, `${cause.message}, behind ${inFlight + waiting} other transactions`, cause);
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
