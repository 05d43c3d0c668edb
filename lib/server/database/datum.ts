/** The value of a column: a set of atoms or of pairs, in ascending order, immutable (RFC 7047 §5.1). */
import type { Atom } from '../../schema/types.js';
import type { BaseType, ColumnType } from './column-type.js';

/** What one value has more than another, and what it lacks. */
export interface Difference {
  readonly added: Datum;
  readonly removed: Datum;
}

/** See the head of this file. */
export class Datum {
  static readonly EMPTY: Datum = new Datum([], undefined);

  /** Atoms of a set, keys of a map. */
  readonly keys: readonly Atom[];
  /** For a map, the value of each key; undefined for a set, and where there are no pairs. */
  readonly values: readonly Atom[] | undefined;
  /**
   * How this value came from another one, while that is known: the commit of a large set that was changed a little
   * need not compare all of it.
   */
  origin: ({ readonly from: Datum } & Difference) | undefined;

  constructor(keys: readonly Atom[], values: readonly Atom[] | undefined) {
    this.keys = keys;
    this.values = values;
    this.origin = undefined;
  }

  get size(): number {
    return this.keys.length;
  }

  /** Place of a key, or `-1 - place` where it would belong. */
  find(base: BaseType, key: Atom): number {
    const { compare } = base;
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compare(key, this.keys[middle] as Atom);
      if (order === 0) return middle;
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    return -1 - low;
  }

  has(base: BaseType, key: Atom): boolean {
    return this.find(base, key) >= 0;
  }

  /** Does it have the same key, with the same value where it is a map and `withValue` does not forbid to look? */
  hasMember(type: ColumnType, other: Datum, at: number, withValue = true): boolean {
    const place = this.find(type.key, other.keys[at] as Atom);
    if (place < 0) return false;
    if (!withValue || type.value === undefined) return true;
    return type.value.compare((this.values as readonly Atom[])[place] as Atom, valueAt(other, at)) === 0;
  }
}

function valueAt(datum: Datum, at: number): Atom {
  return (datum.values as readonly Atom[])[at] as Atom;
}

/** A value of these pairs or atoms, which are in order. */
function make(keys: readonly Atom[], values: readonly Atom[] | undefined): Datum {
  return keys.length === 0 ? Datum.EMPTY : new Datum(keys, values);
}

/** The order of values: by size first, then by keys, then by what belongs to the keys. */
export function compareData(type: ColumnType, a: Datum, b: Datum): number {
  if (a === b) return 0;
  if (a.size !== b.size) return a.size - b.size;
  return (
    compareArrays(type.key, a.keys, b.keys) ||
    (type.value === undefined ? 0 : compareArrays(type.value, a.values ?? [], b.values ?? []))
  );
}

function compareArrays(base: BaseType, a: readonly Atom[], b: readonly Atom[]): number {
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as Atom;
    const y = b[i] as Atom;
    if (x === y) continue;
    const order = base.compare(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

/** Are the values equal? */
export function equalData(type: ColumnType, a: Datum, b: Datum): boolean {
  return compareData(type, a, b) === 0;
}

/** Is every member of `part` a member of `whole`? Of maps, whole pairs are compared. */
export function includesAll(type: ColumnType, part: Datum, whole: Datum): boolean {
  if (part.size > whole.size) return false;
  for (let i = 0; i < part.size; i++) if (!whole.hasMember(type, part, i)) return false;
  return true;
}

/** Is no member of `part` a member of `whole`? */
export function excludesAll(type: ColumnType, part: Datum, whole: Datum): boolean {
  for (let i = 0; i < part.size; i++) if (whole.hasMember(type, part, i)) return false;
  return true;
}

/** `datum` with the members of `extra` whose keys it lacks; the same object when there are none. */
export function union(type: ColumnType, datum: Datum, extra: Datum): Datum {
  const places: number[] = [];
  const news: number[] = [];
  for (let i = 0; i < extra.size; i++) {
    const place = datum.find(type.key, extra.keys[i] as Atom);
    if (place >= 0) continue;
    places.push(-1 - place);
    news.push(i);
  }
  if (news.length === 0) return datum;
  const added = pick(extra, news);
  const values =
    type.value === undefined ? undefined : insertAt(datum.values ?? [], places, added.values as readonly Atom[]);
  const result = new Datum(insertAt(datum.keys, places, added.keys), values);
  return comesFrom(result, datum, added, Datum.EMPTY);
}

/** `datum` without the members that `less` has too; of maps, `less` may be keys alone. The same object when there are none. */
export function subtract(type: ColumnType, datum: Datum, less: Datum, byKey: boolean): Datum {
  const places: number[] = [];
  for (let i = 0; i < less.size; i++) {
    const place = datum.find(type.key, less.keys[i] as Atom);
    if (place < 0) continue;
    if (!byKey && type.value?.compare((datum.values as readonly Atom[])[place] as Atom, valueAt(less, i))) continue;
    places.push(place);
  }
  return withoutPlaces(datum, places);
}

/** `datum` without the members at these places, which ascend; the same object when there are none. */
export function withoutPlaces(datum: Datum, places: readonly number[]): Datum {
  if (places.length === 0) return datum;
  const removed = pick(datum, places);
  const values = datum.values === undefined ? undefined : removeAt(datum.values, places);
  const keys = removeAt(datum.keys, places);
  // Not the shared empty value: where this one came from is its own.
  const result = new Datum(keys, keys.length === 0 ? undefined : values);
  return comesFrom(result, datum, Datum.EMPTY, removed);
}

/** Only the last step is remembered: to keep what lies before it would be to keep every copy of a large set. */
function comesFrom(result: Datum, from: Datum, added: Datum, removed: Datum): Datum {
  from.origin = undefined;
  result.origin = { from, added, removed };
  return result;
}

function pick(datum: Datum, places: readonly number[]): Datum {
  const { keys, values } = datum;
  return make(
    places.map((place) => keys[place] as Atom),
    values === undefined ? undefined : places.map((place) => values[place] as Atom),
  );
}

/** Up to so many members are put in or taken out one by one: V8 copies a whole array faster than a loop goes through it. */
const FEW = 8;

function insertAt(atoms: readonly Atom[], places: readonly number[], added: readonly Atom[]): readonly Atom[] {
  if (places.length <= FEW) {
    // From the end, so that the places before stay what they are.
    return places.reduceRight((result, place, i) => result.toSpliced(place, 0, added[i] as Atom), atoms);
  }
  const result: Atom[] = [];
  let copied = 0;
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number;
    while (copied < place) result.push(atoms[copied++] as Atom);
    result.push(added[i] as Atom);
  }
  while (copied < atoms.length) result.push(atoms[copied++] as Atom);
  return result;
}

function removeAt(atoms: readonly Atom[], places: readonly number[]): readonly Atom[] {
  if (places.length <= FEW) return places.reduceRight((result, place) => result.toSpliced(place, 1), atoms);
  let next = 0;
  return atoms.filter((_, i) => {
    if (i !== places[next]) return true;
    next++;
    return false;
  });
}

/** What must be added to and removed from `old` to make `now`: of a map, a pair with another value is both. */
export function difference(type: ColumnType, old: Datum, now: Datum): Difference {
  if (old === now) return { added: Datum.EMPTY, removed: Datum.EMPTY };
  // One step from one to the other is the usual case; of several, a later one may undo an earlier one.
  if (now.origin?.from === old) return now.origin;
  return compareWhole(type, old, now);
}

function compareWhole(type: ColumnType, old: Datum, now: Datum): Difference {
  const added: number[] = [];
  const removed: number[] = [];
  let o = 0;
  let n = 0;
  while (o < old.size && n < now.size) {
    const x = old.keys[o] as Atom;
    const y = now.keys[n] as Atom;
    const order = x === y ? 0 : type.key.compare(x, y);
    if (order < 0) removed.push(o++);
    else if (order > 0) added.push(n++);
    else {
      if (type.value !== undefined && type.value.compare(valueAt(old, o), valueAt(now, n)) !== 0) {
        removed.push(o);
        added.push(n);
      }
      o++;
      n++;
    }
  }
  while (o < old.size) removed.push(o++);
  while (n < now.size) added.push(n++);
  return { added: pick(now, added), removed: pick(old, removed) };
}

/**
 * The difference that `update2` and `update3` report (ovsdb-server(7) §4.1.14): the new value of a column that holds at
 * most one; else members that come or go, and for a map pairs that come, go, or have a new value, which is shown.
 */
export function reportedDifference(type: ColumnType, old: Datum, now: Datum): Datum {
  if (type.max === 1) return now;
  const { added, removed } = difference(type, old, now);
  if (removed.size === 0) return added;
  if (added.size === 0) return removed;
  // Of a key in both, the new value counts; `union` keeps what the first one has.
  return union(type, added, removed);
}
