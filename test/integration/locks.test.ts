import { expect } from 'chai';

import { LockRefusedError, type Lock } from '../../lib/client/lock/lock.js';
import { LockSet } from '../../lib/client/lock/lock-set.js';
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import { RpcSession } from '../../lib/rpc/session.js';
import { ClusterSandbox, Sandbox } from '../../lib/testing/index.js';
import { TransactionError } from '../../lib/transaction/transaction-error.js';
import { parseRemotes, type Remote } from '../../lib/wire/remote.js';
import { connectStream } from '../../lib/wire/connect-stream.js';
import { Random } from '../random.js';
import { eventually } from './raw-client.js';
import { onRealServer, startServer, type TestServer } from './test-server.js';

const DATABASE = 'OVN_Northbound';
const LIMITS = { timeoutMs: 10_000 };

/** Locks over connections that the test makes and breaks. */
class LockClient {
  readonly locks = new LockSet((event, error) => {
    throw new Error(`a listener of ${event} threw`, { cause: error });
  });
  #session: RpcSession | undefined;

  static async connect(remote: string): Promise<LockClient> {
    const client = new LockClient();
    await client.connect(remote);
    return client;
  }

  get session(): RpcSession {
    if (this.#session === undefined) throw new Error('the test has not connected this client');
    return this.#session;
  }

  async connect(remote: string): Promise<void> {
    const stream = await connectStream(parseRemotes(remote).remotes[0] as Remote);
    const session = new RpcSession(stream, {
      onNotification: (method, params) => void this.locks.handle(method, params),
      onClose: (error) => this.locks.detach(error),
    });
    this.#session = session;
    this.locks.attach(session);
  }

  /** Cuts the connection. */
  cut(): void {
    this.session.close();
    this.locks.detach();
  }

  /** What the server thinks: does a transaction that asserts the lock pass? */
  async passes(name: string): Promise<boolean> {
    const [result] = (await this.session.request('transact', [DATABASE, { op: 'assert', lock: name }])) as {
      error?: string;
    }[];
    expect(result?.error).to.be.oneOf([undefined, 'not owner']);
    return result?.error === undefined;
  }

  close(): void {
    this.locks.close(new Error('the test is over'));
    this.#session?.close();
  }
}

/** Every request is answered, and everything that servers sent because of them has arrived. */
async function settled(clients: readonly LockClient[]): Promise<void> {
  const pending = (): boolean => clients.some(({ session }) => session.stats.pendingRequests > 0);
  do {
    await eventually(() => !pending(), 'that every request is answered');
    await Promise.all(clients.map(async ({ session }) => session.request('echo', [])));
  } while (pending());
}

describe('Locks of a server', () => {
  let sandbox: TestServer;
  let a: LockClient;
  let b: LockClient;

  beforeEach(async () => {
    sandbox = await startServer();
    [a, b] = await Promise.all([LockClient.connect(sandbox.remote), LockClient.connect(sandbox.remote)]);
  });

  afterEach(async () => {
    a.close();
    b.close();
    await sandbox.stop();
  });

  /** Both want it, and `a` has it. */
  async function contended(): Promise<readonly [first: Lock, second: Lock]> {
    const first = a.locks.lock('leader');
    await first.acquired(LIMITS);
    const second = b.locks.lock('leader');
    await settled([a, b]);
    expect([first.held, second.held]).to.deep.equal([true, false]);
    return [first, second];
  }

  it('are held by one client, and passed on when that unlocks', async () => {
    const [first, second] = await contended();
    expect(await Promise.all([a.passes('leader'), b.passes('leader')])).to.deep.equal([true, false]);
    await first.unlock();
    await second.acquired(LIMITS);
    expect(await Promise.all([a.passes('leader'), b.passes('leader')])).to.deep.equal([false, true]);
  });

  it('can be stolen, and go back to the robbed client when the thief unlocks', async () => {
    const [first, second] = await contended();
    await second.steal(LIMITS);
    await eventually(() => !first.held, 'the theft');
    expect(await Promise.all([a.passes('leader'), b.passes('leader')])).to.deep.equal([false, true]);
    await second.unlock();
    await first.acquired(LIMITS);
    expect(await a.passes('leader')).to.equal(true);
  });

  it('can be stolen at the first request', async () => {
    const first = a.locks.lock('leader');
    await first.acquired(LIMITS);
    await b.locks.lock('leader', { steal: true }).acquired(LIMITS);
    await eventually(() => !first.held, 'the theft');
  });

  it('pass to the next client when the connection of the holder ends, and are asked for again', async () => {
    const [first, second] = await contended();
    a.cut();
    expect(first.held).to.equal(false);
    await second.acquired(LIMITS);
    await a.connect(sandbox.remote);
    await settled([a, b]);
    expect([first.held, second.held]).to.deep.equal([false, true]);
    await second.unlock();
    await first.acquired(LIMITS);
  });

  it('can be had again after an unlock, one request after the other', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const lock = a.locks.lock('leader');
      if (turn % 2 === 0) await lock.acquired(LIMITS);
      void lock.unlock();
    }
    const lock = a.locks.lock('leader');
    await lock.acquired(LIMITS);
    expect(await a.passes('leader')).to.equal(true);
  });

  it('have one holder again after a restart of the server', async () => {
    const [first, second] = await contended();
    await sandbox.restart();
    await eventually(() => !first.held, 'the loss');
    await Promise.all([a.connect(sandbox.remote), b.connect(sandbox.remote)]);
    await settled([a, b]);
    expect([first.held, second.held].filter(Boolean)).to.have.length(1);
    expect([first.held, second.held]).to.deep.equal(await Promise.all([a.passes('leader'), b.passes('leader')]));
  });

  it('survive a conversion of the database', async () => {
    const lock = a.locks.lock('leader');
    await Promise.all([lock.acquired(LIMITS), a.session.request('set_db_change_aware', [true])]);
    await sandbox.client('convert', new URL('../../lib/nb/ovn-nb.ovsschema', import.meta.url).pathname);
    expect(a.session.closed).to.equal(false);
    expect(lock.held).to.equal(true);
    expect(await a.passes('leader')).to.equal(true);
  });

  onRealServer(() => {
    it('are refused by a server in stand-by, in its own words', async () => {
      const standby = await Sandbox.start({ serverArguments: [`--sync-from=${sandbox.remote}`] });
      const client = await LockClient.connect(standby.remote);
      try {
        const error = await client.locks
          .lock('leader')
          .acquired(LIMITS)
          .then(
            () => undefined,
            (reason: unknown) => reason as Error,
          );
        expect(error).to.be.instanceOf(LockRefusedError);
        expect(error?.message).to.contain('DB server is read only');
        expect(client.session.closed).to.equal(false);
      } finally {
        client.close();
        await standby.stop();
      }
    });
  });

  for (const seed of [1, 2, 3, 4, 5]) {
    it(`are where every client thinks they are after 300 random requests (seed ${seed})`, async () => {
      const random = new Random(seed);
      const clients = [a, b, await LockClient.connect(sandbox.remote)];
      const names = ['left', 'right'];
      try {
        for (let step = 0; step < 300; step++) {
          const client = random.pick(clients);
          const name = random.pick(names);
          const lock = client.locks.lock(name, { steal: random.chance(0.2) });
          const action = random.next();
          if (action < 0.3) void lock.unlock();
          else if (action < 0.5) void lock.steal().catch(() => undefined);
          else if (action < 0.53) {
            client.cut();
            await client.connect(sandbox.remote);
          }
          // Sometimes many requests in one go, sometimes time for replies.
          if (random.chance(0.3)) await random.pick(clients).session.request('echo', []);
        }
        await settled(clients);
        for (const name of names) {
          const locks = clients.map((client) => client.locks.lock(name));
          await settled(clients);
          const said = locks.map((lock) => lock.held);
          expect(said.filter(Boolean), name).to.have.length(1);
          expect(said, name).to.deep.equal(await Promise.all(clients.map(async (client) => client.passes(name))));
        }
      } finally {
        clients[2]?.close();
      }
    });
  }
});

describe('Locks of clients that reconnect', () => {
  const BACKOFF = { backoff: { minMs: 10, maxMs: 100 }, onWarning: (): void => undefined };

  it('pass to the other client, are regained, and end with the client', async () => {
    await using sandbox = await startServer();
    const [a, b] = await Promise.all([
      connectNorthbound({ remotes: sandbox.remote, ...BACKOFF }),
      connectNorthbound({ remotes: sandbox.remote, ...BACKOFF }),
    ]);
    try {
      const first = a.lock('leader');
      await first.acquired(LIMITS);
      const second = b.lock('leader');
      const events: string[] = [];
      first.on('locked', () => events.push('locked'));
      first.on('lost', ({ message }) => events.push(`lost: ${message}`));
      const write = (client: NorthboundClient, name: string): Promise<unknown> =>
        client.transact((tx) => {
          tx.assert('leader');
          return tx.insert('Logical_Switch', { name });
        });
      await write(a, 'by-the-first');
      const refused = await write(b, 'by-the-second').then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused).to.be.instanceOf(TransactionError).and.include({ code: 'NotOwner', outcome: 'failed' });

      a.reconnect();
      await second.acquired(LIMITS);
      expect(first.held).to.equal(false);
      await write(b, 'by-the-second');
      await a.synced(LIMITS);
      b.close();
      await first.acquired(LIMITS);
      await write(a, 'by-the-first-again');
      a.close();
      expect(events).to.have.length(3);
      expect(events[0]).to.match(/^lost: /);
      expect(events.slice(1)).to.deep.equal(['locked', 'lost: the client of OVN_Northbound was closed']);
      expect(first.held).to.equal(false);
      expect(() => a.lock('leader')).to.throw('the client of OVN_Northbound was closed');
    } finally {
      a.close();
      b.close();
    }
  });

  it('are regained after a restart of the server, by one client only', async () => {
    await using sandbox = await startServer();
    const clients = await Promise.all(
      Array.from({ length: 4 }, () => connectNorthbound({ remotes: sandbox.remote, ...BACKOFF })),
    );
    try {
      const locks = clients.map((client) => client.lock('leader'));
      await Promise.any(locks.map(async (lock) => lock.acquired(LIMITS)));
      const before = locks.find((lock) => lock.held);
      const lost = new Promise<void>((resolve) => before?.once('lost', () => resolve()));
      await sandbox.restart();
      await lost;
      await Promise.any(locks.map(async (lock) => lock.acquired(LIMITS)));
      await Promise.all(clients.map(async (client) => client.synced(LIMITS)));
      expect(locks.filter((lock) => lock.held)).to.have.length(1);
    } finally {
      for (const client of clients) client.close();
    }
  });
});

onRealServer(() => {
  describe('Locks of a cluster', function () {
    this.timeout(180_000);
    let cluster: ClusterSandbox;
    let clients: readonly LockClient[];

    before(async () => {
      cluster = await ClusterSandbox.start();
      clients = await Promise.all(cluster.remotes.map(async (remote) => LockClient.connect(remote)));
      await Promise.all(clients.map(async (client) => client.locks.lock('leader').acquired(LIMITS)));
    });

    after(async () => {
      for (const client of clients) client.close();
      await cluster.stop();
    });

    it('are granted, and asserted, by each member on its own', async () => {
      expect(await Promise.all(clients.map(async (client) => client.passes('leader')))).to.deep.equal([
        true,
        true,
        true,
      ]);
    });

    it('leave it to a verified row to let only one of their holders through', async () => {
      const [init] = (await clients[0]!.session.request('transact', [
        DATABASE,
        { op: 'insert', table: 'NB_Global', row: {} },
      ])) as { uuid: readonly ['uuid', string] }[];
      const where = [['_uuid', '==', init!.uuid]];
      const columns = ['external_ids'];
      const unowned = { op: 'wait', table: 'NB_Global', where, columns, until: '==', timeout: 0 };
      const replies = (await Promise.all(
        clients.map(async ({ session }, index) => {
          // Every member has to know the row before it can compare it.
          const known = { ...unowned, until: '!=', timeout: 10_000, columns: ['_uuid'], rows: [] };
          await session.request('transact', [DATABASE, known]);
          return session.request('transact', [
            DATABASE,
            { op: 'assert', lock: 'leader' },
            { ...unowned, rows: [{ external_ids: ['map', []] }] },
            { op: 'update', table: 'NB_Global', where, row: { external_ids: ['map', [['owner', String(index)]]] } },
          ]);
        }),
      )) as ({ error?: string } | null)[][];
      const errors = replies.map((results) => results.find((result) => result?.error !== undefined)?.error);
      expect(errors.sort()).to.deep.equal(['timed out', 'timed out', undefined]);
    });
  });
});
