/** Child process: creates ports on one switch. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { BareClient, type WireOperation } from './bare-client.js';
import {
  createPorts,
  deleteMadePorts,
  madePort,
  replicatedColumns,
  wirePort,
  type PortValues,
} from './northbound-data.js';
import { PATIENCE } from './patience.js';
import { quantile } from './statistics.js';
import { cpuMsOf, ownCpuMs, report, task } from './worker.js';

/**
 * `bare`: only sends transactions; `monitored`: a bare client that monitors the two tables as well, and parses
 * what comes; `guarded`: and lets each transaction wait for the switch to exist; `library`: a client in sync;
 * `coalesced`: and concurrent transactions may share one on the wire.
 */
export type CreateKind = 'bare' | 'monitored' | 'guarded' | 'library' | 'coalesced';

export interface CreateTask {
  readonly remote: string;
  readonly kind: CreateKind;
  readonly serverPid: number;
  readonly switchUuid: string;
  /** The switch that gets the ports of the warm-up. */
  readonly warmUpUuid: string;
  /** Ports to create, so many times; between the times they are deleted again. */
  readonly ports: number;
  readonly times: number;
  readonly portsPerTransaction: number;
  readonly inFlight: number;
  /** Ports created before the clock starts, so that compiled code is measured, as a controller runs it. */
  readonly warmUpPorts: number;
}

const SETTLE_MS = 50;

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

async function libraryCreator({ remote, kind }: CreateTask): Promise<Create> {
  const client = await connectNorthbound({
    remotes: remote,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    ...PATIENCE,
    onWarning: () => undefined,
  });
  const options = { coalesce: kind === 'coalesced' };
  return (switchUuid, ports) =>
    client.transact((tx) => {
      const created = ports.map((port) => tx.insert('Logical_Switch_Port', port));
      tx.mutate('Logical_Switch', switchUuid as Uuid<'Logical_Switch'>, { ports: { insert: created } });
      return created;
    }, options);
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
const isLibrary = given.kind === 'library' || given.kind === 'coalesced';
const create = await (isLibrary ? libraryCreator(given) : bareCreator(given));
const cleaner = await BareClient.connect(given.remote);
const prefix = `new-${process.pid}`;
// A controller that runs for long has seen ports go as well; the first that do make V8 compile much anew.
for (const half of ['a', 'b']) {
  const batches = batchesOf(`${prefix}-warm-${half}`, Math.ceil(warmUpPorts / 2), portsPerTransaction);
  await createAll(create, warmUpUuid, batches, inFlight);
  await deleteMadePorts(cleaner, warmUpUuid);
}
// The first change of the switch that a monitor hears of costs the server more than the others.
await create(switchUuid, batchesOf(`${prefix}-first`, 1, 1)[0] ?? []);

const times: number[] = [];
let wallMs = 0;
let clientCpuMs = 0;
let serverCpuMs = 0;
for (let time = 0; time < given.times; time++) {
  const batches = batchesOf(`${prefix}-${time}`, ports, portsPerTransaction);
  const serverBefore = cpuMsOf(serverPid);
  const cpuBefore = ownCpuMs();
  const startedAt = performance.now();
  times.push(...(await createAll(create, switchUuid, batches, inFlight)));
  wallMs += performance.now() - startedAt;
  clientCpuMs += ownCpuMs() - cpuBefore;
  serverCpuMs += cpuMsOf(serverPid) - serverBefore;
  await deleteMadePorts(cleaner, switchUuid);
  // Until a client that monitors has heard of it.
  await sleep(SETTLE_MS);
}
const created = ports * given.times;
report({
  portsPerSecond: (created / wallMs) * 1000,
  clientCpuUs: (clientCpuMs / created) * 1000,
  serverCpuUs: (serverCpuMs / created) * 1000,
  p50Ms: quantile(times, 0.5),
  p99Ms: quantile(times, 0.99),
});
