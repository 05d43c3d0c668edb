/** Transactions of the northbound client on a real server, often with a second client in the way. */
import { expect } from 'chai';

import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import type { NorthboundTables } from '../../lib/nb/tables.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { Transaction } from '../../lib/transaction/builder.js';
import { TransactionError } from '../../lib/transaction/transaction-error.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { startProxiedClient, type ProxiedClient } from './proxied-client.js';
import { eventually, outOfSync, RawClient } from './raw-client.js';
import { failure } from '../failure.js';
import { asSandbox, onRealServer, type TestServer } from './test-server.js';

const TABLES = [
  'NB_Global',
  'Logical_Switch',
  'Logical_Switch_Port',
  'Address_Set',
  'Port_Group',
  'ACL',
  'Static_MAC_Binding',
  'Load_Balancer',
  'HA_Chassis_Group',
  'HA_Chassis',
] as const;
type Selection = { readonly [T in (typeof TABLES)[number]]: Extract<keyof NorthboundTables[T], string> };
type Client = NorthboundClient<Selection>;
type Tx = Transaction<NorthboundTables, Selection>;

/** The server's schema is older than the library's; that is tested elsewhere. */
const ignore = (): void => undefined;

const ABSENT = '01234567-89ab-4def-8123-456789abcdef';

describe('transactions', () => {
  let scene: ProxiedClient<typeof TABLES>;
  let sandbox: TestServer;
  let raw: RawClient;
  let proxy: ClientProxy;
  let nb: Client;
  let names = 0;
  /** A name that no other test has. */
  const fresh = (): string => `n${names++}`;

  before(async () => {
    scene = await startProxiedClient(TABLES);
    ({ sandbox, raw, proxy, nb } = scene);
  });

  after(() => scene.stop());

  afterEach(() => proxy.passAll());

  const addSwitch = async (name = fresh()): Promise<Uuid<'Logical_Switch'>> =>
    nb.transact((tx) => tx.insert('Logical_Switch', { name }));

  describe('operations', () => {
    it('inserts rows that refer to each other, in any order, and resolves with their uuids', async () => {
      const name = fresh();
      const result = await nb.transact((tx) => {
        const port = tx.insert('Logical_Switch_Port', { name, addresses: ['0a:00:00:00:00:01 10.0.0.1'] });
        const acl = tx.insert('ACL', { priority: 1, direction: 'to-lport', match: 'ip', action: 'drop' });
        const ls = tx.insert('Logical_Switch', { name, ports: [port], acls: [acl], external_ids: { a: 'b' } });
        const group = tx.insert('Port_Group', { name, ports: [port] });
        return { nested: [{ port, list: [ls, acl] }], group, kept: new Map([['x', 1]]), text: name };
      });
      const { port, list } = result.nested[0]!;
      expect(nb.tables.Logical_Switch_Port.get(port)).to.include({ name });
      expect(nb.tables.Logical_Switch.find({ name })).to.deep.include({ ports: [port], _uuid: list[0] });
      expect(nb.tables.Port_Group.get(result.group)!.ports).to.deep.equal([port]);
      expect(result.kept).to.deep.equal(new Map([['x', 1]]));
      expect(result.text).to.equal(name);
    });

    it('inserts a row under a uuid that the caller chose, and refuses it a second time', async () => {
      const uuid = 'ABCDEF00-89ab-4def-8123-456789abcdef' as Uuid<'Address_Set'>;
      const insert = (tx: Tx): unknown => tx.insertWithUuid('Address_Set', uuid, { name: fresh() });
      expect(await nb.transact(insert)).to.equal(uuid.toLowerCase());
      expect(await failure(nb.transact(insert))).to.include({ code: 'TransactionFailed', error: 'duplicate uuid' });
    });

    it('follows references by a chosen uuid, whether by placeholder or as text', async () => {
      const [ls, port, other] = [1, 2, 3].map((n) => `0000000${n}-89ab-4def-8123-456789abcdef`) as [
        string,
        string,
        string,
      ];
      const name = fresh();
      await nb.transact((tx) => {
        tx.insertWithUuid('Logical_Switch', ls as Uuid<'Logical_Switch'>, {
          name,
          ports: [other as Uuid<'Logical_Switch_Port'>],
        });
        const placeholder = tx.insertWithUuid('Logical_Switch_Port', port as Uuid<'Logical_Switch_Port'>, { name });
        tx.mutate('Logical_Switch', ls as Uuid<'Logical_Switch'>, { ports: { insert: [placeholder] } });
        tx.insertWithUuid('Logical_Switch_Port', other as Uuid<'Logical_Switch_Port'>, { name: `${name}b` });
      });
      expect(nb.tables.Logical_Switch.find({ name })!.ports).to.have.members([port, other]);
    });

    it('overwrites columns: what is given is set, undefined and empty clear, what is absent stays', async () => {
      const name = fresh();
      const { port } = await nb.transact((tx) => {
        const inserted = tx.insert('Logical_Switch_Port', {
          name,
          enabled: true,
          addresses: ['unknown'],
          options: { a: 'b' },
          type: 'localport',
        });
        tx.insert('Logical_Switch', { name, ports: [inserted] });
        return { port: inserted };
      });
      const count = await nb.transact((tx) =>
        tx.update('Logical_Switch_Port', port, { enabled: undefined, addresses: [], options: { c: 'd' } }),
      );
      expect(count).to.equal(1);
      const row = nb.tables.Logical_Switch_Port.get(port)!;
      expect(row).to.include({ enabled: undefined, type: 'localport' });
      expect(row.addresses).to.deep.equal([]);
      expect({ ...row.options }).to.deep.equal({ c: 'd' });
    });

    it('mutates numbers, sets and maps, and counts the rows', async () => {
      const name = fresh();
      const [set, lb] = await nb.transact(
        (tx) =>
          [
            tx.insert('Address_Set', { name, addresses: ['10.0.0.1', '10.0.0.2'] }),
            tx.insert('Load_Balancer', { name, vips: { a: '1', b: '2', c: '3' } }),
          ] as const,
      );
      const counts = await nb.transact((tx) => [
        tx.mutate('Address_Set', set, { addresses: { delete: ['10.0.0.1', '10.9.9.9'], insert: ['10.0.0.3'] } }),
        tx.mutate('Load_Balancer', lb, { vips: { delete: ['a'], insert: { b: 'x', d: '4' }, set: { c: '9' } } }),
        tx.mutate('Load_Balancer', [['name', '==', 'nobody']], { vips: { delete: { b: '2' } } }),
        tx.delete('Address_Set', [['name', '==', 'nobody']]),
      ]);
      expect(counts).to.deep.equal([1, 1, 0, 0]);
      expect(nb.tables.Address_Set.get(set)!.addresses).to.have.members(['10.0.0.2', '10.0.0.3']);
      expect({ ...nb.tables.Load_Balancer.get(lb)!.vips }).to.deep.equal({ b: '2', c: '9', d: '4' });
      await nb.transact((tx) => tx.mutate('Load_Balancer', lb, { vips: { delete: { b: 'no', c: '9' } } }));
      expect({ ...nb.tables.Load_Balancer.get(lb)!.vips }).to.deep.equal({ b: '2', d: '4' });
    });

    it('counts exactly in 64 bits', async () => {
      const big = 2n ** 53n + 1n;
      await raw.commit({ op: 'delete', table: 'NB_Global', where: [] });
      const uuid = await nb.transact((tx) => tx.insert('NB_Global', { nb_cfg: big }));
      expect(nb.tables.NB_Global.get(uuid)!.nb_cfg).to.equal(big);
      const [row] = await nb.transact((tx) => {
        tx.mutate('NB_Global', [['nb_cfg', '==', big]], { nb_cfg: { add: 2n ** 62n } });
        return tx.select('NB_Global', uuid, ['nb_cfg']);
      });
      expect(row).to.deep.equal({ _uuid: uuid, nb_cfg: big + 2n ** 62n });
      expect(nb.tables.NB_Global.find({ nb_cfg: big + 2n ** 62n })!._uuid).to.equal(uuid);
      await nb.transact((tx) => tx.update('NB_Global', uuid, { nb_cfg: 5n }));
      expect(nb.tables.NB_Global.get(uuid)!.nb_cfg).to.equal(5);
      expect(nb.tables.NB_Global.find({ nb_cfg: 5n })!._uuid).to.equal(uuid);
    });

    it('takes any text as a key of a map', async () => {
      const ids = Object.fromEntries([
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['toString', ''],
        ['', 'empty'],
        ['é😀', 'x'],
      ]);
      const uuid = await nb.transact((tx) => tx.insert('Address_Set', { name: fresh(), external_ids: ids }));
      expect(Object.entries(nb.tables.Address_Set.get(uuid)!.external_ids)).to.have.deep.members(Object.entries(ids));
      await nb.transact((tx) =>
        tx.mutate('Address_Set', uuid, { external_ids: { delete: ['__proto__', 'toString'] } }),
      );
      const left = nb.tables.Address_Set.get(uuid)!.external_ids;
      expect(Object.keys(left).sort()).to.deep.equal(['', 'constructor', 'é😀'].sort());
      expect(nb.tables.Address_Set.find({ external_ids: { constructor: 'b' } })!._uuid).to.equal(uuid);
    });

    it('selects rows as they are at that point of the transaction', async () => {
      const name = fresh();
      const { before, after, all } = await nb.transact((tx) => {
        const before = tx.select('Address_Set', [['name', '==', name]]);
        const set = tx.insert('Address_Set', { name, addresses: ['10.0.0.1'] });
        const after = tx.select('Address_Set', set, ['name', 'addresses', 'name']);
        return { before, after, all: tx.select('Address_Set', [['name', '==', name]]) };
      });
      expect(before).to.deep.equal([]);
      expect(after).to.have.lengthOf(1);
      expect(after[0]).to.deep.include({ name, addresses: ['10.0.0.1'] });
      expect(Object.keys(after[0]!)).to.have.members(['_uuid', 'name', 'addresses']);
      expect(Object.keys(all[0]!)).to.include.members(['_uuid', 'name', 'addresses', 'external_ids']);
    });

    it('leaves rows that the callback returns as they are', async () => {
      const name = fresh();
      await nb.transact((tx) => tx.insert('Address_Set', { name }));
      const row = nb.tables.Address_Set.find({ name })!;
      const result = await nb.transact((tx) => ({
        row: tx.tables.Address_Set.find({ name }),
        list: [row, 1] as const,
      }));
      expect(result.row).to.equal(row);
      expect(result.list[0]).to.equal(row);
    });

    it('sends nothing for a callback that asks for nothing', async () => {
      const sent = proxy.transactions.length;
      expect(await nb.transact((tx) => tx.tables.Address_Set.name)).to.equal('Address_Set');
      await nb.transact((tx) => tx.comment('nothing done'));
      expect(proxy.transactions).to.have.lengthOf(sent);
    });

    it('writes a comment and commits durably', async () => {
      await nb.transact((tx) => {
        tx.comment('added by a test');
        tx.insert('Address_Set', { name: fresh() });
        tx.commitDurably();
      });
      expect(proxy.transactions.at(-1)).to.deep.include({ op: 'comment', comment: 'added by a test' });
      expect(proxy.transactions.at(-1)).to.deep.include({ op: 'commit', durable: true });
    });

    onRealServer(() => {
      it('leaves a log that the server can compact', async () => {
        await nb.transact((tx) => {
          tx.comment('added by a test');
          tx.insert('Address_Set', { name: fresh() });
          tx.commitDurably();
        });
        expect(await asSandbox(sandbox).appctl('ovsdb-server/compact')).to.equal('');
      });
    });

    it('passes on an operation as it stands', async () => {
      const name = fresh();
      const result = await nb.transact((tx) => {
        const port = tx.insert('Logical_Switch_Port', { name });
        tx.operation({ op: 'insert', table: 'Logical_Switch', row: { name, ports: port.toWire() } });
        return tx.operation({
          op: 'select',
          table: 'Logical_Switch',
          where: [['name', '==', name]],
          columns: ['name'],
        });
      });
      expect(result).to.deep.equal({ rows: [{ name }] });
      expect(nb.tables.Logical_Switch_Port.find({ name })).not.to.equal(undefined);
    });
  });

  describe('that are refused before anything is sent', () => {
    const CASES: readonly (readonly [what: string, callback: (tx: Tx) => unknown, expected: object])[] = [
      ['a number out of range', (tx) => tx.update('ACL', ABSENT as Uuid<'ACL'>, { priority: 99_999 }), { code: 'Validation', table: 'ACL', column: 'priority' }],
      ['a value outside the enum', (tx) => tx.update('ACL', ABSENT as Uuid<'ACL'>, { direction: 'sideways' as never }), { code: 'Validation', column: 'direction' }],
      ['null', (tx) => tx.insert('Logical_Switch_Port', { name: null as never }), { code: 'Validation', column: 'name' }],
      ['null for an optional', (tx) => tx.update('Logical_Switch_Port', ABSENT as Uuid<'Logical_Switch_Port'>, { enabled: null as never }), { code: 'Validation', column: 'enabled' }],
      ['null for a mutation', (tx) => tx.mutate('Logical_Switch', ABSENT as Uuid<'Logical_Switch'>, { ports: null as never }), { code: 'Validation', column: 'ports' }],
      ['a mutation that there is not', (tx) => tx.mutate('Logical_Switch', ABSENT as Uuid<'Logical_Switch'>, { ports: { append: [] } as never }), { code: 'Validation', column: 'ports' }],
      ['a required column left out', (tx) => tx.insert('ACL', { priority: 1, match: 'ip', action: 'drop' } as never), { code: 'Validation', column: 'direction' }],
      ['a column that there is not', (tx) => tx.insert('Logical_Switch', { nmae: 'x' } as never), { code: 'Schema', table: 'Logical_Switch', column: 'nmae' }],
      ['a table that there is not', (tx) => tx.insert('Logical_Swich' as never, {}), { code: 'Schema', table: 'Logical_Swich' }],
      ['_uuid in a row', (tx) => tx.insert('Address_Set', { name: 'x', _uuid: ABSENT } as never), { code: 'Validation', column: '_uuid' }],
      ['_uuid in an update', (tx) => tx.update('Address_Set', ABSENT as Uuid<'Address_Set'>, { _uuid: ABSENT } as never), { code: 'Validation', column: '_uuid' }],
      ['a name where a uuid is wanted', (tx) => tx.delete('Address_Set', 'my-set' as Uuid<'Address_Set'>), { code: 'InvalidArgument' }],
      ['a uuid that is none', (tx) => tx.insertWithUuid('Address_Set', 'x' as Uuid<'Address_Set'>, { name: 'x' }), { code: 'InvalidArgument' }],
      ['a row that must exist, without a uuid', (tx) => tx.ensureExists('Address_Set', 'x' as Uuid<'Address_Set'>), { code: 'InvalidArgument' }],
      ['a whole row as condition', (tx) => tx.delete('Address_Set', { _uuid: ABSENT } as never), { code: 'InvalidArgument' }],
      ['a comment on which the server would hang up', (tx) => tx.comment('a\0b'), { code: 'InvalidArgument' }],
      ['a lock whose name is none', (tx) => tx.assert('a-b'), { code: 'InvalidArgument' }],
      ['a lock object whose name is none', (tx) => tx.assert({ name: 'a-b' }), { code: 'InvalidArgument' }],
      ['a lock that is none', (tx) => tx.assert(undefined as never), { code: 'InvalidArgument' }],
      ['an operation on which the server would hang up', (tx) => tx.operation({ op: 'comment', comment: '\ud800' }), { code: 'InvalidArgument' }],
      ['an operation that is none', (tx) => tx.operation(undefined as never), { code: 'InvalidArgument' }],
      ['a row of another table', (tx) => tx.insert('Logical_Switch', { ports: [tx.insert('ACL', { priority: 1, direction: 'to-lport', match: '', action: 'drop' }) as never] }), { code: 'Validation', column: 'ports' }],
      ['an unpaired surrogate', (tx) => tx.insert('Address_Set', { name: '\ud800' }), { code: 'Validation', column: 'name' }],
      ['an integer that is not exact', (tx) => tx.insert('NB_Global', { nb_cfg: 2 ** 60 }), { code: 'Validation', column: 'nb_cfg' }],
      ['a port that nothing refers to', (tx) => tx.insert('Logical_Switch_Port', { name: 'lonely' }), { code: 'OrphanInsert', outcome: 'not-sent' }],
      ['a port that only a weak reference leads to', (tx) => tx.insert('Port_Group', { name: 'g', ports: [tx.insert('Logical_Switch_Port', { name: 'lonely' })] }), { code: 'OrphanInsert' }],
      ['a port that a later operation takes off its switch', (tx) => { const port = tx.insert('Logical_Switch_Port', { name: 'lonely' }); tx.update('Logical_Switch', tx.insert('Logical_Switch', { name: 'x', ports: [port] }), { ports: [] }); }, { code: 'OrphanInsert' }],
      ['a row that a condition is to hold', (tx) => tx.mutate('Logical_Switch', [['name', '==', 'x']], { ports: { insert: [tx.insert('Logical_Switch_Port', { name: 'lost' })] } }), { code: 'InvalidArgument' }],
      ['an abort', (tx) => tx.abort('no need'), { code: 'Aborted', outcome: 'not-sent' }],
      ['what the callback throws', () => { throw new RangeError('mine'); }, { name: 'RangeError', message: 'mine' }],
      ['a callback that is asynchronous', async (tx) => { tx.insert('Address_Set', { name: fresh() }); await Promise.resolve(); throw new Error('later'); }, { code: 'InvalidArgument' }],
      ['a result that contains itself', (tx) => { const loop: Record<string, unknown> = { set: tx.insert('Address_Set', { name: fresh() }) }; loop['self'] = loop; return loop; }, { code: 'InvalidArgument' }],
    ]; // prettier-ignore

    for (const [what, callback, expected] of CASES) {
      it(what, async () => {
        const sent = proxy.transactions.length;
        expect(await failure(nb.transact(callback))).to.include(expected);
        expect(proxy.transactions).to.have.lengthOf(sent);
      });
    }

    it('a chain of inserts whose end nothing keeps, naming the row', async () => {
      const error = await failure(
        nb.transact((tx) => {
          const chassis = tx.insert('HA_Chassis', { chassis_name: 'c1', priority: 1 });
          expect(chassis.table).to.equal('HA_Chassis');
          tx.insert('Address_Set', { name: fresh() });
        }),
      );
      expect(error).to.include({ code: 'OrphanInsert' });
      expect(error.message).to.include('the row inserted into HA_Chassis');
    });

    it('times and retries that are no numbers', async () => {
      for (const options of [{ timeoutMs: NaN }, { timeoutMs: -1 }, { retries: NaN }]) {
        const error = await failure(nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }), options));
        expect(error).to.include({ code: 'InvalidArgument' });
      }
    });

    it('what is asked for after the callback has returned', async () => {
      let late: Tx | undefined;
      await nb.transact((tx) => {
        late = tx;
        return tx.insert('Address_Set', { name: fresh() });
      });
      const sent = proxy.transactions.length;
      expect(() => late!.insert('Address_Set', { name: fresh() })).to.throw('has returned');
      expect(proxy.transactions).to.have.lengthOf(sent);
    });

    it('a placeholder of another transaction, in an operation and in the result', async () => {
      let kept: ReturnType<Tx['insert']> | undefined;
      await nb.transact((tx) => void (kept = tx.insert('Address_Set', { name: fresh() })));
      const sent = proxy.transactions.length;
      expect(await failure(nb.transact((tx) => tx.delete('Address_Set', kept as never)))).to.include({
        code: 'InvalidArgument',
      });
      const returned = nb.transact((tx) => [tx.insert('Address_Set', { name: fresh() }), kept]);
      expect(await failure(returned)).to.include({ code: 'InvalidArgument' });
      expect(proxy.transactions).to.have.lengthOf(sent);
    });
  });

  describe('that the server refuses', () => {
    it('a name that is taken: unique index, with table and column', async () => {
      const name = `${fresh()} in column other`;
      const error = await failure(
        nb.transact((tx) => [tx.insert('Address_Set', { name }), tx.insert('Address_Set', { name })]),
      );
      expect(error).to.be.instanceOf(TransactionError);
      expect(error).to.include({
        code: 'TransactionFailed',
        outcome: 'failed',
        table: 'Address_Set',
        column: 'name',
        error: 'constraint violation',
      });
      expect(error['details']).to.include(name);
      expect(error.message).to.include('insert into Address_Set');
      expect(nb.tables.Address_Set.find({ name })).to.equal(undefined);
    });

    it('a name that is taken, while others change other tables: the same error, without another run', async () => {
      const name = fresh();
      await nb.transact((tx) => tx.insert('Address_Set', { name }));
      let runs = 0;
      const others = Array.from({ length: 50 }, () =>
        raw.commit({ op: 'insert', table: 'Logical_Switch', row: { name: 'busy' } }),
      );
      const errors = await Promise.all(
        Array.from({ length: 20 }, () =>
          failure(
            nb.transact((tx) => {
              runs++;
              return tx.insert('Address_Set', { name });
            }),
          ),
        ),
      );
      await Promise.all(others);
      for (const error of errors) expect(error).to.include({ code: 'TransactionFailed', table: 'Address_Set' });
      expect(runs).to.equal(20);
    });

    it('a reference to a row that there is not', async () => {
      const error = await failure(
        nb.transact((tx) => tx.insert('Logical_Switch', { ports: [ABSENT as Uuid<'Logical_Switch_Port'>] })),
      );
      expect(error).to.include({
        outcome: 'failed',
        table: 'Logical_Switch',
        column: 'ports',
        error: 'referential integrity violation',
      });
    });

    it('the deletion of a row that something refers to', async () => {
      const name = fresh();
      const port = await nb.transact((tx) => {
        const inserted = tx.insert('Logical_Switch_Port', { name });
        tx.insert('Logical_Switch', { name, ports: [inserted] });
        return inserted;
      });
      const error = await failure(nb.transact((tx) => tx.delete('Logical_Switch_Port', port)));
      expect(error).to.include({
        outcome: 'failed',
        table: 'Logical_Switch_Port',
        error: 'referential integrity violation',
      });
    });

    it('more rows than the table may have', async () => {
      await raw.commit({ op: 'delete', table: 'NB_Global', where: [] });
      const error = await failure(nb.transact((tx) => [tx.insert('NB_Global', {}), tx.insert('NB_Global', {})]));
      expect(error).to.include({ outcome: 'failed', table: 'NB_Global', error: 'constraint violation' });
    });

    it('an operation, which the error then names', async () => {
      const error = await failure(
        nb.transact((tx) => {
          tx.insert('Address_Set', { name: fresh() });
          tx.operation({ op: 'update', table: 'ACL', where: [], row: { priority: 'high' } });
        }),
      );
      // No row is there to update, but the row is parsed first.
      expect(error).to.include({ code: 'TransactionFailed', outcome: 'failed', operationIndex: 1, table: 'ACL' });
      expect(error['operation']).to.include({ op: 'update' });
    });

    it('an assertion of a lock that is not held', async () => {
      const error = await failure(
        nb.transact((tx) => {
          tx.assert('nobody_has_it');
          tx.insert('Address_Set', { name: fresh() });
        }),
      );
      expect(error).to.include({ code: 'NotOwner', outcome: 'failed', error: 'not owner' });
    });

    it('a reference from a switch that is gone: no orphan, and the callback finds out', async () => {
      const [name, port] = [fresh(), fresh()];
      const ls = await addSwitch(name);
      await raw.commit({ op: 'delete', table: 'Logical_Switch', where: [['name', '==', name]] });
      const error = await failure(
        nb.transact((tx) => {
          tx.mutate('Logical_Switch', ls, { ports: { insert: [tx.insert('Logical_Switch_Port', { name: port })] } });
        }),
      );
      expect(error).to.include({ outcome: 'failed', table: 'Logical_Switch' });
      expect(error.message).to.include('does not exist');
      expect(await raw.rows('Logical_Switch_Port', [['name', '==', port]])).to.have.lengthOf(0);
    });

    it('a reference from a switch that goes while the transaction is on its way', async () => {
      const [name, port] = [fresh(), fresh()];
      const ls = await addSwitch(name);
      let runs = 0;
      const deleted = holdTransact(() =>
        raw.commit({ op: 'delete', table: 'Logical_Switch', where: [['name', '==', name]] }),
      );
      const error = await failure(
        nb.transact((tx) => {
          runs++;
          if (tx.tables.Logical_Switch.get(ls) === undefined) throw new Error('my switch is gone');
          tx.mutate('Logical_Switch', ls, { ports: { insert: [tx.insert('Logical_Switch_Port', { name: port })] } });
        }),
      );
      await deleted;
      expect(error.message).to.equal('my switch is gone');
      expect(runs).to.equal(2);
      expect(await raw.rows('Logical_Switch_Port', [['name', '==', port]])).to.have.lengthOf(0);
    });
  });

  /** Does `meanwhile` after the callback ran and before the server has its first transaction. */
  function holdTransact(meanwhile: () => Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      proxy.onRequest = (message) => {
        if (message.method !== 'transact') return 'pass';
        proxy.onRequest = () => 'pass';
        meanwhile().then(() => {
          proxy.sendLate(message);
          resolve();
        }, reject);
        return 'drop';
      };
    });
  }

  describe('in conflict', () => {
    it('verify lets an unchanged row through', async () => {
      const set = await nb.transact((tx) => tx.insert('Address_Set', { name: fresh(), addresses: ['10.0.0.1'] }));
      await nb.transact((tx) => {
        const row = tx.tables.Address_Set.get(set)!;
        tx.verify('Address_Set', row, ['addresses', 'external_ids', 'name']);
        tx.update('Address_Set', set, { addresses: [...row.addresses, '10.0.0.2'] });
      });
      expect(nb.tables.Address_Set.get(set)!.addresses).to.have.members(['10.0.0.1', '10.0.0.2']);
    });

    it('a change by others makes the callback run again on fresh data', async () => {
      const name = fresh();
      const set = await nb.transact((tx) => tx.insert('Address_Set', { name, addresses: ['10.0.0.1'] }));
      const runs: (readonly string[])[] = [];
      await Promise.all([
        holdTransact(() =>
          raw.commit({
            op: 'update',
            table: 'Address_Set',
            where: [['name', '==', name]],
            row: { addresses: '10.0.0.7' },
          }),
        ),
        nb.transact((tx) => {
          const row = tx.tables.Address_Set.get(set)!;
          runs.push(row.addresses);
          tx.verify('Address_Set', row, ['addresses']);
          tx.update('Address_Set', set, { addresses: [...row.addresses, '10.0.0.8'] });
        }),
      ]);
      expect(runs).to.deep.equal([['10.0.0.1'], ['10.0.0.7']]);
      expect(nb.tables.Address_Set.get(set)!.addresses).to.have.members(['10.0.0.7', '10.0.0.8']);
    });

    it('a row that others delete while it is being referred to makes the callback run again', async () => {
      const [name, group] = [fresh(), fresh()];
      await raw.commit({ op: 'insert', table: 'HA_Chassis_Group', row: { name: group } });
      await nb.transact((tx) => {
        tx.insert('Logical_Switch', { name, ports: [tx.insert('Logical_Switch_Port', { name, type: 'external' })] });
      });
      const seen: boolean[] = [];
      const [, result] = await Promise.all([
        holdTransact(() => raw.commit({ op: 'delete', table: 'HA_Chassis_Group', where: [['name', '==', group]] })),
        nb.transact((tx) => {
          const row = tx.tables.HA_Chassis_Group.find({ name: group });
          const port = tx.tables.Logical_Switch_Port.find({ name })!;
          seen.push(row !== undefined);
          if (row === undefined) return 'no group any more';
          tx.update('Logical_Switch_Port', port._uuid, { ha_chassis_group: row._uuid });
          return 'set';
        }),
      ]);
      expect(result).to.equal('no group any more');
      expect(seen).to.deep.equal([true, false]);
    });

    it('what never holds is given up after the retries allowed', async () => {
      const name = fresh();
      const set = await nb.transact((tx) => tx.insert('Address_Set', { name }));
      for (const retries of [0, 3]) {
        let runs = 0;
        const error = await failure(
          nb.transact(
            (tx) => {
              runs++;
              tx.wait('Address_Set', set, '==', [{ name: 'another' }]);
            },
            { retries },
          ),
        );
        expect(runs).to.equal(retries + 1);
        expect(error).to.include({ code: 'Conflict', outcome: 'failed', operationIndex: 0, error: 'timed out' });
        // Whether a failure in a cluster is certain is read from these words; the first are those of the same millisecond.
        expect(error['details']).to.match(/^("where" clause test failed|"wait" timed out after \d+ ms)$/);
      }
    });

    it('a wait with time lets the server wait, and fails for good after it', async () => {
      const name = fresh();
      const set = await nb.transact((tx) => tx.insert('Address_Set', { name }));
      const waiting = nb.transact((tx) => {
        tx.wait('Address_Set', set, '!=', [{ name }], { timeoutMs: 10_000 });
        tx.update('Address_Set', set, { addresses: ['10.0.0.1'] });
      });
      await raw.commit({
        op: 'update',
        table: 'Address_Set',
        where: [['name', '==', name]],
        row: { name: `${name}b` },
      });
      await waiting;
      let runs = 0;
      const error = await failure(
        nb.transact((tx) => {
          runs++;
          tx.wait('Address_Set', set, '==', [{ name }], { timeoutMs: 20 });
        }),
      );
      expect(error).to.include({ code: 'TransactionFailed', error: 'timed out' });
      expect(error['details']).to.match(/^"wait" timed out after \d+ ms$/);
      expect(runs).to.equal(1);
    });

    it('of two clients that add one name both succeed, the slower one with the row of the faster', async () => {
      await using other = await connectNorthbound({ remotes: sandbox.remote, tables: TABLES, onWarning: ignore });
      for (let i = 0; i < 20; i++) {
        const name = fresh();
        const add = (client: Client): Promise<string> =>
          client.transact((tx) => tx.tables.Address_Set.find({ name })?._uuid ?? tx.insert('Address_Set', { name }));
        const [a, b] = await Promise.all([add(nb), add(other)]);
        expect(a).to.equal(b);
      }
    });
  });

  describe('of which one cannot be sure', () => {
    it('the connection dies after the request went through: unknown, in force, and not sent again', async () => {
      const name = fresh();
      const sent = proxy.transactions.length;
      proxy.onReply = (message) => (Array.isArray(message.result) && message.method === undefined ? 'cut' : 'pass');
      const error = await failure(nb.transact((tx) => tx.insert('Address_Set', { name })));
      proxy.onReply = () => 'pass';
      expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      await nb.synced();
      expect(nb.tables.Address_Set.find({ name })).not.to.equal(undefined);
      expect(proxy.transactions).to.have.lengthOf(sent + 1);
    });

    it('the connection dies, and it only reads: it is sent again on the next one', async () => {
      const name = fresh();
      await nb.transact((tx) => tx.insert('Address_Set', { name }));
      const sent = proxy.transactions.length;
      proxy.onReply = (message) => {
        if (!Array.isArray(message.result) || message.method !== undefined) return 'pass';
        proxy.onReply = () => 'pass';
        return 'cut';
      };
      const rows = await nb.transact((tx) => tx.select('Address_Set', [['name', '==', name]], ['name']));
      expect(rows.map((row) => row.name)).to.deep.equal([name]);
      expect(proxy.transactions).to.have.lengthOf(sent + 2);
    });

    it('no connection within the time: not sent', async () => {
      proxy.refusing = true;
      proxy.cut();
      await eventually(() => nb.state.name !== 'synced');
      let runs = 0;
      const error = await failure(nb.transact(() => runs++, { timeoutMs: 50 }));
      expect(error).to.include({ code: 'NotSent', outcome: 'not-sent' });
      expect(runs).to.equal(0);
      proxy.refusing = false;
      await nb.synced();
    });

    it('waits for the next connection and is then sent once', async () => {
      const name = fresh();
      const down = outOfSync(nb);
      proxy.cut();
      await down;
      await nb.transact((tx) => tx.insert('Address_Set', { name }));
      expect(nb.tables.Address_Set.find({ name })).not.to.equal(undefined);
    });

    it('no reply within the time: unknown, and the server is asked to give it up', async () => {
      proxy.onRequest = ({ method }) => (method === 'transact' ? 'drop' : 'pass');
      const error = await failure(nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }), { timeoutMs: 50 }));
      expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      expect(error.cause).to.include({ code: 'Timeout' });
      await eventually(() => proxy.methods.at(-1) === 'cancel');
    });

    it('canceled after its time by a server that was waiting: failed for certain, and never in force', async () => {
      const name = fresh();
      const set = await nb.transact((tx) => tx.insert('Address_Set', { name }));
      const error = await failure(
        nb.transact(
          (tx) => {
            tx.wait('Address_Set', set, '==', [{ name: `${name}b` }], { timeoutMs: 60_000 });
            tx.update('Address_Set', set, { addresses: ['10.0.0.1'] });
          },
          { timeoutMs: 50 },
        ),
      );
      expect(error).to.include({ code: 'TimedOut', outcome: 'failed' });
      await nb.transact((tx) => tx.update('Address_Set', set, { name: `${name}b` }));
      expect(nb.tables.Address_Set.get(set)!.addresses).to.deep.equal([]);
    });

    it('an answer that makes no sense: unknown, and the connection is given up for another', async () => {
      const name = fresh();
      const left = outOfSync(nb);
      proxy.onReply = ({ id, method, result }) =>
        method === undefined && typeof id === 'number' && Array.isArray(result) ? { result: [{ uuid: 5 }] } : 'pass';
      const error = await failure(nb.transact((tx) => tx.insert('Address_Set', { name })));
      proxy.onReply = () => 'pass';
      expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      expect(error.cause).to.include({ code: 'Protocol' });
      await left;
      await nb.synced();
      expect(nb.tables.Address_Set.find({ name })).not.to.equal(undefined);
    });

    it('more of them at once than may be under way: each in its turn, and too many are refused at once', async () => {
      await using limited = await connectNorthbound({
        remotes: proxy.remote,
        tables: TABLES,
        onWarning: ignore,
        maxTransactionsInFlight: 2,
        maxTransactionsWaiting: 3,
      });
      const held: unknown[] = [];
      proxy.onRequest = (message) => {
        if (message.method !== 'transact') return 'pass';
        held.push(message);
        return 'drop';
      };
      const sets = Array.from({ length: 6 }, () =>
        limited.transact((tx) => tx.insert('Address_Set', { name: fresh() })),
      );
      const refused = await failure(sets[5]!);
      expect(refused).to.include({ code: 'NotSent', outcome: 'not-sent' });
      expect(refused.message).to.match(/2 transactions are under way and 3 wait .*maxTransactionsInFlight/);
      await eventually(() => held.length === 2);
      proxy.onRequest = () => 'pass';
      for (const message of held) proxy.sendLate(message as never);
      const uuids = await Promise.all(sets.slice(0, 5));
      expect(new Set(uuids).size).to.equal(5);
    });

    it('an abort rejects with its reason, before, while waiting and after sending', async () => {
      const reason = new Error('changed my mind');
      const insert = (tx: Tx): unknown => tx.insert('Address_Set', { name: fresh() });
      expect(await failure(nb.transact(insert, { signal: AbortSignal.abort(reason) }))).to.equal(reason);
      proxy.onRequest = ({ method }) => (method === 'transact' ? 'drop' : 'pass');
      const sentOne = new AbortController();
      const sent = proxy.transactions.length;
      const pending = failure(nb.transact(insert, { signal: sentOne.signal }));
      await eventually(() => proxy.transactions.length > sent);
      sentOne.abort(reason);
      expect(await pending).to.equal(reason);
      proxy.refusing = true;
      proxy.cut();
      await eventually(() => nb.state.name !== 'synced');
      const waiting = new AbortController();
      const waits = failure(nb.transact(insert, { signal: waiting.signal }));
      waiting.abort(reason);
      expect(await waits).to.equal(reason);
      proxy.refusing = false;
      await nb.synced();
    });
  });

  it('may share a signal with any number of others, and with waits', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): number => warnings.push(warning);
    process.on('warning', note);
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('all of them');
    proxy.onRequest = ({ method }) => (method === 'transact' ? 'drop' : 'pass');
    const sent = proxy.transactions.length;
    const pending = Array.from({ length: 30 }, (_, i) => [
      failure(nb.transact((tx) => tx.insert('Address_Set', { name: `shared-${i}` }), { signal })),
      failure(nb.tables.Address_Set.until(() => false, { signal })),
    ]).flat();
    await eventually(() => proxy.transactions.length === sent + 30);
    controller.abort(reason);
    for (const error of await Promise.all(pending)) expect(error).to.equal(reason);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(warnings).to.deep.equal([]);
  });

  it('are in the replica when their promise resolves, 200 times with ten at once', async () => {
    const set = await nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }));
    const missing: string[] = [];
    await Promise.all(
      Array.from({ length: 10 }, async (_, worker) => {
        for (let i = 0; i < 20; i++) {
          const address = `10.${worker}.${i}.1`;
          const name = `${address}-set`;
          const uuid = await nb.transact((tx) => {
            tx.mutate('Address_Set', set, { addresses: { insert: [address] } });
            return tx.insert('Address_Set', { name });
          });
          if (!nb.tables.Address_Set.get(set)!.addresses.includes(address)) missing.push(address);
          if (nb.tables.Address_Set.find({ name })?._uuid !== uuid) missing.push(name);
          if (nb.tables.Address_Set.findAll({ addresses: [address] }).length !== 1)
            missing.push(`${address} by member`);
        }
      }),
    );
    expect(missing).to.deep.equal([]);
    expect(nb.tables.Address_Set.get(set)!.addresses).to.have.lengthOf(200);
  });
});
