import { expect } from 'chai';

import { describeFigures, describeFinding } from './report.js';
import { runDifferential } from './run-differential.js';

/** The long run is `npm run fuzz:server`, which takes another seed each time. */
const TRANSACTIONS = 2_000;
const SEED = 11;

describe('the embedded database and ovsdb-server', function () {
  this.timeout(120_000);

  it('answer random transactions alike, and hold the same rows afterwards', async () => {
    const seed = Number(process.env.FUZZ_SEED ?? SEED);
    const { figures, finding } = await runDifferential({ seed, transactions: TRANSACTIONS, perSchema: 200 });
    const report = finding === undefined ? '' : describeFinding(finding);
    expect(finding, `seed ${seed}\n${report}`).to.equal(undefined);
    // Else the transactions are too wild, or too tame, to show anything.
    const context = describeFigures(figures);
    expect(figures.transactions, context).to.equal(TRANSACTIONS);
    expect(figures.committed, context).to.be.above(TRANSACTIONS / 10);
    expect(figures.refused, context).to.be.above(TRANSACTIONS / 10);
    expect(figures.errors.size, context).to.be.above(10);
  });
});
