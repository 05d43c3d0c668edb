/**
 * Quick start: connect, add a switch with a port, read it back, remove it.
 *
 *   npm run example -- quick-start
 */
import { connectNorthbound, lsAdd, lsDel, lspAdd } from 'ovn-northbound';

import { exampleServer } from './support/example-server.js';

await using server = await exampleServer();

// Resolves when the replica is in sync: from here on, reads answer from memory. `await using` closes the client at the
// end of the block; in a long-running program keep it open, and call close() when the program ends.
await using nb = await connectNorthbound({ remotes: server.remote });
console.log(`connected to ${nb.schema.name} ${nb.schema.version} at ${server.remote}`);

// One synchronous callback is one atomic transaction. lsAdd and lspAdd do what `ovn-nbctl ls-add` and `lsp-add` do.
// What the callback returns comes back with the placeholders of new rows replaced by their uuids.
const switchName = `quick-start-${process.pid}`;
const created = await nb.transact((tx) => {
  const logicalSwitch = lsAdd(tx, switchName);
  const port = lspAdd(tx, logicalSwitch, `vm1.${switchName}`, {
    columns: { addresses: ['0a:58:0a:10:00:05 10.16.0.5'] },
  });
  return { logicalSwitch, port };
});

try {
  // When transact() resolves, the replica shows the transaction already. `name` is an index, so this is one look-up.
  const port = nb.tables.Logical_Switch_Port.find({ name: `vm1.${switchName}` });
  console.log(`port ${port?.name ?? ''} has row ${port?._uuid ?? ''}`);
  console.log(`  the uuid that the transaction returned: ${port?._uuid === created.port ? 'the same' : 'another one'}`);
  console.log(`  addresses: ${port?.addresses.join('; ') ?? ''}`);
  // A column that holds at most one value reads as undefined while it is empty: ovn-northd has not set `up` yet.
  console.log(`  up: ${port?.up ?? 'not known'}`);
} finally {
  // Removing a switch removes its ports: nothing refers to them any more.
  await nb.transact((tx) => lsDel(tx, switchName));
  console.log(`removed switch ${switchName}`);
}
