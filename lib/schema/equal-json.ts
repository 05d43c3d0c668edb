/**
 * Whether JSON that a server sent says what a column holds already. After a reconnect a server may send everything
 * again, nearly all of it unchanged; what is the same is recognised here without a new value being made of it. That
 * saves more than time: V8 allocates what a decoder makes among the old objects once it has seen such values live on,
 * so that values made only to be compared would pile up until the next full collection.
 */
import { isTagged } from './decode.js';
import type { ColumnSchema } from './schema.js';
import type { Atom, ColumnValue } from './types.js';

/**
 * True when `json` certainly decodes to `value`, a decoded value of this column. False when it does not, and also when
 * only decoding can tell: where the members of a set or the keys of a map come in another order, for one.
 */
export function isEqualJson({ kind, type }: ColumnSchema, value: ColumnValue, json: unknown): boolean {
  switch (kind) {
    case 'scalar':
      return isEqualAtom(value as Atom, json, type.key.type === 'uuid');
    case 'optional': {
      if (value !== undefined) return isEqualAtom(value as Atom, json, type.key.type === 'uuid');
      const members = untag(json, 'set');
      return Array.isArray(members) && members.length === 0;
    }
    case 'set':
      return isEqualSet(value as readonly Atom[], (value as readonly Atom[]).length, json, type.key.type === 'uuid');
    case 'map':
      return isEqualMap(value as Readonly<Record<string, Atom>>, json, type.value?.type === 'uuid');
  }
}

/** As {@link isEqualJson}, for the members of a set column, of which there are `size`, in some order. */
export function isEqualSetJson({ type }: ColumnSchema, members: Iterable<Atom>, size: number, json: unknown): boolean {
  return isEqualSet(members, size, json, type.key.type === 'uuid');
}

function isEqualSet(members: Iterable<Atom>, size: number, json: unknown, isUuid: boolean): boolean {
  // One member may come without its set around it (RFC 7047 §5.1).
  const elements = isTagged(json, 'set') ? json[1] : [json];
  if (!Array.isArray(elements) || elements.length !== size) return false;
  let i = 0;
  for (const member of members) if (!isEqualAtom(member, elements[i++], isUuid)) return false;
  return true;
}

function isEqualMap(map: Readonly<Record<string, Atom>>, json: unknown, isUuid: boolean): boolean {
  const pairs = untag(json, 'map');
  if (!Array.isArray(pairs)) return false;
  let i = 0;
  for (const key in map) {
    const pair: unknown = pairs[i++];
    if (!Array.isArray(pair) || pair.length !== 2 || pair[0] !== key) return false;
    if (!isEqualAtom(map[key] as Atom, pair[1], isUuid)) return false;
  }
  return i === pairs.length;
}

function isEqualAtom(atom: Atom, json: unknown, isUuid: boolean): boolean {
  return (isUuid ? untag(json, 'uuid') : json) === atom;
}

/** What `["set", ...]`, `["map", ...]` or `["uuid", ...]` holds; undefined for anything else. */
function untag(json: unknown, tag: 'set' | 'map' | 'uuid'): unknown {
  return isTagged(json, tag) ? json[1] : undefined;
}
