/** A transaction under way: copies of the rows that it changes, in their places, until it is committed or undone. */
import { Datum } from './datum.js';
import { StoredRow } from './stored-row.js';
import type { Table } from './table.js';
import type { Column } from './table-schema.js';

/**
 * A row that the transaction has to do with. Without `old` it is inserted, without `current` deleted, and with neither
 * it was both. When they are the same object, only the number of its referrers is of interest.
 */
export interface Draft {
  readonly table: Table;
  readonly uuid: string;
  readonly old: StoredRow | undefined;
  current: StoredRow | undefined;
  /** Strong references of other rows, when all is done. */
  references: number;
  /** Of a modified row, the columns that differ, as found when it is committed. */
  readonly changed: Set<Column>;
  /** A row that this one refers to weakly is gone. */
  lostReferences: boolean;
}

/** See the head of this file. */
export class Transaction {
  /** Tables with drafts. */
  readonly tables: Set<Table> = new Set();
  readonly #tablesByName: ReadonlyMap<string, Table>;
  readonly makeUuid: () => string;

  constructor(tables: ReadonlyMap<string, Table>, makeUuid: () => string) {
    this.#tablesByName = tables;
    this.makeUuid = makeUuid;
  }

  /** A table of the database, which has it: a schema names no other. */
  table(name: string): Table {
    return this.#tablesByName.get(name) as Table;
  }

  /** All drafts; those that come while one goes through them are among them, unless their table has been passed. */
  *drafts(): Generator<Draft> {
    for (const { drafts } of this.tables) if (drafts !== undefined) yield* drafts.values();
  }

  /** May an insert choose this uuid? Not that of a row that is there, or was until this transaction deleted it. */
  mayInsert(table: Table, uuid: string): boolean {
    return !table.rows.has(uuid) && table.drafts?.has(uuid) !== true;
  }

  insert(table: Table, uuid: string, fields: Datum[]): void {
    fields[0] = uuidDatum(uuid);
    fields[1] = uuidDatum(this.makeUuid());
    const row = new StoredRow(table.schema, uuid, fields, { strong: 0, weak: undefined });
    table.rows.set(uuid, row);
    this.#add(table, uuid, undefined, row, 0);
  }

  /** The transaction's own copy of a row, to be changed. */
  modify(table: Table, row: StoredRow): StoredRow {
    return this.writable(table.drafts?.get(row.uuid) ?? this.#draftOf(table, row));
  }

  /** The copy of a draft that may be changed. */
  writable(draft: Draft): StoredRow {
    const { table, old, current } = draft;
    if (current !== undefined && current !== old) return current;
    const row = old as StoredRow;
    const copy = new StoredRow(row.schema, row.uuid, row.fields.slice(), row.links);
    draft.current = copy;
    table.rows.set(copy.uuid, copy);
    return copy;
  }

  delete(table: Table, row: StoredRow): void {
    table.rows.delete(row.uuid);
    const draft = table.drafts?.get(row.uuid);
    if (draft === undefined) this.#add(table, row.uuid, row, undefined, row.links.strong);
    else if (draft.old !== undefined) draft.current = undefined;
    else table.drafts?.delete(row.uuid);
  }

  /** The draft of a row, made when there is none; undefined when there is no such row and was none. */
  draft(table: Table, uuid: string): Draft | undefined {
    const draft = table.drafts?.get(uuid);
    if (draft !== undefined) return draft;
    const row = table.rows.get(uuid);
    return row === undefined ? undefined : this.#draftOf(table, row);
  }

  #draftOf(table: Table, row: StoredRow): Draft {
    return this.#add(table, row.uuid, row, row, row.links.strong);
  }

  #add(table: Table, uuid: string, old: Draft['old'], current: Draft['current'], references: number): Draft {
    const draft = { table, uuid, old, current, references, changed: new Set<Column>(), lostReferences: false };
    table.drafts ??= new Map();
    table.drafts.set(uuid, draft);
    this.tables.add(table);
    return draft;
  }

  /** Takes a draft back. */
  undo({ table, uuid, old, current }: Draft): void {
    if (old !== undefined) {
      if (old !== current) table.rows.set(uuid, old);
    } else if (current !== undefined) table.rows.delete(uuid);
  }

  /** Takes everything back. */
  abort(): void {
    for (const draft of this.drafts()) this.undo(draft);
    this.end();
  }

  /** Forgets the drafts. */
  end(): void {
    for (const table of this.tables) table.drafts = undefined;
    this.tables.clear();
  }
}

/** The value of a column `_uuid` or `_version`. */
export function uuidDatum(uuid: string): Datum {
  return new Datum([uuid], undefined);
}
