/**
 * What a transaction's callback is given: each call appends one operation, checked against the server's
 * schema as it is made, so that a bad value throws at the line that gave it and nothing is sent.
 */
import { InvalidArgumentError, printValue, ProtocolError, ValidationError } from '../errors.js';
import type { RowData } from '../replica/row.js';
import type { ReplicaTables, WholeTables } from '../replica/tables.js';
import { decodeColumn, encodeColumn, encodeCondition, encodeMutation, requireColumns } from '../schema/codec.js';
import type { Mutator, OnNamedUuid } from '../schema/codec.js';
import type { ColumnSchema, DatabaseSchema, TableSchema } from '../schema/schema.js';
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
import type { Operation, OperationResult } from './operations.js';
import { Pending } from './pending.js';
import { InsertedReferences, type Holder } from './references.js';
import { TransactionError } from './transaction-error.js';

type Wire = Record<string, unknown>;
type WireCondition = readonly [string, string, unknown];

/** Everything that one callback asked for, ready to send. */
export interface BuiltTransaction {
  /** Waits that go before the operations: the rows that inserted rows hang on must still exist. */
  readonly guards: readonly Operation[];
  readonly operations: readonly Operation[];
  /** Positions of the inserts among the operations, by the placeholder that the callback holds. */
  readonly inserts: ReadonlyMap<NamedUuid, number>;
  /** Descriptions of inserted rows that nothing would keep alive. */
  readonly orphans: readonly string[];
}

/** Builds one transaction; see RFC 7047 §5.2 for what each operation does. */
export class Transaction<DB, S = WholeTables<DB>> {
  /** The replica's tables as they are now; what this transaction does is not in them yet. */
  readonly tables: ReplicaTables<DB, S>;
  readonly #schema: DatabaseSchema;
  readonly #operations: Operation[] = [];
  readonly #inserts = new Map<NamedUuid, number>();
  readonly #references = new InsertedReferences();
  readonly #guarded = new Set<string>();

  /** Made by the client, not by callers. */
  constructor(schema: DatabaseSchema, tables: ReplicaTables<DB, S>) {
    this.#schema = schema;
    this.tables = tables;
  }

  /** The schema of the server that the transaction goes to. */
  get schema(): DatabaseSchema {
    return this.#schema;
  }

  /**
   * Inserts a row and returns a placeholder for it, which can be used as a reference in the same transaction
   * and becomes the row's uuid when returned from the callback. Columns left out take their defaults.
   * A row of a non-root table must be referred to by a row that stays, or the transaction is refused with
   * `OrphanInsert`. Throws `ValidationError`, `SchemaError`.
   */
  insert<T extends TableName<DB>>(table: T, row: Insert<DB, T>): NamedUuid<T> {
    const name = `row${this.#operations.length}`;
    return this.#insert(new NamedUuid(table, name), row, { 'uuid-name': name });
  }

  /**
   * Inserts a row whose uuid the caller chooses, so that a repeated insert fails instead of making a second
   * row (ovsdb-server(7) 4.1.3, since OVS 2.13). Otherwise as {@link insert}.
   */
  insertWithUuid<T extends TableName<DB>>(table: T, uuid: Uuid<T>, row: Insert<DB, T>): NamedUuid<T> {
    if (!isUuid(uuid)) throw new InvalidArgumentError(`insert into ${table}: "${String(uuid)}" is not a uuid`);
    return this.#insert(new NamedUuid(table, `row${this.#operations.length}`, uuid), row, { uuid });
  }

  /** Overwrites the columns given, in every row that `where` chooses. Pending: the number of rows. */
  update<T extends TableName<DB>>(table: T, where: Where<DB, T>, columns: Update<DB, T>): Pending<number> {
    const schema = this.#schema.table(table);
    const row: Wire = {};
    for (const [column, value] of this.#columns(schema, columns)) {
      if (!column.mutable) throw new ValidationError(table, column.name, value, 'may be set by an insert only');
      row[column.name] = encodeColumn(column, value, this.#holderOf(table, where));
    }
    return this.#push({ op: 'update', table, where: this.#where(schema, where), row }, countOf);
  }

  /** Changes columns in place, without needing to know their values. Pending: the number of rows. */
  mutate<T extends TableName<DB>>(table: T, where: Where<DB, T>, mutations: Mutations<DB, T>): Pending<number> {
    const schema = this.#schema.table(table);
    const wire: unknown[] = [];
    for (const [column, mutation] of this.#columns(schema, mutations)) {
      if (mutation === undefined) continue;
      for (const [mutator, value] of mutatorsOf(column, mutation)) {
        const onReference = mutator === 'insert' ? this.#holderOf(table, where) : undefined;
        wire.push(encodeMutation(column, mutator, value, onReference));
      }
    }
    return this.#push({ op: 'mutate', table, where: this.#where(schema, where), mutations: wire }, countOf);
  }

  /**
   * Deletes every row that `where` chooses. Pending: the number of rows. A row of a non-root table is deleted
   * by removing the references to it instead.
   */
  delete<T extends TableName<DB>>(table: T, where: Where<DB, T>): Pending<number> {
    return this.#push({ op: 'delete', table, where: this.#where(this.#schema.table(table), where) }, countOf);
  }

  /** Reads rows from the server, as they are at this point of the transaction. Pending: the rows. */
  select<T extends TableName<DB>, C extends ColumnName<DB, T> = ColumnName<DB, T>>(
    table: T,
    where: Where<DB, T>,
    columns?: readonly C[],
  ): Pending<readonly Pick<Row<DB, T>, C | '_uuid'>[]> {
    const schema = this.#schema.table(table);
    const chosen = columns === undefined ? [...schema.columns.values()] : columns.map((name) => schema.column(name));
    const operation = {
      op: 'select',
      table,
      where: this.#where(schema, where),
      columns: ['_uuid', ...chosen.map(({ name }) => name)],
    };
    return this.#push(operation, ({ rows = [] }) =>
      rows.map((row) => decodeSelected(chosen, row as Wire) as Pick<Row<DB, T>, C | '_uuid'>),
    );
  }

  /**
   * Lets the transaction go on only if the rows that `where` chooses have (`==`), or have not (`!=`), exactly
   * these contents in `columns`. `timeoutMs` 0, the default, decides at once; else the server waits so long.
   * A wait that fails is a conflict: the callback is run again on fresh data, a bounded number of times.
   */
  wait<T extends TableName<DB>>(
    table: T,
    where: Where<DB, T>,
    until: '==' | '!=',
    rows: readonly Update<DB, T>[],
    options: { columns?: readonly ColumnName<DB, T>[]; timeoutMs?: number } = {},
  ): void {
    const schema = this.#schema.table(table);
    const wireRows = rows.map((row) => {
      const wire: Wire = {};
      for (const [column, value] of this.#columns(schema, row)) {
        wire[column.name] = encodeColumn(column, value);
      }
      return wire;
    });
    const columns = options.columns ?? [...new Set(wireRows.flatMap((row) => Object.keys(row)))];
    for (const column of columns) schema.column(column);
    this.#wait(table, this.#where(schema, where), until, columns, wireRows, options.timeoutMs ?? 0);
    if (typeof where === 'string' && until === '==' && rows.length === 1) this.#guard(table, where);
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
    const schema = this.#schema.table(table);
    const wire: Wire = {};
    for (const name of columns) {
      const column = schema.column(name);
      if (column.type.key.type === 'real' || column.type.value?.type === 'real') {
        throw new InvalidArgumentError(`${table}.${name} holds real numbers, which cannot be verified exactly`);
      }
      if (!Object.hasOwn(row, name)) throw new InvalidArgumentError(`verify: the row has no column ${name}`);
      wire[name] = encodeColumn(column, (row as unknown as RowData)[name]);
    }
    this.#wait(table, [['_uuid', '==', ['uuid', row._uuid]]], '==', columns, [wire], 0);
    this.#guard(table, row._uuid);
  }

  /** Lets the transaction go on only if the row still exists. */
  ensureExists<T extends TableName<DB>>(table: T, uuid: Uuid<T>): void {
    this.#push(existenceGuard(this.#schema.table(table).name, uuid), () => undefined);
    this.#guard(table, uuid);
  }

  /** Puts a text into the server's log of the transaction. */
  comment(text: string): void {
    this.#push({ op: 'comment', comment: text }, () => undefined);
  }

  /** Lets the transaction go on only while this client holds the lock. */
  assert(lock: string): void {
    this.#push({ op: 'assert', lock }, () => undefined);
  }

  /** Asks for the result only once the transaction is on disk. */
  commitDurably(): void {
    this.#push({ op: 'commit', durable: true }, () => undefined);
  }

  /** Gives the transaction up: nothing is sent, `transact` rejects with code `Aborted`. */
  abort(reason = 'the callback called abort()'): never {
    throw new TransactionError('Aborted', 'not-sent', `the transaction was given up: ${reason}`);
  }

  /** Appends an operation as it stands, unchecked. Pending: its result. */
  operation(operation: Operation): Pending<unknown> {
    return this.#push(operation, (result) => result);
  }

  /** Made for the commit: ends the building. */
  build(): BuiltTransaction {
    const supports = this.#references.supports().filter(({ table, uuid }) => !this.#isGuarded(table, uuid));
    return {
      guards: supports.map(({ table, uuid }) => existenceGuard(table, uuid)),
      operations: this.#operations,
      inserts: this.#inserts,
      orphans: this.#references.orphans(),
    };
  }

  #insert<T extends string>(placeholder: NamedUuid<T>, row: object, identity: Wire): NamedUuid<T> {
    const table = this.#schema.table(placeholder.table);
    const wire: Wire = {};
    const noteReference = this.#noteReferences({ inserted: placeholder.name });
    for (const [column, value] of this.#columns(table, row)) {
      if (value !== undefined) wire[column.name] = encodeColumn(column, value, noteReference);
    }
    requireColumns(table, wire);
    const label = Object.hasOwn(wire, 'name') ? ` named ${printValue(wire['name'])}` : '';
    this.#references.addInsert(placeholder.name, table.isRoot, `the row${label} inserted into ${table.name}`);
    this.#inserts.set(placeholder, this.#operations.length);
    this.#push({ op: 'insert', table: table.name, row: wire, ...identity }, () => undefined);
    return placeholder;
  }

  /** The column schemas and values of a caller's object. Throws `SchemaError` for a column that the server lacks. */
  #columns<V>(table: TableSchema, row: Readonly<Record<string, V>> | object): [ColumnSchema, V][] {
    return Object.entries(row as Record<string, V>).map(([name, value]) => [table.column(name), value]);
  }

  #where(table: TableSchema, where: string | NamedUuid | readonly unknown[]): WireCondition[] {
    if (typeof where === 'string') {
      if (!isUuid(where)) {
        throw new InvalidArgumentError(`"${where}" is not the uuid of a row of ${table.name}; look the row up first`);
      }
      return [['_uuid', '==', ['uuid', where]]];
    }
    if (where instanceof NamedUuid) return [['_uuid', '==', where.toWire()]];
    return where.map((clause) => {
      const [column, fn, value] = clause as readonly [string, ConditionFunction, unknown];
      return encodeCondition(table.column(column), fn, value);
    });
  }

  /** Who will hold the references in a change of existing rows; conditions do not say which rows those are. */
  #holderOf(table: string, where: string | NamedUuid | readonly unknown[]): OnNamedUuid {
    if (typeof where === 'string') return this.#noteReferences({ existing: { table, uuid: where as Uuid } });
    if (where instanceof NamedUuid) return this.#noteReferences({ inserted: where.name });
    return (_target, refType) => {
      if (refType !== 'strong') return;
      throw new InvalidArgumentError(
        `a reference to an inserted row can only be given to a row of ${table} that is chosen by its uuid: ` +
          'if the condition met no row, the inserted row would be lost',
      );
    };
  }

  #noteReferences(holder: Holder): OnNamedUuid {
    return (target, refType) => {
      if (refType === 'strong') this.#references.addReference(holder, target.name);
    };
  }

  #wait(
    table: string,
    where: readonly WireCondition[],
    until: '==' | '!=',
    columns: readonly string[],
    rows: readonly Wire[],
    timeoutMs: number,
  ): void {
    this.#push({ op: 'wait', table, where, until, columns, rows, timeout: timeoutMs }, () => undefined);
  }

  #guard(table: string, uuid: string): void {
    this.#guarded.add(`${table} ${uuid}`);
  }

  #isGuarded(table: string, uuid: string): boolean {
    return this.#guarded.has(`${table} ${uuid}`);
  }

  #push<V>(operation: Operation, read: (result: OperationResult) => V): Pending<V> {
    return new Pending(this.#operations.push(operation) - 1, read);
  }
}

function existenceGuard(table: string, uuid: Uuid): Operation {
  const identity = ['uuid', uuid];
  return {
    op: 'wait',
    table,
    where: [['_uuid', '==', identity]],
    columns: ['_uuid'],
    until: '==',
    rows: [{ _uuid: identity }],
    timeout: 0,
  };
}

function countOf({ count }: OperationResult): number {
  return count ?? 0;
}

const ARITHMETIC = { add: '+=', subtract: '-=', multiply: '*=', divide: '/=', modulo: '%=' } as const;

/** The mutators (RFC 7047 §5.1) of one column's mutation, deletions before insertions. */
function mutatorsOf(column: ColumnSchema, mutation: unknown): [Mutator, unknown][] {
  if (typeof mutation !== 'object' || mutation === null) {
    throw new ValidationError(column.table, column.name, mutation, 'is no mutation such as { insert: [...] }');
  }
  const mutators: [Mutator, unknown][] = [];
  const additions: [Mutator, unknown][] = [];
  for (const [name, value] of Object.entries(mutation)) {
    if (value === undefined) continue;
    if (Object.hasOwn(ARITHMETIC, name)) mutators.push([ARITHMETIC[name as keyof typeof ARITHMETIC], value]);
    else if (name === 'delete') mutators.push(['delete', value]);
    else if (name === 'insert') additions.push(['insert', value]);
    else if (name === 'set' && column.kind === 'map') {
      mutators.push(['delete', keysOf(value)]);
      additions.push(['insert', value]);
    } else {
      throw new ValidationError(column.table, column.name, mutation, `has no mutation named "${name}"`);
    }
  }
  return [...mutators, ...additions];
}

function keysOf(map: unknown): unknown[] {
  if (map instanceof Map) return [...(map as Map<unknown, unknown>).keys()];
  return typeof map === 'object' && map !== null ? Object.keys(map) : [];
}

function decodeSelected(columns: readonly ColumnSchema[], wire: Wire): RowData {
  const row: Record<string, unknown> = { _uuid: decodeUuid(wire['_uuid']) };
  for (const column of columns) row[column.name] = decodeColumn(column, wire[column.name]);
  return Object.freeze(row) as RowData;
}

function decodeUuid(json: unknown): Uuid {
  const uuid: unknown = Array.isArray(json) ? json[1] : undefined;
  if (isUuid(uuid)) return uuid;
  throw new ProtocolError('the server answered a select with a row that has no _uuid');
}
