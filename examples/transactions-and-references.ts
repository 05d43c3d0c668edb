/**
 * Transactions and references: rows that refer to each other, made and changed together, and what is refused.
 *
 *   npm install ovn-northbound
 *   npx tsx transactions-and-references.ts tcp:127.0.0.1:6641     or with the remote in OVN_NB_DB
 *
 * In a checkout, `npm run example transactions-and-references` runs it on a private database.
 */
import { connectNorthbound, OvsdbError, TransactionError } from 'ovn-northbound';

const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';
const nb = await connectNorthbound({ remotes });

// insert() returns a placeholder: inside, a reference for other rows, afterwards the uuid of the row. The router's port
// and the switch's port name each other in a column of text; that they belong to router and switch are references.
const { router, blue, green, vm } = await nb.transact((tx) => {
  const gateway = { name: 'example-gateway', mac: '0a:00:00:00:00:01', networks: ['10.16.0.1/24'] };
  const routerPort = tx.insert('Logical_Router_Port', gateway);
  const uplink = tx.insert('Logical_Switch_Port', {
    name: 'example-uplink',
    type: 'router',
    addresses: ['router'],
    options: { 'router-port': gateway.name },
  });
  const vm = tx.insert('Logical_Switch_Port', { name: 'example-vm' });
  return {
    router: tx.insert('Logical_Router', { name: 'example-router', ports: [routerPort] }),
    blue: tx.insert('Logical_Switch', { name: 'example-blue', ports: [uplink, vm] }),
    green: tx.insert('Logical_Switch', { name: 'example-green' }),
    vm,
  };
});
console.log(`made router ${router}, two switches and three ports: one transaction`);

/** The switch that has the port: an index finds rows by a member of a set. */
const home = (): string => nb.tables.Logical_Switch.find({ ports: [vm] })?.name ?? 'nowhere';

try {
  // mutate() changes sets and maps in place, so that nobody's other changes are lost. Both happen, or neither: the port
  // is on one of the switches at any moment, and keeps its row. Results of operations become values, too.
  const before = home();
  const { changed, rows } = await nb.transact((tx) => ({
    changed: tx.mutate('Logical_Switch', blue, { ports: { delete: [vm] }, external_ids: { set: { lost: 'a port' } } }),
    added: tx.mutate('Logical_Switch', green, { ports: { insert: [vm] } }),
    rows: tx.select('Logical_Switch', blue, ['external_ids']),
  }));
  console.log(`moved the port from ${before} to ${home()}`);
  console.log(`changed ${changed} row; the server showed lost=${rows[0]?.external_ids.lost} on the way`);

  // A port lives only while a switch refers to it: OVN would drop this one at the end of its own transaction.
  await refused('a port on no switch', () => nb.transact((tx) => tx.insert('Logical_Switch_Port', { name: 'lost' })));
  // Values are checked against the schema of the server before anything is sent.
  await refused('a tag that is too high', () =>
    nb.transact((tx) => tx.update('Logical_Switch_Port', vm, { tag_request: 5000 })),
  );
  // What only the server can know comes back in its words, with what is certain: `failed` means that nothing changed.
  await refused('a name that is taken', () =>
    nb.transact((tx) => tx.update('Logical_Switch_Port', vm, { name: 'example-uplink' })),
  );
} finally {
  await nb.transact((tx) => {
    for (const one of [blue, green]) tx.delete('Logical_Switch', one);
    tx.delete('Logical_Router', router);
  });
  nb.close();
}

async function refused(what: string, attempt: () => Promise<unknown>): Promise<void> {
  const error: unknown = await attempt().catch((reason: unknown) => reason);
  if (!(error instanceof OvsdbError)) throw new Error(`${what} was not refused`, { cause: error });
  const outcome = error instanceof TransactionError ? error.outcome : 'not-sent';
  console.log(`${what} is refused: ${error.code}, ${outcome}\n  ${error.message}`);
}
