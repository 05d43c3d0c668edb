import { expect } from 'chai';

import { describeOperation, readTransactResult } from '../../../lib/transaction/operations.js';

describe('readTransactResult', () => {
  it('takes one object per operation for success', () => {
    const results = [{ uuid: ['uuid', 'x'] }, {}, { count: 0 }];
    expect(readTransactResult(results, 3)).to.deep.equal({ ok: true, results });
    expect(readTransactResult([], 0)).to.deep.equal({ ok: true, results: [] });
  });

  it('names the operation that failed, after which the others were not carried out', () => {
    const reply = [{ count: 1 }, { error: 'timed out', details: 'waited' }, null, null];
    const failure = { index: 1, error: 'timed out', details: 'waited' };
    expect(readTransactResult(reply, 4)).to.deep.equal({ ok: false, failure });
  });

  it('finds an error of the commit beyond the operations', () => {
    const failure = { index: 2, error: 'constraint violation', details: undefined };
    expect(readTransactResult([{}, {}, { error: 'constraint violation' }], 2)).to.deep.equal({ ok: false, failure });
  });

  it('refuses what is no result', () => {
    for (const reply of [null, {}, 'x', [], [{}, {}, {}], [{}, null], [{}, 5]]) {
      expect(() => readTransactResult(reply, 2), JSON.stringify(reply))
        .to.throw()
        .with.property('code', 'Protocol');
    }
  });
});

describe('describeOperation', () => {
  it('uses the words of ovsdb', () => {
    const texts = ['insert', 'delete', 'select', 'update', 'mutate', 'wait', 'comment'].map((op) =>
      describeOperation({ op, table: 'T' }),
    );
    const expected = [
      'insert into T',
      'delete from T',
      'select from T',
      'update of T',
      'mutate of T',
      'wait on T',
      'comment',
    ];
    expect(texts).to.deep.equal(expected);
  });
});
