/** From the mutations that callers write, `{ insert: [...], delete: [...] }`, to those of the wire (RFC 7047 §5.1). */
import { ValidationError } from '../errors.js';
import type { Mutator } from '../schema/codec.js';
import type { ColumnSchema } from '../schema/schema.js';

const ARITHMETIC = { add: '+=', subtract: '-=', multiply: '*=', divide: '/=', modulo: '%=' } as const;

/** The mutators (RFC 7047 §5.1) of one column's mutation, deletions before insertions. */
export function mutatorsOf(column: ColumnSchema, mutation: unknown): [Mutator, unknown][] {
  if (typeof mutation !== 'object' || mutation === null) {
    throw new ValidationError(column.table, column.name, mutation, 'is no mutation such as { insert: [...] }');
  }
  const mutators: [Mutator, unknown][] = [];
  const additions: [Mutator, unknown][] = [];
  for (const name of Object.keys(mutation)) {
    const value = (mutation as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    if (Object.hasOwn(ARITHMETIC, name)) mutators.push([ARITHMETIC[name as keyof typeof ARITHMETIC], value]);
    else if (name === 'delete') mutators.push(['delete', value]);
    else if (name === 'insert') additions.push(['insert', value]);
    else if (name === 'set' && column.kind === 'map') {
      mutators.push(['delete', keysOf(value)]);
      additions.push(['insert', value]);
    } else {
      throw new ValidationError(column.table, column.name, mutation, `has no mutation named "${name}"`);
    }
  }
  return mutators.length === 0 ? additions : [...mutators, ...additions];
}

function keysOf(map: unknown): unknown[] {
  if (map instanceof Map) return [...(map as Map<unknown, unknown>).keys()];
  return typeof map === 'object' && map !== null ? Object.keys(map) : [];
}
