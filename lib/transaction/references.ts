/**
 * Which inserted rows would live. A row of a table that is not "root" exists only while a strong reference
 * leads to it (RFC 7047 §3.2): inserted alone, the server answers success with a uuid, and the row is gone.
 * This keeps, for one transaction, who refers to which inserted row.
 */

import type { Uuid } from '../schema/uuid.js';

/** A row that exists. */
export interface ExistingRow {
  readonly table: string;
  readonly uuid: Uuid;
}

/** Holder of a reference: an inserted row (its key) or a row that exists. */
export type Holder = { readonly inserted: string } | { readonly existing: ExistingRow };

/** A row that the transaction inserts. */
export interface InsertedRow {
  /** Of a root table: it needs no reference. */
  readonly root: boolean;
  readonly description: string;
  /** Where the caller has chosen it. */
  readonly uuid: Uuid | undefined;
}

interface Reference {
  readonly holder: Holder;
  readonly column: string;
  readonly target: string;
}

/** Follows the references that one transaction makes to the rows that it inserts. */
export class InsertedReferences {
  readonly #inserts = new Map<string, InsertedRow>();
  /** By holder. */
  readonly #references = new Map<string, Reference[]>();

  /** Notes an insert under a key that later references will name. */
  addInsert(key: string, row: InsertedRow): void {
    this.#inserts.set(key, row);
  }

  /** Notes that `holder` strongly refers to the inserted row `target`. */
  addReference(holder: Holder, column: string, target: string): void {
    const key = keyOf(holder);
    const present = this.#references.get(key);
    if (present === undefined) this.#references.set(key, [{ holder, column, target }]);
    else present.push({ holder, column, target });
  }

  /**
   * Notes that a later operation overwrites a column of `holder`, so that what it referred to is void. To delete the
   * holder is another thing: whoever does that wants the rows that hang on it to go as well.
   */
  dropReferences(holder: Holder, column: string): void {
    const key = keyOf(holder);
    const left = this.#references.get(key)?.filter((reference) => reference.column !== column);
    if (left === undefined || left.length === 0) this.#references.delete(key);
    else this.#references.set(key, left);
  }

  /**
   * Descriptions of the inserts that nothing would keep alive. `isNamedElsewhere` says of a row whether a
   * reference may lead to it that was not noted: then it is given the benefit of the doubt.
   */
  orphans(isNamedElsewhere: (row: { key: string; uuid: Uuid | undefined }) => boolean): string[] {
    if (this.#inserts.size === 0) return [];
    const kept = new Set<string>();
    const keepers: string[] = [];
    for (const [key, { root }] of this.#inserts) if (root) keepers.push(key);
    for (const [key, references] of this.#references) {
      if (references.some(({ holder }) => 'existing' in holder)) keepers.push(key);
    }
    for (let keeper = keepers.pop(); keeper !== undefined; keeper = keepers.pop()) {
      if (kept.has(keeper)) continue;
      kept.add(keeper);
      const references = this.#references.get(keeper);
      if (references !== undefined) for (const { target } of references) keepers.push(target);
    }
    const orphans: string[] = [];
    for (const [key, row] of this.#inserts) {
      if (!kept.has(key) && !isNamedElsewhere({ key, uuid: row.uuid })) orphans.push(row.description);
    }
    return orphans;
  }

  /** The existing rows that inserted rows hang on: if one of them is gone, so is the inserted row. */
  supports(): ExistingRow[] {
    const supports: ExistingRow[] = [];
    for (const references of this.#references.values()) {
      // All references under one key have the same holder.
      const [first] = references;
      if (first === undefined || !('existing' in first.holder)) continue;
      if (references.some(({ target }) => this.#inserts.get(target)?.root === false)) {
        supports.push(first.holder.existing);
      }
    }
    return supports;
  }
}

function keyOf(holder: Holder): string {
  return 'inserted' in holder ? holder.inserted : `${holder.existing.table} ${holder.existing.uuid}`;
}
