/** What every part of the benchmark works with. */
import type { DatabaseFiles } from './database-files.js';
import type { BenchOptions } from './options.js';
import type { WorkerSettings } from './run-worker.js';

export interface Context {
  readonly options: BenchOptions;
  readonly files: DatabaseFiles;
  readonly workers: WorkerSettings;
}
