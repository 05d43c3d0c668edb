/** Child process: finds and makes ports on a switch that has many. */
import { performance } from 'node:perf_hooks';

import { parseSubnet } from '../../lib/ipam/subnet.js';
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { SwitchIndexes } from '../../lib/statefulset/switches/switch-index.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { BareClient } from './bare-client.js';
import { createPorts, replicatedColumns } from './northbound-data.js';
import { ipv4, keptAddress, keptRow, KEPT_NAMESPACE, NAMESPACE, statefulSet } from './statefulset-data.js';
import { quantile, type Figures } from './statistics.js';
import { ownCpuMs, report, retainedBytes, task } from './worker.js';

export interface KeptPortsTask {
  readonly remote: string;
  /** `bare`: a bare client that monitors the two tables; it only makes ports. */
  readonly kind: 'bare' | 'manager';
  readonly logicalSwitch: string;
  readonly switchUuid: string;
  readonly keptPorts: number;
  readonly pods: number;
}

/** Until the compiled code is what a controller runs. */
const WARM_UP_PODS = 300;
const FINDS = 5_000;

const given = task() as KeptPortsTask;
report(await (given.kind === 'bare' ? measureBare() : measureManager()));

/** Makes the port of each pod; the median of the times, and the CPU per pod. */
async function measureMaking(make: (n: number) => Promise<unknown>): Promise<{ madeMs: number; madeCpuUs: number }> {
  let n = 0;
  for (; n < Math.min(WARM_UP_PODS, 3 * given.pods); n++) await make(n);
  const times: number[] = [];
  const cpuBefore = ownCpuMs();
  for (const end = n + given.pods; n < end; n++) {
    const startedAt = performance.now();
    await make(n);
    times.push(performance.now() - startedAt);
  }
  return { madeMs: quantile(times, 0.5), madeCpuUs: ((ownCpuMs() - cpuBefore) / given.pods) * 1000 };
}

async function measureBare(): Promise<Figures> {
  const client = await BareClient.connect(given.remote);
  await client.monitor(await replicatedColumns(client));
  return measureMaking((n) =>
    client.transact(createPorts(given.switchUuid, [keptRow(NAMESPACE, 'web', n, ipv4(100, n), given.logicalSwitch)])),
  );
}

async function measureManager(): Promise<Figures> {
  const before = retainedBytes();
  const client = await connectNorthbound({ remotes: given.remote, onWarning: () => undefined });
  const rowBytes = (retainedBytes() - before) / client.tables.Logical_Switch_Port.size;
  const index = measureIndex(client);
  const { logicalSwitch } = given;
  using manager = new StatefulSetPortManager(client, {
    subnets: { [NAMESPACE]: { logicalSwitch }, [KEPT_NAMESPACE]: { logicalSwitch } },
  });
  const found = await measureFinding(manager);
  const made = statefulSet('web', 1_000_000);
  const making = await measureMaking((n) =>
    manager.ensurePort({ metadata: { namespace: NAMESPACE, name: `web-${n}` } }, made),
  );
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
