/**
 * Transactions that are sent again after a lost reply without ever taking effect twice.
 *
 * To look at the replica after a lost reply is not enough: in a cluster the transaction may be on its way still, and
 * commit seconds after the client is in sync again elsewhere. What settles it is a fence: one key in a map column of a row,
 * which every such transaction expects to have the value that it was planned on, and replaces by one that was never
 * there before. Of two transactions planned on one value, whichever comes second fails, so a transaction that only moves
 * the fence ends all doubt: either it passes, and the lost one never will; or the fence shows that the lost one is in force.
 */
import { InvalidArgumentError, NotMonitoredError } from '../errors.js';
import type { ColumnName, Row, TableName } from '../schema/types.js';
import type { Uuid } from '../schema/uuid.js';
import { performance } from '../timer.js';
import type { Transaction } from './builder.js';
import type { TransactOptions } from './commit.js';
import type { Resolved } from './pending.js';
import { TransactionError } from './transaction-error.js';

/** What {@link transactOnce} needs of a client. */
export interface OnceClient<DB, S> {
  /** That of a client, see `OvsdbClient.transact`. */
  transact<R>(callback: (tx: Transaction<DB, S>) => R, options?: TransactOptions): Promise<Resolved<R>>;
}

/** Where the fence is: a row that outlives the transactions, in a column of texts by text that the client replicates. */
export interface Fence<DB, T extends TableName<DB>> {
  /** Table of the row that carries the fence. */
  readonly table: T;
  /** The row, which must outlive the transactions. */
  readonly uuid: Uuid<T>;
  /**
   * The key that is the fence's alone, such as `my-controller:fence`. Never write or remove it otherwise. Where several
   * processes use one, a transaction whose reply was lost and whose mark another has replaced stays unknown.
   */
  readonly key: string;
  /** Default `external_ids`. */
  readonly column?: ColumnName<DB, T> | undefined;
}

/**
 * What a transaction came to: it is in force, once. Either with its reply and so its value; or its reply was lost, and the
 * fence shows that it is in force: rows that it inserted are then found by uuids or names that the caller chose.
 */
export type OnceResult<R> =
  { readonly reply: 'received'; readonly value: Resolved<R> } | { readonly reply: 'lost'; readonly value?: undefined };

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Commits what the synchronous `callback` asks for as one transaction, as `transact` does, and exactly once also when
 * replies are lost. The callback may be run again, and then only when no earlier run of it is in force or can come to be.
 *
 * Rejects as `transact` does. With outcome `unknown` only when doubt remains at the end of `timeoutMs`, or when the row
 * of the fence is gone, or another process has moved the fence since. With `InvalidArgumentError` when there is no such
 * row, and `NotMonitoredError` when the client does not replicate the column.
 */
export async function transactOnce<DB, S, T extends TableName<DB>, R>(
  client: OnceClient<DB, S>,
  fence: Fence<DB, T>,
  callback: (tx: Transaction<DB, S>) => R,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS, retries }: TransactOptions = {},
): Promise<OnceResult<R>> {
  if (!(timeoutMs >= 0)) throw new InvalidArgumentError(`transactOnce: timeoutMs is ${timeoutMs}; give 0 or more`);
  const deadline = performance.now() + timeoutMs;
  const options = (): TransactOptions => ({ signal, timeoutMs: Math.max(1, deadline - performance.now()), retries });
  /** Marks that runs of the callback leave, and those of transactions that only move the fence. */
  const [ours, moves] = [new Set<string>(), new Set<string>()];
  let planned: string | undefined;
  let lost: TransactionError | undefined;
  for (;;) {
    try {
      if (lost !== undefined) {
        // However often somebody is faster, only the fence can tell.
        const limits = { ...options(), retries: Infinity };
        if (await client.transact((tx) => settle(tx, fence, { planned, ours, moves }), limits)) {
          return { reply: 'lost' };
        }
        lost = undefined;
      }
      const result = await client.transact((tx): { value: R } | undefined => {
        const row = rowOf(tx, fence);
        planned = markOf(row, fence);
        // In force although a failure was reported of it, see second-run.ts.
        if (planned !== undefined && ours.has(planned)) return undefined;
        expectMark(tx, row, fence, planned);
        const value = callback(tx);
        // Last, since the callback may write the whole column.
        ours.add(leaveMark(tx, fence));
        return { value };
      }, options());
      if (result === undefined) return { reply: 'lost' };
      return { reply: 'received', value: (result as { readonly value: Resolved<R> }).value };
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) throw error;
      if (!isUnknown(error)) {
        if (lost !== undefined) throw unsettled(lost, error);
        // Of the last run that retries allowed, too, a failure may be reported although it is in force.
        if (isConflict(error) && (await shows(client, fence, ours, options()))) return { reply: 'lost' };
        throw error;
      }
      lost ??= error;
      if (performance.now() >= deadline) throw lost;
    }
  }
}

/** Does the replica show one of these marks in the fence? Sends nothing; false as well when there is no replica in sync. */
async function shows<DB, S, T extends TableName<DB>>(
  client: OnceClient<DB, S>,
  fence: Fence<DB, T>,
  marks: ReadonlySet<string>,
  options: TransactOptions,
): Promise<boolean> {
  try {
    return await client.transact((tx) => marks.has(markOf(rowOf(tx, fence), fence) ?? ''), options);
  } catch {
    return false;
  }
}

interface Marks {
  /** The mark that the lost transaction was planned on. */
  readonly planned: string | undefined;
  readonly ours: ReadonlySet<string>;
  readonly moves: Set<string>;
}

/** True when the fence shows that the lost transaction is in force; else moves it, so that it can never be. */
function settle<DB, S, T extends TableName<DB>>(
  tx: Transaction<DB, S>,
  fence: Fence<DB, T>,
  { planned, ours, moves }: Marks,
): boolean {
  const row = rowOf(tx, fence);
  const mark = markOf(row, fence);
  if (mark !== undefined && ours.has(mark)) return true;
  if (mark !== undefined && moves.has(mark)) return false;
  if (mark !== planned) {
    throw new InvalidArgumentError(
      `${fence.key} in ${columnOf(fence)} of the row ${fence.uuid} of ${fence.table} was moved by somebody else`,
    );
  }
  expectMark(tx, row, fence, mark);
  moves.add(leaveMark(tx, fence));
  return false;
}

type FenceRow = Readonly<Record<string, unknown>>;

function columnOf<DB, T extends TableName<DB>>({ column }: Fence<DB, T>): string {
  return column ?? 'external_ids';
}

function rowOf<DB, S, T extends TableName<DB>>(tx: Transaction<DB, S>, fence: Fence<DB, T>): FenceRow {
  const { table, uuid } = fence;
  const tables = tx.tables as unknown as Readonly<Record<string, { get(uuid: string): FenceRow | undefined }>>;
  const row = tables[table]?.get(uuid);
  if (row === undefined)
    throw new InvalidArgumentError(`the row ${uuid} of ${table}, which is the fence, is not there`);
  const column = columnOf(fence);
  if (!Object.hasOwn(row, column)) {
    throw new NotMonitoredError(`${table}.${column}, which holds the fence, is not replicated; name it in "tables"`);
  }
  return row;
}

function markOf<DB, T extends TableName<DB>>(row: FenceRow, fence: Fence<DB, T>): string | undefined {
  const map = row[columnOf(fence)];
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new InvalidArgumentError(`${fence.table}.${columnOf(fence)} is no map, so it cannot hold the fence`);
  }
  return Object.hasOwn(map, fence.key) ? String((map as FenceRow)[fence.key]) : undefined;
}

/** Lets the transaction pass only while the fence has this mark, or none. */
function expectMark<DB, S, T extends TableName<DB>>(
  tx: Transaction<DB, S>,
  row: FenceRow,
  fence: Fence<DB, T>,
  mark: string | undefined,
): void {
  const { table, uuid, key } = fence;
  const column = columnOf(fence);
  if (mark === undefined) {
    // No condition says that a map lacks a key.
    tx.verify(table, row as unknown as Pick<Row<DB, T>, '_uuid'>, [column as ColumnName<DB, T>]);
    return;
  }
  tx.operation({
    op: 'wait',
    table,
    where: [
      ['_uuid', '==', ['uuid', uuid]],
      [column, 'includes', ['map', [[key, mark]]]],
    ],
    columns: ['_uuid'],
    until: '==',
    rows: [{ _uuid: ['uuid', uuid] }],
    timeout: 0,
  });
}

/** Gives the fence a mark that it never had, and returns it. */
function leaveMark<DB, S, T extends TableName<DB>>(tx: Transaction<DB, S>, fence: Fence<DB, T>): string {
  const { table, uuid, key } = fence;
  const column = columnOf(fence);
  // Not imported, because to load node:crypto takes milliseconds, and few programs have fences.
  const mark = process.getBuiltinModule('node:crypto').randomUUID();
  tx.operation({
    op: 'mutate',
    table,
    where: [['_uuid', '==', ['uuid', uuid]]],
    mutations: [
      [column, 'delete', ['set', [key]]],
      [column, 'insert', ['map', [[key, mark]]]],
    ],
  });
  return mark;
}

function isUnknown(error: unknown): error is TransactionError {
  return error instanceof TransactionError && error.outcome === 'unknown';
}

function isConflict(error: unknown): boolean {
  return error instanceof TransactionError && error.code === 'Conflict';
}

function unsettled(lost: TransactionError, cause: unknown): TransactionError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `${lost.message}; what became of it could not be found out: ${why}`;
  return new TransactionError('OutcomeUnknown', 'unknown', message, { sent: lost.sent, cause });
}
