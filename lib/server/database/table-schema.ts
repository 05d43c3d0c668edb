/** Tables and columns of a schema as a server needs them, from JSON and back (RFC 7047 §3.2). */
import { isAllowed } from './atom.js';
import { plainType, UNLIMITED, type ColumnType } from './column-type.js';
import type { Datum } from './datum.js';
import { defaultDatum } from './datum-parse.js';
import { jsonInteger, type Json } from './json-text.js';
import { isId, MemberParser } from './member-parser.js';
import { parseType, typeJson } from './parse-type.js';
import { syntaxError } from './refusal.js';

/** A column. */
export interface Column {
  readonly name: string;
  /** Place of its values in `StoredRow.fields`. */
  readonly index: number;
  readonly type: ColumnType;
  /** False when only an insert may set it. */
  readonly mutable: boolean;
  /** False when the value need not outlive the server. */
  readonly persistent: boolean;
  readonly defaultValue: Datum;
  /** False when an insert cannot leave the column at its default. */
  readonly mayBeDefault: boolean;
}

/** A table. */
export interface TableSchema {
  readonly name: string;
  /** Columns in the order of the schema, without `_uuid` and `_version`. */
  readonly columns: ReadonlyMap<string, Column>;
  /** Columns by index, `_uuid` and `_version` first. */
  readonly allColumns: readonly Column[];
  /** All columns by name, `_uuid` and `_version` among them. */
  readonly byName: ReadonlyMap<string, Column>;
  readonly mutable: boolean;
  /** `Infinity` without a limit. */
  readonly maxRows: number;
  readonly isRoot: boolean;
  /** Sets of columns whose values together are unique. */
  readonly indexes: readonly (readonly Column[])[];
  /** Columns that refer strongly, and those that refer weakly, to rows of some table. */
  readonly strong: readonly Column[];
  readonly weak: readonly Column[];
  /** The values of a row of which nothing was said, by index. */
  readonly defaults: readonly Datum[];
  /** Columns that an insert cannot leave at their defaults. */
  readonly unusableDefaults: readonly Column[];
}

const UUID_TYPE: ColumnType = { key: plainType('uuid'), value: undefined, min: 1, max: 1 };

/**
 * Reads a `<table-schema>`.
 * @throws Refusal
 */
export function parseTable(name: string, json: unknown, isRootByDefault: boolean): TableSchema {
  const parser = new MemberParser(json, `table schema for table ${name}`);
  const columnsJson = parser.required('columns', 'object') as Record<string, unknown>;
  const mutable = parser.optional('mutable', 'boolean') as boolean | undefined;
  const maxRowsJson = parser.optional('maxRows', 'integer');
  const isRoot = parser.optional('isRoot', 'boolean') as boolean | undefined;
  const indexesJson = (parser.optional('indexes', 'array') ?? []) as unknown[];
  parser.finish();
  const maxRows = maxRowsJson === undefined ? Infinity : Number(jsonInteger(maxRowsJson));
  if (maxRows <= 0) throw syntaxError(json, 'maxRows must be at least 1');
  if (Object.keys(columnsJson).length === 0) throw syntaxError(json, 'table must have at least one column');

  const allColumns: Column[] = [makeColumn('_uuid', 0, UUID_TYPE, false, true), makeColumn('_version', 1, UUID_TYPE, false, false)]; // prettier-ignore
  for (const [columnName, columnJson] of Object.entries(columnsJson)) {
    checkName(columnName, json);
    allColumns.push(parseColumn(columnName, allColumns.length, columnJson));
  }
  const byName = new Map(allColumns.map((column) => [column.name, column]));
  const columns = new Map([...byName].slice(2));
  const indexes = indexesJson.map((index) => parseIndex(index, byName, json));
  return {
    name,
    columns,
    allColumns,
    byName,
    mutable: mutable ?? true,
    maxRows: maxRows < UNLIMITED ? maxRows : Infinity,
    isRoot: isRoot ?? isRootByDefault,
    indexes,
    strong: allColumns.filter((column) => refers(column.type, 'strong')),
    weak: allColumns.filter((column) => refers(column.type, 'weak')),
    defaults: allColumns.map((column) => column.defaultValue),
    unusableDefaults: allColumns.filter(({ mayBeDefault }) => !mayBeDefault),
  };
}

/** Do values of the type refer to rows, in this way? */
export function refers(type: ColumnType, how: 'strong' | 'weak'): boolean {
  return type.key.refType === how || type.value?.refType === how;
}

/**
 * Names of tables and columns are ids, and not those of the server's own.
 * @throws Refusal
 */
export function checkName(name: string, json: unknown): void {
  if (name.startsWith('_')) throw syntaxError(json, 'names beginning with "_" are reserved');
  if (!isId(name)) throw syntaxError(json, 'name must be a valid id');
}

function parseColumn(name: string, index: number, json: unknown): Column {
  const parser = new MemberParser(json, `schema for column ${name}`);
  const mutable = parser.optional('mutable', 'boolean') as boolean | undefined;
  const ephemeral = parser.optional('ephemeral', 'boolean') as boolean | undefined;
  const typeOf = parser.required('type', 'string', 'object');
  parser.finish();
  const type = parseType(typeOf);
  // A weak reference goes when its row goes, whatever the schema says.
  return makeColumn(name, index, type, (mutable ?? true) || refers(type, 'weak'), ephemeral !== true);
}

function makeColumn(name: string, index: number, type: ColumnType, mutable: boolean, persistent: boolean): Column {
  const defaultValue = defaultDatum(type);
  const { keys, values = [] } = defaultValue;
  const mayBeDefault =
    keys.every((atom) => isAllowed(type.key, atom)) &&
    values.every((atom) => type.value === undefined || isAllowed(type.value, atom));
  return { name, index, type, mutable, persistent, defaultValue, mayBeDefault };
}

function parseIndex(json: unknown, columns: ReadonlyMap<string, Column>, tableJson: unknown): readonly Column[] {
  const index = parseColumnSet(json, columns);
  if (index.length === 0) throw syntaxError(tableJson, 'index must have at least one column');
  for (const { name, persistent } of index) {
    if (!persistent) throw syntaxError(tableJson, `ephemeral columns (such as ${name}) may not be indexed`);
  }
  return index;
}

/**
 * Reads a list of distinct column names, `_uuid` and `_version` among them.
 * @throws Refusal
 */
export function parseColumnSet(json: unknown, columns: ReadonlyMap<string, Column>): readonly Column[] {
  const distinct = 'array of distinct column names expected';
  if (!Array.isArray(json)) throw syntaxError(json, distinct);
  const found = new Set<Column>();
  for (const name of json as unknown[]) {
    if (typeof name !== 'string') throw syntaxError(json, distinct);
    const column = columns.get(name);
    if (column === undefined) throw syntaxError(json, `${name} is not a valid column name`);
    if (found.has(column)) throw syntaxError(json, distinct);
    found.add(column);
  }
  return [...found];
}

/** A table as `get_schema` prints it. */
export function tableJson(table: TableSchema, isRootByDefault: boolean): Json {
  const columns: Record<string, Json> = {};
  for (const { name, mutable, persistent, type } of table.columns.values()) {
    columns[name] = { ...(!mutable && { mutable }), ...(!persistent && { ephemeral: true }), type: typeJson(type) };
  }
  return {
    ...(!table.mutable && { mutable: false }),
    ...(table.isRoot !== isRootByDefault && { isRoot: table.isRoot }),
    columns,
    ...(table.maxRows !== Infinity && { maxRows: table.maxRows }),
    ...(table.indexes.length > 0 && { indexes: table.indexes.map((index) => index.map(({ name }) => name)) }),
  };
}
