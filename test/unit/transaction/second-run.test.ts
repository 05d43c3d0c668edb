import { expect } from 'chai';

import { mayBeInForce, type Circumstances } from '../../../lib/transaction/second-run.js';

const OPERATIONS = ['wait', 'assert', 'insert', 'mutate', 'update', 'delete', 'select'].map((op) => ({ op }));
const COMMIT = OPERATIONS.length;
const at = (op: string): number => OPERATIONS.findIndex((operation) => operation.op === op);

type Failure = readonly [what: string, index: number, error: string, details?: string | undefined];

/** What a transaction that passed once may meet when it is run again. */
const CHANGEABLE: readonly Failure[] = [
  ['a wait that no longer holds', at('wait'), 'timed out', '"wait" timed out after 825 ms'],
  ['a lock that is gone', at('assert'), 'not owner'],
  ['a uuid that is there', at('insert'), 'duplicate uuid'],
  ['a number that was counted up to its limit', at('mutate'), 'constraint violation', '6 is not in the valid range'],
  ['a number that would overflow', at('mutate'), 'range error', 'Result of "+=" operation is out of range.'],
  ['a row that a role may not change any more', at('update'), 'permission error'],
  ['a unique name that is taken', COMMIT, 'constraint violation', 'identical values for index on column "name"'],
  ['a reference that fails at commit', COMMIT, 'referential integrity violation'],
];

/** What every run meets alike. */
const LASTING: readonly Failure[] = [
  [
    'a value that breaks a rule',
    at('insert'),
    'constraint violation',
    '6 is not in the valid range 0 to 5 (inclusive)',
  ],
  ['a column that must not change', at('update'), 'constraint violation', 'Cannot update immutable column'],
  ['a division by zero', at('mutate'), 'domain error', 'Division by zero.'],
  ['a column that is not there', at('select'), 'unknown column'],
  ['an operation that makes no sense', at('delete'), 'syntax error'],
  ['an abort', at('select'), 'aborted'],
];

function judge([, index, error, details]: Failure, circumstances: Partial<Circumstances> = {}): boolean {
  return mayBeInForce({ index, error, details }, OPERATIONS, { tookMs: 5, lostLead: false, ...circumstances });
}

describe('mayBeInForce', () => {
  for (const failure of CHANGEABLE) {
    it(`doubts ${failure[0]} where there may have been a second run`, () => {
      expect(judge(failure, { tookMs: 1000 }), 'after a long time').to.equal(true);
      expect(judge(failure, { lostLead: true }), 'after a change of the leader').to.equal(true);
    });
  }

  for (const failure of LASTING) {
    it(`believes ${failure[0]} in whichever run`, () => {
      expect(judge(failure, { tookMs: 1000, lostLead: true })).to.equal(false);
    });
  }

  it('believes whatever is said before a leader can have given up waiting for the others', () => {
    const quick = CHANGEABLE.filter(([, , error]) => error !== 'timed out');
    expect(quick.filter((failure) => judge(failure, { tookMs: 199 }))).to.deep.equal([]);
    expect(quick.filter((failure) => !judge(failure, { tookMs: 200 }))).to.deep.equal([]);
  });

  describe('of a wait', () => {
    const wait = (details: string | undefined, circumstances: Partial<Circumstances>): boolean =>
      judge(['a wait', at('wait'), 'timed out', details], circumstances);

    it('goes by the time that the server had it, however long the reply took', () => {
      expect(wait('"wait" timed out after 199 ms', { tookMs: 5000 })).to.equal(false);
      expect(wait('"wait" timed out after 200 ms', { tookMs: 5000 })).to.equal(true);
      expect(wait('"wait" timed out after 1 ms', { tookMs: 5000, lostLead: true })).to.equal(true);
    });

    it('believes one that failed at once, although the leader has changed since', () => {
      expect(wait('"where" clause test failed', { tookMs: 5000, lostLead: true })).to.equal(false);
    });

    it('goes by the time of the reply when the server says something else', () => {
      for (const details of [undefined, 'too late']) {
        expect(wait(details, { tookMs: 200 })).to.equal(true);
        expect(wait(details, { tookMs: 199 })).to.equal(false);
      }
    });
  });

  it('believes every failure of a transaction that writes nothing', () => {
    const operations = [{ op: 'select' }, { op: 'wait' }, { op: 'comment' }];
    const failure = { index: 1, error: 'timed out', details: '"wait" timed out after 5000 ms' };
    expect(mayBeInForce(failure, operations, { tookMs: 5000, lostLead: true })).to.equal(false);
  });
});
