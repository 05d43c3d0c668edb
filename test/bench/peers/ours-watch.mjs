// ours-watch.mjs ENDPOINT: prints READY when in sync. Notes when a port's options:seq changes, by an update listener of
// the package as it is built; after the change to -1 prints a line `seq monotonic_ns` for each, and exits.
import { connectNorthbound } from 'ovn-northbound';

const [remotes] = process.argv.slice(2);
const client = await connectNorthbound({
  remotes,
  tables: ['Logical_Switch', 'Logical_Switch_Port'],
  readyTimeoutMs: 600_000,
  snapshotTimeoutMs: 600_000,
  maxMessageBytes: 2 ** 31,
  onWarning: () => undefined,
});
const lines = [];
client.tables.Logical_Switch_Port.on('update', ({ options: { seq } }, { options: before }) => {
  if (seq === undefined || seq === before.seq) return;
  lines.push(`${seq} ${process.hrtime.bigint()}`);
  if (seq === '-1') process.stdout.write(`${lines.join('\n')}\n`, () => process.exit(0));
});
console.log('READY');
