/** The northbound client on servers of all ages: what they lack is absent, said once, and never written. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import type { SelectionOf } from '../../lib/client/client-options.js';
import type { ClientWarning } from '../../lib/client/client-state.js';
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import { lspAdd, lspSetAddresses } from '../../lib/nb/ports.js';
import { lsAdd } from '../../lib/nb/switches.js';
import { northboundSchema, type NorthboundTables } from '../../lib/nb/tables.js';
import { parseSchema } from '../../lib/schema/schema.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { eventually } from './raw-client.js';
import { failure } from '../failure.js';
import { startServer, type TestServer } from './test-server.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OLDER = join(ROOT, 'test/schemas');
const FILES = [
  ...readdirSync(OLDER)
    .filter((name) => name.endsWith('.ovsschema'))
    .map((name) => join(OLDER, name)),
  join(ROOT, 'lib/nb/ovn-nb.ovsschema'),
];

const known = parseSchema(northboundSchema);

for (const file of FILES) {
  describe(`the northbound client on ${file.slice(file.lastIndexOf('/') + 1)}`, function () {
    this.timeout(90_000);
    let sandbox: TestServer;
    let proxy: ClientProxy;
    let nb: NorthboundClient<SelectionOf<NorthboundTables, 'all'>>;
    const warnings: ClientWarning[] = [];

    before(async () => {
      sandbox = await startServer({ schemas: file });
      proxy = await ClientProxy.start(sandbox.remote);
      nb = await connectNorthbound({
        remotes: proxy.remote,
        tables: 'all',
        backoff: { minMs: 20, maxMs: 50 },
        onWarning: (warning) => warnings.push(warning),
      });
    });

    after(async () => {
      nb.close();
      await proxy[Symbol.asyncDispose]();
      await sandbox.stop();
    });

    it('warns of each table that is missing or lacks columns, once, also after a reconnect', async () => {
      const expected = [...known.tables.values()].filter((table) => {
        const actual = nb.schema.tables.get(table.name);
        return actual === undefined || [...table.columns.keys()].some((column) => !actual.columns.has(column));
      });
      const count = warnings.length;
      expect(warnings.every(({ code }) => code === 'SchemaLacks')).to.equal(true);
      const version = `OVN_Northbound ${nb.schema.version}`;
      const lacking = warnings.filter(({ message }) => message.startsWith(`Database ${version} lacks`));
      expect(lacking).to.have.lengthOf(expected.length);
      for (const { name } of expected) {
        expect(
          lacking.filter(({ message }) => new RegExp(`table ${name}\\b`).test(message)),
          name,
        ).to.have.lengthOf(1);
      }
      const states: string[] = [];
      nb.on('state', ({ name }) => states.push(name));
      proxy.cut();
      await eventually(() => states.includes('synced'));
      expect(warnings).to.have.lengthOf(count);
    });

    it('has the rows and columns that there are, and no others', async () => {
      await nb.transact((tx) => {
        const ls = lsAdd(tx, 'sw', { columns: { other_config: { subnet: '10.0.0.0/24' } } });
        lspSetAddresses(tx, lspAdd(tx, ls, 'p'), ['0a:00:00:00:00:01 10.0.0.1']);
      });
      const port = nb.tables.Logical_Switch_Port.find({ name: 'p' })!;
      const columns = [...nb.schema.table('Logical_Switch_Port').columns.keys()];
      expect(Object.keys(port)).to.have.members(['_uuid', ...columns]);
      expect(port.addresses).to.deep.equal(['0a:00:00:00:00:01 10.0.0.1']);
      const { tables } = nb as unknown as { tables: Record<string, { exists: boolean; size: number }> };
      for (const name of known.tables.keys()) {
        expect(tables[name]!.exists, name).to.equal(nb.schema.tables.has(name));
        if (!tables[name]!.exists) expect(tables[name]!.size).to.equal(0);
      }
    });

    it('refuses to write what the server lacks before sending, and says that the server is older', async () => {
      const sent = proxy.transactions.length;
      for (const table of known.tables.values()) {
        const actual = nb.schema.tables.get(table.name);
        const column = [...table.columns.keys()].find((name) => actual?.columns.has(name) !== true);
        if (column === undefined) continue;
        expect(nb.has(table.name, column)).to.equal(false);
        const error = await failure(
          nb.transact((tx) => {
            const where = [['_uuid', '==', '00000000-0000-4000-8000-000000000000']];
            tx.update(table.name as 'NB_Global', where as never, { [column]: undefined });
          }),
        );
        expect(error).to.include({ code: 'Schema', table: table.name });
        if (actual !== undefined) expect(error['column']).to.equal(column);
        expect(error.message).to.include(`OVN_Northbound ${nb.schema.version} lacks`);
        expect(error.message).to.include(known.version);
      }
      const slip = await failure(nb.transact((tx) => tx.update('Logical_Switch', [], { external_idz: {} } as never)));
      expect(slip.message).to.match(/no column "external_idz"; did you mean external_ids\?/);
      expect(proxy.transactions).to.have.lengthOf(sent);
    });
  });
}
