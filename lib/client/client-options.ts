/** What a client is told when it is made. */
import { InvalidArgumentError } from '../errors.js';
import type { TableRequest } from '../replica/table.js';
import type { DatabaseSchema } from '../schema/schema.js';
import type { ColumnName, Condition, TableName } from '../schema/types.js';
import type { ClientWarning } from './client-state.js';
import type { OpenStream } from '../wire/stream.js';
import type { TlsOptions } from '../wire/tls.js';

/** Rows of a table: all (`true`), none (`false` or no clause), or those that meet at least one of the clauses. */
export type RowConditions<DB, T extends TableName<DB>> = boolean | readonly Condition<DB, T>[];

/** How one table is replicated. */
export interface TableOptions<DB, T extends TableName<DB>> {
  /** Columns to replicate. Default: all that the server has. */
  readonly columns?: readonly ColumnName<DB, T>[] | undefined;
  /**
   * Which rows to replicate at first: all (`true`, the default), none (`false`, or an empty list), or those that meet
   * at least one of these clauses. The server selects them, and rows that come to meet one, or no longer do, come and
   * go (ovsdb-server(7) 4.1.12; in a transaction's `where`, by contrast, every clause must hold). See
   * `setConditions` for changes later.
   */
  readonly where?: RowConditions<DB, T> | undefined;
  /**
   * Look-ups to keep beside those of the schema. Each is a list of parts: a column that holds at most one value,
   * or one key of a map column (`{ column, key }`); or, as the only part, a set column, which is indexed by member.
   */
  readonly indexes?: readonly (readonly (
    ColumnName<DB, T> | { readonly column: ColumnName<DB, T>; readonly key: string }
  )[])[];
}

/** Which tables a client replicates: all, some by name, or each with its own options. */
export type TableChoice<DB> =
  'all' | readonly TableName<DB>[] | { readonly [T in TableName<DB>]?: true | TableOptions<DB, T> };

/** The columns by table that follow from a {@link TableChoice}. */
export type SelectionOf<DB, O> = O extends 'all'
  ? { readonly [T in TableName<DB>]: ColumnName<DB, T> }
  : O extends readonly (infer N)[]
    ? { readonly [T in Extract<N, TableName<DB>>]: ColumnName<DB, T> }
    : {
        readonly [T in Extract<keyof O, TableName<DB>>]: O[T] extends { readonly columns: readonly (infer C)[] }
          ? Extract<C, ColumnName<DB, T>>
          : ColumnName<DB, T>;
      };

/** Options of a connection that do not depend on the database. */
export interface ConnectionOptions {
  /**
   * Where the servers are: `unix:PATH`, `tcp:HOST:PORT`, `ssl:HOST:PORT`, one or several, separated by commas or
   * as an array. They must serve the same database. An element `cid:UUID` makes the client follow members of that
   * cluster only. `ptcp:PORT[:HOST]`, `pssl:PORT[:HOST]` and `punix:PATH` listen and let the server connect.
   */
  readonly remotes: string | readonly string[];
  /** Keys and certificates for `ssl:` remotes. */
  readonly tls?: TlsOptions | undefined;
  /** Try the remotes in random order, which spreads clients over servers. Default true. */
  readonly shuffle?: boolean | undefined;
  /**
   * In a cluster, follow the leader only, which never answers with old contents and takes writes without a detour.
   * Default true; false accepts any member that is in touch with its cluster, and relays. Without meaning for
   * standalone servers.
   */
  readonly leaderOnly?: boolean | undefined;
  /**
   * Time for a connection and its TLS handshake, and again for the server's first answer, in milliseconds. Default
   * 10000. With several remotes a connection has less at first, 2000, which is doubled with each pause, so that one that
   * swallows packets does not keep the client from the others.
   */
  readonly connectTimeoutMs?: number | undefined;
  /** Time for the server to send the schema, in milliseconds. Default 10000. */
  readonly schemaTimeoutMs?: number | undefined;
  /** Time for the server to send the first snapshot, in milliseconds; doubled after each time-out. Default 60000. */
  readonly snapshotTimeoutMs?: number | undefined;
  /** Time that `connect` has in all to get in sync, over as many attempts as it takes, in milliseconds. Default 30000. */
  readonly readyTimeoutMs?: number | undefined;
  /** Wait after a first failure and longest wait between attempts, in milliseconds. Default 1000 and 8000. */
  readonly backoff?: { readonly minMs?: number; readonly maxMs?: number } | undefined;
  /** Silence after which the server is probed, and then given up, in milliseconds; 0: never. Default 5000, `unix:` 0. */
  readonly probeIntervalMs?: number | undefined;
  /** Transactions that may be under way at the same time; further ones wait for their turn. Default 1000. */
  readonly maxTransactionsInFlight?: number | undefined;
  /** Transactions that may wait for their turn; further ones are refused at once. Default 10000. */
  readonly maxTransactionsWaiting?: number | undefined;
  /** May transactions share one on the wire? See `coalesce` of `transact`, which decides for one. Default false. */
  readonly coalesceTransactions?: boolean | undefined;
  /** Makes the byte streams to servers, in place of sockets of this process. */
  readonly openStream?: OpenStream | undefined;
  /** Longest message accepted from the server, or row of a snapshot, in bytes. Default 256 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Listens to the event `warning` from the start: most warnings come while connecting. Default: process warnings. */
  readonly onWarning?: ((warning: ClientWarning) => void) | undefined;
  /** Gives up connecting; `connect` rejects with its reason. Of no effect once the client is connected. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a client of any database. */
export interface ClientOptions<DB, O extends TableChoice<DB> = TableChoice<DB>> extends ConnectionOptions {
  /** Name of the database, for example `OVN_Northbound`. */
  readonly database: string;
  /** What to replicate. */
  readonly tables: O;
  /**
   * The schema that the caller's types were generated from. Where the server's is older, what it lacks is absent,
   * and a `warning` says so once. Without it, every table and column that is named must exist.
   */
  readonly schema?: DatabaseSchema | undefined;
  /** Tables without which connecting makes no sense, even if the server's schema is older. */
  readonly requiredTables?: readonly TableName<DB>[] | undefined;
}

/** {@link ClientOptions} without their types: what the client works with. */
export interface ErasedClientOptions extends ConnectionOptions {
  readonly database: string;
  readonly tables: 'all' | readonly string[] | Readonly<Record<string, true | Omit<TableRequest, 'table'> | undefined>>;
  readonly schema?: DatabaseSchema | undefined;
  readonly requiredTables?: readonly string[] | undefined;
}

/** A choice of tables as the replica takes it. Throws `InvalidArgumentError` for conditions that are none. */
export function tableRequests({ tables }: Pick<ErasedClientOptions, 'tables'>): readonly TableRequest[] | 'all' {
  if (tables === 'all') return tables;
  if (isNameList(tables)) return tables.map((table) => ({ table }));
  return Object.entries(tables).flatMap(([table, options]) => {
    if (options === undefined) return [];
    if (options !== true) requireConditions(table, options.where ?? true);
    return [options === true ? { table } : { ...options, table }];
  });
}

/** Callers without types may give anything: throws `InvalidArgumentError` for what is neither a boolean nor clauses. */
export function requireConditions(table: string, given: unknown): void {
  if (typeof given === 'boolean') return;
  if (Array.isArray(given) && given.every((clause) => Array.isArray(clause))) return;
  throw new InvalidArgumentError(`the conditions of ${table} are true, false, or a list of [column, function, value]`);
}

function isNameList(tables: object): tables is readonly string[] {
  return Array.isArray(tables);
}
