/** What a client does while its database is converted to another schema, or goes and comes back, under its feet. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ClientOptions } from '../../lib/client/client-options.js';
import type { ClientWarning } from '../../lib/client/client-state.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import type { SandboxSchema } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { failure } from '../failure.js';
import { comparable, eventually, RawClient } from './raw-client.js';
import { startCluster, startServer, type TestCluster } from './test-server.js';
import { WatchedTables } from './watched-tables.js';

const string = { type: 'string' };
const strings = { type: { key: 'string', min: 0, max: 'unlimited' } };

/** Version 1 and 3 have a table that version 2 lacks; each version has a column of its own. */
function schema(version: number): SandboxSchema {
  const own = { [`own${version}`]: strings };
  const U = { columns: { name: string }, isRoot: true };
  return {
    name: 'Changing',
    version: `${version}.0.0`,
    tables: {
      T: { columns: { name: string, note: string, ...own }, isRoot: true },
      ...(version === 2 ? { V: U } : { U }),
    },
  };
}

type Client = OvsdbClient<UntypedTables, Record<'T' | 'U' | 'V', string>>;

const MODELS: Readonly<Record<string, () => Promise<TestCluster>>> = {
  standalone: () => startServer({ schemas: schema(1) }),
  cluster: () => startCluster(schema(1)),
};

for (const [model, start] of Object.entries(MODELS)) {
  describe(`a ${model} database that is converted while a client follows it`, function () {
    this.timeout(90_000);
    let rig: TestCluster;
    let proxy: ClientProxy;

    beforeEach(async () => {
      rig = await start();
      proxy = await ClientProxy.start(rig.remote);
    });
    afterEach(async () => {
      await proxy[Symbol.asyncDispose]();
      await rig.stop();
    });

    const connect = (options: Partial<ClientOptions<UntypedTables>> = {}): Promise<Client> =>
      OvsdbClient.connect({
        remotes: proxy.remote,
        database: 'Changing',
        tables: 'all',
        backoff: { minMs: 10, maxMs: 40 },
        ...options,
      }) as unknown as Promise<Client>;

    /** Waits until the client has followed a conversion. */
    const at = (client: Client, version: number): Promise<void> =>
      eventually(
        () => client.state.name === 'synced' && client.schema.version === `${version}.0.0`,
        `version ${version}`,
      );

    it('stays on its session: columns and tables come and go, with the events that say so', async () => {
      await using client = await connect();
      const warnings: ClientWarning[] = [];
      client.on('warning', (warning) => warnings.push(warning));
      await client.transact((tx) => {
        tx.insert('T', { name: 'a', own1: ['x'] });
        tx.insert('T', { name: 'b' });
        tx.insert('U', { name: 'u' });
      });
      const further = await client.monitor({ tables: { T: { columns: ['name'] } } });
      const watched = [
        new WatchedTables('client', client, ['T', 'U'], ['T']),
        new WatchedTables('monitor', further, ['T']),
      ];
      const states: string[] = [];
      client.on('state', ({ name }) => states.push(name));
      const told: string[] = [];
      client.on('batch', ({ cause, changes }) => {
        for (const change of changes) {
          const columns = change.type === 'update' ? ` ${[...change.columns].sort().join()}` : '';
          told.push(`${cause} ${change.type} ${change.table} ${change.row['name'] as string}${columns}`);
        }
      });
      const [a] = client.tables.T.findAll({ name: 'a' });
      const bare = [...further.tables.T];
      await rig.convert(schema(2));
      await at(client, 2);
      expect(told).to.have.members(['resync update T a own1,own2', 'resync update T b own1,own2', 'resync delete U u']);
      expect(client.has('U')).to.equal(false);
      expect(client.has('T', 'own2')).to.equal(true);
      await client.transact((tx) => {
        tx.update('T', a!._uuid, { own2: ['y'] });
        tx.insert('V', { name: 'v' });
      });
      expect(client.tables.V.size).to.equal(1);
      const wrong = failure(client.transact((tx) => tx.insert('U', { name: 'x' })));
      expect(await wrong).to.include({ code: 'Schema', table: 'U' });
      told.length = 0;
      await rig.convert(schema(3));
      await at(client, 3);
      expect(told).to.have.members(['resync update T a own2,own3', 'resync update T b own2,own3', 'resync delete V v']);
      // One connection, and rows that the other monitor sees no change in.
      expect(proxy.methods.filter((method) => method === 'set_db_change_aware')).to.have.lengthOf(1);
      expect(states).to.deep.equal(['syncing', 'synced', 'syncing', 'synced']);
      expect([...further.tables.T]).to.have.ordered.members(bare);
      for (const each of watched) each.expectTrue('in the end');
      expect(warnings).to.deep.equal([]);
      using raw = await RawClient.connect(rig.remote, 'Changing');
      const rows = [...client.tables.T].map((row): [string, unknown] => [row._uuid, comparable(row)]);
      expect(new Map(rows)).to.deep.equal(await raw.rows('T'));
      expect((client.state as { server?: object }).server).to.include({
        model: model === 'cluster' ? 'clustered' : 'standalone',
      });
    });

    it('keeps the lock that it holds, and the one that it waits for', async () => {
      await using client = await connect();
      await using other = await connect();
      const [lock, wanted] = [client.lock('held'), other.lock('held')];
      await lock.acquired();
      const told: string[] = [];
      for (const event of ['stolen', 'lost', 'refused'] as const) {
        for (const each of [lock, wanted]) each.on(event, () => told.push(event));
      }
      await rig.convert(schema(2));
      await Promise.all([at(client, 2), at(other, 2)]);
      await client.transact((tx) => {
        tx.assert(lock);
        tx.insert('T', { name: 'by the holder' });
      });
      await lock.unlock();
      await wanted.acquired({ timeoutMs: 10_000 });
      expect(told).to.deep.equal([]);
    });

    it('sends nothing twice: transactions that wait on the server run again on the new schema', async () => {
      await using client = await connect();
      await client.transact((tx) => tx.insert('T', { name: 'gate' }));
      const [gate] = client.tables.T.findAll({ name: 'gate' });
      const versions: string[] = [];
      const blocked = client.transact(
        (tx) => {
          versions.push(client.schema.version);
          tx.wait('T', [['_uuid', '==', gate!._uuid]], '==', [{ note: 'open' }], { timeoutMs: 20_000 });
          return tx.insert('T', { name: 'once' });
        },
        { timeoutMs: 20_000 },
      );
      const outcome = blocked.then(
        () => 'committed',
        (error: unknown) => (error as { outcome: string }).outcome,
      );
      await eventually(() => proxy.transactions.length === 2);
      await rig.convert(schema(2));
      await at(client, 2);
      await client.transact((tx) => tx.update('T', gate!._uuid, { note: 'open' }));
      // In a cluster a canceled transaction may have been committed all the same.
      expect(await outcome).to.be.oneOf(model === 'standalone' ? ['committed'] : ['committed', 'unknown']);
      if (model === 'standalone') expect(versions).to.deep.equal(['1.0.0', '2.0.0']);
      await client.transact((tx) => tx.insert('T', { name: 'last' }));
      const count = [...client.tables.T.findAll({ name: 'once' })].length;
      expect(count).to.equal((await outcome) === 'committed' ? 1 : 0);
    });

    it('loses and doubles no transaction that is under way at the moment of a conversion', async () => {
      await using client = await connect({ maxTransactionsInFlight: 8 });
      const results: Promise<string>[] = [];
      let n = 0;
      let open = 0;
      const writing = { on: true };
      const writer = (async () => {
        while (writing.on) {
          const name = `w${n++}`;
          open++;
          results.push(
            client
              .transact((tx) => tx.insert('T', { name }))
              .then(
                () => name,
                (error: unknown) => `${name} ${(error as { outcome: string }).outcome}`,
              )
              .finally(() => open--),
          );
          // However long the machine takes, no more wait than may.
          if (n % 5 > 0) continue;
          do await new Promise((resolve) => setImmediate(resolve));
          while (open > 100);
        }
      })();
      for (const version of [2, 3, 2, 1]) {
        await rig.convert(schema(version));
        await at(client, version);
      }
      writing.on = false;
      await writer;
      const outcomes = await Promise.all(results);
      const present = [...client.tables.T].map((row) => row['name'] as string);
      expect(new Set(present).size, 'no name twice').to.equal(present.length);
      const certain = outcomes.filter((each) => !each.includes(' '));
      expect(present).to.include.members(certain);
      expect(outcomes.filter((each) => each.endsWith('failed'))).to.deep.equal([]);
      for (const each of outcomes.filter((o) => o.endsWith('not-sent'))) {
        expect(present).not.to.include(each.split(' ')[0]);
      }
      if (model === 'standalone') expect(certain).to.have.lengthOf(outcomes.length);
      expect(certain.length).to.be.greaterThan(10);
    });

    it('keeps up with conversions in quick succession, and one while it starts', async () => {
      let converted: Promise<void> | undefined;
      proxy.onRequest = ({ method, params }) => {
        if (method === 'monitor_cond_since' && params?.[0] === 'Changing') converted ??= rig.convert(schema(2));
        return 'pass';
      };
      const client = await connect();
      await converted;
      await at(client, 2);
      for (const version of [3, 2, 1, 2, 3]) await rig.convert(schema(version));
      await at(client, 3);
      await client.transact((tx) => tx.insert('U', { name: 'u' }));
      expect(client.tables.U.size).to.equal(1);
      client.close();
    });

    it('keeps tables that were chosen by name, and says what a downgrade has taken', async () => {
      const warnings: ClientWarning[] = [];
      await using client = await connect({
        tables: { T: { where: [['own1', 'includes', ['x']]] }, U: true },
        onWarning: (warning) => warnings.push(warning),
      });
      await client.transact((tx) => {
        tx.insert('T', { name: 'in', own1: ['x'] });
        tx.insert('T', { name: 'out' });
        tx.insert('U', { name: 'u' });
      });
      expect([client.tables.T.size, client.tables.U.size]).to.deep.equal([1, 1]);
      const deleted: unknown[] = [];
      client.tables.U.on('delete', ({ name }) => deleted.push(name));
      await rig.convert(schema(2));
      await at(client, 2);
      expect(deleted).to.deep.equal(['u']);
      expect(client.tables.U.size).to.equal(0);
      // Too many rows are better than too few.
      expect(client.tables.T.size).to.equal(2);
      const codes = warnings.map(({ code }) => code);
      expect(codes).to.include('SchemaLacks').and.to.include('ConditionsIgnored');
      await rig.convert(schema(1));
      await at(client, 1);
      await client.transact((tx) => {
        tx.insert('U', { name: 'again' });
        tx.insert('T', { name: 'in too', own1: ['x'] });
        tx.insert('T', { name: 'out too' });
      });
      expect([...client.tables.T].map(({ name }) => name)).to.deep.equal(['in too']);
      expect(client.tables.U.size).to.equal(1);
    });
  });
}
