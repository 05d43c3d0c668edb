/** `npm run chaos -- [--minutes N] [--seed S]`: the chaos of the tests, for longer and told line by line. */
import { parseArgs } from 'node:util';

import { runChaos } from './chaos.js';
import { formatReport } from './report.js';

const USAGE = `usage: npm run chaos -- [option...]

  --minutes N          how long (5)
  --seed S             repeats the disturbances and writes of an earlier run (random)
  --election-timer N   of the cluster, in milliseconds (1000)
  --quiet              print the figures only
  --help`;

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new Error(`--${name} ${text}: give a number above 0`);
  return value;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      'election-timer': { type: 'string', default: '1000' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const seed = positive('seed', values.seed);
  console.log(`seed ${seed}`);
  const report = await runChaos({
    seed,
    disturbances: 1,
    durationMs: positive('minutes', values.minutes) * 60_000,
    electionTimerMs: positive('election-timer', values['election-timer']),
    longestMs: 4_000,
    ...(!values.quiet && { log: (line: string) => console.log(line) }),
  });
  console.log(formatReport(report));
  if (report.ledger.violations.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
