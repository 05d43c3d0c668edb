import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { systemClock } from '../../../lib/rpc/clock.js';

describe('systemClock', () => {
  it('calls back after the delay, unless called off', async () => {
    const calls: string[] = [];
    systemClock.schedule(() => calls.push('kept'), 1);
    systemClock.schedule(() => calls.push('called off'), 1)();
    await sleep(20);
    expect(calls).to.deep.equal(['kept']);
  });

  for (const delayMs of [2 ** 31, Number.MAX_SAFE_INTEGER, Infinity]) {
    it(`does not take ${delayMs} ms, longer than timers can be, for none at all`, async () => {
      let calls = 0;
      const stop = systemClock.schedule(() => calls++, delayMs);
      await sleep(20);
      stop();
      expect(calls).to.equal(0);
    });
  }
});
