// ours-watch.mjs ENDPOINT: prints READY when in sync. Notes when a port's options:seq changes, by an update listener of
// the package as it is built; after the change to -1 prints a line `seq monotonic_ns` for each, and exits.
import { connect } from './ours-client.mjs';

const [remotes] = process.argv.slice(2);
const client = await connect(remotes);
const lines = [];
client.tables.Logical_Switch_Port.on('update', ({ options: { seq } }, { options: before }) => {
  if (seq === undefined || seq === before.seq) return;
  lines.push(`${seq} ${process.hrtime.bigint()}`);
  if (seq === '-1') process.stdout.write(`${lines.join('\n')}\n`, () => process.exit(0));
});
console.log('READY');
