/** A clustered database keeps a history, so that a client that comes back gets just the difference. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import { Sandbox, type SandboxSchema } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { comparable, eventually, RawClient } from './raw-client.js';

const NORTHBOUND = '/usr/share/ovn/ovn-nb.ovsschema';
const other: SandboxSchema = {
  name: 'Other',
  version: '1.0.0',
  tables: { T: { columns: { name: { type: 'string' } } } },
};

describe('reconnecting to a clustered database', function () {
  this.timeout(90_000);
  let folder: string;
  let sandbox: Sandbox;
  let proxy: ClientProxy;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ovn-cluster-'));
    const file = join(folder, 'nb.db');
    await promisify(execFile)('ovsdb-tool', ['create-cluster', file, NORTHBOUND, `unix:${folder}/raft`]);
    sandbox = await Sandbox.start({ schemas: other, serverArguments: [file] });
    proxy = await ClientProxy.start(sandbox.remote);
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('takes the difference alone, also after a crash of the server', async () => {
    using raw = await RawClient.connect(sandbox.remote);
    const ports = Array.from({ length: 300 }, (_, i) => ({ name: `p${i}`, addresses: '0a:00:00:00:00:01 10.0.0.1' }));
    await raw.commit(
      ...ports.map((row) => ({ op: 'insert', table: 'Logical_Switch_Port', 'uuid-name': row.name, row })),
      {
        op: 'insert',
        table: 'Logical_Switch',
        row: { name: 'sw', ports: ['set', ports.map(({ name }) => ['named-uuid', name])] },
      },
    );
    // The server forgets a transaction that is as big as the database as soon as another follows.
    await raw.commit({
      op: 'update',
      table: 'Logical_Switch',
      where: [],
      row: { external_ids: ['map', [['a', 'b']]] },
    });
    await using client = await OvsdbClient.connect({
      remotes: proxy.remote,
      database: 'OVN_Northbound',
      tables: { Logical_Switch: { indexes: [['ports']] }, Logical_Switch_Port: true },
      backoff: { minMs: 20, maxMs: 50 },
    });
    const events: string[] = [];
    client.on('batch', ({ cause, changes }) => {
      for (const { type, row } of changes) events.push(`${cause}: ${type} ${row['name'] as string}`);
    });
    for (const crash of [false, true]) {
      events.length = 0;
      proxy.refusing = true;
      proxy.cut();
      await eventually(() => client.state.name !== 'synced');
      {
        using writer = await RawClient.connect(sandbox.remote);
        const n = crash ? 7 : 3;
        const [gone] = [...(await writer.rows('Logical_Switch_Port', [['name', '==', `p${n}`]])).keys()];
        await writer.commit(
          { op: 'mutate', table: 'Logical_Switch', where: [], mutations: [['ports', 'delete', ['uuid', gone]]] },
          { op: 'update', table: 'Logical_Switch_Port', where: [['name', '==', 'p9']], row: { tag: n } },
        );
        if (crash) {
          await sandbox.kill();
          await sandbox.restart();
        }
        proxy.refusing = false;
        await client.synced({ timeoutMs: 20_000 });
        expect(client.state, `crash: ${crash}`).to.include({ name: 'synced', kind: 'delta' });
        expect(events).to.have.members([`resync: delete p${n}`, 'resync: update p9', 'resync: update sw']);
      }
      using reader = await RawClient.connect(sandbox.remote);
      for (const table of ['Logical_Switch', 'Logical_Switch_Port'] as const) {
        const rows = [...client.tables[table]].map((row): [string, unknown] => [row._uuid, comparable(row)]);
        expect(new Map(rows)).to.deep.equal(await reader.rows(table));
      }
    }
  });
});
