/** A change by another client: how long until a listener has it, and what it costs. */
import { setTimeout as sleep } from 'node:timers/promises';

import { BareClient } from './bare-client.js';
import { STAMP, WARM_UP } from './northbound-data.js';
import { column, withRatios, type Report, type ReportRow } from './report.js';
import { startWorker, type WorkerSettings } from './run-worker.js';
import { medians, type Figures } from './statistics.js';
import type { WatchKind, WatchTask } from './watch-worker.js';

export interface LatencySettings {
  readonly remote: string;
  readonly rounds: number;
  readonly changes: number;
  readonly changesPerSecond: number;
}

const LABELS: Readonly<Record<WatchKind, string>> = { parse: 'floor: JSON.parse', library: 'ovn-northbound' };
/** At a higher pace, until the compiled code is what a controller runs. */
const WARM_UP_CHANGES = 4000;
const WARM_UP_PER_SECOND = 4000;
const PORTS = 1000;

export async function measureChangeLatency(settings: LatencySettings, workers: WorkerSettings): Promise<Report> {
  const { remote, rounds, changes, changesPerSecond } = settings;
  const kinds = Object.keys(LABELS) as WatchKind[];
  const runs: Record<WatchKind, Figures[]> = { parse: [], library: [] };
  const client = await BareClient.connect(remote);
  const ports = await somePorts(client);
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      const task: WatchTask = { remote, kind, changes };
      const worker = startWorker(workers, 'watch-worker', task);
      await worker.ready;
      await change(client, ports, WARM_UP, Math.min(WARM_UP_CHANGES, 2 * changes), WARM_UP_PER_SECOND);
      await change(client, ports, STAMP, changes, changesPerSecond);
      runs[kind].push(await worker.figures);
      // The next client's snapshot must not hold stamps, which its first changes would repeat.
      await forget(client);
    }
  }
  client.close();
  const rows = kinds.map((kind): ReportRow => ({ label: LABELS[kind], figures: medians(runs[kind]) }));
  const names = ['p50Ms', 'p99Ms', 'cpuUs'];
  return {
    name: 'change-latency',
    title: `A change by another client, ${changesPerSecond.toLocaleString('en-US')} changes a second`,
    columns: [
      column('p50', 'p50Ms', 2, 'ms'),
      column('p99', 'p99Ms', 2, 'ms'),
      column('CPU per change', 'cpuUs', 0, 'µs'),
      column('/ floor', 'cpuUs/floor', 2),
    ],
    rows: rows.map((row) => withRatios(row, rows[0] ?? row, 'floor', names)),
    notes: [
      'From the moment the other client sends its transaction until our listener is called.',
      `Medians of ${rounds} interleaved runs of ${changes.toLocaleString('en-US')} changes, each after a warm-up.`,
    ],
  };
}

async function somePorts(client: BareClient): Promise<string[]> {
  const [selected] = await client.transact([
    { op: 'select', table: 'Logical_Switch_Port', where: [], columns: ['_uuid'] },
  ]);
  const rows = selected?.['rows'] as { _uuid: [string, string] }[];
  return rows.slice(0, PORTS).map(({ _uuid: [, uuid] }) => uuid);
}

/** Changes the ports in turn at an even pace; resolves when all is committed. */
async function change(
  client: BareClient,
  ports: string[],
  key: string,
  count: number,
  perSecond: number,
): Promise<void> {
  const pending: Promise<unknown>[] = [];
  const startedAt = performance.now();
  while (pending.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - startedAt) / 1000) * perSecond));
    while (pending.length < due) {
      const uuid = ports[pending.length % ports.length];
      const options = ['map', [[key, process.hrtime.bigint().toString()]]];
      const where = [['_uuid', '==', ['uuid', uuid]]];
      pending.push(client.transact([{ op: 'update', table: 'Logical_Switch_Port', where, row: { options } }]));
    }
    await sleep(1);
  }
  await Promise.all(pending);
}

async function forget(client: BareClient): Promise<void> {
  const keys = ['set', [STAMP, WARM_UP]];
  await client.transact([
    { op: 'mutate', table: 'Logical_Switch_Port', where: [], mutations: [['options', 'delete', keys]] },
  ]);
}
