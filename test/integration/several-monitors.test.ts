/** Several monitors of one client: each stays true over whatever happens to the connection. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import type { SandboxSchema } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { failure } from '../failure.js';
import { comparable, eventually, RawClient } from './raw-client.js';
import { asSandbox, onRealServer, startServer, type TestServer } from './test-server.js';
import { WatchedTables } from './watched-tables.js';

const DATABASE = 'Several';

function schema(round = 0): SandboxSchema {
  const string = { type: 'string' };
  const more = round % 2 === 0 ? {} : { more: { type: { key: 'string', min: 0, max: 'unlimited' } } };
  return {
    name: DATABASE,
    version: `1.0.${round}`,
    tables: {
      Port: { columns: { name: string, group: string, note: string, ...more }, isRoot: true },
      Switch: { columns: { name: string, ports: { type: { key: 'uuid', min: 0, max: 'unlimited' } } }, isRoot: true },
    },
  };
}

type Client = OvsdbClient<UntypedTables, Record<'Port' | 'Switch', string>>;

describe('several monitors of one client', function () {
  this.timeout(180_000);
  let sandbox: TestServer;
  let proxy: ClientProxy;

  beforeEach(async () => {
    sandbox = await startServer({ schemas: schema() });
    proxy = await ClientProxy.start(sandbox.remote);
    const ports = Array.from({ length: 40 }, (_, i) => ({ name: `p${i}`, group: i % 2 === 0 ? 'even' : 'odd' }));
    await write(...ports.map(insertPort), { op: 'insert', table: 'Switch', row: { name: 'sw' } });
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await sandbox.stop();
  });

  const insertPort = (row: object): object => ({ op: 'insert', table: 'Port', row });
  async function write(...operations: readonly object[]): Promise<void> {
    using raw = await RawClient.connect(sandbox.remote, DATABASE);
    await raw.commit(...operations);
  }
  const connect = (): Promise<Client> =>
    OvsdbClient.connect({
      remotes: proxy.remote,
      database: DATABASE,
      tables: ['Port', 'Switch'],
      backoff: { minMs: 10, maxMs: 40 },
    });
  const evenPorts = { Port: { columns: ['name', 'group'], where: [['group', '==', 'even']] } } as const;

  async function disconnect(client: Client): Promise<void> {
    proxy.refusing = true;
    proxy.cut();
    await eventually(() => client.state.name !== 'synced');
  }

  it('stay true through twenty reconnects of all kinds: no table is ever empty, no event is told twice', async () => {
    const clients = await Promise.all([connect(), connect()]);
    const further = await Promise.all(clients.map((client) => client.monitor({ tables: evenPorts })));
    const watched = [
      ...clients.map((client, i) => new WatchedTables(`client ${i}`, client, ['Port', 'Switch'])),
      ...further.map((monitored, i) => new WatchedTables(`monitor of client ${i}`, monitored as never, ['Port'])),
    ];
    let syncs = 0;
    for (const client of clients) {
      client.on('state', ({ name }) => {
        if (name === 'synced') syncs++;
        for (const each of watched) each.expectNotEmpty(`in state ${name}`);
      });
    }
    const kinds = ['cut', 'restart', 'kill', 'convert', 'reconnect'] as const;
    for (let round = 1; round <= 20; round++) {
      const kind = kinds[round % kinds.length]!;
      const before = syncs;
      const events = watched.map((each) => each.events);
      if (kind === 'convert') await sandbox.convert(schema(round));
      else if (kind === 'reconnect') for (const client of clients) client.reconnect();
      else {
        proxy.refusing = true;
        if (kind === 'cut') proxy.cut();
        else if (kind === 'restart') await sandbox.restart();
        else await sandbox.kill().then(() => sandbox.restart());
        await eventually(() => clients.every(({ state }) => state.name !== 'synced'));
      }
      // One row comes, one goes, one comes to meet the condition, one no longer does, one changes unseen by it.
      const port = (name: string): object => ({ table: 'Port', where: [['name', '==', name]] });
      await write(
        insertPort({ name: `new${round}`, group: 'even' }),
        { op: 'delete', ...port(`new${round - 1}`) },
        { op: 'update', ...port('p1'), row: { group: round % 2 === 0 ? 'odd' : 'even' } },
        { op: 'update', ...port('p2'), row: { group: round % 2 === 0 ? 'even' : 'odd' } },
        { op: 'update', ...port('p4'), row: { note: `round ${round}` } },
      );
      proxy.refusing = false;
      const marks = clients.map((client) => client.tables.Port);
      await eventually(
        () => syncs >= before + 2 && marks.every((t) => t.find({ note: `round ${round}` }) !== undefined),
      );
      await eventually(() => further.every(({ tables }) => tables.Port.find({ name: `new${round}` }) !== undefined));
      using raw = await RawClient.connect(sandbox.remote, DATABASE);
      const all = await raw.rows('Port');
      for (const [i, each] of watched.entries()) {
        each.expectTrue(`round ${round}, ${kind}`);
        // The conversion itself gives every row of the client's own table a column, or takes it.
        if (kind !== 'convert')
          expect(each.events - events[i]!, `events of ${kind}`).to.equal(round === 1 ? 4 - (i >> 1) : 5 - (i >> 1));
      }
      for (const client of clients) {
        const own = [...client.tables.Port].map((row): [string, unknown] => [row._uuid, comparable(row)]);
        expect(new Map(own)).to.deep.equal(all);
      }
      for (const { tables } of further) {
        const names = [...tables.Port].map((row) => row['name']).sort();
        expect(names).to.deep.equal(
          [...all.values()]
            .filter(({ group }) => group === 'even')
            .map(({ name }) => name)
            .sort(),
        );
      }
    }
    for (const client of clients) client.close();
  });

  it('are started with the others when added while the client synchronises', async () => {
    await using client = await connect();
    const added: Promise<{ readonly tables: { readonly Port: { readonly size: number } } }>[] = [];
    client.on('state', ({ name }) => {
      if (name === 'syncing' || name === 'connecting') added.push(client.monitor({ tables: evenPorts }));
    });
    client.reconnect();
    await eventually(() => added.length === 2);
    for (const { tables } of await Promise.all(added)) expect(tables.Port.size).to.equal(20);
    await write(insertPort({ name: 'x', group: 'even' }));
    await eventually(() => client.tables.Port.size === 41);
    for (const { tables } of await Promise.all(added)) {
      await eventually(() => tables.Port.size === 21);
    }
  });

  it('wait for the next connection when added while there is none, or until their time is over', async () => {
    await using client = await connect();
    await disconnect(client);
    const late = await failure(client.monitor({ tables: evenPorts, timeoutMs: 20 }));
    expect(late).to.include({ code: 'Timeout', timeoutMs: 20 });
    const reason = new Error('changed my mind');
    const controller = new AbortController();
    const aborted = failure(client.monitor({ tables: evenPorts, signal: controller.signal }));
    const pending = client.monitor({ tables: evenPorts });
    controller.abort(reason);
    expect(await aborted).to.equal(reason);
    proxy.refusing = false;
    const { tables } = await pending;
    expect(tables.Port.size).to.equal(20);
    expect(client.state.name).to.equal('synced');
    const monitors = proxy.requests.filter(({ params }) => params?.[1] === 'ovn-northbound:Several:1');
    expect(monitors, 'requests of the monitor that came too late').to.deep.equal([]);
  });

  onRealServer(() => {
    /** Different monitors that the server has. */
    async function countMonitors(): Promise<number> {
      return Number(/monitors:(\d+)/.exec(await asSandbox(sandbox).appctl('memory/show'))?.[1]);
    }

    it('may be closed while the client reconnects, and the server is not asked for them any more', async () => {
      await using client = await connect();
      const monitors = await countMonitors();
      for (const when of ['connecting', 'syncing', 'backoff'] as const) {
        const monitored = await client.monitor({ tables: evenPorts });
        let batches = 0;
        monitored.on('batch', () => batches++);
        const stop = client.on('state', ({ name }) => {
          if (name === when) monitored.close();
        });
        const states: string[] = [];
        client.on('state', ({ name }) => states.push(name));
        client.reconnect();
        await eventually(() => states.at(-1) === 'synced');
        stop();
        proxy.requests.length = 0;
        await write(insertPort({ name: when, group: 'even' }));
        await eventually(() => client.tables.Port.find({ name: when }) !== undefined);
        expect(batches, when).to.equal(0);
        expect(client.state.name).to.equal('synced');
        expect(monitored.tables.Port.find({ name: when })).to.equal(undefined);
      }
      // What the server still kept would be told to somebody who does not know it.
      expect(await countMonitors()).to.equal(monitors);
      await client.monitor({ tables: evenPorts });
      expect(await countMonitors()).to.equal(monitors + 1);
    });
  });

  it('that the server refuses reject, and leave the client and its other monitors alone', async () => {
    await using client = await connect();
    const states: string[] = [];
    client.on('state', ({ name }) => states.push(name));
    proxy.onRequest = ({ method, params }) =>
      method?.startsWith('monitor') === true && params?.[1] !== 'ovn-northbound:Several:2'
        ? { error: { error: 'not today', details: 'come back tomorrow' } }
        : 'pass';
    expect(await failure(client.monitor({ tables: evenPorts }))).to.include({ code: 'Rpc', error: 'not today' });
    const good = await client.monitor({ tables: evenPorts });
    expect(good.tables.Port.size).to.equal(20);
    expect(await failure(client.monitor({ tables: ['Prot'] }))).to.include({ code: 'Schema', table: 'Prot' });
    expect(states).to.deep.equal([]);
    proxy.onRequest = () => 'pass';
    client.reconnect();
    await eventually(() => states.at(-1) === 'synced');
    await write(insertPort({ name: 'x', group: 'even' }));
    await eventually(() => good.tables.Port.size === 21 && client.tables.Port.size === 41);
  });

  it('that are aborted, or late, while the server prepares their rows are taken back from the server', async () => {
    await using client = await connect();
    for (const how of ['abort', 'time'] as const) {
      const controller = new AbortController();
      proxy.onReply = ({ result }) => (JSON.stringify(result ?? null).includes('"p0"') ? 'drop' : 'pass');
      proxy.requests.length = 0;
      const limits = how === 'abort' ? { signal: controller.signal } : { timeoutMs: 50 };
      const pending = failure(client.monitor({ tables: evenPorts, ...limits }));
      await eventually(() => proxy.methods.includes('monitor_cond_since'));
      controller.abort(new Error('enough'));
      const error = await pending;
      if (how === 'abort') expect(error.message).to.equal('enough');
      else expect(error).to.include({ code: 'Timeout', timeoutMs: 50 });
      await eventually(() => proxy.methods.includes('monitor_cancel'));
      proxy.onReply = () => 'pass';
      await client.transact((tx) => tx.insert('Port', { name: how, group: 'even', note: '' }));
      expect(client.state.name).to.equal('synced');
    }
    expect((await client.monitor({ tables: evenPorts })).tables.Port.size).to.equal(22);
  });

  it('hold the same table with other columns and conditions, each with rows of its own', async () => {
    await using client = await connect();
    const even = await client.monitor({ tables: evenPorts });
    const none = await client.monitor({ tables: { Port: { columns: ['note'], where: false } } });
    const row = even.tables.Port.find({ name: 'p0' })!;
    expect(Object.keys(row).sort()).to.deep.equal(['_uuid', 'group', 'name']);
    expect(none.tables.Port.size).to.equal(0);
    await client.transact((tx) => tx.update('Port', row._uuid, { note: 'n', group: 'odd' }));
    expect(even.tables.Port.find({ name: 'p0' })).to.equal(undefined);
    expect(client.tables.Port.find({ name: 'p0' })).to.include({ note: 'n', group: 'odd' });
    await none.setConditions({ Port: [['note', '==', 'n']] });
    expect([...none.tables.Port].map((each) => ({ ...each }))).to.deep.equal([{ _uuid: row._uuid, note: 'n' }]);
    expect(even.tables.Port.size).to.equal(19);
    expect(client.tables.Port.size).to.equal(40);
    none.close();
    none.close();
    await client.transact((tx) => tx.update('Port', row._uuid, { note: 'm' }));
    expect([...none.tables.Port].map((each) => each['note'])).to.deep.equal(['n']);
    expect(await failure(none.setConditions({ Port: true }))).to.include({ code: 'Closed' });
  });

  it('reject when added to a client that is closed, or that is closed meanwhile', async () => {
    const client = await connect();
    await disconnect(client);
    const pending = failure(client.monitor({ tables: evenPorts }));
    client.close();
    expect(await pending).to.include({ code: 'Closed' });
    expect(await failure(client.monitor({ tables: evenPorts }))).to.include({ code: 'Closed' });
  });
});
