/**
 * What the server says of one row (RFC 7047 §4.1.6 `<row-update>`; ovsdb-server(7) 4.1.14 `<row-update2>`), decoded and
 * checked against the replica before anything changes.
 */
import { printValue, ProtocolError } from '../errors.js';
import type { Uuid } from '../schema/uuid.js';
import type { ColumnChange, RowData, RowShape } from './row.js';
import type { TableStore } from './table.js';

/** Of an `update` (`v1`) or an `update2` (`v2`) notification, and the replies of the same kind. */
export type UpdateFormat = 'v1' | 'v2';

/** Rows by table and uuid, as the server sent them. */
export interface Updates {
  readonly format: UpdateFormat;
  readonly tables: unknown;
}

/** One row's change, decoded and checked. */
export interface Staged {
  readonly store: TableStore;
  readonly uuid: Uuid;
  readonly old: RowData | undefined;
  /** The row, where its whole contents came. */
  readonly row: RowData | undefined;
  /** What makes the row of the old one, where only that came; with neither, the row goes. */
  readonly changes: readonly ColumnChange[] | undefined;
}

/** What a row of an update message changes; undefined when nothing. Throws `ProtocolError` when it does not fit. */
export function stageUpdate(
  store: TableStore,
  shape: RowShape,
  uuid: Uuid,
  wire: Record<string, unknown>,
  format: UpdateFormat,
): Staged | undefined {
  const old = store.rows.get(uuid);
  const contents = wholeContents(wire, format);
  if (contents !== undefined) {
    if (format === 'v2' || wire.old === undefined) {
      if (old !== undefined) throw inconsistent(store, uuid, 'an insert of the present');
      return { store, uuid, old, row: shape.create(uuid, contents), changes: undefined };
    }
    if (old === undefined) throw inconsistent(store, uuid, 'a change of the unknown');
    const changes = shape.difference(old, contents);
    return changes.length === 0 ? undefined : { store, uuid, old, row: undefined, changes };
  }
  if (format === 'v2' && Object.hasOwn(wire, 'modify')) {
    if (old === undefined) throw inconsistent(store, uuid, 'a change of the unknown');
    const changes = shape.decodeDiff(old, asRow(wire.modify, uuid, store.name));
    return changes.length === 0 ? undefined : { store, uuid, old, row: undefined, changes };
  }
  if (!Object.hasOwn(wire, format === 'v2' ? 'delete' : 'old')) {
    throw inconsistent(store, uuid, `an update with the members "${shown(Object.keys(wire).join(', '))}" for`);
  }
  if (old === undefined) throw inconsistent(store, uuid, 'a delete of the unknown');
  return { store, uuid, old, row: undefined, changes: undefined };
}

/** The whole contents that a row update carries, if it does (RFC 7047 §4.1.6 `new`; update2 `initial`, `insert`). */
function wholeContents(wire: Record<string, unknown>, format: UpdateFormat): object | undefined {
  if (format === 'v2' && Object.keys(wire).length !== 1) {
    throw new ProtocolError(
      `the server sent a row update with the members "${shown(Object.keys(wire).join(', '))}", not just one`,
    );
  }
  const contents = format === 'v1' ? wire.new : (wire.initial ?? wire.insert);
  return contents === undefined ? undefined : asObject(contents, 'a row');
}

/** The contents of a row of a snapshot. Throws `ProtocolError` when it has none. */
export function initialContents(
  store: TableStore,
  uuid: Uuid,
  wire: Record<string, unknown>,
  format: UpdateFormat,
): object {
  const contents = wholeContents(wire, format);
  if (contents === undefined) throw inconsistent(store, uuid, 'a snapshot without the contents of');
  return contents;
}

/** Takes JSON for an object; `what` names it in the `ProtocolError` for anything else. */
export function asObject(json: unknown, what: string): Record<string, unknown> {
  if (isObject(json)) return json;
  throw new ProtocolError(`the server sent ${what} as ${printValue(json)}, which is not an object`);
}

/** As {@link asObject}, for the update of a row: the words for an error cost more than the check. */
export function asRow(json: unknown, uuid: string, table: string): Record<string, unknown> {
  return isObject(json) ? json : asObject(json, `row ${shown(uuid)} of table ${shown(table)}`);
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** A name that the server chose, for a message. */
export function shown(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}... (${name.length} characters)` : name;
}

function inconsistent(store: TableStore, uuid: Uuid, what: string): ProtocolError {
  return new ProtocolError(`the server sent ${what} row ${shown(uuid)} of table ${store.name}`);
}
