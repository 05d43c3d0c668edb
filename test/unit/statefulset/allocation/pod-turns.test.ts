import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { TimeoutError } from '../../../../lib/errors.js';
import { PodTurns } from '../../../../lib/statefulset/allocation/pod-turns.js';
import type { Call } from '../../../../lib/statefulset/allocation/port-transactions.js';

const call = (deadline: number, signal?: AbortSignal): Call => ({
  subject: { namespace: 'product', name: 'web', key: 'product/web' },
  signal,
  deadline,
});

describe('PodTurns', () => {
  let turns: PodTurns;
  let finish: () => void;
  let events: string[];

  /** A call for the port `web-0` that is under way until `finish` is called. */
  beforeEach(() => {
    turns = new PodTurns();
    events = [];
    const work = new Promise<void>((resolve) => (finish = resolve));
    void turns
      .take(['web-0'], call(Infinity), () => work)
      .then(() => {
        events.push('first');
      });
  });

  async function next(port: string, limits: Call): Promise<void> {
    await turns.take([port], limits, async () => {
      events.push(port);
      return Promise.resolve();
    });
  }

  it('let a second call for a port wait for the first one, and one for another port pass', async () => {
    const second = next('web-0', call(performance.now() + 10_000));
    await next('web-1', call(performance.now() + 10_000));
    expect(events).to.deep.equal(['web-1']);
    finish();
    await second;
    expect(events).to.deep.equal(['web-1', 'first', 'web-0']);
  });

  it('do not come to a call whose time is up before, or that is aborted', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const outcomes = Promise.allSettled([
      next('web-0', call(performance.now() + 5)),
      next('web-0', call(Infinity, controller.signal)),
    ]);
    controller.abort(reason);
    const [late, aborted] = await outcomes;
    expect(late).to.have.property('reason').instanceOf(TimeoutError);
    expect(aborted).to.include({ reason });
    finish();
    await sleep(1);
    expect(events).to.deep.equal(['first']);
  });

  it('are waited for without end by a call that has all the time', async () => {
    const second = next('web-0', call(Infinity));
    await sleep(20);
    finish();
    await second;
    expect(events).to.deep.equal(['first', 'web-0']);
  });
});
