import { expect } from 'chai';

import { InvalidArgumentError, TimeoutError } from '../../../lib/errors.js';
import { FlightLimit } from '../../../lib/transaction/flight-limit.js';
import { failure } from '../../failure.js';

const LONG = { timeoutMs: 60_000 };

describe('FlightLimit', () => {
  it('lets as many enter at once as it may, and the others in the order of arrival', async () => {
    const limit = new FlightLimit({ maxInFlight: 2 });
    expect([limit.tryEnter(), limit.tryEnter(), limit.tryEnter()]).to.deep.equal([true, true, false]);
    const entered: number[] = [];
    const waits = [0, 1, 2].map((i) => limit.enter(LONG).then(() => entered.push(i)));
    expect(limit).to.include({ inFlight: 2, waiting: 3 });
    limit.leave();
    await waits[0];
    expect(entered).to.deep.equal([0]);
    expect(limit.tryEnter(), 'nobody gets ahead of those who wait').to.equal(false);
    limit.leave();
    limit.leave();
    await Promise.all(waits);
    expect(entered).to.deep.equal([0, 1, 2]);
    expect(limit).to.include({ inFlight: 2, waiting: 0 });
    limit.leave();
    expect(limit.tryEnter()).to.equal(true);
  });

  it('is full when neither entering nor waiting is possible', async () => {
    const limit = new FlightLimit({ maxInFlight: 1, maxWaiting: 1 });
    expect(limit.full).to.equal(false);
    limit.tryEnter();
    expect(limit.full).to.equal(false);
    const waits = limit.enter(LONG);
    expect(limit.full).to.equal(true);
    limit.leave();
    await waits;
    expect(limit.full).to.equal(false);
    expect(new FlightLimit({ maxWaiting: 0 }).full).to.equal(false);
  });

  it('lets one that gives up out of the queue, wherever it stands, without its turn being lost', async () => {
    for (const leaves of [0, 1, 2]) {
      const limit = new FlightLimit({ maxInFlight: 1 });
      limit.tryEnter();
      const controller = new AbortController();
      const reason = new Error('enough');
      const waits = [0, 1, 2].map((i) =>
        limit.enter({ ...LONG, signal: i === leaves ? controller.signal : undefined }).then(
          () => {
            limit.leave();
            return i;
          },
          (error: unknown) => error,
        ),
      );
      controller.abort(reason);
      expect(limit.waiting).to.equal(2);
      limit.leave();
      expect(await Promise.all(waits)).to.deep.equal([0, 1, 2].map((i) => (i === leaves ? reason : i)));
      expect(limit).to.include({ inFlight: 0, waiting: 0 });
    }
  });

  it('rejects when the turn does not come in time, and has then not entered', async () => {
    const limit = new FlightLimit({ maxInFlight: 1 });
    limit.tryEnter();
    expect(await failure(limit.enter({ timeoutMs: 5 }))).to.be.instanceOf(TimeoutError);
    expect(limit).to.include({ inFlight: 1, waiting: 0 });
    limit.leave();
    expect(limit.inFlight).to.equal(0);
  });

  it('rejects at once on a signal that is aborted already', async () => {
    const reason = new Error('enough');
    const limit = new FlightLimit();
    expect(await failure(limit.enter({ ...LONG, signal: AbortSignal.abort(reason) }))).to.equal(reason);
    expect(limit.inFlight).to.equal(0);
  });

  it('lets thousands through that each leave as soon as they have entered', async () => {
    const limit = new FlightLimit({ maxInFlight: 1 });
    limit.tryEnter();
    let through = 0;
    const waits = Array.from({ length: 10_000 }, () =>
      limit.enter(LONG).then(() => {
        through++;
        limit.leave();
      }),
    );
    limit.leave();
    await Promise.all(waits);
    expect(through).to.equal(10_000);
    expect(limit).to.include({ inFlight: 0, waiting: 0 });
  });

  it('refuses limits that make no sense', () => {
    for (const options of [{ maxInFlight: 0 }, { maxInFlight: NaN }, { maxWaiting: -1 }, { maxWaiting: NaN }]) {
      expect(() => new FlightLimit(options)).to.throw(InvalidArgumentError, /maxTransactions(InFlight|Waiting) is/);
    }
  });
});
