/** `npm run fuzz:server -- [--transactions N] [--steps N] [--seed S]`: the embedded server against the real one. */
import { parseArgs } from 'node:util';

import { describeFigures, describeFinding } from './report.js';
import { runDifferential } from './run-differential.js';
import { describeMonitors, runMonitors } from './run-monitors.js';

const USAGE = `usage: npm run fuzz:server -- [option...]

  --transactions N   random transactions to send to both servers (20000)
  --steps N          random transactions and changes of monitors, of which the updates are compared (5000)
  --seed S           what decides all that happens (a new one for each run)
  --help`;

const { values } = parseArgs({
  options: {
    transactions: { type: 'string', default: '20000' },
    steps: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else {
  const seed = count('seed', values.seed);
  const steps = count('steps', values.steps);
  console.log(`seed ${seed}`);
  await runTransactions(count('transactions', values.transactions), seed);
  await runUpdates(steps, seed);
}

async function runTransactions(transactions: number, seed: number): Promise<void> {
  const started = performance.now();
  let shown = 0;
  const { figures, schemas, finding } = await runDifferential({
    seed,
    transactions,
    onProgress: ({ transactions: done }) => {
      if (done - shown < transactions / 10) return;
      shown = done;
      console.log(`  ${done} transactions`);
    },
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${schemas} schemas, ${seconds} s, ${describeFigures(figures)}`);
  if (finding === undefined) return;
  console.error(describeFinding(finding));
  process.exitCode = 1;
}

async function runUpdates(steps: number, seed: number): Promise<void> {
  if (steps === 0) return;
  const outcome = await runMonitors({ seed, steps });
  console.log(describeMonitors(outcome));
  if (outcome.finding === undefined) return;
  console.error(outcome.finding);
  process.exitCode = 1;
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} ${text}: give a whole number of 0 or more\n\n${USAGE}`);
  process.exit(2);
}
