/** The monitors of one session. */
import { ZERO_UUID } from '../../schema/uuid.js';
import { jsonText, type Json } from '../database/json-text.js';
import { syntaxError } from '../database/refusal.js';
import { readConditionChanges, readMonitorRequests } from '../monitor/monitor-request.js';
import { Monitor, NOTIFICATION_OF, type MonitorMethod } from '../monitor/monitor.js';
import type { ServedDatabase } from '../served-database.js';
import { RpcRefusal } from './rpc-refusal.js';

interface Running {
  id: Json;
  readonly monitor: Monitor;
  readonly served: ServedDatabase;
  /** Ends it; its client is told nothing. */
  readonly stop: () => void;
}

const UUID = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;

/** See the head of this file. */
export class SessionMonitors {
  readonly #notify: (method: string, params: readonly Json[]) => void;
  /** By their ids, which are any JSON. */
  readonly #running = new Map<string, Running>();

  constructor(notify: (method: string, params: readonly Json[]) => void) {
    this.#notify = notify;
  }

  /** Begins a monitor: the result of the request. Throws `Refusal`. */
  begin(method: MonitorMethod, served: ServedDatabase, params: readonly Json[]): Json {
    const since = method === 'monitor_cond_since';
    const [, id = null, requestsJson, lastId] = params;
    const isOdd = method === 'monitor' ? params.length < 3 : params.length !== (since ? 4 : 3);
    if (isOdd) throw syntaxError(params, 'invalid parameters');
    const { tables } = served.database.schema;
    const known = since ? readLastId(lastId) : ZERO_UUID;
    const key = jsonText(id);
    if (this.#running.has(key)) throw syntaxError(id, 'duplicate monitor ID');
    const requests = readMonitorRequests(requestsJson, tables, method !== 'monitor');
    const compared = served.compare(requests);
    const monitor = new Monitor(method, served.name, requests, compared.columns);
    const stopListening = served.onCommit(({ changes }) => {
      const updates = monitor.updates(changes);
      if (updates !== undefined) this.#tell(running, updates);
    });
    const stop = (): void => {
      stopListening();
      compared.release();
    };
    const running: Running = { id, monitor, served, stop };
    this.#running.set(key, running);
    if (!since) return monitor.initial((table) => served.rowsOf(table));
    const missed = served.history.since(known);
    const updates =
      missed === undefined ? monitor.initial((table) => served.rowsOf(table)) : (monitor.updates(missed) ?? {});
    return [missed !== undefined, served.history.lastId, updates];
  }

  /** `monitor_cond_change`: other conditions for a monitor, and another id. Throws `Refusal`. */
  change(params: readonly Json[]): Json {
    const [id = null, newId = null, requests] = params;
    if (params.length !== 3) throw syntaxError(params, 'invalid parameters');
    const key = jsonText(id);
    const newKey = jsonText(newId);
    const running = this.#running.get(key);
    if (running === undefined) throw syntaxError(id, 'unknown monitor session');
    const { monitor, served } = running;
    if (newKey !== key && this.#running.has(newKey)) throw syntaxError(newId, 'duplicate monitor ID');
    const conditions = readConditionChanges(requests, served.database.schema.tables, monitor);
    this.#running.delete(key);
    this.#running.set(newKey, running);
    running.id = newId;
    const updates = monitor.changeConditions(conditions, (table) => served.rowsOf(table));
    if (updates !== undefined) this.#tell(running, updates);
    return {};
  }

  /** `monitor_cancel`. Throws `RpcRefusal`. */
  cancel(params: readonly Json[]): Json {
    if (params.length !== 1) throw new RpcRefusal('invalid parameters');
    const key = jsonText(params[0]);
    const running = this.#running.get(key);
    if (running === undefined) throw new RpcRefusal('unknown monitor');
    running.stop();
    this.#running.delete(key);
    return {};
  }

  /** Ends the monitors of a database, and tells the client so where that is wanted. */
  withdraw(served: ServedDatabase, tell: boolean): void {
    for (const [key, running] of this.#running) {
      if (running.served !== served) continue;
      running.stop();
      this.#running.delete(key);
      if (tell) this.#notify('monitor_canceled', [running.id]);
    }
  }

  stop(): void {
    for (const { stop } of this.#running.values()) stop();
    this.#running.clear();
  }

  #tell({ id, monitor, served }: Running, updates: Json): void {
    this.#notify(NOTIFICATION_OF[monitor.method], monitor.params(id, updates, served.history.lastId));
  }
}

function readLastId(json: Json | undefined): string {
  if (typeof json !== 'string') throw syntaxError(json, 'last-txn-id must be string');
  if (!UUID.test(json)) throw syntaxError(json, 'last-txn-id must be UUID format.');
  return json.toLowerCase();
}
