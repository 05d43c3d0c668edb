/**
 * References between rows (RFC 7047 §3.2): strong ones must lead to rows that exist, and keep those of other than root
 * tables alive; weak ones go when their rows go. Only what a transaction changed is looked at.
 */
import type { Atom } from '../../schema/types.js';
import { Datum, difference, withoutPlaces } from './datum.js';
import { constraintViolation, Refusal } from './refusal.js';
import type { RowLinks, StoredRow } from './stored-row.js';
import type { Table } from './table.js';
import type { Column } from './table-schema.js';
import type { Draft, Transaction } from './transaction.js';

const ZERO = '00000000-0000-0000-0000-000000000000';

/** Calls back for each reference of this kind in a value. */
function eachReference(
  column: Column,
  how: 'strong' | 'weak',
  datum: Datum,
  callback: (refTable: string, uuid: string) => void,
): void {
  const { key, value } = column.type;
  if (key.refType === how) for (const atom of datum.keys) callback(key.refTable as string, atom as string);
  if (value?.refType === how) {
    for (const atom of datum.values ?? []) callback(value.refTable as string, atom as string);
  }
}

/** Calls back with what a draft adds to and removes from a column of its row. */
function eachDifference(draft: Draft, column: Column, callback: (datum: Datum, sign: 1 | -1) => void): void {
  const { old, current } = draft;
  if (old !== undefined && current !== undefined) {
    if (!draft.changed.has(column)) return;
    const { added, removed } = difference(column.type, old.get(column), current.get(column));
    callback(removed, -1);
    callback(added, 1);
  } else if (old !== undefined) callback(old.get(column), -1);
  else if (current !== undefined) callback(current.get(column), 1);
}

/**
 * Counts the strong references that come and go.
 * @throws Refusal for one to a row that does not exist, and for a deleted row that is still referred to.
 */
export function countStrongReferences(transaction: Transaction): void {
  for (const draft of transaction.drafts()) {
    const { table, uuid } = draft;
    for (const column of table.schema.strong) {
      eachDifference(draft, column, (datum, sign) => {
        eachReference(column, 'strong', datum, (refTable, target) => {
          // A row does not keep itself.
          if (target === uuid) return;
          const referred = transaction.draft(transaction.table(refTable), target);
          if (referred === undefined) throw dangling(table, column, uuid, refTable, target);
          referred.references += sign;
        });
      });
    }
  }
  for (const { table, uuid, current, references } of transaction.drafts()) {
    if (current !== undefined || references === 0) continue;
    throw new Refusal(
      'referential integrity violation',
      `cannot delete ${table.schema.name} row ${uuid} because of ${references} remaining reference(s)`,
    );
  }
}

function dangling(table: Table, column: Column, uuid: string, refTable: string, target: string): Refusal {
  return new Refusal(
    'referential integrity violation',
    `Table ${table.schema.name} column ${column.name} row ${uuid} references nonexistent row ${target} in table ${refTable}.`,
  );
}

/** Deletes rows of other than root tables that nobody refers to any more, and those that only they referred to. */
export function collectGarbage(transaction: Transaction): void {
  const garbage = [...transaction.drafts()].filter(isGarbage);
  for (let draft = garbage.pop(); draft !== undefined; draft = garbage.pop()) {
    const { table, uuid, current } = draft;
    if (current === undefined) continue;
    draft.current = undefined;
    table.rows.delete(uuid);
    for (const column of table.schema.strong) {
      eachReference(column, 'strong', current.get(column), (refTable, target) => {
        if (target === uuid) return;
        const referred = transaction.draft(transaction.table(refTable), target) as Draft;
        referred.references--;
        if (isGarbage(referred)) garbage.push(referred);
      });
    }
  }
}

function isGarbage({ table, current, references }: Draft): boolean {
  return current !== undefined && references === 0 && !table.schema.isRoot;
}

/**
 * Removes weak references to rows that do not exist.
 * @throws Refusal when a column that must not be empty would become so.
 */
export function dropDanglingReferences(transaction: Transaction): void {
  for (const { old, current } of [...transaction.drafts()]) {
    if (old === undefined || current !== undefined) continue;
    for (const { table, uuid } of old.links.weak?.values() ?? []) {
      const referrer = transaction.draft(transaction.table(table), uuid);
      if (referrer?.current !== undefined) referrer.lostReferences = true;
    }
  }
  for (const draft of transaction.drafts()) {
    if (draft.current === undefined) continue;
    for (const column of draft.table.schema.weak) {
      if (draft.old !== undefined && !draft.lostReferences && !draft.changed.has(column)) continue;
      dropFrom(transaction, draft, column);
    }
  }
}

function dropFrom(transaction: Transaction, draft: Draft, column: Column): void {
  const datum = (draft.current as StoredRow).get(column);
  const { key, value } = column.type;
  const keyRows = key.refType === 'weak' ? transaction.table(key.refTable as string).rows : undefined;
  const valueRows = value?.refType === 'weak' ? transaction.table(value.refTable as string).rows : undefined;
  const places: number[] = [];
  let zero = false;
  for (let i = 0; i < datum.size; i++) {
    const target = datum.keys[i] as Atom;
    const other = datum.values?.[i];
    const keyDangles = keyRows?.has(target as string) === false;
    const valueDangles = valueRows?.has(other as string) === false;
    if (!keyDangles && !valueDangles) continue;
    places.push(i);
    zero ||= (keyDangles && target === ZERO) || (valueDangles && other === ZERO);
  }
  if (places.length === 0) return;
  const left = withoutPlaces(datum, places);
  if (left.size < column.type.min) throw mustNotBeEmpty(draft, column, places.length, zero);
  const row = transaction.writable(draft);
  row.fields[column.index] = left;
  draft.changed.add(column);
}

function mustNotBeEmpty({ table, uuid, old }: Draft, column: Column, count: number, zero: boolean): Refusal {
  const name = table.schema.name;
  if (zero && old === undefined) {
    return constraintViolation(
      `Weak reference column "${column.name}" in "${name}" row ${uuid} (inserted within this transaction) ` +
        'contained all-zeros UUID (probably as the default value for this column) but deleting this value ' +
        'caused a constraint volation because this column is not allowed to be empty.',
    );
  }
  return constraintViolation(
    `Deletion of ${count} weak reference(s) to deleted (or never-existing) rows from column "${column.name}" ` +
      `in "${name}" row ${uuid} ${old === undefined ? '(inserted within this transaction) ' : ''}` +
      'caused this column to become empty, but constraints on this column disallow an empty column.',
  );
}

/** Writes down who refers to whom now that the transaction is certain. */
export function linkRows(transaction: Transaction): void {
  for (const draft of transaction.drafts()) {
    const { table, uuid, current, references } = draft;
    if (current !== undefined) current.links.strong = references;
    for (const column of table.schema.weak) {
      eachDifference(draft, column, (datum, sign) => {
        eachReference(column, 'weak', datum, (refTable, target) => {
          const links = transaction.table(refTable).rows.get(target)?.links;
          if (links !== undefined) countReferrer(links, table.schema.name, uuid, sign);
        });
      });
    }
  }
}

function countReferrer(links: RowLinks, table: string, uuid: string, sign: 1 | -1): void {
  links.weak ??= new Map();
  const id = `${table}/${uuid}`;
  const referrer = links.weak.get(id);
  if (referrer === undefined) links.weak.set(id, { table, uuid, count: sign });
  else if ((referrer.count += sign) === 0) links.weak.delete(id);
}
