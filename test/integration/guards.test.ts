/** Rows that would hang on a row which goes while the transaction is on its way, on a real server. */
import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import type { NorthboundTables } from '../../lib/nb/tables.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import type { Transaction } from '../../lib/transaction/builder.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { failure } from '../failure.js';
import { startProxiedClient, type ProxiedClient } from './proxied-client.js';
import { RawClient } from './raw-client.js';
import { startServer } from './test-server.js';

const TABLES = [
  'Logical_Switch',
  'Logical_Switch_Port',
  'ACL',
  'Address_Set',
  'Port_Group',
  'HA_Chassis_Group',
] as const;
type Selection = { readonly [T in (typeof TABLES)[number]]: Extract<keyof NorthboundTables[T], string> };
type Tx = Transaction<NorthboundTables, Selection>;
type SwitchUuid = Uuid<'Logical_Switch'>;

describe('the guard of a row that inserted rows hang on', () => {
  let scene: ProxiedClient<typeof TABLES>;
  let raw: RawClient;
  let proxy: ClientProxy;
  let nb: NorthboundClient<Selection>;
  let names = 0;
  const fresh = (): string => `n${names++}`;

  before(async () => {
    scene = await startProxiedClient(TABLES);
    ({ raw, proxy, nb } = scene);
  });
  after(() => scene.stop());
  afterEach(() => proxy.passAll());

  const port = (tx: Tx, name = fresh()): ReturnType<Tx['insert']> => tx.insert('Logical_Switch_Port', { name });
  const acl = (tx: Tx): ReturnType<Tx['insert']> =>
    tx.insert('ACL', {
      priority: 1,
      direction: 'to-lport',
      match: 'ip',
      action: 'drop',
      external_ids: { [fresh()]: 'x' },
    });

  /** Everything that the database holds. */
  async function contents(): Promise<unknown> {
    return Promise.all(TABLES.map(async (table) => raw.rows(table)));
  }

  /** Deletes the switch after the callback has run and before the server has the transaction. */
  function rival(uuid: SwitchUuid): Promise<unknown> {
    return new Promise((resolve, reject) => {
      proxy.onRequest = (message) => {
        if (message.method !== 'transact') return 'pass';
        proxy.onRequest = () => 'pass';
        raw
          .commit({ op: 'delete', table: 'Logical_Switch', where: [['_uuid', '==', ['uuid', uuid]]] })
          .then(contents)
          .then((before) => {
            proxy.sendLate(message);
            resolve(before);
          }, reject);
        return 'drop';
      };
    });
  }

  const SHAPES: readonly (readonly [what: string, waits: number, write: (tx: Tx, ls: SwitchUuid, taken: string) => unknown])[] = [
    ['a port added to the set', 0, (tx, ls) => tx.mutate('Logical_Switch', ls, { ports: { insert: [port(tx) as never] } })],
    ['a hundred ports added at once', 0, (tx, ls) => tx.mutate('Logical_Switch', ls, { ports: { insert: Array.from({ length: 100 }, () => port(tx) as never) } })],
    ['an update that overwrites the set, and other columns', 0, (tx, ls) => tx.update('Logical_Switch', ls, { ports: [port(tx) as never, port(tx) as never], external_ids: { a: 'b' }, name: 'other' })],
    ['maps beside the set', 0, (tx, ls) => tx.mutate('Logical_Switch', ls, { ports: { insert: [port(tx) as never] }, external_ids: { set: { a: 'b' } }, other_config: { insert: { c: 'd' } } })],
    ['two mutations of the row, and a comment', 0, (tx, ls) => { tx.comment('two'); tx.mutate('Logical_Switch', ls, { ports: { insert: [port(tx) as never] } }); return tx.mutate('Logical_Switch', ls, { acls: { insert: [acl(tx) as never] } }); }],
    ['rows of two tables', 0, (tx, ls) => tx.mutate('Logical_Switch', ls, { ports: { insert: [port(tx) as never] }, acls: { insert: [acl(tx) as never] } })],
    // Collected, and so never in the way of the index.
    ['a port whose name is taken', 0, (tx, ls, taken) => tx.mutate('Logical_Switch', ls, { ports: { insert: [port(tx, taken) as never] } })],
    ['a root beside the port', 1, (tx, ls) => { tx.insert('Address_Set', { name: fresh() }); return tx.mutate('Logical_Switch', ls, { ports: { insert: [port(tx) as never] } }); }],
    ['a port in a group, too', 1, (tx, ls) => { const added = port(tx); tx.insert('Port_Group', { name: fresh(), ports: [added as never] }); return tx.mutate('Logical_Switch', ls, { ports: { insert: [added as never] } }); }],
  ]; // prettier-ignore

  for (const [what, waits, write] of SHAPES) {
    it(`${what}: nothing is lost, nothing takes effect, and the callback finds out`, async () => {
      const taken = fresh();
      const [ls] = await nb.transact(
        (tx) =>
          [
            tx.insert('Logical_Switch', { name: fresh() }),
            tx.insert('Logical_Switch', { name: fresh(), ports: [port(tx, taken) as never] }),
          ] as const,
      );
      const seen: boolean[] = [];
      const deleted = rival(ls);
      const result = await nb.transact((tx) => {
        const isThere = tx.tables.Logical_Switch.get(ls) !== undefined;
        seen.push(isThere);
        return isThere ? write(tx, ls, taken) : 'the switch is gone';
      });
      expect(result).to.equal('the switch is gone');
      expect(seen).to.deep.equal([true, false]);
      expect(await contents()).to.deep.equal(await deleted);
      const sent = proxy.transactions.at(-1) as readonly { op: string }[];
      expect(sent.filter(({ op }) => op === 'wait')).to.have.lengthOf(waits);
    });

    it(`${what}: a callback that does not look gets the same error`, async () => {
      const gone = await nb.transact((tx) => tx.insert('Logical_Switch', { name: fresh() }));
      await nb.transact((tx) => tx.delete('Logical_Switch', gone));
      const before = await contents();
      const error = await failure(nb.transact((tx) => write(tx, gone, fresh())));
      expect(error).to.include({
        code: 'TransactionFailed',
        outcome: 'failed',
        table: 'Logical_Switch',
        error: 'timed out',
      });
      expect(error.message).to.include('that an inserted row was to belong to does not exist');
      expect(error['operation']).to.deep.include({ op: 'wait', where: [['_uuid', '==', ['uuid', gone]]] });
      expect(error).to.have.property('operationIndex', undefined);
      expect(await contents()).to.deep.equal(before);
    });

    it(`${what}: where the row is there, it is done`, async () => {
      const ls = await nb.transact((tx) => tx.insert('Logical_Switch', { name: fresh() }));
      const count = await nb.transact((tx) => write(tx, ls, fresh()));
      expect(count).to.equal(1);
      expect(nb.tables.Logical_Switch.get(ls)?.ports).to.have.length.of.at.least(1);
    });
  }

  it('is not told by a count where a conversion on the way may have made the rows such that need no other', async () => {
    await using own = await startServer();
    using there = await RawClient.connect(own.remote);
    await using between = await ClientProxy.start(own.remote);
    await using client = await connectNorthbound({
      remotes: between.remote,
      tables: TABLES,
      onWarning: () => undefined,
    });
    const ls = await client.transact((tx) => tx.insert('Logical_Switch', { name: fresh() }));
    const path = new URL('../../lib/nb/ovn-nb.ovsschema', import.meta.url);
    const schema = JSON.parse(readFileSync(path, 'utf8')) as { tables: Record<string, object> };
    const converted = {
      ...schema.tables,
      Logical_Switch_Port: { ...schema.tables['Logical_Switch_Port'], isRoot: true },
    };
    between.onRequest = (message) => {
      if (message.method !== 'transact') return 'pass';
      between.onRequest = () => 'pass';
      void there
        .commit({ op: 'delete', table: 'Logical_Switch', where: [['_uuid', '==', ['uuid', ls]]] })
        .then(() => there.convert({ ...schema, tables: converted }))
        .then(() => between.sendLate(message));
      return 'drop';
    };
    const error = await failure(
      client.transact((tx) => tx.mutate('Logical_Switch', ls, { ports: { insert: [port(tx) as never] } })),
    );
    expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
    expect(error.message).to.include('the database got another schema before it was answered');
    expect(await there.rows('Logical_Switch_Port')).to.have.property('size', 1);
  });
});
