/** Runs episodes in a thread that is watched: one that hangs or eats all memory is ended, and named. */
import { Worker } from 'node:worker_threads';

import type { Outcome, Task } from './thread.js';

/** Without an episode ended in so long a time, the thread hangs. */
const HANG_MS = 30_000;
/** A run needs a tenth of it. */
const MAX_HEAP_MIB = 512;

/** What to run; see {@link Task}. */
export interface RunOptions {
  readonly seed: number;
  readonly messages: number;
  readonly firstEpisode?: number | undefined;
  readonly maxEpisodes?: number | undefined;
  /** Told of the number of mutated messages every few seconds. */
  readonly onProgress?: ((messages: number) => void) | undefined;
}

/** Rejects with an error that says how to see the failure again. */
export async function runEpisodes(options: RunOptions): Promise<Outcome> {
  const { seed, messages, firstEpisode = 0, maxEpisodes = Infinity } = options;
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const task: Task = { seed, messages, firstEpisode, maxEpisodes, progress };
  const thread = new Worker(new URL('thread.mjs', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
  const again = (episode: number): string => `see it again: npm run fuzz -- --seed ${seed} --episode ${episode}`;
  let watch: NodeJS.Timeout | undefined;
  try {
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      let [lastEpisode, since] = [-1, performance.now()];
      watch = setInterval(() => {
        const episode = Atomics.load(progress, 0);
        options.onProgress?.(Atomics.load(progress, 1));
        if (episode !== lastEpisode) [lastEpisode, since] = [episode, performance.now()];
        else if (performance.now() - since > HANG_MS) {
          reject(new Error(`episode ${episode} has not ended in ${HANG_MS} ms; ${again(episode)}`));
        }
      }, 2000);
      thread.once('message', resolve);
      thread.once('error', (error) => {
        const episode = Atomics.load(progress, 0);
        reject(new Error(`episode ${episode} ended the thread: ${error.message}; ${again(episode)}`, { cause: error }));
      });
      thread.once('exit', (code) => reject(new Error(`the thread ended with code ${code}`)));
    });
    if (outcome.failure === undefined) return outcome;
    const { episode, error } = outcome.failure;
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`episode ${episode}: ${what}; ${again(episode)}`, { cause: error });
  } finally {
    clearInterval(watch);
    await thread.terminate();
  }
}
