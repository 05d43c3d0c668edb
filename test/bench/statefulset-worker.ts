/** Child process: makes the ports of StatefulSets, then asks for the same again. */
import { performance } from 'node:perf_hooks';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { BareClient } from './bare-client.js';
import { createPorts, replicatedColumns } from './northbound-data.js';
import { ipv4, keptRow, NAMESPACE, statefulSet } from './statefulset-data.js';
import { ownCpuMs, report, task } from './worker.js';

/**
 * `bare`: a bare client that monitors the two tables sends the same rows in as many transactions; `pool` and `picked`:
 * the manager, with an `ip_pool` or choosing the addresses.
 */
export type StatefulSetKind = 'bare' | 'pool' | 'picked';

export interface StatefulSetTask {
  readonly remote: string;
  readonly kind: StatefulSetKind;
  readonly sets: number;
  /** Of each StatefulSet. */
  readonly replicas: number;
  /** All StatefulSets at once, or one after another. */
  readonly atOnce: boolean;
  /** Switches that the StatefulSets are spread over, name and uuid. */
  readonly switches: readonly (readonly [name: string, uuid: string])[];
}

/** Makes the ports of the `n`th StatefulSet, or finds them; resolves with the states that they have. */
type Apply = (n: number) => Promise<readonly string[]>;

/** As many as the manager puts into one transaction. */
const PORTS_PER_TRANSACTION = 500;
/** The pools begin behind the addresses of the ports that are there. */
const FIRST_OCTET = 100;

function poolOf({ replicas }: StatefulSetTask, n: number): string[] {
  return Array.from({ length: replicas }, (_, i) => ipv4(FIRST_OCTET, n * replicas + i));
}

async function bareApply(given: StatefulSetTask): Promise<Apply> {
  const client = await BareClient.connect(given.remote);
  await client.monitor(await replicatedColumns(client));
  return async (n) => {
    const [name, uuid] = given.switches[n % given.switches.length] ?? ['', ''];
    const rows = poolOf(given, n).map((ip, i) => keptRow(NAMESPACE, `web${n}`, i, ip, name));
    for (let first = 0; first < rows.length; first += PORTS_PER_TRANSACTION) {
      await client.transact(createPorts(uuid, rows.slice(first, first + PORTS_PER_TRANSACTION)));
    }
    return rows.map(() => 'created');
  };
}

async function managerApply(given: StatefulSetTask): Promise<Apply> {
  const client = await connectNorthbound({ remotes: given.remote, onWarning: () => undefined });
  const namespaceOf = (n: number): string => `${NAMESPACE}${n % given.switches.length}`;
  const subnets = given.switches.map(([logicalSwitch], n) => [namespaceOf(n), { logicalSwitch }] as const);
  const manager = new StatefulSetPortManager(client, { subnets: Object.fromEntries(subnets) });
  const sets = Array.from({ length: given.sets }, (_, n) =>
    statefulSet(`web${n}`, given.replicas, given.kind === 'pool' ? poolOf(given, n) : undefined, namespaceOf(n)),
  );
  return async (n) => {
    const { outcomes } = await manager.apply(sets[n] ?? {});
    return outcomes.map(({ status }) => status);
  };
}

async function measure(
  { sets, replicas, atOnce }: StatefulSetTask,
  apply: Apply,
  expected: string,
): Promise<{ wallMs: number; cpuMs: number }> {
  const cpuBefore = ownCpuMs();
  const startedAt = performance.now();
  const statuses: (readonly string[])[] = [];
  if (atOnce) statuses.push(...(await Promise.all(Array.from({ length: sets }, (_, n) => apply(n)))));
  else for (let n = 0; n < sets; n++) statuses.push(await apply(n));
  const figures = { wallMs: performance.now() - startedAt, cpuMs: ownCpuMs() - cpuBefore };
  const all = statuses.flat();
  const other = all.find((status) => status !== expected);
  if (other !== undefined || all.length !== sets * replicas) {
    throw new Error(`expected ${sets * replicas} ports to be ${expected}, and got ${all.length}, one of them ${other}`);
  }
  return figures;
}

const given = task() as StatefulSetTask;
const apply = await (given.kind === 'bare' ? bareApply(given) : managerApply(given));
const first = await measure(given, apply, 'created');
const figures: Record<string, number> = { firstWallMs: first.wallMs, firstCpuMs: first.cpuMs };
if (given.kind !== 'bare') {
  const second = await measure(given, apply, 'reused');
  const third = await measure(given, apply, 'reused');
  const thousands = (given.sets * given.replicas) / 1000;
  figures['secondMsPerThousand'] = second.wallMs / thousands;
  figures['thirdMsPerThousand'] = third.wallMs / thousands;
}
report(figures);
