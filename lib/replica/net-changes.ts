/**
 * Many changes of rows made into few: what differs, row by row, between what a consumer has seen and what is there
 * now. Adding a change costs one look-up, whatever was added before; values are compared once, at the end.
 */
import { isDeepStrictEqual } from 'node:util';

import type { Atom, ColumnValue } from '../schema/types.js';
import type { RowChange } from './replica.js';
import { bigSet, setDifference, type RowData } from './row.js';

/** One row that changed at least once. */
interface Net {
  /** The row as the consumer last saw it; undefined when it never did. */
  readonly seen: RowData | undefined;
  now: RowData | undefined;
  /** The columns that may differ; undefined means any. */
  columns: readonly string[] | undefined;
}

/** The net difference of a sequence of changes; see the head of this file. */
export class NetChanges {
  readonly #tables = new Map<string, Map<string, Net>>();

  /** Adds the next changes of the sequence. */
  add(changes: readonly RowChange[]): void {
    for (const change of changes) this.#add(change);
  }

  /** Number of rows that have changed, apart from those that came and went again. */
  get size(): number {
    let size = 0;
    for (const rows of this.#tables.values()) size += rows.size;
    return size;
  }

  /**
   * What differs in the end: rows that went first, then those that changed, then new ones, so that somebody who keeps
   * rows by a unique name never has two of one name. Rows that came and went, and such as hold again what they held,
   * are left out.
   */
  toChanges(): RowChange[] {
    const deletes: RowChange[] = [];
    const updates: RowChange[] = [];
    const inserts: RowChange[] = [];
    for (const [table, rows] of this.#tables) {
      for (const { seen, now, columns } of rows.values()) {
        if (seen === undefined) {
          if (now !== undefined) inserts.push({ type: 'insert', table, row: now });
        } else if (now === undefined) {
          deletes.push({ type: 'delete', table, row: seen });
        } else {
          const differing = differingColumns(seen, now, columns);
          if (differing.length > 0) updates.push({ type: 'update', table, row: now, old: seen, columns: differing });
        }
      }
    }
    return [...deletes, ...updates, ...inserts];
  }

  #add(change: RowChange): void {
    const { type, table, row } = change;
    let rows = this.#tables.get(table);
    if (rows === undefined) this.#tables.set(table, (rows = new Map<string, Net>()));
    const { _uuid: uuid } = row;
    const net = rows.get(uuid);
    const now = type === 'delete' ? undefined : row;
    const columns = type === 'update' ? change.columns : undefined;
    if (net === undefined) {
      const seen = type === 'insert' ? undefined : type === 'update' ? change.old : row;
      rows.set(uuid, { seen, now, columns });
    } else if (net.seen === undefined && now === undefined) {
      // Else rows that come and go would fill the memory.
      rows.delete(uuid);
    } else {
      net.now = now;
      net.columns = net.columns && columns && union(net.columns, columns);
    }
  }
}

function union(some: readonly string[], more: readonly string[]): readonly string[] {
  const missing = more.filter((name) => !some.includes(name));
  return missing.length === 0 ? some : [...some, ...missing];
}

function differingColumns(old: RowData, row: RowData, columns: readonly string[] | undefined): string[] {
  if (old === row) return [];
  // The rows have different columns when the schema changed in between.
  const candidates = columns ?? new Set([...Object.keys(old), ...Object.keys(row)]);
  return [...candidates].filter((name) => differs(old, row, name));
}

function differs(old: RowData, row: RowData, column: string): boolean {
  const before = bigSet(old, column);
  const after = bigSet(row, column);
  if (before !== undefined && after !== undefined) {
    if (before.size !== after.size) return true;
    const { added, removed } = setDifference(old, row, column);
    return added.length + removed.length > 0;
  }
  if (before === undefined && after === undefined) return !sameValue(old[column], row[column]);
  // One of them is small, and never was big; reading it costs nothing.
  const big = before ?? after;
  const small = before === undefined ? old[column] : row[column];
  if (big === undefined || !Array.isArray(small) || small.length !== big.size) return true;
  return !(small as readonly Atom[]).every((member) => big.has(member));
}

/** Do two values mean the same? The order of a set's members has no meaning. */
function sameValue(a: ColumnValue, b: ColumnValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    const members = new Set<unknown>(a);
    return b.every((member) => members.has(member));
  }
  return isDeepStrictEqual(a, b);
}
