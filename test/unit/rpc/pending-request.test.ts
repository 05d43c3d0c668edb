import { expect } from 'chai';

import { RpcError, TimeoutError } from '../../../lib/errors.js';
import { RpcSession } from '../../../lib/rpc/session.js';
import { failure } from '../../failure.js';
import { FakeClock, FakeStream } from './fake-stream.js';

const CANCEL = { method: 'cancel', params: [0], id: null };

describe('a request that is to be canceled upon its time-out', () => {
  let stream: FakeStream;
  let clock: FakeClock;
  let session: RpcSession;

  beforeEach(() => {
    stream = new FakeStream();
    clock = new FakeClock();
    session = new RpcSession(stream, {
      onNotification: () => undefined,
      onClose: () => undefined,
      clock,
      probeIntervalMs: 0,
    });
  });
  afterEach(() => {
    expect(session.stats.pendingRequests).to.equal(0);
    expect(clock.timers).to.equal(0);
    session.close();
  });

  /** Sends a request and lets its time pass. */
  function late(options: { signal?: AbortSignal; cancelGraceMs?: number } = {}): Promise<unknown> {
    const reply = session.request('transact', [], { timeoutMs: 100, cancel: true, ...options });
    stream.take();
    clock.advance(100);
    return reply;
  }

  it('is canceled once, and rejects with the word of the server that it was', async () => {
    const error = failure(late());
    expect(stream.take()).to.deep.equal([CANCEL]);
    expect(session.stats.pendingRequests).to.equal(1);
    stream.receive({ id: 0, result: null, error: 'canceled' });
    expect(await error)
      .to.be.instanceOf(TimeoutError)
      .and.to.include({ timeoutMs: 100 });
    expect((await error).cause)
      .to.be.instanceOf(RpcError)
      .and.to.include({ error: 'canceled' });
    expect((await error).message).to.match(/within 100 ms, and the server has canceled it/);
    expect(stream.take()).to.deep.equal([]);
  });

  it('resolves when the reply was faster than the cancel', async () => {
    const reply = late();
    clock.advance(999);
    stream.receive({ id: 0, result: [{ count: 1 }], error: null });
    expect(await reply).to.deep.equal([{ count: 1 }]);
    expect(session.stats.strayReplies).to.equal(0);
  });

  it('rejects with the error of a reply that was faster than the cancel', async () => {
    const error = failure(late());
    stream.receive({ id: 0, error: { error: 'unknown database' } });
    expect(await error)
      .to.be.instanceOf(RpcError)
      .and.to.include({ error: 'unknown database' });
  });

  it('rejects without a cause when the server says nothing within the grace, and ignores what it says later', async () => {
    const error = failure(late({ cancelGraceMs: 300 }));
    stream.take();
    clock.advance(299);
    expect(session.stats.pendingRequests).to.equal(1);
    clock.advance(1);
    expect(await error)
      .to.be.instanceOf(TimeoutError)
      .and.to.include({ timeoutMs: 100 });
    expect((await error).cause).to.equal(undefined);
    expect((await error).message).to.match(/within 100 ms, nor a word on its cancellation within 300 ms more/);
    stream.receive({ id: 0, error: 'canceled' });
    expect(session.stats.strayReplies).to.equal(1);
    expect(stream.take()).to.deep.equal([]);
  });

  it('rejects at once with a grace of 0', async () => {
    const error = failure(late({ cancelGraceMs: 0 }));
    expect(stream.take()).to.deep.equal([CANCEL]);
    expect(await error).to.be.instanceOf(TimeoutError);
  });

  it('rejects at once when the signal is aborted during the grace, and cancels no second time', async () => {
    const controller = new AbortController();
    const error = failure(late({ signal: controller.signal }));
    stream.take();
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await error).to.equal(reason);
    expect(stream.take()).to.deep.equal([]);
  });

  it('is reported as sent when the session ends during the grace', async () => {
    const error = failure(late());
    session.end(new TimeoutError('out of patience', 1));
    expect(await error).to.include({ code: 'ConnectionLost', sent: true });
  });

  it('takes "canceled" without having asked for it as any other error', async () => {
    const error = failure(session.request('transact', [], { timeoutMs: 100, cancel: true }));
    stream.receive({ id: 0, error: 'canceled' });
    expect(await error)
      .to.be.instanceOf(RpcError)
      .and.to.include({ error: 'canceled' });
  });

  it('that never left is not canceled', async () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const error = failure(session.request('transact', circle, { timeoutMs: 100, cancel: true }));
    expect(await error).to.include({ code: 'InvalidArgument' });
    expect(stream.take()).to.deep.equal([]);
  });
});
