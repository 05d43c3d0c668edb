/** `npm run races` and `npm run crash`: the races and crashes of the tests, for longer and told line by line. */
import { parseArgs } from 'node:util';

import { runCrashes } from './crash.js';
import { runRaces } from './races.js';
import { formatCrashes, formatRaces } from './report.js';

const USAGE = `usage: npm run races -- [option...]
       npm run crash -- [option...]

  --operations N   races: at least so many calls of managers (10000)
  --kills N        crash: at least so many kills (500)
  --minutes N      at least so long (0)
  --seed S         decides on calls, foreign writes and kills (random); who comes first, the machine decides
  --save FOLDER    keep the database's file and the operations
  --quiet          print the figures only
  --help`;

function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least) {
    throw new Error(`--${name} ${text}: give a number, at least ${least}`);
  }
  return value;
}

async function main([program, ...args]: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      operations: { type: 'string', default: '10000' },
      kills: { type: 'string', default: '500' },
      minutes: { type: 'string', default: '0' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      save: { type: 'string' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const seed = number('seed', values.seed, 0);
  const common = {
    seed,
    save: values.save,
    durationMs: number('minutes', values.minutes, 0) * 60_000,
    ...(!values.quiet && { log: (line: string) => console.log(line) }),
  };
  console.log(`seed ${seed}`);
  let violations: readonly string[];
  if (program === 'crash') {
    const report = await runCrashes({ ...common, kills: number('kills', values.kills, 1) });
    console.log(formatCrashes(report));
    ({ violations } = report);
  } else {
    const report = await runRaces({ ...common, operations: number('operations', values.operations, 1) });
    console.log(formatRaces(report));
    ({ violations } = report);
  }
  if (violations.length > 0) process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
