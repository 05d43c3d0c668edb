/**
 * Runs episodes in a thread of its own, so that the main thread can tell when one of them hangs. `progress` holds the
 * number of the present episode and of the mutated messages so far.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';

import { readCorpus } from './corpus.js';
import { playEpisode, Stage, type Counts } from './episode.js';
import { must } from './invariants.js';
import { changedPrototypes } from './prototypes.js';

/** What the thread is asked to do. */
export interface Task {
  readonly seed: number;
  /** Mutated messages to send. */
  readonly messages: number;
  readonly firstEpisode: number;
  /** Stop after so many episodes, whatever the number of messages. */
  readonly maxEpisodes: number;
  readonly progress: Int32Array;
}

/** What came of it. */
export interface Outcome extends Counts {
  readonly episodes: number;
  /** Bytes in use after a collection, at the end of the first tenth and at the end of the run. */
  readonly heapBytes: readonly [early: number, end: number];
  readonly failure?: { readonly episode: number; readonly error: unknown };
}

const task = workerData as Task;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function checkPrototypes(): void {
  const changed = changedPrototypes();
  must(changed.length === 0, `these were changed since the run began: ${changed.join('; ')}`);
}

async function run(): Promise<Outcome> {
  const stage = new Stage(readCorpus());
  const counts: Counts = { mutated: 0, genuine: 0, applied: 0, refused: 0, monsters: 0, slowestMs: 0 };
  let early: number | undefined;
  let episode = task.firstEpisode;
  const outcome = (): Outcome => {
    const end = heapBytes();
    return { ...counts, episodes: episode - task.firstEpisode, heapBytes: [early ?? end, end] };
  };
  for (; counts.mutated < task.messages && episode < task.firstEpisode + task.maxEpisodes; episode++) {
    Atomics.store(task.progress, 0, episode);
    try {
      await playEpisode(stage, task.seed, episode, counts);
      if (episode % 50 === 0) checkPrototypes();
    } catch (error) {
      return { ...outcome(), failure: { episode, error } };
    }
    Atomics.store(task.progress, 1, counts.mutated);
    if (early === undefined && counts.mutated >= task.messages / 10) early = heapBytes();
  }
  checkPrototypes();
  return outcome();
}

parentPort?.postMessage(await run());
