import { expect } from 'chai';

import { runChaos } from './chaos.js';
import { formatReport } from './report.js';

describe('a cluster under writes while its members are killed, frozen, cut off', function () {
  this.timeout(600_000);

  it('loses no acknowledged write, doubles none, and leaves replicas and listeners with the truth', async () => {
    const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
    try {
      const report = await runChaos({ seed, disturbances: 55, electionTimerMs: 300, longestMs: 1_000 });
      console.log(formatReport(report).replace(/^/gm, '      '));
      expect(report.ledger.violations).to.deep.equal([]);
      expect(report.ledger.ends.acknowledged).to.be.above(200);
    } catch (error) {
      console.error(`      This run had the seed ${seed}; CHAOS_SEED=${seed} repeats it.`);
      throw error;
    }
  });
});
