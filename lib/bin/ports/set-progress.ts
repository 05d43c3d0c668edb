/** Shows somebody at a terminal how far a command has come through the StatefulSets of a manifest. */
import type { StatefulSetPortManager } from '../../statefulset/manager.js';
import type { CommandOutput } from '../command-output.js';
import type { ProgressTask } from '../progress-line.js';
import type { ManifestSet } from './manifest.js';

/** What a manager tells of each pod that has its port. */
const OUTCOMES = ['allocated', 'reused', 'readdressed', 'moved', 'adopted', 'conflict', 'exhausted'] as const;

/** See the head of this file. */
export class SetProgress {
  readonly #verb: string;
  readonly #task: ProgressTask | undefined;
  /** Pods of the StatefulSets before the present one. */
  #ended = 0;
  #present: ManifestSet | undefined;
  #count = 0;

  /** `verb` says what is done: `applying`. */
  constructor({ progress }: CommandOutput, verb: string, sets: readonly ManifestSet[]) {
    this.#verb = verb;
    this.#task = progress?.begin(
      verb,
      sets.reduce((sum, { workload }) => sum + workload.replicas, 0),
    );
  }

  /** Begins with a StatefulSet; the one before is done. */
  next(set: ManifestSet): void {
    this.#ended += this.#present?.workload.replicas ?? 0;
    this.#present = set;
    this.#count = 0;
    this.#task?.reach(this.#ended);
    this.#task?.describe(`${this.#verb} ${set.workload.key}`);
  }

  /** Counts what a manager tells of the present StatefulSet's pods. */
  follow(manager: StatefulSetPortManager): void {
    for (const event of OUTCOMES) {
      manager.on(event, () => {
        // One that is planned again after a conflict is told again.
        this.#count = Math.min(this.#count + 1, this.#present?.workload.replicas ?? 0);
        this.#task?.reach(this.#ended + this.#count);
      });
    }
  }

  end(): void {
    this.#task?.end();
  }
}
