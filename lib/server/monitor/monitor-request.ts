/** Reads what clients ask of monitors, and refuses it in the words of ovsdb-server 3.1. */
import { isJsonObject } from '../../schema/base-type.js';
import { Condition } from '../database/condition.js';
import type { Json } from '../database/json-text.js';
import { MemberParser } from '../database/member-parser.js';
import { Refusal, syntaxError } from '../database/refusal.js';
import type { Column, TableSchema } from '../database/table-schema.js';
import { EVENT, type MonitoredColumn } from './row-update.js';

/** What a client asked of one table, before it is monitored. */
export interface TableRequest {
  readonly schema: TableSchema;
  readonly columns: readonly MonitoredColumn[];
  readonly select: number;
  readonly condition: Condition;
}

type Tables = ReadonlyMap<string, TableSchema>;

/** Reads the `<monitor-requests>` of `monitor`, or with `where` those of `monitor_cond`. Throws `Refusal`. */
export function readMonitorRequests(json: Json | undefined, tables: Tables, withWhere: boolean): TableRequest[] {
  if (!isJsonObject(json)) throw syntaxError(json, 'monitor-requests must be object');
  return Object.entries(json).map(([name, given]) => {
    const schema = tableNamed(name, tables);
    const requests: readonly unknown[] = Array.isArray(given) ? given : [given];
    const columns = new Map<Column, number>();
    let where: readonly Json[] | undefined;
    let select = 0;
    for (const request of requests) {
      const parsed = readTableRequest(schema, request, withWhere);
      select |= parsed.select;
      for (const column of parsed.columns) {
        if (columns.has(column)) throw repeated(column, parsed.columnsJson);
        columns.set(column, parsed.select);
      }
      // Of several requests for a table the conditions of the first one count.
      where ??= parsed.where ?? [];
    }
    return {
      schema,
      columns: [...columns].map(([column, bits]) => ({ column, select: bits })),
      select,
      condition: new Condition(schema, where ?? []),
    };
  });
}

/** Reads the requests of `monitor_cond_change`, by the name of the table. Throws `Refusal`. */
export function readConditionChanges(
  json: Json | undefined,
  tables: Tables,
  monitor: { readonly method: string; has(table: string): boolean },
): ReadonlyMap<string, Condition> {
  if (!isJsonObject(json)) throw new Refusal('syntax error', 'monitor-cond-change-requests must be object');
  const conditions = new Map<string, Condition>();
  for (const [name, requests] of Object.entries(json)) {
    const schema = tableNamed(name, tables);
    if (!monitor.has(name)) throw new Refusal('syntax error', `no table named ${name} in monitor session`);
    if (!Array.isArray(requests)) {
      throw new Refusal('syntax error', `table ${name} no monitor-cond-change JSON array`);
    }
    // Of several requests for a table the last one counts.
    for (const request of requests as readonly unknown[]) {
      if (isJsonObject(request) && 'columns' in request) {
        throw syntaxError(request, 'changing columns is unsupported');
      }
      const parser = new MemberParser(request, `table ${name}`);
      const where = parser.optional('where', 'array') as Json[] | undefined;
      parser.finish();
      // A plain monitor has no conditions, and what is given is not looked at.
      conditions.set(name, new Condition(schema, monitor.method === 'monitor' ? [] : (where ?? [])));
    }
  }
  return conditions;
}

interface ParsedRequest {
  readonly columns: readonly Column[];
  readonly columnsJson: Json | undefined;
  readonly select: number;
  readonly where: Json[] | undefined;
}

function readTableRequest(schema: TableSchema, request: unknown, withWhere: boolean): ParsedRequest {
  const parser = new MemberParser(request, `table ${schema.name}`);
  const columnsJson = parser.optional('columns', 'array') as Json | undefined;
  const where = withWhere ? (parser.optional('where', 'array') as Json[] | undefined) : undefined;
  const selectJson = parser.optional('select', 'object');
  parser.finish();
  const select = selectJson === undefined ? ALL_EVENTS : readSelect(selectJson, schema.name);
  return { columns: readColumns(columnsJson, schema), columnsJson, select, where };
}

const ALL_EVENTS = EVENT.initial | EVENT.insert | EVENT.delete | EVENT.modify;

function readSelect(json: unknown, table: string): number {
  const parser = new MemberParser(json, `table ${table} select`);
  let select = 0;
  for (const [name, bit] of Object.entries(EVENT)) {
    if (parser.optional(name, 'boolean') !== false) select |= bit;
  }
  parser.finish();
  return select;
}

function readColumns(json: Json | undefined, schema: TableSchema): readonly Column[] {
  // Without a list, everything but what the row is called by.
  if (json === undefined) return schema.allColumns.slice(1);
  return (json as readonly Json[]).map((name) => {
    if (typeof name !== 'string') throw syntaxError(json, 'array of column names expected');
    const column = schema.byName.get(name);
    if (column === undefined) throw syntaxError(json, `${name} is not a valid column name`);
    return column;
  });
}

function repeated({ name }: Column, json: Json | undefined): Refusal {
  const details = `column ${name} mentioned more than once`;
  return json === undefined ? new Refusal('syntax error', details) : syntaxError(json, details);
}

function tableNamed(name: string, tables: Tables): TableSchema {
  const table = tables.get(name);
  if (table === undefined) throw new Refusal('syntax error', `no table named ${name}`);
  return table;
}
