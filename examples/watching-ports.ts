/**
 * Watching ports: table events, batches, and waiting for a state.
 *
 *   npm run example -- watching-ports
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { connectNorthbound, lsAdd, lsDel, lspAdd, lspSetAddresses } from 'ovn-northbound';

import { exampleServer } from './support/example-server.js';

await using server = await exampleServer();

// The watcher replicates three columns of one table, and only ports that carry our key: the server selects the rows.
const watchKey = `watching-${process.pid}`;
await using watcher = await connectNorthbound({
  remotes: server.remote,
  tables: {
    Logical_Switch: { columns: ['name'] },
    Logical_Switch_Port: {
      columns: ['name', 'addresses', 'up', 'external_ids'],
      where: [['external_ids', 'includes', { example: watchKey }]],
    },
  },
});
const ports = watcher.tables.Logical_Switch_Port;

// Events come after the whole transaction was applied, so a listener never sees half of it.
ports.on('insert', (row) => console.log(`insert  ${row.name} ${row.addresses.join('; ')}`));
ports.on('update', (row, old, columns) => {
  console.log(`update  ${row.name}: ${columns.join(', ')} changed`);
  if (columns.includes('addresses')) console.log(`        ${old.addresses.join('; ')} -> ${row.addresses.join('; ')}`);
  if (columns.includes('up')) console.log(`        up: ${old.up ?? 'not known'} -> ${row.up ?? 'not known'}`);
});
ports.on('delete', (row) => console.log(`delete  ${row.name}, which last had ${row.addresses.join('; ')}`));
watcher.on('batch', ({ cause, changes }) => console.log(`batch   ${cause}, ${changes.length} changes`));
watcher.on('state', (state) => console.log(`state   ${state.name}`));

// Somebody else changes things.
await using other = await connectNorthbound({ remotes: server.remote });
const name = `vm1.${watchKey}`;
await other.transact((tx) => {
  const logicalSwitch = lsAdd(tx, watchKey);
  const columns = { addresses: ['0a:58:0a:10:00:05 10.16.0.5'], external_ids: { example: watchKey } };
  lspAdd(tx, logicalSwitch, name, { columns });
  // The watcher never hears of this one: it does not meet the condition.
  lspAdd(tx, logicalSwitch, `vm2.${watchKey}`);
});
await other.transact((tx) => lspSetAddresses(tx, name, ['0a:58:0a:10:00:05 10.16.0.6']));

// until() resolves at once if a row meets the condition already, else when one comes to. Here it waits for what
// ovn-northd would report once a chassis has bound the port.
const isUp = ports.until((row) => row.name === name && row.up === true, { signal: AbortSignal.timeout(10_000) });
await sleep(50);
await other.transact((tx) => tx.update('Logical_Switch_Port', [['name', '==', name]], { up: true }));
console.log(`        until() resolved with ${(await isUp).name}`);

const isGone = new Promise((resolve) => ports.once('delete', resolve));
await other.transact((tx) => lsDel(tx, watchKey));
await isGone;
