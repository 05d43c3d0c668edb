import { expect } from 'chai';

import type { Lock } from '../../../lib/client/lock/lock.js';
import { LockRefusedError } from '../../../lib/client/lock/lock.js';
import { LockSet } from '../../../lib/client/lock/lock-set.js';
import {
  ClosedError,
  ConnectionLostError,
  InvalidArgumentError,
  ProtocolError,
  TimeoutError,
} from '../../../lib/errors.js';
import { RpcSession } from '../../../lib/rpc/session.js';
import { FakeClock, FakeStream } from '../rpc/fake-stream.js';

/** What the client asked for, as "method name". */
interface Request {
  readonly id: number;
  readonly text: string;
}

/** A server that answers when the test says so. */
class Server {
  readonly stream = new FakeStream();
  readonly session: RpcSession;

  constructor(locks: LockSet) {
    this.session = new RpcSession(this.stream, {
      onNotification: (method, params) => void locks.handle(method, params),
      onClose: (error) => locks.detach(error),
      clock: new FakeClock(),
    });
  }

  /** What was asked since the last look. */
  asked(): Request[] {
    return this.stream.take().map((message) => {
      const { id, method, params } = message as { id: number; method: string; params: string[] };
      return { id, text: [method, ...params].join(' ') };
    });
  }

  /** The only request since the last look. */
  only(text: string): number {
    const asked = this.asked();
    expect(asked.map((request) => request.text)).to.deep.equal([text]);
    return asked[0]!.id;
  }

  /** Sends messages in one chunk, and lets their consequences happen. */
  async say(...messages: readonly object[]): Promise<void> {
    this.stream.receive(...messages);
    await settled();
  }

  async lose(): Promise<void> {
    this.stream.lose(new ConnectionLostError('the line went dead', { sent: false }));
    await settled();
  }
}

const reply = (id: number, result: unknown): object => ({ id, result, error: null });
const refusal = (id: number, error: unknown): object => ({ id, result: null, error });
const told = (method: 'locked' | 'stolen', name: string): object => ({ id: null, method, params: [name] });

/** Everything that promises have to do is done after this. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

function eventsOf(lock: Lock): string[] {
  const events: string[] = [];
  lock.on('locked', () => events.push(`locked, held ${lock.held}`));
  lock.on('stolen', () => events.push(`stolen, held ${lock.held}`));
  lock.on('lost', (error) => events.push(`lost, held ${lock.held}: ${error.message}`));
  lock.on('refused', (error) => events.push(`refused, held ${lock.held}: ${error.message}`));
  return events;
}

interface Rig {
  readonly locks: LockSet;
  readonly server: Server;
  readonly faults: string[];
  /** A new connection, attached. */
  connect(): Server;
}

function rig(): Rig {
  const faults: string[] = [];
  const locks = new LockSet((event, error) => faults.push(`${event}: ${String(error)}`));
  const connect = (): Server => {
    const server = new Server(locks);
    locks.attach(server.session);
    return server;
  };
  return { locks, server: connect(), faults, connect };
}

/** A lock that the server has granted. */
async function heldLock({ locks, server }: Rig): Promise<Lock> {
  const lock = locks.lock('x');
  await server.say(reply(server.only('lock x'), { locked: true }));
  expect(lock.held).to.equal(true);
  return lock;
}

/** A lock that somebody else holds. */
async function waitingLock({ locks, server }: Rig): Promise<Lock> {
  const lock = locks.lock('x');
  await server.say(reply(server.only('lock x'), { locked: false }));
  expect(lock.held).to.equal(false);
  return lock;
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    (value) => expect.fail(`resolved to ${JSON.stringify(value)}`),
    (error: unknown) => error as Error,
  );
}

/** How a promise stands right now. */
async function standOf(promise: Promise<unknown>): Promise<string> {
  return Promise.race([
    promise.then(
      () => 'resolved',
      (error: unknown) => `rejected: ${(error as Error).message}`,
    ),
    settled().then(() => 'pending'),
  ]);
}

describe('LockSet.lock', () => {
  it('asks the server at once, and tells when the lock is granted', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    const events = eventsOf(lock);
    const acquired = lock.acquired();
    expect(await standOf(acquired)).to.equal('pending');
    await server.say(reply(server.only('lock x'), { locked: true }));
    await acquired;
    await lock.acquired();
    expect(events).to.deep.equal(['locked, held true']);
    expect(server.asked()).to.deep.equal([]);
  });

  it('waits in the queue until the server says that the lock is free', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    const events = eventsOf(lock);
    const acquired = lock.acquired();
    await r.server.say(told('locked', 'x'));
    await acquired;
    expect(events).to.deep.equal(['locked, held true']);
  });

  it('gives the same handle for the same name, and asks once', () => {
    const { locks, server } = rig();
    expect(locks.lock('x')).to.equal(locks.lock('x'));
    expect(locks.lock('y')).to.not.equal(locks.lock('x'));
    expect(server.asked().map(({ text }) => text)).to.deep.equal(['lock x', 'lock y']);
  });

  it('refuses what is no name of a lock, and asks for nothing', () => {
    const { locks, server } = rig();
    for (const name of ['', 'a-b', '1a', 'ä', 'a b', 'a\n', undefined, null, 7, ['x']]) {
      expect(() => locks.lock(name as string), String(name)).to.throw(InvalidArgumentError, /is no name of a lock/);
    }
    expect(server.asked()).to.deep.equal([]);
  });

  it('asks once there is a connection', () => {
    const locks = new LockSet(() => undefined);
    locks.lock('x');
    locks.lock('y', { steal: true });
    const server = new Server(locks);
    locks.attach(server.session);
    expect(server.asked().map(({ text }) => text)).to.deep.equal(['lock x', 'steal y']);
  });

  it('ends the session on a notification that names no lock, and minds no other', async () => {
    const { locks, server } = rig();
    expect(locks.handle('update3', [])).to.equal(false);
    expect(locks.handle('locked', ['unknown'])).to.equal(true);
    expect(locks.handle('stolen', ['unknown'])).to.equal(true);
    expect(() => locks.handle('locked', [])).to.throw(ProtocolError, 'instead of a lock');
    await server.say({ id: null, method: 'stolen', params: [{}] });
    expect(server.session.closed).to.equal(true);
  });

  it('hands over what listeners throw, and goes on', async () => {
    const { locks, server, faults } = rig();
    const lock = locks.lock('x');
    lock.on('locked', () => {
      throw new Error('my fault');
    });
    const events = eventsOf(lock);
    await server.say(reply(server.only('lock x'), { locked: true }));
    expect(faults).to.deep.equal(['locked of the lock x: Error: my fault']);
    expect(events).to.deep.equal(['locked, held true']);
  });
});

describe('News of a lock in the same chunk as the reply', () => {
  it('counts as newer than the reply: granted after a "false"', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    const events = eventsOf(lock);
    await server.say(reply(server.only('lock x'), { locked: false }), told('locked', 'x'));
    expect(lock.held).to.equal(true);
    expect(events).to.deep.equal(['locked, held true']);
  });

  it('counts as newer than the reply: stolen after a "true"', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    const acquired = lock.acquired({ timeoutMs: 1000 }).catch((error: unknown) => error);
    await server.say(reply(server.only('lock x'), { locked: true }), told('stolen', 'x'));
    expect(lock.held).to.equal(false);
    await server.say(told('locked', 'x'));
    expect(await acquired).to.equal(undefined);
    expect(lock.held).to.equal(true);
  });

  it('counts in its own order: granted and stolen after a "false"', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    const events = eventsOf(lock);
    await server.say(reply(server.only('lock x'), { locked: false }), told('locked', 'x'), told('stolen', 'x'));
    expect(lock.held).to.equal(false);
    expect(events).to.deep.equal(['locked, held true', 'stolen, held false']);
  });

  it('does not make a thief steal again from the one who robbed it', async () => {
    const r = rig();
    const lock = r.locks.lock('x', { steal: true });
    await r.server.say(reply(r.server.only('steal x'), { locked: true }), told('stolen', 'x'));
    expect(lock.held).to.equal(false);
    expect(r.server.asked()).to.deep.equal([]);
    await r.server.say(told('locked', 'x'));
    expect(lock.held).to.equal(true);
  });

  it('is heeded by a listener that unlocks in it: the server is told', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    lock.on('locked', () => void lock.unlock());
    await server.say(reply(server.only('lock x'), { locked: false }), told('locked', 'x'));
    expect(lock.held).to.equal(false);
    await server.say(reply(server.only('unlock x'), {}));
    expect(await standOf(lock.unlock())).to.equal('resolved');
  });
});

describe('Lock events', () => {
  it('follow theft and return: the robbed client stays in the queue', async () => {
    const r = rig();
    const lock = await heldLock(r);
    const events = eventsOf(lock);
    await r.server.say(told('stolen', 'x'));
    const acquired = lock.acquired();
    expect(await standOf(acquired)).to.equal('pending');
    await r.server.say(told('locked', 'x'));
    await acquired;
    expect(events).to.deep.equal(['stolen, held false', 'locked, held true']);
    expect(r.server.asked()).to.deep.equal([]);
  });

  it('are not repeated when the server repeats itself', async () => {
    const r = rig();
    const lock = await heldLock(r);
    const events = eventsOf(lock);
    await r.server.say(told('locked', 'x'), told('stolen', 'x'), told('stolen', 'x'));
    expect(events).to.deep.equal(['stolen, held false']);
  });

  it('can be listened to once, and stopped', async () => {
    const r = rig();
    const lock = await heldLock(r);
    const events: string[] = [];
    const listener = (): number => events.push('every');
    lock.once('stolen', () => events.push('once'));
    lock.on('stolen', listener);
    await r.server.say(told('stolen', 'x'), told('locked', 'x'), told('stolen', 'x'), told('locked', 'x'));
    lock.off('stolen', listener);
    await r.server.say(told('stolen', 'x'));
    expect(events).to.deep.equal(['once', 'every', 'every']);
  });
});

describe('Lock.steal', () => {
  it('steals what was not asked for yet', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x', { steal: true });
    await server.say(reply(server.only('steal x'), { locked: true }));
    expect(lock.held).to.equal(true);
  });

  it('unlocks first when the client waits already', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    const stolen = lock.steal();
    await r.server.say(reply(r.server.only('unlock x'), {}));
    await r.server.say(reply(r.server.only('steal x'), { locked: true }));
    await stolen;
    expect(lock.held).to.equal(true);
  });

  it('waits for the reply of a lock request, and has nothing to do when that grants the lock', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    const id = server.only('lock x');
    const stolen = lock.steal();
    expect(server.asked()).to.deep.equal([]);
    await server.say(reply(id, { locked: true }));
    await stolen;
    expect(server.asked()).to.deep.equal([]);
    expect(lock.held).to.equal(true);
  });

  it('waits for the reply of a lock request, and then steals', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    const id = server.only('lock x');
    const stolen = lock.steal();
    await server.say(reply(id, { locked: false }));
    await server.say(reply(server.only('unlock x'), {}));
    await server.say(reply(server.only('steal x'), { locked: true }));
    await stolen;
  });

  it('does not believe a grant that the unlock before it has crossed', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    const stolen = lock.steal();
    const id = r.server.only('unlock x');
    await r.server.say(told('locked', 'x'));
    expect(lock.held).to.equal(false);
    await r.server.say(reply(id, {}));
    await r.server.say(reply(r.server.only('steal x'), { locked: true }));
    await stolen;
  });

  it('is asked for anew on the next connection when the reply was lost', async () => {
    const r = rig();
    const lock = r.locks.lock('x');
    const stolen = lock.steal();
    await r.server.say(reply(r.server.only('lock x'), { locked: false }));
    await r.server.say(reply(r.server.only('unlock x'), {}));
    r.server.only('steal x');
    await r.server.lose();
    const next = r.connect();
    await next.say(reply(next.only('steal x'), { locked: true }));
    await stolen;
  });

  it('happens once: after a lost connection the lock is asked for in turn', async () => {
    const r = rig();
    const lock = r.locks.lock('x', { steal: true });
    await r.server.say(reply(r.server.only('steal x'), { locked: true }));
    await r.server.lose();
    const next = r.connect();
    next.only('lock x');
    expect(lock.held).to.equal(false);
  });

  it('given up before the server was asked leaves the lock waiting in turn', async () => {
    const r = rig();
    const lock = r.locks.lock('x');
    await r.server.lose();
    const controller = new AbortController();
    const stolen = lock.steal({ signal: controller.signal });
    controller.abort(new Error('enough'));
    expect((await failure(stolen)).message).to.equal('enough');
    r.connect().only('lock x');
  });

  it('with limits that make no sense steals nothing', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    expect(await failure(lock.steal({ timeoutMs: NaN }))).to.be.instanceOf(InvalidArgumentError);
    expect(await failure(lock.steal({ signal: AbortSignal.abort(new Error('no')) }))).to.include({ message: 'no' });
    expect(r.server.asked()).to.deep.equal([]);
  });

  it('is no second theft when the lock is held', async () => {
    const r = rig();
    const lock = await heldLock(r);
    await lock.steal();
    expect(r.locks.lock('x', { steal: true })).to.equal(lock);
    expect(r.server.asked()).to.deep.equal([]);
  });
});

describe('Lock.acquired', () => {
  it('rejects in time and says why the lock is not held', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    const error = await failure(lock.acquired({ timeoutMs: 1 }));
    expect(error).to.be.instanceOf(TimeoutError);
    expect(error.message).to.equal('the lock x was not acquired within 1 ms: another client of the server holds it');
    await r.server.lose();
    expect((await failure(lock.acquired({ timeoutMs: 1 }))).message).to.contain('the client is not connected');
    r.connect();
    expect((await failure(lock.acquired({ timeoutMs: 1 }))).message).to.contain('the server has not answered yet');
  });

  it('rejects with the reason of the signal, before and while it waits', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    const controller = new AbortController();
    const acquired = lock.acquired({ signal: controller.signal });
    controller.abort(new Error('enough'));
    expect((await failure(acquired)).message).to.equal('enough');
    expect((await failure(lock.acquired({ signal: controller.signal }))).message).to.equal('enough');
  });

  it('refuses a time limit that makes no sense', async () => {
    const lock = await heldLock(rig());
    expect(await failure(lock.acquired({ timeoutMs: -1 }))).to.be.instanceOf(InvalidArgumentError);
  });
});

describe('Lock.unlock', () => {
  it('gives the lock back, tells the server once and ends the handle', async () => {
    const r = rig();
    const lock = await heldLock(r);
    const events = eventsOf(lock);
    const released = lock.unlock();
    expect(lock.held).to.equal(false);
    const id = r.server.only('unlock x');
    void lock.unlock();
    expect(await standOf(released)).to.equal('pending');
    await r.server.say(reply(id, {}));
    await released;
    await lock[Symbol.asyncDispose]();
    expect(await failure(lock.acquired())).to.be.instanceOf(ClosedError);
    expect(await failure(lock.steal())).to.be.instanceOf(ClosedError);
    expect(events).to.deep.equal([]);
    expect(r.server.asked()).to.deep.equal([]);
  });

  it('leaves the queue, and those who wait in this program get an error', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    const acquired = failure(lock.acquired());
    void lock.unlock();
    const error = await acquired;
    expect(error).to.be.instanceOf(ClosedError);
    expect(error.message).to.equal('the lock x was given up with unlock()');
    r.server.only('unlock x');
  });

  it('waits for the reply of the lock request, which then counts for nothing', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    const events = eventsOf(lock);
    const id = server.only('lock x');
    const released = lock.unlock();
    expect(server.asked()).to.deep.equal([]);
    await server.say(reply(id, { locked: true }));
    expect(lock.held).to.equal(false);
    await server.say(reply(server.only('unlock x'), {}));
    await released;
    expect(events).to.deep.equal([]);
  });

  it('is not undone by a grant or theft that crosses it', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    const released = lock.unlock();
    const id = r.server.only('unlock x');
    await r.server.say(told('locked', 'x'), told('stolen', 'x'), told('locked', 'x'), reply(id, {}));
    await released;
    expect(lock.held).to.equal(false);
  });

  it('resolves at once when the server knows of nothing', async () => {
    const r = rig();
    const lock = await heldLock(r);
    await r.server.lose();
    await lock.unlock();
    expect(r.connect().asked()).to.deep.equal([]);
  });

  it('resolves when the connection ends first, and the next one is asked for nothing', async () => {
    for (const moment of ['lock', 'unlock'] as const) {
      const r = rig();
      const lock = r.locks.lock('x');
      const id = r.server.only('lock x');
      if (moment === 'unlock') await r.server.say(reply(id, { locked: true }));
      const released = lock.unlock();
      await r.server.lose();
      await released;
      expect(r.connect().asked(), moment).to.deep.equal([]);
    }
  });

  it('makes way for a new handle, which asks after the unlock', async () => {
    const r = rig();
    const old = await heldLock(r);
    void old.unlock();
    const id = r.server.only('unlock x');
    const lock = r.locks.lock('x');
    expect(lock).to.not.equal(old);
    expect(r.server.asked()).to.deep.equal([]);
    await r.server.say(reply(id, {}));
    await r.server.say(reply(r.server.only('lock x'), { locked: false }), told('locked', 'x'));
    expect([old.held, lock.held]).to.deep.equal([false, true]);
  });

  it('of a request under way gives nothing to the new handle', async () => {
    const { locks, server } = rig();
    const old = locks.lock('x', { steal: true });
    const id = server.only('steal x');
    void old.unlock();
    const lock = locks.lock('x', { steal: true });
    await server.say(reply(id, { locked: true }));
    expect([old.held, lock.held]).to.deep.equal([false, false]);
    await server.say(reply(server.only('unlock x'), {}));
    await server.say(reply(server.only('steal x'), { locked: true }));
    expect([old.held, lock.held]).to.deep.equal([false, true]);
  });

  it('of old and new handle share one message to the server', async () => {
    const r = rig();
    const releases = [(await heldLock(r)).unlock()];
    const id = r.server.only('unlock x');
    releases.push(r.locks.lock('x').unlock());
    await r.server.say(reply(id, {}));
    await Promise.all(releases);
    expect(r.server.asked()).to.deep.equal([]);
  });

  it('rejects when the server does not accept it, also unheard, and the lock can be asked for again', async () => {
    const r = rig();
    const lock = await heldLock(r);
    void lock.unlock();
    await r.server.say(refusal(r.server.only('unlock x'), { error: 'syntax error', details: 'odd' }));
    const error = await failure(lock.unlock());
    expect(error).to.be.instanceOf(LockRefusedError);
    expect(error.message).to.contain('unlock was refused by the server: syntax error (odd)');
    r.locks.lock('x');
    r.server.only('lock x');
  });
});

describe('Locks and lost connections', () => {
  it('are lost at once, asked for in turn on the next connection, and regained', async () => {
    const r = rig();
    const lock = await heldLock(r);
    const events = eventsOf(lock);
    r.server.stream.lose(new ConnectionLostError('the line went dead', { sent: false }));
    expect(lock.held).to.equal(false);
    const acquired = lock.acquired();
    const next = r.connect();
    await next.say(reply(next.only('lock x'), { locked: true }));
    await acquired;
    expect(events).to.deep.equal(['lost, held false: the line went dead', 'locked, held true']);
  });

  it('says nothing about a lock that was not held', async () => {
    const r = rig();
    const lock = await waitingLock(r);
    const events = eventsOf(lock);
    await r.server.lose();
    r.connect().only('lock x');
    expect(events).to.deep.equal([]);
  });

  it('does not believe a reply of the connection before', async () => {
    const r = rig();
    const lock = r.locks.lock('x');
    const old = r.server.only('lock x');
    // The session is to be left, but its answer comes while the next one is being asked.
    r.locks.detach(new Error('not the leader any more'));
    const next = r.connect();
    const id = next.only('lock x');
    await r.server.say(reply(old, { locked: true }));
    expect(lock.held).to.equal(false);
    await next.say(reply(id, { locked: true }));
    expect(lock.held).to.equal(true);
  });

  it('does not ask again when the same session is attached again', async () => {
    const r = rig();
    const lock = await heldLock(r);
    r.locks.attach(r.server.session);
    expect(lock.held).to.equal(true);
    expect(r.server.asked()).to.deep.equal([]);
  });

  it('takes a session that replaces another as the end of that', async () => {
    const r = rig();
    const lock = await heldLock(r);
    const events = eventsOf(lock);
    r.connect().only('lock x');
    expect(events).to.deep.equal(['lost, held false: the connection to the server ended']);
  });

  it('waits for the next connection when the session has ended unnoticed', async () => {
    const r = rig();
    r.server.session.close();
    const lock = r.locks.lock('x');
    const acquired = lock.acquired();
    expect(await standOf(acquired)).to.equal('pending');
    const next = r.connect();
    await next.say(reply(next.only('lock x'), { locked: true }));
    await acquired;
  });

  it('keeps a new handle that a listener of "lost" asks for', async () => {
    const r = rig();
    const [x, y] = [r.locks.lock('x'), r.locks.lock('y')];
    const [first, second] = r.server.asked();
    await r.server.say(reply(first!.id, { locked: true }), refusal(second!.id, 'no'));
    let again: Lock | undefined;
    x.on('lost', () => {
      void y.unlock();
      again = r.locks.lock('y');
    });
    await r.server.lose();
    expect(
      r
        .connect()
        .asked()
        .map(({ text }) => text),
    ).to.have.members(['lock x', 'lock y']);
    expect(r.locks.lock('y')).to.equal(again);
  });
});

describe('A server that refuses a lock', () => {
  it('is asked once; the error says so to those who wait and to those who ask later', async () => {
    const r = rig();
    const lock = r.locks.lock('x');
    const events = eventsOf(lock);
    const acquired = failure(lock.acquired());
    await r.server.say(refusal(r.server.only('lock x'), 'not here'));
    const error = await acquired;
    expect(error).to.be.instanceOf(LockRefusedError).and.include({ code: 'LockRefused', lock: 'x' });
    expect(error.message).to.equal(
      'the lock x is not to be had on this server: lock was refused by the server: not here',
    );
    expect(await failure(lock.acquired())).to.equal(error);
    expect(events).to.deep.equal([`refused, held false: ${error.message}`]);
    expect(r.server.asked()).to.deep.equal([]);
  });

  it('does not decide for the next server', async () => {
    const r = rig();
    const lock = r.locks.lock('x');
    await r.server.say(refusal(r.server.only('lock x'), 'not here'));
    await r.server.lose();
    const acquired = lock.acquired();
    const next = r.connect();
    await next.say(reply(next.only('lock x'), { locked: true }));
    await acquired;
  });

  it('may be asked to steal, and when it refuses that too, is left alone', async () => {
    const r = rig();
    const lock = r.locks.lock('x');
    await r.server.say(refusal(r.server.only('lock x'), 'no'));
    const stolen = failure(lock.steal());
    await r.server.say(refusal(r.server.only('steal x'), 'no theft'));
    expect((await stolen).message).to.contain('steal was refused by the server: no theft');
    expect(r.server.asked()).to.deep.equal([]);
  });

  it('has nothing to unlock', async () => {
    const { locks, server } = rig();
    const lock = locks.lock('x');
    const id = server.only('lock x');
    const released = lock.unlock();
    await server.say(refusal(id, 'no'));
    await released;
    expect(server.asked()).to.deep.equal([]);
  });

  it('includes one whose answer makes no sense', async () => {
    for (const result of [null, true, {}, { locked: 'yes' }, []]) {
      const r = rig();
      const lock = r.locks.lock('x');
      const acquired = failure(lock.acquired());
      await r.server.say(reply(r.server.only('lock x'), result));
      const error = await acquired;
      expect(error, JSON.stringify(result)).to.be.instanceOf(LockRefusedError);
      expect(error.cause).to.be.instanceOf(ProtocolError);
      expect(lock.held).to.equal(false);
    }
  });

  it('cannot hand out a lock unasked', async () => {
    const r = rig();
    const lock = r.locks.lock('x');
    await r.server.say(refusal(r.server.only('lock x'), 'no'));
    await r.server.say(told('locked', 'x'));
    expect(lock.held).to.equal(false);
  });
});

describe('LockSet.close', () => {
  it('ends every handle with the reason, and tells those who hold a lock', async () => {
    const r = rig();
    const held = await heldLock(r);
    const waiting = r.locks.lock('y');
    const events = [eventsOf(held), eventsOf(waiting)];
    const [acquired, stolen] = [failure(waiting.acquired()), failure(waiting.steal())];
    const reason = new ClosedError('the client was closed');
    r.locks.close(reason);
    r.locks.close(new Error('again'));
    expect(await acquired).to.equal(reason);
    expect(await stolen).to.equal(reason);
    expect(events).to.deep.equal([['lost, held false: the client was closed'], []]);
    expect(await failure(held.acquired())).to.equal(reason);
    await held.unlock();
    expect(() => r.locks.lock('x')).to.throw('the client was closed');
  });

  it('settles an unlock that waits for its reply, and attaches to nothing any more', async () => {
    const r = rig();
    const lock = await heldLock(r);
    const released = lock.unlock();
    r.locks.close(new ClosedError('the client was closed'));
    await released;
    expect(r.connect().asked()).to.deep.equal([]);
  });
});
