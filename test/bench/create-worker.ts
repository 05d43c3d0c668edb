/** Child process: creates ports on one switch. */
import { performance } from 'node:perf_hooks';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { BareClient, type WireOperation } from './bare-client.js';
import { createPorts, madePort, replicatedColumns, wirePort, type PortValues } from './northbound-data.js';
import { PATIENCE } from './patience.js';
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
  /** The switch that gets the ports of the warm-up. */
  readonly warmUpUuid: string;
  /** Ports to create. */
  readonly ports: number;
  readonly portsPerTransaction: number;
  readonly inFlight: number;
  /** Ports created before the clock starts, so that compiled code is measured, as a controller runs it. */
  readonly warmUpPorts: number;
}

/** Creates ports on a switch in one transaction. */
type Create = (switchUuid: string, ports: readonly PortValues[]) => Promise<unknown>;

async function bareCreator({ remote, kind }: CreateTask): Promise<Create> {
  const client = await BareClient.connect(remote);
  if (kind !== 'bare') await client.monitor(await replicatedColumns(client));
  return (switchUuid, ports) => {
    const operations = createPorts(switchUuid, ports.map(wirePort));
    return client.transact(kind === 'guarded' ? [guardOf(switchUuid), ...operations] : operations);
  };
}

function guardOf(switchUuid: string): WireOperation {
  const identity = ['uuid', switchUuid];
  return {
    op: 'wait',
    table: 'Logical_Switch',
    where: [['_uuid', '==', identity]],
    columns: ['_uuid'],
    until: '==',
    rows: [{ _uuid: identity }],
    timeout: 0,
  };
}

async function libraryCreator({ remote }: CreateTask): Promise<Create> {
  const client = await connectNorthbound({
    remotes: remote,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    ...PATIENCE,
    onWarning: () => undefined,
  });
  return (switchUuid, ports) =>
    client.transact((tx) => {
      const created = ports.map((port) => tx.insert('Logical_Switch_Port', port));
      tx.mutate('Logical_Switch', switchUuid as Uuid<'Logical_Switch'>, { ports: { insert: created } });
      return created;
    });
}

/** Creates all ports; resolves with the time that each transaction took, in milliseconds. */
async function createAll(
  create: Create,
  switchUuid: string,
  batches: readonly PortValues[][],
  inFlight: number,
): Promise<number[]> {
  const times: number[] = [];
  const waiting = batches.values();
  const worker = async (): Promise<void> => {
    for (const batch of waiting) {
      const startedAt = performance.now();
      await create(switchUuid, batch);
      times.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return times;
}

function batchesOf(prefix: string, count: number, size: number): PortValues[][] {
  const ports = Array.from({ length: count }, (_, n) => madePort(prefix, n));
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => ports.slice(i * size, (i + 1) * size));
}

const given = task() as CreateTask;
const { ports, portsPerTransaction, inFlight, switchUuid, warmUpUuid, warmUpPorts, serverPid } = given;
const create = await (given.kind === 'library' ? libraryCreator(given) : bareCreator(given));
const prefix = `new-${process.pid}`;
await createAll(create, warmUpUuid, batchesOf(`${prefix}-warm`, warmUpPorts, portsPerTransaction), inFlight);
const batches = batchesOf(prefix, ports, portsPerTransaction);
// The first change that a monitor hears of costs the server more than the others.
await create(switchUuid, batchesOf(`${prefix}-first`, 1, 1)[0] ?? []);

const serverBefore = cpuMsOf(serverPid);
const cpuBefore = ownCpuMs();
const startedAt = performance.now();
const times = await createAll(create, switchUuid, batches, inFlight);
const wallMs = performance.now() - startedAt;
const clientCpuMs = ownCpuMs() - cpuBefore;
const serverCpuMs = cpuMsOf(serverPid) - serverBefore;
report({
  portsPerSecond: (ports / wallMs) * 1000,
  clientCpuUs: (clientCpuMs / ports) * 1000,
  serverCpuUs: (serverCpuMs / ports) * 1000,
  p50Ms: quantile(times, 0.5),
  p99Ms: quantile(times, 0.99),
});
