/** Changes ports at an even pace while a worker watches. */
import { setTimeout as sleep } from 'node:timers/promises';

import { BareClient } from './bare-client.js';
import { NOT_COUNTED, STAMP } from './northbound-data.js';
import { startWorker, type WorkerSettings } from './run-worker.js';
import { quantile, type Figures } from './statistics.js';
import type { WatchKind, WatchTask } from './watch-worker.js';

/** At a higher pace, until the compiled code is what a controller runs. */
const WARM_UP_CHANGES = 8000;
const WARM_UP_PER_SECOND = 4000;
/** So many ports are changed in turn. */
const PORTS = 1000;

export interface ChangeSettings {
  readonly changes: number;
  readonly changesPerSecond: number;
}

/** The figures of the worker, and how long the replies to the writer took. */
export async function changeWatched(
  remote: string,
  kind: WatchKind,
  { changes, changesPerSecond }: ChangeSettings,
  workers: WorkerSettings,
): Promise<Figures> {
  const client = await BareClient.connect(remote);
  const ports = await somePorts(client);
  const task: WatchTask = { remote, kind, changes };
  const worker = startWorker(workers, 'watch-worker', task);
  await worker.ready;
  await change(client, ports, Math.min(WARM_UP_CHANGES, 4 * changes), WARM_UP_PER_SECOND, NOT_COUNTED);
  const replies = await change(client, ports, changes, changesPerSecond);
  const figures = await worker.figures;
  // The next client's snapshot must not hold stamps, which its first changes would repeat.
  await forget(client);
  client.close();
  return { ...figures, replyP50Ms: quantile(replies, 0.5), replyP99Ms: quantile(replies, 0.99) };
}

async function somePorts(client: BareClient): Promise<string[]> {
  const [selected] = await client.transact([
    { op: 'select', table: 'Logical_Switch_Port', where: [], columns: ['_uuid'] },
  ]);
  const rows = selected?.['rows'] as { _uuid: [string, string] }[];
  return rows.slice(0, PORTS).map(({ _uuid: [, uuid] }) => uuid);
}

/** Changes the ports in turn at an even pace; resolves, when all is committed, with how long each reply took. */
async function change(
  client: BareClient,
  ports: readonly string[],
  total: number,
  perSecond: number,
  prefix = '',
): Promise<number[]> {
  const replies: Promise<number>[] = [];
  const startedAt = performance.now();
  while (replies.length < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) / 1000) * perSecond));
    while (replies.length < due) replies.push(changeOne(client, ports[replies.length % ports.length] ?? '', prefix));
    await sleep(1);
  }
  return Promise.all(replies);
}

async function changeOne(client: BareClient, uuid: string, prefix: string): Promise<number> {
  const sentAt = process.hrtime.bigint();
  const options = ['map', [[STAMP, `${prefix}${sentAt}`]]];
  const where = [['_uuid', '==', ['uuid', uuid]]];
  await client.transact([{ op: 'update', table: 'Logical_Switch_Port', where, row: { options } }]);
  return Number(process.hrtime.bigint() - sentAt) / 1e6;
}

async function forget(client: BareClient): Promise<void> {
  await client.transact([
    { op: 'mutate', table: 'Logical_Switch_Port', where: [], mutations: [['options', 'delete', STAMP]] },
  ]);
}
