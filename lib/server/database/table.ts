/** The rows of a table, and the indexes that keep values unique. */
import type { Atom } from '../../schema/types.js';
import type { Datum } from './datum.js';
import type { StoredRow } from './stored-row.js';
import type { Column, TableSchema } from './table-schema.js';
import type { Draft } from './transaction.js';

/** Rows by the values of some columns. */
export interface UniqueIndex {
  readonly columns: readonly Column[];
  /** By {@link valuesKey}; only what is committed. */
  readonly rows: Map<string, StoredRow>;
}

/** See the head of this file. */
export class Table {
  readonly schema: TableSchema;
  /** By uuid; what a transaction under way has done is in it. */
  readonly rows: Map<string, StoredRow> = new Map();
  readonly indexes: readonly UniqueIndex[];
  /** Rows that the transaction under way has to do with, by uuid; undefined when there are none. */
  drafts: Map<string, Draft> | undefined;

  constructor(schema: TableSchema) {
    this.schema = schema;
    this.indexes = schema.indexes.map((columns) => ({ columns, rows: new Map() }));
    this.drafts = undefined;
  }
}

/** A text that is the same for equal values of these columns, and for no others. */
export function valuesKey(row: { readonly fields: readonly Datum[] }, columns: readonly Column[]): string {
  if (columns.length === 1) return datumKey(row.fields[(columns[0] as Column).index] as Datum);
  let key = '';
  for (const { index } of columns) {
    const part = datumKey(row.fields[index] as Datum);
    key += `${part.length}:${part}`;
  }
  return key;
}

function datumKey({ keys, values }: Datum): string {
  if (keys.length === 1 && values === undefined) return `=${atomKey(keys[0] as Atom)}`;
  let key = String(keys.length);
  for (const atoms of [keys, values ?? []]) {
    for (const atom of atoms) {
      const text = atomKey(atom);
      key += `,${text.length}:${text}`;
    }
  }
  return key;
}

/** The two zeros of reals are equal, but the server's hashes of them are not: where it hashes, it tells them apart. */
function atomKey(atom: Atom): string {
  return Object.is(atom, -0) ? '-0' : String(atom);
}
