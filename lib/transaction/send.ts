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
  TimeoutError,
  type OvsdbError,
} from '../errors.js';
import type { RpcSession } from '../rpc/session.js';
import type { Uuid } from '../schema/uuid.js';
import { formatRemote } from '../wire/remote.js';
import type { BuiltTransaction } from './builder.js';
import { explain, faultOf, summarize } from './explain-failure.js';
import type { Operation, OperationResult } from './operations.js';
import { mayBeInForce, writesNothing } from './second-run.js';
import { readTransactResult, type OperationFailure } from './transact-result.js';
import { TransactionError } from './transaction-error.js';

/** Where and how a transaction is sent. */
export interface SendContext {
  readonly database: string;
  readonly session: RpcSession;
  /** Is the database one of a cluster, or behind a relay? */
  readonly clustered: boolean;
  /** See `ReadySession`. */
  readonly leadChanges?: (() => number) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/**
 * What became of it: nothing, so that it may be sent again (of what only reads, even if it was carried out); or what `read`
 * made of the results; or why it failed.
 */
export type Answer = 'canceled' | 'not served' | 'lost' | { readonly value: unknown } | OperationFailure;

/** Of a database that a member of a cluster has left, or has not got yet, or that was taken away. */
const NOT_SERVED = new Set(['unknown database', 'database not available']);

/**
 * Sends what was built; `read` is given the results of the operations, guards apart. Rejects with `TransactionError`
 * when the server refuses it as a whole, gave it up after `timeoutMs`, or its outcome is unknown; with the signal's
 * reason; with `InvalidArgumentError` for what has no JSON form.
 */
export async function send(
  built: BuiltTransaction,
  read: (results: readonly OperationResult[]) => unknown,
  context: SendContext,
): Promise<Answer> {
  const { database, session, clustered, leadChanges = () => 0, signal, timeoutMs } = context;
  const { guards, operations } = built;
  const all = [...guards, ...operations];
  const sentAt = Date.now();
  const startMs = performance.now();
  const leadChangesBefore = leadChanges();
  const unknown = (cause: OvsdbError): TransactionError => outcomeUnknown(context, built, all, sentAt, cause);
  let reply: unknown;
  let failure: OperationFailure;
  try {
    reply = await session.request('transact', [database, ...all], { signal, timeoutMs, cancel: true });
  } catch (cause) {
    if (signal?.aborted === true && cause === signal.reason) throw cause;
    // It has no JSON form, so nothing was sent.
    if (cause instanceof InvalidArgumentError) throw cause;
    if (cause instanceof ConnectionLostError && (!cause.sent || writesNothing(all))) return 'lost';
    if (cause instanceof RpcError && cause.error === 'canceled') {
      // The server gave it up by itself, because the database changed as a whole: a new schema, for example.
      if (!clustered) return 'canceled';
      throw unknown(cause);
    }
    // Said before it looks at a single operation.
    if (cause instanceof RpcError && NOT_SERVED.has(cause.error)) return 'not served';
    if (cause instanceof RpcError) {
      const fault = { error: cause.error, details: cause.details, cause };
      const message = `${describe(context, operations)} was refused: ${cause.message}`;
      throw new TransactionError('TransactionFailed', 'failed', message, fault);
    }
    if (!clustered && cause instanceof TimeoutError && cause.cause instanceof RpcError) {
      const message = `${describe(context, operations)} was not done in time and is not in force: ${cause.message}`;
      throw new TransactionError('TimedOut', 'failed', message, { cause });
    }
    throw unknown(cause as OvsdbError);
  }
  try {
    const result = readTransactResult(reply, all);
    if (result.ok) return { value: read(result.results.slice(guards.length)) };
    failure = result.failure;
  } catch (error) {
    const cause =
      error instanceof ProtocolError
        ? error
        : new ProtocolError(`a result of transact cannot be read: ${String(error)}`, { cause: error });
    // Whatever else this server says is not to be trusted either.
    session.end(cause);
    throw unknown(cause);
  }
  const lostLead = leadChanges() !== leadChangesBefore;
  const circumstances = { tookMs: performance.now() - startMs, lostLead };
  if (clustered && mayBeInForce(failure, all, circumstances)) throw unknown(explain(database, built, failure));
  return failure;
}

function outcomeUnknown(
  context: SendContext,
  { operations }: BuiltTransaction,
  all: readonly Operation[],
  sentAt: number,
  cause: OvsdbError,
): TransactionError {
  const { database, session } = context;
  const why =
    cause instanceof ProtocolError
      ? 'its reply makes no sense'
      : cause instanceof RpcError
        ? 'the server stopped following it'
        : cause instanceof TransactionError
          ? 'the server may have tried it twice, since its cluster was slow or changed its leader'
          : 'its reply was lost';
  const remote = formatRemote(session.remote);
  return new TransactionError(
    'OutcomeUnknown',
    'unknown',
    `${describe(context, operations)} was sent to ${remote}, but ${why}, so it may be in force, now or a little ` +
      `later, or not: ${cause.message}. Send it again only in a way that cannot take effect twice (transactOnce)`,
    {
      ...(cause instanceof TransactionError && faultOf(cause)),
      cause,
      sent: {
        database,
        remote,
        sentAt: new Date(sentAt),
        operations: all,
        chosenUuids: all.flatMap(({ op, uuid }) => (op === 'insert' && typeof uuid === 'string' ? [uuid as Uuid] : [])),
      },
    },
  );
}

function describe({ database }: SendContext, operations: readonly Operation[]): string {
  return `the transaction on ${database} (${summarize(operations)})`;
}
