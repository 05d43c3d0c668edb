/** Child process: creates ports on one switch. */
import { performance } from 'node:perf_hooks';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { BareClient } from './bare-client.js';
import { createPorts, portValues, replicatedColumns, wirePort, type PortValues } from './northbound-data.js';
import { quantile } from './statistics.js';
import { cpuMsOf, ownCpuMs, report, task } from './worker.js';

/**
 * `bare`: only sends transactions; `monitored`: a bare client that monitors the two tables as well, and parses
 * what comes; `guarded`: and lets each transaction wait for the switch to exist; `library`: a client in sync.
 */
export type CreateKind = 'bare' | 'monitored' | 'guarded' | 'library';

export interface CreateTask {
  readonly remote: string;
  readonly kind: CreateKind;
  readonly serverPid: number;
  readonly switchUuid: string;
  /** Ports to create. */
  readonly ports: number;
  readonly portsPerTransaction: number;
  readonly inFlight: number;
  /** Ports created before the clock starts, so that compiled code is measured, as a controller runs it. */
  readonly warmUpPorts: number;
}

type Create<T> = (ports: readonly T[]) => Promise<unknown>;

async function bareCreator({ remote, kind, switchUuid }: CreateTask): Promise<Create<PortValues>> {
  const client = await BareClient.connect(remote);
  if (kind !== 'bare') await client.monitor(await replicatedColumns(client));
  const identity = ['uuid', switchUuid];
  const guard = {
    op: 'wait',
    table: 'Logical_Switch',
    where: [['_uuid', '==', identity]],
    columns: ['_uuid'],
    until: '==',
    rows: [{ _uuid: identity }],
    timeout: 0,
  };
  return (ports) => {
    const operations = createPorts(switchUuid, ports.map(wirePort));
    return client.transact(kind === 'guarded' ? [guard, ...operations] : operations);
  };
}

async function libraryCreator({ remote, switchUuid }: CreateTask): Promise<Create<PortValues>> {
  const client = await connectNorthbound({
    remotes: remote,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    onWarning: () => undefined,
  });
  const uuid = switchUuid as Uuid<'Logical_Switch'>;
  return (ports) =>
    client.transact((tx) => {
      const created = ports.map((port) => tx.insert('Logical_Switch_Port', port));
      tx.mutate('Logical_Switch', uuid, { ports: { insert: created } });
      return created;
    });
}

/** Creates all ports; resolves with the time that each transaction took, in milliseconds. */
async function createAll(create: Create<PortValues>, batches: PortValues[][], inFlight: number): Promise<number[]> {
  const times: number[] = [];
  const waiting = batches.values();
  const worker = async (): Promise<void> => {
    for (const batch of waiting) {
      const startedAt = performance.now();
      await create(batch);
      times.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return times;
}

function batchesOf(prefix: string, count: number, size: number): PortValues[][] {
  const ports = Array.from({ length: count }, (_, n) => portValues(prefix, n));
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => ports.slice(i * size, (i + 1) * size));
}

const given = task() as CreateTask;
const create = await (given.kind === 'library' ? libraryCreator(given) : bareCreator(given));
const prefix = `new-${process.pid}`;
await createAll(create, batchesOf(`${prefix}-warm`, given.warmUpPorts, given.portsPerTransaction), given.inFlight);
const batches = batchesOf(prefix, given.ports, given.portsPerTransaction);

const serverBefore = cpuMsOf(given.serverPid);
const cpuBefore = ownCpuMs();
const startedAt = performance.now();
const times = await createAll(create, batches, given.inFlight);
const wallMs = performance.now() - startedAt;
const clientCpuMs = ownCpuMs() - cpuBefore;
const serverCpuMs = cpuMsOf(given.serverPid) - serverBefore;
report({
  portsPerSecond: (given.ports / wallMs) * 1000,
  clientCpuUs: (clientCpuMs / given.ports) * 1000,
  serverCpuUs: (serverCpuMs / given.ports) * 1000,
  p50Ms: quantile(times, 0.5),
  p99Ms: quantile(times, 0.99),
});
