/** Tells how each transaction ended. */
import { InvalidArgumentError, OvsdbError } from '../errors.js';
import { performance } from '../timer.js';
import type { CommitProgress } from '../transaction/commit.js';
import { TransactionError } from '../transaction/transaction-error.js';
import type { TransactionReport } from './client-metrics.js';

/** Runs a transaction, and hands to `onReport` how it ended. Settles as `run` does. */
export async function reportTransaction<R>(
  run: (progress: CommitProgress) => Promise<R>,
  onReport: (report: TransactionReport) => void,
): Promise<R> {
  const progress: CommitProgress = { attempts: 0, operations: 0, isOut: false };
  const startedAt = performance.now();
  const report = (outcome: TransactionReport['outcome'], error: unknown): void => {
    const { attempts, operations } = progress;
    const code = error === undefined ? undefined : codeOf(error);
    onReport({ outcome, code, error, attempts, operations, durationMs: performance.now() - startedAt });
  };
  try {
    const value = await run(progress);
    report('committed', undefined);
    return value;
  } catch (error) {
    report(outcomeOf(error, progress), error);
    throw error;
  }
}

function outcomeOf(error: unknown, { isOut }: CommitProgress): TransactionReport['outcome'] {
  if (error instanceof TransactionError) return error.outcome;
  // One whose callback threw was not sent, nor one that has no JSON form; one that the caller gave up may have been.
  return isOut && !(error instanceof InvalidArgumentError) ? 'unknown' : 'not-sent';
}

function codeOf(error: unknown): string {
  if (error instanceof OvsdbError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
