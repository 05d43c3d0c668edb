/**
 * Transactions and references: rows that refer to each other in one transaction, guards, retries, and errors.
 *
 *   npm run example -- transactions-and-references
 */
import { connectNorthbound, OvsdbError, TransactionError } from 'ovn-northbound';

import { exampleServer } from './support/example-server.js';

await using server = await exampleServer();
await using nb = await connectNorthbound({ remotes: server.remote });
const name = `transactions-${process.pid}`;

/** Prints how a transaction is refused. */
async function refused(what: string, attempt: () => Promise<unknown>): Promise<void> {
  const error: unknown = await attempt().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof OvsdbError)) throw new Error(`${what}: expected an error of the library`, { cause: error });
  const outcome = error instanceof TransactionError ? `, outcome ${error.outcome}` : '';
  console.log(`${what}:\n  ${error.code}${outcome}\n  ${error.message}`);
}

// A router, a switch and the two ports that connect them, in one transaction. insert() returns a placeholder, which
// is a reference for the other operations here and the row's uuid for the caller afterwards.
const { router, logicalSwitch, switchPort } = await nb.transact((tx) => {
  const routerPort = tx.insert('Logical_Router_Port', {
    name: `${name}-to-switch`,
    mac: '0a:00:00:00:00:01',
    networks: ['10.16.0.1/24'],
  });
  const switchPort = tx.insert('Logical_Switch_Port', {
    name: `${name}-to-router`,
    type: 'router',
    addresses: ['router'],
    options: { 'router-port': `${name}-to-switch` },
  });
  return {
    router: tx.insert('Logical_Router', { name, ports: [routerPort] }),
    logicalSwitch: tx.insert('Logical_Switch', { name, ports: [switchPort] }),
    switchPort,
  };
});
console.log(`made router ${router},\n     switch ${logicalSwitch}\n and port   ${switchPort}`);

try {
  // mutate() changes sets and maps without knowing what is in them; the pending results become values.
  const { changed, rows } = await nb.transact((tx) => ({
    changed: tx.mutate('Logical_Switch', logicalSwitch, { external_ids: { set: { owner: 'example' } } }),
    rows: tx.select('Logical_Switch', [['name', '==', name]], ['external_ids']),
  }));
  console.log(`changed ${changed} row; the server shows owner=${rows[0]?.external_ids['owner'] ?? ''}`);

  // verify() lets the transaction go on only if the row is still what the replica showed. Two clients increment the same
  // counter at the same moment: the one that is slower has its callback run again on fresh data, so neither is lost.
  await using other = await connectNorthbound({ remotes: server.remote });
  let runs = 0;
  const increment = (client: typeof nb): Promise<number> =>
    client.transact((tx) => {
      runs += 1;
      const row = tx.tables.Logical_Switch.get(logicalSwitch);
      if (row === undefined) return tx.abort('the switch is gone');
      tx.verify('Logical_Switch', row, ['external_ids']);
      const count = Number(row.external_ids['count'] ?? '0') + 1;
      return tx.mutate('Logical_Switch', logicalSwitch, { external_ids: { set: { count: String(count) } } });
    });
  await Promise.all([increment(nb), increment(other)]);
  const row = await nb.tables.Logical_Switch.until(({ external_ids: ids }) => ids['count'] === '2');
  console.log(`two increments at once: count is ${row.external_ids['count'] ?? ''} after ${runs} runs of the callback`);

  // A port that no switch refers to would be deleted at the end of its own transaction, so it is refused.
  await refused('a port on no switch', () =>
    nb.transact((tx) => tx.insert('Logical_Switch_Port', { name: `${name}-lost` })),
  );
  // Values are checked against the schema before anything is sent.
  await refused('a tag that is too high', () =>
    nb.transact((tx) => tx.update('Logical_Switch_Port', switchPort, { tag_request: 5000 })),
  );
  // What only the server can know comes back with its own words.
  await refused('a name that is taken', () =>
    nb.transact((tx) => {
      const twin = tx.insert('Logical_Switch_Port', { name: `${name}-to-router` });
      tx.mutate('Logical_Switch', logicalSwitch, { ports: { insert: [twin] } });
    }),
  );
} finally {
  await nb.transact((tx) => {
    tx.delete('Logical_Switch', logicalSwitch);
    tx.delete('Logical_Router', router);
  });
}
