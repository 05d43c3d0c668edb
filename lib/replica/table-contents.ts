/** The rows of one table and the indexes over them. */
import type { Uuid } from '../schema/uuid.js';
import type { ColumnChange, RowData } from './row.js';
import type { TableIndex } from './table-index.js';

/** See the head of this file. */
export class TableContents {
  readonly rows: Map<string, RowData> = new Map<string, RowData>();
  readonly indexes: readonly TableIndex[];

  constructor(indexes: readonly TableIndex[]) {
    this.indexes = indexes;
  }

  /** Puts one row change in force; `undefined` stands for "no row", and for "any column may differ". */
  put(
    uuid: Uuid,
    old: RowData | undefined,
    row: RowData | undefined,
    changes: readonly ColumnChange[] | undefined,
  ): void {
    if (row === undefined) this.rows.delete(uuid);
    else this.rows.set(uuid, row);
    for (const index of this.indexes) index.update(old, row, changes);
  }
}
