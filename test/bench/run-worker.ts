/** Starts the benchmark's child processes. */
import { fork } from 'node:child_process';
import { join } from 'node:path';

import type { Figures } from './statistics.js';

export interface WorkerSettings {
  /** Folder of the compiled workers. */
  readonly directory: string;
  /** Folder for CPU profiles of the workers, if any are wanted. */
  readonly profileDirectory: string | undefined;
}

export interface RunningWorker {
  /** Resolves when the worker says that it is ready. */
  readonly ready: Promise<void>;
  /** Resolves with the figures when the worker has ended. */
  readonly figures: Promise<Figures>;
}

export function startWorker(
  { directory, profileDirectory }: WorkerSettings,
  name: string,
  task: object,
): RunningWorker {
  const profile =
    profileDirectory === undefined
      ? []
      : ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${profileDirectory}`];
  const child = fork(join(directory, `${name}.js`), [JSON.stringify(task)], {
    execArgv: ['--expose-gc', ...profile],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let setReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (setReady = resolve));
  const figures = new Promise<Figures>((resolve, reject) => {
    let received: Figures | undefined;
    child.on('message', (message) => {
      if (message === 'ready') setReady();
      else received = message as Figures;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0 && received !== undefined) resolve(received);
      else reject(new Error(`worker ${name} ${JSON.stringify(task)} ended with ${signal ?? `code ${code}`}`));
    });
  });
  // Whoever waits for one of the two sees the failure; the other must not count as unhandled.
  const readyOrFailed = Promise.race([ready, figures.then(() => undefined)]);
  void readyOrFailed.catch(() => undefined);
  void figures.catch(() => undefined);
  return { ready: readyOrFailed, figures };
}

/** Runs a worker to its end. */
export function runWorker(settings: WorkerSettings, name: string, task: object): Promise<Figures> {
  return startWorker(settings, name, task).figures;
}
