/** The last transactions of a database, so that a client that was away hears of what it has missed alone. */
import { randomUUID } from 'node:crypto';

import { ZERO_UUID } from '../../schema/uuid.js';
import type { Commit } from '../database/database.js';
import type { StoredRow } from '../database/stored-row.js';
import type { Deltas } from './monitor.js';
import type { RowDelta } from './row-update.js';

/** See the head of this file. */
export class CommitHistory {
  readonly #limit: number;
  #commits: Commit[] = [];
  #lastId: string;

  /** @param limit - How many transactions are remembered; with 0 they have no ids, as on a standalone ovsdb-server. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#lastId = limit === 0 ? ZERO_UUID : randomUUID();
  }

  /** Id of the last transaction. */
  get lastId(): string {
    return this.#lastId;
  }

  add(commit: Commit): void {
    if (this.#limit === 0) return;
    this.#lastId = commit.id;
    this.#commits.push(commit);
    // Not one at a time: taking the first of an array moves all others.
    if (this.#commits.length >= 2 * this.#limit) this.#commits = this.#commits.slice(-this.#limit);
  }

  /** Forgets everything: the rows have other columns now. */
  clear(): void {
    this.#commits = [];
    if (this.#limit > 0) this.#lastId = randomUUID();
  }

  /** What happened after a transaction; undefined when it is not remembered. */
  since(id: string): Deltas | undefined {
    const remembered = this.#commits.slice(-this.#limit);
    const place = this.#limit === 0 ? -1 : remembered.findIndex((commit) => commit.id === id);
    return place < 0 ? undefined : merge(remembered.slice(place + 1));
  }
}

interface Merged extends RowDelta {
  readonly before: StoredRow | undefined;
  after: StoredRow | undefined;
}

/** Several transactions as if they were one. */
function merge(commits: readonly Commit[]): Deltas {
  const tables = new Map<string, Map<string, Merged>>();
  for (const { changes } of commits) {
    for (const [table, rows] of changes) {
      let merged = tables.get(table);
      if (merged === undefined) tables.set(table, (merged = new Map<string, Merged>()));
      for (const [uuid, { before, after }] of rows) {
        const earlier = merged.get(uuid);
        if (earlier === undefined) merged.set(uuid, { before, after });
        else earlier.after = after;
      }
    }
  }
  return tables;
}
