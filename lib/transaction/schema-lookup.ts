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

  /**
   * A column to write `value` to. Throws as {@link column}, and `ValidationError` for `_uuid` and `_version`, which are
   * the server's: it ignores them without a word.
   */
  writable(table: TableSchema, name: string, value: unknown): ColumnSchema {
    const column = this.column(table, name);
    if (name.startsWith('_'))
      throw new ValidationError(table.name, name, value, 'cannot be written: the server sets it');
    return column;
  }

  /** Throws `SchemaError` for a table that the server lacks. */
  table(name: string): TableSchema {
    const table = this.schema.tables.get(name);
    if (table === undefined && this.#known?.tables.has(name) === true) throw this.#lacking(`table ${name}`, name);
    return table ?? this.schema.table(name);
  }

  /** Throws `SchemaError` for a column that the server lacks. */
  column(table: TableSchema, name: string): ColumnSchema {
    const found = table.columns.get(name);
    if (found !== undefined) return found;
    if (this.#known?.tables.get(table.name)?.columns.has(name) === true) {
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
