/** Schemas with columns of every kind, tables that refer to each other, and rules that are easily broken. */
import type { Random } from '../random.js';

type Json = Readonly<Record<string, unknown>>;

/** A schema as JSON. */
export interface SchemaJson {
  readonly name: string;
  readonly version: string;
  readonly tables: Readonly<Record<string, TableJson>>;
}

export interface TableJson {
  readonly columns: Readonly<Record<string, ColumnJson>>;
  readonly isRoot?: boolean;
  readonly maxRows?: number;
  readonly indexes?: readonly (readonly string[])[];
}

export interface ColumnJson {
  readonly type: unknown;
  readonly mutable?: boolean;
  readonly ephemeral?: boolean;
}

const TABLES = ['Alpha', 'Beta', 'constructor', 'Delta', 'toString'];
const COLUMNS = ['a', 'b', 'c', 'hasOwnProperty', 'e', 'valueOf', 'G', 'h1', 'a_rather_long_name'];

/** A schema that a seed determines. */
export function randomSchema(random: Random, name: string): SchemaJson {
  const tables = TABLES.slice(0, random.integer(2, TABLES.length));
  const anyRoot = random.chance(0.8);
  return {
    name,
    version: '1.0.0',
    tables: Object.fromEntries(tables.map((table) => [table, randomTable(random, tables, anyRoot)])),
  };
}

/** The schema with something about it changed, so that its contents may or may not fit. */
export function changedSchema(random: Random, schema: SchemaJson): SchemaJson {
  const names = Object.keys(schema.tables);
  const tables: Record<string, TableJson> = { ...schema.tables };
  for (let i = random.integer(1, 2); i > 0; i--) {
    const name = random.pick(names);
    const table = tables[name]!;
    const column = random.pick(Object.keys(table.columns));
    const columns = { ...table.columns };
    const inIndex = table.indexes?.some((index) => index.includes(column)) === true;
    switch (random.below(4)) {
      case 0:
        if (inIndex || Object.keys(columns).length === 1) break;
        tables[name] = { ...table, columns: omit(columns, column) };
        continue;
      case 1:
        columns[random.pick(['fresh', 'newer'])] = randomColumn(random, names);
        break;
      case 2:
        if (!inIndex) columns[column] = randomColumn(random, names);
        break;
      case 3:
        columns[column] = { ...columns[column]!, mutable: random.chance(0.5) };
        break;
    }
    tables[name] = { ...table, columns };
  }
  return { ...schema, tables };
}

function omit<T>(object: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}

function randomTable(random: Random, tables: readonly string[], anyRoot: boolean): TableJson {
  const columns: Record<string, ColumnJson> = {};
  for (const column of COLUMNS) if (random.chance(0.7)) columns[column] = randomColumn(random, tables);
  columns['name'] = { type: 'string' };
  const indexes: (readonly string[])[] = [];
  const indexable = Object.keys(columns).filter((column) => columns[column]!.ephemeral !== true);
  if (random.chance(0.4)) indexes.push([random.pick(indexable)]);
  if (random.chance(0.3)) indexes.push([...new Set([random.pick(indexable), random.pick(indexable)])]);
  return {
    columns,
    ...(anyRoot && random.chance(0.6) && { isRoot: true }),
    ...(random.chance(0.2) && { maxRows: random.integer(4, 14) }),
    ...(indexes.length > 0 && { indexes }),
  };
}

function randomColumn(random: Random, tables: readonly string[]): ColumnJson {
  return {
    type: randomType(random, tables),
    ...(random.chance(0.12) && { mutable: false }),
    ...(random.chance(0.08) && { ephemeral: true }),
  };
}

function randomType(random: Random, tables: readonly string[]): unknown {
  if (random.chance(0.1)) return random.pick(['integer', 'real', 'boolean', 'string', 'uuid']);
  const key = randomBaseType(random, tables);
  switch (random.below(6)) {
    case 0:
      return { key };
    case 1:
      return { key, min: 0, max: 1 };
    case 2:
      return { key, min: 0, max: 'unlimited' };
    case 3:
      return { key, min: random.below(2), max: random.integer(2, 4) };
    case 4:
      return { key, value: randomBaseType(random, tables), min: 0, max: random.pick([1, 3, 'unlimited']) };
    default:
      return {
        key,
        value: randomBaseType(random, tables),
        min: random.below(2),
        max: random.pick([1, 2, 'unlimited']),
      };
  }
}

function randomBaseType(random: Random, tables: readonly string[]): unknown {
  const types: readonly (() => unknown)[] = [
    () => 'integer',
    () => ({ type: 'integer', minInteger: random.integer(-2, 1) }),
    () => ({ type: 'integer', maxInteger: random.integer(3, 6) }),
    () => ({ type: 'integer', minInteger: -1, maxInteger: 5 }),
    () => ({ type: 'integer', enum: ['set', [0, 1, 4]] }),
    () => 'real',
    () => ({ type: 'real', minReal: -1.5 }),
    () => ({ type: 'real', maxReal: 2.25 }),
    () => ({ type: 'real', minReal: 0, maxReal: 10 }),
    () => 'boolean',
    () => 'string',
    () => 'string',
    () => ({ type: 'string', minLength: 1 }),
    () => ({ type: 'string', maxLength: 3 }),
    () => ({ type: 'string', enum: ['set', ['a', 'b c', 'true', '']] }),
    () => ({ type: 'string', enum: 'only' }),
    () => 'uuid',
    () => reference(random, tables, 'strong'),
    () => reference(random, tables, 'strong'),
    () => reference(random, tables, 'weak'),
    () => reference(random, tables, 'weak'),
  ];
  return random.pick(types)();
}

function reference(random: Random, tables: readonly string[], refType: string): Json {
  return {
    type: 'uuid',
    refTable: random.pick(tables),
    ...((refType === 'weak' || random.chance(0.5)) && { refType }),
  };
}
