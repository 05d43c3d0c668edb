/** A client transaction of a case: what its sub-commands ask for, and how it is put to the library. */
import { isDeepStrictEqual } from 'node:util';

import type { RowData } from '../../lib/replica/row.js';
import type { Atom, ColumnValue, UntypedTables } from '../../lib/schema/types.js';
import type { NamedUuid, Uuid } from '../../lib/schema/uuid.js';
import type { Transaction } from '../../lib/transaction/builder.js';
import type { Operation } from '../../lib/transaction/operations.js';
import { TransactionError } from '../../lib/transaction/transaction-error.js';
import type { IdlClient } from './idl-client.js';
import { FatalError, printError } from './output.js';

type Tx = Transaction<UntypedTables>;

/** How a commit ended, in the words of the reference clients. */
export type CommitStatus = 'success' | 'unchanged' | 'aborted' | 'try again' | 'not locked' | 'error';

/** A row of `simple` that a transaction works on. */
export class EditedRow {
  /** Undefined for a row that the transaction inserts. */
  readonly row: RowData | undefined;
  /** The uuid that an inserted row is to have; undefined where the server chooses. */
  readonly uuid: Uuid | undefined;
  readonly writes: Record<string, ColumnValue> = {};
  readonly verified = new Set<string>();
  deleted = false;

  constructor(row: RowData | undefined, uuid?: Uuid) {
    this.row = row;
    this.uuid = uuid;
  }

  /** The row's number as it is in the transaction. */
  get number(): ColumnValue {
    return Object.hasOwn(this.writes, 'i') ? this.writes['i'] : this.row?.['i'];
  }
}

/** See the head of this file. */
export class CaseTransaction {
  readonly #client: IdlClient;
  readonly #rows: EditedRow[] = [];
  /** Steps that are no plain writes to `simple`; each counts as a change. */
  readonly #steps: ((tx: Tx) => void)[] = [];
  readonly #operations: Operation[] = [];
  readonly #fetches: { readonly row: RowData; readonly column: string }[] = [];
  #incremented: EditedRow | undefined;
  #increment: number | bigint | undefined;
  /** Index of the last operation that was given as it stands. */
  #lastIndex: number | undefined;

  constructor(client: IdlClient) {
    this.#client = client;
  }

  /** The value after an increment that was committed. */
  get increment(): number | bigint | undefined {
    return this.#increment;
  }

  /** The row of `simple` with this number, as the transaction sees it. */
  find(number: string): EditedRow {
    const wanted = BigInt(parseInteger(number));
    const matches = (value: ColumnValue): boolean =>
      (typeof value === 'number' || typeof value === 'bigint') && BigInt(value) === wanted;
    for (const row of this.#client.rowsByAge('simple')) {
      const edit = this.#rows.find((each) => each.row?._uuid === row._uuid);
      if (edit?.deleted === true || !matches(edit === undefined ? row['i'] : edit.number)) continue;
      if (edit !== undefined) return edit;
      const made = new EditedRow(row);
      this.#rows.push(made);
      return made;
    }
    const inserted = this.#rows.find((edit) => edit.row === undefined && !edit.deleted && matches(edit.number));
    if (inserted === undefined) throw new FatalError(`there is no row of simple with i=${number}`);
    return inserted;
  }

  insert(number: string | undefined, uuid?: Uuid): void {
    const edit = new EditedRow(undefined, uuid);
    if (number !== undefined) edit.writes['i'] = parseInteger(number);
    this.#rows.push(edit);
  }

  write(edit: EditedRow, column: string, value: ColumnValue): void {
    const table = this.#client.registered.tables.get('simple');
    if (table?.columns.has(column) !== true) throw new FatalError(`the client has no column "${column}" of simple`);
    if (table.fetched.has(column)) {
      printError(`column ${column} of simple is read-only`);
      return;
    }
    edit.writes[column] = value;
  }

  verify(edit: EditedRow, column: string): void {
    // What the transaction writes is known; what it inserts cannot have changed.
    if (edit.row !== undefined && !Object.hasOwn(edit.writes, column)) edit.verified.add(column);
  }

  delete(edit: EditedRow): void {
    edit.deleted = true;
  }

  incrementRow(edit: EditedRow): void {
    if (this.#incremented !== undefined) throw new FatalError('a transaction increments one row only');
    this.#incremented = edit;
  }

  /** Reads a column from the server; the value is kept with the row. */
  fetch({ row }: EditedRow, column: string): void {
    if (row === undefined) throw new FatalError('a row that is being inserted has nothing to fetch');
    this.#fetches.push({ row, column });
  }

  addOperation(operation: Operation): void {
    this.#operations.push(operation);
  }

  /** Adds a step that is no plain write to `simple`. */
  addStep(step: (tx: Tx) => void): void {
    this.#steps.push(step);
  }

  /** Sends the transaction, if it changes anything. */
  async commit(): Promise<CommitStatus> {
    if (!this.#client.synced) return 'try again';
    if (!this.#changesAnything()) return 'unchanged';
    try {
      const { fetched, incremented } = await this.#client.transact((tx) => this.#build(tx));
      for (const { row, column, rows } of fetched) {
        const [found] = rows;
        if (found !== undefined) this.#client.keepFetched('simple', row._uuid, column, found[column]);
      }
      this.#increment = incremented?.[0]?.['i'] as number | bigint | undefined;
      return 'success';
    } catch (error) {
      const status = statusOf(error, this.#lastIndex);
      printError(`${status}: ${String(error)}`);
      return status;
    }
  }

  #changesAnything(): boolean {
    if (this.#steps.length + this.#operations.length + this.#fetches.length > 0) return true;
    return this.#rows.some(({ row, writes, deleted }) => {
      if (row === undefined || deleted) return (row === undefined) !== deleted;
      return Object.entries(writes).some(
        ([column, value]) => !isDeepStrictEqual(this.#client.value('simple', row, column)?.value, value),
      );
    });
  }

  #build(tx: Tx) {
    for (const { row, verified, writes, deleted } of this.#rows) {
      // To the Python client, which the cases were recorded with, verifying a row that is not written means nothing.
      if (row === undefined || !(deleted || Object.keys(writes).length > 0)) continue;
      for (const column of verified) verify(tx, row, column);
    }
    const inserted = new Map<EditedRow, NamedUuid>();
    for (const edit of this.#rows) {
      const { row, uuid, writes, deleted } = edit;
      if (row === undefined) {
        if (deleted) continue;
        inserted.set(
          edit,
          uuid === undefined ? tx.insert('simple', writes) : tx.insertWithUuid('simple', uuid, writes),
        );
      } else if (deleted) tx.delete('simple', row._uuid);
      else if (Object.keys(writes).length > 0) tx.update('simple', row._uuid, writes);
    }
    for (const step of this.#steps) step(tx);
    const fetched = this.#fetches.map(({ row, column }) => ({
      row,
      column,
      rows: tx.select('simple', row._uuid, [column]),
    }));
    const incremented = this.#incremented && (inserted.get(this.#incremented) ?? this.#incremented.row?._uuid);
    if (incremented !== undefined) tx.mutate('simple', incremented, { i: { add: 1 } });
    const result = incremented === undefined ? undefined : tx.select('simple', incremented, ['i']);
    for (const operation of this.#operations) this.#lastIndex = tx.operation(operation).operationIndex;
    return { fetched, incremented: result };
  }
}

/** The transaction goes on only if the column is what the replica shows. */
function verify(tx: Tx, row: RowData, column: string): void {
  const { type } = tx.schema.table('simple').column(column);
  if (type.key.type !== 'real') tx.verify('simple', row, [column]);
  // The cases' reals are few enough digits long to be compared.
  else tx.wait('simple', row._uuid, '==', [{ [column]: row[column] }]);
}

function statusOf(error: unknown, lastIndex: number | undefined): CommitStatus {
  if (!(error instanceof TransactionError)) return 'error';
  if (error.outcome !== 'failed') return 'try again';
  switch (error.error) {
    case 'timed out':
      return 'try again';
    case 'not owner':
      return 'not locked';
    case 'aborted':
      // What comes after it was not carried out.
      return error.operationIndex === lastIndex ? 'success' : 'try again';
    default:
      return 'error';
  }
}

/** Reads an integer of a case; a bigint where a number would not be exact. */
export function parseInteger(text: string): Atom {
  if (!/^[-+]?\d+$/.test(text)) throw new FatalError(`"${text}" is not an integer`);
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(53, value) === value ? Number(value) : value;
}
