/** Values of columns from JSON (RFC 7047 §5.1), with the words of ovsdb-server for what is wrong with them. */
import { defaultAtom } from '../../schema/constraints.js';
import type { Atom } from '../../schema/types.js';
import { checkAtom, parseAtom } from './atom.js';
import type { BaseType, ColumnType } from './column-type.js';
import { Datum } from './datum.js';
import { Refusal, syntaxError } from './refusal.js';
import type { SymbolTable } from './symbol-table.js';

/**
 * Reads the value of a column; its constraints and the number of its members are checked.
 * @param symbols - Names of rows that may stand for uuids; undefined where names are not allowed.
 * @throws Refusal
 */
export function parseDatum(type: ColumnType, json: unknown, symbols?: SymbolTable): Datum {
  if (type.value !== undefined) return parseMap(type, type.value, json, symbols);
  if (!Array.isArray(json) || json[0] !== 'set') return new Datum([parseAtom(type.key, json, symbols)], undefined);
  const members = unwrap(json, 'set');
  checkCount(type, json, members.length, 'set');
  if (members.length === 0) return Datum.EMPTY;
  const keys = members.map((member) => parseAtom(type.key, member, symbols));
  return new Datum(sortAtoms(type.key, keys, 'set contains duplicate'), undefined);
}

function parseMap(type: ColumnType, value: BaseType, json: unknown, symbols: SymbolTable | undefined): Datum {
  const members = unwrap(json, 'map');
  checkCount(type, json, members.length, 'map');
  if (members.length === 0) return Datum.EMPTY;
  const pairs = members.map((member): readonly [Atom, Atom] => {
    if (!Array.isArray(member) || member.length !== 2) throw syntaxError(member, 'expected 2-element array');
    return [parseAtom(type.key, member[0], symbols), parseAtom(value, member[1], symbols)];
  });
  const { compare } = type.key;
  pairs.sort(([a], [b]) => compare(a, b));
  pairs.reduce((last, pair) => {
    if (compare(last[0], pair[0]) === 0) throw new Refusal('ovsdb error', 'map contains duplicate key');
    return pair;
  });
  return new Datum(
    pairs.map(([key]) => key),
    pairs.map(([, atom]) => atom),
  );
}

function unwrap(json: unknown, name: string): readonly unknown[] {
  if (Array.isArray(json) && json.length === 2 && json[0] === name && Array.isArray(json[1])) return json[1];
  throw syntaxError(json, `expected ["${name}", <array>]`);
}

function checkCount(type: ColumnType, json: unknown, count: number, kind: string): void {
  if (count >= type.min && count <= type.max) return;
  const allowed = type.min === 1 && type.max === 1 ? 'exactly one member' : `${type.min} to ${type.max} members`;
  throw syntaxError(json, `${kind} must have ${allowed} but ${count} are present`);
}

/**
 * Puts atoms in ascending order, in place.
 * @throws Refusal with these details when two are equal.
 */
export function sortAtoms(base: BaseType, atoms: Atom[], duplicate: string, tag = 'ovsdb error'): Atom[] {
  const { compare } = base;
  if (atoms.length > 1) atoms.sort(compare);
  for (let i = 1; i < atoms.length; i++) {
    if (compare(atoms[i - 1] as Atom, atoms[i] as Atom) === 0) throw new Refusal(tag, duplicate);
  }
  return atoms;
}

/** What a column holds when nothing was said: nothing, or the default of its atomic types. */
export function defaultDatum(type: ColumnType): Datum {
  if (type.min === 0) return Datum.EMPTY;
  return new Datum([defaultAtom(type.key)], type.value === undefined ? undefined : [defaultAtom(type.value)]);
}

/**
 * Checks every atom of a value against the constraints of its type.
 * @throws Refusal
 */
export function checkDatum(type: ColumnType, datum: Datum): void {
  for (const key of datum.keys) checkAtom(type.key, key);
  if (type.value !== undefined) for (const value of datum.values ?? []) checkAtom(type.value, value);
}
