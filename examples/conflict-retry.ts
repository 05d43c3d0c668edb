/**
 * Conflict retry: two clients change the same row at the same moment, and no change is lost.
 *
 *   npm install ovn-northbound
 *   npx tsx conflict-retry.ts tcp:127.0.0.1:6641  or: OVN_NB_DB=tcp:127.0.0.1:6641 npx tsx conflict-retry.ts
 *
 * In a checkout, `npm run example conflict-retry` runs it on a private database.
 */
import { connectNorthbound, lsAdd, lsDel, type NorthboundClient } from 'ovn-northbound';

const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';
const ROUNDS = 10;

// Two clients, as two processes would have: each with a replica of its own.
const alice = await connectNorthbound({ remotes });
const bob = await connectNorthbound({ remotes });

// A counter that both count up. OVSDB can add to integers by itself (`{ nb_cfg: { add: 1 } }`), and then nobody needs to
// read first; but what is in external_ids is text, and so are addresses, names and most of what a controller decides on.
const counter = await alice.transact((tx) => lsAdd(tx, 'example-counter', { columns: { external_ids: { n: '0' } } }));
let runs = 0;

/** Adds one to what the replica shows. */
async function countUp(nb: NorthboundClient, verified: boolean): Promise<void> {
  // The callback may be run several times, so all it does is read and ask for operations. (This one counts its runs.)
  await nb.transact((tx) => {
    runs += 1;
    const row = tx.tables.Logical_Switch.get(counter);
    if (row === undefined) return tx.abort('somebody removed the counter');
    // "Commit only if the row still holds what I read." Whoever comes second has the callback run again, on the fresh
    // replica, up to `retries` times.
    if (verified) tx.verify('Logical_Switch', row, ['external_ids']);
    const n = Number(row.external_ids.n) + 1;
    return tx.update('Logical_Switch', counter, { external_ids: { ...row.external_ids, n: String(n) } });
  });
}

/** Has both count up at the same moment, again and again; returns what the counter says at the end. */
async function race(verified: boolean): Promise<string | undefined> {
  await alice.transact((tx) => tx.update('Logical_Switch', counter, { external_ids: { n: '0' } }));
  await bob.tables.Logical_Switch.until((row) => row._uuid === counter && row.external_ids.n === '0');
  runs = 0;
  for (let round = 0; round < ROUNDS; round++) await Promise.all([countUp(alice, verified), countUp(bob, verified)]);
  // The server's own answer, not that of a replica.
  const { rows } = await alice.transact((tx) => ({ rows: tx.select('Logical_Switch', counter, ['external_ids']) }));
  return rows[0]?.external_ids.n;
}

try {
  console.log(`two clients count up ${ROUNDS} times each, always both at the same moment`);
  console.log(`without verify: the counter says ${await race(false)} after ${runs} runs of the callback`);
  console.log('  each read the same number and wrote the same next one: half of the work is lost, and nobody is told');
  console.log(`with verify:    the counter says ${await race(true)} after ${runs} runs of the callback`);
  console.log(`  ${runs - 2 * ROUNDS} runs came second and were done again: nothing is lost`);
} finally {
  await alice.transact((tx) => lsDel(tx, 'example-counter'));
  alice.close();
  bob.close();
}
