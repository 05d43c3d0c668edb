import { expect } from 'chai';

import {
  ClosedError,
  ConnectionLostError,
  InvalidArgumentError,
  ProtocolError,
  RpcError,
  TimeoutError,
  type OvsdbError,
} from '../../../lib/errors.js';
import { RpcSession, type RpcSessionOptions } from '../../../lib/rpc/session.js';
import { FakeClock, FakeStream } from './fake-stream.js';

interface Rig {
  readonly stream: FakeStream;
  readonly clock: FakeClock;
  readonly session: RpcSession;
  readonly notifications: (readonly [string, readonly unknown[]])[];
  readonly ends: OvsdbError[];
}

function rig(options: Partial<RpcSessionOptions> = {}, stream = new FakeStream()): Rig {
  const clock = new FakeClock();
  const notifications: (readonly [string, readonly unknown[]])[] = [];
  const ends: OvsdbError[] = [];
  const session = new RpcSession(stream, {
    onNotification: (method, params) => notifications.push([method, params]),
    onClose: (error) => ends.push(error),
    clock,
    ...options,
  });
  return { stream, clock, session, notifications, ends };
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`resolved to ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

const lost = (): ConnectionLostError => new ConnectionLostError('the line went dead', { sent: false });

describe('RpcSession requests', () => {
  it('go out in JSON-RPC 1.0 and resolve to their own reply, in whatever order replies come', async () => {
    const { stream, session } = rig();
    const [first, second] = [session.request('a', [1]), session.request('b', [])];
    expect(stream.take()).to.deep.equal([
      { method: 'a', params: [1], id: 0 },
      { method: 'b', params: [], id: 1 },
    ]);
    stream.receive({ id: 1, result: 'two', error: null }, { id: 0, result: ['one'], error: null });
    expect(await Promise.all([first, second])).to.deep.equal([['one'], 'two']);
    expect(session.stats).to.include({ messagesSent: 2, messagesReceived: 2, pendingRequests: 0, strayReplies: 0 });
  });

  it('carry 64-bit integers without loss in both directions', async () => {
    const { stream, session } = rig();
    const reply = session.request('a', [9007199254740993n]);
    expect(stream.sent[0]).to.contain('[9007199254740993]');
    stream.receive('{"id":0,"error":null,"result":[-9223372036854775808]}');
    expect(await reply).to.deep.equal([-9223372036854775808n]);
  });

  it('may have a reply of null or false', async () => {
    const { stream, session } = rig();
    const replies = [session.request('a', []), session.request('b', [])];
    stream.receive({ id: 0, result: null, error: null }, { id: 1, result: false, error: null });
    expect(await Promise.all(replies)).to.deep.equal([null, false]);
  });

  it('reject with the error of the server', async () => {
    const { stream, session } = rig();
    const reply = session.request('get_schema', ['x']);
    stream.receive({ id: 0, error: { error: 'unknown database', details: 'no x' } });
    const error = await failure(reply);
    expect(error).to.be.instanceOf(RpcError);
    expect(error).to.include({ method: 'get_schema', error: 'unknown database', details: 'no x' });
  });

  it('are not harmed by replies to unknown ids, repeated replies or unknown requests', async () => {
    const { stream, session, ends } = rig();
    const reply = session.request('a', []);
    stream.take();
    stream.receive({ id: 77, result: 1 }, { id: 'x', error: 'e' }, { id: 0, result: 1 }, { id: 0, result: 2 });
    stream.receive({ id: 5, method: 'surprise', params: [] });
    expect(await reply).to.equal(1);
    expect(session.stats.strayReplies).to.equal(3);
    expect(stream.take()).to.deep.equal([{ id: 5, result: null, error: 'unknown method' }]);
    expect(ends).to.deep.equal([]);
  });

  it('reject at once, and send nothing, when the params have no JSON form', async () => {
    const { stream, session } = rig();
    const circle: unknown[] = [];
    circle.push(circle);
    expect(await failure(session.request('a', circle))).to.be.instanceOf(InvalidArgumentError);
    expect(stream.sent).to.deep.equal([]);
    expect(session.stats.pendingRequests).to.equal(0);
    const next = session.request('b', []);
    stream.receive({ id: 1, result: 'fine' });
    expect(await next).to.equal('fine');
  });

  it('are not harmed by a notification that has no JSON form', async () => {
    const { stream, session } = rig();
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => session.notify('x', circle)).to.throw(InvalidArgumentError);
    const next = session.request('a', []);
    stream.receive({ id: 0, result: 'fine' });
    expect(await next).to.equal('fine');
  });
});

describe('RpcSession.request given up', () => {
  it('sends nothing when the signal is aborted already', async () => {
    const { stream, session } = rig();
    const reason = new Error('enough');
    expect(await failure(session.request('a', [], { signal: AbortSignal.abort(reason) }))).to.equal(reason);
    expect(stream.sent).to.deep.equal([]);
  });

  it('rejects with the reason of the signal, and ignores the reply that comes later', async () => {
    const { stream, session } = rig();
    const controller = new AbortController();
    const reply = session.request('a', [], { signal: controller.signal });
    controller.abort('reason of any type');
    expect(await failure(reply)).to.equal('reason of any type');
    stream.receive({ id: 0, result: 1 });
    expect(session.stats).to.include({ pendingRequests: 0, strayReplies: 1 });
    expect(stream.take()).to.have.length(1);
  });

  it('tells the server with cancel when asked to', async () => {
    const { stream, session } = rig();
    const controller = new AbortController();
    const reply = session.request('transact', [], { signal: controller.signal, cancel: true });
    stream.take();
    controller.abort();
    await failure(reply);
    expect(stream.take()).to.deep.equal([{ method: 'cancel', params: [0], id: null }]);
  });

  it('rejects after its time-out, not before, and leaves no timer', async () => {
    const { stream, session, clock } = rig({ probeIntervalMs: 0 });
    const slow = session.request('slow', [], { timeoutMs: 100 });
    const quick = session.request('quick', [], { timeoutMs: 100 });
    clock.advance(99);
    expect(session.stats.pendingRequests).to.equal(2);
    stream.receive({ id: 1, result: 'in time' });
    expect(await quick).to.equal('in time');
    clock.advance(1);
    const error = await failure(slow);
    expect(error).to.be.instanceOf(TimeoutError);
    expect(error).to.include({ timeoutMs: 100 });
    expect((error as Error).message).to.match(/slow: no reply from tcp:test:6640 within 100 ms/);
    expect(clock.timers).to.equal(0);
  });

  it('leaves no listener on the signal once it is answered', async () => {
    const { stream, session } = rig();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const reply = session.request('a', [], { signal });
    expect(listeners).to.equal(1);
    stream.receive({ id: 0, result: 1 });
    await reply;
    expect(listeners).to.equal(0);
  });
});

describe('RpcSession notifications', () => {
  it('are handed over in order, within the read, ahead of the continuation of earlier replies', async () => {
    const seen: string[] = [];
    const { stream, session } = rig({
      onNotification: (method, params) => seen.push(`${method} ${String(params[0])}`),
    });
    const reply = session.request('monitor', []).then(() => seen.push('reply'));
    stream.receive(
      { id: null, method: 'update3', params: [1] },
      { id: 0, result: 1 },
      { id: null, method: 'update3', params: [2] },
      { method: 'unheard-of', params: [3] },
    );
    expect(seen).to.deep.equal(['update3 1', 'update3 2', 'unheard-of 3']);
    await reply;
    expect(seen.at(-1)).to.equal('reply');
  });

  it('end the session when they cannot be applied, without an exception for the socket', async () => {
    const fault = new Error('row missing');
    let calls = 0;
    const { stream, session, ends } = rig({
      onNotification: () => {
        calls++;
        throw fault;
      },
    });
    const pending = failure(session.request('a', []));
    stream.receive({ method: 'update3', params: [] }, { method: 'update3', params: [] });
    expect(calls).to.equal(1);
    expect(ends).to.have.length(1);
    expect(ends[0]).to.be.instanceOf(ProtocolError);
    expect(ends[0]?.message).to.match(/update3 .*could not be applied: row missing/);
    expect(ends[0]?.cause).to.equal(fault);
    expect(await pending).to.be.instanceOf(ConnectionLostError);
    expect(stream.closed).to.equal(true);
  });

  it('may close the session, after which nothing more of the same chunk is handed over', () => {
    let calls = 0;
    const made = rig({
      onNotification: () => {
        calls++;
        made.session.close();
      },
    });
    made.stream.receive({ method: 'a' }, { method: 'b' });
    expect(calls).to.equal(1);
    expect(made.ends).to.deep.equal([]);
  });

  it('can be sent, and are dropped after the end', () => {
    const { stream, session } = rig();
    session.notify('cancel', [3]);
    expect(stream.take()).to.deep.equal([{ method: 'cancel', params: [3], id: null }]);
    session.close();
    session.notify('cancel', [4]);
    expect(stream.take()).to.deep.equal([]);
  });
});

describe('RpcSession echo', () => {
  it('answers the server', () => {
    const { stream } = rig();
    stream.receive({ id: 'echo', method: 'echo', params: [1, 'x'] });
    expect(stream.take()).to.deep.equal([{ id: 'echo', result: [1, 'x'], error: null }]);
  });

  it('ends when the server asks and asks and reads no answer', () => {
    const { stream, session, ends } = rig({ probeIntervalMs: 0 });
    const echo = { id: 1, method: 'echo', params: ['x'.repeat(1024 * 1024)] };
    for (let i = 0; i < 100; i++) stream.receive(echo);
    expect(session.closed, 'while the server reads').to.equal(false);
    // A big request of our own that waits is nobody's fault.
    stream.stuck = true;
    void session.request('transact', ['x'.repeat(30 * 1024 * 1024)]).catch(() => undefined);
    for (let i = 0; i < 10; i++) stream.receive(echo);
    expect(session.closed, 'while few answers wait').to.equal(false);
    for (let i = 0; i < 10; i++) stream.receive(echo);
    expect(ends).to.have.lengthOf(1);
    expect(ends[0]).to.be.instanceOf(ProtocolError).with.property('message').that.includes('does not read the answers');
    expect(stream.writableBytes).to.be.below(50 * 1024 * 1024);
  });

  it('probes after the interval and lives on when anything comes, be it half a message', () => {
    const { stream, clock, ends, session } = rig({ probeIntervalMs: 1000 });
    clock.advance(999);
    expect(stream.take()).to.deep.equal([]);
    clock.advance(1);
    expect(stream.take()).to.deep.equal([{ method: 'echo', params: [], id: 'echo' }]);
    clock.advance(900);
    stream.receive('{"id":');
    clock.advance(900);
    stream.receive('"echo","result":[],"error":null}');
    expect(session.stats).to.include({ probesSent: 1, strayReplies: 0 });
    clock.advance(999);
    expect(stream.take()).to.deep.equal([]);
    expect(ends).to.deep.equal([]);
  });

  it('gives the server up after two intervals of silence', async () => {
    const { stream, clock, ends, session } = rig({ probeIntervalMs: 1000 });
    const pending = failure(session.request('a', []));
    clock.advance(2000);
    expect(ends.map(String)).to.have.length(1);
    expect(ends[0]).to.be.instanceOf(ConnectionLostError);
    expect(ends[0]?.message).to.match(/tcp:test:6640 is silent: nothing came for 2000 ms/);
    expect(await pending).to.include({ sent: true });
    expect(stream.closed).to.equal(true);
    expect(clock.timers).to.equal(0);
  });

  it('does not hold a long stall of this process against the server', () => {
    const { stream, clock, ends } = rig({ probeIntervalMs: 1000 });
    clock.advance(1000);
    // The answer arrives during the stall and is read before the late timer's verdict.
    clock.afterPendingInput = (callback) => {
      stream.receive({ id: 'echo', result: [], error: null });
      callback();
    };
    clock.time += 60_000;
    clock.advance(0);
    expect(ends).to.deep.equal([]);
  });

  it('takes a server that slowly reads what is sent to it for alive', () => {
    const { stream, clock, ends } = rig({ probeIntervalMs: 1000 });
    stream.stuck = true;
    stream.writableBytes = 1e6;
    for (let i = 0; i < 10; i++) {
      clock.advance(900);
      stream.bytesSent += 1000;
      stream.bytesFlushed += 1000;
    }
    expect(ends).to.deep.equal([]);
    clock.advance(4000);
    expect(ends).to.have.length(1);
  });

  it('takes the silence of a server for work while it composes a snapshot, for twelve intervals', async () => {
    const { stream, clock, ends, session } = rig({ probeIntervalMs: 1000 });
    const rows = { depth: 3, open: () => undefined } as const;
    const pending = failure(session.request('monitor', [], { rows }));
    clock.advance(11_900);
    expect(ends).to.deep.equal([]);
    stream.receive('{"id":0,');
    clock.advance(1900);
    expect(ends).to.deep.equal([]);
    // What has begun to arrive is composed.
    clock.advance(1200);
    expect(ends[0]?.message).to.contain('is silent');
    expect(await pending).to.be.instanceOf(ConnectionLostError);
  });

  it('gives up a server that takes more than twelve intervals for a snapshot', async () => {
    const { clock, ends, session } = rig({ probeIntervalMs: 1000 });
    const rows = { depth: 3, open: () => undefined } as const;
    const pending = failure(session.request('monitor', [], { rows }));
    clock.advance(13_100);
    expect(ends[0]?.message).to.contain('is silent');
    expect(await pending).to.be.instanceOf(ConnectionLostError);
  });

  it('watches the server again once the snapshot has come, or is waited for no more', async () => {
    const rows = { depth: 3, open: () => undefined } as const;
    for (const timeoutMs of [undefined, 5000]) {
      const { stream, clock, ends, session } = rig({ probeIntervalMs: 1000 });
      const settled = session.request('monitor', [], { rows, timeoutMs }).catch(() => undefined);
      if (timeoutMs === undefined) stream.receive('{"id":0,"result":{},"error":null}');
      else clock.advance(timeoutMs);
      await settled;
      clock.advance(3000);
      expect(ends).to.have.length(1);
    }
  });

  it('is off on Unix sockets and with interval 0, and every 5 s else', () => {
    for (const scheme of ['unix', 'punix'] as const) {
      expect(rig({}, new FakeStream({ scheme, path: '/x' })).clock.timers).to.equal(0);
    }
    expect(rig({ probeIntervalMs: 0 }).clock.timers).to.equal(0);
    const { stream, clock } = rig();
    clock.advance(5000);
    expect(stream.take()).to.have.length(1);
  });

  it('refuses an interval that is none', () => {
    for (const probeIntervalMs of [-1, NaN]) {
      expect(() => rig({ probeIntervalMs })).to.throw(InvalidArgumentError, /probeIntervalMs/);
    }
  });
});

describe('the end of an RpcSession', () => {
  it('rejects what is pending, saying whether it was sent', async () => {
    const { stream, session, ends } = rig();
    const sent = failure(session.request('sent', []));
    stream.stuck = true;
    const unsent = failure(session.request('unsent', []));
    const cause = lost();
    stream.lose(cause);
    expect(ends).to.deep.equal([cause]);
    expect(session.closed).to.equal(true);
    for (const [promise, flag, text] of [
      [sent, true, /sent has no reply.*unknown: the line went dead/],
      [unsent, false, /unsent was not sent: the line went dead/],
      [failure(session.request('late', [])), false, /late was not sent/],
    ] as const) {
      const error = await promise;
      expect(error).to.be.instanceOf(ConnectionLostError);
      expect(error).to.include({ sent: flag, cause });
      expect((error as Error).message).to.match(text);
    }
  });

  it('leaves replies that had come in the same chunk answered', async () => {
    const { stream, session, ends } = rig();
    const [answered, pending] = [session.request('a', []), failure(session.request('b', []))];
    stream.receive({ id: 0, result: 'yes' }, 'garbage');
    expect(await answered).to.equal('yes');
    expect(await pending).to.be.instanceOf(ConnectionLostError);
    expect(ends[0]).to.be.instanceOf(ProtocolError);
  });

  it('says so when it came in the middle of a message', () => {
    const { stream, ends } = rig();
    stream.receive('{"id":0,"resu');
    stream.lose(lost());
    expect(ends[0]).to.be.instanceOf(ConnectionLostError);
    expect(ends[0]?.message).to.match(/in the middle of a message \(13 bytes/);
  });

  for (const [what, text, reason] of [
    ['no JSON', '{"id":tru}', /not JSON.*begins "\{\\"id\\":tru\}"/],
    ['no object', '[1]', /0x5b/],
    ['no message', '{"a":1}', /JSON-RPC message/],
    ['too long', `{"a":"${'x'.repeat(200)}"}`, /longer than 100 bytes/],
  ] as const) {
    it(`comes with a ProtocolError on what is ${what}`, async () => {
      const { stream, session, ends } = rig({ maxMessageBytes: 100 });
      const pending = failure(session.request('a', []));
      stream.receive(text, { method: 'after', params: [] });
      expect(ends).to.have.length(1);
      expect(ends[0]).to.be.instanceOf(ProtocolError);
      expect(ends[0]?.message).to.match(reason);
      expect(await pending).to.include({ sent: true, cause: ends[0] });
      expect(stream.closed).to.equal(true);
    });
  }

  it('comes with a ProtocolError on what is not UTF-8', () => {
    const { stream, ends } = rig();
    stream.receiveBytes(Buffer.from([...Buffer.from('{"id":"'), 0xff, ...Buffer.from('"}')]));
    expect(ends[0]).to.be.instanceOf(ProtocolError);
    expect(ends[0]?.message).to.match(/not UTF-8/);
  });

  it('can be brought about for a reason, as any other loss', async () => {
    const { stream, session, ends, clock } = rig();
    const sent = failure(session.request('sent', [], { timeoutMs: 50, cancel: true }));
    stream.stuck = true;
    const unsent = failure(session.request('unsent', []));
    stream.take();
    const reason = new ProtocolError('this server must not be followed');
    session.end(reason);
    session.end(new ProtocolError('once more'));
    expect(ends).to.deep.equal([reason]);
    expect(await sent)
      .to.be.instanceOf(ConnectionLostError)
      .and.to.include({ sent: true, cause: reason });
    expect(await unsent)
      .to.be.instanceOf(ConnectionLostError)
      .and.to.include({ sent: false, cause: reason });
    expect(stream.closed).to.equal(true);
    expect(stream.take()).to.deep.equal([]);
    expect(clock.timers).to.equal(0);
  });

  it('by its owner rejects what is pending with ClosedError, calls nobody back and leaves no timer', async () => {
    const { stream, session, ends, clock } = rig();
    const pending = failure(session.request('a', [], { timeoutMs: 50 }));
    session.close();
    session.close();
    expect(await pending).to.be.instanceOf(ClosedError);
    expect(await failure(session.request('b', []))).to.be.instanceOf(ClosedError);
    expect(ends).to.deep.equal([]);
    expect(stream.closed).to.equal(true);
    expect(clock.timers).to.equal(0);
  });
});

describe('RpcSession.drained', () => {
  function watch(promise: Promise<void>): { readonly done: () => Promise<boolean> } {
    let done = false;
    void promise.then(() => (done = true));
    return {
      done: async () => {
        for (let i = 0; i < 5; i++) await Promise.resolve();
        return done;
      },
    };
  }

  it('resolves at once when nothing is pending, and after the end', async () => {
    const { session, clock } = rig({ probeIntervalMs: 0 });
    expect(await watch(session.drained(1000)).done()).to.equal(true);
    session.close();
    expect(await watch(session.drained(1000)).done()).to.equal(true);
    expect(clock.timers).to.equal(0);
  });

  it('waits for the last reply, and for what is given up', async () => {
    const { session, stream, clock } = rig({ probeIntervalMs: 0 });
    const first = session.request('a', []);
    const second = failure(session.request('b', [], { timeoutMs: 100 }));
    const drained = watch(session.drained(1000));
    stream.receive({ id: 0, result: 1 });
    await first;
    expect(await drained.done()).to.equal(false);
    clock.advance(100);
    await second;
    expect(await drained.done()).to.equal(true);
    expect(clock.timers).to.equal(0);
  });

  it('waits no longer for the first answer than it was told to, and not beyond the end of the session', async () => {
    const { session, stream, clock, ends } = rig({ probeIntervalMs: 0 });
    const pending = failure(session.request('a', []));
    const [short, long] = [watch(session.drained(100)), watch(session.drained(1000))];
    clock.advance(99);
    expect(await short.done()).to.equal(false);
    clock.advance(1);
    expect(await short.done()).to.equal(true);
    expect(await long.done()).to.equal(false);
    stream.lose(lost());
    await pending;
    expect(await long.done()).to.equal(true);
    expect(ends).to.have.length(1);
    expect(clock.timers).to.equal(0);
  });

  it('waits on while answers keep coming, up to its limit', async () => {
    const { session, stream, clock } = rig({ probeIntervalMs: 0 });
    const replies = Array.from({ length: 10 }, () => session.request('a', []));
    const [patient, limited] = [watch(session.drained(100)), watch(session.drained(100, 500))];
    for (let id = 0; id < 9; id++) {
      clock.advance(99);
      stream.receive({ id, result: 1 });
      await replies[id];
      expect(await patient.done()).to.equal(false);
      expect(await limited.done()).to.equal(99 * (id + 1) >= 500);
    }
    clock.advance(99);
    expect(await patient.done()).to.equal(false);
    clock.advance(1);
    expect(await patient.done()).to.equal(true);
    expect(clock.timers).to.equal(0);
  });
});
