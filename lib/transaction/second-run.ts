/**
 * Tells which failures in a cluster are certain.
 *
 * A member runs a transaction again by itself when its proposal came to nothing as far as the member knows: it lost its
 * lead, or waited in vain for two election timers (ovsdb/trigger.c, "Temporary error"). The first run may be in force all
 * the same, and what is reported is how the second run failed, on a database that has changed since: by the first run,
 * or by somebody else after it. So a failure is certain when
 *
 * - it does not depend on what the database holds, since then the first run would have failed as well;
 * - or the transaction writes nothing;
 * - or there was no time for a second run.
 *
 * A guard that fails after longer than that is no exception: it may be its own first run that moved what it guards.
 */
import type { Operation } from './operations.js';
import type { OperationFailure } from './transact-result.js';

/** What the client saw of the server while a transaction was under way. */
export interface Circumstances {
  /** From before it was sent until the reply had come. */
  readonly tookMs: number;
  /** Has the server stopped leading its cluster meanwhile? */
  readonly lostLead: boolean;
}

/** Twice the shortest election timer that there can be (ovsdb/raft.c): sooner no leader gives up waiting for the others. */
const SECOND_RUN_MS = 200;

const READ_ONLY: ReadonlySet<string> = new Set(['wait', 'select', 'comment', 'assert', 'commit', 'abort']);

/** Errors that an operation which passed once may meet the next time (RFC 7047 §5.2); all others lie in the request. */
const CHANGEABLE: ReadonlyMap<string, readonly string[]> = new Map([
  ['wait', ['timed out']],
  ['assert', ['not owner']],
  ['insert', ['duplicate uuid']],
  ['mutate', ['constraint violation', 'range error', 'permission error']],
  // Roles may depend on what the row holds (ovsdb-server(7), "RBAC").
  ['update', ['permission error']],
  ['delete', ['permission error']],
]);

/** Those of the commit: unique indexes, numbers of rows, weak references that a column needs; references. */
const CHANGEABLE_AT_COMMIT: readonly string[] = ['constraint violation', 'referential integrity violation'];

/** Does a transaction leave the database as it is, so that it may be carried out any number of times? */
export function writesNothing(operations: readonly Operation[]): boolean {
  return operations.every(({ op }) => READ_ONLY.has(op));
}

/** Could the transaction be in force although a member of its cluster reports this failure? */
export function mayBeInForce(
  { index, error, details }: OperationFailure,
  operations: readonly Operation[],
  { tookMs, lostLead }: Circumstances,
): boolean {
  const operation = operations[index];
  const changeable = operation === undefined ? CHANGEABLE_AT_COMMIT : (CHANGEABLE.get(operation.op) ?? []);
  if (!changeable.includes(error) || writesNothing(operations)) return false;
  const ageMs = (error === 'timed out' ? ageIn(details) : undefined) ?? tookMs;
  return ageMs >= SECOND_RUN_MS || (lostLead && ageMs > 0);
}

/**
 * How long the server had the transaction when a wait failed, in milliseconds, in its own words: the way there and back
 * and what other transactions cost before do not count.
 */
function ageIn(details = ''): number | undefined {
  if (details === '"where" clause test failed') return 0;
  const age = /^"wait" timed out after (\d+) ms$/.exec(details)?.[1];
  return age === undefined ? undefined : Number(age);
}
