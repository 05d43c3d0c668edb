/** The rows of a database under another schema (`convert` of ovsdb-server(7) §4.1.16). */
import { commit } from './commit.js';
import type { BaseType, ColumnType } from './column-type.js';
import { Datum } from './datum.js';
import { parseDatum } from './datum-parse.js';
import { datumJson } from './datum-text.js';
import { syntaxError } from './refusal.js';
import type { Table } from './table.js';
import { Transaction } from './transaction.js';

/**
 * Fills the tables of the new schema, as one transaction that must be allowed. Tables and columns that it lacks are
 * left out, and new columns have their defaults, whether these are allowed or not.
 * @throws Refusal
 */
export function convertTables(
  from: ReadonlyMap<string, Table>,
  to: ReadonlyMap<string, Table>,
  makeUuid: () => string,
): void {
  const transaction = new Transaction(to, makeUuid);
  for (const [name, { schema, rows }] of from) {
    const table = to.get(name);
    if (table === undefined) continue;
    for (const row of rows.values()) {
      const fields = table.schema.defaults.slice();
      for (const column of schema.columns.values()) {
        const target = table.schema.columns.get(column.name);
        if (target === undefined) continue;
        fields[target.index] = convertDatum(target.type, row.get(column), column.type);
      }
      transaction.insert(table, row.uuid, fields);
    }
  }
  commit(transaction);
  transaction.end();
}

/** What one column holds, as JSON would carry it to another one. */
function convertDatum(to: ColumnType, datum: Datum, from: ColumnType): Datum {
  const json = datumJson(datum, from);
  // On the way back from JSON a real has 15 digits, and may look like an integer: neither is so on the server.
  if (datum.size > 0 && turnsRealToInteger(from, to)) throw syntaxError(json, 'expected integer');
  const converted = parseDatum(to, json);
  const keys = from.key.type === 'real' && to.key.type === 'real' ? datum.keys : converted.keys;
  const values = from.value?.type === 'real' && to.value?.type === 'real' ? datum.values : converted.values;
  return new Datum(keys, values);
}

function turnsRealToInteger(from: ColumnType, to: ColumnType): boolean {
  const turns = (a: BaseType | undefined, b: BaseType | undefined): boolean =>
    a?.type === 'real' && b?.type === 'integer';
  return turns(from.key, to.key) || turns(from.value, to.value);
}
