/** What clients can ask for: RFC 7047 §4.1, ovsdb-server(7) §4.1. */
import { isJsonObject } from '../../schema/base-type.js';
import type { Json } from '../database/json-text.js';
import { isId } from '../database/member-parser.js';
import { Refusal, syntaxError } from '../database/refusal.js';
import type { MonitorMethod } from '../monitor/monitor.js';
import type { ServedDatabase } from '../served-database.js';
import type { ClientSession } from './client-session.js';

/** Handles a request: its result, or undefined where the reply comes later. Throws `Refusal` or `RpcRefusal`. */
export type Method = (session: ClientSession, params: readonly Json[], id: Json) => Json | undefined;

/** By the name of the method. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['list_dbs', ({ host }) => host.databaseNames],
  ['get_schema', (session, params) => databaseOf(session, 'get_schema', params).database.schemaJson],
  ['get_server_id', ({ host }) => host.serverId],
  ['echo', (_session, params) => params],
  ['transact', transact],
  ['monitor', monitorWith('monitor')],
  ['monitor_cond', monitorWith('monitor_cond')],
  ['monitor_cond_since', monitorWith('monitor_cond_since')],
  ['monitor_cond_change', ({ monitors }, params) => monitors.change(params)],
  ['monitor_cancel', ({ monitors }, params) => monitors.cancel(params)],
  ['set_db_change_aware', setChangeAware],
  ['lock', lockWith('lock')],
  ['steal', lockWith('steal')],
  ['unlock', unlock],
  ['convert', convert],
]);

function databaseOf(session: ClientSession, method: string, params: readonly Json[]): ServedDatabase {
  const [name] = params;
  if (typeof name !== 'string') throw syntaxError(params, `${method} request params must begin with <db-name>`);
  const served = session.host.database(name);
  if (served === undefined) {
    throw syntaxError(params, `${method} request specifies unknown database ${name}`, 'unknown database');
  }
  return served;
}

function transact(session: ClientSession, params: readonly Json[], id: Json): undefined {
  session.transactions.begin(databaseOf(session, 'transact', params), id, params);
}

function monitorWith(method: MonitorMethod): Method {
  return (session, params) => session.monitors.begin(method, databaseOf(session, method, params), params);
}

function setChangeAware(session: ClientSession, params: readonly Json[]): Json {
  const [aware] = params;
  if (params.length !== 1 || typeof aware !== 'boolean') {
    throw syntaxError(params, 'set_db_change_aware: true or false parameter expected');
  }
  session.isChangeAware = aware;
  return {};
}

function lockWith(method: 'lock' | 'steal'): Method {
  return (session, params) => {
    const { locks } = session.host;
    const name = lockNameOf(method, params);
    if (locks.has(session, name)) throw syntaxError(params, `must issue "unlock" before new "${method}"`);
    if (method === 'lock') return { locked: locks.lock(session, name) };
    locks.steal(session, name);
    return { locked: true };
  };
}

function unlock(session: ClientSession, params: readonly Json[]): Json {
  const name = lockNameOf('unlock', params);
  if (session.host.locks.unlock(session, name)) return {};
  throw syntaxError(params, 'unlock: "unlock" without "lock" or "steal"');
}

function lockNameOf(method: string, params: readonly Json[]): string {
  const [name] = params;
  if (params.length === 1 && typeof name === 'string' && isId(name)) return name;
  throw syntaxError(params, `${method} request params must be <id>`);
}

function convert(session: ClientSession, params: readonly Json[]): Json {
  const served = databaseOf(session, 'convert', params);
  const [, schema = null] = params;
  if (params.length !== 2) throw syntaxError(params, 'array expected');
  if (isJsonObject(schema) && typeof schema['name'] === 'string' && schema['name'] !== served.name) {
    const details = `new schema name (${schema['name']}) does not match database name (${served.name})`;
    throw new Refusal('invalid parameters', details);
  }
  session.host.convert(served, schema, session);
  if (!session.isChangeAware) session.endAfterReply();
  return {};
}
