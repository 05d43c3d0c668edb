/** A server that breaks the protocol: the session is dropped, and after the next one the replica is right. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ClientState } from '../../lib/client/client-state.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import { ClientProxy } from '../faults/client-proxy.js';
import type { ClientMessage } from '../faults/scripted-server.js';
import { comparable, eventually, RawClient } from './raw-client.js';
import { failure } from '../failure.js';
import { startServer, type TestServer } from './test-server.js';

type Client = OvsdbClient<UntypedTables, Record<'Address_Set' | 'NB_Global', string>>;

const ABSENT = '01234567-89ab-4def-8123-456789abcdef';
const MAX_MESSAGE_BYTES = 200_000;

describe('a server that breaks the protocol', function () {
  this.timeout(90_000);
  let sandbox: TestServer;
  let proxy: ClientProxy;
  let raw: RawClient;
  let present: string;

  before(async () => {
    sandbox = await startServer();
    raw = await RawClient.connect(sandbox.remote);
    await raw.commit(
      ...['a', 'b', 'c'].map((name) => ({ op: 'insert', table: 'Address_Set', row: { name, addresses: '10.0.0.1' } })),
    );
    present = [...(await raw.rows('Address_Set')).keys()][0]!;
  });
  after(async () => {
    raw[Symbol.dispose]();
    await sandbox.stop();
  });
  beforeEach(async () => {
    proxy = await ClientProxy.start(sandbox.remote);
  });
  afterEach(() => proxy[Symbol.asyncDispose]());

  const connect = (readyTimeoutMs = 10_000): Promise<Client> =>
    OvsdbClient.connect({
      remotes: proxy.remote,
      database: 'OVN_Northbound',
      tables: ['Address_Set', 'NB_Global'],
      backoff: { minMs: 10, maxMs: 20 },
      maxMessageBytes: MAX_MESSAGE_BYTES,
      readyTimeoutMs,
    });

  const update3 = (tables: unknown, id: unknown = 'ovn-northbound:OVN_Northbound'): string =>
    JSON.stringify({ id: null, method: 'update3', params: [id, ABSENT, tables] });
  const row = (uuid: string, change: unknown): string => update3({ Address_Set: { [uuid]: change } });

  async function expectRight(client: Client): Promise<void> {
    await client.transact((tx) => tx.select('NB_Global', []));
    const rows = [...client.tables.Address_Set].map((each): [string, unknown] => [each._uuid, comparable(each)]);
    expect(new Map(rows)).to.deep.equal(await raw.rows('Address_Set'));
  }

  const BROKEN: Readonly<Record<string, (uuid: string) => string>> = {
    'half a message and then nothing': () => row(ABSENT, { insert: { name: 'x' } }).slice(0, -3),
    'what is not JSON': () => '{"id": 1, nonsense}',
    'what is no JSON-RPC': () => '[1, 2]',
    'bytes that are no message': () => 'HTTP/1.1 400 Bad Request\r\n\r\n',
    'a message that is too long': () => JSON.stringify({ id: null, method: 'x', params: ['x'.repeat(MAX_MESSAGE_BYTES)] }),
    'an update of an unknown table': () => update3({ Nonsense: {} }),
    'an update of a table that was not asked for': () => update3({ ACL: { [ABSENT]: { insert: {} } } }),
    'an update without tables': () => update3(null),
    'rows that are no object': () => update3({ Address_Set: [] }),
    'a row that is no object': () => row(ABSENT, 7),
    'a row without a kind of change': () => row(ABSENT, {}),
    'a change of an unknown row': () => row(ABSENT, { modify: { name: 'x' } }),
    'a deletion of an unknown row': () => row(ABSENT, { delete: null }),
    'an insert of a row that is there': (uuid) => row(uuid, { insert: { name: 'x' } }),
    'a value of another type': (uuid) => row(uuid, { modify: { name: 5 } }),
    'a set of another type': (uuid) => row(uuid, { modify: { addresses: ['set', [true]] } }),
    'a map that is none': (uuid) => row(uuid, { modify: { external_ids: ['set', []] } }),
    'a good row and a bad one': (uuid) => update3({ Address_Set: { [uuid]: { delete: null }, [ABSENT]: { delete: null } } }),
  }; // prettier-ignore

  for (const [what, text] of Object.entries(BROKEN)) {
    it(`sends ${what}: the session ends, nothing of it is applied, the next one is in sync`, async () => {
      await using client = await connect();
      const states: ClientState[] = [];
      client.on('state', (state) => states.push(state));
      let batches = 0;
      client.on('batch', () => batches++);
      const before = [...client.tables.Address_Set];
      proxy.inject(text(present));
      if (what.startsWith('half')) proxy.cut();
      await eventually(() => states.some(({ name }) => name === 'synced'));
      const [backoff] = states.filter((state) => state.name === 'backoff');
      expect(backoff!.error).to.have.property('code').that.is.oneOf(['Protocol', 'ConnectionLost']);
      expect([...client.tables.Address_Set]).to.have.ordered.members(before);
      expect(batches).to.equal(0);
      await expectRight(client);
    });
  }

  it('sends what concerns nobody: it is passed over', async () => {
    await using client = await connect();
    const states: string[] = [];
    client.on('state', ({ name }) => states.push(name));
    proxy.inject(update3({ Nonsense: {} }, 'another monitor'));
    proxy.inject(JSON.stringify({ id: null, method: 'news', params: [] }));
    proxy.inject(JSON.stringify({ id: null, method: 'update2', params: ['ovn-northbound:OVN_Northbound', {}] }));
    proxy.inject(JSON.stringify({ id: 987_654, result: [], error: null }));
    await expectRight(client);
    expect(states).to.deep.equal([]);
  });

  /** Answers the next request of `method` with `result`, once. */
  function answerOnce(method: string, result: unknown): void {
    let id: unknown;
    proxy.onRequest = (message: ClientMessage) => {
      if (message.method === method) id ??= message.id;
      return 'pass';
    };
    proxy.onReply = (message) => {
      if (id === undefined || message.method !== undefined || message.id !== id) return 'pass';
      proxy.onReply = () => 'pass';
      return { result };
    };
  }

  for (const [what, result] of Object.entries<unknown>({
    'that is no object': 'schema',
    'without tables': { name: 'OVN_Northbound', version: '1.0.0' },
    'with a column of no type': { name: 'N', version: '1.0.0', tables: { T: { columns: { c: { type: 'float' } } } } },
  })) {
    it(`sends a schema ${what}: connecting fails and says so; a client in use tries again`, async () => {
      answerOnce('get_schema', result);
      const error = await failure(connect());
      expect(error).to.include({ code: 'Schema' });
      await using client = await connect();
      const states: string[] = [];
      client.on('state', ({ name }) => states.push(name));
      answerOnce('get_schema', result);
      proxy.cut();
      await eventually(() => states.includes('synced'));
      expect(states.filter((name) => name === 'backoff')).to.have.lengthOf.at.least(2);
      await expectRight(client);
    });
  }

  for (const [what, result] of Object.entries<unknown>({
    'that is no array': {},
    'without an id of a transaction': [false, 5, {}],
    'with a row that is no object': [false, ABSENT, { Address_Set: { [ABSENT]: [] } }],
    'with a row without contents': [false, ABSENT, { Address_Set: { [ABSENT]: { delete: null } } }],
    'with a value of another type': [false, ABSENT, { Address_Set: { [ABSENT]: { initial: { name: true } } } }],
    'with a difference from what it never sent': [
      true,
      ABSENT,
      { Address_Set: { [ABSENT]: { modify: { name: 'x' } } } },
    ],
  })) {
    it(`sends a snapshot ${what}: it is not taken, and the next one is`, async () => {
      answerOnce('monitor_cond_since', result);
      await using client = await connect();
      await expectRight(client);
      const rows = [...client.tables.Address_Set];
      const states: ClientState[] = [];
      client.on('state', (state) => states.push(state));
      answerOnce('monitor_cond_since', result);
      proxy.cut();
      await eventually(() => states.some(({ name }) => name === 'synced'));
      const errors = states.flatMap((state) => (state.name === 'backoff' ? [state.error] : []));
      expect(errors.at(-1)).to.include({ code: 'Protocol' });
      expect([...client.tables.Address_Set]).to.have.ordered.members(rows);
    });
  }

  for (const [what, result] of Object.entries<unknown>({
    'that is no array': {},
    'with too few elements': [],
    'with elements that are no objects': [5],
  })) {
    it(`answers a transaction by something ${what}: its outcome is unknown`, async () => {
      await using client = await connect();
      answerOnce('transact', result);
      const error = await failure(client.transact((tx) => tx.update('NB_Global', [], { name: 'x' })));
      expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      expect(error.cause).to.include({ code: 'Protocol' });
      await expectRight(client);
    });
  }

  it('refuses every way to monitor: connecting fails after its time and says why', async () => {
    proxy.onRequest = ({ method }) => (method?.startsWith('monitor') === true ? { error: 'unknown method' } : 'pass');
    const error = await failure(connect(1_500));
    expect(error).to.include({ code: 'ConnectFailed' });
    expect(error.message).to.include('unknown method');
    expect(proxy.methods.slice(0, 4)).to.deep.equal(['get_schema', 'monitor_cond_since', 'monitor_cond', 'monitor']);
  });
});
