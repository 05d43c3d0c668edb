/** Which tables and columns of its schema a case's client knows, and which of the columns it replicates. */
import { readFileSync } from 'node:fs';

import { DatabaseSchema, parseSchema, type ColumnSchema } from '../../lib/schema/schema.js';
import { parseJson } from '../../lib/wire/json.js';
import { FatalError } from './output.js';

/** A table of which at least one column is known. */
export interface RegisteredTable {
  readonly columns: ReadonlyMap<string, ColumnSchema>;
  /** Known, but not replicated: their values come by `fetch`. */
  readonly fetched: ReadonlySet<string>;
}

/** The client's schema as far as the case asks for it. */
export interface Registered {
  readonly schema: DatabaseSchema;
  readonly tables: ReadonlyMap<string, RegisteredTable>;
}

/** Reads the schema file. `list` is `?TABLE:COL,COL!?TABLE:COL`; undefined means all of it. */
export function register(schemaFile: string, list: string | undefined): Registered {
  const schema = parseSchema(parseJson(readFileSync(schemaFile, 'utf8'), true));
  const tables = new Map<string, RegisteredTable>();
  if (list === undefined) {
    for (const { name, columns } of schema.tables.values()) tables.set(name, { columns, fetched: new Set() });
    return { schema, tables };
  }
  for (const part of list.slice(1).split('?')) {
    const [name = '', names = ''] = part.split(':');
    const table = schema.tables.get(name);
    if (table === undefined) throw new FatalError(`the schema has no table "${name}"`);
    // A table that is named twice gets the columns of both.
    const columns = new Map(tables.get(name)?.columns);
    const fetched = new Set<string>();
    for (const word of names.split(',')) {
      const column = table.columns.get(word.replace(/!$/, ''));
      if (column === undefined) throw new FatalError(`table "${name}" of the schema has no column "${word}"`);
      columns.set(column.name, column);
      if (word.endsWith('!')) fetched.add(column.name);
    }
    tables.set(name, { columns, fetched });
  }
  return { schema, tables };
}
