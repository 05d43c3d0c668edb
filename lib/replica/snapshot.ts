/**
 * A snapshot on its way into a replica. Its rows are decoded and checked as they come, in whatever pieces, and put
 * aside: the first snapshot's into tables and indexes of their own, which take the place of the empty ones at once;
 * of a later one only what differs from the rows that are there. Nothing shows before all of it has come.
 */
import { ProtocolError } from '../errors.js';
import type { Uuid } from '../schema/uuid.js';
import type { RowShape } from './row.js';
import { asObject, asRow, initialContents, shown, type Staged, type UpdateFormat } from './row-update.js';
import type { TableContents } from './table-contents.js';
import type { TableStore } from './table.js';

/** A table that rows come for. */
interface Target {
  readonly name: string;
  readonly store: TableStore;
  readonly shape: RowShape;
  /** The table's rows and indexes to be, if it is its first snapshot. */
  readonly contents: TableContents | undefined;
  /** Rows that came, unless it is the first snapshot. */
  readonly seen: Set<string>;
  /** Number of those that are in the replica. */
  known: number;
}

/** See the head of this file. */
export class Snapshot {
  readonly #stores: ReadonlyMap<string, TableStore>;
  readonly #format: UpdateFormat;
  readonly #isFirst: boolean;
  readonly #targets = new Map<string, Target>();
  /** The table of the row before: rows come table by table. */
  #target: Target | undefined;
  readonly #staged: Staged[] = [];

  /** Made by the replica. The tables must not change until the snapshot is in force. */
  constructor(stores: ReadonlyMap<string, TableStore>, format: UpdateFormat, isFirst: boolean) {
    this.#stores = stores;
    this.#format = format;
    this.#isFirst = isFirst;
  }

  /** Takes a row. Throws {@link ProtocolError} when it does not fit; the snapshot is then of no further use. */
  add(table: string, uuid: string, update: unknown): void {
    const target = this.#target?.name === table ? this.#target : this.#targetOf(table);
    const { store, shape, contents } = target;
    const wire = initialContents(store, uuid as Uuid, asRow(update, uuid, table), this.#format);
    if (contents !== undefined) {
      const { size } = contents.rows;
      contents.put(uuid as Uuid, undefined, shape.create(uuid, wire), undefined);
      if (contents.rows.size === size) throw repeated(uuid, table);
      return;
    }
    if (target.seen.has(uuid)) throw repeated(uuid, table);
    const old = store.rows.get(uuid);
    // The old row's own text, so that the new one need not be kept.
    target.seen.add(old?._uuid ?? uuid);
    if (old !== undefined) target.known++;
    if (old === undefined || store.reshaped) {
      const row = shape.create(uuid, wire);
      this.#staged.push({ store, uuid: uuid as Uuid, old, row, changes: undefined });
    } else {
      const changes = shape.difference(old, wire);
      if (changes.length > 0) this.#staged.push({ store, uuid: uuid as Uuid, old, row: undefined, changes });
    }
  }

  /** Takes all rows of tables as they are in a reply. Throws as {@link add} does. */
  addAll(tables: unknown): void {
    const byTable = asObject(tables, 'the tables of a snapshot');
    for (const table in byTable) {
      this.#targetOf(table);
      const rows = asObject(byTable[table], `the rows of table ${shown(table)}`);
      for (const uuid in rows) this.add(table, uuid, rows[uuid]);
    }
  }

  /** The tables' rows and indexes to be, if it is the first snapshot. */
  *contents(): Generator<[store: TableStore, contents: TableContents]> {
    for (const { store, contents } of this.#targets.values()) if (contents !== undefined) yield [store, contents];
  }

  /** What differs from the rows that are there; nothing for the first snapshot. */
  differences(): readonly Staged[] {
    if (this.#isFirst) return [];
    const deleted: Staged[] = [];
    for (const store of this.#stores.values()) {
      const { seen, known = 0 } = this.#targets.get(store.name) ?? {};
      if (known === store.rows.size) continue;
      for (const [uuid, old] of store.rows) {
        if (seen?.has(uuid) === true) continue;
        deleted.push({ store, uuid: uuid as Uuid, old, row: undefined, changes: undefined });
      }
    }
    return [...this.#staged, ...deleted];
  }

  #targetOf(table: string): Target {
    let target = this.#targets.get(table);
    if (target === undefined) {
      const store = this.#stores.get(table);
      const shape = store?.shape;
      if (store === undefined || shape === undefined) {
        throw new ProtocolError(`the server sent an update for table ${shown(table)}, which was not asked for`);
      }
      const contents = this.#isFirst ? store.makeContents(shape) : undefined;
      target = { name: table, store, shape, contents, seen: new Set(), known: 0 };
      this.#targets.set(table, target);
    }
    this.#target = target;
    return target;
  }
}

function repeated(uuid: string, table: string): ProtocolError {
  return new ProtocolError(`the server sent row ${shown(uuid)} of table ${table} twice in one snapshot`);
}
