import { expect } from 'chai';

import { runEpisodes } from './run-episodes.js';

/** The long run is `npm run fuzz`. */
const MESSAGES = 8_000;
const MAX_GROWTH_BYTES = 8 * 1024 * 1024;

describe('a client that gets mutated messages', function () {
  this.timeout(120_000);

  it('refuses or takes each as a whole, ends cleanly, and goes on with a genuine server', async () => {
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
    const outcome = await runEpisodes({ seed, messages: MESSAGES });
    expect(outcome.mutated).to.be.at.least(MESSAGES);
    // Else the mutations are too wild, or too tame, to show anything.
    expect(outcome.applied).to.be.above(MESSAGES / 100);
    expect(outcome.refused).to.be.above(MESSAGES / 20);
    expect(outcome.genuine).to.be.above(MESSAGES / 10);
    const [early, end] = outcome.heapBytes;
    expect(end - early, `growth of the heap in bytes, seed ${seed}`).to.be.below(MAX_GROWTH_BYTES);
  });
});
