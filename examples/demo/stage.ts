/** What the acts of the demo share. */
import type { Pool, PodOutcome, RefusedPod, StatefulSetPortManager } from 'ovn-northbound';

import type { DemoDatabase } from './database.js';
import type { PortRecord } from './snapshot.js';
import type { Report } from './report.js';
import type { DemoSet } from './manifest.js';
import type { DemoSubnet } from './subnet.js';

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
  const lines = ports.map(({ ordinal, name, ips, mac, uuid }) => ({ ordinal, cells: [name, ips, mac, uuid] }));
  const refused = refusals(outcomes).map(({ ordinal, port, error }) => ({
    ordinal,
    cells: [port, '-', '-', `refused: ${error.code}`],
  }));
  const all = [...lines, ...refused].sort((a, b) => a.ordinal - b.ordinal);
  report.table(
    ['ordinal', 'port', 'IP', 'MAC', 'row uuid'],
    all.map(({ ordinal, cells }) => [String(ordinal), ...cells]),
  );
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

/** A StatefulSet in a line. */
export function describeSet({ key, replicas, start, poolText }: DemoSet): string {
  const pool =
    poolText === undefined ? 'no pool' : `pool ${poolText.length > 70 ? `${poolText.slice(0, 67)}...` : poolText}`;
  return `StatefulSet ${key}: replicas ${replicas}${start === 0 ? '' : `, first ordinal ${start}`}, ${pool}`;
}
