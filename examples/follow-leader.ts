/**
 * Following a cluster's leader: writes once a second, whatever happens to the members, until Ctrl-C.
 *
 *   npm install ovn-northbound
 *   npx tsx follow-leader.ts tcp:10.0.0.1:6641,tcp:10.0.0.2:6641,tcp:10.0.0.3:6641        or with them in OVN_NB_DB
 *
 * In a checkout, `npm run example follow-leader` runs it on a private cluster, whose leader goes away now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { connectNorthbound, lsAdd, lsDel, TransactionError, type ClientState } from 'ovn-northbound';

// Name all members. Each is asked what it is, and only the leader is followed: it takes writes without a detour, and
// never shows old contents. (`leaderOnly: false` is content with any member, which is enough for those who only read.)
const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';

// A member that is frozen, or cut off, breaks no connection: it is found out by its silence.
const nb = await connectNorthbound({ remotes, probeIntervalMs: 1_000, backoff: { minMs: 100 } });

function print(state: ClientState, previous?: ClientState): void {
  if (state.name === 'backoff' && previous?.name === 'synced') console.log(`left    ${state.error.message}`);
  if (state.name !== 'synced') return;
  // After a change of leaders the new one is asked for what differs (`delta`), not for everything once more.
  const { model, serverId, index } = state.server ?? { model: 'standalone' };
  const who =
    model === 'clustered' ? `leader ${serverId?.slice(0, 4)}, at entry ${index} of its log` : `a ${model} server`;
  console.log(`follow  ${state.remote}: ${who}, in sync by a ${state.kind}`);
}
print(nb.state);
nb.on('state', print);

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const row = await nb.transact((tx) => lsAdd(tx, 'example-heartbeat', { mayExist: true }));

let beat = 0;
while (!stop.signal.aborted) {
  beat += 1;
  const start = performance.now();
  try {
    // While nobody leads, a transaction waits for the next leader: callers notice nothing but the time it takes.
    await nb.transact((tx) => tx.update('Logical_Switch', row, { external_ids: { beat: String(beat) } }));
    console.log(`beat    ${beat} committed in ${Math.round(performance.now() - start)} ms`);
  } catch (error) {
    // Sent, and the leader went before it answered: the write may be in force, so it is never sent again unasked. Here
    // that does no harm, because the next beat overwrites it. Where it would, there is transactOnce().
    if (!(error instanceof TransactionError) || error.outcome !== 'unknown') throw error;
    console.log(`beat    ${beat} has an unknown outcome: ${error.message}`);
  }
  await sleep(1_000, undefined, { signal: stop.signal }).catch(() => undefined);
}

const { rows } = await nb.transact((tx) => ({ rows: tx.select('Logical_Switch', row, ['external_ids']) }));
console.log(`stopped after beat ${beat}; the cluster has beat ${rows[0]?.external_ids.beat}`);
await nb.transact((tx) => lsDel(tx, 'example-heartbeat'));
nb.close();
