/** The library's own client on the embedded server, with and without sockets. */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import {
  connectNorthbound,
  OvsdbClient,
  OvsdbError,
  StatefulSetPortManager,
  TransactionError,
} from '../../lib/index.js';
import { EmbeddedServer, manualClock, type EmbeddedServerOptions } from '../../lib/testing/index.js';
import { eventually, outOfSync } from './raw-client.js';

const POOL = '10.16.0.21,10.16.0.22,10.16.0.23';
const STATEFUL_SET = {
  metadata: { name: 'web', namespace: 'product' },
  spec: { replicas: 3, template: { metadata: { annotations: { 'ovn.kubernetes.io/ip_pool': POOL } } } },
};
const subnets = { product: { logicalSwitch: 'product', cidr: '10.16.0.0/24', gateway: '10.16.0.1' } };
const QUICK = { backoff: { minMs: 1, maxMs: 5 } };

/** What `start` rejects with; undefined when it does not. */
function refusalOf(options: EmbeddedServerOptions): Promise<unknown> {
  return EmbeddedServer.start(options).then(
    async (server) => {
      await server.stop();
      return undefined;
    },
    (reason: unknown) => reason,
  );
}

/** Each way to connect, by name. */
const WAYS: Readonly<Record<string, (server: EmbeddedServer) => object>> = {
  'without a socket': (server) => server.connection,
  'on a unix socket': (server) => ({ remotes: server.remote }),
  'on a tcp port': (server) => ({ remotes: server.tcpRemote }),
};

describe('the client on the embedded server', () => {
  for (const [way, optionsOf] of Object.entries(WAYS)) {
    it(`replicates, writes and closes ${way}`, async () => {
      await using server = await EmbeddedServer.start({ tcp: true });
      server.seed({ Logical_Switch: { name: 'sw0', ports: 'vm1' }, Logical_Switch_Port: { name: 'vm1' } });
      await using nb = await connectNorthbound({ remotes: '', ...optionsOf(server) });
      expect([...nb.tables.Logical_Switch_Port.values()].map(({ name }) => name)).to.deep.equal(['vm1']);
      const { port } = await nb.transact((tx) => {
        const port = tx.insert('Logical_Switch_Port', { name: 'vm2', addresses: ['0a:00:00:00:00:02 10.0.0.2'] });
        const sw = [...nb.tables.Logical_Switch.values()][0]!;
        tx.mutate('Logical_Switch', sw._uuid, { ports: { insert: [port] } });
        return { port };
      });
      expect(nb.tables.Logical_Switch_Port.get(port)?.name).to.equal('vm2');
      expect(server.dump()).to.deep.equal({
        Logical_Switch: [{ name: 'sw0', ports: ['vm1', 'vm2'] }],
        Logical_Switch_Port: [{ name: 'vm1' }, { name: 'vm2', addresses: ['0a:00:00:00:00:02 10.0.0.2'] }],
      });
      expect(server.transactions).to.have.lengthOf(1);
    });
  }

  it('sees what others write, under conditions that change', async () => {
    await using server = await EmbeddedServer.start({ unix: false });
    await using nb = await connectNorthbound({
      ...server.connection,
      tables: { Logical_Switch: { where: [['name', '==', 'a']] }, Logical_Switch_Port: true },
    });
    server.seed({ Logical_Switch: [{ name: 'a' }, { name: 'b' }] });
    await eventually(() => nb.tables.Logical_Switch.size === 1);
    await nb.setConditions({ Logical_Switch: [['name', '==', 'b']] });
    expect([...nb.tables.Logical_Switch.values()].map(({ name }) => name)).to.deep.equal(['b']);
    server.transact([{ op: 'update', table: 'Logical_Switch', where: [['name', '==', 'b']], row: { name: 'c' } }]);
    await eventually(() => nb.tables.Logical_Switch.size === 0);
  });

  it('goes on after it was disconnected, with what it has missed alone', async () => {
    await using server = await EmbeddedServer.start({ unix: false, members: 1 });
    server.seed({ Logical_Switch: Array.from({ length: 20 }, (_, i) => ({ name: `sw${i}` })) });
    await using nb = await connectNorthbound({ ...server.connection, ...QUICK });
    server.seed({ Logical_Switch: { name: 'before' } });
    await eventually(() => nb.tables.Logical_Switch.size === 21);
    const seen: string[] = [];
    nb.tables.Logical_Switch.on('insert', ({ name }) => seen.push(name));
    const lost = outOfSync(nb);
    server.disconnectAll();
    server.seed({ Logical_Switch: { name: 'meanwhile' } });
    await lost;
    await eventually(() => seen.length > 0);
    expect(seen).to.deep.equal(['meanwhile']);
    expect(nb.metrics().syncs.resyncs).to.deep.equal({ snapshot: 0, delta: 1 });
  });

  it('does not know of a transaction whose reply was dropped', async () => {
    await using server = await EmbeddedServer.start({ unix: false });
    await using nb = await connectNorthbound({ ...server.connection, ...QUICK });
    server.dropNextReply();
    const error = await nb
      .transact((tx) => tx.insert('Logical_Switch', { name: 'x' }))
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(TransactionError);
    expect((error as TransactionError).outcome).to.equal('unknown');
    expect(server.dump()).to.deep.equal({ Logical_Switch: [{ name: 'x' }] });
    expect(server.transactions.map(({ changed }) => changed)).to.deep.equal([true]);
  });

  it('gets its replies late, by the clock of the test', async () => {
    const clock = manualClock();
    await using server = await EmbeddedServer.start({ unix: false, clock });
    await using nb = await connectNorthbound(server.connection);
    server.delay(5000);
    let done = false;
    const writing = nb.transact((tx) => tx.insert('Logical_Switch', { name: 'x' })).then(() => (done = true));
    await eventually(() => server.transactions.length === 1);
    expect(server.dump()).to.have.property('Logical_Switch');
    clock.advance(4999);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).to.equal(false);
    clock.advance(1);
    await writing;
    expect(nb.tables.Logical_Switch.size).to.equal(1);
  });

  it('takes turns for a lock', async () => {
    await using server = await EmbeddedServer.start({ unix: false });
    await using one = await connectNorthbound(server.connection);
    await using two = await connectNorthbound(server.connection);
    const first = one.lock('leader');
    await first.acquired();
    const second = two.lock('leader');
    expect(second.held).to.equal(false);
    one.close();
    await second.acquired();
    expect(second.held).to.equal(true);
  });

  it('synchronises anew when the schema is converted', async () => {
    const columns = { name: { type: 'string' } };
    const schema = (
      version: string,
      more: object,
    ): { name: string; version: string; tables: Record<string, object> } => ({
      name: 'Small',
      version,
      tables: { T: { columns: { ...columns, ...more }, isRoot: true } },
    });
    await using server = await EmbeddedServer.start({ unix: false, schemas: schema('1.0.0', {}) });
    server.seed({ T: { name: 'a' } });
    await using client = await OvsdbClient.connect({ ...server.connection, database: 'Small', tables: 'all' });
    server.convert(schema('2.0.0', { count: { type: 'integer' } }));
    await eventually(() => client.schema.version === '2.0.0' && client.state.name === 'synced');
    expect(server.dump({ defaults: true })).to.deep.equal({ T: [{ name: 'a', count: 0 }] });
    server.transact([{ op: 'update', table: 'T', where: [], row: { count: 3 } }]);
    await eventually(() => [...client.tables['T']!.values()].some((row) => row['count'] === 3));
  });

  it('follows the leader of a cluster of three, also when it dies', async () => {
    await using server = await EmbeddedServer.start({ unix: false, members: 3 });
    await using nb = await connectNorthbound({ ...server.connection, ...QUICK });
    const leaderHasClient = (): boolean => server.members.every(({ leads, clients }) => leads === clients > 0);
    await eventually(leaderHasClient);
    await nb.transact((tx) => tx.insert('Logical_Switch', { name: 'first' }));
    server.failover();
    await eventually(() => nb.state.name === 'synced' && leaderHasClient(), 'the leader is followed');
    expect(server.members.map(({ leads }) => leads)).to.deep.equal([false, true, false]);
    await nb.transact((tx) => tx.insert('Logical_Switch', { name: 'second' }));
    server.failover({ crash: true });
    await eventually(() => nb.state.name === 'synced' && leaderHasClient(), 'the next leader is followed');
    expect(server.members.map(({ leads, isRunning }) => [leads, isRunning])).to.deep.equal([
      [false, true],
      [false, false],
      [true, true],
    ]);
    await nb.transact((tx) => tx.insert('Logical_Switch', { name: 'third' }));
    server.restore();
    expect(server.members.every(({ isRunning }) => isRunning)).to.equal(true);
    expect(server.dump()['Logical_Switch']).to.have.lengthOf(3);
  });

  it('keeps the ports of StatefulSets, and sends nothing when pods are torn down', async () => {
    await using server = await EmbeddedServer.start({ unix: false });
    server.seed({ Logical_Switch: { name: 'product' } });
    await using nb = await connectNorthbound(server.connection);
    const manager = new StatefulSetPortManager(nb, { subnets });
    const { outcomes } = await manager.apply(STATEFUL_SET);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created', 'created']);
    const contents = server.dump({ uuids: true });
    server.transactions.clear();
    for (const name of ['web-0', 'web-1', 'web-2'])
      await manager.podDeleted({ metadata: { name, namespace: 'product' } });
    expect(server.transactions).to.deep.equal([]);
    const again = await manager.apply(STATEFUL_SET);
    expect(again.outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused', 'reused']);
    expect(server.dump({ uuids: true })).to.deep.equal(contents);
    manager.close();
  });
});

describe('the embedded server', () => {
  const startAndStop = async (options: EmbeddedServerOptions): Promise<void> => {
    const server = await EmbeddedServer.start(options);
    await server.stop();
  };

  it('leaves nothing behind when it is started and stopped a thousand times', async function () {
    this.timeout(60_000);
    const handles = (): number => process.getActiveResourcesInfo().filter((name) => !name.startsWith('Timeout')).length;
    await startAndStop({});
    const before = { handles: handles(), listeners: process.listenerCount('exit') };
    for (let i = 0; i < 1000; i++) await startAndStop(i % 2 === 0 ? {} : { unix: false });
    expect(handles()).to.be.at.most(before.handles);
    expect(process.listenerCount('exit')).to.equal(before.listeners);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`ovnsb-${process.pid}-`))).to.deep.equal([]);
  });

  it('says where it cannot listen, also when that is no port', async () => {
    const tooLong = join(tmpdir(), `${'x'.repeat(150)}.sock`);
    for (const options of [{ tcp: { port: 70_000 } }, { unix: '/nowhere/at/all.sock' }, { unix: tooLong }]) {
      expect(await refusalOf(options))
        .to.be.instanceOf(OvsdbError)
        .with.property('code', 'EmbeddedListen');
    }
    // Some versions of Node would listen at the first 107 bytes of it.
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('xxxxxxxx'))).to.deep.equal([]);
  });

  it('refuses places that are none', async () => {
    for (const options of [{ tcp: '127.0.0.1:6641' }, { unix: 5 }]) {
      const error = await refusalOf(options as unknown as EmbeddedServerOptions);
      expect(error).to.be.instanceOf(OvsdbError).with.property('code', 'InvalidArgument');
    }
  });

  it('says that there is no folder for its socket', async () => {
    const usual = process.env['TMPDIR'];
    process.env['TMPDIR'] = '/nowhere';
    try {
      const error = await refusalOf({});
      expect(error).to.be.instanceOf(OvsdbError).with.property('code', 'EmbeddedListen');
      expect(String(error)).to.include('/nowhere').and.to.include('TMPDIR');
    } finally {
      if (usual === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = usual;
    }
  });

  it('stops while clients are connected, also those that do not read', async () => {
    const server = await EmbeddedServer.start();
    server.seed({ Address_Set: { name: 'a', addresses: Array.from({ length: 100_000 }, (_, i) => `address ${i}`) } });
    const nb = await connectNorthbound({ remotes: server.remote, ...QUICK });
    const deaf = connect(server.remote.slice('unix:'.length));
    deaf.pause();
    const ask = { op: 'select', table: 'Address_Set', where: [] };
    deaf.write(JSON.stringify({ method: 'transact', params: ['OVN_Northbound', ask, ask, ask], id: 1 }));
    await eventually(() => server.transactions.length === 1);
    const lost = outOfSync(nb);
    await server.stop();
    await lost;
    nb.close();
    deaf.destroy();
  });

  it('leaves no client, timer or listener behind when clients come and go', async () => {
    await using server = await EmbeddedServer.start({ tcp: true });
    const before = process.getActiveResourcesInfo().length;
    for (let i = 0; i < 50; i++) {
      const nb = await connectNorthbound(i % 2 === 0 ? server.connection : { remotes: server.tcpRemote });
      nb.close();
    }
    await eventually(() => server.members[0]!.clients === 0);
    await eventually(() => process.getActiveResourcesInfo().length <= before);
  });
});
