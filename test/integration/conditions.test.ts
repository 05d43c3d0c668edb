/** Conditions that change while the client runs: which rows are there from when on, whatever happens meanwhile. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ClientOptions } from '../../lib/client/client-options.js';
import type { ClientWarning } from '../../lib/client/client-state.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import type { SandboxSchema } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { failure } from '../failure.js';
import { eventually, RawClient } from './raw-client.js';
import {
  asSandbox,
  onRealServer,
  startCluster,
  startServer,
  type TestCluster,
  type TestServer,
} from './test-server.js';
import { WatchedTables } from './watched-tables.js';

const schema: SandboxSchema = {
  name: 'Cond',
  version: '1.0.0',
  tables: {
    T: {
      columns: {
        name: { type: 'string' },
        n: { type: 'integer' },
        tags: { type: { key: 'string', min: 0, max: 'unlimited' } },
      },
      isRoot: true,
    },
    U: { columns: { name: { type: 'string' } }, isRoot: true },
  },
};

type Client = OvsdbClient<UntypedTables, Record<'T' | 'U', string>>;

const insert = (table: string, row: object): object => ({ op: 'insert', table, row });
const rows = (table: string, count: number): object[] =>
  Array.from({ length: count }, (_, n) => insert(table, table === 'T' ? { name: `t${n}`, n } : { name: `u${n}` }));

async function write(remote: string, ...operations: readonly object[]): Promise<void> {
  using raw = await RawClient.connect(remote, 'Cond');
  await raw.commit(...operations);
}

const connect = (remotes: string, options: Partial<ClientOptions<UntypedTables>> = {}): Promise<Client> =>
  OvsdbClient.connect({
    remotes,
    database: 'Cond',
    tables: ['T', 'U'],
    backoff: { minMs: 10, maxMs: 40 },
    ...options,
  }) as unknown as Promise<Client>;

const names = (table: Iterable<object>): unknown[] => [...table].map((row) => (row as { name: string }).name).sort();

/** Batches and announced conditions, in order. */
function follow(client: Client): string[] {
  const told: string[] = [];
  client.on('batch', ({ cause, changes }) => told.push(`${cause} ${changes.length}`));
  client.on('conditions', (tables) => told.push(`conditions ${[...tables].sort().join()}`));
  return told;
}

describe('conditions that change while the client runs', function () {
  this.timeout(90_000);
  let sandbox: TestServer;
  let proxy: ClientProxy;

  beforeEach(async () => {
    sandbox = await startServer({ schemas: schema });
    proxy = await ClientProxy.start(sandbox.remote);
    await write(sandbox.remote, ...rows('T', 10), ...rows('U', 3));
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await sandbox.stop();
  });

  async function disconnect(client: Client): Promise<void> {
    proxy.refusing = true;
    proxy.cut();
    await eventually(() => client.state.name !== 'synced');
  }
  const changes = (): unknown[] =>
    proxy.requests.filter(({ method }) => method === 'monitor_cond_change').map(({ params }) => params?.[2]);

  it('are reflected when the promise resolves, and are announced after the rows came and went', async () => {
    await using client = await connect(proxy.remote);
    const watched = new WatchedTables('client', client, ['T', 'U'], ['U']);
    const told = follow(client);
    await client.setConditions({
      T: [
        ['n', '<', 3],
        ['name', '==', 't9'],
      ],
    });
    expect(names(client.tables.T)).to.deep.equal(['t0', 't1', 't2', 't9']);
    await client.setConditions({ T: [['n', '>=', 8]] });
    expect(names(client.tables.T)).to.deep.equal(['t8', 't9']);
    await client.setConditions({ T: false });
    expect(client.tables.T.size).to.equal(0);
    await client.setConditions({ T: true });
    expect(client.tables.T.size).to.equal(10);
    await client.setConditions({ T: [] });
    expect(client.tables.T.size).to.equal(0);
    const { _uuid } = client.tables.U.find({ name: 'u1' })!;
    await client.setConditions({ T: [['tags', 'includes', []]], U: [['_uuid', '==', _uuid]] });
    expect(client.tables.T.size).to.equal(10);
    expect(names(client.tables.U)).to.deep.equal(['u1']);
    expect(told).to.deep.equal(
      ['T', 'T', 'T', 'T', 'T']
        .flatMap((table, i) => [`update ${[6, 4, 2, 10, 10][i]}`, `conditions ${table}`])
        .concat('update 12', 'conditions T,U'),
    );
    watched.expectTrue('in the end');
    await write(sandbox.remote, insert('U', { name: 'unseen' }), insert('T', { name: 'seen' }));
    await eventually(() => client.tables.T.size === 11);
    expect(client.tables.U.size).to.equal(1);
  });

  it('that are equal to the present ones are not sent again', async () => {
    await using client = await connect(proxy.remote);
    const told = follow(client);
    const clauses: ['n', '<', number][] = [['n', '<', 3]];
    await client.setConditions({ T: true, U: true });
    await client.setConditions({});
    await client.setConditions({ T: clauses });
    await client.setConditions({ T: [['n', '<', 3]] });
    // The list is the caller's: what becomes of it does not matter.
    clauses[0]![2] = 5;
    await client.setConditions({ T: [['n', '<', 3]] });
    await client.setConditions({ U: false });
    await client.setConditions({ U: [] });
    expect(changes()).to.deep.equal([{ T: [{ where: [['n', '<', 3]] }] }, { U: [{ where: [false] }] }]);
    expect(told).to.deep.equal(['update 7', 'conditions T', 'update 3', 'conditions U']);
  });

  it('that are set while others are under way follow in one request, and each caller waits for his own', async () => {
    await using client = await connect(proxy.remote);
    const told = follow(client);
    const reached: string[] = [];
    const set = (name: string, conditions: Parameters<Client['setConditions']>[0]): Promise<void> =>
      client
        .setConditions(conditions)
        .then(() => void reached.push(`${name}: ${client.tables.T.size} ${client.tables.U.size}`));
    await Promise.all([
      set('first', { T: [['n', '<', 1]] }),
      set('second', { T: [['n', '<', 2]] }),
      set('third', { U: false }),
      set('fourth', { T: [['n', '<', 4]] }),
    ]);
    expect(reached).to.deep.equal(['first: 1 3', 'second: 4 0', 'third: 4 0', 'fourth: 4 0']);
    expect(changes()).to.deep.equal([
      { T: [{ where: [['n', '<', 1]] }] },
      { T: [{ where: [['n', '<', 4]] }], U: [{ where: [false] }] },
    ]);
    expect(told).to.deep.equal(['update 9', 'update 6', 'conditions T,U']);
  });

  it('that are taken back before they were sent are never sent', async () => {
    await using client = await connect(proxy.remote);
    const settled = [
      client.setConditions({ U: false }),
      client.setConditions({ T: false }),
      client.setConditions({ T: true }),
    ];
    await Promise.all(settled);
    expect(changes()).to.deep.equal([{ U: [{ where: [false] }] }]);
    expect(client.tables.T.size).to.equal(10);
  });

  it('that are set while there is no connection come into force with the next one, and are announced then', async () => {
    await using client = await connect(proxy.remote);
    const watched = new WatchedTables('client', client, ['T', 'U'], ['U']);
    await disconnect(client);
    const told = follow(client);
    const pending = client.setConditions({ T: [['n', '<', 3]] });
    const late = await failure(client.setConditions({ T: [['n', '<', 2]] }, { timeoutMs: 20 }));
    expect(late).to.include({ code: 'Timeout', timeoutMs: 20 });
    const reason = new Error('no more');
    const controller = new AbortController();
    const aborted = failure(client.setConditions({ U: [['name', '!=', 'u2']] }, { signal: controller.signal }));
    controller.abort(reason);
    expect(await aborted).to.equal(reason);
    expect(await failure(client.setConditions({ U: true }, { signal: controller.signal }))).to.equal(reason);
    expect(client.tables.T.size).to.equal(10);
    proxy.refusing = false;
    await pending;
    // Giving up the wait is not taking back the wish; what was aborted beforehand was no wish.
    expect(names(client.tables.T)).to.deep.equal(['t0', 't1']);
    expect(names(client.tables.U)).to.deep.equal(['u0', 'u1']);
    expect(changes()).to.deep.equal([]);
    expect(told).to.deep.equal(['resync 9', 'conditions T,U']);
    watched.expectTrue('in the end');
  });

  for (const lost of ['the request', 'the reply'] as const) {
    it(`survive a cut that loses ${lost}`, async () => {
      await using client = await connect(proxy.remote);
      const watched = new WatchedTables('client', client, ['T', 'U'], ['U']);
      const told = follow(client);
      if (lost === 'the request') {
        proxy.onRequest = ({ method }) => (method === 'monitor_cond_change' ? 'cut' : 'pass');
      } else {
        let updated = false;
        proxy.onReply = ({ method, result }) => {
          if (method?.startsWith('update') === true) updated = true;
          return updated && result !== undefined ? 'cut' : 'pass';
        };
      }
      await Promise.all([
        client.setConditions({ T: [['n', '<', 3]] }),
        outOf(client).then(() => {
          proxy.onReply = () => 'pass';
        }),
      ]);
      expect(names(client.tables.T)).to.deep.equal(['t0', 't1', 't2']);
      expect(told).to.deep.equal([lost === 'the request' ? 'resync 7' : 'update 7', 'conditions T']);
      watched.expectTrue('in the end');
    });
  }

  it('stay in force over reconnects', async () => {
    await using client = await connect(proxy.remote, {
      tables: { T: { where: [['n', '<', 3]] }, U: { where: false } },
    });
    expect([client.tables.T.size, client.tables.U.size]).to.deep.equal([3, 0]);
    await client.setConditions({ T: [['n', '<', 5]], U: true });
    const told = follow(client);
    for (let i = 0; i < 3; i++) {
      await disconnect(client);
      proxy.refusing = false;
      await client.synced();
      expect([client.tables.T.size, client.tables.U.size]).to.deep.equal([5, 3]);
    }
    expect(told).to.deep.equal([]);
  });

  it('that cannot be meant are refused, and change nothing', async () => {
    await using client = await connect(proxy.remote);
    const bad: [object, object][] = [
      [{ T: false, V: true }, { code: 'NotMonitored' }],
      [
        { U: false, T: [['nam', '==', 'x']] },
        { code: 'Schema', table: 'T', column: 'nam' },
      ],
      [
        { U: false, T: [['n', '==', 'x']] },
        { code: 'Validation', table: 'T', column: 'n' },
      ],
      [
        { U: false, T: [['name', '<', 'x']] },
        { code: 'Validation', column: 'name' },
      ],
      [
        { U: false, T: [['n', 'is', 1]] },
        { code: 'Validation', column: 'n' },
      ],
      [{ U: false, T: 'all' }, { code: 'InvalidArgument' }],
      [{ U: false, T: [5] }, { code: 'InvalidArgument' }],
      [{ U: false, T: ['n', '==', 1] }, { code: 'InvalidArgument' }],
      [{ U: false, T: null }, { code: 'InvalidArgument' }],
    ];
    for (const disconnected of [false, true]) {
      if (disconnected) await disconnect(client);
      for (const [conditions, expected] of bad) {
        const error = await failure(client.setConditions(conditions));
        expect(error, JSON.stringify(conditions)).to.include(expected);
      }
    }
    proxy.refusing = false;
    await client.synced();
    expect(changes()).to.deep.equal([]);
    expect([client.tables.T.size, client.tables.U.size]).to.deep.equal([10, 3]);
  });

  it('that the server refuses are taken back, and those that follow are not concerned', async () => {
    await using client = await connect(proxy.remote);
    const told = follow(client);
    proxy.onRequest = ({ method, params }) =>
      method === 'monitor_cond_change' && JSON.stringify(params).includes('"bad"')
        ? { error: { error: 'no such thing' } }
        : 'pass';
    const good = client.setConditions({ T: [['n', '<', 3]] });
    // Two tables in one request: the server may have taken one of them.
    const bad = failure(client.setConditions({ T: [['name', '==', 'bad']], U: false }));
    await good;
    const after = client.setConditions({ U: [['name', '==', 'u1']] });
    expect(await bad).to.include({ code: 'Rpc', error: 'no such thing', method: 'monitor_cond_change' });
    await after;
    expect(names(client.tables.T)).to.deep.equal(['t0', 't1', 't2']);
    expect(names(client.tables.U)).to.deep.equal(['u1']);
    expect(await failure(client.setConditions({ T: [['name', '==', 'bad']] }))).to.include({ code: 'Rpc' });
    expect(changes().slice(2)).to.deep.equal([
      { T: [{ where: [['n', '<', 3]] }], U: [{ where: [['name', '==', 'u1']] }] },
      { T: [{ where: [['name', '==', 'bad']] }] },
    ]);
    expect(told).to.deep.equal(['update 7', 'update 2', 'conditions U']);
    expect(client.state.name).to.equal('synced');
  });

  it('cost the connection, and no more, when the server refuses even what was in force before', async () => {
    await using client = await connect(proxy.remote);
    proxy.onRequest = ({ method }) => (method === 'monitor_cond_change' ? { error: 'out of order' } : 'pass');
    const connected: string[] = [];
    client.on('state', ({ name }) => connected.push(name));
    expect(await failure(client.setConditions({ T: false, U: false }))).to.include({ code: 'Rpc' });
    await eventually(() => connected.at(-1) === 'synced');
    expect(changes()).to.have.lengthOf(2);
    expect([client.tables.T.size, client.tables.U.size]).to.deep.equal([10, 3]);
  });

  onRealServer(() => {
    it('are said to be ignored by a server that is too old for them, which sends every row', async () => {
      await asSandbox(sandbox).appctl('ovsdb-server/disable-monitor-cond');
      const warnings: ClientWarning[] = [];
      await using client = await connect(proxy.remote, { onWarning: (warning) => warnings.push(warning) });
      expect(client.state).to.include({ name: 'synced', method: 'monitor' });
      const told = follow(client);
      await client.setConditions({ T: [['n', '<', 3]] });
      expect(client.tables.T.size).to.equal(10);
      expect(told).to.deep.equal(['conditions T']);
      expect(warnings.map(({ code }) => code)).to.deep.equal(['ConditionsIgnored']);
      expect(warnings[0]!.message).to.match(/conditions of T: it sends every row/);
      // A newer server applies what the older one could not.
      await disconnect(client);
      await sandbox.restart();
      proxy.refusing = false;
      await client.synced();
      expect(client.tables.T.size).to.equal(3);
    });
  });
});

describe('conditions that change while the client of a cluster runs', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let proxy: ClientProxy;

  before(async () => {
    cluster = await startCluster(schema);
    proxy = await ClientProxy.start(cluster.remote);
    // The server keeps a history as long as that is smaller than the database.
    await write(cluster.remote, ...rows('T', 200), ...rows('U', 100));
    await write(cluster.remote, insert('U', { name: 'one more' }));
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await cluster.stop();
  });

  it('resume with the difference under the conditions that the server had acknowledged, then take the new ones', async () => {
    const { remote } = cluster;
    await using client = await connect(proxy.remote);
    const watched = new WatchedTables('client', client, ['T', 'U']);
    await client.setConditions({ T: [['n', '<', 100]] });
    await write(remote, insert('U', { name: 'before' }));
    await eventually(() => client.tables.U.find({ name: 'before' }) !== undefined);
    proxy.refusing = true;
    proxy.cut();
    await eventually(() => client.state.name !== 'synced');
    const pending = client.setConditions({ T: [['n', '<', 150]] });
    await write(
      remote,
      { op: 'update', table: 'T', where: [['n', '==', 5]], row: { n: 120 } },
      { op: 'update', table: 'T', where: [['n', '==', 160]], row: { n: 60 } },
      { op: 'delete', table: 'T', where: [['n', '==', 7]] },
    );
    proxy.requests.length = 0;
    proxy.refusing = false;
    const told = follow(client);
    await pending;
    expect(client.state).to.include({ name: 'synced', kind: 'delta' });
    // t5 goes and comes back, t7 goes, t160 comes; then t100 to t149 and t5.
    expect(told).to.deep.equal(['resync 3', 'update 51', 'conditions T']);
    expect(client.tables.T.size).to.equal(150);
    watched.expectTrue('in the end');
    // A change whose reply was lost may or may not be part of the history: everything is asked for.
    proxy.onRequest = ({ method }) => {
      if (method !== 'monitor_cond_change') return 'pass';
      proxy.onRequest = () => 'pass';
      return 'cut';
    };
    await client.setConditions({ T: [['n', '<', 10]] });
    await client.synced();
    expect(client.state).to.include({ name: 'synced', kind: 'snapshot' });
    expect(told.slice(3)).to.deep.equal(['resync 142', 'conditions T']);
    expect(client.tables.T.size).to.equal(8);
    watched.expectTrue('after a lost reply');
  });
});

/** Resolves when the client is not in sync any more. */
function outOf(client: Client): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.on('state', ({ name }) => {
      if (name === 'synced') return;
      stop();
      resolve();
    });
  });
}
