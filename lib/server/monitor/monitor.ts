/** One monitor of one client: RFC 7047 §4.1.5, ovsdb-server(7) §4.1.12 to §4.1.15. */
import type { Condition } from '../database/condition.js';
import type { Json } from '../database/json-text.js';
import type { StoredRow } from '../database/stored-row.js';
import type { Column } from '../database/table-schema.js';
import type { TableRequest } from './monitor-request.js';
import { initialRow, rowUpdate, type MonitoredTable, type RowDelta } from './row-update.js';

/** Requests that begin a monitor, with the notifications that follow. */
export const NOTIFICATION_OF = {
  monitor: 'update',
  monitor_cond: 'update2',
  monitor_cond_since: 'update3',
} as const;

/** See {@link NOTIFICATION_OF}. */
export type MonitorMethod = keyof typeof NOTIFICATION_OF;

/** Changes by table and uuid. */
export type Deltas = ReadonlyMap<string, ReadonlyMap<string, RowDelta>>;

/** The rows of a table, by uuid; undefined where there is no such table. */
export type RowsOf = (table: string) => ReadonlyMap<string, StoredRow> | undefined;

/**
 * Columns that are compared for monitors of the same tables and columns, by table. ovsdb-server shares them between
 * clients, and never forgets one: a condition of one client makes others hear of changes that they do not see.
 */
export type ComparedColumns = ReadonlyMap<string, Set<Column>>;

/** Equal for monitors that share their {@link ComparedColumns}. */
export function comparedKey(requests: readonly TableRequest[]): string {
  const tables = requests.map(({ schema, columns, select }) => {
    const each = columns.map(({ column, select: bits }) => `${column.name} ${bits}`).sort();
    return `${schema.name} ${select} ${each.join()}`;
  });
  return tables.sort().join(';');
}

/** See the head of this file. */
export class Monitor {
  readonly method: MonitorMethod;
  readonly database: string;
  readonly #tables = new Map<string, MonitoredTable>();
  readonly #compared: ComparedColumns;
  readonly #form: 'update' | 'update2';

  constructor(method: MonitorMethod, database: string, requests: readonly TableRequest[], compared: ComparedColumns) {
    this.method = method;
    this.database = database;
    this.#form = method === 'monitor' ? 'update' : 'update2';
    this.#compared = compared;
    for (const request of requests) {
      const columns = compared.get(request.schema.name) ?? new Set<Column>();
      for (const { column } of request.columns) columns.add(column);
      for (const column of columnsOf(request.condition)) columns.add(column);
      this.#tables.set(request.schema.name, { ...request, compared: columns });
    }
  }

  has(table: string): boolean {
    return this.#tables.has(table);
  }

  /** The `<table-updates>` of the rows that are there when the monitor begins. */
  initial(rowsOf: RowsOf): Json {
    const updates: Record<string, Json> = {};
    for (const [name, table] of this.#tables) {
      const rows: Record<string, Json> = {};
      for (const [uuid, row] of rowsOf(name) ?? []) add(rows, uuid, initialRow(table, row, this.#form));
      addTable(updates, name, rows);
    }
    return updates;
  }

  /** The `<table-updates>` of some changes; undefined when there is nothing to be said of them. */
  updates(deltas: Deltas): Json | undefined {
    const updates: Record<string, Json> = {};
    for (const [name, rowDeltas] of deltas) {
      const table = this.#tables.get(name);
      if (table === undefined) continue;
      const rows: Record<string, Json> = {};
      for (const [uuid, delta] of rowDeltas) add(rows, uuid, rowUpdate(table, delta, table.condition, this.#form));
      addTable(updates, name, rows);
    }
    return isEmpty(updates) ? undefined : updates;
  }

  /** Takes other conditions for some tables; what comes and goes thereby is as {@link updates}. */
  changeConditions(conditions: ReadonlyMap<string, Condition>, rowsOf: RowsOf): Json | undefined {
    const updates: Record<string, Json> = {};
    // A plain monitor has none, and nobody says so.
    if (this.method === 'monitor') return undefined;
    for (const [name, condition] of conditions) {
      const table = this.#tables.get(name);
      if (table === undefined) continue;
      const before = table.condition;
      table.condition = condition;
      for (const column of columnsOf(condition)) this.#compared.get(name)?.add(column);
      const rows: Record<string, Json> = {};
      for (const [uuid, row] of rowsOf(name) ?? []) {
        add(rows, uuid, rowUpdate(table, { before: row, after: row }, before, this.#form));
      }
      addTable(updates, name, rows);
    }
    return isEmpty(updates) ? undefined : updates;
  }

  /** The params of the notification with which updates are sent. */
  params(id: Json, updates: Json, lastId: string): Json[] {
    return this.method === 'monitor_cond_since' ? [id, lastId, updates] : [id, updates];
  }
}

function columnsOf({ clauses }: Condition): Column[] {
  return clauses.flatMap((clause) => (typeof clause === 'boolean' ? [] : [clause.column]));
}

function add(rows: Record<string, Json>, uuid: string, update: Json | undefined): void {
  if (update !== undefined) rows[uuid] = update;
}

function addTable(updates: Record<string, Json>, name: string, rows: Record<string, Json>): void {
  if (!isEmpty(rows)) updates[name] = rows;
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}
