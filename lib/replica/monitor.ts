/**
 * Keeps a replica true over one session: asks the server to send the chosen tables, takes the snapshot,
 * then every change. `monitor_cond_since` (ovsdb-server(7) 4.1.15) is tried first; servers that lack it
 * are asked with `monitor_cond`, then with RFC 7047's `monitor`.
 *
 * The reply's continuation runs after notifications that arrived in the same read, so updates are kept
 * back until the snapshot is in force.
 */
import { ProtocolError, RpcError } from '../errors.js';
import type { RpcSession } from '../rpc/session.js';
import { encodeCondition } from '../schema/codec.js';
import type { DatabaseSchema, TableSchema } from '../schema/schema.js';
import { ZERO_UUID } from '../schema/uuid.js';
import type { Replica, Updates } from './replica.js';
import type { TableRequest } from './table.js';

/** How the server keeps us up to date, newest way first. */
export type MonitorMethod = 'monitor_cond_since' | 'monitor_cond' | 'monitor';

const METHODS: readonly MonitorMethod[] = ['monitor_cond_since', 'monitor_cond', 'monitor'];
const NOTIFICATIONS: Readonly<Record<MonitorMethod, string>> = {
  monitor_cond_since: 'update3',
  monitor_cond: 'update2',
  monitor: 'update',
};

type Requests = Record<string, { readonly columns: readonly string[]; readonly where?: readonly unknown[] }[]>;

/** What {@link Monitor.start} found. */
export interface MonitorStart {
  readonly method: MonitorMethod;
  /** `delta`: the server sent only what changed since the last transaction that the replica knew. */
  readonly kind: 'snapshot' | 'delta';
}

/** The monitor of one replica. It outlives sessions: it remembers the last transaction's id. */
export class Monitor {
  readonly id: string;
  readonly #database: string;
  readonly #replica: Replica;
  #lastTransactionId: string = ZERO_UUID;
  #method: MonitorMethod = 'monitor_cond_since';
  /** Updates that came before the snapshot; undefined once it is in force. */
  #early: [method: string, params: readonly unknown[]][] | undefined = [];

  constructor(database: string, replica: Replica) {
    this.id = `ovn-northbound:${database}`;
    this.#database = database;
    this.#replica = replica;
  }

  /**
   * Starts monitoring on a new session and brings the replica up to date.
   * Rejects with `RpcError` when the server refuses all three methods, and as `RpcSession.request` does.
   */
  async start(
    session: RpcSession,
    schema: DatabaseSchema,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<MonitorStart> {
    this.#early = [];
    if (this.#replica.adopt(schema)) this.#lastTransactionId = ZERO_UUID;
    const requests = this.#requests(schema);
    let refusal: RpcError | undefined;
    for (const method of METHODS) {
      this.#method = method;
      const params = [this.#database, this.id, method === 'monitor' ? withoutConditions(requests) : requests];
      if (method === 'monitor_cond_since') params.push(this.#lastTransactionId);
      try {
        const options = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
        const kind = this.#prime(await session.request(method, params, options));
        return { method, kind };
      } catch (error) {
        if (error instanceof ProtocolError) this.#lastTransactionId = ZERO_UUID;
        if (!(error instanceof RpcError)) throw error;
        refusal ??= error;
      }
    }
    throw refusal as RpcError;
  }

  /**
   * Takes a notification of the session. Throws `ProtocolError` when it cannot be applied: the session must
   * then be closed and the replica be brought up to date on another.
   */
  handle(method: string, params: readonly unknown[]): void {
    if (method !== NOTIFICATIONS[this.#method] || params[0] !== this.id) return;
    if (this.#early === undefined) this.#apply(method, params);
    else this.#early.push([method, params]);
  }

  /** Tables whose condition could not be given to the server, which then sends every row. */
  get unconditioned(): readonly string[] {
    return [...this.#replica.stores.values()]
      .filter(({ request, shape }) => shape !== undefined && (request.where ?? []).length > 0)
      .filter(({ request, shape }) => this.#method === 'monitor' || !canSelect(request.where, shape?.table))
      .map(({ name }) => name);
  }

  #requests(schema: DatabaseSchema): Requests {
    const requests: Requests = {};
    for (const { name, shape, request } of this.#replica.stores.values()) {
      const table = schema.tables.get(name);
      if (table === undefined || shape === undefined) continue;
      const columns = [...shape.columns.keys()];
      const { where = [] } = request;
      if (where.length === 0 || !canSelect(where, table)) requests[name] = [{ columns }];
      else {
        const clauses = where.map(([column, fn, value]) => encodeCondition(table.column(column), fn, value));
        requests[name] = [{ columns, where: clauses }];
      }
    }
    return requests;
  }

  #prime(reply: unknown): MonitorStart['kind'] {
    const format: Updates['format'] = this.#method === 'monitor' ? 'v1' : 'v2';
    let kind: MonitorStart['kind'] = 'snapshot';
    if (this.#method === 'monitor_cond_since') {
      if (!Array.isArray(reply) || reply.length !== 3 || typeof reply[1] !== 'string') {
        throw new ProtocolError('the server answered monitor_cond_since without [found, last-txn-id, updates]');
      }
      const [found, lastTransactionId, tables] = reply as [unknown, string, unknown];
      if (found === true) {
        kind = 'delta';
        this.#replica.applyUpdates({ format, tables }, 'resync');
      } else this.#replica.applySnapshot({ format, tables });
      this.#lastTransactionId = lastTransactionId;
    } else {
      this.#replica.applySnapshot({ format, tables: reply });
      this.#lastTransactionId = ZERO_UUID;
    }
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const [method, params] of early) this.#apply(method, params);
    return kind;
  }

  #apply(method: string, params: readonly unknown[]): void {
    try {
      if (method === 'update3') {
        this.#replica.applyUpdates({ format: 'v2', tables: params[2] }, 'update');
        if (typeof params[1] === 'string') this.#lastTransactionId = params[1];
      } else this.#replica.applyUpdates({ format: method === 'update' ? 'v1' : 'v2', tables: params[1] }, 'update');
    } catch (error) {
      this.#lastTransactionId = ZERO_UUID;
      throw error;
    }
  }
}

/** A clause on a column that the server lacks cannot be put. Too many rows are better than too few. */
function canSelect(where: TableRequest['where'], table: TableSchema | undefined): boolean {
  return (where ?? []).every(([column]) => column === '_uuid' || table?.columns.has(column) === true);
}

function withoutConditions(requests: Requests): Requests {
  const bare = Object.entries(requests).map(([table, parts]): [string, Requests[string]] => [
    table,
    parts.map(({ columns }) => ({ columns })),
  ]);
  return Object.fromEntries(bare);
}
