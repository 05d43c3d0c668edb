/** Values for columns: those that fit, and those that are wrong in each way. */
import type { BaseType, ColumnType } from '../../lib/server/database/column-type.js';
import type { Random } from '../random.js';

/** Uuids that a value may hold. */
export interface Rows {
  /** Uuids of rows of a table. */
  existing(table: string): readonly string[];
  /** Names of rows of a table that the transaction inserts, before or after. */
  named(table: string): readonly string[];
}

const INTEGERS = [0, 1, 2, 3, 4, 5, -1, -2, 7, 1000, 9007199254740991, 9007199254740993n, 9223372036854775807n, -9223372036854775808n]; // prettier-ignore
const REALS = [0, 1, 0.5, -1.5, 2.25, 3, 0.1, 10, 1e10, 1e300, 1.25e-7, 123456.789, 1 / 3];
const STRINGS = ['', 'a', 'b', 'abc', 'only', 'b c', 'true', 'false', 'é', '世界', '🦆', '\uffee', 'quo"te', 'back\\slash', 'line\nbreak', 'x.y-z', 'long enough to break']; // prettier-ignore
const UUIDS = ['00000000-0000-0000-0000-000000000000', '12345678-90ab-4cde-8f01-234567890abc'];

/** A value for a column, nearly always one that fits; `broken` makes it one that does not. */
export function randomValue(random: Random, type: ColumnType, rows: Rows, broken = false): unknown {
  if (broken) return brokenValue(random, type, rows);
  if (type.min === 0 && leadsNowhere(type, rows) && random.chance(0.95)) return collection(random, type, rows, 0);
  const bare = type.value === undefined && (type.max === 1 ? random.chance(0.85) : random.chance(0.15));
  if (bare && (type.min === 1 || random.chance(0.8))) return randomAtom(random, type.key, rows);
  const count = random.integer(type.min, Math.min(type.max, 3));
  return collection(random, type, rows, count);
}

/** Is it of references to rows of which there are none? */
function leadsNowhere({ key, value }: ColumnType, rows: Rows): boolean {
  return [key.refTable, value?.refTable].some(
    (table) => table !== undefined && rows.existing(table).length === 0 && rows.named(table).length === 0,
  );
}

/** A set or a map with so many members, whether they are allowed or not. */
export function collection(random: Random, type: ColumnType, rows: Rows, count: number, wild = false): unknown {
  const members = new Map<string, unknown>();
  for (let tries = 0; members.size < count && tries < 20; tries++) {
    const key = randomAtom(random, type.key, rows, wild);
    const member = type.value === undefined ? key : [key, randomAtom(random, type.value, rows, wild)];
    // A uuid is the same in either case.
    members.set(text(key).toLowerCase(), member);
  }
  return [type.value === undefined ? 'set' : 'map', [...members.values()]];
}

/** An atom of the type, within its constraints unless it is `wild`; of a reference, to a row that exists, mostly. */
export function randomAtom(random: Random, base: BaseType, rows: Rows, wild = false): unknown {
  if (base.enum !== undefined && !wild) return random.pick(base.enum.keys);
  switch (base.type) {
    case 'integer':
      return within(random, INTEGERS, wild, base.minInteger, base.maxInteger);
    case 'real':
      return within(random, REALS, wild, base.minReal, base.maxReal);
    case 'boolean':
      return random.chance(0.5);
    case 'string': {
      const fitting = STRINGS.filter((s) => codePoints(s) >= base.minLength && codePoints(s) <= base.maxLength);
      return random.pick(wild ? STRINGS : fitting);
    }
    case 'uuid':
      return randomUuid(random, base, rows);
  }
}

function within<T extends number | bigint>(random: Random, all: readonly T[], wild: boolean, min?: T, max?: T): T {
  if (wild) return random.pick(all);
  // Large ones are rare, so that sums do not overflow all the time.
  const fitting = all.filter((n) => (min === undefined || n >= min) && (max === undefined || n <= max));
  return random.pick(random.chance(0.9) ? fitting.slice(0, 9) : fitting);
}

function randomUuid(random: Random, base: BaseType, rows: Rows): unknown {
  const table = base.refTable;
  if (table !== undefined && random.chance(0.96)) {
    const named = rows.named(table);
    const existing = rows.existing(table);
    if (named.length > 0 && (existing.length === 0 || random.chance(0.4))) return ['named-uuid', random.pick(named)];
    if (existing.length > 0) return ['uuid', letters(random, random.pick(existing))];
  }
  // Where it is no reference, a name that no insert has would stay, as another uuid on each server.
  if (table !== undefined && random.chance(0.1)) return ['named-uuid', 'nobody'];
  return ['uuid', random.pick(UUIDS)];
}

function letters(random: Random, uuid: string): string {
  return random.chance(0.05) ? uuid.toUpperCase() : uuid;
}

const NONSENSE = [null, true, 7, 1.5, 'text', [], {}, ['set'], ['set', 3], ['set', [[]]], ['set', [], []], ['map', [['a']]], ['map', [1]], ['map', []], ['uuid', 'x'], ['uuid', 3], ['named-uuid', '0bad'], ['uuid', '12345678-90ab-4cde-8f01-234567890ab'], { a: 1 }, [['set', []]], 1e19, 99999999999999999999n, -0.25]; // prettier-ignore

function brokenValue(random: Random, type: ColumnType, rows: Rows): unknown {
  const one = (): unknown => collection(random, type, rows, 1);
  switch (random.below(7)) {
    case 0:
      return random.pick(NONSENSE);
    case 5:
      return randomAtom(random, type.key, rows, true);
    case 6:
      return collection(random, type, rows, Math.min(type.max, 2), true);
    case 1:
      // Too many, or too few.
      return collection(random, type, rows, type.max < 10 ? type.max + 1 : 0);
    case 2: {
      const [kind, members] = one() as [string, unknown[]];
      return [kind, [...members, ...members]];
    }
    case 3: {
      const [kind, members] = one() as [string, unknown[]];
      return [kind, [...members, random.pick(NONSENSE)]];
    }
    default:
      return [random.pick(['set', 'map', 'uuid']), (one() as [string, unknown[]])[1]];
  }
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? `${member}n` : member));
}

function codePoints(text: string): number {
  return Array.from(text).length;
}
