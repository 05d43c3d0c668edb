/** A client whose server refuses, forgets and comes back. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ClientOptions } from '../../lib/client/client-options.js';
import type { ClientWarning } from '../../lib/client/client-state.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import { eventually, outOfSync, RawClient } from '../integration/raw-client.js';
import { ClientProxy } from './client-proxy.js';
import { failure } from '../failure.js';
import { asSandbox, onRealServer, startServer, type TestServer } from '../integration/test-server.js';

type Client = OvsdbClient<UntypedTables, Record<'Address_Set' | 'NB_Global', string>>;

describe('a client of a server with troubles', function () {
  this.timeout(90_000);
  let sandbox: TestServer;
  let proxy: ClientProxy;

  beforeEach(async () => {
    sandbox = await startServer();
    proxy = await ClientProxy.start(sandbox.remote);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await sandbox.stop();
  });

  const connect = (options: Partial<ClientOptions<UntypedTables>> = {}): Promise<Client> =>
    OvsdbClient.connect({
      remotes: proxy.remote,
      database: 'OVN_Northbound',
      tables: ['Address_Set', 'NB_Global'],
      backoff: { minMs: 10, maxMs: 20 },
      ...options,
    }) as unknown as Promise<Client>;

  it('sends a transaction again that the server canceled, with the callback run anew', async () => {
    await using client = await connect();
    let canceled = 0;
    proxy.onRequest = ({ method }) => (method === 'transact' && canceled++ < 2 ? { error: 'canceled' } : 'pass');
    let runs = 0;
    await client.transact((tx) => {
      runs++;
      tx.insert('Address_Set', { name: 'a' });
    });
    expect(runs).to.equal(3);
    expect(client.tables.Address_Set.size).to.equal(1);
  });

  it('sends a transaction again when the server said that it does not serve the database', async () => {
    await using client = await connect();
    const errors = [{ error: 'unknown database' }, { error: 'database not available' }];
    proxy.onRequest = ({ method }) => {
      const error = method === 'transact' ? errors.shift() : undefined;
      return error === undefined ? 'pass' : { error };
    };
    await client.transact((tx) => tx.insert('Address_Set', { name: 'a' }));
    expect(proxy.transactions).to.have.lengthOf(3);
    expect(client.tables.Address_Set.size).to.equal(1);
    proxy.onRequest = ({ method }) => (method === 'transact' ? { error: { error: 'unknown database' } } : 'pass');
    const error = await failure(client.transact((tx) => tx.insert('Address_Set', { name: 'b' }), { timeoutMs: 100 }));
    // The time may be over while an answer is on its way.
    expect(error['code']).to.be.oneOf(['NotSent', 'OutcomeUnknown', 'TimedOut']);
    if (error['code'] === 'NotSent') expect(error.message).to.match(/says that it does not serve the database now/);
  });

  it('gives up, not sent, when the server cancels for as long as there is time', async () => {
    await using client = await connect();
    proxy.onRequest = ({ method }) => (method === 'transact' ? { error: 'canceled' } : 'pass');
    const pending = client.transact((tx) => tx.insert('Address_Set', { name: 'a' }), { timeoutMs: 60 });
    const error = await failure(pending);
    // The time may be over while an answer is on its way.
    expect(error['outcome']).to.be.oneOf(['not-sent', 'unknown']);
    expect(proxy.transactions).to.have.lengthOf.within(1, 10);
  });

  it('reports a transaction that is refused as a whole as failed', async () => {
    await using client = await connect();
    const refusal = { error: 'resources exhausted', details: 'try less' };
    proxy.onRequest = ({ method }) => (method === 'transact' ? { error: refusal } : 'pass');
    const error = await failure(client.transact((tx) => tx.insert('Address_Set', { name: 'a' })));
    expect(error).to.include({
      code: 'TransactionFailed',
      outcome: 'failed',
      error: 'resources exhausted',
      details: 'try less',
    });
  });

  onRealServer(() => {
    it('comes back to a database that was removed and created anew', async () => {
      await using client = await connect();
      await client.transact((tx) => [tx.insert('Address_Set', { name: 'a' }), tx.insert('Address_Set', { name: 'b' })]);
      const deleted: unknown[] = [];
      client.tables.Address_Set.on('delete', ({ name }) => deleted.push(name));
      await asSandbox(sandbox).removeDatabase('OVN_Northbound');
      await eventually(
        () => client.state.name === 'backoff' && /no database OVN_Northbound/.test(client.state.error.message),
      );
      expect(client.tables.Address_Set.size).to.equal(2);
      await asSandbox(sandbox).addDatabase('/usr/share/ovn/ovn-nb.ovsschema');
      await client.synced({ timeoutMs: 20_000 });
      expect(deleted.sort()).to.deep.equal(['a', 'b']);
      await client.transact((tx) => tx.insert('Address_Set', { name: 'c' }));
      expect([...client.tables.Address_Set].map(({ name }) => name)).to.deep.equal(['c']);
    });
  });

  it('warns once that a server is too old for conditions, and has all rows', async () => {
    using raw = await RawClient.connect(sandbox.remote);
    await raw.commit(...['a', 'b'].map((name) => ({ op: 'insert', table: 'Address_Set', row: { name } })));
    proxy.onRequest = ({ method }) =>
      method?.startsWith('monitor_cond') === true ? { error: 'unknown method' } : 'pass';
    const warnings: ClientWarning[] = [];
    await using client = await connect({
      tables: { Address_Set: { where: [['name', '==', 'a']] }, NB_Global: true },
      onWarning: (warning) => warnings.push(warning),
    });
    expect(client.tables.Address_Set.size).to.equal(2);
    const states: string[] = [];
    client.on('state', ({ name }) => states.push(name));
    proxy.cut();
    await eventually(() => states.includes('synced'));
    expect(warnings).to.have.lengthOf(1);
    expect(warnings[0]).to.include({ code: 'ConditionsIgnored' });
    expect(warnings[0]!.message).to.include('Address_Set');
  });

  it('fails over to another remote, and its transactions with it', async () => {
    await using other = await ClientProxy.start(sandbox.remote);
    await using client = await connect({ remotes: [proxy.remote, other.remote], shuffle: false });
    expect(client.state).to.include({ remote: proxy.remote });
    const down = outOfSync(client);
    proxy.refusing = true;
    proxy.cut();
    await down;
    await client.transact((tx) => tx.insert('Address_Set', { name: 'a' }));
    expect(client.state).to.include({ name: 'synced', remote: other.remote });
  });

  it('survives a connection that is cut again and again at random moments, and loses nothing for certain', async () => {
    await using client = await connect();
    const missing: string[] = [];
    const committed: string[] = [];
    let unknown = 0;
    const all = new AbortController();
    const settled = (): number => committed.length + unknown;
    const cutter = (async () => {
      for (let i = 0; !all.signal.aborted; i++) {
        await new Promise((resolve) => setTimeout(resolve, 1 + ((i * 7) % 23)));
        proxy.cut();
        // On a machine that takes longer than that to get in sync again nothing would ever be done.
        const before = settled();
        if (i % 5 === 4) await eventually(() => settled() > before || all.signal.aborted, 'another one is settled');
      }
    })();
    const inserts = Array.from({ length: 4 }, async (_, worker) => {
      for (let i = 0; i < 25; i++) {
        const name = `${worker}-${i}`;
        try {
          await client.transact((tx) => tx.insert('Address_Set', { name }), { timeoutMs: 20_000 });
          committed.push(name);
          if (client.tables.Address_Set.find({ name }) === undefined) missing.push(name);
        } catch (error) {
          expect(error).to.include({ outcome: 'unknown' });
          unknown++;
        }
      }
    });
    await Promise.all(inserts);
    all.abort();
    await cutter;
    await client.synced({ timeoutMs: 20_000 });
    expect(missing).to.deep.equal([]);
    expect(committed.length + unknown).to.equal(100);
    using raw = await RawClient.connect(sandbox.remote);
    const rows = await raw.rows('Address_Set');
    const names = [...rows.values()].map(({ name }) => name);
    expect(names).to.include.members(committed);
    expect(new Set(names)).to.have.lengthOf(names.length);
    expect([...client.tables.Address_Set].map(({ _uuid }) => _uuid)).to.have.members([...rows.keys()]);
  });
});
