/** What somebody knows of replicated tables who only listens, and whether what he was told can be true. */
import { expect } from 'chai';

import type { Batch } from '../../lib/replica/replica.js';
import type { RowData } from '../../lib/replica/row.js';

/** Anything that replicates tables: a client, or a further monitor of one. */
interface Source {
  readonly tables: Readonly<Record<string, Iterable<RowData> & { readonly size: number }>>;
  on(event: 'batch', listener: (batch: Batch) => void): () => void;
}

/** See the head of this file. */
export class WatchedTables {
  /** What must not be: repeated events, events that do not fit, tables that were empty at a moment. */
  readonly faults: string[] = [];
  readonly batches: Batch[] = [];
  readonly #name: string;
  readonly #source: Source;
  readonly #tables: readonly string[];
  readonly #neverEmpty: readonly string[];
  readonly #rows = new Map<string, RowData>();

  /** Watches all tables of a source from now on. */
  constructor(name: string, source: Source, tables: readonly string[], neverEmpty: readonly string[] = tables) {
    this.#neverEmpty = neverEmpty;
    this.#name = name;
    this.#source = source;
    this.#tables = tables;
    for (const table of tables) for (const row of source.tables[table]!) this.#rows.set(`${table} ${row._uuid}`, row);
    source.on('batch', (batch) => this.#take(batch));
  }

  /** Number of events of all kinds so far. */
  get events(): number {
    return this.batches.reduce((sum, { changes }) => sum + changes.length, 0);
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
    const held = this.#tables.flatMap((table) =>
      [...this.#source.tables[table]!].map((row): [string, RowData] => [`${table} ${row._uuid}`, row]),
    );
    expect(new Set(this.#rows.keys()), `${this.#name} ${when}`).to.deep.equal(new Set(held.map(([key]) => key)));
    for (const [key, row] of held) expect(this.#rows.get(key), `${this.#name} ${when}: ${key}`).to.equal(row);
  }

  #take(batch: Batch): void {
    this.batches.push(batch);
    this.expectNotEmpty(`at a batch (${batch.cause})`);
    for (const { type, table, row, ...rest } of batch.changes) {
      const key = `${table} ${row._uuid}`;
      const known = this.#rows.get(key);
      const expected = type === 'insert' ? undefined : 'old' in rest ? rest.old : row;
      if (known !== expected) this.faults.push(`${this.#name}: ${type} of ${key} does not fit (${batch.cause})`);
      if (type === 'delete') this.#rows.delete(key);
      else this.#rows.set(key, row);
    }
  }
}
