import { expect } from 'chai';

import type { Operation } from '../../../lib/transaction/operations.js';
import { readTransactResult } from '../../../lib/transaction/transact-result.js';

const UUID = ['uuid', '01234567-89ab-4def-8123-456789abcdef'];

const ops = (...names: readonly string[]): Operation[] => names.map((op) => ({ op }));

describe('readTransactResult', () => {
  it('takes one result per operation for success', () => {
    const results = [{ uuid: UUID }, {}, { count: 0 }, { count: 2n ** 60n }, { rows: [{}] }, { details: 'anything' }];
    const operations = ops('insert', 'wait', 'update', 'delete', 'select', 'something-new');
    expect(readTransactResult(results, operations)).to.deep.equal({ ok: true, results });
    expect(readTransactResult([], [])).to.deep.equal({ ok: true, results: [] });
  });

  it('takes a null error for none', () => {
    expect(readTransactResult([{ count: 1, error: null }], ops('mutate'))).to.include({ ok: true });
  });

  it('names the operation that failed, after which the others were not carried out', () => {
    const reply = [{ count: 1 }, { error: 'timed out', details: 'waited' }, null, null];
    const failure = { index: 1, error: 'timed out', details: 'waited' };
    const operations = ops('update', 'wait', 'insert', 'insert');
    expect(readTransactResult(reply, operations)).to.deep.equal({ ok: false, failure });
  });

  it('finds an error of the commit beyond the operations', () => {
    const failure = { index: 2, error: 'constraint violation', details: undefined };
    const reply = [{}, {}, { error: 'constraint violation' }];
    expect(readTransactResult(reply, ops('wait', 'comment'))).to.deep.equal({ ok: false, failure });
  });

  const MALFORMED: readonly (readonly [what: string, reply: unknown, operations: readonly Operation[]])[] = [
    ['null', null, ops('wait')],
    ['an object', {}, ops('wait')],
    ['a text', 'x', ops('wait')],
    ['too few results', [{}], ops('wait', 'wait')],
    ['too many results', [{}, {}, {}], ops('wait', 'wait')],
    ['a null without an error before it', [{}, null], ops('wait', 'wait')],
    ['a number for a result', [{}, 5], ops('wait', 'wait')],
    ['an array for a result', [[]], ops('wait')],
    ['an insert without a uuid', [{}], ops('insert')],
    ['an insert with a uuid that is none', [{ uuid: ['uuid', 'x'] }], ops('insert')],
    ['an insert with a name', [{ uuid: ['named-uuid', UUID[1]] }], ops('insert')],
    ['an update without a count', [{}], ops('update')],
    ['a count that is no number', [{ count: '1' }], ops('mutate')],
    ['a negative count', [{ count: -1 }], ops('delete')],
    ['half a row', [{ count: 0.5 }], ops('delete')],
    ['rows that are no array', [{ rows: {} }], ops('select')],
    ['rows that are no rows', [{ rows: [1] }], ops('select')],
    ['an error that is no text', [{ error: 5 }], ops('wait')],
    ['results after an error', [{ error: 'timed out' }, {}], ops('wait', 'wait')],
    ['errors after an error', [{ error: 'timed out' }, { error: 'aborted' }], ops('wait', 'abort')],
    ['nothing before an error', [null, { error: 'timed out' }], ops('wait', 'wait')],
    ['an error far beyond the operations', [{}, null, { error: 'x' }], ops('wait')],
    ['more after an error at commit', [{}, { error: 'x' }, null], ops('wait')],
  ];
  for (const [what, reply, operations] of MALFORMED) {
    it(`refuses ${what}`, () => {
      expect(() => readTransactResult(reply, operations))
        .to.throw(/the server answered transact with/)
        .with.property('code', 'Protocol');
    });
  }
});
