/** What somebody knows of replicated tables who only listens, and whether what he was told can be true. */
import { expect } from 'chai';

import type { Batch } from '../../lib/replica/replica.js';
import type { RowData } from '../../lib/replica/row.js';
import { Fold } from './fold.js';

/** Anything that replicates tables: a client, or a further monitor of one. */
interface Source {
  readonly tables: Readonly<Record<string, Iterable<RowData> & { readonly size: number }>>;
  on(event: 'batch', listener: (batch: Batch) => void): () => void;
}

/** See the head of this file. */
export class WatchedTables {
  /** What must not be: repeated events, events that do not fit, tables that were empty at a moment. */
  readonly faults: string[] = [];
  readonly #name: string;
  readonly #source: Source;
  readonly #tables: readonly string[];
  readonly #neverEmpty: readonly string[];
  readonly #fold: Fold;

  /** Watches all tables of a source from now on. */
  constructor(name: string, source: Source, tables: readonly string[], neverEmpty: readonly string[] = tables) {
    this.#neverEmpty = neverEmpty;
    this.#name = name;
    this.#source = source;
    this.#tables = tables;
    this.#fold = new Fold(name, (what) => this.faults.push(what));
    this.#fold.begin(this.#held());
    source.on('batch', (batch) => {
      this.#fold.add(batch);
      this.expectNotEmpty(`at a batch (${batch.cause})`);
    });
  }

  /** Number of events of all kinds so far. */
  get events(): number {
    return this.#fold.changes;
  }

  /** Notes a fault for each table that is empty now. */
  expectNotEmpty(when: string): void {
    for (const table of this.#neverEmpty) {
      if (this.#source.tables[table]!.size === 0) this.faults.push(`${this.#name}: ${table} is empty ${when}`);
    }
  }

  /** Fails unless there were no faults, and what was told amounts to what the tables hold. */
  expectTrue(when: string): void {
    expect(this.faults, when).to.deep.equal([]);
    expect(this.#fold.compare(this.#held()), when).to.deep.equal([]);
  }

  #held(): (readonly [table: string, rows: Iterable<RowData>])[] {
    return this.#tables.map((table) => [table, this.#source.tables[table]!]);
  }
}
