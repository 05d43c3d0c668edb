/**
 * What a monitor says of one row: the `<row-update>` of RFC 7047 §4.1.6 and the `<row-update2>` of ovsdb-server(7)
 * §4.1.14, formed as ovsdb-server 3.1 forms them, its empty `modify` included.
 */
import type { Condition } from '../database/condition.js';
import type { Datum } from '../database/datum.js';
import { equalData, reportedDifference } from '../database/datum.js';
import { datumJson } from '../database/datum-text.js';
import type { Json } from '../database/json-text.js';
import type { StoredRow } from '../database/stored-row.js';
import type { Column, TableSchema } from '../database/table-schema.js';

/** What can happen to a row, as bits: the `select` of a request names those that are wanted. */
export const EVENT = { initial: 1, insert: 2, delete: 4, modify: 8 } as const;

/** One of {@link EVENT}. */
export type Event = (typeof EVENT)[keyof typeof EVENT];

/** A column that a client asked for, and the events of which it wants to see it. */
export interface MonitoredColumn {
  readonly column: Column;
  readonly select: number;
}

/** What a client asked of one table. */
export interface MonitoredTable {
  readonly schema: TableSchema;
  readonly columns: readonly MonitoredColumn[];
  /** Events that any of the requests wants. */
  readonly select: number;
  /** Columns that are compared: those asked for, and those of conditions, of which clients hear without seeing them. */
  readonly compared: ReadonlySet<Column>;
  /** Which rows are shown. */
  condition: Condition;
}

/** A row before and after some transactions; `changed` where it is known what they may have changed, `_version` apart. */
export interface RowDelta {
  readonly before: StoredRow | undefined;
  readonly after: StoredRow | undefined;
  readonly changed?: Iterable<Column>;
}

/** What the client of a table is told of a change; undefined for nothing. `update` is in the form of RFC 7047. */
export function rowUpdate(
  table: MonitoredTable,
  delta: RowDelta,
  conditionBefore: Condition,
  form: 'update' | 'update2',
): Json | undefined {
  const event = eventOf(delta, conditionBefore, table.condition);
  if (event === undefined || (table.select & event) === 0) return undefined;
  let changed: ReadonlySet<Column> | undefined;
  if (event === EVENT.modify) {
    changed = changedColumns(table, delta);
    if (changed.size === 0) return undefined;
  }
  return form === 'update' ? asUpdate(table, event, delta, changed) : asUpdate2(table, event, delta, changed);
}

/** What the client of a table is told of a row that is there when it begins; undefined for nothing. */
export function initialRow(table: MonitoredTable, row: StoredRow, form: 'update' | 'update2'): Json | undefined {
  if ((table.select & EVENT.initial) === 0 || !table.condition.matchesAny(row)) return undefined;
  const delta = { before: undefined, after: row };
  return form === 'update'
    ? asUpdate(table, EVENT.initial, delta, undefined)
    : asUpdate2(table, EVENT.initial, delta, undefined);
}

/** Rows that come to meet the condition are inserted, as the client sees it, and others deleted. */
function eventOf({ before, after }: RowDelta, conditionBefore: Condition, condition: Condition): Event | undefined {
  const was = before !== undefined && conditionBefore.matchesAny(before);
  const is = after !== undefined && condition.matchesAny(after);
  if (was) return is ? EVENT.modify : EVENT.delete;
  return is ? EVENT.insert : undefined;
}

function changedColumns({ compared }: MonitoredTable, { before, after, changed }: RowDelta): ReadonlySet<Column> {
  const found = new Set<Column>();
  if (before === undefined || after === undefined || before === after) return found;
  if (changed !== undefined) {
    for (const column of changed) if (compared.has(column) && differs(column, before, after)) found.add(column);
    // The row's `_version` is another one after every transaction that changed it.
    const [, version] = after.schema.allColumns;
    if (version !== undefined && compared.has(version) && before.version !== after.version) found.add(version);
    return found;
  }
  for (const column of compared) if (differs(column, before, after)) found.add(column);
  return found;
}

function differs(column: Column, before: StoredRow, after: StoredRow): boolean {
  return !equalData(column.type, before.get(column), after.get(column));
}

function asUpdate(
  { columns }: MonitoredTable,
  event: Event,
  { before, after }: RowDelta,
  changed: ReadonlySet<Column> | undefined,
): Json {
  const old: Record<string, Json> = {};
  const now: Record<string, Json> = {};
  for (const { column, select } of columns) {
    if ((select & event) === 0) continue;
    const showsOld = event === EVENT.delete || changed?.has(column) === true;
    if (showsOld && before !== undefined) old[column.name] = before.json(column);
    if (event !== EVENT.delete && after !== undefined) now[column.name] = after.json(column);
  }
  if (event === EVENT.delete) return { old };
  return event === EVENT.modify ? { old, new: now } : { new: now };
}

function asUpdate2(
  { columns }: MonitoredTable,
  event: Event,
  { before, after }: RowDelta,
  changed: ReadonlySet<Column> | undefined,
): Json {
  if (event === EVENT.delete) return { delete: null };
  const shown: Record<string, Json> = {};
  for (const { column, select } of columns) {
    if ((select & event) === 0 || after === undefined) continue;
    if (event !== EVENT.modify) {
      if (!isDefault(column, after.get(column))) shown[column.name] = after.json(column);
    } else if (before !== undefined && changed?.has(column) === true) {
      const { type } = column;
      shown[column.name] = datumJson(reportedDifference(type, before.get(column), after.get(column)), type);
    }
  }
  switch (event) {
    case EVENT.initial:
      return { initial: shown };
    case EVENT.insert:
      return { insert: shown };
    case EVENT.modify:
      return { modify: shown };
  }
}

function isDefault({ type, defaultValue }: Column, value: Datum): boolean {
  return value.size === defaultValue.size && equalData(type, value, defaultValue);
}
