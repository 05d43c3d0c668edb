/**
 * Keeps a replica true over one session after the other: asks the server to send the chosen tables, takes the
 * snapshot, then every change. `monitor_cond_since` (ovsdb-server(7) 4.1.15) is tried first; servers that lack it
 * are asked with `monitor_cond`, then with RFC 7047's `monitor`.
 *
 * The reply's continuation runs after notifications that arrived in the same read, so updates are kept
 * back until the snapshot is in force.
 */
import { ProtocolError, RpcError, TimeoutError, type OvsdbError } from '../errors.js';
import type { RpcSession } from '../rpc/session.js';
import type { DatabaseSchema } from '../schema/schema.js';
import { isUuid, ZERO_UUID } from '../schema/uuid.js';
import { performance } from '../timer.js';
import { WaitList, type WaitLimits } from '../wait-list.js';
import { ArrivingRows } from './arriving-rows.js';
import { canSelect, checkConditions, Conditions, encodeConditions, type RuntimeConditions } from './conditions.js';
import { formatOf, METHODS, NOTIFICATIONS, type MonitorMethod } from './monitor-method.js';
import type { Replica } from './replica.js';
import type { Snapshot } from './snapshot.js';

/** A server sends updates after the snapshot; a few may be read before its reply has been dealt with. */
const MAX_EARLY_UPDATES = 10_000;

type Requests = Record<string, { readonly columns: readonly string[]; readonly where?: readonly unknown[] }[]>;

/** What {@link Monitor.start} found. */
export interface MonitorStart {
  readonly method: MonitorMethod;
  /** `delta`: the server sent only what changed since the last transaction that the replica knew. */
  readonly kind: 'snapshot' | 'delta';
}

/** Up to which revision of the conditions the replica reflects them, or the server has refused them. */
interface Reflection {
  readonly revision: number;
  readonly refusal?: Error;
}

/** What a monitor tells its owner. */
export interface MonitorHandlers {
  /** From now on the replica reflects the newest conditions of these tables. */
  onConditions(tables: readonly string[]): void;
}

/** The monitor of one replica. It outlives sessions: it remembers the last transaction's id. */
export class Monitor {
  readonly id: string;
  readonly #database: string;
  readonly #replica: Replica;
  readonly #handlers: MonitorHandlers | undefined;
  readonly #conditions = new Conditions();
  /** Those who wait for the replica to reflect a revision of the conditions. */
  readonly #reflected = new WaitList<Reflection>();
  #reflectedRevision = 0;
  /** Tables with new conditions that nobody was told of yet. */
  readonly #untold = new Set<string>();
  #lastTransactionId: string = ZERO_UUID;
  #method: MonitorMethod = 'monitor_cond_since';
  /** Updates that came before the snapshot; undefined once it is in force. */
  #early: [method: string, params: readonly unknown[]][] | undefined = [];
  /** The session on which the server knows this monitor. */
  #session: RpcSession | undefined;
  #schema: DatabaseSchema | undefined;
  #everStarted = false;
  #timeoutMs: number | undefined;
  /** Resolves when the start that is under way, if there is one, has ended. */
  #started: Promise<void> | undefined;
  /** Raised with everything that makes the server forget its conditions. */
  #epoch = 0;
  /** Is a change of conditions under way? */
  #changing = false;
  #closed: Error | undefined;

  /** `id` names the monitor to the server and must differ from that of other monitors of the same client. */
  constructor(
    database: string,
    replica: Replica,
    id: string = `ovn-northbound:${database}`,
    handlers?: MonitorHandlers,
  ) {
    this.id = id;
    this.#database = database;
    this.#replica = replica;
    this.#handlers = handlers;
    for (const { name, request } of replica.stores.values()) this.#conditions.want(name, request.where ?? true);
  }

  /** Does the server keep the replica up to date over this session? */
  isActiveOn(session: RpcSession): boolean {
    return this.#session === session && this.#early === undefined && !session.closed;
  }

  /**
   * Starts monitoring on a session and brings the replica up to date; also once more on the same session.
   * While another start is under way, that is waited for.
   * Rejects with `ValidationError`, the first time, for conditions that make no sense; with `RpcError` when the server
   * refuses all three methods; with the reason of {@link Monitor.close}; and as `RpcSession.request` does.
   */
  start(session: RpcSession, schema: DatabaseSchema, timeoutMs: number, signal?: AbortSignal): Promise<MonitorStart> {
    const begin = (): Promise<MonitorStart> => this.#start(session, schema, timeoutMs, signal);
    const start = this.#started === undefined ? begin() : this.#started.then(begin);
    const ended = (): void => {
      if (this.#started === started) this.#started = undefined;
    };
    const started = (this.#started = start.then(ended, ended));
    return start;
  }

  async #start(
    session: RpcSession,
    schema: DatabaseSchema,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<MonitorStart> {
    const options = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    if (this.#session === session) await this.#cancel(session, options);
    this.#session = session;
    if (!this.#everStarted) this.#checkConditions(schema);
    this.#schema = schema;
    this.#timeoutMs = timeoutMs;
    this.#early = [];
    if (this.#replica.adopt(schema)) this.#lastTransactionId = ZERO_UUID;
    // A change of conditions that was under way when its session ended may or may not be in the server's history.
    if (this.#changing) this.#lastTransactionId = ZERO_UUID;
    this.#changing = false;
    this.#epoch++;
    // That history is one of the rows under the old conditions, so new ones follow later; a snapshot can have the new.
    const resumes = this.#lastTransactionId !== ZERO_UUID;
    const { revision } = this.#conditions;
    const applied = new Map<string, RuntimeConditions>();
    for (const table of this.#replica.stores.keys()) {
      applied.set(table, resumes ? this.#conditions.acknowledged(table) : this.#conditions.wanted(table));
    }
    const started = await this.#request(session, this.#requests(schema, applied), options);
    this.#everStarted = true;
    for (const [table, conditions] of applied) this.#conditions.acknowledge(table, conditions);
    if (!resumes) this.#reflect(revision);
    void this.#changeConditions();
    return started;
  }

  /**
   * Takes a notification of the session. Throws `ProtocolError` when it cannot be applied: the session must
   * then be closed and the replica be brought up to date on another.
   */
  handle(method: string, params: readonly unknown[]): void {
    if (method !== NOTIFICATIONS[this.#method] || params[0] !== this.id) return;
    if (this.#early === undefined) this.#apply(method, params);
    else if (this.#early.push([method, params]) > MAX_EARLY_UPDATES) {
      throw new ProtocolError(`the server sent more than ${MAX_EARLY_UPDATES} updates before the snapshot`);
    }
  }

  /** The server has given this monitor up (`monitor_canceled`): its database changed or went. */
  canceled(): void {
    this.#session = undefined;
    this.#early = [];
    this.#epoch++;
    // What the server keeps of its history does not survive that.
    this.#lastTransactionId = ZERO_UUID;
  }

  /**
   * Says which rows of some tables are wanted from now on; resolves when the replica reflects it. Before the first
   * connection, and while there is none, that takes until the next.
   * Rejects with `RpcError` when the server refuses, with the signal's reason, with `TimeoutError`, and with
   * `ClosedError` when the monitor ends.
   */
  async setConditions(conditions: ReadonlyMap<string, RuntimeConditions>, limits: WaitLimits = {}): Promise<void> {
    this.#throwIfClosed();
    for (const [name, wanted] of conditions) {
      const table = this.#schema?.tables.get(name);
      // Before anything changes.
      if (table !== undefined) checkConditions(table, wanted);
    }
    limits.signal?.throwIfAborted();
    for (const [name, wanted] of conditions) if (this.#conditions.want(name, wanted)) this.#untold.add(name);
    const { revision } = this.#conditions;
    void this.#changeConditions();
    const { signal, timeoutMs = Infinity } = limits;
    const endsAt = performance.now() + timeoutMs;
    while (this.#reflectedRevision < revision) {
      const reached = await this.#reflected.wait({ signal, timeoutMs: endsAt - performance.now() }, () => {
        const what = `the conditions of ${[...conditions.keys()].join(', ')} were not in force within ${timeoutMs} ms`;
        return new TimeoutError(`${what}; they will be once the server has taken them`, timeoutMs);
      });
      if (reached.revision >= revision && reached.refusal !== undefined) throw reached.refusal;
    }
  }

  /** Tables whose condition could not be given to the server, which then sends every row. */
  get unconditioned(): readonly string[] {
    return [...this.#replica.stores.values()]
      .filter(({ shape, name }) => shape !== undefined && this.#conditions.wanted(name) !== true)
      .filter(
        ({ shape, name }) => this.#method === 'monitor' || !canSelect(shape?.table, this.#conditions.wanted(name)),
      )
      .map(({ name }) => name);
  }

  /** Ends the monitor for good: the server is told, and whoever waits gets `reason`. */
  close(reason: Error): void {
    this.#closed = reason;
    this.#epoch++;
    this.#reflected.rejectAll(reason);
    const session = this.#session;
    this.#session = undefined;
    if (session?.closed === false) void session.request('monitor_cancel', [this.id]).catch(() => undefined);
  }

  #throwIfClosed(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }

  async #request(
    session: RpcSession,
    requests: Requests,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<MonitorStart> {
    let refusal: RpcError | undefined;
    for (const method of METHODS) {
      // Nobody would end on the server what is begun now.
      this.#throwIfClosed();
      this.#method = method;
      const params = [this.#database, this.id, method === 'monitor' ? withoutConditions(requests) : requests];
      if (method === 'monitor_cond_since') params.push(this.#lastTransactionId);
      try {
        const snapshot = this.#replica.beginSnapshot(formatOf(method));
        const rows = new ArrivingRows(method, snapshot);
        const reply = await session.request(method, params, { ...options, rows });
        this.#throwIfClosed();
        rows.throwIfFailed();
        const kind = this.#prime(reply, snapshot);
        // Canceled while the reply was on its way: see canceled().
        if (this.#session !== session) this.#lastTransactionId = ZERO_UUID;
        return { method, kind };
      } catch (error) {
        if (error instanceof ProtocolError) this.#lastTransactionId = ZERO_UUID;
        if (!(error instanceof RpcError)) throw error;
        refusal ??= error;
      }
    }
    throw refusal as RpcError;
  }

  /** What never made sense is the caller's mistake; what no longer does is the server's doing. */
  #checkConditions(schema: DatabaseSchema): void {
    for (const name of this.#replica.stores.keys()) {
      const table = schema.tables.get(name);
      if (table !== undefined) checkConditions(table, this.#conditions.wanted(name));
    }
  }

  #requests(schema: DatabaseSchema, conditions: ReadonlyMap<string, RuntimeConditions>): Requests {
    const requests: Requests = {};
    for (const { name, shape } of this.#replica.stores.values()) {
      const table = schema.tables.get(name);
      if (table === undefined || shape === undefined) continue;
      const columns = [...shape.columns.keys()];
      const where = encodeConditions(table, conditions.get(name) ?? true);
      requests[name] = [where === undefined ? { columns } : { columns, where }];
    }
    return requests;
  }

  #prime(reply: unknown, snapshot: Snapshot): MonitorStart['kind'] {
    let kind: MonitorStart['kind'] = 'snapshot';
    if (this.#method === 'monitor_cond_since') {
      if (!Array.isArray(reply) || reply.length !== 3 || !isUuid(reply[1])) {
        throw new ProtocolError('the server answered monitor_cond_since without [found, last-txn-id, updates]');
      }
      const [found, lastTransactionId, tables] = reply as [unknown, string, unknown];
      if (found === true && this.#lastTransactionId === ZERO_UUID) {
        throw new ProtocolError('the server answered monitor_cond_since with a difference; a snapshot was asked for');
      }
      if (found === true) {
        kind = 'delta';
        this.#replica.applyUpdates({ format: 'v2', tables }, 'resync');
      } else {
        snapshot.addAll(tables);
        this.#replica.applySnapshot(snapshot);
      }
      this.#lastTransactionId = lastTransactionId;
    } else {
      snapshot.addAll(reply);
      this.#replica.applySnapshot(snapshot);
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
        if (!isUuid(params[1])) throw new ProtocolError('the server sent an update3 without the id of its transaction');
        // Differences of sets, taken twice, would undo themselves. New conditions bring rows without a transaction.
        if (params[1] === this.#lastTransactionId && params[1] !== ZERO_UUID && !this.#changing) {
          throw new ProtocolError(`the server sent the update for transaction ${params[1]} twice`);
        }
        this.#replica.applyUpdates({ format: 'v2', tables: params[2] }, 'update');
        this.#lastTransactionId = params[1];
      } else this.#replica.applyUpdates({ format: method === 'update' ? 'v1' : 'v2', tables: params[1] }, 'update');
    } catch (error) {
      this.#lastTransactionId = ZERO_UUID;
      throw error;
    }
  }

  /** Ends what the server has under this id, so that it can be used again. */
  async #cancel(session: RpcSession, options: { timeoutMs: number; signal?: AbortSignal }): Promise<void> {
    try {
      await session.request('monitor_cancel', [this.id], options);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
    }
  }

  /** Tables for which the server does not apply yet what is wanted. */
  #due(): string[] {
    return this.#conditions.pending(this.#replica.stores.keys());
  }

  /** Gives the server the conditions that it does not have, one request at a time. */
  async #changeConditions(): Promise<void> {
    const session = this.#session;
    if (this.#changing || this.#early !== undefined || session === undefined || session.closed) return;
    this.#changing = true;
    const epoch = this.#epoch;
    for (let due = this.#due(); due.length > 0; due = this.#due()) {
      const { revision } = this.#conditions;
      const applied = due.map((table) => [table, this.#conditions.wanted(table)] as const);
      try {
        if (this.#method !== 'monitor') await this.#sendConditions(session, applied);
      } catch (error) {
        if (this.#epoch !== epoch) return;
        if (!(error instanceof RpcError) || applied.some(([table]) => this.#conditions.isDoubtful(table))) {
          // What the server applies now is unknown; the next connection asks for a snapshot.
          session.end(error as OvsdbError);
          return;
        }
        for (const [table, conditions] of applied) {
          if (this.#conditions.refuse(table, conditions, applied.length > 1)) this.#untold.delete(table);
        }
        this.#reflect(revision, error);
        continue;
      }
      // Another start has begun meanwhile, and has the newest conditions.
      if (this.#epoch !== epoch) return;
      for (const [table, conditions] of applied) this.#conditions.acknowledge(table, conditions);
      this.#reflect(revision);
    }
    this.#changing = false;
    this.#reflect(this.#conditions.revision);
  }

  async #sendConditions(
    session: RpcSession,
    conditions: readonly (readonly [table: string, conditions: RuntimeConditions])[],
  ): Promise<void> {
    const changes: Record<string, [{ where: unknown[] }]> = {};
    for (const [name, wanted] of conditions) {
      const table = this.#replica.stores.get(name)?.shape?.table;
      if (table !== undefined) changes[name] = [{ where: encodeConditions(table, wanted) ?? [true] }];
    }
    if (Object.keys(changes).length === 0) return;
    await session.request('monitor_cond_change', [this.id, this.id, changes], { timeoutMs: this.#timeoutMs });
  }

  /** The replica reflects the conditions up to a revision, or the server has refused those. */
  #reflect(revision: number, refusal?: Error): void {
    this.#reflectedRevision = revision;
    const told = new Set([...this.#untold].filter((table) => !this.#due().includes(table)));
    for (const table of told) this.#untold.delete(table);
    this.#reflected.resolveAll(refusal === undefined ? { revision } : { revision, refusal });
    if (told.size > 0) this.#handlers?.onConditions([...told]);
  }
}

function withoutConditions(requests: Requests): Requests {
  const bare = Object.entries(requests).map(([table, parts]): [string, Requests[string]] => [
    table,
    parts.map(({ columns }) => ({ columns })),
  ]);
  return Object.fromEntries(bare);
}
