/** A row of a table. Once its transaction is committed it does not change any more: a later one makes a new row. */
import { Datum } from './datum.js';
import { datumJson } from './datum-text.js';
import type { Json } from './json-text.js';
import type { Column, TableSchema } from './table-schema.js';

/** A row that refers weakly to another one. */
export interface WeakReferrer {
  readonly table: string;
  readonly uuid: string;
  /** How often it does. */
  count: number;
}

/** What all versions of a row share: who refers to it. */
export interface RowLinks {
  /** Strong references of other rows. */
  strong: number;
  /** Rows with weak references to this one, by `table/uuid`; undefined while there never was one. */
  weak: Map<string, WeakReferrer> | undefined;
}

/** See the head of this file. */
export class StoredRow {
  readonly schema: TableSchema;
  readonly uuid: string;
  /** Values by `Column.index`; those of `_uuid` and `_version` are the first two. */
  readonly fields: Datum[];
  readonly links: RowLinks;

  constructor(schema: TableSchema, uuid: string, fields: Datum[], links: RowLinks) {
    this.schema = schema;
    this.uuid = uuid;
    this.fields = fields;
    this.links = links;
  }

  /** The `_version` of the row, which every transaction that changes it renews. */
  get version(): string {
    return (this.fields[1] as Datum).keys[0] as string;
  }

  /** The value of a column, `_uuid` and `_version` among them. */
  get(column: Column): Datum {
    return this.fields[column.index] as Datum;
  }

  /** The value of a column as JSON, as the real server prints it. */
  json(column: Column): Json {
    return datumJson(this.get(column), column.type);
  }

  /** The row, or these columns of it, as a JSON object; without columns named, all but `_uuid` and `_version`. */
  toJson(columns: Iterable<Column> = this.schema.columns.values()): Record<string, Json> {
    const object: Record<string, Json> = {};
    for (const column of columns) object[column.name] = this.json(column);
    return object;
  }
}
