/**
 * What a transaction's callback is given: each call appends one operation, checked against the server's
 * schema as it is made, so that a bad value throws at the line that gave it and nothing is sent.
 */
import { InvalidArgumentError, printValue, ValidationError } from '../errors.js';
import type { RowData } from '../replica/row.js';
import type { ReplicaTables, WholeTables } from '../replica/tables.js';
import { encodeColumn, encodeCondition, encodeMutation, requireColumns } from '../schema/codec.js';
import type { DatabaseSchema, TableSchema } from '../schema/schema.js';
import type {
  ColumnName,
  ConditionFunction,
  Insert,
  Mutations,
  Row,
  TableName,
  Update,
  Where,
} from '../schema/types.js';
import { isUuid, NamedUuid, type Uuid } from '../schema/uuid.js';
import { InsertedRows } from './inserted-rows.js';
import {
  describeOperation,
  existenceGuard,
  requireSendable,
  type Operation,
  type OperationResult,
} from './operations.js';
import { Pending } from './pending.js';
import { decodeSelectedRow } from './selected-row.js';
import { mutatorsOf } from './mutators.js';
import { SchemaLookup } from './schema-lookup.js';
import { tellingCount } from './telling-count.js';
import { TransactionError } from './transaction-error.js';

type Wire = Record<string, unknown>;
type WireCondition = readonly [string, string, unknown];

/** Everything that one callback asked for, ready to send. */
export interface BuiltTransaction {
  /** Waits that go before the operations: the rows that inserted rows hang on must still exist. */
  readonly guards: readonly Operation[];
  /** Position of an operation whose count of 0 tells the same as the one guard that there is: see telling-count.ts. */
  readonly tellingCount?: number | undefined;
  readonly operations: readonly Operation[];
  /** Positions of the inserts among the operations, by the placeholder that the callback holds. */
  readonly inserts: ReadonlyMap<NamedUuid, number>;
  /** What the callback was given to stand for results. */
  readonly pendings: ReadonlySet<Pending<unknown>>;
  /** Descriptions of inserted rows that nothing would keep alive. */
  readonly orphans: readonly string[];
  /** True when there are operations that were given as they stand. */
  readonly unchecked?: boolean | undefined;
}

/** Builds one transaction; see RFC 7047 §5.2 for what each operation does. */
export class Transaction<DB, S = WholeTables<DB>> {
  /** The replica's tables as they are now; what this transaction does is not in them yet. */
  readonly tables: ReplicaTables<DB, S>;
  readonly #lookup: SchemaLookup;
  readonly #prefix: string;
  readonly #operations: Operation[] = [];
  readonly #inserted = new InsertedRows();
  // Sets that most transactions leave empty are made when they are needed.
  #pendings: Set<Pending<unknown>> | undefined;
  #guarded: Set<string> | undefined;
  /** Operations given as they stand. */
  #unchecked: Set<Operation> | undefined;
  #built = false;

  /**
   * Made by the client, not by callers. `known` is the schema that the caller's types come from; the names of inserted
   * rows begin with `prefix`.
   */
  constructor(schema: DatabaseSchema, tables: ReplicaTables<DB, S>, known?: DatabaseSchema, prefix = '') {
    this.#lookup = new SchemaLookup(schema, known);
    this.tables = tables;
    this.#prefix = prefix;
  }

  /** The schema of the server that the transaction goes to. */
  get schema(): DatabaseSchema {
    return this.#lookup.schema;
  }

  /**
   * Inserts a row and returns a placeholder for it, which can be used as a reference in the same transaction
   * and becomes the row's uuid when returned from the callback. Columns left out take their defaults.
   * A row of a non-root table must be referred to by a row that stays, or the transaction is refused with
   * `OrphanInsert`. Throws `ValidationError`, `SchemaError`.
   */
  insert<T extends TableName<DB>>(table: T, row: Insert<DB, T>): NamedUuid<T> {
    return this.#insert(new NamedUuid(table, this.#nextName()), row);
  }

  /**
   * Inserts a row whose uuid the caller chooses, so that a repeated insert fails instead of making a second
   * row (ovsdb-server(7) 4.1.3, since OVS 2.13). Otherwise as {@link insert}.
   */
  insertWithUuid<T extends TableName<DB>>(table: T, uuid: Uuid<T>, row: Insert<DB, T>): NamedUuid<T> {
    if (!isUuid(uuid)) throw new InvalidArgumentError(`insert into ${table}: "${String(uuid)}" is not a uuid`);
    return this.#insert(new NamedUuid(table, this.#nextName(), uuid), row);
  }

  /** Overwrites the columns given, in every row that `where` chooses. Pending: the number of rows. */
  update<T extends TableName<DB>>(table: T, where: Where<DB, T>, columns: Update<DB, T>): Pending<number> {
    const schema = this.#lookup.table(table);
    const row: Wire = {};
    for (const [name, value] of Object.entries(columns)) {
      const column = this.#lookup.writable(schema, name, value);
      if (!column.mutable) throw new ValidationError(table, column.name, value, 'may be set by an insert only');
      row[column.name] = encodeColumn(column, value, this.#inserted.onChange(table, where, column, 'overwrite'));
    }
    return this.#pend({ op: 'update', table, where: this.#where(schema, where), row }, countOf);
  }

  /** Changes columns in place, without needing to know their values. Pending: the number of rows. */
  mutate<T extends TableName<DB>>(table: T, where: Where<DB, T>, mutations: Mutations<DB, T>): Pending<number> {
    const schema = this.#lookup.table(table);
    const wire: unknown[] = [];
    for (const name of Object.keys(mutations)) {
      const mutation = (mutations as Readonly<Record<string, unknown>>)[name];
      const column = this.#lookup.writable(schema, name, mutation);
      if (mutation === undefined) continue;
      for (const [mutator, value] of mutatorsOf(column, mutation)) {
        const onReference = mutator === 'insert' ? this.#inserted.onChange(table, where, column, 'add') : undefined;
        wire.push(encodeMutation(column, mutator, value, onReference));
      }
    }
    return this.#pend({ op: 'mutate', table, where: this.#where(schema, where), mutations: wire }, countOf);
  }

  /**
   * Deletes every row that `where` chooses. Pending: the number of rows. A row of a non-root table is deleted
   * by removing the references to it instead.
   */
  delete<T extends TableName<DB>>(table: T, where: Where<DB, T>): Pending<number> {
    return this.#pend({ op: 'delete', table, where: this.#where(this.#lookup.table(table), where) }, countOf);
  }

  /** Reads rows from the server, as they are at this point of the transaction. Pending: the rows. */
  select<T extends TableName<DB>, C extends ColumnName<DB, T> = ColumnName<DB, T>>(
    table: T,
    where: Where<DB, T>,
    columns?: readonly C[],
  ): Pending<readonly Pick<Row<DB, T>, C | '_uuid'>[]> {
    const schema = this.#lookup.table(table);
    const names = new Set<string>(columns ?? schema.columns.keys());
    names.delete('_uuid');
    const chosen = Array.from(names, (name) => this.#lookup.column(schema, name));
    const operation = {
      op: 'select',
      table,
      where: this.#where(schema, where),
      columns: ['_uuid', ...chosen.map(({ name }) => name)],
    };
    return this.#pend(operation, ({ rows = [] }) =>
      rows.map((row) => decodeSelectedRow(chosen, row as Wire) as Pick<Row<DB, T>, C | '_uuid'>),
    );
  }

  /**
   * Lets the transaction go on only if the rows that `where` chooses have (`==`), or have not (`!=`), exactly
   * these contents in `columns`. `timeoutMs` 0, the default, decides at once; else the server waits so long.
   * One that fails at once is a conflict: the callback is run again on fresh data, a bounded number of times.
   */
  wait<T extends TableName<DB>>(
    table: T,
    where: Where<DB, T>,
    until: '==' | '!=',
    rows: readonly Update<DB, T>[],
    options: { columns?: readonly ColumnName<DB, T>[]; timeoutMs?: number } = {},
  ): void {
    const schema = this.#lookup.table(table);
    const wireRows = rows.map((row) => {
      const wire: Wire = {};
      for (const [name, value] of Object.entries<unknown>(row)) {
        wire[name] = encodeColumn(this.#lookup.column(schema, name), value);
      }
      return wire;
    });
    const columns = options.columns ?? [...new Set(wireRows.flatMap((row) => Object.keys(row)))];
    for (const column of columns) this.#lookup.column(schema, column);
    const wireWhere = this.#where(schema, where);
    this.#wait(table, wireWhere, until, columns, wireRows, options.timeoutMs ?? 0);
    const uuid = until === '==' && rows.length === 1 ? chosenUuid(wireWhere) : undefined;
    if (uuid !== undefined) this.#guard(table, uuid);
  }

  /**
   * Lets the transaction go on only if these columns of a row still are what the replica showed. Reals cannot
   * be verified: the server prints them with 15 digits and compares them in full.
   */
  verify<T extends TableName<DB>>(
    table: T,
    row: Pick<Row<DB, T>, '_uuid'>,
    columns: readonly ColumnName<DB, T>[],
  ): void {
    const schema = this.#lookup.table(table);
    const wire: Wire = {};
    for (const name of columns) {
      const column = this.#lookup.column(schema, name);
      if (column.type.key.type === 'real' || column.type.value?.type === 'real') {
        throw new InvalidArgumentError(`${table}.${name} holds real numbers, which cannot be verified exactly`);
      }
      if (!Object.hasOwn(row, name)) throw new InvalidArgumentError(`verify: the row has no column ${name}`);
      wire[name] = encodeColumn(column, (row as unknown as RowData)[name]);
    }
    this.#wait(table, [['_uuid', '==', ['uuid', row._uuid]]], '==', columns, [wire], 0);
    this.#guard(table, row._uuid);
  }

  /** Lets the transaction go on only if the row still exists. Throws `InvalidArgumentError` for what is no uuid. */
  ensureExists<T extends TableName<DB>>(table: T, uuid: Uuid<T>): void {
    if (!isUuid(uuid)) throw new InvalidArgumentError(`"${String(uuid)}" is not the uuid of a row of ${table}`);
    this.#push(existenceGuard(this.#lookup.table(table).name, uuid));
    this.#guard(table, uuid);
  }

  /** Puts a text into the server's log of the transaction. Throws `InvalidArgumentError` for one that cannot be sent. */
  comment(text: string): void {
    const operation = { op: 'comment', comment: text };
    requireSendable(operation);
    this.#push(operation);
  }

  /**
   * Lets the transaction go on only while this client holds the lock, given by name or as what has its `name`.
   * Throws `InvalidArgumentError`.
   */
  assert(lock: string | { readonly name: string }): void {
    // Typed, but in JavaScript anything may come.
    const name: unknown = typeof lock === 'string' ? lock : (lock as { readonly name: unknown } | undefined)?.name;
    if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name)) {
      throw new InvalidArgumentError(`${printValue(name)} is no name of a lock: letters, digits and _, no digit first`);
    }
    this.#push({ op: 'assert', lock: name });
  }

  /** Asks for the result only once the transaction is on disk. */
  commitDurably(): void {
    this.#push({ op: 'commit', durable: true });
  }

  /** Gives the transaction up: nothing is sent, `transact` rejects with code `Aborted`. */
  abort(reason = 'the callback called abort()'): never {
    throw new TransactionError('Aborted', 'not-sent', `the transaction was given up: ${reason}`);
  }

  /**
   * Appends an operation as it stands: only whether it can be sent at all is checked. Pending: its result.
   * Throws `InvalidArgumentError`.
   */
  operation(operation: Operation): Pending<unknown> {
    requireSendable(operation);
    (this.#unchecked ??= new Set<Operation>()).add(operation);
    return this.#pend(operation, (result) => result);
  }

  /** Made for the commit: ends the building. */
  build(): BuiltTransaction {
    this.#built = true;
    const guarded = this.#guarded;
    const all = this.#inserted.supports();
    const supports = guarded === undefined ? all : all.filter(({ table, uuid }) => !guarded.has(`${table} ${uuid}`));
    const [support] = supports;
    const unchecked = this.#unchecked ?? NONE;
    return {
      guards: supports.map(({ table, uuid }) => existenceGuard(table, uuid)),
      tellingCount:
        support !== undefined && supports.length === 1 && unchecked.size === 0
          ? tellingCount(this.#operations, support, this.schema)
          : undefined,
      operations: this.#operations,
      inserts: this.#inserted.positions,
      pendings: this.#pendings ?? NONE,
      orphans: this.#inserted.orphans(this.#operations, unchecked),
      unchecked: unchecked.size > 0,
    };
  }

  #nextName(): string {
    return `${this.#prefix}row${this.#operations.length}`;
  }

  #insert<T extends string>(placeholder: NamedUuid<T>, row: object): NamedUuid<T> {
    const { name: uuidName, uuid } = placeholder;
    const table = this.#lookup.table(placeholder.table);
    const wire: Wire = {};
    // No pairs for what is done for each column of thousands of rows.
    for (const name of Object.keys(row)) {
      const value = (row as Readonly<Record<string, unknown>>)[name];
      const column = this.#lookup.writable(table, name, value);
      if (value !== undefined) wire[name] = encodeColumn(column, value, this.#inserted.onInsert(placeholder, column));
    }
    requireColumns(table, wire);
    this.#inserted.add(placeholder, table, wire, this.#operations.length);
    const op = 'insert';
    const { name } = table;
    this.#push(
      uuid === undefined ? { op, table: name, row: wire, 'uuid-name': uuidName } : { op, table: name, row: wire, uuid },
    );
    return placeholder;
  }

  #where(table: TableSchema, where: string | NamedUuid | readonly unknown[]): WireCondition[] {
    if (typeof where === 'string') {
      if (!isUuid(where)) {
        throw new InvalidArgumentError(`"${where}" is not the uuid of a row of ${table.name}; look the row up first`);
      }
      return [['_uuid', '==', ['uuid', where]]];
    }
    if (where instanceof NamedUuid) {
      this.#inserted.requireOwn(where);
      return [['_uuid', '==', where.toWire()]];
    }
    if (!Array.isArray(where)) {
      throw new InvalidArgumentError(
        `${printValue(where)} chooses no rows of ${table.name}: give a uuid or conditions`,
      );
    }
    return where.map((clause: unknown) => {
      const [column, fn, value] = clause as readonly [string, ConditionFunction, unknown];
      return encodeCondition(this.#lookup.column(table, column), fn, value, (target) =>
        this.#inserted.requireOwn(target),
      );
    });
  }

  #wait(
    table: string,
    where: readonly WireCondition[],
    until: '==' | '!=',
    columns: readonly string[],
    rows: readonly Wire[],
    timeoutMs: number,
  ): void {
    this.#push({ op: 'wait', table, where, until, columns, rows, timeout: timeoutMs });
  }

  #guard(table: string, uuid: string): void {
    (this.#guarded ??= new Set<string>()).add(`${table} ${uuid.toLowerCase()}`);
  }

  /** Appends an operation whose result the caller may ask for. */
  #pend<V>(operation: Operation, read: (result: OperationResult) => V): Pending<V> {
    const pending = new Pending(this.#push(operation), read);
    (this.#pendings ??= new Set<Pending<unknown>>()).add(pending);
    return pending;
  }

  /** Appends an operation; returns its position. */
  #push(operation: Operation): number {
    if (this.#built) {
      throw new InvalidArgumentError(
        `${describeOperation(operation)}: the callback of this transaction has returned, and what it asked for was sent; ` +
          'use another transaction',
      );
    }
    return this.#operations.push(operation) - 1;
  }
}

const NONE: ReadonlySet<never> = new Set<never>();

/** The uuid that conditions choose at most one row by. */
function chosenUuid(where: readonly WireCondition[]): string | undefined {
  const [, , value] = where.find(([column, fn]) => column === '_uuid' && fn === '==') ?? [];
  return Array.isArray(value) && value[0] === 'uuid' ? (value[1] as string) : undefined;
}

function countOf({ count }: OperationResult): number {
  return count ?? 0;
}
