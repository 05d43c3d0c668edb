/** The replica against a real server whose contents somebody else changes at random. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { RowData } from '../../lib/replica/row.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { comparable, eventually, hasFailed, RawClient } from './raw-client.js';
import { startServer } from './test-server.js';

/** The newest first. */
const MONITORS = ['monitor_cond_since', 'monitor_cond', 'monitor'] as const;
const TABLES = ['NB_Global', 'Logical_Switch', 'Logical_Switch_Port', 'Port_Group', 'Address_Set', 'ACL'] as const;

/** Random transactions by a client that knows no more than the uuids that it was given. */
class RandomWriter {
  readonly #raw: RawClient;
  #seed: number;
  #count = 0;
  readonly #uuids = new Map<string, string[]>();

  constructor(raw: RawClient, seed: number) {
    this.#raw = raw;
    this.#seed = seed;
  }

  /** Makes one transaction; whether the server refuses it does not matter. */
  async step(): Promise<void> {
    const operations: Record<string, unknown>[] = [];
    const count = 1 + this.#random(4);
    for (let i = 0; i < count; i++) operations.push(...this.#operation());
    const results = await this.#raw.transact(...operations);
    if (results.some(hasFailed)) return;
    for (const [i, result] of results.entries()) {
      const uuid = result?.uuid;
      if (uuid !== undefined) this.#known(operations[i]!['table'] as string).push(uuid[1]);
    }
  }

  #operation(): Record<string, unknown>[] {
    const n = this.#count++;
    const [ls, port, group, set, acl] = TABLES.slice(1).map((table) => this.#pick(table));
    const on = (table: string, uuid: string | undefined, rest: object): Record<string, unknown>[] =>
      uuid === undefined ? [] : [{ op: 'mutate', table, where: [['_uuid', '==', ['uuid', uuid]]], ...rest }];
    const overwrite = (table: string, uuid: string | undefined, row: object): Record<string, unknown>[] =>
      uuid === undefined ? [] : [{ op: 'update', table, where: [['_uuid', '==', ['uuid', uuid]]], row }];
    switch (this.#random(17)) {
      case 0:
        return [{ op: 'insert', table: 'Logical_Switch', row: { name: `ls${n % 7}`, external_ids: this.#map() } }];
      case 1:
      case 2:
      case 3: {
        if (ls === undefined) return [];
        const many = this.#random(4) === 0 ? 70 : 1 + this.#random(5);
        const named = Array.from({ length: many }, (_, i) => `p${n}_${i}`);
        return [
          ...named.map((name) => ({
            op: 'insert',
            table: 'Logical_Switch_Port',
            'uuid-name': name,
            row: { name, type: this.#random(3) === 0 ? 'router' : '', external_ids: this.#map() },
          })),
          ...on('Logical_Switch', ls, {
            mutations: [['ports', 'insert', ['set', named.map((name) => ['named-uuid', name])]]],
          }),
        ];
      }
      case 4:
        return overwrite('Logical_Switch_Port', port, {
          addresses: ['set', [`0a:00:00:00:00:${10 + this.#random(80)} 10.0.0.${this.#random(250)}`, 'unknown']],
          enabled: this.#random(2) === 0 ? ['set', []] : this.#random(2) === 0,
          type: this.#random(2) === 0 ? 'router' : '',
          tag_request: this.#random(2) === 0 ? ['set', []] : this.#random(4096),
        });
      case 5:
        return on('Logical_Switch', ls, { mutations: [['ports', 'delete', ['set', this.#some(TABLES[2])]]] });
      case 6:
        return on('Logical_Switch_Port', port, {
          mutations: [
            ['external_ids', 'delete', ['set', ['k1', 'k2']]],
            ['external_ids', 'insert', this.#map()],
          ],
        });
      case 7:
        return overwrite('Logical_Switch', ls, { other_config: this.#map(), name: `ls${this.#random(7)}` });
      case 8:
        return [
          { op: 'insert', table: 'Address_Set', row: { name: `as${n}`, addresses: this.#texts(this.#random(100)) } },
        ];
      case 9:
        return on('Address_Set', set, { mutations: [['addresses', 'insert', this.#texts(this.#random(90))]] });
      case 10:
        return on('Address_Set', set, { mutations: [['addresses', 'delete', this.#texts(this.#random(90))]] });
      case 11:
        return overwrite('Address_Set', set, { addresses: this.#texts(this.#random(120)) });
      case 12:
        return [
          { op: 'insert', table: 'Port_Group', row: { name: `pg${n}`, ports: ['set', this.#some(TABLES[2])] } },
          ...on('Port_Group', group, { mutations: [['ports', 'insert', ['set', this.#some(TABLES[2])]]] }),
        ];
      case 13:
        return [
          {
            op: 'insert',
            table: 'ACL',
            'uuid-name': `acl${n}`,
            row: { priority: n % 32768, direction: 'to-lport', action: 'allow', match: `ip && ${n}` },
          },
          ...on('Logical_Switch', ls, { mutations: [['acls', 'insert', ['named-uuid', `acl${n}`]]] }),
          ...overwrite('ACL', acl, {
            log: this.#random(2) === 0,
            severity: this.#random(2) === 0 ? 'info' : ['set', []],
          }),
        ];
      case 14:
        return [{ op: 'insert', table: 'NB_Global', row: { options: this.#map() } }];
      case 15:
        return [
          {
            op: 'mutate',
            table: 'NB_Global',
            where: [],
            mutations: [
              ['nb_cfg', '+=', 1],
              ['options', 'insert', this.#map()],
            ],
          },
        ];
      default:
        return [
          { op: 'delete', table: 'Logical_Switch', where: [['name', '==', `ls${this.#random(20)}`]] },
          { op: 'delete', table: 'Address_Set', where: [['name', '==', `as${this.#random(n + 1)}`]] },
        ];
    }
  }

  #known(table: string): string[] {
    let uuids = this.#uuids.get(table);
    if (uuids === undefined) this.#uuids.set(table, (uuids = []));
    return uuids;
  }

  #pick(table: string): string | undefined {
    const uuids = this.#known(table);
    return uuids[this.#random(uuids.length)];
  }

  #some(table: string): unknown[] {
    return this.#known(table)
      .filter(() => this.#random(3) === 0)
      .map((uuid) => ['uuid', uuid]);
  }

  #map(): unknown {
    const keys = ['k1', 'k2', 'k3', '__proto__', 'constructor'].filter(() => this.#random(2) === 0);
    return ['map', keys.map((key) => [key, `v${this.#random(4)}`])];
  }

  #texts(count: number): unknown {
    const first = this.#random(60);
    return ['set', Array.from({ length: count }, (_, i) => `10.1.${first}.${i}`)];
  }

  /** An integer from 0 to below `bound` (mulberry32). */
  #random(bound: number): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % Math.max(1, bound);
  }
}

type Client = OvsdbClient<UntypedTables, Record<string, string>>;

/** Puts together what the events tell, and checks at each that nobody sees half of a transaction. */
class Follower {
  readonly folded = new Map<string, Map<string, RowData>>();
  readonly faults: string[] = [];
  batches = 0;
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
    for (const table of TABLES) {
      const rows = new Map<string, RowData>();
      for (const row of client.tables[table]!) rows.set(row._uuid, row);
      this.folded.set(table, rows);
      const events = client.tables[table]!;
      events.on('insert', (row) => {
        if (rows.has(row._uuid)) this.faults.push(`${table} ${row._uuid} was inserted twice`);
        rows.set(row._uuid, row);
        this.#checkWhole(table, row);
      });
      events.on('update', (row, old, columns) => {
        if (rows.get(row._uuid) !== old) this.faults.push(`${table} ${row._uuid} has another old row`);
        const [a, b] = [comparable(old), comparable(row)];
        for (const column of columns) {
          if (JSON.stringify(a[column]) === JSON.stringify(b[column])) this.faults.push(`${table}.${column} is equal`);
        }
        rows.set(row._uuid, row);
        this.#checkWhole(table, row);
      });
      events.on('delete', (row) => {
        if (rows.get(row._uuid) !== row) this.faults.push(`${table} ${row._uuid} was deleted as another row`);
        rows.delete(row._uuid);
      });
    }
    client.on('batch', ({ changes }) => {
      this.batches++;
      for (const { table, row } of changes) this.#checkIndexes(table, row);
    });
  }

  /** Strong references lead to rows, in every state that the server commits. */
  #checkWhole(table: string, row: RowData): void {
    const { tables } = this.#client;
    if (table === 'Logical_Switch' && tables['Logical_Switch']!.get(row._uuid) === row) {
      for (const port of row['ports'] as readonly Uuid<'Logical_Switch_Port'>[]) {
        if (tables['Logical_Switch_Port']!.get(port) === undefined) this.faults.push(`port ${port} is not there yet`);
      }
    }
    if (table === 'Logical_Switch_Port' && tables['Logical_Switch']!.find({ ports: [row._uuid] }) === undefined) {
      if (tables['Logical_Switch_Port']!.get(row._uuid) === row) this.faults.push(`port ${row._uuid} is on no switch`);
    }
  }

  #checkIndexes(table: string, row: RowData): void {
    const rows = this.#client.tables[table]!;
    const matches: Record<string, unknown>[] = [];
    if ('name' in row) matches.push({ name: row['name'] });
    if (table === 'Logical_Switch') {
      for (const port of (row['ports'] as readonly string[]).slice(0, 3)) matches.push({ ports: [port] });
    }
    if (table === 'Logical_Switch_Port') matches.push({ external_ids: { k1: 'v1' } });
    for (const match of matches) {
      const [[column, wanted]] = Object.entries(match) as [[string, unknown]];
      const scan = rows.filter((each) => {
        const value = each[column];
        if (Array.isArray(wanted)) return (value as readonly unknown[]).includes(wanted[0]);
        if (typeof wanted === 'object') return (value as Record<string, string>)['k1'] === 'v1';
        return value === wanted;
      });
      const found = rows.findAll(match as never);
      if (found.length !== scan.length || !scan.every((each) => found.includes(each))) {
        this.faults.push(`${table} ${JSON.stringify(match)}: the index finds ${found.length} of ${scan.length}`);
      }
    }
  }
}

/** Resolves when the replica holds everything that is committed now. */
async function readAll(client: Client): Promise<void> {
  for (;;) {
    try {
      await client.transact((tx) => tx.select('NB_Global', []));
      return;
    } catch (error) {
      // The connection was cut, and the client had not noticed yet.
      if ((error as { outcome?: string }).outcome !== 'unknown') throw error;
    }
  }
}

async function connect(remotes: string): Promise<Client> {
  return OvsdbClient.connect({
    remotes,
    database: 'OVN_Northbound',
    backoff: { minMs: 5, maxMs: 20 },
    tables: {
      NB_Global: true,
      Logical_Switch: { indexes: [['ports'], ['name']] },
      Logical_Switch_Port: { indexes: [[{ column: 'external_ids', key: 'k1' }]] },
      Port_Group: true,
      Address_Set: true,
      ACL: true,
    },
  });
}

describe('the replica of a real server', function () {
  this.timeout(180_000);

  for (const [method, seed, cut] of [
    ['monitor_cond_since', 11],
    ['monitor_cond', 22],
    ['monitor', 33],
    ['monitor_cond_since', 44, 'over connections that are cut at random'],
    ['monitor', 55, 'over connections that are cut at random'],
  ] as const) {
    it(`equals the server after random transactions of others, by ${method} ${cut ?? ''}`.trim(), async () => {
      await using sandbox = await startServer();
      using raw = await RawClient.connect(sandbox.remote);
      const writer = new RandomWriter(raw, seed);
      for (let i = 0; i < 20; i++) await writer.step();
      await using proxy = await ClientProxy.start(sandbox.remote);
      // The server is one that does not know the newer ones.
      const newer: readonly unknown[] = MONITORS.slice(0, MONITORS.indexOf(method));
      proxy.onRequest = (message) => (newer.includes(message.method) ? { error: 'unknown method' } : 'pass');
      await using client = await connect(proxy.remote);
      expect(client.state).to.include({ name: 'synced', method });
      const follower = new Follower(client);
      for (let round = 0; round < 6; round++) {
        for (let i = 0; i < 30; i++) {
          await writer.step();
          if (cut !== undefined && i % 7 === round) proxy.cut();
        }
        await readAll(client);
        for (const table of TABLES) {
          const fresh = await raw.rows(table);
          const rows = [...client.tables[table]!].map((row) => [row._uuid, comparable(row)] as const);
          expect(new Map<string, unknown>(rows), table).to.deep.equal(fresh);
          expect([...follower.folded.get(table)!.values()]).to.have.members([...client.tables[table]!]);
        }
      }
      expect(follower.faults).to.deep.equal([]);
      expect(follower.batches).to.be.greaterThan(cut === undefined ? 50 : 5);
      expect(client.tables['Address_Set']!.filter(({ addresses }) => (addresses as readonly string[]).length > 64)).not
        .to.be.empty;
    });
  }

  it('keeps the identity of rows that a change does not concern', async () => {
    await using sandbox = await startServer();
    using raw = await RawClient.connect(sandbox.remote);
    await raw.commit(...['a', 'b'].map((name) => ({ op: 'insert', table: 'Logical_Switch', row: { name } })));
    await using client = await connect(sandbox.remote);
    const [a, b] = ['a', 'b'].map((name) => client.tables['Logical_Switch']!.find({ name }));
    await raw.commit({
      op: 'update',
      table: 'Logical_Switch',
      where: [['name', '==', 'a']],
      row: { external_ids: ['map', [['x', 'y']]] },
    });
    await client.tables['Logical_Switch']!.until((row) => Object.hasOwn(row['external_ids'] as object, 'x'));
    expect(client.tables['Logical_Switch']!.find({ name: 'b' })).to.equal(b);
    expect(client.tables['Logical_Switch']!.find({ name: 'a' })).not.to.equal(a);
    expect(a!['external_ids']).to.deep.equal(Object.create(null));
    expect(Object.isFrozen(a)).to.equal(true);
  });

  it('holds the rows that meet one of the conditions, as they come to and as they no longer do', async () => {
    await using sandbox = await startServer();
    using raw = await RawClient.connect(sandbox.remote);
    const insert = (name: string, row: object): object => ({
      op: 'insert',
      table: 'Address_Set',
      row: { name, ...row },
    });
    await raw.commit(
      insert('wanted', {}),
      insert('tagged', { external_ids: ['map', [['keep', 'yes']]] }),
      insert('other', {}),
    );
    await using client = await OvsdbClient.connect({
      remotes: sandbox.remote,
      database: 'OVN_Northbound',
      tables: {
        Address_Set: {
          where: [
            ['name', '==', 'wanted'],
            ['external_ids', 'includes', { keep: 'yes' }],
          ],
        },
      },
    });
    const table = client.tables['Address_Set'];
    const held = (): unknown[] => [...table].map(({ name }) => name).sort();
    expect(held()).to.deep.equal(['tagged', 'wanted']);
    const events: string[] = [];
    table.on('insert', ({ name }) => events.push(`insert ${name as string}`));
    table.on('update', ({ name }) => events.push(`update ${name as string}`));
    table.on('delete', ({ name }) => events.push(`delete ${name as string}`));
    const mutate = (name: string, ...mutation: readonly unknown[]): object => ({
      op: 'mutate',
      table: 'Address_Set',
      where: [['name', '==', name]],
      mutations: [mutation],
    });
    await raw.commit(mutate('other', 'external_ids', 'insert', ['map', [['keep', 'yes']]]));
    await raw.commit(mutate('other', 'addresses', 'insert', ['set', ['10.0.0.1']]));
    await raw.commit(mutate('tagged', 'external_ids', 'delete', ['set', ['keep']]));
    await raw.commit(mutate('tagged', 'addresses', 'insert', ['set', ['10.0.0.2']]));
    await raw.commit({ op: 'delete', table: 'Address_Set', where: [['name', '==', 'wanted']] });
    await eventually(() => events.includes('delete wanted'), 'the last event');
    expect(events).to.deep.equal(['insert other', 'update other', 'delete tagged', 'delete wanted']);
    expect(held()).to.deep.equal(['other']);
    expect(table.find({ name: 'other' })!['addresses']).to.deep.equal(['10.0.0.1']);
  });

  it('holds only the columns that were chosen, and says so for others', async () => {
    await using sandbox = await startServer();
    using raw = await RawClient.connect(sandbox.remote);
    await raw.commit({ op: 'insert', table: 'Address_Set', row: { name: 'a', addresses: '10.0.0.1' } });
    await using client = await OvsdbClient.connect({
      remotes: sandbox.remote,
      database: 'OVN_Northbound',
      tables: { Address_Set: { columns: ['name'] } },
    });
    const table = client.tables['Address_Set'];
    expect(Object.keys([...table][0]!)).to.deep.equal(['_uuid', 'name']);
    expect(() => table.find({ addresses: [] } as never)).to.throw(/Address_Set\.addresses is not replicated/);
    expect(() => table.find({ adresses: [] } as never)).to.throw(/no column adresses/);
    expect(() => (client.tables as Record<string, unknown>)['ACL']).to.throw(/table ACL .* is not replicated/);
    let updates = 0;
    table.on('update', () => updates++);
    await raw.commit({ op: 'update', table: 'Address_Set', where: [], row: { addresses: '10.0.0.9' } });
    await raw.commit({ op: 'update', table: 'Address_Set', where: [], row: { name: 'b' } });
    await table.until(({ name }) => name === 'b');
    expect(updates).to.equal(1);
  });

  it('settles until() at once, after a change, on abort, after its time, and when the predicate throws', async () => {
    await using sandbox = await startServer();
    using raw = await RawClient.connect(sandbox.remote);
    await using client = await connect(sandbox.remote);
    const table = client.tables['Address_Set']!;
    const later = table.until(({ name }) => name === 'a', { timeoutMs: Infinity });
    await raw.commit({ op: 'insert', table: 'Address_Set', row: { name: 'a' } });
    const row = await later;
    expect(await table.until(({ name }) => name === 'a')).to.equal(row);
    const reason = new Error('enough');
    const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
      promise.then(
        () => 'resolved',
        (e: unknown) => e,
      );
    expect(await rejection(table.until(() => false, { signal: AbortSignal.abort(reason) }))).to.equal(reason);
    const controller = new AbortController();
    const aborted = rejection(table.until(() => false, { signal: controller.signal }));
    controller.abort(reason);
    expect(await aborted).to.equal(reason);
    expect(await rejection(table.until(() => false, { timeoutMs: 5 }))).to.include({ code: 'Timeout', timeoutMs: 5 });
    const thrown = rejection(
      table.until(({ name }) => {
        if (name === 'b') throw reason;
        return false;
      }),
    );
    await raw.commit({ op: 'insert', table: 'Address_Set', row: { name: 'b' } });
    expect(await thrown).to.equal(reason);
  });
});
