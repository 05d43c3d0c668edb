/** Fills a snapshot with the rows of a reply while they arrive. */
import type { ReplyRows, TakeRow } from '../rpc/row-reader.js';
import type { MonitorMethod } from './monitor-method.js';
import type { Snapshot } from './snapshot.js';

/** See the head of this file. */
export class ArrivingRows implements ReplyRows {
  readonly depth: ReplyRows['depth'];
  readonly #snapshot: Snapshot;
  #failure: { readonly error: unknown } | undefined;

  /** For the reply of a monitor method. */
  constructor(method: MonitorMethod, snapshot: Snapshot) {
    this.depth = method === 'monitor_cond_since' ? 4 : 3;
    this.#snapshot = snapshot;
  }

  /** Takes the rows unless the reply is a difference, which only makes sense as a whole. */
  open(result: unknown): TakeRow | undefined {
    if (Array.isArray(result) && result[0] !== false) return undefined;
    return (table, uuid, update) => {
      if (this.#failure !== undefined) return;
      try {
        this.#snapshot.add(table, uuid, update);
      } catch (error) {
        // The request has its reply all the same, and whoever waits for that is to have the error.
        this.#failure = { error };
      }
    };
  }

  /** Throws what was wrong with a row, once the reply is there. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
