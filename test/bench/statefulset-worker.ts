/** Child process: makes the ports of StatefulSets, then asks for the same again. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import type { StatefulSetLike } from '../../lib/statefulset/workload.js';
import { BareClient } from './bare-client.js';
import { createPorts, replicatedColumns } from './northbound-data.js';
import { PATIENCE } from './patience.js';
import { deleteMadePorts, ipv4, keptRow, NAMESPACE, statefulSet } from './statefulset-data.js';
import { ownCpuMs, report, task } from './worker.js';

/**
 * `bare`: a bare client sends the same rows, 100 in a transaction; `monitored`: and monitors the two tables, and parses what
 * comes; `pool` and `picked`: the manager, with an `ip_pool` or choosing the addresses; with 100 in a transaction, or as many
 * as it puts into one by default.
 */
export type StatefulSetKind = 'bare' | 'monitored' | 'pool' | 'pool100' | 'picked' | 'picked100';

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
  /** Ports made and deleted before the clock starts, so that compiled code is measured, as a controller runs it. */
  readonly warmUpPorts: number;
  /** How often the ports are made; between the times they are deleted again. */
  readonly times: number;
}

/** Makes the ports of a StatefulSet, or finds them; resolves with the states that they have. */
type Apply = () => Promise<readonly string[]>;

interface Maker {
  /** Makes what is applied, outside of what is measured and anew each time, as it comes from a server. */
  readonly prepare: (sets: Sets, n: number) => Apply;
  /** Deletes the ports again. */
  readonly remove: (sets: Sets) => Promise<void>;
}

const PORTS_PER_TRANSACTION = 100;
/** The pools begin behind the addresses of the ports that are there, and end before those of the warm-up. */
const FIRST_OCTET = 100;
const WARM_UP_FIRST_OCTET = 200;
const WARM_UP_ROUNDS = 5;
const SETTLE_MS = 50;

function poolOf({ replicas, firstOctet }: Sets, n: number): string[] {
  return Array.from({ length: replicas }, (_, i) => ipv4(firstOctet, n * replicas + i));
}

async function bareMaker({ remote, kind }: StatefulSetTask): Promise<Maker> {
  const client = await BareClient.connect(remote);
  if (kind === 'monitored') await client.monitor(await replicatedColumns(client));
  const prepare = (sets: Sets, n: number): Apply => {
    const [name, uuid] = sets.switches[n % sets.switches.length] ?? ['', ''];
    const rows = poolOf(sets, n).map((ip, i) => keptRow(NAMESPACE, `${sets.prefix}${n}`, i, ip, name));
    return async () => {
      for (let first = 0; first < rows.length; first += PORTS_PER_TRANSACTION) {
        await client.transact(createPorts(uuid, rows.slice(first, first + PORTS_PER_TRANSACTION)));
      }
      return rows.map(() => 'created');
    };
  };
  const remove = async ({ switches }: Sets): Promise<void> => {
    for (const [, uuid] of switches) await deleteMadePorts(client, uuid);
  };
  return { prepare, remove };
}

async function managerMaker({ remote, kind, switches, warmUp }: StatefulSetTask): Promise<Maker> {
  const client = await connectNorthbound({ remotes: remote, ...PATIENCE, onWarning: () => undefined });
  const namespaceOf = (name: string): string => `${NAMESPACE}-${name}`;
  const subnets = [...switches, warmUp].map(([logicalSwitch]) => [namespaceOf(logicalSwitch), { logicalSwitch }]);
  const manager = new StatefulSetPortManager(client, {
    subnets: Object.fromEntries(subnets) as Record<string, { logicalSwitch: string }>,
    ...((kind === 'pool100' || kind === 'picked100') && { maxPortsPerTransaction: PORTS_PER_TRANSACTION }),
  });
  const isPool = kind === 'pool' || kind === 'pool100';
  const wanted = (sets: Sets, n: number): StatefulSetLike => {
    const [name] = sets.switches[n % sets.switches.length] ?? [''];
    const pool = isPool ? poolOf(sets, n) : undefined;
    return statefulSet(`${sets.prefix}${n}`, sets.replicas, pool, namespaceOf(name));
  };
  const prepare = (sets: Sets, n: number): Apply => {
    const set = wanted(sets, n);
    return async () => {
      const { outcomes } = await manager.apply(set);
      return outcomes.map(({ status }) => status);
    };
  };
  const remove = async (sets: Sets): Promise<void> => {
    for (let n = 0; n < sets.sets; n++) await manager.release(wanted(sets, n));
  };
  return { prepare, remove };
}

async function measure(given: Sets, { prepare }: Maker, expected: string): Promise<{ wallMs: number; cpuMs: number }> {
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
const maker = await (bare ? bareMaker(given) : managerMaker(given));
for (let round = 0; round < WARM_UP_ROUNDS; round++) {
  const warmUp: Sets = {
    prefix: `warm-${round}-`,
    sets: Math.ceil(given.warmUpPorts / WARM_UP_ROUNDS / given.warmUpReplicas),
    replicas: given.warmUpReplicas,
    atOnce: given.atOnce,
    switches: [given.warmUp],
    firstOctet: WARM_UP_FIRST_OCTET,
  };
  await measure(warmUp, maker, 'created');
  if (!bare) await measure(warmUp, maker, 'reused');
  await maker.remove(warmUp);
}
await sleep(SETTLE_MS);

const sums = { wallMs: 0, cpuMs: 0, secondMs: 0, thirdMs: 0 };
for (let time = 0; time < given.times; time++) {
  const measured: Sets = { ...given, prefix: `web-${time}-`, firstOctet: FIRST_OCTET };
  const first = await measure(measured, maker, 'created');
  sums.wallMs += first.wallMs;
  sums.cpuMs += first.cpuMs;
  if (!bare) {
    sums.secondMs += (await measure(measured, maker, 'reused')).wallMs;
    sums.thirdMs += (await measure(measured, maker, 'reused')).wallMs;
  }
  await maker.remove(measured);
  await sleep(SETTLE_MS);
}
const made = sets * replicas * given.times;
report({
  portsPerSecond: (made / sums.wallMs) * 1000,
  firstCpuUs: (sums.cpuMs / made) * 1000,
  ...(!bare && { secondMs: sums.secondMs / given.times, thirdMs: sums.thirdMs / given.times }),
});
