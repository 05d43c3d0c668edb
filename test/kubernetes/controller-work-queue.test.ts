/** The controller's work queue and the waits between attempts. */
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';
import fc from 'fast-check';

import { backOffMs } from '../../examples/kubernetes-controller/src/back-off.js';
import { inParallel } from '../../examples/kubernetes-controller/src/parallel.js';
import { WorkQueue, type WorkQueueOptions } from '../../examples/kubernetes-controller/src/work-queue.js';

/** A gate that work waits at until the test opens it. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

function queueOf(work: WorkQueueOptions['work'], options: Partial<WorkQueueOptions> = {}): WorkQueue {
  return new WorkQueue({
    workers: 4,
    backOff: { minMs: 1, maxMs: 4 },
    onFailure: () => undefined,
    ...options,
    work,
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await sleep(1);
  if (!condition()) throw new Error('it did not come to that');
}

describe('the waits between attempts', () => {
  it('double from the shortest to the longest, the last half of each at random', () => {
    const limits = { minMs: 100, maxMs: 1000 };
    const waits = [1, 2, 3, 4, 5, 60, 5000].map((failures) => [
      backOffMs(failures, limits, () => 0),
      backOffMs(failures, limits, () => 1),
    ]);
    expect(waits).to.deep.equal([
      [50, 100],
      [100, 200],
      [200, 400],
      [400, 800],
      [500, 1000],
      [500, 1000],
      [500, 1000],
    ]);
  });

  it('stay within their bounds, however many failures there were', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const wait = backOffMs(failures, { minMs: 10, maxMs: 5000 }, () => random);
        return wait >= 5 && wait <= 5000;
      }),
    );
  });
});

describe('the work queue', () => {
  it('works on nothing before it is started, and on a key added several times once', async () => {
    const done: string[] = [];
    const queue = queueOf((key) => {
      done.push(key);
      return Promise.resolve();
    });
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    await sleep(5);
    expect(done).to.deep.equal([]);
    queue.start();
    await until(() => done.length >= 2);
    await queue.stop(0);
    expect(done).to.deep.equal(['a', 'b']);
  });

  it('works on as many keys at the same time as it has workers, never twice on one', async () => {
    const active = new Map<string, number>();
    let most = 0;
    let twice = false;
    let done = 0;
    const queue = queueOf(
      async (key) => {
        active.set(key, (active.get(key) ?? 0) + 1);
        twice ||= active.get(key) !== 1;
        most = Math.max(most, [...active.values()].filter((count) => count > 0).length);
        await sleep(1);
        active.set(key, (active.get(key) ?? 0) - 1);
        done += 1;
      },
      { workers: 3 },
    );
    queue.start();
    for (let i = 0; i < 200; i++) {
      queue.add(`key-${i % 7}`);
      if (i % 20 === 0) await sleep(1);
    }
    await until(() => queue.metrics.active === 0 && queue.metrics.waiting === 0);
    await queue.stop(0);
    expect({ most, twice }).to.deep.equal({ most: 3, twice: false });
    expect(done).to.be.at.least(7);
  });

  it('works again on a key that was added while it was worked on', async () => {
    const first = gate();
    let runs = 0;
    const queue = queueOf(async () => {
      runs += 1;
      if (runs === 1) await first.passed;
    });
    queue.start();
    queue.add('a');
    await until(() => runs === 1);
    queue.add('a');
    queue.add('a');
    await sleep(5);
    expect(runs, 'while the first is under way').to.equal(1);
    first.open();
    await until(() => runs === 2);
    await sleep(5);
    await queue.stop(0);
    expect(runs).to.equal(2);
  });

  it('tries again after a failure, waiting longer each time, and forgets the failures after a success', async () => {
    const told: { failures: number; delayMs: number }[] = [];
    let runs = 0;
    const queue = queueOf(
      () => {
        runs += 1;
        return runs <= 3 || runs === 5 ? Promise.reject(new Error(`no ${runs}`)) : Promise.resolve();
      },
      { onFailure: (_key, _error, next) => told.push(next), random: () => 1 },
    );
    queue.start();
    queue.add('a');
    await until(() => runs === 4);
    await until(() => queue.metrics.failing === 0);
    queue.add('a');
    await until(() => runs === 6);
    await queue.stop(0);
    expect(told).to.deep.equal([
      { failures: 1, delayMs: 1 },
      { failures: 2, delayMs: 2 },
      { failures: 3, delayMs: 4 },
      { failures: 1, delayMs: 1 },
    ]);
    expect(queue.metrics).to.deep.equal({ waiting: 0, active: 0, failing: 0, done: 2, failures: 4 });
  });

  it('waits as long as the error asks, where that is longer', async () => {
    const delays: number[] = [];
    const queue = queueOf((key) => Promise.reject(new Error(key)), {
      askedDelayMs: (error) => Number((error as Error).message),
      onFailure: (_key, _error, { delayMs }) => delays.push(delayMs),
      random: () => 1,
    });
    queue.start();
    for (const key of ['0', '50000']) queue.add(key);
    await until(() => delays.length >= 2);
    await queue.stop(0);
    expect(delays.slice(0, 2)).to.deep.equal([1, 50_000]);
  });

  it('lets no failing key hold up the others', async () => {
    const done = new Set<string>();
    const queue = queueOf(
      (key) => {
        if (key === 'bad') return Promise.reject(new Error('bad'));
        done.add(key);
        return Promise.resolve();
      },
      { workers: 1, backOff: { minMs: 10_000, maxMs: 10_000 } },
    );
    queue.start();
    for (const key of ['bad', 'a', 'b']) queue.add(key);
    await until(() => done.size === 2);
    expect(queue.metrics.failing).to.equal(1);
    await queue.stop(0);
  });

  it('tries a failing key at once when it is added anew', async () => {
    let runs = 0;
    const queue = queueOf(
      () => {
        runs += 1;
        return runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve();
      },
      { backOff: { minMs: 60_000, maxMs: 60_000 } },
    );
    queue.start();
    queue.add('a');
    await until(() => queue.metrics.failing === 1 && queue.metrics.active === 0);
    queue.add('a');
    await until(() => runs === 2);
    await queue.stop(0);
    expect(queue.metrics.failing).to.equal(0);
  });

  it('lets work under way end when it is stopped, tells it to stop after the grace, and begins nothing more', async () => {
    const begun: string[] = [];
    const ends = gate();
    const queue = queueOf(
      async (key, signal) => {
        begun.push(key);
        if (key === 'short') return ends.passed;
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        );
      },
      { workers: 2 },
    );
    queue.start();
    for (const key of ['short', 'endless', 'later']) queue.add(key);
    await until(() => begun.length === 2);
    const stopped = queue.stop(20);
    ends.open();
    await stopped;
    queue.add('after');
    await sleep(5);
    expect(begun).to.deep.equal(['short', 'endless']);
  });
});

describe('work in parallel', () => {
  it('does all items, no more than the limit at a time', async () => {
    let active = 0;
    let most = 0;
    const done: number[] = [];
    await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      active += 1;
      most = Math.max(most, active);
      await sleep(1);
      active -= 1;
      done.push(item);
    });
    expect(done.sort()).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
    expect(most).to.equal(3);
  });

  it('begins nothing after a failure, waits for what is under way, and rejects', async () => {
    const begun: number[] = [];
    let ended = 0;
    const outcome = await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error('first');
      await sleep(5);
      ended += 1;
    }).catch((error: unknown) => error);
    expect(outcome).to.be.an('error').with.property('message', 'first');
    expect({ begun, ended }).to.deep.equal({ begun: [1, 2], ended: 1 });
  });
});
