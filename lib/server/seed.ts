/** Rows for a database, as people write them in tests. */
import { randomUUID } from 'node:crypto';

import { InvalidArgumentError, printValue } from '../errors.js';
import { normalizeInteger } from '../schema/integer.js';
import { nearestName } from '../schema/suggest.js';
import { isUuid } from '../schema/uuid.js';
import type { BaseType } from './database/column-type.js';
import type { Database } from './database/database.js';
import type { Json } from './database/json-text.js';
import type { Column, TableSchema } from './database/table-schema.js';
import { nameOfRow } from './dump.js';
import type { Seed, SeedRow } from './seed-types.js';

interface Planned {
  readonly table: TableSchema;
  readonly row: SeedRow;
  readonly uuid: string;
}

/** Inserts for a seed, and the uuids of its rows by table. Throws `InvalidArgumentError` for what has no meaning. */
export function planSeed(
  database: Database,
  seed: Seed,
): { readonly operations: Json[]; readonly uuids: Readonly<Record<string, readonly string[]>> } {
  const planned: Planned[] = [];
  const uuids: Record<string, string[]> = {};
  for (const [name, given] of Object.entries(seed)) {
    const table = database.schema.tables.get(name);
    if (table === undefined) throw unknown(`table ${name}`, database.name, name, database.schema.tables.keys());
    const rows = (Array.isArray(given) ? given : [given]) as readonly SeedRow[];
    uuids[name] = rows.map((row) => {
      const own = row['_uuid'];
      if (own !== undefined && !isUuid(own)) throw invalid(`the _uuid of a row of ${name} is ${printValue(own)}`);
      const uuid = own ?? randomUUID();
      planned.push({ table, row, uuid });
      return uuid;
    });
  }
  const find = finder(database, planned);
  const operations = planned.map(({ table, row, uuid }): Json => {
    const values: Record<string, Json> = {};
    for (const [name, value] of Object.entries(row)) {
      if (name === '_uuid' || name === 'uuid-name' || value === undefined) continue;
      const column = table.columns.get(name);
      if (column === undefined) throw unknown(`column ${name}`, `table ${table.name}`, name, table.columns.keys());
      values[name] = valueJson(table, column, value, find);
    }
    return { op: 'insert', table: table.name, uuid, row: values };
  });
  return { operations, uuids };
}

type Find = (table: string, reference: string) => string | undefined;

function finder(database: Database, planned: readonly Planned[]): Find {
  const names = new Map<string, Map<string, string | undefined>>();
  const note = (table: string, name: unknown, uuid: string): void => {
    if (typeof name !== 'string' || name === '') return;
    let known = names.get(table);
    if (known === undefined) names.set(table, (known = new Map<string, string | undefined>()));
    // A name that two rows have is the name of none.
    known.set(name, known.has(name) && known.get(name) !== uuid ? undefined : uuid);
  };
  for (const { table, row, uuid } of planned) {
    note(table.name, row['uuid-name'], uuid);
    note(table.name, row['name'], uuid);
  }
  return (table, reference) => {
    if (isUuid(reference)) return reference;
    const found = names.get(table);
    if (found?.has(reference) === true) return found.get(reference);
    const rows = [...database.table(table).rows.values()].filter((row) => nameOfRow(row) === reference);
    return rows.length === 1 ? rows[0]?.uuid : undefined;
  };
}

function valueJson(table: TableSchema, column: Column, value: unknown, find: Find): Json {
  const { type } = column;
  const where = `${table.name}.${column.name}`;
  if (type.value !== undefined) {
    const { value: base } = type;
    const pairs = value instanceof Map ? [...(value as Map<unknown, unknown>)] : pairsOf(where, value);
    return ['map', pairs.map(([k, v]) => [keyJson(where, type.key, k, find), atomJson(where, base, v, find)])];
  }
  const atoms = value instanceof Set ? [...(value as Set<unknown>)] : Array.isArray(value) ? value : [value];
  return ['set', atoms.map((atom) => atomJson(where, type.key, atom, find))];
}

function pairsOf(where: string, value: unknown): [unknown, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw invalid(`${where} is a map and is given ${printValue(value)}; give an object`);
}

/** A key of a map as an object has it: `false` is no text in the database, and a large integer is to be exact. */
function keyJson(where: string, base: BaseType, key: unknown, find: Find): Json {
  if (base.type === 'boolean' && (key === 'true' || key === 'false')) return key === 'true';
  if (base.type === 'integer' && typeof key === 'string' && /^-?\d+$/.test(key)) return normalizeInteger(BigInt(key));
  return atomJson(where, base, key, find);
}

function atomJson(where: string, base: BaseType, atom: unknown, find: Find): Json {
  switch (base.type) {
    case 'uuid': {
      if (typeof atom !== 'string') break;
      const uuid = base.refTable === undefined ? atom : find(base.refTable, atom);
      if (uuid !== undefined) return ['uuid', uuid];
      throw invalid(`${where} refers to ${printValue(atom)}, and ${base.refTable ?? ''} has not one row of that name`);
    }
    case 'integer':
    case 'real':
      // Keys of an object are texts.
      if (typeof atom === 'string' && atom.trim() !== '' && !Number.isNaN(Number(atom))) return Number(atom);
      if (typeof atom === 'number' || typeof atom === 'bigint') return atom;
      break;
    case 'boolean':
      if (typeof atom === 'boolean') return atom;
      break;
    case 'string':
      if (typeof atom === 'string') return atom;
      break;
  }
  throw invalid(`${where} is of type ${base.type} and is given ${printValue(atom)}`);
}

function unknown(what: string, of: string, name: string, known: Iterable<string>): InvalidArgumentError {
  const nearest = nearestName(name, known);
  return invalid(`${of} has no ${what}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`);
}

function invalid(why: string): InvalidArgumentError {
  return new InvalidArgumentError(`the seed cannot be planted: ${why}`);
}
