/** Snapshots of thousands of rows, over connections that end in the middle of them. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ConnectionOptions } from '../../lib/client/client-options.js';
import type { ClientState } from '../../lib/client/client-state.js';
import type { MonitorMethod } from '../../lib/replica/monitor-method.js';
import type { RowData } from '../../lib/replica/row.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import { Fold } from '../integration/fold.js';
import { comparable, eventually, outOfSync } from '../integration/raw-client.js';
import { onRealServer } from '../integration/test-server.js';
import { failure } from '../failure.js';
import { Random } from '../random.js';
import { ClientProxy } from './client-proxy.js';
import { FaultLine, type Break } from './fault-line.js';
import { FaultServer } from './fault-server.js';
import { leavingNothing } from './scene.js';

const NOTES = 5000;
const CUTS = 6;
const WAYS = ['close', 'reset', 'half-close'] as const satisfies readonly Break[];

type Client = OvsdbClient<UntypedTables, { readonly Note: string }>;
type Rows = ReadonlyMap<string, RowData>;

/** Has the server answer monitor requests that are newer than `method` as one does that does not know them. */
function limitTo(proxy: ClientProxy, method: MonitorMethod): void {
  const newer = { monitor_cond_since: [], monitor_cond: ['monitor_cond_since'], monitor: ['monitor_cond_since', 'monitor_cond'] }; // prettier-ignore
  proxy.onRequest = (message) =>
    (newer[method] as readonly string[]).includes(message.method ?? '') ? { error: 'unknown method' } : 'pass';
}

async function fill(server: FaultServer): Promise<void> {
  const note = (i: number): object => ({
    op: 'insert',
    table: 'Note',
    row: { text: `note ${i} "}]}{[${i % 10 === 0 ? ' größe 😀' : ''}`, tags: ['set', ['a', 'b', `tag ${i % 100}`]] },
  });
  for (let i = 0; i < NOTES; i += 1000) {
    await server.raw.commit(...Array.from({ length: 1000 }, (_, j) => note(i + j)));
  }
}

async function connect(server: FaultServer, remote: string, options: Partial<ConnectionOptions> = {}): Promise<Client> {
  return OvsdbClient.connect({
    remotes: remote,
    tls: server.tls,
    database: server.database,
    tables: ['Note'],
    backoff: { minMs: 5, maxMs: 20 },
    probeIntervalMs: 0,
    readyTimeoutMs: 120_000,
    ...options,
  });
}

function rowsOf(client: Client): Rows {
  return new Map([...client.tables.Note].map((row) => [row._uuid, row]));
}

async function verify(server: FaultServer, client: Client): Promise<void> {
  const rows = await server.raw.rows('Note');
  const found = new Map([...rowsOf(client)].map(([uuid, row]) => [uuid, comparable(row)]));
  expect(found).to.deep.equal(rows);
}

/** Plans a break of each of the next connections somewhere in its snapshot, at random but alike in each run. */
function planCuts(line: FaultLine, bytes: number, random: Random): void {
  const first = line.accepted;
  line.plan = (connection) => {
    if (connection - first >= CUTS) return {};
    const afterBytes = random.integer(bytes >> 4, bytes - (bytes >> 4));
    return { break: { direction: 'toClient', afterBytes, how: WAYS[connection % WAYS.length]! } };
  };
}

/** Changes, adds and deletes some of the notes. */
async function change(server: FaultServer, round: number): Promise<void> {
  const where = (tag: number): unknown[] => [['tags', 'includes', `tag ${tag}`]];
  await server.raw.commit(
    { op: 'delete', table: 'Note', where: where(round) },
    { op: 'update', table: 'Note', where: where(round + 50), row: { text: `changed in round ${round}` } },
    { op: 'insert', table: 'Note', row: { text: `of round ${round}` } },
  );
}

function describeLongSnapshots(method: MonitorMethod, model: 'standalone' | 'standalone-tls'): void {
  describe(`a long snapshot of ${method} from a ${model} server`, function () {
    this.timeout(180_000);
    let server: FaultServer;
    let proxy: ClientProxy | undefined;
    let line: FaultLine;
    /** That a client receives until it is in sync. */
    let bytes: number;

    before(async () => {
      server = await FaultServer.start(model);
      await fill(server);
      if (method !== 'monitor_cond_since') {
        proxy = await ClientProxy.start(server.remote);
        limitTo(proxy, method);
      }
    });
    after(async () => {
      await proxy?.[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      line = await FaultLine.start(proxy?.remote ?? server.remote);
      const client = await connect(server, line.remote);
      bytes = line.passed.toClient;
      expect(bytes).to.be.above(100 * NOTES);
      client.close();
      await eventually(() => line.connections + (proxy?.connections ?? 0) === 0, 'the first connection is closed');
    });
    afterEach(() => line[Symbol.asyncDispose]());

    it('is taken from the start until a connection lasts to its end, and told once', async () => {
      await leavingNothing(async () => {
        planCuts(line, bytes, new Random(1, bytes));
        const client = await connect(server, line.remote);
        expect(line.broken).to.equal(CUTS);
        expect(client.state).to.include({ name: 'synced', method, kind: 'snapshot' });
        await verify(server, client);
        expect(client.metrics().replica).to.include({
          batches: 1,
          inserts: client.tables.Note.size,
          updates: 0,
          deletes: 0,
        });
        client.close();
        await eventually(() => line.connections === 0, 'every connection is closed');
      });
    });

    it('shows nothing of itself after a cut, and its differences at its end', async () => {
      const client = await connect(server, line.remote);
      const breaches: string[] = [];
      const fold = new Fold('events', (what) => breaches.push(what));
      fold.begin([['Note', client.tables.Note]]);
      client.on('batch', (batch) => fold.add(batch));
      line.refusing = true;
      line.cut();
      await outOfSync(client);
      await change(server, 1);
      const before = rowsOf(client);
      let looks = 0;
      const look = (state: ClientState): void => {
        looks++;
        if (state.name === 'synced') return;
        const now = rowsOf(client);
        if (now.size !== before.size || [...before].some(([uuid, row]) => now.get(uuid) !== row)) {
          breaches.push(`the rows are others while ${state.name}`);
        }
      };
      client.on('state', look);
      planCuts(line, bytes, new Random(2, bytes));
      line.refusing = false;
      await eventually(() => line.broken === CUTS && client.state.name === 'synced', 'in sync after all cuts', 120_000);
      expect(looks).to.be.above(2 * CUTS);
      await verify(server, client);
      const after = rowsOf(client);
      const kept = [...before].filter(([uuid, row]) => after.get(uuid) === row);
      expect(kept.length, 'rows that nobody changed').to.equal(before.size - 2 * (NOTES / 100));
      expect([...breaches, ...fold.compare([['Note', client.tables.Note]])]).to.deep.equal([]);
      expect(fold.batches).to.deep.equal({ initial: 0, update: 0, resync: 1, overflow: 0 });
      expect(fold.changes).to.equal(2 * (NOTES / 100) + 1);
      client.close();
    });

    it('without a difference is no event, and leaves every row the one that it was', async () => {
      const client = await connect(server, line.remote);
      const before = rowsOf(client);
      let events = 0;
      client.on('batch', () => events++);
      const { connections } = client.metrics();
      line.cut();
      await outOfSync(client);
      await eventually(() => client.state.name === 'synced', 'in sync again');
      expect(client.metrics().connections.reconnects).to.equal(connections.reconnects + 1);
      expect(events).to.equal(0);
      const after = rowsOf(client);
      expect(after.size).to.equal(before.size);
      for (const [uuid, row] of before) expect(after.get(uuid)).to.equal(row);
      client.close();
    });

    it('is given up in its middle when it stands still, and asked for again', async () => {
      await leavingNothing(async () => {
        const first = line.accepted;
        const silence = { direction: 'toClient', afterBytes: bytes >> 1, how: 'silence' } as const;
        line.plan = (connection) => (connection === first ? { break: silence } : {});
        const client = await connect(server, line.remote, { snapshotTimeoutMs: 1500 });
        expect(line.accepted).to.be.above(first + 1);
        await verify(server, client);
        client.close();
        await eventually(() => line.connections === 0, 'every connection is closed');
      });
    });

    it('leaves nothing behind when its client gives up in its middle', async () => {
      await leavingNothing(async () => {
        const silence = { direction: 'toClient', afterBytes: bytes >> 1, how: 'silence' } as const;
        line.plan = () => ({ break: silence });
        const aborter = new AbortController();
        const connecting = failure(connect(server, line.remote, { signal: aborter.signal }));
        await eventually(() => line.broken > 0, 'the middle of the snapshot');
        const reason = new Error('not wanted any more');
        aborter.abort(reason);
        expect(await connecting).to.equal(reason);
        await eventually(() => line.connections === 0, 'every connection is closed');
      });
    });
  });
}

for (const method of ['monitor_cond_since', 'monitor_cond', 'monitor'] as const) {
  describeLongSnapshots(method, 'standalone');
}
onRealServer(() => describeLongSnapshots('monitor_cond_since', 'standalone-tls'));

describe('a long snapshot through a meddling proxy', function () {
  this.timeout(180_000);
  let server: FaultServer;
  let proxy: ClientProxy;

  before(async () => {
    server = await FaultServer.start();
    await fill(server);
  });
  after(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    proxy = await ClientProxy.start(server.remote);
  });
  afterEach(() => proxy[Symbol.asyncDispose]());

  /** One of the notes in the middle. */
  const CHOSEN = `note ${NOTES / 2 + 1} "}]}{[`;

  for (const method of ['monitor_cond_since', 'monitor_cond', 'monitor'] as const) {
    it(`with a malformed row is refused with the error of a short one, changes nothing, and is asked for again: ${method}`, async () => {
      limitTo(proxy, method);
      const client = await connect(server, proxy.remote);
      const one = await OvsdbClient.connect({
        remotes: proxy.remote,
        database: server.database,
        tables: { Note: { where: [['text', '==', CHOSEN]] } },
        backoff: { minMs: 5, maxMs: 20 },
        probeIntervalMs: 0,
      });
      const before = rowsOf(client);
      const errors: Error[][] = [];
      for (const each of [client, one]) {
        const seen: Error[] = [];
        errors.push(seen);
        each.on('state', (state) => {
          if (state.name === 'backoff' && 'code' in state.error && state.error.code === 'Protocol')
            seen.push(state.error);
        });
        each.on('warning', () => undefined);
      }
      const text = JSON.stringify(CHOSEN);
      let malformed = 0;
      proxy.onReply = (message) => {
        const whole = JSON.stringify(message);
        if (malformed >= 2 || !whole.includes(text) || !('result' in message)) return 'pass';
        malformed++;
        return { text: whole.replace(text, '["set",[]]') };
      };
      proxy.cut();
      await eventually(() => malformed === 2, 'two malformed rows');
      for (const each of [client, one]) await eventually(() => each.state.name === 'synced', 'in sync again');
      const [ofLong = [], ofShort = []] = errors;
      expect(ofLong.map(({ message }) => message)).to.deep.equal(ofShort.map(({ message }) => message));
      expect(ofLong).to.have.lengthOf(1);
      expect(ofLong[0]!.message).to.match(/Note\.text/);
      for (const [uuid, row] of rowsOf(client)) expect(before.get(uuid)).to.equal(row);
      await verify(server, client);
      client.close();
      one.close();
    });
  }

  it('with something that is no row at all ends the connection, changes nothing, and is asked for again', async () => {
    const client = await connect(server, proxy.remote);
    const before = rowsOf(client);
    const messages: string[] = [];
    client.on('state', (state) => {
      if (state.name === 'backoff') messages.push(state.error.message);
    });
    client.on('warning', () => undefined);
    let malformed = 0;
    proxy.onReply = (message) => {
      const whole = JSON.stringify(message);
      const at = whole.indexOf(JSON.stringify(CHOSEN));
      if (malformed >= 2 || at < 0) return 'pass';
      const start = whole.lastIndexOf('":{"', whole.lastIndexOf('":{"', at) - 1) + 2;
      const end = whole.indexOf('}}', at) + 2;
      return {
        text: `${whole.slice(0, start)}${malformed++ === 0 ? '5' : '{"initial":{"text":01}}'}${whole.slice(end)}`,
      };
    };
    proxy.cut();
    await outOfSync(client);
    await eventually(() => malformed === 2 && client.state.name === 'synced', 'in sync again');
    expect(messages.join('\n'))
      .to.match(/where a row or the end of a table belongs/)
      .and.to.match(/is not JSON/);
    const after = rowsOf(client);
    expect(after.size).to.equal(before.size);
    for (const [uuid, row] of after) expect(before.get(uuid)).to.equal(row);
    client.close();
  });

  it('reaches two monitors on one connection, each with its rows, also after a cut', async () => {
    const client = await connect(server, proxy.remote, {});
    const other = await client.monitor({
      tables: { Note: { where: [['tags', 'includes', ['tag 7']]] }, Counter: true },
    });
    const wanted = await server.raw.rows('Note', [['tags', 'includes', 'tag 7']]);
    for (const round of [1, 2]) {
      expect(other.tables.Note.size, `round ${round}`).to.equal(wanted.size);
      expect([...other.tables.Note].every(({ _uuid }) => wanted.has(_uuid))).to.equal(true);
      await verify(server, client);
      proxy.cut();
      await outOfSync(client);
      await eventually(() => client.state.name === 'synced', 'in sync again');
    }
    client.close();
  });
});
