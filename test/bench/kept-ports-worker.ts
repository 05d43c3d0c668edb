/** Child process: finds and makes ports on a switch that has many. */
import { performance } from 'node:perf_hooks';

import { parseSubnet } from '../../lib/ipam/subnet.js';
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { SwitchIndexes } from '../../lib/statefulset/switches/switch-index.js';
import { GENERATION_KEY, newGeneration } from '../../lib/statefulset/switches/switch-flights.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { BareClient, type WireOperation } from './bare-client.js';
import { createPorts, replicatedColumns } from './northbound-data.js';
import { ipv4, keptAddress, keptRow, KEPT_NAMESPACE, NAMESPACE, statefulSet } from './statefulset-data.js';
import { PATIENCE } from './patience.js';
import { quantile, type Figures } from './statistics.js';
import { ownCpuMs, report, retainedBytes, task } from './worker.js';

export interface KeptPortsTask {
  readonly remote: string;
  /**
   * `bare`: a bare client that makes ports; `monitored`: and monitors the two tables; `guarded`: and lets each transaction
   * pass only on the generation of the switch that the one before has left; `manager`: makes and finds them.
   */
  readonly kind: 'bare' | 'monitored' | 'guarded' | 'manager';
  readonly logicalSwitch: string;
  readonly switchUuid: string;
  /** The switch that gets the ports of the warm-up, name and uuid. */
  readonly warmUp: readonly [name: string, uuid: string];
  readonly keptPorts: number;
  readonly warmUpPods: number;
  readonly pods: number;
}

const WARM_UP_NAMESPACE = 'warm-up';
const FINDS = 5_000;

const given = task() as KeptPortsTask;
report(await (given.kind === 'manager' ? measureManager() : measureBare()));

/** Makes the port of the `n`th pod, that of a pod of the warm-up on the switch that is for it. */
type Make = (n: number, warmUp: boolean) => Promise<unknown>;

/** Makes the port of each pod: the rate, the median of the times, and the CPU per pod. */
async function measureMaking(make: Make): Promise<Figures> {
  for (let n = 0; n < given.warmUpPods; n++) await make(n, true);
  // The first change that a monitor hears of costs the server more than the others.
  await make(0, false);
  const times: number[] = [];
  const cpuBefore = ownCpuMs();
  const beganAt = performance.now();
  for (let n = 1; n <= given.pods; n++) {
    const startedAt = performance.now();
    await make(n, false);
    times.push(performance.now() - startedAt);
  }
  const podsPerSecond = (given.pods / (performance.now() - beganAt)) * 1000;
  return { podsPerSecond, madeMs: quantile(times, 0.5), madeCpuUs: ((ownCpuMs() - cpuBefore) / given.pods) * 1000 };
}

async function measureBare(): Promise<Figures> {
  const client = await BareClient.connect(given.remote);
  if (given.kind !== 'bare') await client.monitor(await replicatedColumns(client));
  const generations = new Map<string, string>();
  return measureMaking((n, warmUp) => {
    const [name, uuid] = warmUp ? given.warmUp : [given.logicalSwitch, given.switchUuid];
    const namespace = warmUp ? WARM_UP_NAMESPACE : NAMESPACE;
    const operations = createPorts(uuid, [keptRow(namespace, 'web', n, ipv4(100, n), name)]);
    return client.transact(given.kind === 'guarded' ? guarded(operations, name, uuid, generations) : operations);
  });
}

/** Operations with what keeps rivals apart, as the manager writes it. */
function guarded(
  operations: readonly WireOperation[],
  name: string,
  uuid: string,
  generations: Map<string, string>,
): WireOperation[] {
  const before = generations.get(uuid);
  const after = newGeneration(before);
  generations.set(uuid, after);
  const identity = ['_uuid', '==', ['uuid', uuid]];
  const wait = {
    op: 'wait',
    table: 'Logical_Switch',
    where: [identity, ['external_ids', 'includes', ['map', [[GENERATION_KEY, before]]]]],
    columns: ['name'],
    until: '==',
    rows: [{ name }],
    timeout: 0,
  };
  const mutations = [
    ['external_ids', 'delete', ['set', [GENERATION_KEY]]],
    ['external_ids', 'insert', ['map', [[GENERATION_KEY, after]]]],
  ];
  const written = operations.map((operation) =>
    operation['op'] === 'mutate'
      ? { ...operation, mutations: [...mutations, ...(operation['mutations'] as readonly unknown[])] }
      : operation,
  );
  return before === undefined ? written : [wait, ...written];
}

async function measureManager(): Promise<Figures> {
  const before = retainedBytes();
  const client = await connectNorthbound({ remotes: given.remote, ...PATIENCE, onWarning: () => undefined });
  const rowBytes = (retainedBytes() - before) / client.tables.Logical_Switch_Port.size;
  const index = measureIndex(client);
  const { logicalSwitch } = given;
  using manager = new StatefulSetPortManager(client, {
    subnets: {
      [NAMESPACE]: { logicalSwitch },
      [KEPT_NAMESPACE]: { logicalSwitch },
      [WARM_UP_NAMESPACE]: { logicalSwitch: given.warmUp[0] },
    },
  });
  const found = await measureFinding(manager);
  const sets = [NAMESPACE, WARM_UP_NAMESPACE].map((namespace) => statefulSet('web', 1_000_000, undefined, namespace));
  const making = await measureMaking((n, warmUp) => {
    const set = sets[warmUp ? 1 : 0] ?? {};
    return manager.ensurePort({ metadata: { namespace: set.metadata?.namespace, name: `web-${n}` } }, set);
  });
  client.close();
  return { rowBytes, ...index, ...found, ...making };
}

function measureIndex(client: NorthboundClient): Figures {
  const before = retainedBytes();
  const indexes = new SwitchIndexes(client);
  const startedAt = performance.now();
  const index = indexes.of(given.switchUuid as Uuid<'Logical_Switch'>);
  const indexMs = performance.now() - startedAt;
  const between = retainedBytes();
  const subnet = parseSubnet({ cidr: '10.0.0.0/8' });
  const askedAt = performance.now();
  const space = subnet.v4 && index.space(subnet.v4);
  const spaceMs = performance.now() - askedAt;
  const after = retainedBytes();
  const { length } = index.owners(keptAddress(given.keptPorts - 1));
  if (length !== 1 || space?.usedCount !== BigInt(given.keptPorts))
    throw new Error('the index does not show every port');
  indexes.close();
  return {
    indexMs,
    spaceMs,
    indexBytes: (between - before) / given.keptPorts,
    spaceBytes: (after - between) / given.keptPorts,
  };
}

async function measureFinding(manager: StatefulSetPortManager): Promise<{ foundUs: number }> {
  const setSize = Math.min(1000, given.keptPorts);
  const set = { ...statefulSet(`${given.logicalSwitch}-0`, setSize) };
  const kept = { ...set, metadata: { ...set.metadata, namespace: KEPT_NAMESPACE } };
  const find = async (n: number): Promise<void> => {
    const metadata = { namespace: KEPT_NAMESPACE, name: `${given.logicalSwitch}-0-${n % setSize}` };
    const { status, refreshed } = await manager.ensurePort({ metadata }, kept);
    if (status !== 'reused' || refreshed) throw new Error(`${metadata.name} was ${status}`);
  };
  for (let n = 0; n < FINDS; n++) await find(n);
  const startedAt = performance.now();
  for (let n = 0; n < FINDS; n++) await find(n);
  return { foundUs: ((performance.now() - startedAt) / FINDS) * 1000 };
}
