/** What a client does when its server goes away and comes back. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ClientOptions } from '../../lib/client/client-options.js';
import type { ClientState } from '../../lib/client/client-state.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import type { SandboxSchema } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { comparable, eventually, RawClient } from './raw-client.js';
import { failure } from '../failure.js';
import { asSandbox, onRealServer, startServer, type TestServer } from './test-server.js';

type Client = OvsdbClient<UntypedTables, Record<'Logical_Switch' | 'Logical_Switch_Port' | 'Address_Set', string>>;

const TABLES = ['Logical_Switch', 'Logical_Switch_Port', 'Address_Set'] as const;

async function connect(remotes: string, options: Partial<ClientOptions<UntypedTables>> = {}): Promise<Client> {
  return OvsdbClient.connect({
    database: 'OVN_Northbound',
    backoff: { minMs: 20, maxMs: 50 },
    ...options,
    remotes,
    tables: { Logical_Switch: { indexes: [['ports'], ['name']] }, Logical_Switch_Port: true, Address_Set: true },
  });
}

interface Follower {
  readonly events: string[];
  readonly states: string[];
  readonly causes: string[];
}

/** Notes every event by name of the row, and every state. */
function follow(client: Client): Follower {
  const noted: Follower = { events: [], states: [], causes: [] };
  client.on('batch', ({ cause, changes }) => {
    noted.causes.push(cause);
    for (const change of changes) {
      const columns = change.type === 'update' ? `: ${[...change.columns].sort().join()}` : '';
      noted.events.push(`${change.type} ${change.row['name'] as string}${columns}`);
    }
  });
  client.on('state', ({ name }) => noted.states.push(name));
  return noted;
}

const insertSwitch = (name: string, count: number): object[] => [
  ...Array.from({ length: count }, (_, i) => ({
    op: 'insert',
    table: 'Logical_Switch_Port',
    'uuid-name': `p${i}`,
    row: { name: `${name}-${i}` },
  })),
  {
    op: 'insert',
    table: 'Logical_Switch',
    row: { name, ports: ['set', Array.from({ length: count }, (_, i) => ['named-uuid', `p${i}`])] },
  },
];

const on = (table: string, name: string): object => ({ table, where: [['name', '==', name]] });

/** One of each kind of change, and changes that cancel out. */
async function changeMuch(remote: string): Promise<void> {
  using raw = await RawClient.connect(remote);
  const rows = await raw.rows('Logical_Switch_Port', [['name', '==', 'big-3']]);
  await raw.commit(
    { op: 'insert', table: 'Address_Set', row: { name: 'new' } },
    { op: 'delete', ...on('Address_Set', 'gone') },
    { op: 'update', ...on('Address_Set', 'changed'), row: { addresses: '10.0.0.9' } },
    { op: 'mutate', ...on('Logical_Switch', 'big'), mutations: [['ports', 'delete', ['uuid', [...rows.keys()][0]]]] },
    { op: 'insert', table: 'Address_Set', row: { name: 'brief' } },
  );
  await raw.commit({ op: 'delete', ...on('Address_Set', 'brief') });
  await raw.commit({ op: 'update', ...on('Address_Set', 'same'), row: { addresses: '10.0.0.7' } });
  await raw.commit({ op: 'update', ...on('Address_Set', 'same'), row: { addresses: ['set', []] } });
}

const TRUE_DIFFERENCE = ['insert new', 'delete gone', 'update changed: addresses', 'update big: ports', 'delete big-3'];

async function expectEqual(client: Client, remote: string): Promise<void> {
  using raw = await RawClient.connect(remote);
  for (const table of TABLES) {
    const rows = [...client.tables[table]].map((row): [string, unknown] => [row._uuid, comparable(row)]);
    expect(new Map(rows), table).to.deep.equal(await raw.rows(table));
  }
}

describe('reconnecting', function () {
  this.timeout(90_000);
  let sandbox: TestServer;
  let proxy: ClientProxy;

  beforeEach(async () => {
    sandbox = await startServer();
    proxy = await ClientProxy.start(sandbox.remote);
    using raw = await RawClient.connect(sandbox.remote);
    await raw.commit(
      ...insertSwitch('big', 100),
      ...['gone', 'changed', 'same'].map((name) => ({ op: 'insert', table: 'Address_Set', row: { name } })),
    );
  });

  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await sandbox.stop();
  });

  const BREAKS: Readonly<Record<string, () => Promise<void>>> = {
    'a restart of the server': () => sandbox.restart(),
    'a crash of the server': async () => {
      await sandbox.kill();
      await sandbox.restart();
    },
    'a cut of the connection': async () => {
      proxy.cut();
      await eventually(() => proxy.connections === 0);
    },
  };

  for (const [what, disturb] of Object.entries(BREAKS)) {
    it(`after ${what} emits exactly the true differences, in one batch`, async () => {
      await using client = await connect(proxy.remote);
      const { events, states, causes } = follow(client);
      const ports = new Map([...client.tables.Logical_Switch_Port].map((row) => [row._uuid, row]));
      const same = client.tables.Address_Set.find({ name: 'same' });
      const bigBefore = client.tables.Logical_Switch.find({ name: 'big' })!;
      proxy.refusing = true;
      await disturb();
      await eventually(() => client.state.name !== 'synced');
      await changeMuch(sandbox.remote);
      expect(client.tables.Logical_Switch_Port.size).to.equal(100);
      expect(client.tables.Address_Set.find({ name: 'gone' })).not.to.equal(undefined);
      expect(events).to.deep.equal([]);
      proxy.refusing = false;
      await client.synced({ timeoutMs: 20_000 });
      expect(events).to.have.members(TRUE_DIFFERENCE);
      expect(causes).to.deep.equal(['resync']);
      await expectEqual(client, sandbox.remote);
      expect(states[0]).to.equal('backoff');
      expect(states.slice(-3)).to.deep.equal(['connecting', 'syncing', 'synced']);
      for (const row of client.tables.Logical_Switch_Port) expect(row).to.equal(ports.get(row._uuid));
      expect(client.tables.Address_Set.find({ name: 'same' })).to.equal(same);
      expect(bigBefore['ports']).to.have.lengthOf(100);
      expect(client.tables.Logical_Switch.find({ name: 'big' })!['ports']).to.have.lengthOf(99);
      const port = client.tables.Logical_Switch_Port.find({ name: 'big-7' })!;
      expect(client.tables.Logical_Switch.find({ ports: [port._uuid] })!['name']).to.equal('big');
      // What follows is seen as ever.
      await client.transact((tx) => tx.insert('Address_Set', { name: 'after' }));
      expect(events.at(-1)).to.equal('insert after');
    });
  }

  it('emits nothing when nothing has changed', async () => {
    await using client = await connect(proxy.remote);
    const { events, states, causes } = follow(client);
    const rows = TABLES.flatMap((table): unknown[] => [...client.tables[table]]);
    proxy.cut();
    await eventually(() => states.includes('synced'));
    expect(events).to.deep.equal([]);
    expect(causes).to.deep.equal([]);
    expect(TABLES.flatMap((table): unknown[] => [...client.tables[table]])).to.have.ordered.members(rows);
  });

  onRealServer(() => {
    it('notices a server that is frozen, and comes back when that goes on', async () => {
      await using client = await connect(proxy.remote, { probeIntervalMs: 1_000, schemaTimeoutMs: 2_000 });
      const { states } = follow(client);
      await asSandbox(sandbox).pause();
      await eventually(() => states.includes('backoff'));
      expect(client.tables.Logical_Switch_Port.size).to.equal(100);
      asSandbox(sandbox).resume();
      await client.synced({ timeoutMs: 20_000 });
      await client.transact((tx) => tx.insert('Address_Set', { name: 'after' }));
      await expectEqual(client, sandbox.remote);
    });
  });

  it('tells its states in order, with why and for how long it waits', async () => {
    await using client = await connect(proxy.remote);
    const states: [ClientState, ClientState][] = [];
    client.on('state', (state, previous) => states.push([state, previous]));
    proxy.refusing = true;
    proxy.cut();
    await eventually(() => states.filter(([{ name }]) => name === 'backoff').length >= 3);
    proxy.refusing = false;
    await client.synced();
    client.close();
    client.close();
    for (const [i, [, previous]] of states.slice(1).entries()) expect(previous).to.equal(states[i]![0]);
    const waits = states.flatMap(([state]) => (state.name === 'backoff' ? [state] : []));
    for (const { delayMs, error } of waits) {
      expect(delayMs).to.be.within(0, 50);
      expect(error).to.be.instanceOf(Error);
    }
    expect(states.at(-2)![0]).to.include({ name: 'synced', remote: proxy.remote, kind: 'snapshot' });
    expect(states.at(-1)![0]).to.deep.equal({ name: 'closed', error: undefined });
    expect(states.filter(([{ name }]) => name === 'closed')).to.have.lengthOf(1);
  });

  it('follows a server whose schema has changed: columns come and go, and unchanged contents stay', async () => {
    const schema = (version: string, columns: object): SandboxSchema => ({
      name: 'Changing',
      version,
      tables: { T: { columns: { name: { type: 'string' }, ...columns }, isRoot: true } },
    });
    const text = { type: { key: 'string', min: 0, max: 'unlimited' } };
    await using changing = await startServer({ schemas: schema('1.0.0', { old: text }) });
    await using client = await OvsdbClient.connect({
      remotes: changing.remote,
      database: 'Changing',
      tables: 'all',
      backoff: { minMs: 20, maxMs: 50 },
    });
    await client.transact((tx) => tx.insert('T', { name: 'a', old: ['x', 'y'] }));
    const updates: string[][] = [];
    client.tables['T']!.on('update', (_row, _old, columns) => updates.push([...columns]));
    await changing.convert(schema('2.0.0', { fresh: text }));
    await eventually(() => client.schema.version === '2.0.0' && client.state.name === 'synced');
    expect(client.has('T', 'fresh')).to.equal(true);
    expect(client.has('T', 'old')).to.equal(false);
    const row = client.tables['T']!.find({ name: 'a' })!;
    expect({ ...row }).to.deep.equal({ _uuid: row._uuid, name: 'a', fresh: [] });
    expect(updates.map((columns) => columns.sort())).to.deep.equal([['fresh', 'old']]);
    expect(client.tables['T']!.find({ fresh: [] })).to.equal(row);
    await client.transact((tx) => tx.update('T', row._uuid, { fresh: ['z'] }));
    expect(client.tables['T']!.find({ fresh: ['z'] })!['name']).to.equal('a');
  });

  describe('when the client is closed', () => {
    it('everything that is pending rejects, and reads go on', async () => {
      const client = await connect(proxy.remote);
      proxy.onRequest = ({ method }) => (method === 'transact' ? 'drop' : 'pass');
      const sent = failure(client.transact((tx) => tx.insert('Address_Set', { name: 'x' })));
      await eventually(() => proxy.methods.includes('transact'));
      const row = failure(client.tables.Address_Set.until(() => false));
      proxy.refusing = true;
      // The connection is up; what waits for one is below.
      client.close();
      expect(await sent).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      expect(await row).to.include({ code: 'Closed' });
      expect(await failure(client.synced())).to.include({ code: 'Closed' });
      const late = await failure(client.transact((tx) => tx.insert('Address_Set', { name: 'y' })));
      expect(late).to.include({ code: 'NotSent', outcome: 'not-sent' });
      expect(late.cause).to.include({ code: 'Closed' });
      expect(await failure(client.tables.Address_Set.until(() => false))).to.include({ code: 'Closed' });
      expect(client.tables.Logical_Switch_Port.size).to.equal(100);
      expect(client.state).to.deep.equal({ name: 'closed', error: undefined });
    });

    it('what waits for a connection rejects as well', async () => {
      const client = await connect(proxy.remote, { backoff: { minMs: 60_000, maxMs: 60_000 } });
      proxy.refusing = true;
      proxy.cut();
      await eventually(() => client.state.name === 'backoff');
      const pending = [
        failure(client.synced()),
        failure(client.transact((tx) => tx.insert('Address_Set', { name: 'x' }))),
        failure(client.tables.Address_Set.until(() => false)),
      ];
      client.close();
      expect((await Promise.all(pending)).map(({ code }) => code)).to.deep.equal(['Closed', 'NotSent', 'Closed']);
    });

    it('in the same turn as a transact, the callback is not run', async () => {
      const client = await connect(proxy.remote);
      let runs = 0;
      const pending = failure(client.transact(() => runs++));
      client.close();
      expect(await pending).to.include({ code: 'NotSent' });
      expect(runs).to.equal(0);
    });

    for (const where of ['connecting', 'syncing', 'synced', 'backoff', 'resync batch', 'row event'] as const) {
      it(`by a listener of "${where}", it stays closed and nothing is left open`, async () => {
        const client = await connect(proxy.remote);
        if (where === 'resync batch') client.on('batch', () => client.close());
        else if (where === 'row event') client.tables.Address_Set.on('insert', () => client.close());
        else {
          client.on('state', ({ name }) => {
            if (name === where) client.close();
          });
        }
        proxy.refusing = true;
        proxy.cut();
        await eventually(() => client.state.name !== 'synced');
        using raw = await RawClient.connect(sandbox.remote);
        await raw.commit({ op: 'insert', table: 'Address_Set', row: { name: 'new' } });
        proxy.refusing = false;
        await eventually(() => client.state.name === 'closed');
        await eventually(() => proxy.connections === 0, 'the end of the connection');
        expect(client.state.name).to.equal('closed');
      });
    }
  });
});
