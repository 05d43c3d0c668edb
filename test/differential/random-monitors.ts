/** Random requests for monitors, sensible ones mostly. */
import type { Database } from '../../lib/server/database/database.js';
import type { TableSchema } from '../../lib/server/database/table-schema.js';
import { collection, randomValue, type Rows } from './random-values.js';
import { stringifyJson } from '../../lib/wire/json.js';
import type { Random } from '../random.js';

type Json = Record<string, unknown>;

/** `<monitor-requests>`, by table. */
export type Requests = Readonly<Record<string, unknown>>;

/** See the head of this file. */
export class MonitorMaker {
  readonly #random: Random;
  readonly #database: Database;
  readonly #rows: Rows;

  constructor(random: Random, database: Database) {
    this.#random = random;
    this.#database = database;
    // Conditions of monitors know no names of rows. One that is wrong in a change leaves the real server with half of it.
    this.#rows = { existing: (table) => [...database.table(table).rows.keys()], named: () => [] };
  }

  /** The `<monitor-requests>` of a new monitor. */
  requests(withWhere: boolean): Json {
    const random = this.#random;
    const tables = this.#tables().filter(() => random.chance(0.7));
    const requests: Json = {};
    for (const table of tables) requests[table.name] = this.#request(table, withWhere);
    // One thing at most is wrong: of several, either may be found first.
    const [first] = tables;
    const mistake = random.weighted({ none: 90, table: 3, column: 3, member: 3 });
    if (mistake === 'table') requests['Nowhere'] = {};
    else if (mistake === 'column' && first !== undefined) requests[first.name] = { columns: ['missing'] };
    else if (mistake === 'member' && first !== undefined) requests[first.name] = { extra: 1 };
    return requests;
  }

  /** Other conditions for some tables of a monitor, upon columns that it has. */
  conditions(requests: Requests): Json {
    const random = this.#random;
    const changes: Json = {};
    for (const table of this.#tables()) {
      const request = Object.hasOwn(requests, table.name) ? requests[table.name] : undefined;
      if (request !== undefined && random.chance(0.5)) {
        changes[table.name] = [{ where: this.#where(table, namesIn(table, request)) }];
      }
    }
    return changes;
  }

  #tables(): readonly TableSchema[] {
    return [...this.#database.schema.tables.values()];
  }

  #request(table: TableSchema, withWhere: boolean): unknown {
    const random = this.#random;
    const columns = table.allColumns.slice(1).filter(() => random.chance(0.6));
    if (random.chance(0.25)) return this.#withRest({}, table, withWhere);
    const cut = random.chance(0.4) ? random.below(columns.length + 1) : columns.length;
    const parts = [columns.slice(0, cut), columns.slice(cut)].filter((part) => part.length > 0 || random.chance(0.1));
    const requests = parts.map((part) => {
      const names = part.map(({ name }) => name);
      return this.#withRest({ columns: names }, table, withWhere);
    });
    // Which of several conditions for a table counts is up to a hash table of the server's.
    for (const request of requests.slice(1)) {
      delete request['where'];
      if (requests[0]!['where'] !== undefined) request['where'] = requests[0]!['where'];
    }
    return requests.length === 1 && random.chance(0.5) ? requests[0] : requests;
  }

  #withRest(request: Json, table: TableSchema, withWhere: boolean): Json {
    const random = this.#random;
    if (random.chance(0.3)) {
      const select: Json = {};
      for (const event of ['initial', 'insert', 'delete', 'modify']) {
        if (random.chance(0.5)) select[event] = random.chance(0.4);
      }
      request['select'] = select;
    }
    if (withWhere && random.chance(0.6)) request['where'] = this.#where(table);
    return request;
  }

  #where(table: TableSchema, columns = [...table.columns.keys()]): unknown[] {
    const random = this.#random;
    return Array.from({ length: random.below(3) }, () => {
      const clause = this.#clause(table, columns);
      // Conditions of monitors know no names of rows, and nothing is smaller than nothing: all would be refused.
      const text = stringifyJson(clause);
      const isRefused = text.includes('named-uuid') || (/"[<>]=?"/.test(text) && text.endsWith('["set",[]]]'));
      return isRefused ? true : clause;
    });
  }

  #clause(table: TableSchema, columns: readonly string[]): unknown {
    const random = this.#random;
    if (columns.length === 0 || random.chance(0.15)) return random.chance(0.5);
    const column = table.byName.get(random.pick(columns))!;
    const { type } = column;
    const rows = [...this.#database.table(table.name).rows.values()];
    const uuids = rows.map(({ uuid }) => uuid);
    if (uuids.length > 0 && columns.includes('_uuid')) return ['_uuid', '==', ['uuid', random.pick(uuids)]];
    const ordered = type.value === undefined && type.max === 1 && ['integer', 'real'].includes(type.key.type);
    // Conditions of nothing but == the real server looks up by hash, which tells 0 from -0.
    const equal = [type.key, type.value].some((base) => base?.type === 'real') ? [] : ['=='];
    const name = random.pick([...equal, '!=', 'includes', 'excludes', ...(ordered ? ['<', '<=', '>', '>='] : [])]);
    if (rows.length > 0 && random.chance(0.5)) return [column.name, name, random.pick(rows).json(column)];
    if (type.max > 1 && name !== '==' && name !== '!=') {
      return [column.name, name, collection(random, type, this.#rows, random.below(3))];
    }
    return [column.name, name, randomValue(random, type, this.#rows)];
  }
}

/** Columns that a request names; all, where it names none. */
function namesIn(table: TableSchema, request: unknown): string[] {
  const requests = (Array.isArray(request) ? request : [request]) as readonly { columns?: readonly string[] }[];
  return requests
    .flatMap((each) => each.columns ?? [...table.columns.keys()])
    .filter((name) => table.byName.has(name) && name !== '_version');
}
