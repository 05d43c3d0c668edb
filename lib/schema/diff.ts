/** The differences by which a monitor reports changes (`monitor_cond`, ovsdb-server(7) §4.1.14 `update2`). */
import { EMPTY_MAP, EMPTY_SET, newMap } from './decode.js';
import type { ColumnSchema } from './schema.js';
import type { Atom, ColumnValue } from './types.js';

/**
 * The value of a column after a difference that the server sent, as `modify` of an `update2` or `update3`
 * holds it. A column of at most one value (or pair) gets the new value itself. For a set, members that are in
 * it go, others come, appended. For a map, a pair that is in it goes, a pair with a new value for its key
 * replaces, others come. Neither `oldValue` nor the difference is changed.
 * @throws ProtocolError that names the column when the difference has another type.
 */
export function applyDiff(column: ColumnSchema, oldValue: ColumnValue, diffJson: unknown): ColumnValue {
  if (column.type.max === 1) return column.decode(diffJson);
  if (column.kind === 'map') {
    return applyMapDiff(oldValue as Readonly<Record<string, Atom>>, column.decode(diffJson) as Record<string, Atom>);
  }
  return applySetDiff(oldValue as readonly Atom[], column.decodeMembers(diffJson));
}

function applySetDiff(old: readonly Atom[], diff: readonly Atom[]): readonly Atom[] {
  if (diff.length === 0) return old;
  const toggled = new Set(diff);
  const next: Atom[] = [];
  for (const member of old) {
    // What is found in the old set goes; what remains in `toggled` afterwards is new.
    if (!toggled.delete(member)) next.push(member);
  }
  for (const member of toggled) next.push(member);
  return next.length === 0 ? EMPTY_SET : Object.freeze(next);
}

function applyMapDiff(
  old: Readonly<Record<string, Atom>>,
  diff: Readonly<Record<string, Atom>>,
): Readonly<Record<string, Atom>> {
  const next = newMap();
  let empty = true;
  for (const key of Object.keys(old)) {
    const value = old[key];
    const changed = Object.hasOwn(diff, key) ? diff[key] : value;
    if (value === undefined || changed === undefined) continue;
    if (Object.hasOwn(diff, key) && changed === value) continue;
    next[key] = changed;
    empty = false;
  }
  for (const key of Object.keys(diff)) {
    const value = diff[key];
    if (value === undefined || Object.hasOwn(old, key)) continue;
    next[key] = value;
    empty = false;
  }
  return empty ? EMPTY_MAP : Object.freeze(next);
}
