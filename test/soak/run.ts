/**
 * `npm run soak`: thirteen minutes of steady changes, reconnects and restarts on 10,000 ports, with the heap weighed
 * after each round. Exit code 1 when memory grew or anything that the library promises did not hold.
 */
import { parseOptions, USAGE, type SoakOptions } from './options.js';
import { soak } from './soak.js';
import type { Sample } from './verdict.js';

const MIB = 1024 * 1024;

function line({ atMs, heapBytes, externalBytes, rssBytes, handles }: Sample): string {
  const cells = [
    (atMs / 60_000).toFixed(2),
    (heapBytes / MIB).toFixed(2),
    (externalBytes / MIB).toFixed(2),
    (rssBytes / MIB).toFixed(0),
    String(handles),
  ];
  return cells.map((cell) => cell.padStart(10)).join('');
}

async function run(options: SoakOptions): Promise<void> {
  const { minutes, ports, switches, changesPerSecond, maxGrowthPercent, seed } = options;
  console.log(
    `Soak of ${minutes} min: ${ports.toLocaleString('en-US')} ports on ${switches} switches, ` +
      `${changesPerSecond} changes per second, --seed ${seed}\n`,
  );
  console.log(['min', 'heap MiB', 'ext. MiB', 'RSS MiB', 'handles'].map((title) => title.padStart(10)).join(''));
  const { verdict, tally } = await soak(options, (sample) => console.log(line(sample)));
  console.log(`\n${tally.lines().join('\n')}\n`);
  const { firstBytes, lastBytes, growthPercent, slopeBytesPerMinute, faults } = verdict;
  console.log(
    `memory: ${(firstBytes / MIB).toFixed(2)} MiB in the first settled minute, ${(lastBytes / MIB).toFixed(2)} MiB ` +
      `in the last: ${growthPercent.toFixed(2)} % (limit ${maxGrowthPercent} %), ` +
      `slope ${(slopeBytesPerMinute / 1024).toFixed(1)} KiB per minute`,
  );
  for (const fault of faults) console.log(`FAULT: ${fault}`);
  console.log(faults.length === 0 ? 'passed' : 'FAILED');
  if (faults.length > 0) process.exitCode = 1;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') console.log(USAGE);
  else await run(options);
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exitCode = 1;
}
