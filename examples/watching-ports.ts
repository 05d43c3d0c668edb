/**
 * Watching ports: prints the ports that are there, and then whatever happens to them, until Ctrl-C.
 *
 *   npm install ovn-northbound
 *   npx tsx watching-ports.ts tcp:127.0.0.1:6641  or: OVN_NB_DB=tcp:127.0.0.1:6641 npx tsx watching-ports.ts
 *
 * In a checkout, `npm run example watching-ports` runs it on a private database, where somebody changes things.
 */
import { connectNorthbound } from 'ovn-northbound';

const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';

// Only what is asked for is transferred and kept: three columns of one table, and of its rows those of VMs and pods,
// whose type is empty. The server selects them. To read another column is an error that the compiler finds.
const nb = await connectNorthbound({
  remotes,
  tables: { Logical_Switch_Port: { columns: ['name', 'addresses', 'up'], where: [['type', '==', '']] } },
});
const ports = nb.tables.Logical_Switch_Port;

// Listeners hear of changes from now on, so the rows that are there already are read first.
for (const port of ports) console.log(`there    ${port.name}: ${port.addresses.join('; ') || 'no addresses'}`);

// Events come after the whole transaction was applied: what a listener reads from the replica is never half of it.
ports.on('insert', (port) => console.log(`new      ${port.name}: ${port.addresses.join('; ') || 'no addresses'}`));
ports.on('delete', (port) => console.log(`gone     ${port.name}`));
ports.on('update', (port, old, columns) => {
  // `old` is the row as it was, and `columns` says what differs.
  if (columns.includes('name')) console.log(`renamed  ${old.name} -> ${port.name}`);
  if (columns.includes('addresses')) {
    console.log(
      `changed  ${port.name}: ${old.addresses.join('; ') || 'none'} -> ${port.addresses.join('; ') || 'none'}`,
    );
  }
  if (columns.includes('up'))
    console.log(`up       ${port.name}: ${old.up ?? 'not known'} -> ${port.up ?? 'not known'}`);
});

// One of these comes per update of the server, after the events of its rows.
nb.on('batch', ({ cause, changes }) => console.log(`         (${cause}, rows: ${changes.length})`));

// A lost connection is made again by itself. Then the events tell what differs, and nothing comes twice.
nb.on('state', (state) => {
  if (state.name === 'backoff') console.log(`lost     trying again in ${state.delayMs} ms: ${state.error.message}`);
  if (state.name === 'synced') console.log(`back     in sync with ${state.remote}`);
});

// The open connection keeps the process alive; without it there is nothing left to do.
process.once('SIGINT', () => {
  nb.close();
  console.log('stopped');
});
console.log(`${ports.size} ports; watching ${remotes}, Ctrl-C ends it`);
