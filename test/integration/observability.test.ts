/** What a client counts, publishes and streams, on a real server that goes away and comes back. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import { DIAGNOSTICS_CHANNELS, type DiagnosticsMessages } from '../../lib/diagnostics.js';
import type { Batch } from '../../lib/replica/replica.js';
import { failure } from '../failure.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { eventually, outOfSync } from './raw-client.js';
import { startServer, type TestServer } from './test-server.js';

const OPTIONS = {
  database: 'OVN_Northbound',
  backoff: { minMs: 20, maxMs: 50 },
  tables: ['Logical_Switch', 'Address_Set'],
} as const;

type Published = { readonly [N in keyof DiagnosticsMessages]: DiagnosticsMessages[N][] };

/** Collects what is published until it is disposed of. */
function collect(): Published & Disposable {
  const published = { state: [], sync: [], transaction: [], overflow: [], warning: [] } as unknown as Published;
  const stops = Object.entries(DIAGNOSTICS_CHANNELS).map(([name, channel]) => {
    const listener = (message: unknown): void => void (published[name as keyof Published] as unknown[]).push(message);
    subscribe(channel, listener);
    return () => unsubscribe(channel, listener);
  });
  return { ...published, [Symbol.dispose]: () => stops.forEach((stop) => stop()) };
}

describe('a client under observation', () => {
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

  it('counts connections, syncs, traffic, rows and transactions, over a reconnect', async () => {
    await using client = await OvsdbClient.connect({ ...OPTIONS, remotes: proxy.remote });
    for (const name of ['a', 'b', 'c']) await client.transact((tx) => void tx.insert('Logical_Switch', { name }));
    await client.transact((tx) => void tx.delete('Logical_Switch', [['name', '==', 'c']]));
    const before = client.metrics();
    expect(before).to.deep.include({
      state: 'synced',
      staleMs: 0,
      connections: { attempted: 1, made: 1, reconnects: 0 },
      overflows: 0,
      warnings: 0,
    });
    expect(before.syncs).to.deep.include({ count: 1, resyncs: { snapshot: 0, delta: 0 } });
    expect(before.syncs.lastMs).to.be.above(0);
    expect({ ...before.replica.rows }).to.deep.equal({ Logical_Switch: 2, Address_Set: 0 });
    expect(before.replica).to.include({ batches: 5, inserts: 3, updates: 0, deletes: 1 });
    expect(before.replica.applyMs.sum).to.be.above(0);
    expect(before.replica.applyMs.sum).to.be.at.least(before.replica.applyMs.max);
    expect(before.transactions).to.include({ committed: 4, failed: 0, notSent: 0, unknown: 0, retries: 0 });
    expect(before.transactions).to.include({ inFlight: 0, waiting: 0 });
    expect(before.transactions.latency.count).to.equal(4);
    expect(before.traffic.messagesSent).to.be.above(6);

    proxy.refusing = true;
    const lost = outOfSync(client);
    proxy.cut();
    await lost;
    await eventually(() => client.metrics().staleMs > 0, 'the figure for staleness');
    const waiting = client.transact((tx) => void tx.insert('Address_Set', { name: 'late' }));
    await eventually(() => client.metrics().transactions.inFlight === 1, 'the transaction to be under way');
    proxy.refusing = false;
    await waiting;
    const after = client.metrics();
    expect([after.state, after.staleMs]).to.deep.equal(['synced', 0]);
    expect(after.connections).to.deep.include({ made: 2, reconnects: 1 });
    expect(after.connections.attempted).to.be.above(1);
    expect(after.syncs.count).to.equal(2);
    expect(after.syncs.resyncs.snapshot + after.syncs.resyncs.delta).to.equal(1);
    expect(after.traffic.bytesReceived).to.be.above(before.traffic.bytesReceived);
    expect(after.traffic.messagesSent).to.be.above(before.traffic.messagesSent);
    expect({ ...after.replica.rows }).to.deep.equal({ Logical_Switch: 2, Address_Set: 1 });
    expect(after.transactions).to.include({ committed: 5, inFlight: 0 });
  });

  it('tells failed, unsent and unknown transactions apart', async () => {
    using published = collect();
    await using client = await OvsdbClient.connect({ ...OPTIONS, remotes: proxy.remote });
    await client.transact((tx) => void tx.insert('Address_Set', { name: 'taken' }));
    await failure(client.transact((tx) => void tx.insert('Address_Set', { name: 'taken' }), { retries: 0 }));
    await failure(
      client.transact(() => {
        throw new RangeError('the callback cannot');
      }),
    );
    proxy.onRequest = ({ method }) => (method === 'transact' ? 'drop' : 'pass');
    const controller = new AbortController();
    const abandoned = failure(
      client.transact((tx) => void tx.insert('Address_Set', { name: 'abandoned' }), { signal: controller.signal }),
    );
    await eventually(() => proxy.transactions.length === 3, 'the transaction to be sent');
    controller.abort();
    await abandoned;
    expect(client.metrics().transactions).to.include({ committed: 1, failed: 1, notSent: 1, unknown: 1 });
    const told = published.transaction.map(({ outcome, code, attempts, operations }) => ({
      outcome,
      code,
      attempts,
      operations,
    }));
    expect(told).to.deep.equal([
      { outcome: 'committed', code: undefined, attempts: 1, operations: 1 },
      { outcome: 'failed', code: 'TransactionFailed', attempts: 1, operations: 1 },
      { outcome: 'not-sent', code: 'RangeError', attempts: 1, operations: 0 },
      { outcome: 'unknown', code: 'AbortError', attempts: 1, operations: 1 },
    ]);
  });

  it('publishes states, and what each sync took', async () => {
    using published = collect();
    await using client = await OvsdbClient.connect({ ...OPTIONS, remotes: proxy.remote });
    await client.transact((tx) => void tx.insert('Logical_Switch', { name: 'a' }));
    const lost = outOfSync(client);
    proxy.cut();
    await lost;
    await client.synced();
    expect(published.state.map(({ name }) => name).filter((name) => name !== 'backoff')).to.deep.equal([
      ...['connecting', 'syncing', 'synced'],
      ...['connecting', 'syncing', 'synced'],
    ]);
    expect(published.state.find(({ name }) => name === 'backoff')?.error).to.be.instanceOf(Error);
    const [first, second] = published.sync as [DiagnosticsMessages['sync'], DiagnosticsMessages['sync']];
    expect(first).to.include({ database: 'OVN_Northbound', remote: proxy.remote, kind: 'snapshot', isFirst: true });
    expect(second).to.include({ isFirst: false, rowChanges: 0 });
    for (const { bytesReceived, durationMs } of published.sync) {
      expect(bytesReceived).to.be.above(100);
      expect(durationMs).to.be.within(0.01, 10_000);
    }
    expect(published.sync).to.have.lengthOf(2);
  });

  it('publishes and counts warnings, also of listeners that throw', async () => {
    using published = collect();
    const warnings: string[] = [];
    await using client = await OvsdbClient.connect({
      ...OPTIONS,
      remotes: proxy.remote,
      onWarning: ({ message }) => warnings.push(message),
    });
    client.on('batch', () => {
      throw new Error('a fault of the listener');
    });
    await client.transact((tx) => void tx.insert('Logical_Switch', { name: 'a' }));
    expect(client.metrics().warnings).to.equal(1);
    expect(published.warning).to.have.lengthOf(1);
    expect(published.warning[0]).to.deep.include({ code: 'ListenerError', message: warnings[0] });
  });

  it('streams its changes through a reconnect, and tells when a consumer falls behind', async () => {
    using published = collect();
    await using client = await OvsdbClient.connect({ ...OPTIONS, remotes: proxy.remote });
    const overflows: unknown[] = [];
    client.on('overflow', (overflow) => overflows.push(overflow));
    const causes: string[] = [];
    const rows = new Map<string, unknown>();
    const fold = ({ cause, changes }: Batch): void => {
      causes.push(cause);
      for (const { type, row } of changes) {
        if (type === 'delete') rows.delete(row._uuid);
        else rows.set(row._uuid, row);
      }
    };
    const consumer = client.changes({ maxBatches: 2 })[Symbol.asyncIterator]();
    const read = async (): Promise<boolean> => {
      const result = await consumer.next();
      if (result.done !== true) fold(result.value);
      return result.done !== true;
    };
    await read();
    await client.transact((tx) => void tx.insert('Logical_Switch', { name: 'a' }));
    await read();
    const lost = outOfSync(client);
    proxy.cut();
    await lost;
    for (let i = 0; i < 4; i++) await client.transact((tx) => void tx.insert('Address_Set', { name: `set${i}` }));
    await client.transact((tx) => void tx.delete('Address_Set', [['name', '==', 'set0']]));
    await read();
    expect(causes).to.deep.equal(['initial', 'update', 'overflow']);
    expect(overflows).to.deep.equal([{ batches: 3, changes: 3 }]);
    expect(published.overflow).to.deep.equal([{ database: 'OVN_Northbound', batches: 3, changes: 3 }]);
    expect(client.metrics().overflows).to.equal(1);
    const present = [...client.tables['Logical_Switch'].values(), ...client.tables['Address_Set'].values()];
    expect(new Set(rows.values())).to.deep.equal(new Set(present));
    await client.transact((tx) => void tx.insert('Logical_Switch', { name: 'last' }));
    client.close();
    expect(await read()).to.equal(true);
    expect(await read()).to.equal(false);
    expect(causes.at(-1)).to.equal('update');
  });
});
