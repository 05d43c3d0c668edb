/** What ovsdb-server answers, and when it hangs up: the embedded server must do the same. */
import { expect } from 'chai';

import { ClusterSandbox } from '../../lib/testing/cluster-sandbox.js';
import { Sandbox } from '../../lib/testing/sandbox.js';
import { Twin, type Mismatch } from '../differential/embedded-twin.js';

const ROW = (n: number): string => `aaaaaaaa-0000-4000-8000-00000000000${n}`;
const ZERO = '00000000-0000-0000-0000-000000000000';
const map = (key: string, value: string, max: number | 'unlimited'): object => ({ type: { key, value, min: 0, max } });

function schemaNamed(
  name: string,
  more: object = {},
): { name: string; version: string; tables: Record<string, object> } {
  const columns = {
    name: { type: 'string' },
    n: { type: 'integer' },
    opt: { type: { key: 'string', min: 0, max: 1 } },
    ss: { type: { key: 'string', min: 0, max: 'unlimited' } },
    m: map('string', 'string', 'unlimited'),
    m1: map('string', 'integer', 1),
    r: { type: { key: { type: 'uuid', refTable: 'B' }, min: 0, max: 'unlimited' } },
    b: { type: 'boolean' },
    f: { type: 'real' },
    eph: { type: 'string', ephemeral: true },
    ...more,
  };
  const tables = { A: { columns, isRoot: true, indexes: [['name']] }, B: { columns: { name: { type: 'string' } } } };
  return { name, version: '1.0.0', tables };
}

const NAMES = ['Requests', 'Monitors', 'Locks', 'Conversion', 'Waits', 'Broken'] as const;

describe('the protocol of the embedded server, beside ovsdb-server', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  let twin: Twin;
  let database: string;

  before(async () => {
    sandbox = await Sandbox.start({ schemas: NAMES.map((name) => schemaNamed(name)) });
  });

  after(() => sandbox.stop());

  afterEach(() => twin[Symbol.dispose]());

  function open(name: (typeof NAMES)[number]): void {
    twin = new Twin(sandbox.remote, schemaNamed(name));
    database = name;
  }

  function check(mismatch: Mismatch | undefined): void {
    if (mismatch !== undefined) expect(mismatch.ours, mismatch.what).to.deep.equal(mismatch.theirs);
  }

  /** One after the other, by one client or several. */
  async function same(
    requests: readonly (readonly [client: string, method: string, params: readonly unknown[]])[],
  ): Promise<void> {
    for (const [client, method, params] of requests) {
      check(await twin.request(client, method, params));
      check(await twin.settle());
    }
  }

  const insert = (n: number, row: object): object => ({
    op: 'insert',
    table: 'A',
    uuid: ROW(n),
    row: { name: `r${n}`, ...row },
  });
  const update = (n: number, row: object): object => ({
    op: 'update',
    table: 'A',
    where: [['_uuid', '==', ['uuid', ROW(n)]]],
    row,
  });

  it('answers requests of all kinds, and refuses what is wrong with them in the same words', async () => {
    open('Requests');
    const select = {
      op: 'select',
      table: 'Database',
      where: [['name', '==', '_Server']],
      columns: ['name', 'model', 'leader', 'schema'],
    };
    await same([
      ...[[], [1], ['Nowhere'], ['_Server']].map((params) => ['c', 'get_schema', params] as const),
      ['c', 'echo', [1, { a: [2.5, null, 'é🦆'] }, 9_007_199_254_740_993n]],
      ['c', 'nothing', []],
      ['c', 'cancel', [1]],
      ...[[], [1], ['Nowhere'], [database], [database, 1], [database, {}]].map(
        (params) => ['c', 'transact', params] as const,
      ),
      ['c', 'transact', ['_Server', select]],
      ['c', 'transact', ['_Server', { op: 'insert', table: 'Database', row: { model: 'relay' } }]],
      ['c', 'transact', ['_Server', { op: 'delete', table: 'Database', where: [['name', '==', 'none']] }]],
      ...[[], [1], [true, 1], [false], [true]].map((params) => ['c', 'set_db_change_aware', params] as const),
      ...[[], [database, 1], ['Nowhere', {}], [database, {}], [database, schemaNamed('Other')]].map(
        (params) => ['c', 'convert', params] as const,
      ),
      ...[[], [1, 2], ['none']].map((params) => ['c', 'monitor_cancel', params] as const),
      ...[[], ['none'], ['none', 'x', {}]].map((params) => ['c', 'monitor_cond_change', params] as const),
    ]);
  });

  it('refuses monitors in the same words', async () => {
    open('Monitors');
    const requests = [1, [], { X: {} }, { A: 1 }, { A: [] }, { A: { columns: ['zz'] } }, { A: { columns: ['n', 'n'] } }, { A: { columns: 1 } }, { A: { columns: [1] } }, { A: [{ columns: ['n'] }, { columns: ['n'] }] }, { A: [{ columns: ['n'] }, {}] }, { A: { extra: 1 } }, { A: { select: 1 } }, { A: { select: { initial: 1 } } }, { A: { select: { other: true } } }, { A: { where: [] } }, { A: { columns: ['_uuid', '_version'] } }, { A: { columns: [] } }, {}]; // prettier-ignore
    const wheres = [1, [1], [['zz', '==', 1]], [['n', '==', 'x']], [['n', '~', 1]], [['ss', '<', 'x']], [['n', '==']], [['_uuid', '==', ['named-uuid', 'x']]], [true, ['n', '==', 1], false]]; // prettier-ignore
    await same([
      ...requests.map((request, i) => ['c', 'monitor', [database, `m${i}`, request]] as const),
      ...requests.map((request, i) => ['c', 'monitor', [database, `m${i}`, request]] as const),
      ...wheres.map(
        (where, i) => ['c', 'monitor_cond', [database, `c${i}`, { A: { columns: ['name'], where } }]] as const,
      ),
      ...[[{ a: [1, 2] }], [{ a: [1, 2] }]].map(([id]) => ['c', 'monitor', [database, id, {}]] as const),
      ['c', 'monitor_cond', [database, 'x', {}, 'x']],
      ...['x', 1, null].map((last) => ['c', 'monitor_cond_since', [database, 's', {}, last]] as const),
      ['c', 'monitor_cond_since', [database, 's', {}]],
      ['c', 'monitor_cond_since', [database, 's', {}, ROW(1)]],
      ['d', 'monitor_cond', [database, 'x', { A: { columns: ['name', 'n'] } }]],
      ['d', 'monitor_cond', [database, 'y', { A: { columns: ['name', 'n'] } }]],
      ['d', 'monitor_cond_change', ['x', 'y', {}]],
      ['d', 'monitor_cond_change', ['x', 'x', 1]],
      ['d', 'monitor_cond_change', ['x', 'x', { A: 1 }]],
      ['d', 'monitor_cond_change', ['x', 'x', { B: [{ where: [] }] }]],
      ['d', 'monitor_cond_change', ['x', 'x', { X: [{ where: [] }] }]],
      ['d', 'monitor_cond_change', ['x', 'x', { A: [{ where: 1 }] }]],
      ['d', 'monitor_cond_change', ['x', 'x', { A: [{ where: [], extra: 1 }] }]],
      ['d', 'monitor_cond_change', ['x', 'x', { A: [{ where: [], columns: [] }] }]],
      ['d', 'monitor_cond_change', ['x', 'z', { A: [{ where: [['n', '==', 1]] }] }]],
      ['d', 'monitor_cancel', ['z']],
      ['d', 'monitor_cancel', ['z']],
    ]);
  });

  it('tells of each kind of change in each way', async () => {
    open('Requests');
    const parts = [
      { columns: ['name', 'ss', 'm', 'm1', 'opt'] },
      { columns: ['b'], select: { initial: false, insert: false } },
      { columns: ['f'], select: { modify: false, delete: false } },
    ];
    const full = { ss: ['set', ['y', 'z']], m: ['map', [['k', 'v2'], ['q', 'w']]], m1: ['map', [['b', 2]]], opt: 'p' }; // prettier-ignore
    const empty = { ss: ['set', []], m: ['map', []], m1: ['map', []], opt: ['set', []] };
    await same([
      ['w', 'transact', [database, insert(1, { n: 1, ss: ['set', ['x', 'y']], m: ['map', [['k', 'v'], ['l', 'w']]], m1: ['map', [['a', 1]]], opt: 'o' })]], // prettier-ignore
      ['v1', 'monitor', [database, 'm', { A: parts, B: {} }]],
      ['v2', 'monitor_cond', [database, 'm', { A: parts, B: {} }]],
      ['v3', 'monitor_cond_since', [database, 'm', { A: parts, B: {} }, ZERO]],
      ['all', 'monitor', [database, null, { A: {} }]],
      ['none', 'monitor_cond', [database, 'm', { A: { columns: [] } }]],
      ['if', 'monitor_cond', [database, 'm', { A: [{ columns: ['name'], where: [['n', '>=', 2]] }] }]],
      ...[full, empty, { n: 2 }, { n: 3 }, { name: 'aa' }, { n: 0, name: 'r1' }, { n: 0 }, { b: true }, { f: 2.5 }, { f: 3.5, name: 'q' }, { eph: 'x' }].map((row) => ['w', 'transact', [database, update(1, row)]] as const), // prettier-ignore
      ['w', 'transact', [database, insert(2, {}), insert(3, { n: 5, b: true, f: 1 })]],
      ['w', 'transact', [database, insert(4, {}), { op: 'delete', table: 'A', where: [['name', '==', 'r4']] }]],
      [
        'w',
        'transact',
        [
          database,
          { op: 'insert', table: 'B', 'uuid-name': 'bb', row: { name: 'b' } },
          insert(5, { r: ['named-uuid', 'bb'] }),
        ],
      ],
      ['w', 'transact', [database, update(5, { r: ['set', []] })]],
      ['w', 'transact', [database, { op: 'mutate', table: 'A', where: [], mutations: [['n', '+=', 1], ['ss', 'insert', 'more']] }]], // prettier-ignore
      ['if', 'monitor_cond_change', ['m', 'm2', { A: [{ where: [['n', '<', 3]] }] }]],
      ['if', 'monitor_cond_change', ['m2', 'm2', { A: [{ where: [['n', '<', 99], ['b', '==', true]] }] }]], // prettier-ignore
      ...[{ b: false }, { b: true }].map((row) => ['w', 'transact', [database, update(1, row)]] as const),
      ['if', 'monitor_cond_change', ['m2', 'm2', { A: [{ where: [] }] }]],
      // What a condition has compared is forgotten with its monitor.
      ['q', 'monitor_cond', [database, 'm', { A: [{ columns: ['opt'], where: [['n', '>=', 0]] }] }]],
      ['q', 'monitor_cancel', ['m']],
      ['q', 'monitor_cond', [database, 'm', { A: [{ columns: ['opt'] }] }]],
      ['w', 'transact', [database, update(1, { n: 44 })]],
      ['q', 'monitor_cond', [database, 'two', { A: [{ columns: ['n'], where: [['n', '<', 4]] }, { columns: ['name'], where: [] }] }]], // prettier-ignore
      ['all', 'monitor_cond_change', [null, null, { A: [{ where: [['zz', '==', 1]] }] }]],
      ['if', 'monitor_cond_change', ['m2', 'm2', { A: [{ where: [false] }] }]],
      ['w', 'transact', [database, { op: 'comment', comment: 'nothing' }]],
      ['w', 'transact', [database, { op: 'delete', table: 'A', where: [] }]],
    ]);
    expect(twin.notifications).to.be.above(60);
  });

  it('remembers what happened after a transaction, as a member of a cluster does', async () => {
    await using cluster = await ClusterSandbox.start({ members: 1, schema: schemaNamed('History') });
    twin = new Twin(cluster.remotes[0]!, schemaNamed('History'), 100);
    database = 'History';
    const rows = Array.from({ length: 60 }, (_, i) => ({ op: 'insert', table: 'A', row: { name: `filler${i}` } }));
    const since = (client: string, id: string, request: object): readonly [string, string, readonly unknown[]] => [
      client,
      'monitor_cond_since',
      [database, 'm', { A: request }, id],
    ];
    const remove = { op: 'delete', table: 'A', where: [['name', '==', 'r2']] };
    // The real one forgets its history while that is larger than the database.
    await same([
      ['watch', 'monitor_cond_since', [database, 'm', { A: { columns: ['name', 'n', 'f'] } }, ZERO]],
      ['w', 'transact', [database, ...rows, insert(1, {}), insert(2, {})]],
      ['w', 'transact', [database, update(1, { f: 0.5 })]],
    ]);
    const start = twin.lastId;
    await same([
      ['w', 'transact', [database, update(1, { n: 5, ss: ['set', ['a', 'b']] }), update(2, { n: 1 })]],
      ['w', 'transact', [database, remove, insert(3, { m: ['map', [['k', 'v']]] })]],
      ['w', 'transact', [database, update(1, { n: 0, ss: ['set', ['b', 'c']] }), update(3, { b: true })]],
      ['w', 'transact', [database, insert(4, {})]],
      ['w', 'transact', [database, { op: 'delete', table: 'A', where: [['name', '==', 'r4']] }]],
    ]);
    await same([
      since('a', start, { columns: ['name', 'n', 'ss', 'm', 'b'] }),
      since('b', start, { columns: ['name'], where: [['n', '==', 1]] }),
      since('c', start, { columns: ['name', 'n'], select: { initial: false, insert: false } }),
      since('d', twin.lastId, {}),
      since('e', ROW(7), { columns: ['name'] }),
      ['w', 'transact', [database, update(1, { n: 8 })]],
      ['b', 'monitor_cond_change', ['m', 'm', { A: [{ where: [['n', '>', 2]] }] }]],
    ]);
  });

  it('hands locks from one client to the next', async () => {
    open('Locks');
    await same([
      ...['lock', 'steal', 'unlock'].flatMap((method) =>
        [[], [1], ['a-b'], ['a', 'b'], ['9']].map((params) => ['a', method, params] as const),
      ),
      ['a', 'unlock', ['l']],
      ['a', 'lock', ['l']],
      ['a', 'lock', ['l']],
      ['a', 'steal', ['l']],
      ['b', 'lock', ['l']],
      ['b', 'steal', ['l']],
      ['c', 'steal', ['l']],
      ['a', 'transact', [database, { op: 'assert', lock: 'l' }]],
      ['c', 'transact', [database, { op: 'assert', lock: 'l' }]],
      ['a', 'unlock', ['l']],
      ['c', 'unlock', ['l']],
      ['c', 'lock', ['l']],
      ['b', 'unlock', ['l']],
      ['c', 'unlock', ['l']],
    ]);
  });

  it('lets transactions wait, and cancels them', async () => {
    open('Waits');
    const wait = {
      op: 'wait',
      table: 'A',
      where: [['name', '==', 'r1']],
      columns: ['n'],
      until: '==',
      rows: [{ n: 100 }],
    };
    const transact = (id: unknown, operation: object = wait): string =>
      JSON.stringify({ method: 'transact', params: [database, operation], id });
    const cancel = (id: unknown): string => JSON.stringify({ method: 'cancel', params: [id], id: null });
    await same([
      ['w', 'transact', [database, insert(1, {})]],
      ['w', 'transact', [database, { ...wait, timeout: 0 }]],
      ['w', 'transact', [database, { ...wait, timeout: 20 }, { op: 'comment', comment: 'x' }]],
    ]);
    for (const aware of [false, true]) {
      await same([['c', 'set_db_change_aware', [aware]]]);
      await twin.sendText('c', transact(77));
      await twin.sendText('c', transact(77));
      check(await twin.settle());
      await twin.sendText('c', cancel(77));
      await twin.sendText('c', cancel(77));
      check(await twin.settle());
    }
    await twin.sendText('c', transact('first'));
    await twin.sendText('c', transact('second', { ...wait, rows: [{ n: 7 }] }));
    check(await twin.settle());
    await same([
      ['w', 'transact', [database, update(1, { n: 100 })]],
      ['w', 'transact', [database, update(1, { n: 7 })]],
    ]);
  });

  it('withdraws monitors and transactions when the schema changes, and disconnects who cannot be told', async () => {
    open('Conversion');
    const wait = { op: 'wait', table: 'A', where: [], columns: ['n'], until: '!=', rows: [] };
    const setUp = async (): Promise<void> => {
      await same([
        ['aware', 'set_db_change_aware', [true]],
        ['aware', 'monitor', [database, 'm1', { A: { columns: ['name'] } }]],
        ['aware', 'monitor_cond', [database, 'm2', { A: { columns: ['n'] } }]],
        ['aware', 'monitor_cond', ['_Server', 's', {}]],
        ['unaware', 'monitor', [database, 'm1', { A: { columns: ['name'] } }]],
        ['idle', 'echo', []],
      ]);
      await twin.sendText('aware', JSON.stringify({ method: 'transact', params: [database, wait], id: 5 }));
      check(await twin.settle());
    };
    await setUp();
    await same([['aware', 'convert', [database, schemaNamed(database, { added: { type: 'string' } })]]]);
    await same([
      ['aware', 'monitor', [database, 'm1', { A: { columns: ['name', 'added'] } }]],
      ['aware', 'get_schema', [database]],
      [
        'aware',
        'transact',
        ['_Server', { op: 'select', table: 'Database', where: [['name', '==', database]], columns: ['schema'] }],
      ],
      ['aware', 'monitor_cancel', ['m1']],
      ['aware', 'monitor_cancel', ['s']],
    ]);
    await setUp();
    await same([['other', 'convert', [database, schemaNamed(database)]]]);
  });

  it('hangs up on what is no message', async () => {
    open('Broken');
    const texts = ['[]', '{}', '{"method":"echo","params":[],"id":1,"jsonrpc":"2.0"}', '{"method":"echo","params":null,"id":1}', '{"method":"echo","id":1}', '{"method":"echo","params":{},"id":1}', '{"method":1,"params":[],"id":1}', '{"id":5,"result":1,"error":null}', '{"id":"echo","result":[],"error":null}', '{"id":null,"result":[],"error":null}', '{"id":5,"result":null,"error":"x"}', '{"method":"echo","params":[],"id":null}', '{"method":"nope","params":[1],"id":null}', '{"method":"echo","params":["\\u0000"],"id":1}', '{"method":"echo","params":["\\ud800"],"id":1}', '{"method":"echo","params":["\\ud83e\\udd86 \\\\u0000"],"id":1}', '{"method":"echo","params":[],"id":1,"result":null,"error":null}', '{"method":"echo","params":[],"id":1,"error":"x"}', '{"method":"echo","params":[],"id":1}}', '{"method":"echo","params":[],"id":{"a":[1]}}\n', '{"method":"echo","params":[],"id":false}', '{"method":"","params":[],"id":1}', '{"method":"echo","params":[1,],"id":1}', '{"method":"cancel","params":[],"id":null}']; // prettier-ignore
    for (const [i, text] of texts.entries()) {
      await twin.sendText(`c${i}`, text);
      check(await twin.settle());
    }
  });
});
