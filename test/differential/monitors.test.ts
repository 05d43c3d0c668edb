import { expect } from 'chai';

import { describeMonitors, runMonitors } from './run-monitors.js';

/** The long run, with other seeds, is `npm run fuzz:server`. */
const STEPS = 1_500;

describe('the monitors of the embedded server and of ovsdb-server', function () {
  this.timeout(120_000);

  it('say the same of random tables, columns, events and conditions', async () => {
    const seed = Number(process.env['FUZZ_SEED'] ?? 16);
    const outcome = await runMonitors({ seed, steps: STEPS });
    const context = `seed ${seed}\n${describeMonitors(outcome)}`;
    expect(outcome.finding, `${context}\n${outcome.finding ?? ''}`).to.equal(undefined);
    // Else nothing was shown.
    expect(outcome.notifications, context).to.be.above(100);
  });
});
