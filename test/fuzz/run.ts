/** `npm run fuzz -- [--messages N] [--seed S] [--episode E]`: mutated server messages for the client to withstand. */
import { parseArgs } from 'node:util';

import { runEpisodes } from './run-episodes.js';

const USAGE = `usage: npm run fuzz -- [option...]

  --messages N   mutated messages to send (1000000)
  --seed S       what decides all that happens (a new one for each run)
  --episode E    play this episode only
  --help`;

/** More than this between the first tenth of a run and its end is a leak. */
const MAX_GROWTH_BYTES = 8 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    episode: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else await run(count('messages', values.messages), count('seed', values.seed), values.episode);

async function run(messages: number, seed: number, episode: string | undefined): Promise<void> {
  console.log(`seed ${seed}`);
  const started = performance.now();
  const only = episode === undefined ? {} : { firstEpisode: count('episode', episode), maxEpisodes: 1 };
  let shown = 0;
  const outcome = await runEpisodes({
    seed,
    messages,
    ...only,
    onProgress: (done) => {
      if (done - shown < messages / 10) return;
      shown = done;
      console.log(`  ${done} messages`);
    },
  });
  const [early, end] = outcome.heapBytes;
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${outcome.mutated} mutated and ${outcome.genuine} genuine messages in ${outcome.episodes} episodes, ${seconds.toFixed(0)} s\n` +
      `${outcome.applied} mutated ones changed the replica, ${outcome.refused} ended the session, ` +
      `${outcome.monsters} were monsters; the slowest took ${outcome.slowestMs.toFixed(0)} ms\n` +
      `heap ${mebibytes(early)} after the first tenth, ${mebibytes(end)} at the end`,
  );
  if (end - early > MAX_GROWTH_BYTES) {
    console.error('FAILED: the heap has grown');
    process.exitCode = 1;
  }
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`--${name} ${text}: give a whole number of 0 or more\n\n${USAGE}`);
    process.exit(2);
  }
  return value;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
