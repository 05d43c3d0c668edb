/** Values of columns as JSON and as messages show them. */
import type { Atom } from '../../schema/types.js';
import { atomJson, atomText } from './atom-text.js';
import type { ColumnType } from './column-type.js';
import type { Datum } from './datum.js';
import type { Json } from './json-text.js';

/** A value as JSON: a map as pairs, a single atom bare, everything else as a set, in ascending order (RFC 7047 §5.1). */
export function datumJson(datum: Datum, type: ColumnType): Json {
  const { key, value } = type;
  if (value !== undefined) {
    const values = datum.values ?? [];
    return ['map', datum.keys.map((atom, i) => [atomJson(key.type, atom), atomJson(value.type, values[i] as Atom)])];
  }
  if (datum.size === 1) return atomJson(key.type, datum.keys[0] as Atom);
  const bare = key.type !== 'uuid' && key.type !== 'real';
  return ['set', bare ? datum.keys : datum.keys.map((atom) => atomJson(key.type, atom))];
}

/** A value as messages show it, for example `[1, 2]` or `{a=b}`. */
export function datumText(datum: Datum, type: ColumnType): string {
  const { key, value } = type;
  const members = datum.keys.map((atom, i) => {
    const text = atomText(key.type, atom);
    return value === undefined ? text : `${text}=${atomText(value.type, (datum.values ?? [])[i] as Atom)}`;
  });
  if (type.max === 1 && datum.size > 0) return members.join(', ');
  return value === undefined ? `[${members.join(', ')}]` : `{${members.join(', ')}}`;
}
