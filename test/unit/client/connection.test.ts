/** The life of a client's connections: time limits, pauses and remotes, in every state. */
import { expect } from 'chai';

import type { ClientState } from '../../../lib/client/client-state.js';
import { ZERO_UUID } from '../../../lib/schema/uuid.js';
import { failure } from '../../failure.js';
import { asksFor, connectTo, reached, type Client, type Options } from './fake-client.js';
import { FakeServer, refused, ROW, type Request } from './fake-server.js';

const CLUSTER = 'c1c1c1c1-0000-4000-8000-000000000000';
const OTHER_CLUSTER = 'c2c2c2c2-0000-4000-8000-000000000000';
const member = (status: object = {}): object => ({
  model: 'clustered',
  connected: true,
  leader: true,
  cid: ['uuid', CLUSTER],
  index: 7,
  ...status,
});

describe('the connections of a client', () => {
  let server: FakeServer;
  const clients: Client[] = [];

  beforeEach(() => {
    server = new FakeServer();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  async function connect(options: Options = {}): Promise<Client> {
    const client = await connectTo(server, options);
    clients.push(client);
    return client;
  }

  /** States from now on. */
  function watch(client: Client): ClientState[] {
    const states: ClientState[] = [];
    client.on('state', (state) => states.push(state));
    return states;
  }
  const names = (states: readonly ClientState[]): string[] => states.map(({ name }) => name);

  describe('and their time limits', () => {
    const limits: Readonly<Record<string, [(request: Request) => boolean, Options, RegExp, string[]]>> = {
      'for the first reply': [
        asksFor('get_schema', '_Server'),
        { connectTimeoutMs: 30 },
        /get_schema: no reply from tcp:a:1 within 30 ms/,
        ['connecting', 'backoff'],
      ],
      'for what the server says of itself': [
        asksFor('monitor_cond_since', '_Server'),
        { connectTimeoutMs: 30 },
        /monitor_cond_since: no reply/,
        ['connecting', 'backoff'],
      ],
      'for the schema': [
        asksFor('get_schema', 'DB'),
        { schemaTimeoutMs: 30 },
        /get_schema: no reply/,
        ['connecting', 'syncing', 'backoff'],
      ],
      'for the snapshot': [
        asksFor('monitor_cond_since', 'DB'),
        { snapshotTimeoutMs: 30 },
        /monitor_cond_since: no reply/,
        ['connecting', 'syncing', 'backoff'],
      ],
    };
    for (const [what, [isConcerned, options, message, expected]] of Object.entries(limits)) {
      it(`hold ${what}: a server that stays silent is left`, async () => {
        const client = await connect(options);
        const states = watch(client);
        server.onRequest = (request) => (isConcerned(request) ? 'silence' : undefined);
        client.reconnect();
        await reached(client, 'backoff', 2);
        server.onRequest = () => undefined;
        await client.synced();
        expect(names(states).slice(1, 1 + expected.length)).to.deep.equal(expected);
        const pause = states[expected.length] as { error: Error };
        expect(pause.error).to.include({ code: 'Timeout', timeoutMs: 30 });
        expect(pause.error.message).to.match(message);
        expect(
          server.connections.every((connection, i) => connection.closed || i === server.connections.length - 1),
        ).to.equal(true);
      });
    }

    it('for a snapshot double each time, so that a large database arrives in the end', async () => {
      const client = await connect({ snapshotTimeoutMs: 20, backoff: { minMs: 1, maxMs: 1 } });
      const waited: unknown[] = [];
      client.on('state', (state) => {
        if (state.name === 'backoff' && 'timeoutMs' in state.error) waited.push(state.error.timeoutMs);
      });
      server.onRequest = (request) =>
        asksFor('monitor_cond_since', 'DB')(request) && waited.length < 4 ? 'silence' : undefined;
      client.reconnect();
      await client.synced();
      expect(waited).to.deep.equal([20, 40, 80, 160]);
    });

    it('end connect(), which says what the last attempt came to', async () => {
      server.onRequest = () => 'silence';
      const error = await failure(connect({ readyTimeoutMs: 500, connectTimeoutMs: 20 }));
      expect(error).to.include({ code: 'ConnectFailed' });
      expect(error.message).to.match(/no reply from tcp:a:1 within 20 ms/);
      expect(server.connections.every(({ closed }) => closed)).to.equal(true);
    });
  });

  it('are not left open when an option makes no sense', async () => {
    expect(await failure(connect({ maxMessageBytes: 0 }))).to.include({ code: 'InvalidArgument' });
    expect(server.latest.closed).to.equal(true);
    expect(await failure(connect({ probeIntervalMs: -1 }))).to.include({ code: 'InvalidArgument' });
    expect(server.connections).to.have.lengthOf(1);
  });

  it('are not made for conditions that are none', async () => {
    for (const where of ['x', [5], {}]) {
      const tables = { T: { where } } as unknown as Record<string, true>;
      expect(await failure(connect({ tables }))).to.include({ code: 'InvalidArgument' });
    }
    expect(server.attempts).to.deep.equal([]);
  });

  it('are given less time at first where there are several remotes, and more with each pause', async () => {
    const remotes = ['tcp:a:1', 'tcp:b:1'];
    const client = await connect({ remotes, connectTimeoutMs: 10_000 });
    server.onConnect = refused;
    server.attempts.length = 0;
    server.latest.cut();
    await reached(client, 'backoff', 10);
    const limits = server.attempts.map(({ timeoutMs }) => timeoutMs);
    expect(limits.filter((ms, i) => i === 0 || ms !== limits[i - 1])).to.deep.equal([2000, 4000, 8000, 10_000]);
    server.onConnect = () => undefined;
    await connect({ remotes: 'tcp:c:1', connectTimeoutMs: 10_000 });
    expect(server.attempts.find(({ remote }) => remote === 'tcp:c:1')?.timeoutMs).to.equal(10_000);
  });

  it('count as made with the first reply: before, the state is connecting', async () => {
    const client = await connect();
    const states = watch(client);
    server.onRequest = (_request, connection) => {
      connection.cut();
      return 'silence';
    };
    client.reconnect();
    await reached(client, 'backoff', 3);
    expect(names(states)).not.to.include('syncing');
    server.onRequest = () => undefined;
    await client.synced();
    expect(names(states).slice(-3)).to.deep.equal(['connecting', 'syncing', 'synced']);
  });

  describe('and the pauses between them', () => {
    const REMOTES = ['tcp:a:1', 'tcp:b:1', 'tcp:c:1'];

    it('come after each remote had its turn, and grow up to the longest, with jitter', async () => {
      const client = await connect({ remotes: REMOTES });
      // It has served for longer than the shortest pause.
      await new Promise((resolve) => setTimeout(resolve, 25));
      server.onConnect = refused;
      const delays: number[] = [];
      client.on('state', (state) => {
        if (state.name === 'backoff') delays.push(state.delayMs);
      });
      server.attempts.length = 0;
      server.latest.cut();
      await reached(client, 'backoff', 12);
      // The loss itself and two attempts are followed by the next at once, the third by a pause, and so on.
      expect(delays.map((ms) => ms > 0)).to.deep.equal(delays.map((_, i) => i % 3 === 2));
      const pauses = delays.filter((ms) => ms > 0);
      for (const [i, longest] of [20, 40, 80, 80].entries()) {
        expect(pauses[i]).to.be.within(longest * 0.75 - 1, longest);
      }
      expect(new Set(server.attempts.slice(0, 3).map(({ remote }) => remote)).size).to.equal(3);
    });

    const TROUBLES = [
      'drops every connection at once',
      'drops every connection at the first request',
      'dies right after each snapshot',
      'says after each snapshot that it is not the leader any more',
      'sends what cannot be applied after each snapshot',
      'refuses the monitor',
    ];
    for (const trouble of TROUBLES) {
      it(`keep a server from being asked in a busy loop that ${trouble}`, async () => {
        server.status = member();
        const client = await connect({ remotes: REMOTES });
        const states = watch(client);
        server.attempts.length = 0;
        if (trouble.startsWith('drops every connection at once')) server.onConnect = refused;
        else if (trouble.startsWith('drops')) server.onRequest = () => 'cut';
        else if (trouble.startsWith('refuses')) {
          server.onRequest = (request) =>
            /^monitor/.test(request.method) && request.params[0] === 'DB' ? { error: 'no' } : undefined;
        } else {
          client.on('state', ({ name }) => {
            if (name !== 'synced') return;
            const connection = server.latest;
            queueMicrotask(() => {
              if (trouble.startsWith('dies')) connection.cut();
              else if (trouble.startsWith('says')) server.changeStatus({ leader: false });
              else {
                const params = ['ovn-northbound:DB', ZERO_UUID, { T: { [ROW]: { insert: { name: 'again' } } } }];
                connection.receive({ id: null, method: 'update3', params });
              }
            });
          });
        }
        const from = performance.now();
        client.reconnect();
        await reached(client, 'backoff', 24);
        const seconds = (performance.now() - from) / 1000;
        const rounds = states.filter((state) => state.name === 'backoff' && state.delayMs > 0).length;
        // A session that lasts as long as a pause, as on a slow machine, is followed by none.
        expect(rounds > 2 || seconds > 24 * 0.02, `${rounds} pauses in ${seconds} s`).to.equal(true);
        // A round of three attempts and a pause of 15 ms at least: no more than 200 attempts in a second.
        expect(server.attempts.length / seconds).to.be.lessThan(250);
      });
    }

    it('are cut short by reconnect(), also when a listener of the pause asks for that', async () => {
      const client = await connect({ backoff: { minMs: 60_000, maxMs: 60_000 } });
      server.onConnect = refused;
      server.latest.cut();
      await reached(client, 'backoff', 1);
      const failed = reached(client, 'backoff', 2);
      client.reconnect();
      await failed;
      server.onConnect = () => undefined;
      client.reconnect();
      await client.synced({ timeoutMs: 20_000 });
      server.onConnect = refused;
      let pauses = 0;
      const stop = client.on('state', (state) => {
        if (state.name !== 'backoff' || state.delayMs === 0) return;
        if (++pauses === 3) server.onConnect = () => undefined;
        client.reconnect();
      });
      server.latest.cut();
      await client.synced({ timeoutMs: 20_000 });
      stop();
      expect(pauses).to.equal(3);
    });
  });

  describe('after reconnect()', () => {
    for (const where of ['connecting', 'syncing', 'synced', 'backoff'] as const) {
      it(`begin at once, in state ${where}`, async () => {
        const client = await connect({ remotes: ['tcp:a:1', 'tcp:b:1'], backoff: { minMs: 60_000, maxMs: 60_000 } });
        const states = watch(client);
        let asked = 0;
        const stop = client.on('state', ({ name }) => {
          if (name !== where || asked++ > 0) return;
          client.reconnect('for a test');
        });
        if (where === 'synced') client.reconnect();
        else server.latest.cut();
        if (where !== 'backoff') client.reconnect();
        await reached(client, 'synced', where === 'synced' ? 2 : 1);
        stop();
        expect(asked).to.be.greaterThan(0);
        const pauses = states.filter((state) => state.name === 'backoff' && state.delayMs > 0);
        expect(pauses.length).to.be.at.most(where === 'backoff' ? 1 : 0);
        expect(server.connections.filter(({ closed }) => !closed)).to.have.lengthOf(1);
      });
    }

    it('let transactions that are under way be answered first, while there is no longer than a second between two', async () => {
      const client = await connect();
      const waiting: Request[] = [];
      const [first] = server.connections;
      server.onRequest = (request) => {
        if (request.method !== 'transact') return undefined;
        waiting.push(request);
        return 'silence';
      };
      const sent = client.transact((tx) => tx.delete('T', ROW as never));
      const lost = failure(client.transact((tx) => tx.delete('T', ROW as never)));
      await new Promise((resolve) => setImmediate(resolve));
      expect(waiting).to.have.lengthOf(2);
      client.reconnect();
      await reached(client, 'backoff');
      expect(first!.closed).to.equal(false);
      const late = client.transact((tx) => tx.delete('T', ROW as never));
      first!.receive({ id: waiting[0]!.id, result: [{ count: 1 }], error: null });
      await sent;
      const from = performance.now();
      expect(await lost).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      expect(performance.now() - from).to.be.within(900, 5_000);
      server.onRequest = ({ method }) => (method === 'transact' ? { result: [{ count: 1 }] } : undefined);
      await late;
      expect(server.connections).to.have.lengthOf(2);
    });
  });

  it('take a cluster that was put back to an older state only after resetClusterPosition()', async () => {
    server.status = member({ index: 7 });
    const client = await connect();
    server.status = member({ index: 3 });
    const refusal = watch(client);
    server.latest.cut();
    await reached(client, 'backoff', 3);
    expect(refusal.find((state) => state.name === 'backoff' && 'reason' in state.error)).to.have.nested.include({
      'error.code': 'ServerUnfit',
      'error.reason': 'stale',
    });
    client.resetClusterPosition();
    await client.synced({ timeoutMs: 5_000 });
  });

  describe('when the remotes change', () => {
    it('stay where the present one is still listed, and its cluster not another', async () => {
      server.status = member();
      const client = await connect();
      const states = watch(client);
      client.setRemotes('tcp:b:1,tcp:a:1');
      client.setRemotes(['tcp:a:1', `cid:${CLUSTER}`]);
      client.setRemotes('tcp:a:1');
      expect(() => client.setRemotes('tcp:b:1,nonsense'))
        .to.throw(Error)
        .that.includes({ code: 'InvalidRemote' });
      expect(() => client.setRemotes([]))
        .to.throw(Error)
        .that.includes({ code: 'InvalidRemote' });
      await new Promise((resolve) => setImmediate(resolve));
      expect(states).to.deep.equal([]);
      // The list is that of before the mistakes.
      server.latest.cut();
      await client.synced();
      expect(server.attempts.map(({ remote }) => remote)).to.deep.equal(['tcp:a:1', 'tcp:a:1']);
      client.setRemotes(['tcp:a:1', `cid:${OTHER_CLUSTER}`]);
      const error = await failure(client.synced({ timeoutMs: 100 }));
      expect(error.cause).to.include({ code: 'ServerUnfit', reason: 'no-database' });
      expect((error.cause as Error).message).to.include(OTHER_CLUSTER);
    });

    for (const where of ['connecting', 'syncing', 'synced', 'backoff'] as const) {
      it(`move to the new ones at once, in state ${where}`, async () => {
        const client = await connect({ backoff: { minMs: 60_000, maxMs: 60_000 } });
        const states = watch(client);
        if (where === 'connecting') server.onConnect = (remote) => (remote === 'tcp:a:1' ? 'silence' : undefined);
        if (where === 'backoff') server.onConnect = (remote) => (remote === 'tcp:a:1' ? refused() : undefined);
        if (where === 'syncing') {
          server.onRequest = (request, { remote }) =>
            asksFor('get_schema', 'DB')(request) && 'host' in remote && remote.host === 'a' ? 'silence' : undefined;
        }
        if (where !== 'synced') {
          const there = reached(client, where, 1);
          client.reconnect();
          await there;
        }
        client.setRemotes('tcp:b:1,tcp:c:1');
        await reached(client, 'synced');
        expect(client.state).to.include({ name: 'synced', remote: 'tcp:b:1' });
        const pauses = states.filter((state) => state.name === 'backoff' && state.delayMs > 0);
        expect(pauses.length).to.be.at.most(where === 'backoff' ? 1 : 0);
        expect(server.connections.filter(({ closed }) => !closed)).to.have.lengthOf(1);
      });
    }
  });

  describe('with a server that knows no _Server database', () => {
    it('work as ever, and begin anew when the server closes them because the database changed', async () => {
      server.onRequest = ({ method, params }) => {
        if (method === 'get_schema' && params[0] === '_Server') return { error: 'unknown database' };
        if (method === 'set_db_change_aware') return { error: 'unknown method' };
        return method === 'monitor_cond_since' ? { error: 'unknown method' } : undefined;
      };
      const client = await connect();
      expect(client.state).to.deep.include({ name: 'synced', method: 'monitor_cond', server: undefined });
      expect(server.methods).not.to.include('set_db_change_aware');
      const changes: string[] = [];
      client.on('batch', (batch) => changes.push(...batch.changes.map(({ type }) => `${batch.cause} ${type}`)));
      const text = { type: 'string' };
      server.schema = {
        name: 'DB',
        version: '2.0.0',
        tables: { T: { columns: { name: text, more: text }, isRoot: true } },
      };
      server.latest.cut();
      await reached(client, 'synced');
      expect(client.schema.version).to.equal('2.0.0');
      expect(changes).to.deep.equal(['resync update']);
    });
  });
});
