/**
 * Rows as someone knows them who reads a stream of changes and nothing else: each change must fit on what the
 * changes before left, and in the end the rows must be the replica's. What counts is the contents: a row that holds
 * again what it held is left out of a net difference, and is another object since.
 */
import type { Batch } from '../../lib/replica/replica.js';
import type { RowData } from '../../lib/replica/row.js';
import { comparable } from '../integration/raw-client.js';

/** See the head of this file. */
export class Fold {
  readonly #name: string;
  readonly #rows = new Map<string, RowData>();
  readonly #breach: (what: string) => void;
  /** Batches by cause. */
  readonly batches: Record<Batch['cause'], number> = { initial: 0, update: 0, resync: 0, overflow: 0 };
  changes = 0;

  constructor(name: string, breach: (what: string) => void) {
    this.#name = name;
    this.#breach = breach;
  }

  add({ cause, changes }: Batch): void {
    this.batches[cause]++;
    this.changes += changes.length;
    for (const change of changes) {
      const key = `${change.table} ${change.row._uuid}`;
      const known = this.#rows.get(key);
      const before = change.type === 'insert' ? undefined : change.type === 'update' ? change.old : change.row;
      if (!sameRow(known, before)) this.#breach(`${this.#name}, ${cause}: ${change.type} of ${key} does not fit`);
      if (change.type === 'delete') this.#rows.delete(key);
      else this.#rows.set(key, change.row);
    }
  }

  /** Differences from the rows of a replica, in words. */
  compare(tables: readonly (readonly [string, Iterable<RowData>])[]): string[] {
    const found: string[] = [];
    const rest = new Map(this.#rows);
    for (const [table, rows] of tables) {
      for (const row of rows) {
        const key = `${table} ${row._uuid}`;
        if (!sameRow(rest.get(key), row)) found.push(`${this.#name} ${rest.has(key) ? 'has another' : 'lacks'} ${key}`);
        rest.delete(key);
      }
    }
    for (const key of rest.keys()) found.push(`${this.#name} still has ${key}`);
    return found;
  }
}

function sameRow(a: RowData | undefined, b: RowData | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}
