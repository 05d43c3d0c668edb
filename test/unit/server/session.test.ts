import { expect } from 'chai';

import { FakeChannel, insertSwitch, ROW, SCHEMA, smallServer, updateSwitch } from './small-database.js';

const ZERO = '00000000-0000-0000-0000-000000000000';

describe('a session of the embedded server', () => {
  it('sends what a transaction changes before its reply', () => {
    const client = smallServer().client();
    client.ask('monitor', ['Small', 'm', { Switch: { columns: ['name'] } }]);
    const sent = client.ask('transact', ['Small', insertSwitch(1)], 7);
    expect(sent).to.deep.equal([
      { id: null, method: 'update', params: ['m', { Switch: { [ROW(1)]: { new: { name: 'sw1' } } } }] },
      { id: 7, result: [{ uuid: ['uuid', ROW(1)] }], error: null },
    ]);
  });

  it('gives errors without a result beside them', () => {
    expect(smallServer().client().ask('nothing', [])).to.deep.equal([{ id: 1, error: 'unknown method' }]);
  });

  it('remembers transactions of a cluster: the last id, and what came after one', () => {
    const server = smallServer({ clustered: true });
    const client = server.client();
    const since = (id: string): unknown => {
      const [reply] = server
        .client()
        .ask('monitor_cond_since', ['Small', 'm', { Switch: { columns: ['name', 'tag'] } }, id]);
      return reply!['result'];
    };
    client.ask('monitor_cond_since', ['Small', 'm', { Switch: {} }, ZERO]);
    const idOf = (sent: readonly Record<string, unknown>[]): string => (sent[0]!['params'] as string[])[1]!;
    const first = idOf(client.ask('transact', ['Small', insertSwitch(1), insertSwitch(2)]));
    client.ask('transact', ['Small', updateSwitch(1, { tag: 5 })]);
    client.ask('transact', [
      'Small',
      { op: 'delete', table: 'Switch', where: [['name', '==', 'sw2']] },
      insertSwitch(3),
    ]);
    const last = idOf(client.ask('transact', ['Small', updateSwitch(3, { tag: 4 })]));
    expect(since(first)).to.deep.equal([
      true,
      last,
      {
        Switch: {
          [ROW(1)]: { modify: { tag: 5 } },
          [ROW(2)]: { delete: null },
          [ROW(3)]: { insert: { name: 'sw3', tag: 4 } },
        },
      },
    ]);
    expect(since(last)).to.deep.equal([true, last, {}]);
    expect(since(last.toUpperCase())).to.deep.equal([true, last, {}]);
    const [found, id] = since(ROW(1)) as [boolean, string];
    expect([found, id]).to.deep.equal([false, last]);
  });

  it('forgets transactions beyond its limit', () => {
    const server = smallServer({ history: 3 });
    const ids: string[] = [];
    for (let n = 1; n <= 8; n++) {
      server.client().ask('transact', ['Small', insertSwitch(n)]);
      ids.push(server.served.history.lastId);
    }
    expect(ids.map((id) => server.served.history.since(id) !== undefined)).to.deep.equal([
      ...[false, false, false, false, false],
      ...[true, true, true],
    ]);
    // A conversion is one that nobody can be told of.
    expect(server.served.convert({ name: 'Small', version: '2.0.0', tables: {} })).to.equal(undefined);
    const { lastId, since } = { lastId: server.served.history.lastId, since: server.served.history.since(ids[7]!) };
    expect([ids.includes(lastId), since]).to.deep.equal([false, undefined]);
  });

  it('has no ids and no history where the database is standalone', () => {
    const client = smallServer().client();
    client.ask('transact', ['Small', insertSwitch(1)]);
    const [reply] = client.ask('monitor_cond_since', ['Small', 'm', { Switch: { columns: ['name'] } }, ROW(5)]);
    expect(reply!['result']).to.deep.equal([false, ZERO, { Switch: { [ROW(1)]: { initial: { name: 'sw1' } } } }]);
  });

  it('lets a transaction wait until another one has made what it waits for, and answers that one first', () => {
    const server = smallServer();
    const client = server.client();
    const wait = { op: 'wait', table: 'Switch', where: [], columns: ['name'], until: '!=', rows: [] };
    expect(client.ask('transact', ['Small', wait, { op: 'comment', comment: 'now' }], 'waits')).to.deep.equal([]);
    expect(client.ask('transact', ['Small', insertSwitch(1)], 'writes').map(({ id }) => id)).to.deep.equal([
      'writes',
      'waits',
    ]);
    expect(server.served.waiting).to.equal(0);
  });

  it('tries again what waits for a transaction that has waited, too', () => {
    const server = smallServer();
    const client = server.client();
    const wait = (name: string): object => ({ op: 'wait', table: 'Switch', where: [['name', '==', name]], columns: ['name'], until: '==', rows: [{ name }], timeout: 500 }); // prettier-ignore
    client.ask('transact', ['Small', wait('sw2')], 'last');
    client.ask('transact', ['Small', wait('sw1'), insertSwitch(2)], 'second');
    client.ask('transact', ['Small', insertSwitch(3)], 'other');
    expect(server.clock.pending).to.equal(2);
    expect(client.ask('transact', ['Small', insertSwitch(1)], 'first').map(({ id }) => id)).to.deep.equal([
      ...['first', 'second', 'last'],
    ]);
    expect(server.clock.pending).to.equal(0);
  });

  it('ends a wait when its time is over by the clock', () => {
    const { clock, client: connect, served } = smallServer();
    const client = connect();
    const wait = { op: 'wait', table: 'Switch', where: [], columns: ['name'], until: '!=', rows: [], timeout: 300 };
    client.ask('transact', ['Small', wait], 5);
    clock.advance(299);
    expect(client.take()).to.deep.equal([]);
    clock.advance(1);
    expect(client.take()).to.deep.equal([
      { id: 5, result: [{ error: 'timed out', details: '"wait" timed out after 300 ms' }], error: null },
    ]);
    expect([clock.pending, served.waiting]).to.deep.equal([0, 0]);
  });

  it('forgets what a client that goes has waited for, monitored and locked', () => {
    const { clock, client: connect, served, member, database } = smallServer();
    const client = connect();
    const wait = { op: 'wait', table: 'Switch', where: [], columns: ['name'], until: '!=', rows: [], timeout: 300 };
    client.ask('transact', ['Small', wait], 5);
    client.ask('monitor', ['Small', 'm', { Switch: {} }]);
    client.ask('lock', ['l']);
    const other = connect();
    other.ask('lock', ['l']);
    client.leave();
    expect(other.take()).to.deep.equal([{ id: null, method: 'locked', params: ['l'] }]);
    expect([clock.pending, served.waiting, member.sessions.size]).to.deep.equal([0, 0, 1]);
    other.ask('transact', ['Small', insertSwitch(1)]);
    expect(client.take()).to.deep.equal([]);
    expect(database.table('Switch').rows.size).to.equal(1);
  });

  it('tells every member of a set once, and of a map what its keys have now', () => {
    const client = smallServer().client();
    client.ask('transact', ['Small', insertSwitch(1, { options: ['map', [['a', '1'], ['b', '2']]], tag: 4 })]); // prettier-ignore
    client.ask('monitor_cond', ['Small', 'm', { Switch: { columns: ['options', 'tag'] } }]);
    const [update] = client.ask('transact', ['Small', updateSwitch(1, { options: ['map', [['a', '3'], ['c', '2']]], tag: ['set', []] })]); // prettier-ignore
    const modify = { options: ['map', [['a', '3'], ['b', '2'], ['c', '2']]], tag: ['set', []] }; // prettier-ignore
    expect(update!['params']).to.deep.equal(['m', { Switch: { [ROW(1)]: { modify } } }]);
  });

  it('does not show rows that no condition wants, and tells of those that come and go', () => {
    const client = smallServer().client();
    client.ask('transact', ['Small', insertSwitch(1, { tag: 1 }), insertSwitch(2, { tag: 2 })]);
    const where = [['tag', '==', 1]];
    const [begun] = client.ask('monitor_cond', ['Small', 'm', { Switch: [{ columns: ['name'], where }] }]);
    expect(begun!['result']).to.deep.equal({ Switch: { [ROW(1)]: { initial: { name: 'sw1' } } } });
    const paramsOf = (sent: readonly Record<string, unknown>[]): unknown => sent[0]!['params'];
    expect(paramsOf(client.ask('transact', ['Small', updateSwitch(2, { tag: 1 })]))).to.deep.equal([
      'm',
      { Switch: { [ROW(2)]: { insert: { name: 'sw2' } } } },
    ]);
    expect(paramsOf(client.ask('transact', ['Small', updateSwitch(1, { tag: 3 })]))).to.deep.equal([
      'm',
      { Switch: { [ROW(1)]: { delete: null } } },
    ]);
    const changed = client.ask('monitor_cond_change', ['m', 'n', { Switch: [{ where: [['tag', '>', 2]] }] }], 9);
    expect(changed).to.deep.equal([
      { id: null, method: 'update2', params: ['n', { Switch: { [ROW(1)]: { insert: { name: 'sw1' } }, [ROW(2)]: { delete: null } } }] }, // prettier-ignore
      { id: 9, result: {}, error: null },
    ]);
  });

  it('withdraws monitors and transactions of clients that want to know of a conversion, and hangs up on others', () => {
    const { client: connect, database } = smallServer();
    const [aware, unaware] = [connect(), connect()];
    aware.ask('set_db_change_aware', [true]);
    for (const client of [aware, unaware]) client.ask('monitor', ['Small', 'm', { Switch: {} }]);
    const wait = { op: 'wait', table: 'Switch', where: [], columns: ['name'], until: '!=', rows: [] };
    aware.ask('transact', ['Small', wait], 'waits');
    const sent = aware.ask('convert', ['Small', { ...SCHEMA, version: '2.0.0' }], 'converts');
    expect(sent).to.deep.equal([
      { id: null, method: 'monitor_canceled', params: ['m'] },
      { id: 'waits', error: 'canceled' },
      { id: 'converts', result: {}, error: null },
    ]);
    expect([aware.closed, unaware.closed]).to.deep.equal([false, true]);
    expect(unaware.take()).to.deep.equal([]);
    expect(database.schema.version).to.equal('2.0.0');
    expect(aware.ask('monitor', ['Small', 'm', {}])).to.deep.equal([{ id: 1, result: {}, error: null }]);
  });

  it('refuses to convert the database that belongs to the server', () => {
    const [reply] = smallServer()
      .client()
      .ask('convert', ['_Server', { name: '_Server', version: '1.0.0', tables: {} }]);
    expect(reply!['error']).to.have.property('error', 'not allowed');
  });

  it('is over with a number that a double cannot hold, or not exactly any more', () => {
    const { member, client } = smallServer();
    const insert = (weight: string): string =>
      `{"id":1,"method":"transact","params":["Small",{"op":"insert","table":"Port","row":{"name":"1e999","weight":${weight}}}]}`;
    const isOver = (weight: string): boolean => {
      const channel = client();
      channel.receive(insert(weight));
      return channel.closed;
    };
    const long = '1'.repeat(400);
    const beyond = ['1e400', '-2e308', '5e-324', '2.225073858507201e-308', long, `0.${'0'.repeat(310)}1`];
    expect(beyond.filter((weight) => !isOver(weight))).to.deep.equal([]);
    expect(member.sessions.size).to.equal(0);
    const within = ['1e-400', '0e999', '1.7976931348623157e308', '2.2250738585072014e-308', `"${long}"`];
    expect(within.filter(isOver)).to.deep.equal([]);
  });

  it('hangs up on bytes that are no messages, and on nobody else', () => {
    const { client: connect, member } = smallServer();
    const [one, other] = [connect(), connect()];
    one.receive('GET / HTTP/1.1\r\n');
    const failed = connect();
    failed.receive('{"id":"echo","result":null,"error":"unknown method"}');
    expect(failed.closed).to.equal(true);
    expect([one.closed, other.closed, member.sessions.size]).to.deep.equal([true, false, 1]);
  });

  it('reads messages however they are cut', () => {
    const client = smallServer().client();
    for (const character of '{"method":"echo","params":[1],"id":1}{"method":"echo","params":[2],"id":2}') {
      client.receive(character);
    }
    expect(client.take().map(({ id, result }) => [id, result])).to.deep.equal([[1, [1]], [2, [2]]]); // prettier-ignore
  });

  it('loses the reply that it was told to lose, with the connection or without', () => {
    const { client: connect, faults, database } = smallServer();
    const client = connect();
    faults.dropNextReply({ method: 'get_schema' });
    faults.dropNextReply({ disconnect: false });
    expect(client.ask('echo', [])).to.have.lengthOf(1);
    expect(client.ask('transact', ['Small', insertSwitch(1)])).to.deep.equal([]);
    expect(client.ask('transact', ['Small', insertSwitch(2)])).to.have.lengthOf(1);
    faults.dropNextReply({});
    expect(client.ask('transact', ['Small', insertSwitch(3)])).to.deep.equal([]);
    expect(client.closed).to.equal(true);
    expect(database.table('Switch').rows.size).to.equal(3);
    // What came with the request that ended the session is not carried out.
    faults.dropNextReply({});
    const text = (n: number): string =>
      JSON.stringify({ id: n, method: 'transact', params: ['Small', insertSwitch(n)] });
    connect().receive(text(4) + text(5));
    expect(database.table('Switch').rows.size).to.equal(4);
  });

  it('holds back what it sends, and keeps the order when the delay ends', () => {
    const { client: connect, faults, clock } = smallServer();
    const client = connect();
    faults.delayMs = 100;
    expect(client.ask('echo', [1], 'a')).to.deep.equal([]);
    faults.delayMs = 0;
    expect(client.ask('echo', [2], 'b')).to.deep.equal([]);
    clock.advance(99);
    expect(client.take()).to.deep.equal([]);
    clock.advance(1);
    expect(client.take().map(({ id }) => id)).to.deep.equal(['a', 'b']);
    expect(client.ask('echo', [3], 'c')).to.have.lengthOf(1);
    faults.delayMs = 100;
    client.ask('echo', [4], 'd');
    client.leave();
    expect(clock.pending).to.equal(0);
  });

  it('asks a silent client on a network for a sign of life, and gives it up', async () => {
    const { member } = smallServer({ probeIntervalMs: 10 });
    const [silent, alive, local] = [new FakeChannel(false), new FakeChannel(false), new FakeChannel(true)];
    for (const channel of [silent, alive, local]) member.accept(channel);
    const onlyAsked = new FakeChannel(false);
    member.accept(onlyAsked);
    let answers = 0;
    const answering = setInterval(() => {
      const answer = '{"id":"echo","result":[],"error":null}';
      alive.receive(answer);
      if (onlyAsked.take().length === 0) return;
      answers++;
      onlyAsked.receive(answer);
    }, 3);
    await new Promise((resolve) => setTimeout(resolve, 120));
    clearInterval(answering);
    expect(silent.sent).to.deep.equal([{ id: 'echo', method: 'echo', params: [] }]);
    expect([silent.closed, alive.closed, local.closed]).to.deep.equal([true, false, false]);
    expect(answers).to.be.above(1);
    member.stop();
  });
});

describe('the database _Server of the embedded server', () => {
  const select = { op: 'select', table: 'Database', where: [['name', '==', 'Small']], columns: ['model', 'leader', 'connected', 'cid', 'index'] }; // prettier-ignore
  const rowOf = (sent: readonly Record<string, unknown>[]): unknown =>
    (sent[0]!['result'] as { rows: unknown[] }[])[0]!.rows[0];

  it('calls a single server its own leader', () => {
    const client = smallServer().client();
    const empty = ['set', []];
    const row = { model: 'standalone', leader: true, connected: true, cid: empty, index: empty };
    expect(rowOf(client.ask('transact', ['_Server', select]))).to.deep.equal(row);
  });

  it('says who leads a cluster, and how far its log has come', () => {
    const { client: connect, member } = smallServer({ clustered: true });
    const client = connect();
    client.ask('transact', ['Small', insertSwitch(1)]);
    member.leads = false;
    const row = { model: 'clustered', leader: false, connected: true, cid: ['uuid', ROW(9)], index: 3 };
    expect(rowOf(client.ask('transact', ['_Server', select]))).to.deep.equal(row);
  });

  it('tells those who monitor it when the lead is lost', () => {
    const { client: connect, member } = smallServer({ clustered: true });
    const client = connect();
    client.ask('monitor_cond', [
      '_Server',
      's',
      { Database: [{ columns: ['leader'], where: [['name', '==', 'Small']] }] },
    ]);
    member.leads = false;
    const [update] = client.take();
    const [rows] = Object.values((update!['params'] as [string, Record<string, object>])[1]);
    expect(Object.values(rows!)).to.deep.equal([{ modify: { leader: false } }]);
  });
});
