/** What the acts of the demo share. */
import type { Pool } from '../../ipam/pool.js';
import type { StatefulSetPortManager } from '../../statefulset/manager.js';
import type { PodOutcome, RefusedPod } from '../../statefulset/manager-results.js';
import { counted } from '../ports/table.js';
import type { DemoDatabase } from './database.js';
import type { DemoSet } from './manifest.js';
import type { Report } from './report.js';
import type { PortRecord } from './snapshot.js';
import type { DemoSubnet } from './subnet.js';

/** How much of a uuid is shown: enough to tell rows apart. */
const SHOWN_OF_UUID = 8;
const SHOWN_OF_POOL = 45;

export interface Stage {
  readonly report: Report;
  readonly database: DemoDatabase;
  readonly subnet: DemoSubnet;
  /** Pools of all StatefulSets of the manifest. */
  readonly pools: readonly Pool[];
  readonly signal: AbortSignal;
  /** The manager that runs now. */
  readonly manager: () => StatefulSetPortManager;
  /** Ends the manager and starts another one, which knows nothing but what the database says. */
  readonly restartManager: () => void;
}

/** Prints ports as the server has them, with the pods that got none in their places. */
export function portTable(report: Report, ports: readonly PortRecord[], outcomes: readonly PodOutcome[] = []): void {
  const made = new Set(outcomes.filter(({ status }) => status === 'created').map(({ ordinal }) => ordinal));
  const there = ports.map(({ ordinal, name, ips, mac, uuid }) => ({
    ordinal,
    cells: [name, ips, mac, shortUuid(uuid)],
    style: made.has(ordinal) ? ('good' as const) : undefined,
  }));
  const missing = refusals(outcomes)
    .filter(({ ordinal }) => !ports.some((port) => port.ordinal === ordinal))
    .map(({ ordinal, port, error }) => ({
      ordinal,
      cells: [port, '-', '-', `refused: ${error.code}`],
      style: 'notable' as const,
    }));
  report.table(['PORT', 'IP', 'MAC', 'ROW'], [...there, ...missing].sort((a, b) => a.ordinal - b.ordinal)); // prettier-ignore
}

/** The beginning of a uuid. */
export function shortUuid(uuid: string): string {
  return uuid.slice(0, SHOWN_OF_UUID);
}

export function refusals(outcomes: readonly PodOutcome[]): RefusedPod[] {
  return outcomes.filter((outcome) => outcome.status === 'refused');
}

/** Names of the ports that came, went, or were written by any transaction since. */
export function changed(before: readonly PortRecord[], after: readonly PortRecord[]): string[] {
  const versions = new Map(before.map(({ name, uuid, version }) => [name, `${uuid} ${version}`]));
  const names = new Set([...before, ...after].map(({ name }) => name));
  const now = new Map(after.map(({ name, uuid, version }) => [name, `${uuid} ${version}`]));
  return [...names].filter((name) => versions.get(name) !== now.get(name));
}

/** Names of the ports whose uuid, IP or MAC is another one than before. */
export function moved(before: readonly PortRecord[], after: readonly PortRecord[]): string[] {
  const identity = ({ uuid, ips, mac }: PortRecord): string => `${uuid} ${ips} ${mac}`;
  const now = new Map(after.map((port) => [port.name, identity(port)]));
  const lost = before.filter((port) => now.get(port.name) !== identity(port)).map(({ name }) => name);
  const known = new Set(before.map(({ name }) => name));
  return [...lost, ...after.filter(({ name }) => !known.has(name)).map(({ name }) => name)];
}

/** A StatefulSet in a line, without the word itself. */
export function describeSet({ key, replicas, start, poolText }: DemoSet): string {
  const isLong = poolText !== undefined && poolText.length > SHOWN_OF_POOL;
  const pool = isLong ? `${poolText.slice(0, SHOWN_OF_POOL - 3)}...` : poolText;
  const first = start === 0 ? '' : `, the first ordinal is ${start}`;
  return `${key}: ${counted(replicas, 'pod')}${first}, ${pool === undefined ? 'no pool' : `pool ${pool}`}`;
}
