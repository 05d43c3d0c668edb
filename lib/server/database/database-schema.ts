/** A database schema as a server needs it, from JSON and back (RFC 7047 §3.2). */
import type { Json } from './json-text.js';
import { MemberParser } from './member-parser.js';
import { Refusal, syntaxError } from './refusal.js';
import { checkName, parseTable, tableJson, type Column, type TableSchema } from './table-schema.js';

/** See the head of this file. */
export interface ServerSchema {
  readonly name: string;
  /** Empty when the schema says none. */
  readonly version: string;
  readonly checksum: string;
  readonly tables: ReadonlyMap<string, TableSchema>;
}

/**
 * Reads a schema as strictly as ovsdb-server.
 * @throws Refusal
 */
export function parseServerSchema(json: unknown): ServerSchema {
  const parser = new MemberParser(json, 'database schema');
  const name = parser.required('name', 'id') as string;
  const version = parser.optional('version', 'string') as string | undefined;
  const checksum = (parser.optional('cksum', 'string') ?? '') as string;
  const tablesJson = parser.required('tables', 'object') as Record<string, unknown>;
  parser.finish();
  if (version !== undefined && !/^\s*\+?\d+\.\s*\+?\d+\.\s*\+?\d+$/.test(version)) {
    throw syntaxError(json, `schema version "${version}" not in format x.y.z`);
  }
  const parsed: TableSchema[] = [];
  for (const [tableName, table] of Object.entries(tablesJson)) {
    checkName(tableName, json);
    parsed.push(parseTable(tableName, table, false));
  }
  // Before there was garbage collection, no schema had roots: then every table is one.
  const noRoots = parsed.every(({ isRoot }) => !isRoot);
  const tables = new Map(parsed.map((table) => [table.name, noRoots ? { ...table, isRoot: true } : table]));
  for (const table of tables.values()) for (const column of table.allColumns) checkReferences(column, tables);
  return { name, version: version ?? '', checksum, tables };
}

function checkReferences(column: Column, tables: ReadonlyMap<string, TableSchema>): void {
  for (const [base, part] of [
    [column.type.key, 'key'],
    [column.type.value, 'value'],
  ] as const) {
    // prettier-ignore
    if (base?.refTable === undefined) continue;
    const table = tables.get(base.refTable);
    if (table === undefined) {
      const details = `column ${column.name} ${part} refers to undefined table ${base.refTable}`;
      throw new Refusal('syntax error', details);
    }
    // What keeps a row alive must outlive the server as the row does.
    if (base.refType === 'strong' && !table.isRoot) (column as { persistent: boolean }).persistent = true;
  }
}

/** A schema as `get_schema` prints it: nothing that would be understood anyway. */
export function schemaJson(schema: ServerSchema): Json {
  const isRootByDefault = [...schema.tables.values()].every(({ isRoot }) => isRoot);
  return {
    name: schema.name,
    ...(schema.version !== '' && { version: schema.version }),
    ...(schema.checksum !== '' && { cksum: schema.checksum }),
    tables: Object.fromEntries([...schema.tables].map(([name, table]) => [name, tableJson(table, isRootByDefault)])),
  };
}
