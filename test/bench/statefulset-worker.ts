/** Child process: makes the ports of StatefulSets, then asks for the same again. */
import { performance } from 'node:perf_hooks';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { BareClient } from './bare-client.js';
import { createPorts, replicatedColumns } from './northbound-data.js';
import { PATIENCE } from './patience.js';
import { ipv4, keptRow, NAMESPACE, statefulSet } from './statefulset-data.js';
import { ownCpuMs, report, task } from './worker.js';

/**
 * `bare`: a bare client sends the same rows, 100 in a transaction; `monitored`: and monitors the two tables, and parses what
 * comes; `pool` and `picked`: the manager, with an `ip_pool` or choosing the addresses.
 */
export type StatefulSetKind = 'bare' | 'monitored' | 'pool' | 'picked';

/** StatefulSets of the same size. */
interface Sets {
  readonly prefix: string;
  readonly sets: number;
  /** Of each StatefulSet. */
  readonly replicas: number;
  /** All StatefulSets at once, or one after another. */
  readonly atOnce: boolean;
  /** Switches that the StatefulSets are spread over, name and uuid. */
  readonly switches: readonly (readonly [name: string, uuid: string])[];
  /** The pools of theirs begin with `10.firstOctet`. */
  readonly firstOctet: number;
}

export interface StatefulSetTask extends Omit<Sets, 'prefix' | 'firstOctet'> {
  readonly remote: string;
  readonly kind: StatefulSetKind;
  /** The switch that gets the ports of the warm-up, name and uuid. */
  readonly warmUp: readonly [name: string, uuid: string];
  /** Replicas of each of the StatefulSets of the warm-up. */
  readonly warmUpReplicas: number;
}

/** Makes the ports of a StatefulSet, or finds them; resolves with the states that they have. */
type Apply = () => Promise<readonly string[]>;
/** Makes what is applied, outside of what is measured and anew each time, as it comes from a server. */
type Prepare = (sets: Sets, n: number) => Apply;

const PORTS_PER_TRANSACTION = 100;
/** The pools begin behind the addresses of the ports that are there, and end before those of the warm-up. */
const FIRST_OCTET = 100;
const WARM_UP_FIRST_OCTET = 200;
const WARM_UP_SETS = 3;

function poolOf({ replicas, firstOctet }: Sets, n: number): string[] {
  return Array.from({ length: replicas }, (_, i) => ipv4(firstOctet, n * replicas + i));
}

async function bareApply({ remote, kind }: StatefulSetTask): Promise<Prepare> {
  const client = await BareClient.connect(remote);
  if (kind === 'monitored') await client.monitor(await replicatedColumns(client));
  return (sets, n) => {
    const [name, uuid] = sets.switches[n % sets.switches.length] ?? ['', ''];
    const rows = poolOf(sets, n).map((ip, i) => keptRow(NAMESPACE, `${sets.prefix}${n}`, i, ip, name));
    return async () => {
      for (let first = 0; first < rows.length; first += PORTS_PER_TRANSACTION) {
        await client.transact(createPorts(uuid, rows.slice(first, first + PORTS_PER_TRANSACTION)));
      }
      return rows.map(() => 'created');
    };
  };
}

async function managerApply({ remote, kind, switches, warmUp }: StatefulSetTask): Promise<Prepare> {
  const client = await connectNorthbound({ remotes: remote, ...PATIENCE, onWarning: () => undefined });
  const namespaceOf = (name: string): string => `${NAMESPACE}-${name}`;
  const subnets = [...switches, warmUp].map(([logicalSwitch]) => [namespaceOf(logicalSwitch), { logicalSwitch }]);
  const manager = new StatefulSetPortManager(client, {
    subnets: Object.fromEntries(subnets) as Record<string, { logicalSwitch: string }>,
  });
  return (sets, n) => {
    const [name] = sets.switches[n % sets.switches.length] ?? [''];
    const pool = kind === 'pool' ? poolOf(sets, n) : undefined;
    const wanted = statefulSet(`${sets.prefix}${n}`, sets.replicas, pool, namespaceOf(name));
    return async () => {
      const { outcomes } = await manager.apply(wanted);
      return outcomes.map(({ status }) => status);
    };
  };
}

async function measure(given: Sets, prepare: Prepare, expected: string): Promise<{ wallMs: number; cpuMs: number }> {
  const { sets, replicas, atOnce } = given;
  const applies = Array.from({ length: sets }, (_, n) => prepare(given, n));
  const cpuBefore = ownCpuMs();
  const startedAt = performance.now();
  const statuses: (readonly string[])[] = [];
  if (atOnce) statuses.push(...(await Promise.all(applies.map((apply) => apply()))));
  else for (const apply of applies) statuses.push(await apply());
  const figures = { wallMs: performance.now() - startedAt, cpuMs: ownCpuMs() - cpuBefore };
  const all = statuses.flat();
  const other = all.find((status) => status !== expected);
  if (other !== undefined || all.length !== sets * replicas) {
    throw new Error(`expected ${sets * replicas} ports to be ${expected}, and got ${all.length}, one of them ${other}`);
  }
  return figures;
}

const given = task() as StatefulSetTask;
const { kind, sets, replicas } = given;
const bare = kind === 'bare' || kind === 'monitored';
const prepare = await (bare ? bareApply(given) : managerApply(given));
const warmUp: Sets = {
  prefix: 'warm',
  sets: WARM_UP_SETS,
  replicas: given.warmUpReplicas,
  atOnce: given.atOnce,
  switches: [given.warmUp],
  firstOctet: WARM_UP_FIRST_OCTET,
};
await measure(warmUp, prepare, 'created');
if (!bare) for (let i = 0; i < 2; i++) await measure(warmUp, prepare, 'reused');

const measured: Sets = { ...given, prefix: 'web', firstOctet: FIRST_OCTET };
const first = await measure(measured, prepare, 'created');
const figures: Record<string, number> = {
  portsPerSecond: ((sets * replicas) / first.wallMs) * 1000,
  firstWallMs: first.wallMs,
  firstCpuUs: (first.cpuMs / (sets * replicas)) * 1000,
};
if (!bare) {
  figures['secondMs'] = (await measure(measured, prepare, 'reused')).wallMs;
  figures['thirdMs'] = (await measure(measured, prepare, 'reused')).wallMs;
}
report(figures);
