/**
 * Quick start: connect, write, read, change and remove, in five steps.
 *
 *   npm install ovn-northbound
 *   npx tsx quick-start.ts tcp:127.0.0.1:6641     or: OVN_NB_DB=tcp:127.0.0.1:6641 npx tsx quick-start.ts
 *
 * In a checkout, `npm run example quick-start` runs it on a private database.
 */
import { connectNorthbound, lsAdd, lsDel, lspAdd, lspSetAddresses } from 'ovn-northbound';

const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';

// 1. Connect. This resolves when a copy of the tables, the replica, is in memory and in sync; it stays so from then on,
//    over reconnects too. A program has one client for all of its life.
const nb = await connectNorthbound({ remotes });
console.log(`1. connected to ${nb.schema.name} ${nb.schema.version} at ${remotes}`);

// 2. Write. One synchronous callback is one atomic transaction: all of it happens, or nothing. lsAdd and lspAdd do what
//    `ovn-nbctl ls-add` and `ovn-nbctl lsp-add` do. New rows in what the callback returns come back as their uuids.
const { port } = await nb.transact((tx) => {
  const logicalSwitch = lsAdd(tx, 'example-switch');
  const port = lspAdd(tx, logicalSwitch, 'example-vm1', { columns: { addresses: ['0a:58:0a:10:00:05 10.16.0.5'] } });
  return { logicalSwitch, port };
});
console.log(`2. committed a switch with a port; the port's row is ${port}`);

// 3. Read. Reads are synchronous and come from memory. When transact() resolves, the replica shows the write already.
//    A column that holds at most one value reads as undefined while it is empty: ovn-northd has not set `up` yet.
const row = nb.tables.Logical_Switch_Port.get(port);
console.log(`3. the replica has ${row?.name}: addresses ${row?.addresses.join('; ')}, up ${row?.up ?? 'not known'}`);

// 4. Change. Rows are frozen: they change by transactions alone, and a row that was read keeps what it held.
await nb.transact((tx) => lspSetAddresses(tx, 'example-vm1', ['0a:58:0a:10:00:06 10.16.0.6']));
const changed = nb.tables.Logical_Switch_Port.find({ name: 'example-vm1' });
console.log(`4. changed: ${row?.addresses.join('; ')} -> ${changed?.addresses.join('; ')}`);

// 5. Remove. A switch takes its ports with it, because nothing refers to them any more.
await nb.transact((tx) => lsDel(tx, 'example-switch'));
console.log(
  `5. removed: the replica ${nb.tables.Logical_Switch_Port.get(port) ? 'still has' : 'no longer has'} the port`,
);

nb.close();
