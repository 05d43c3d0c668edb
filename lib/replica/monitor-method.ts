/** The three ways in which servers keep a client up to date. */
import type { UpdateFormat } from './row-update.js';

/** Name of a request that starts a monitor: RFC 7047 §4.1.5, ovsdb-server(7) 4.1.12 and 4.1.15. */
export type MonitorMethod = 'monitor_cond_since' | 'monitor_cond' | 'monitor';

/** The newest first. */
export const METHODS: readonly MonitorMethod[] = ['monitor_cond_since', 'monitor_cond', 'monitor'];

/** Names of the notifications that follow. */
export const NOTIFICATIONS: Readonly<Record<MonitorMethod, string>> = {
  monitor_cond_since: 'update3',
  monitor_cond: 'update2',
  monitor: 'update',
};

/** The form of the row updates in replies and notifications. */
export function formatOf(method: MonitorMethod): UpdateFormat {
  return method === 'monitor' ? 'v1' : 'v2';
}
