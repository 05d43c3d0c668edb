/**
 * Sends one transaction and tells its outcome: what the server says of it, that it never left, or that nobody knows.
 *
 * "canceled" is a proof that nothing happened only where the server itself commits. A member of a cluster, or a relay,
 * hands the transaction on, and when it is canceled merely stops following what becomes of it.
 * Nor is every failure there a certain one: see second-run.ts.
 */
import {
  ConnectionLostError,
  InvalidArgumentError,
  ProtocolError,
  RpcError,
  SchemaError,
  TimeoutError,
  type OvsdbError,
} from '../errors.js';
import type { RpcSession } from '../rpc/session.js';
import type { Uuid } from '../schema/uuid.js';
import { performance } from '../timer.js';
import { formatRemote } from '../wire/remote.js';
import type { BuiltTransaction } from './builder.js';
import { explain, faultOf, summarize } from './explain-failure.js';
import type { Operation, OperationResult } from './operations.js';
import { mayBeInForce, writesNothing } from './second-run.js';
import { readTransactResult, type OperationFailure, type TransactResult } from './transact-result.js';
import { TransactionError } from './transaction-error.js';

/** Where and how a transaction is sent. */
export interface SendContext {
  readonly database: string;
  readonly session: RpcSession;
  /** Is the database one of a cluster, or behind a relay? */
  readonly clustered: boolean;
  /** See `ReadySession`. */
  readonly leadChanges?: (() => number) | undefined;
  /** See `ReadySession`. */
  readonly isOutdated?: (() => boolean) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Told when the transaction is handed to the session. */
  readonly progress?: { isOut: boolean } | undefined;
}

/**
 * What became of it: nothing, so that it may be sent again (of what only reads, even if it was carried out); or what `read`
 * made of the results; or why it failed.
 */
export type Answer = 'canceled' | 'not served' | 'lost' | { readonly value: unknown } | OperationFailure;

/** Makes what a caller gets of the results of a transaction's operations, guards apart. */
export type ReadResults = (results: readonly OperationResult[]) => unknown;

/** Of a database that a member of a cluster has left, or has not got yet, or that was taken away. */
const NOT_SERVED = new Set(['unknown database', 'database not available']);

/**
 * Sends what was built; `read` is given the results of the operations, guards apart. Rejects with `TransactionError`
 * when the server refuses it as a whole, gave it up after `timeoutMs`, or its outcome is unknown; with the signal's
 * reason; with `InvalidArgumentError` for what has no JSON form.
 */
export async function send(built: BuiltTransaction, read: ReadResults, context: SendContext): Promise<Answer> {
  const sending = new Sending(built, context);
  let reply: unknown;
  try {
    reply = await request(sending.operations, context);
  } catch (cause) {
    return sending.judgeError(cause);
  }
  let result: TransactResult;
  try {
    result = readTransactResult(reply, sending.operations);
  } catch (error) {
    throw sending.distrust(error);
  }
  return result.ok ? sending.take(result.results, read) : sending.judgeFailure(result.failure);
}

/** Sends operations as one `transact` request. Settles as `RpcSession.request`. */
export function request(operations: readonly Operation[], context: SendContext): Promise<unknown> {
  const { database, session, signal, timeoutMs } = context;
  return session.request('transact', [database, ...operations], { signal, timeoutMs, cancel: true });
}

/** Has the server refused a transaction as a whole, without looking at a single operation? */
export function isRefusal(cause: unknown): cause is RpcError {
  return cause instanceof RpcError && cause.error !== 'canceled' && !NOT_SERVED.has(cause.error);
}

/** One transaction from when it is handed to the session until it is known what became of it. */
export class Sending {
  /** As they go over the wire: guards first. */
  readonly operations: readonly Operation[];
  readonly #built: BuiltTransaction;
  readonly #context: SendContext;
  readonly #sentAt = Date.now();
  readonly #startMs = performance.now();
  readonly #leadChanges: number;

  constructor(built: BuiltTransaction, context: SendContext) {
    const { guards, operations, tellingCount } = built;
    // In a cluster the wait stays: the server says how old a transaction was when its wait failed, and that makes the
    // failure certain (see second-run.ts). Of a count it says nothing.
    const isGuarded = guards.length > 0 && (tellingCount === undefined || context.clustered);
    this.operations = isGuarded ? [...guards, ...operations] : operations;
    this.#built = built;
    this.#context = context;
    this.#leadChanges = context.leadChanges?.() ?? 0;
    if (context.progress !== undefined) context.progress.isOut = true;
  }

  /** Why there is no reply. Throws as {@link send} rejects. */
  judgeError(cause: unknown): Answer {
    const { clustered, signal } = this.#context;
    if (signal?.aborted === true && cause === signal.reason) throw cause;
    // It has no JSON form, so nothing was sent.
    if (cause instanceof InvalidArgumentError) throw cause;
    if (cause instanceof ConnectionLostError && (!cause.sent || writesNothing(this.operations))) return 'lost';
    if (cause instanceof RpcError && cause.error === 'canceled') {
      // The server gave it up by itself, because the database changed as a whole: a new schema, for example.
      if (!clustered) return 'canceled';
      throw this.#unknown(cause);
    }
    if (isRefusal(cause)) {
      const fault = { error: cause.error, details: cause.details, cause };
      throw new TransactionError('TransactionFailed', 'failed', `${this.#name} was refused: ${cause.message}`, fault);
    }
    if (cause instanceof RpcError) return 'not served';
    if (!clustered && cause instanceof TimeoutError && cause.cause instanceof RpcError) {
      const message = `${this.#name} was not done in time and is not in force: ${cause.message}`;
      throw new TransactionError('TimedOut', 'failed', message, { cause });
    }
    throw this.#unknown(cause as OvsdbError);
  }

  /** The results of all {@link operations}. Throws `TransactionError` when they make no sense. */
  take(results: readonly OperationResult[], read: ReadResults): Answer {
    const { guards, operations, tellingCount } = this.#built;
    const sentGuards = this.operations.length - operations.length;
    if (tellingCount !== undefined && sentGuards < guards.length && Number(results[tellingCount]?.count) === 0) {
      // By another schema, which the server tells of before it answers, the rows may be kept all the same.
      if (this.#context.isOutdated?.() === true) {
        throw this.#unknown(
          new SchemaError('a row was gone, and whether others are kept without it is up to the schema'),
        );
      }
      return GUARD_FAILURE;
    }
    try {
      return { value: read(sentGuards === 0 ? results : results.slice(sentGuards)) };
    } catch (error) {
      throw this.distrust(error);
    }
  }

  /** The failure of one of the {@link operations}. Throws `TransactionError` where it is not certain. */
  judgeFailure(failure: OperationFailure): Answer {
    if (!this.isCertain(failure, this.operations)) {
      throw this.#unknown(explain(this.#context.database, this.#built, failure));
    }
    const leftOut = this.#built.guards.length + this.#built.operations.length - this.operations.length;
    return leftOut === 0 ? failure : { ...failure, index: failure.index + leftOut };
  }

  /** Did what was sent, this alone or with others, certainly fail? */
  isCertain(failure: OperationFailure, sent: readonly Operation[]): boolean {
    const { clustered, leadChanges = () => 0 } = this.#context;
    if (!clustered) return true;
    const lostLead = leadChanges() !== this.#leadChanges;
    return !mayBeInForce(failure, sent, { tookMs: performance.now() - this.#startMs, lostLead });
  }

  /** The error for a failure that is not certain, of a transaction that this was part of. */
  doubt({ error, details }: OperationFailure): TransactionError {
    const said = details === undefined ? error : `${error} (${details})`;
    const message = `the transaction that it shared with others failed: ${said}`;
    return this.#unknown(new TransactionError('TransactionFailed', 'failed', message, { error, details }));
  }

  /** The error for one that failed in company, and has no time left to be sent alone. */
  get tooLate(): TransactionError {
    const message = `${this.#name} is not in force: what it shared with others failed, and its time is over`;
    return new TransactionError('TimedOut', 'failed', message);
  }

  /** Gives up the session over which a reply came that cannot be read; returns the error for the caller. */
  distrust(error: unknown): TransactionError {
    const cause =
      error instanceof ProtocolError
        ? error
        : new ProtocolError(`a result of transact cannot be read: ${String(error)}`, { cause: error });
    // Whatever else this server says is not to be trusted either.
    this.#context.session.end(cause);
    return this.#unknown(cause);
  }

  get #name(): string {
    return `the transaction on ${this.#context.database} (${summarize(this.#built.operations)})`;
  }

  #unknown(cause: OvsdbError): TransactionError {
    const { database, session } = this.#context;
    const why =
      cause instanceof ProtocolError
        ? 'its reply makes no sense'
        : cause instanceof RpcError
          ? 'the server stopped following it'
          : cause instanceof SchemaError
            ? 'the database got another schema before it was answered'
            : cause instanceof TransactionError
              ? 'the server may have tried it twice, since its cluster was slow or changed its leader'
              : 'its reply was lost';
    const remote = formatRemote(session.remote);
    return new TransactionError(
      'OutcomeUnknown',
      'unknown',
      `${this.#name} was sent to ${remote}, but ${why}, so it may be in force, now or a little ` +
        `later, or not: ${cause.message}. Send it again only in a way that cannot take effect twice (transactOnce)`,
      {
        ...(cause instanceof TransactionError && faultOf(cause)),
        cause,
        sent: {
          database,
          remote,
          sentAt: new Date(this.#sentAt),
          operations: this.operations,
          chosenUuids: this.operations.flatMap(({ op, uuid }) =>
            op === 'insert' && typeof uuid === 'string' ? [uuid as Uuid] : [],
          ),
        },
      },
    );
  }
}

/** What a server says of a guard that does not hold, for one that was left out and would not have held. */
const GUARD_FAILURE: OperationFailure = { index: 0, error: 'timed out', details: '"where" clause test failed' };
