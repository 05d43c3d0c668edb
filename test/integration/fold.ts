/**
 * Rows as someone knows them who listens and never reads: each change must fit on what the changes before left, and
 * in the end the rows must be the replica's.
 */
import type { Batch } from '../../lib/replica/replica.js';
import type { RowData } from '../../lib/replica/row.js';
import { comparable } from './raw-client.js';

/** Rows by the names of their tables. */
export type TableRows = Iterable<readonly [table: string, rows: Iterable<RowData>]>;
type IsSame = (a: RowData | undefined, b: RowData | undefined) => boolean;

/** See the head of this file. */
export class Fold {
  readonly #name: string;
  readonly #rows = new Map<string, RowData>();
  readonly #breach: (what: string) => void;
  readonly #isSame: IsSame;
  /** Batches by cause. */
  readonly batches: Record<Batch['cause'], number> = { initial: 0, update: 0, resync: 0, overflow: 0 };
  changes = 0;

  /**
   * @param breach - Told of each change that does not fit.
   * @param isSame - When two rows count as the same; by default only if they are one object. A net difference leaves
   * out what holds again what it held, and is another object since: see {@link holdTheSame}.
   */
  constructor(name: string, breach: (what: string) => void, isSame: IsSame = Object.is) {
    this.#name = name;
    this.#breach = breach;
    this.#isSame = isSame;
  }

  /** Takes rows for known that were there before the first batch. */
  begin(tables: TableRows): void {
    for (const [table, rows] of tables) for (const row of rows) this.#rows.set(`${table} ${row._uuid}`, row);
  }

  add({ cause, changes }: Batch): void {
    this.batches[cause]++;
    this.changes += changes.length;
    for (const change of changes) {
      const key = `${change.table} ${change.row._uuid}`;
      const known = this.#rows.get(key);
      const what = `${this.#name}, ${cause}: ${change.type} of ${key}`;
      if (change.type === 'insert') {
        if (known !== undefined) this.#breach(`${what}, which was there already`);
      } else if (known === undefined) this.#breach(`${what}, which was not there`);
      else if (!this.#isSame(known, change.type === 'update' ? change.old : change.row)) {
        this.#breach(`${what}, whose former contents are not those of the last event`);
      }
      if (change.type === 'delete') this.#rows.delete(key);
      else this.#rows.set(key, change.row);
    }
  }

  /** Differences from the rows of a replica, in words. */
  compare(tables: TableRows): string[] {
    const found: string[] = [];
    const rest = new Map(this.#rows);
    for (const [table, rows] of tables) {
      for (const row of rows) {
        const key = `${table} ${row._uuid}`;
        if (!this.#isSame(rest.get(key), row)) {
          found.push(`${this.#name} ${rest.has(key) ? 'has another' : 'lacks'} ${key}`);
        }
        rest.delete(key);
      }
    }
    for (const key of rest.keys()) found.push(`${this.#name} still has ${key}`);
    return found;
  }
}

/** Do two rows hold the same, be they one object or two? */
export function holdTheSame(a: RowData | undefined, b: RowData | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}
