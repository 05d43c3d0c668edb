/**
 * Which rows of each table the server is asked to send, and what it has acknowledged: the sequencing of
 * `monitor_cond_change` (ovsdb-server(7) 4.1.13). A wish that is not acknowledged yet is kept over lost connections.
 */
import { isDeepStrictEqual } from 'node:util';

import { encodeCondition } from '../schema/codec.js';
import type { TableSchema } from '../schema/schema.js';
import type { ConditionFunction } from '../schema/types.js';

/** One clause `[column, function, value]` of which rows are replicated. */
export type RuntimeCondition = readonly [column: string, fn: ConditionFunction, value: unknown];

/** Rows of a table: all (`true`), none (`false` or no clause), or those that meet at least one of the clauses. */
export type RuntimeConditions = boolean | readonly RuntimeCondition[];

/** The conditions of one monitor; see the head of this file. */
export class Conditions {
  readonly #wanted = new Map<string, RuntimeConditions>();
  readonly #acknowledged = new Map<string, RuntimeConditions>();
  /** Tables of which the server may apply what it has refused. */
  readonly #doubtful = new Set<string>();
  #revision = 0;

  /** Raised with each change of what is wanted. */
  get revision(): number {
    return this.#revision;
  }

  /** What is wanted of a table; all rows unless something else was said. */
  wanted(table: string): RuntimeConditions {
    return this.#wanted.get(table) ?? true;
  }

  /** What the server was last known to apply. */
  acknowledged(table: string): RuntimeConditions {
    return this.#acknowledged.get(table) ?? this.wanted(table);
  }

  /** Says what is wanted from now on; false, and of no effect, when that was wanted before. */
  want(table: string, conditions: RuntimeConditions): boolean {
    // A copy: the caller may go on to change the list.
    const wanted = typeof conditions === 'boolean' ? conditions : conditions.length > 0 && structuredClone(conditions);
    if (isDeepStrictEqual(wanted, this.wanted(table))) return false;
    this.#revision++;
    this.#wanted.set(table, wanted);
    return true;
  }

  /** The server applies these. */
  acknowledge(table: string, conditions: RuntimeConditions): void {
    this.#acknowledged.set(table, conditions);
    this.#doubtful.delete(table);
  }

  /**
   * The server refused these. Unless something else is wanted meanwhile (then false), that is again what was
   * acknowledged. Of several tables in one request the server may have taken some: they are in doubt, and pending.
   */
  refuse(table: string, conditions: RuntimeConditions, inDoubt: boolean): boolean {
    const acknowledged = this.acknowledged(table);
    if (inDoubt) this.#doubtful.add(table);
    if (this.wanted(table) !== conditions) return false;
    this.#wanted.set(table, acknowledged);
    return true;
  }

  /** May the server apply what it has refused? */
  isDoubtful(table: string): boolean {
    return this.#doubtful.has(table);
  }

  /** Of these tables, those for which the server does not apply yet what is wanted. */
  pending(tables: Iterable<string>): string[] {
    return Array.from(tables).filter(
      (table) => this.#doubtful.has(table) || !isDeepStrictEqual(this.acknowledged(table), this.wanted(table)),
    );
  }
}

/**
 * The `where` of a monitor request; undefined where all rows are meant, and where the clauses cannot be put to this
 * server. On the wire an empty list would mean all rows, so none is written as `[false]`.
 */
export function encodeConditions(table: TableSchema, conditions: RuntimeConditions): unknown[] | undefined {
  if (conditions === true || !canSelect(table, conditions)) return undefined;
  if (conditions === false || conditions.length === 0) return [false];
  return conditions.map(([column, fn, value]) => encodeCondition(table.column(column), fn, value));
}

/**
 * Can these be put to a server with this table? It may lack a column, or, since a conversion, have another type or
 * fewer choices for one. Too many rows are better than too few, or than none at all.
 */
export function canSelect(table: TableSchema | undefined, conditions: RuntimeConditions): boolean {
  if (typeof conditions === 'boolean') return true;
  if (table === undefined || !conditions.every(([column]) => hasColumn(table, column))) return false;
  try {
    checkConditions(table, conditions);
    return true;
  } catch {
    return false;
  }
}

/** Throws `ValidationError` for a value that makes no sense in its column. What the table lacks is passed over. */
export function checkConditions(table: TableSchema, conditions: RuntimeConditions): void {
  for (const [column, fn, value] of typeof conditions === 'boolean' ? [] : conditions) {
    if (hasColumn(table, column)) encodeCondition(table.column(column), fn, value);
  }
}

function hasColumn(table: TableSchema, column: string): boolean {
  return column === '_uuid' || table.columns.has(column);
}
