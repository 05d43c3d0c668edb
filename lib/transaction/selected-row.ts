/** Rows that a select returned (RFC 7047 §5.2.2). */
import { ProtocolError } from '../errors.js';
import type { RowData } from '../replica/row.js';
import { decodeColumn } from '../schema/codec.js';
import type { ColumnSchema } from '../schema/schema.js';
import { isUuid, type Uuid } from '../schema/uuid.js';

/** Decodes the chosen columns of a row, and its uuid. Throws `ProtocolError` when the server sent something else. */
export function decodeSelectedRow(columns: readonly ColumnSchema[], wire: Readonly<Record<string, unknown>>): RowData {
  const row: Record<string, unknown> = { _uuid: decodeUuid(wire['_uuid']) };
  for (const column of columns) row[column.name] = decodeColumn(column, wire[column.name]);
  return Object.freeze(row) as RowData;
}

function decodeUuid(json: unknown): Uuid {
  const uuid: unknown = Array.isArray(json) ? json[1] : undefined;
  if (isUuid(uuid)) return uuid;
  throw new ProtocolError('the server answered a select with a row that has no _uuid');
}
