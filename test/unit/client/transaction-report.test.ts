import { expect } from 'chai';

import type { TransactionReport } from '../../../lib/client/client-metrics.js';
import { reportTransaction } from '../../../lib/client/transaction-report.js';
import { InvalidArgumentError, ValidationError } from '../../../lib/errors.js';
import type { CommitProgress } from '../../../lib/transaction/commit.js';
import { TransactionError } from '../../../lib/transaction/transaction-error.js';

/** What is told of a transaction that has come so far and then ends like that. */
async function reportOf(progress: Partial<CommitProgress>, end: () => string): Promise<TransactionReport> {
  const reports: TransactionReport[] = [];
  const run = async (own: CommitProgress): Promise<string> => {
    Object.assign(own, progress);
    await Promise.resolve();
    return end();
  };
  const settled = await reportTransaction(run, (report) => reports.push(report)).catch((error: unknown) => error);
  expect(reports).to.have.lengthOf(1);
  const [report] = reports as [TransactionReport];
  expect(settled).to.equal(report.outcome === 'committed' ? end() : report.error);
  expect(report.durationMs).to.be.within(0, 1000);
  return report;
}

describe('reportTransaction', () => {
  it('tells of a commit how many operations it had and how often it was tried', async () => {
    const report = await reportOf({ attempts: 2, operations: 5 }, () => 'value');
    expect(report).to.include({ outcome: 'committed', code: undefined, error: undefined, attempts: 2, operations: 5 });
  });

  for (const outcome of ['failed', 'not-sent', 'unknown'] as const) {
    it(`takes the outcome "${outcome}" from the error`, async () => {
      const error = new TransactionError('Conflict', outcome, 'words');
      const end = (): string => {
        throw error;
      };
      expect(await reportOf({ attempts: 1, operations: 1, isOut: true }, end)).to.include({
        outcome,
        code: 'Conflict',
      });
    });
  }

  for (const [what, isOut, error, outcome, code] of [
    ['a value that was refused', false, new ValidationError('T', 'c', 1, 'is too much'), 'not-sent', 'Validation'],
    ['a callback that threw', false, new TypeError('x'), 'not-sent', 'TypeError'],
    ['a callback that threw what is no error', false, 'words', 'not-sent', 'string'],
    ['a value without a JSON form', true, new InvalidArgumentError('x'), 'not-sent', 'InvalidArgument'],
    ['an abort before it was sent', false, new DOMException('x', 'AbortError'), 'not-sent', 'AbortError'],
    ['an abort after it was sent', true, new DOMException('x', 'AbortError'), 'unknown', 'AbortError'],
  ] as const) {
    it(`knows what became of it after ${what}`, async () => {
      const end = (): string => {
        throw error as Error;
      };
      expect(await reportOf({ attempts: 1, isOut }, end)).to.include({ outcome, code, error });
    });
  }
});
