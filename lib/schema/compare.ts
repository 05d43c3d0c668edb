/**
 * What a server's schema lacks, compared with the schema that a client was made for. A client skips what is
 * missing and says so once, instead of failing every request over one table it may never use.
 */
import { describeType } from './describe.js';
import type { ColumnSchema, DatabaseSchema } from './schema.js';

/** A column that both schemas have, with types that do not go together. */
export interface ChangedColumn {
  readonly table: string;
  readonly column: string;
  /** Type that the client knows, in words, for example `set of string`. */
  readonly wanted: string;
  /** Type that the server has. */
  readonly actual: string;
}

/** Result of {@link compareSchemas}. */
export interface SchemaDifference {
  /** Tables that the server lacks. */
  readonly missingTables: readonly string[];
  /** Columns that the server lacks, of tables that it has. */
  readonly missingColumns: readonly { readonly table: string; readonly column: string }[];
  /** Columns whose values have another shape on the server. Constraints are not compared: the server checks its own. */
  readonly changedColumns: readonly ChangedColumn[];
  /** One sentence for each table with a difference; empty when the server has all that is wanted. */
  readonly warnings: readonly string[];
}

/** What `actual`, the server's schema, lacks of `wanted`, the client's. What it has besides does not count. */
export function compareSchemas(wanted: DatabaseSchema, actual: DatabaseSchema): SchemaDifference {
  const missingTables: string[] = [];
  const missingColumns: { table: string; column: string }[] = [];
  const changedColumns: ChangedColumn[] = [];
  const warnings: string[] = [];
  const subject = `Database ${actual.name} ${actual.version}`;
  const advice = `(this client knows ${wanted.version}; upgrade the database to use`;
  for (const wantedTable of wanted.tables.values()) {
    const table = wantedTable.name;
    const actualTable = actual.tables.get(table);
    if (actualTable === undefined) {
      missingTables.push(table);
      warnings.push(`${subject} lacks table ${table} ${advice} it)`);
      continue;
    }
    const missing: string[] = [];
    for (const column of wantedTable.columns.values()) {
      const actualColumn = actualTable.columns.get(column.name);
      if (actualColumn === undefined) {
        missing.push(column.name);
        missingColumns.push({ table, column: column.name });
        continue;
      }
      if (sameShape(column, actualColumn)) continue;
      const types = { wanted: describeType(column.type), actual: describeType(actualColumn.type) };
      changedColumns.push({ table, column: column.name, ...types });
      warnings.push(
        `${subject} has column ${table}.${column.name} as ${types.actual}, where this client, which knows ${wanted.version}, expects ${types.wanted}`,
      );
    }
    if (missing.length > 0) {
      const noun = missing.length === 1 ? 'column' : 'columns';
      warnings.push(
        `${subject} lacks ${noun} ${missing.join(', ')} of table ${table} ${advice} ${missing.length === 1 ? 'it' : 'them'})`,
      );
    }
  }
  return { missingTables, missingColumns, changedColumns, warnings };
}

/** True when values of one column read as values of the other: constraints and the strength of references may differ. */
function sameShape(a: ColumnSchema, b: ColumnSchema): boolean {
  return (
    a.kind === b.kind &&
    a.type.key.type === b.type.key.type &&
    a.type.key.refTable === b.type.key.refTable &&
    a.type.value?.type === b.type.value?.type &&
    a.type.value?.refTable === b.type.value?.refTable
  );
}
