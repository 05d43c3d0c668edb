import { expect } from 'chai';

import { ConnectionLostError, type OvsdbError } from '../../../lib/errors.js';
import { RpcSession } from '../../../lib/rpc/session.js';
import { failure } from '../../failure.js';
import { FakeClock, FakeStream } from './fake-stream.js';

const PROBE = { method: 'echo', params: [], id: 'echo' };
const UPDATE = { id: null, method: 'update3', params: [] };

describe('a server that leaves a request without any answer', () => {
  let stream: FakeStream;
  let clock: FakeClock;
  let session: RpcSession;
  let end: OvsdbError | undefined;

  const begin = (probeIntervalMs: number): void => {
    stream = new FakeStream();
    clock = new FakeClock();
    end = undefined;
    const onClose = (error: OvsdbError): void => void (end = error);
    session = new RpcSession(stream, { onNotification: () => undefined, onClose, clock, probeIntervalMs });
  };
  beforeEach(() => begin(1000));
  afterEach(() => {
    session.close();
    expect(clock.timers).to.equal(0);
  });

  /** Lets a request time out, with updates coming all the time. */
  async function timeOut(): Promise<void> {
    const late = failure(session.request('transact', [], { timeoutMs: 300 }));
    stream.take();
    clock.advance(300);
    await late;
  }

  /** Lets so much time pass, with updates coming all the time. */
  function updatesFor(ms: number): void {
    for (let passed = 0; passed < ms; passed += 100) {
      stream.receive(UPDATE);
      clock.advance(100);
    }
  }

  it('is asked for an echo, and given up when it answers nothing although its updates keep coming', async () => {
    await timeOut();
    expect(stream.take()).to.deep.equal([PROBE]);
    updatesFor(900);
    expect(end).to.equal(undefined);
    updatesFor(100);
    expect(end).to.be.instanceOf(ConnectionLostError);
    expect(end!.message).to.match(/tcp:test:6640 answers no requests any more: .* a probe for 1000 ms/);
  });

  it('is asked once, however many requests time out', async () => {
    await timeOut();
    await timeOut();
    stream.take();
    updatesFor(400);
    expect(end).to.equal(undefined);
    updatesFor(1000);
    expect(end).not.to.equal(undefined);
    expect(session.stats.probesSent).to.equal(1);
  });

  for (const [what, reply] of [
    ['the echo', { id: 'echo', result: [], error: null }],
    ['the request, late', { id: 0, result: [], error: null }],
    ['by an error', { id: 0, result: null, error: 'canceled' }],
  ] as const) {
    it(`stays when it answers ${what}`, async () => {
      await timeOut();
      stream.receive(reply);
      updatesFor(3000);
      expect(end).to.equal(undefined);
    });
  }

  it('stays while a long message is on its way', async () => {
    await timeOut();
    stream.receive('{"id": 0, "result": [');
    clock.advance(900);
    stream.receive('1,');
    clock.advance(900);
    stream.receive('2], "error": null}');
    updatesFor(3000);
    expect(end).to.equal(undefined);
  });

  it('is given up also when there is a part of some update whenever one looks', async () => {
    await timeOut();
    for (let passed = 0; passed < 3000; passed += 100) {
      stream.receive('{"id":null,"method":"update3",');
      clock.advance(100);
      if (end === undefined) stream.receive('"params":[]}');
    }
    expect(end).to.be.instanceOf(ConnectionLostError);
  });

  it('is not asked when it has canceled the request', async () => {
    const late = failure(session.request('transact', [], { timeoutMs: 300, cancel: true }));
    stream.take();
    clock.advance(300);
    stream.receive({ id: 0, result: null, error: 'canceled' });
    await late;
    expect(stream.take()).to.deep.equal([{ method: 'cancel', params: [0], id: null }]);
    expect(clock.timers).to.equal(1);
  });

  it('is not watched where probes are turned off', async () => {
    begin(0);
    await timeOut();
    expect(stream.take()).to.deep.equal([]);
    updatesFor(3000);
    expect(end).to.equal(undefined);
  });
});
