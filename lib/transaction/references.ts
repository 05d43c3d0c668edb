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

/** Follows the references that one transaction makes to the rows that it inserts. */
export class InsertedReferences {
  readonly #inserts = new Map<string, InsertedRow>();
  readonly #references: { readonly holder: Holder; readonly target: string }[] = [];

  /** Notes an insert under a key that later references will name. */
  addInsert(key: string, row: InsertedRow): void {
    this.#inserts.set(key, row);
  }

  /** Notes that `holder` strongly refers to the inserted row `target`. */
  addReference(holder: Holder, target: string): void {
    this.#references.push({ holder, target });
  }

  /**
   * Descriptions of the inserts that nothing would keep alive. `isNamedElsewhere` says of a row whether a
   * reference may lead to it that was not noted: then it is given the benefit of the doubt.
   */
  orphans(isNamedElsewhere: (row: { key: string; uuid: Uuid | undefined }) => boolean): string[] {
    const kept = new Set<string>();
    for (const [key, { root }] of this.#inserts) if (root) kept.add(key);
    for (let grown = true; grown;) {
      grown = false;
      for (const { holder, target } of this.#references) {
        if (kept.has(target) || ('inserted' in holder && !kept.has(holder.inserted))) continue;
        kept.add(target);
        grown = true;
      }
    }
    return [...this.#inserts]
      .filter(([key, { uuid }]) => !kept.has(key) && !isNamedElsewhere({ key, uuid }))
      .map(([, { description }]) => description);
  }

  /** The existing rows that inserted rows hang on: if one of them is gone, so is the inserted row. */
  supports(): ExistingRow[] {
    const supports = new Map<string, ExistingRow>();
    for (const { holder, target } of this.#references) {
      if ('existing' in holder && this.#inserts.get(target)?.root === false) {
        supports.set(`${holder.existing.table} ${holder.existing.uuid}`, holder.existing);
      }
    }
    return [...supports.values()];
  }
}
