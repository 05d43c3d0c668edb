import { mock } from 'node:test';

import { expect } from 'chai';

import { connectNorthbound, StatefulSetPortManager, TimeoutError, type NorthboundClient } from '../../lib/index.js';
import { EmbeddedServer } from '../../lib/testing/index.js';
import { failure } from '../failure.js';

const WEB = {
  metadata: { name: 'web', namespace: 'product' },
  spec: {
    replicas: 1,
    template: { metadata: { annotations: { 'ovn.kubernetes.io/ip_pool': '10.16.0.21' } } },
  },
};

/** As the fake timers of vitest, jest and sinon: time stands still, too, and immediates wait as well. */
function stopTime(): void {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
  const start = performance.now();
  mock.method(performance, 'now', () => start);
}

describe('Fake timers of a test runner', () => {
  let server: EmbeddedServer;

  beforeEach(async () => {
    server = await EmbeddedServer.start({ tcp: true });
    server.seed({ Logical_Switch: { name: 'product' } });
  });

  afterEach(async () => {
    mock.timers.reset();
    mock.restoreAll();
    await server.stop();
  });

  const ways: Readonly<Record<string, () => Promise<NorthboundClient>>> = {
    'without a socket': () => connectNorthbound({ ...server.connection, backoff: { minMs: 5 } }),
    'on a unix socket': () => connectNorthbound({ remotes: server.remote, backoff: { minMs: 5 } }),
    'on tcp': () => connectNorthbound({ remotes: server.tcpRemote, backoff: { minMs: 5 } }),
  };
  for (const [way, connect] of Object.entries(ways)) {
    it(`do not stop a client ${way}: it connects, writes, waits, keeps ports and comes back`, async () => {
      stopTime();
      await using nb = await connect();
      const manager = new StatefulSetPortManager(nb, {
        subnets: { product: { logicalSwitch: 'product', cidr: '10.16.0.0/24' } },
      });
      const { outcomes } = await manager.apply(WEB);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['created']);
      const back = new Promise<void>((resolve) => nb.on('state', ({ name }) => name === 'synced' && resolve()));
      server.disconnectAll();
      await back;
      await nb.transact((tx) => tx.insert('Logical_Switch', { name: 'other' }));
      const late = nb.tables.Logical_Switch.until(({ name }) => name === 'never', { timeoutMs: 20 });
      expect(await failure(late)).to.be.instanceOf(TimeoutError);
      manager.close();
    });
  }

  it('do not hurry it: minutes that pass at once cost neither a connection nor a reply', async () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
    await using nb = await connectNorthbound({ remotes: server.tcpRemote });
    const states: string[] = [];
    nb.on('state', ({ name }) => states.push(name));
    const written = nb.transact((tx) => tx.insert('Logical_Switch', { name: 'other' }), { timeoutMs: 5000 });
    for (let minute = 0; minute < 10; minute++) mock.timers.tick(60_000);
    await written;
    expect(states).to.deep.equal([]);
  });
});
