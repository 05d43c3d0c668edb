/** A database in memory: its schema, its rows, and the transactions that change them (RFC 7047 §4.1.3, §5.2). */
import type { StoredRow } from './stored-row.js';
import type { ServerSchema } from './database-schema.js';
import type { Column } from './table-schema.js';
import type { Json } from './json-text.js';

/** What happened to one row: inserted without `before`, deleted without `after`, else modified. */
export interface RowChange {
  readonly before: StoredRow | undefined;
  readonly after: StoredRow | undefined;
  /** Of a modified row, the columns that changed, without `_version`; else empty. */
  readonly changed: readonly Column[];
}

/** A transaction that changed something. */
export interface Commit {
  readonly id: string;
  /** Table name to uuid to change. No table and no row without a change. */
  readonly changes: ReadonlyMap<string, ReadonlyMap<string, RowChange>>;
}

/** What a transaction must know of who asks for it. */
export interface ExecuteContext {
  /** For `assert`: does the client own the lock of this name? */
  ownsLock(id: string): boolean;
  /** For `wait`: how long ago the request came, 0 at the first try. */
  readonly elapsedMs: number;
  /** True where the client may only read. */
  readonly readOnly?: boolean;
}

/** How a transaction went. */
export type Execution =
  | { readonly done: true; readonly result: Json[] }
  /** A `wait` holds: execute the same operations again after the next commit, or when this time has passed. */
  | { readonly done: false; readonly waitMs: number };

/** What a database may be given from outside. */
export interface DatabaseOptions {
  /** Makes uuids for rows, versions and commits. Default: random ones. */
  readonly makeUuid?: () => string;
}

/** The rows of one table. */
export interface TableRows {
  readonly rows: ReadonlyMap<string, StoredRow>;
}

/** See the head of this file. */
export declare class Database {
  /** @throws Refusal when the schema is malformed. */
  constructor(schemaJson: unknown, options?: DatabaseOptions);
  get name(): string;
  get schema(): ServerSchema;
  /** The schema as `get_schema` prints it. */
  get schemaJson(): Json;
  /** The rows of a table; throws for a name that the schema lacks (see `schema.tables`). */
  table(name: string): TableRows;
  /** Executes the operations of a `transact` request, without the name of the database before them. */
  execute(operations: readonly unknown[], context: ExecuteContext): Execution;
  /** Calls back for each transaction that changed something, before `execute` returns. Returns what ends it. */
  onCommit(listener: (commit: Commit) => void): () => void;
  /** Converts the contents to another schema; the error object when that fails and nothing has changed. */
  convert(schemaJson: unknown): Json | undefined;
}
