/** The ports of a big StatefulSet: made, and found again. */
import { BareClient } from './bare-client.js';
import { createSwitch, deleteSwitch } from './northbound-data.js';
import { column, type Report, type ReportRow } from './report.js';
import { runWorker, type WorkerSettings } from './run-worker.js';
import type { StatefulSetTask } from './statefulset-worker.js';
import { medians, type Figures } from './statistics.js';

export interface StatefulSetSettings {
  readonly remote: string;
  readonly rounds: number;
  readonly replicas: number;
}

const SWITCH = 'statefulset';

export async function measureStatefulSetPorts(settings: StatefulSetSettings, workers: WorkerSettings): Promise<Report> {
  const { remote, rounds, replicas } = settings;
  const cases = [
    { label: 'with an ip_pool', ipPool: addressList(replicas), runs: [] as Figures[] },
    { label: 'without: addresses chosen', ipPool: undefined, runs: [] as Figures[] },
  ];
  const client = await BareClient.connect(remote);
  for (let round = 0; round < rounds; round++) {
    for (const { ipPool, runs } of cases) {
      const uuid = await createSwitch(client, SWITCH, 0);
      const task: StatefulSetTask = { remote, logicalSwitch: SWITCH, replicas, ipPool };
      runs.push(await runWorker(workers, 'statefulset-worker', task));
      await deleteSwitch(client, uuid);
    }
  }
  client.close();
  return {
    name: 'statefulset-ports',
    title: `StatefulSetPortManager: a StatefulSet of ${replicas.toLocaleString('en-US')} replicas`,
    columns: [
      column('first apply', 'firstWallMs', 0, 'ms'),
      column('CPU', 'firstCpuMs', 0, 'ms'),
      column('second apply', 'secondWallMs', 1, 'ms'),
      column('CPU', 'secondCpuMs', 1, 'ms'),
    ],
    rows: cases.map(({ label, runs }): ReportRow => ({ label, figures: medians(runs) })),
    notes: [
      'The first apply creates every port; the second finds them all and sends nothing.',
      `Medians of ${rounds} interleaved runs, each in a process of its own, without a warm-up.`,
    ],
  };
}

/** So many addresses, as an `ip_pool` lists them. */
function addressList(count: number): string {
  return Array.from({ length: count }, (_, n) => `10.200.${Math.floor(n / 250)}.${(n % 250) + 2}`).join(',');
}
