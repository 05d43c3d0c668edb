/** `npm run fuzz:server -- [--transactions N] [--seed S]`: the embedded server's database against the real one. */
import { parseArgs } from 'node:util';

import { describeFigures, describeFinding } from './report.js';
import { runDifferential } from './run-differential.js';

const USAGE = `usage: npm run fuzz:server -- [option...]

  --transactions N   random transactions to send to both servers (20000)
  --seed S           what decides all that happens (a new one for each run)
  --help`;

const { values } = parseArgs({
  options: {
    transactions: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else await run(count('transactions', values.transactions), count('seed', values.seed));

async function run(transactions: number, seed: number): Promise<void> {
  console.log(`seed ${seed}`);
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

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} ${text}: give a whole number of 0 or more\n\n${USAGE}`);
  process.exit(2);
}
