/**
 * The run-time model of a database schema (RFC 7047 §3.2), made from what `get_schema` returned or from an
 * `.ovsschema` file. Everything below the typed interfaces works from this model, so the same client serves
 * any database.
 */
import { SchemaError, printValue } from '../errors.js';
import type { ColumnKind, ColumnType, Fail } from './base-type.js';
import { isJsonObject, kindOfType, parseColumnType } from './base-type.js';
import { brokenDefault, defaultAtom } from './constraints.js';
import type { Decoder } from './decode.js';
import { EMPTY_MAP, EMPTY_SET, makeDecoder, makeMembersDecoder, newMap } from './decode.js';
import { nearestName } from './suggest.js';
import type { Atom, ColumnValue } from './types.js';

export type { BaseType, ColumnKind, ColumnType } from './base-type.js';
export type * from './schema-json.js';

/** One column of a table. */
export interface ColumnSchema {
  /** Name of the table. */
  readonly table: string;
  readonly name: string;
  /** How the column's values look: see {@link ColumnValue}. */
  readonly kind: ColumnKind;
  readonly type: ColumnType;
  /** False when only an insert may set the column. */
  readonly mutable: boolean;
  /** True when the server may lose the value at a restart. */
  readonly ephemeral: boolean;
  /** What the column holds when an insert leaves it out (RFC 7047 §5.2.1). Frozen. */
  readonly defaultValue: ColumnValue;
  /** Why an insert must give the column: the rule that its default breaks. Undefined when it may be left out. */
  readonly requiredBecause: string | undefined;
  /** Decodes a value that the server sent; throws a ProtocolError naming the column when it has another type. */
  readonly decode: Decoder;
  /** Decodes the members of a set, or of a set's difference, into a new array. */
  readonly decodeMembers: (json: unknown) => Atom[];
}

/** One table of a database. */
export class TableSchema {
  readonly name: string;
  /** Columns by name, in the schema's order, without the pseudo-columns `_uuid` and `_version`. */
  readonly columns: ReadonlyMap<string, ColumnSchema>;
  /** Sets of columns whose values together are unique. */
  readonly indexes: readonly (readonly string[])[];
  /** `Infinity` when the schema sets no limit. */
  readonly maxRows: number;
  /** False when a row lives only while a strong reference points to it. */
  readonly isRoot: boolean;
  readonly #pseudoColumns: ReadonlyMap<string, ColumnSchema>;

  constructor(
    name: string,
    columns: ReadonlyMap<string, ColumnSchema>,
    rest: { indexes: readonly (readonly string[])[]; maxRows: number; isRoot: boolean },
  ) {
    this.name = name;
    this.columns = columns;
    this.indexes = rest.indexes;
    this.maxRows = rest.maxRows;
    this.isRoot = rest.isRoot;
    this.#pseudoColumns = new Map(['_uuid', '_version'].map((column) => [column, pseudoColumn(name, column)]));
  }

  /**
   * The column of this name. `_uuid` and `_version`, which every table has for conditions and selects
   * (RFC 7047 §3.2), are found here as well.
   * @throws SchemaError when the table has no such column.
   */
  column(name: string): ColumnSchema {
    const column = this.columns.get(name) ?? this.#pseudoColumns.get(name);
    if (column !== undefined) return column;
    const hint = suggestion(name, this.columns.keys());
    throw new SchemaError(`Table ${this.name} has no column ${printValue(name)}${hint}`, {
      table: this.name,
      column: name,
    });
  }
}

/** A database schema. */
export class DatabaseSchema {
  readonly name: string;
  /** `x.y.z`; empty when the schema says none. */
  readonly version: string;
  /** The `cksum` member, where the schema has one. */
  readonly checksum: string | undefined;
  readonly tables: ReadonlyMap<string, TableSchema>;

  constructor(name: string, version: string, checksum: string | undefined, tables: ReadonlyMap<string, TableSchema>) {
    this.name = name;
    this.version = version;
    this.checksum = checksum;
    this.tables = tables;
  }

  /**
   * The table of this name.
   * @throws SchemaError when the database has no such table.
   */
  table(name: string): TableSchema {
    const table = this.tables.get(name);
    if (table !== undefined) return table;
    const hint = suggestion(name, this.tables.keys());
    throw new SchemaError(`Database ${this.name} ${this.version} has no table ${printValue(name)}${hint}`, {
      table: name,
    });
  }
}

/** RFC 7047 §3.2; so `_uuid` and `_version` clash with nothing, nor can a name be `__proto__`. */
const RESERVED_NAME = 'names that begin with an underscore are reserved';

/**
 * Reads a schema from parsed JSON: the result of `get_schema`, or the content of an `.ovsschema` file.
 * @throws SchemaError that names the table and column and says what is malformed.
 */
export function parseSchema(json: unknown): DatabaseSchema {
  if (!isJsonObject(json)) throw new SchemaError(`A database schema is a JSON object, not ${printValue(json)}`);
  // RFC 7047 §3.2 demands a version; ovsdb-server serves schemas without one.
  const { name, version = '', cksum, tables } = json;
  if (!isId(name)) throw new SchemaError(`The database schema has the name ${printValue(name)}, which is not an <id>`);
  const fail: Fail = (what) => {
    throw new SchemaError(`Schema of database ${name}: ${what}`);
  };
  if (typeof version !== 'string') return fail(`its version ${printValue(version)} is not text`);
  if (cksum !== undefined && typeof cksum !== 'string') return fail(`its cksum ${printValue(cksum)} is not text`);
  if (!isJsonObject(tables)) return fail(`its tables ${printValue(tables)} are not an object`);
  // RFC 7047 §3.2: a schema that marks no table as root was written before garbage collection existed.
  const anyRoot = Object.values(tables).some((table) => isJsonObject(table) && table['isRoot'] === true);
  const parsed = new Map<string, TableSchema>();
  for (const [tableName, table] of Object.entries(tables)) {
    parsed.set(tableName, parseTable(name, tableName, table, anyRoot));
  }
  for (const table of parsed.values()) checkReferences(name, table, parsed);
  return new DatabaseSchema(name, version, cksum, parsed);
}

function parseTable(database: string, table: string, json: unknown, anyRoot: boolean): TableSchema {
  const fail: Fail = (what) => {
    throw new SchemaError(`Schema of database ${database}, table ${printValue(table)}: ${what}`, { table });
  };
  if (!isId(table)) return fail('its name is not an <id>');
  if (table.startsWith('_')) return fail(RESERVED_NAME);
  if (!isJsonObject(json)) return fail('it is not an object');
  const { columns: columnsJson, indexes, maxRows, isRoot } = json;
  if (!isJsonObject(columnsJson)) return fail('its columns are not an object');
  if (maxRows !== undefined && (!Number.isSafeInteger(maxRows) || (maxRows as number) < 1)) {
    return fail(`its maxRows ${printValue(maxRows)} is not a positive integer`);
  }
  if (isRoot !== undefined && typeof isRoot !== 'boolean') return fail('its isRoot is not a boolean');
  const columns = new Map<string, ColumnSchema>();
  for (const [column, columnJson] of Object.entries(columnsJson)) {
    columns.set(column, parseColumn(database, table, column, columnJson));
  }
  return new TableSchema(table, columns, {
    indexes: parseIndexes(indexes ?? [], columns, fail),
    maxRows: (maxRows as number | undefined) ?? Infinity,
    isRoot: !anyRoot || isRoot === true,
  });
}

function parseIndexes(
  json: unknown,
  columns: ReadonlyMap<string, ColumnSchema>,
  fail: Fail,
): readonly (readonly string[])[] {
  if (!Array.isArray(json)) return fail('its indexes are not an array');
  return Object.freeze(
    json.map((index: unknown): readonly string[] => {
      if (!Array.isArray(index) || index.length === 0) return fail(`its index ${printValue(index)} lists no columns`);
      const unknown: unknown = index.find((column) => typeof column !== 'string' || !columns.has(column));
      if (unknown !== undefined) return fail(`its index ${printValue(index)} names no column ${printValue(unknown)}`);
      return Object.freeze([...(index as string[])]);
    }),
  );
}

function parseColumn(database: string, table: string, column: string, json: unknown): ColumnSchema {
  const fail: Fail = (what) => {
    throw new SchemaError(`Schema of database ${database}, column ${table}.${column}: ${what}`, { table, column });
  };
  if (!isId(column)) return fail('its name is not an <id>');
  if (column.startsWith('_')) return fail(RESERVED_NAME);
  if (!isJsonObject(json)) return fail('it is not an object');
  const { type, mutable, ephemeral } = json;
  if (mutable !== undefined && typeof mutable !== 'boolean') return fail('its mutable is not a boolean');
  if (ephemeral !== undefined && typeof ephemeral !== 'boolean') return fail('its ephemeral is not a boolean');
  return makeColumn(table, column, parseColumnType(type, fail), mutable ?? true, ephemeral ?? false);
}

function makeColumn(table: string, name: string, type: ColumnType, mutable: boolean, ephemeral: boolean): ColumnSchema {
  const where = `${table}.${name}`;
  return Object.freeze({
    table,
    name,
    kind: kindOfType(type),
    type,
    mutable,
    ephemeral,
    defaultValue: defaultValueOf(type),
    requiredBecause: brokenDefault(type),
    decode: makeDecoder(where, type),
    decodeMembers: makeMembersDecoder(where, type),
  });
}

/** `_uuid` and `_version` are uuids that only the server sets; `_uuid` is the identity of a row of its own table. */
function pseudoColumn(table: string, name: string): ColumnSchema {
  const key = name === '_uuid' ? { type: 'uuid', refTable: table, refType: 'weak' } : 'uuid';
  const type = parseColumnType({ key }, (what) => {
    throw new SchemaError(what);
  });
  return makeColumn(table, name, type, false, false);
}

function defaultValueOf(type: ColumnType): ColumnValue {
  const { key, value, min } = type;
  if (value !== undefined) {
    if (min === 0) return EMPTY_MAP;
    const map = newMap();
    map[String(defaultAtom(key))] = defaultAtom(value);
    return Object.freeze(map);
  }
  if (type.max > 1) return min === 0 ? EMPTY_SET : Object.freeze([defaultAtom(key)]);
  return min === 0 ? undefined : defaultAtom(key);
}

function checkReferences(database: string, table: TableSchema, tables: ReadonlyMap<string, TableSchema>): void {
  for (const column of table.columns.values()) {
    for (const base of [column.type.key, column.type.value]) {
      if (base?.refTable === undefined || tables.has(base.refTable)) continue;
      throw new SchemaError(
        `Schema of database ${database}, column ${table.name}.${column.name}: it refers to table ${printValue(base.refTable)}, which the schema lacks`,
        { table: table.name, column: column.name },
      );
    }
  }
}

function isId(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

function suggestion(name: string, known: Iterable<string>): string {
  const names = [...known];
  const nearest = nearestName(name, names);
  if (nearest !== undefined) return `; did you mean ${nearest}?`;
  return names.length === 0 ? '' : `; it has ${names.slice(0, 60).join(', ')}${names.length > 60 ? ', ...' : ''}`;
}
