/** The order in which ovsdb-server keeps the members of sets and maps. */
import type { AtomicType } from '../../schema/schema-json.js';
import type { Atom } from '../../schema/types.js';
import { compareText } from './json-text.js';

/** The order of atoms of one type: negative, 0 or positive. */
export type AtomOrder = (a: Atom, b: Atom) => number;

/** The order in which the server keeps atoms of a type. */
export function compareAtoms(type: AtomicType): AtomOrder {
  return type === 'string' ? (compareText as AtomOrder) : comparePlainly;
}

/** Good for numbers, bigints among them, for booleans, and for uuids in lower case. */
function comparePlainly(a: Atom, b: Atom): number {
  return a === b ? 0 : a < b ? -1 : a > b ? 1 : 0;
}
