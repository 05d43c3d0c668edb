/**
 * From OVSDB JSON to column values (RFC 7047 §5.1 `<value>`). A start-up decodes millions of values, so each
 * column gets its decoder once, when its schema is parsed, and nothing is looked up per value.
 *
 * Maps are made by a constructor whose prototype is an empty frozen object without a prototype: `__proto__`,
 * `constructor` and `toString` are plain keys, as with `Object.create(null)`, but the objects keep V8's fast
 * layout (a quarter of the memory and a seventh of the time for the usual few keys).
 */
import { ProtocolError, printValue } from '../errors.js';
import type { BaseType, ColumnType } from './base-type.js';
import { kindOfType } from './base-type.js';
import { isInt64, normalizeInteger } from './integer.js';
import type { Atom, ColumnValue } from './types.js';
import { isCanonicalUuid, isUuid } from './uuid.js';

/** Decodes the values of one column; throws a ProtocolError that names the column. */
export type Decoder = (json: unknown) => ColumnValue;
type AtomDecoder = (json: unknown) => Atom;

interface MapConstructor {
  new (): Record<string, Atom>;
  readonly prototype: object;
}
function PrototypelessMap(): void {
  // An instance starts empty; its keys are assigned by the caller.
}
PrototypelessMap.prototype = Object.freeze(Object.create(null) as object);
const NewMap = PrototypelessMap as unknown as MapConstructor;

/** The one empty set. */
export const EMPTY_SET: readonly Atom[] = Object.freeze<Atom[]>([]);
/** The one empty map. */
export const EMPTY_MAP: Readonly<Record<string, Atom>> = Object.freeze(new NewMap());

/** A map without `Object.prototype` in its chain, so that every string is just a key. The caller freezes it. */
export function newMap(): Record<string, Atom> {
  return new NewMap();
}

/** Makes the decoder of a column of this type; `where` (`table.column`) names it in errors. */
export function makeDecoder(where: string, type: ColumnType): Decoder {
  const key = makeAtomDecoder(where, type.key);
  switch (kindOfType(type)) {
    case 'scalar':
      return (json) => (isTagged(json, 'set') ? onlyMember(where, json, key) : key(json));
    case 'optional':
      return (json) => {
        if (!isTagged(json, 'set')) return key(json);
        return isArray(json[1]) && json[1].length === 0 ? undefined : onlyMember(where, json, key);
      };
    case 'set':
      return (json) => {
        if (!isTagged(json, 'set')) return Object.freeze([key(json)]);
        const members = membersOf(where, json);
        return members.length === 0 ? EMPTY_SET : Object.freeze(decodeMembers(members, key));
      };
    case 'map': {
      const value = makeAtomDecoder(where, type.value ?? type.key);
      return (json) => {
        const pairs = pairsOf(where, json);
        if (pairs.length === 0) return EMPTY_MAP;
        const map = new NewMap();
        for (const pair of pairs) {
          if (!isArray(pair) || pair.length !== 2) return mismatch(where, 'a map of key-value pairs', json);
          map[key(pair[0]) as string] = value(pair[1]);
        }
        return Object.freeze(map);
      };
    }
  }
}

/** Makes the function that gives the members of a set, or of a set's difference, as an array of its own. */
export function makeMembersDecoder(where: string, type: ColumnType): (json: unknown) => Atom[] {
  const key = makeAtomDecoder(where, type.key);
  return (json) => (isTagged(json, 'set') ? decodeMembers(membersOf(where, json), key) : [key(json)]);
}

function makeAtomDecoder(where: string, base: BaseType): AtomDecoder {
  switch (base.type) {
    case 'string':
      return (json) => (typeof json === 'string' ? json : mismatch(where, 'a string', json));
    case 'boolean':
      return (json) => (typeof json === 'boolean' ? json : mismatch(where, 'a boolean', json));
    case 'integer':
      return (json) => {
        if (Number.isSafeInteger(json)) return json as number;
        return typeof json === 'bigint' && isInt64(json) ? normalizeInteger(json) : mismatch(where, 'an integer', json);
      };
    case 'real':
      return (json) => {
        if (typeof json === 'number') return json;
        return typeof json === 'bigint' ? Number(json) : mismatch(where, 'a real number', json);
      };
    case 'uuid':
      return (json) => {
        const text = isTagged(json, 'uuid') ? json[1] : undefined;
        if (isCanonicalUuid(text)) return text;
        return isUuid(text) ? text.toLowerCase() : mismatch(where, 'a uuid', json);
      };
  }
}

/**
 * Each member once. Two reals of a set may well be printed alike by a server, which keeps them apart; there is no
 * other reason for a member to come twice.
 */
function decodeMembers(members: readonly unknown[], decode: AtomDecoder): Atom[] {
  const atoms = new Array<Atom>(members.length);
  for (let i = 0; i < members.length; i++) atoms[i] = decode(members[i]);
  return areDistinct(atoms) ? atoms : [...new Set(atoms)];
}

/** Looking back is cheaper than a `Set` where there are few. */
const FEW_ATOMS = 12;

function areDistinct(atoms: readonly Atom[]): boolean {
  if (atoms.length > FEW_ATOMS) return new Set(atoms).size === atoms.length;
  for (let i = 1; i < atoms.length; i++) if (atoms.indexOf(atoms[i] as Atom) !== i) return false;
  return true;
}

function isArray(json: unknown): json is readonly unknown[] {
  return Array.isArray(json);
}

/** Is this `[tag, ...]` of two elements, as sets, maps and uuids are sent (RFC 7047 §5.1)? */
export function isTagged(json: unknown, tag: 'set' | 'map' | 'uuid'): json is readonly unknown[] {
  return Array.isArray(json) && json.length === 2 && json[0] === tag;
}

function membersOf(where: string, json: readonly unknown[]): readonly unknown[] {
  return isArray(json[1]) ? json[1] : mismatch(where, 'a set', json);
}

function pairsOf(where: string, json: unknown): readonly unknown[] {
  return isTagged(json, 'map') && isArray(json[1]) ? json[1] : mismatch(where, 'a map', json);
}

function onlyMember(where: string, json: readonly unknown[], decode: AtomDecoder): Atom {
  const members = membersOf(where, json);
  return members.length === 1 ? decode(members[0]) : mismatch(where, 'exactly one value', json);
}

function mismatch(where: string, expected: string, json: unknown): never {
  throw new ProtocolError(`The server sent ${printValue(json)} for ${where}, which holds ${expected}`);
}
