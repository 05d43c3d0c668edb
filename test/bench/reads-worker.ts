/** Child process: reads a replica that is in sync, and plain Maps with the same contents. */
import { connectNorthbound } from '../../lib/nb/northbound.js';
import { PATIENCE } from './patience.js';
import { quantile } from './statistics.js';
import { report, task } from './worker.js';

export interface ReadsTask {
  readonly remote: string;
}

const REPETITIONS = 9;
const FINDS = 100_000;

/** The median over several repetitions after two that do not count, in milliseconds. */
function time(work: () => number): number {
  const times: number[] = [];
  for (let i = -2; i < REPETITIONS; i++) {
    const startedAt = performance.now();
    if (work() === 0) throw new Error('nothing was read');
    if (i >= 0) times.push(performance.now() - startedAt);
  }
  return quantile(times, 0.5);
}

const { remote } = task() as ReadsTask;
const client = await connectNorthbound({
  remotes: remote,
  tables: ['Logical_Switch', 'Logical_Switch_Port'],
  ...PATIENCE,
  onWarning: () => undefined,
});
const { Logical_Switch_Port: ports, Logical_Switch: switches } = client.tables;
const plain = new Map([...ports].map((row) => [row.name, { ...row }]));
const names = [...plain.keys()];
/** Names in an order that no cache foresees. */
const asked = Array.from({ length: FINDS }, (_, i) => names[(i * 7_919) % names.length] ?? '');

const findMs = time(() => {
  let found = 0;
  for (const name of asked) if (ports.find({ name }) !== undefined) found++;
  return found;
});
const plainFindMs = time(() => {
  let found = 0;
  for (const name of asked) if (plain.get(name) !== undefined) found++;
  return found;
});
const iterateMs = time(() => {
  let sum = 0;
  for (const row of ports) sum += row.name.length;
  return sum;
});
const plainIterateMs = time(() => {
  let sum = 0;
  for (const row of plain.values()) sum += row.name.length;
  return sum;
});

/** Reads that gave something else than the row itself, or a column that is made anew at each read. */
let copies = 0;
for (const row of ports) {
  if (ports.get(row._uuid) !== row || ports.find({ name: row.name }) !== row) copies++;
  if (row.addresses !== row.addresses || row.external_ids !== row.external_ids) copies++;
}
for (const row of switches) if (switches.get(row._uuid) !== row || row.ports !== row.ports) copies++;

report({
  findUs: (findMs / FINDS) * 1000,
  plainFindUs: (plainFindMs / FINDS) * 1000,
  iterateMs,
  plainIterateMs,
  copies,
});
