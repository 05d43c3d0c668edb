/** A database in memory: its schema, its rows, and the transactions that change them (RFC 7047 §4.1.3, §5.2). */
import { randomUUID } from 'node:crypto';

import { InvalidArgumentError } from '../../errors.js';
import { commit, forgetOrigins, type Commit } from './commit.js';
import { convertTables } from './convert.js';
import { parseServerSchema, schemaJson, type ServerSchema } from './database-schema.js';
import type { Json } from './json-text.js';
import { MemberParser } from './member-parser.js';
import { OPERATIONS, Waiting, type Execution as OperationExecution } from './operations.js';
import { Refusal } from './refusal.js';
import type { StoredRow } from './stored-row.js';
import { SymbolTable } from './symbol-table.js';
import { Table } from './table.js';
import { Transaction } from './transaction.js';

export type { Commit, RowChange } from './commit.js';

/** What a transaction must know of who asks for it. */
export interface ExecuteContext {
  /** For `assert`: does the client own the lock of this name? */
  ownsLock(id: string): boolean;
  /** For `wait`: how long ago the request came, 0 at the first try, in whole milliseconds. */
  readonly elapsedMs: number;
  /** True where the client may only read. */
  readonly readOnly?: boolean;
  /** True for the server itself, which writes what is reserved for it. */
  readonly internal?: boolean;
}

/** How a transaction went. */
export type Execution =
  | { readonly done: true; readonly result: Json[] }
  /**
   * A `wait` holds, and nothing has changed: execute the same operations again after the next commit, or when this
   * time has passed (`Infinity` when the operation sets no limit).
   */
  | { readonly done: false; readonly waitMs: number };

/** What a database may be given from outside. */
export interface DatabaseOptions {
  /** Makes uuids for rows, versions and commits. Default: random ones. */
  readonly makeUuid?: () => string;
}

/** The rows of one table by uuid. */
export interface TableRows {
  readonly rows: ReadonlyMap<string, StoredRow>;
}

/** See the head of this file. */
export class Database {
  #schema: ServerSchema;
  #schemaJson: Json | undefined;
  #tables: ReadonlyMap<string, Table>;
  readonly #makeUuid: () => string;
  readonly #listeners = new Set<(commit: Commit) => void>();

  /** @throws Refusal when the schema is malformed. */
  constructor(json: unknown, options: DatabaseOptions = {}) {
    this.#schema = parseServerSchema(json);
    this.#tables = makeTables(this.#schema);
    this.#makeUuid = options.makeUuid ?? randomUUID;
  }

  get name(): string {
    return this.#schema.name;
  }

  get schema(): ServerSchema {
    return this.#schema;
  }

  /** The schema as `get_schema` prints it. */
  get schemaJson(): Json {
    return (this.#schemaJson ??= schemaJson(this.#schema));
  }

  /**
   * The rows of a table.
   * @throws InvalidArgumentError when the schema has no table of this name.
   */
  table(name: string): TableRows {
    const table = this.#tables.get(name);
    if (table === undefined) throw new InvalidArgumentError(`Database ${this.name} has no table ${name}`);
    return table;
  }

  /** Executes the operations of a `transact` request, without the name of the database before them. Never throws. */
  execute(operations: readonly unknown[], context: ExecuteContext): Execution {
    const transaction = new Transaction(this.#tables, this.#makeUuid);
    const execution: OperationExecution = {
      transaction,
      tables: this.#tables,
      symbols: new SymbolTable(this.#makeUuid),
      elapsedMs: context.elapsedMs,
      ownsLock: (id) => context.ownsLock(id),
    };
    const result: Json[] = [];
    try {
      for (let i = 0; i < operations.length; i++) {
        const what = `ovsdb operation ${i + 1} of ${operations.length}`;
        const parser = new MemberParser(operations[i], what);
        const done = this.#operate(execution, parser);
        this.#checkWritable(operations[i], context);
        result.push(done);
      }
    } catch (error) {
      transaction.abort();
      if (error instanceof Waiting) return { done: false, waitMs: error.waitMs };
      if (!(error instanceof Refusal)) throw error;
      result.push(error.toJson());
      while (result.length < operations.length) result.push(null);
      return { done: true, result };
    }
    this.#commit(transaction, result);
    return { done: true, result };
  }

  #operate(execution: OperationExecution, parser: MemberParser): Json {
    const name = parser.required('op', 'id') as string;
    const operation = OPERATIONS.get(name);
    if (operation === undefined) parser.fail(`No operation "${name}"`);
    try {
      return operation?.execute(execution, parser) ?? null;
    } finally {
      // What is wrong with the members of an operation is said rather than anything else that is wrong.
      parser.finish();
    }
  }

  #checkWritable(operation: unknown, context: ExecuteContext): void {
    if (context.internal === true || (context.readOnly !== true && !this.name.startsWith('_'))) return;
    const { op: name } = operation as { readonly op: string };
    if (OPERATIONS.get(name)?.readOnly !== false) return;
    if (context.readOnly === true) {
      const details = `${name} operation not allowed when database server is in read only mode`;
      throw new Refusal('not allowed', details);
    }
    throw new Refusal('not allowed', `${name} operation not allowed on table in reserved database ${this.name}`);
  }

  #commit(transaction: Transaction, result: Json[]): void {
    let committed: Commit | undefined;
    try {
      committed = commit(transaction);
    } catch (error) {
      transaction.abort();
      if (!(error instanceof Refusal)) throw error;
      result.push(error.toJson());
      return;
    }
    transaction.end();
    if (committed === undefined || committed.changes.size === 0) return;
    for (const listener of [...this.#listeners]) listener(committed);
    forgetOrigins(committed);
  }

  /**
   * Calls back for each transaction that changed something, before `execute` returns, so that updates can be sent
   * before the reply. Returns what ends it.
   */
  onCommit(listener: (commit: Commit) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Converts the contents to another schema of the same name. No listener is told: all rows are new, with the uuids
   * that they had. Returns the `<error>` when that fails, and nothing has changed.
   */
  convert(json: unknown): Json | undefined {
    try {
      const schema = parseServerSchema(json);
      if (schema.name !== this.name) {
        const details = `new schema name (${schema.name}) does not match database name (${this.name})`;
        throw new Refusal('invalid parameters', details);
      }
      const tables = makeTables(schema);
      convertTables(this.#tables, tables, this.#makeUuid);
      this.#schema = schema;
      this.#schemaJson = undefined;
      this.#tables = tables;
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error.toJson();
      throw error;
    }
  }
}

function makeTables(schema: ServerSchema): ReadonlyMap<string, Table> {
  return new Map([...schema.tables].map(([name, table]) => [name, new Table(table)]));
}
