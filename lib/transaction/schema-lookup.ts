/**
 * Tables and columns by the names that callers write. The server's schema decides; the one that the caller's
 * types come from only helps to say what is wrong: a slip of the pen, or a server that is older.
 */
import { SchemaError, ValidationError } from '../errors.js';
import type { ColumnSchema, DatabaseSchema, TableSchema } from '../schema/schema.js';

/** See the head of this file. */
export class SchemaLookup {
  /** The server's. */
  readonly schema: DatabaseSchema;
  readonly #known: DatabaseSchema | undefined;

  constructor(schema: DatabaseSchema, known: DatabaseSchema | undefined) {
    this.schema = schema;
    this.#known = known;
  }

  /** The column schemas and values of a caller's object. Throws `SchemaError` for a column that the server lacks. */
  columns<V>(table: TableSchema, row: Readonly<Record<string, V>> | object): [ColumnSchema, V][] {
    return Object.entries(row as Record<string, V>).map(([name, value]) => [this.column(table, name), value]);
  }

  /** Those of an object to write: `_uuid` and `_version` are the server's, which ignores them without a word. */
  writable<V>(table: TableSchema, row: Readonly<Record<string, V>> | object): [ColumnSchema, V][] {
    const columns = this.columns(table, row);
    for (const [{ name }, value] of columns) {
      if (name.startsWith('_'))
        throw new ValidationError(table.name, name, value, 'cannot be written: the server sets it');
    }
    return columns;
  }

  /** Throws `SchemaError` for a table that the server lacks. */
  table(name: string): TableSchema {
    const table = this.schema.tables.get(name);
    if (table === undefined && this.#known?.tables.has(name) === true) throw this.#lacking(`table ${name}`, name);
    return table ?? this.schema.table(name);
  }

  /** Throws `SchemaError` for a column that the server lacks. */
  column(table: TableSchema, name: string): ColumnSchema {
    if (!table.columns.has(name) && this.#known?.tables.get(table.name)?.columns.has(name) === true) {
      throw this.#lacking(`column ${table.name}.${name}`, table.name, name);
    }
    return table.column(name);
  }

  /** What the caller's types have and the server has not is no typing error: the server is older. */
  #lacking(what: string, table: string, column?: string): SchemaError {
    const { name, version } = this.schema;
    const advice = `this client knows ${this.#known?.version ?? ''}; ask has() before using it, or upgrade the database`;
    const message = `the server's database ${name} ${version} lacks ${what} (${advice})`;
    return new SchemaError(message, { table, ...(column !== undefined && { column }) });
  }
}
