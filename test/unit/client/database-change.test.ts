/** A database that changes under a session, at moments that a real server does not offer on demand. */
import { expect } from 'chai';

import type { ClientState } from '../../../lib/client/client-state.js';
import { ZERO_UUID } from '../../../lib/schema/uuid.js';
import { asksFor, connectTo, reached, type Client } from './fake-client.js';
import { FakeServer, ROW, type FakeConnection, type Request } from './fake-server.js';

const TXN = 'ffffffff-0000-4000-8000-000000000000';
const OWN = 'ovn-northbound:DB';
const FURTHER = 'ovn-northbound:DB:1';

const canceled = (id: string): object => ({ id: null, method: 'monitor_canceled', params: [id] });
const snapshot = ({ id }: Request, name: string): object => ({
  id,
  result: [false, TXN, { T: { [ROW]: { initial: { name } } } }],
  error: null,
});
const isMonitor = asksFor('monitor_cond_since', 'DB');
const isFurther = (request: Request): boolean => isMonitor(request) && request.params[1] === FURTHER;

describe('a database that changes while', () => {
  let server: FakeServer;
  let client: Client;
  let states: ClientState['name'][];

  beforeEach(async () => {
    server = new FakeServer();
    client = await connectTo(server);
    states = [];
    client.on('state', ({ name }) => states.push(name));
  });
  afterEach(() => client.close());

  /** Methods that concern the database, of the latest connection. */
  const asked = (): string[] =>
    server.latest.requests
      .filter(({ params }) => [OWN, FURTHER, 'DB'].includes(params[0] as string))
      .map(({ method }) => method);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const names = (): unknown[] => [...client.tables.T].map(({ name }) => name);

  it('its snapshot is on the way is asked for everything again, on the same connection', async () => {
    let first = true;
    server.onRequest = (request, connection) => {
      if (!isMonitor(request) || !first) return undefined;
      first = false;
      // In one piece: the snapshot is dealt with after both have been read.
      connection.receive(snapshot(request, 'old'), canceled(OWN));
      return 'silence';
    };
    server.rows = { [ROW]: { name: 'new' } };
    client.reconnect();
    await reached(client, 'synced');
    expect(names()).to.deep.equal(['new']);
    expect(asked()).to.deep.equal(['get_schema', 'monitor_cond_since', 'get_schema', 'monitor_cond_since']);
    expect(server.latest.requests.filter(isMonitor).at(-1)!.params[3]).to.equal(ZERO_UUID);
    expect(states).to.deep.equal(['backoff', 'connecting', 'syncing', 'synced']);
  });

  it('monitors are refused for that is asked again when all have their answer', async () => {
    const further = await client.monitor({ tables: ['T'] });
    let held: [Request, FakeConnection] | undefined;
    let refusals = 0;
    server.onRequest = (request, connection) => {
      if (isFurther(request) && held === undefined) {
        held = [request, connection];
        return 'silence';
      }
      const refused = /^monitor_cond|^monitor$/.test(request.method) && request.params[1] === OWN && refusals < 3;
      return refused ? { error: { error: `refusal ${++refusals}` } } : undefined;
    };
    client.reconnect();
    while (refusals < 3) await turn();
    for (let i = 0; i < 5; i++) await turn();
    expect(server.latest.requests.filter(asksFor('get_schema', 'DB'))).to.have.lengthOf(1);
    const [request, connection] = held!;
    const synced = reached(client, 'synced');
    connection.receive(snapshot(request, 'a'));
    await synced;
    expect(server.latest).to.equal(connection);
    // What the server took on at first is ended before it is asked for again.
    const about = server.latest.requests.filter(({ params }) => params.includes(FURTHER)).map(({ method }) => method);
    expect(about).to.deep.equal(['monitor_cond_since', 'monitor_cancel', 'monitor_cond_since']);
    connection.receive({
      id: null,
      method: 'update3',
      params: [FURTHER, TXN, { T: { [ROW]: { modify: { name: 'b' } } } }],
    });
    expect(further.tables.T.find({ name: 'b' })).not.to.equal(undefined);
    expect(names()).to.deep.equal(['a']);
  });

  it('a further monitor is being added is asked for it again', async () => {
    let held: Request | undefined;
    server.onRequest = (request) => {
      const { method, params } = request;
      // The older ways to ask are tried as well.
      if (/^monitor(_cond)?$/.test(method) && params[1] === FURTHER) return { error: { error: 'unknown database' } };
      if (!isFurther(request) || held !== undefined) return undefined;
      held = request;
      return 'silence';
    };
    const adding = client.monitor({ tables: ['T'] });
    while (held === undefined) await turn();
    server.latest.receive(canceled(OWN), { id: held.id, result: null, error: { error: 'unknown database' } });
    const { tables } = await adding;
    expect(tables.T.size).to.equal(1);
    expect(client.state.name).to.equal('synced');
    expect(server.connections).to.have.lengthOf(1);
  });

  it('the rows of a further monitor are on their way lets them arrive before it asks for them again', async () => {
    let held: Request | undefined;
    server.onRequest = (request) => {
      if (!isFurther(request) || held !== undefined) return undefined;
      held = request;
      return 'silence';
    };
    const adding = client.monitor({ tables: ['T'] });
    while (held === undefined) await turn();
    server.rows = { [ROW]: { name: 'new' } };
    server.latest.receive(canceled(OWN));
    for (let i = 0; i < 5; i++) await turn();
    const about = (): string[] =>
      server.latest.requests.filter(({ params }) => params.includes(FURTHER)).map(({ method }) => method);
    expect(about()).to.deep.equal(['monitor_cond_since']);
    server.latest.receive(snapshot(held, 'old'));
    const { tables } = await adding;
    expect(about()).to.deep.equal(['monitor_cond_since', 'monitor_cancel', 'monitor_cond_since']);
    expect([...tables.T].map(({ name }) => name)).to.deep.equal(['new']);
  });

  it('a further monitor is closed does not ask for that any more, nor tell anybody of it', async () => {
    for (const step of ['monitor_cancel', 'monitor_cond_since']) {
      const further = await client.monitor({ tables: ['T'] });
      const id = server.latest.requests.filter(asksFor('monitor_cond_since', 'DB')).at(-1)!.params[1];
      const told: unknown[] = [];
      further.on('batch', (batch) => told.push(batch));
      let held: Request | undefined;
      server.onRequest = (request) => {
        if (request.method !== step || !request.params.includes(id) || held !== undefined) return undefined;
        held = request;
        return 'silence';
      };
      const synced = reached(client, 'synced');
      server.latest.receive(canceled(OWN));
      while (held === undefined) await turn();
      const before = server.latest.requests.length;
      further.close();
      server.rows = { [ROW]: { name: `after ${step}` } };
      server.latest.receive(step === 'monitor_cancel' ? { id: held.id, result: {}, error: null } : snapshot(held, 'b'));
      await synced;
      const since = server.latest.requests.slice(before).filter(({ params }) => params.includes(id));
      expect(since.map(({ method }) => method)).to.deep.equal(['monitor_cancel']);
      expect(told).to.deep.equal([]);
      expect(server.connections).to.have.lengthOf(1);
    }
  });

  it('one monitor after the other is told is asked for all that it keeps', async () => {
    const further = await client.monitor({ tables: ['T'] });
    server.rows = { [ROW]: { name: 'new' } };
    server.latest.receive(canceled('somebody else'), canceled(OWN));
    await turn();
    server.latest.receive(canceled(FURTHER));
    await reached(client, 'synced');
    expect(names()).to.deep.equal(['new']);
    expect([...further.tables.T].map(({ name }) => name)).to.deep.equal(['new']);
    server.latest.receive(
      ...[OWN, FURTHER].map((id) => ({
        id: null,
        method: 'update3',
        params: [id, TXN, { T: { [ROW]: { delete: null } } }],
      })),
    );
    expect([client.tables.T.size, further.tables.T.size]).to.deep.equal([0, 0]);
    expect(server.connections).to.have.lengthOf(1);
  });

  it('its conditions are being changed gets the new ones with the next request', async () => {
    const told: string[] = [];
    client.on('conditions', (tables) => told.push(tables.join()));
    server.onRequest = (request, connection) => {
      if (request.method !== 'monitor_cond_change') return undefined;
      connection.receive(canceled(OWN), { id: request.id, result: null, error: 'unknown monitor' });
      return 'silence';
    };
    await client.setConditions({ T: [['name', '==', 'a']] });
    await client.synced();
    const last = server.latest.requests.filter(isMonitor).at(-1)!;
    expect(last.params[2]).to.deep.equal({ T: [{ columns: ['name'], where: [['name', '==', 'a']] }] });
    expect(told).to.deep.equal(['T']);
    expect(asked().filter((method) => method === 'monitor_cond_change')).to.have.lengthOf(1);
    expect(server.connections).to.have.lengthOf(1);
  });

  it('a lock is held leaves the lock alone: it belongs to the connection, not to the database', async () => {
    server.onRequest = ({ method }) => (method === 'lock' ? { result: { locked: true } } : undefined);
    const lock = client.lock('leader');
    await lock.acquired();
    const told: string[] = [];
    for (const event of ['locked', 'stolen', 'lost', 'refused'] as const) lock.on(event, () => told.push(event));
    server.latest.receive(canceled(OWN));
    await reached(client, 'synced');
    expect(lock.held).to.equal(true);
    // It changes again, and this time the connection ends before all is in order.
    server.onRequest = (request) => (asksFor('get_schema', 'DB')(request) ? 'cut' : undefined);
    server.latest.receive(canceled(OWN));
    await reached(client, 'backoff');
    expect([lock.held, ...told]).to.deep.equal([false, 'lost']);
    expect(server.connections[0]!.requests.filter(({ method }) => method === 'lock')).to.have.lengthOf(1);
  });

  it('many monitors follow it costs no warning of the process', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    try {
      for (let i = 0; i < 15; i++) await client.monitor({ tables: ['T'] });
      server.latest.receive(canceled(OWN));
      await reached(client, 'synced');
      await turn();
      expect(warnings).to.deep.equal([]);
    } finally {
      process.off('warning', onWarning);
    }
  });

  it('nobody writes, and is gone: the server is left, and asked again until it is back', async () => {
    server.status = undefined;
    server.onRequest = (request) =>
      asksFor('get_schema', 'DB')(request) ? { error: { error: 'unknown database' } } : undefined;
    server.changeStatus(null);
    await reached(client, 'backoff', 3);
    expect(client.state)
      .to.have.nested.property('error.message')
      .that.matches(/has no database DB; it serves DB/);
    expect(names()).to.deep.equal(['a']);
    server.status = { model: 'standalone', connected: true, leader: true };
    server.onRequest = () => undefined;
    await client.synced();
    expect(names()).to.deep.equal(['a']);
    expect(client.state.name).to.equal('synced');
  });
});
