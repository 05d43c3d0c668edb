/** The ports of a big StatefulSet, and of many small ones: made, and found again, beside a crowd of kept ports. */
import { BareClient } from './bare-client.js';
import { createSwitch, deleteSwitch } from './northbound-data.js';
import { column, withRatios, type Report, type ReportRow } from './report.js';
import { runWorker, type WorkerSettings } from './run-worker.js';
import { createKeptPorts, deleteMadePorts } from './statefulset-data.js';
import type { StatefulSetKind, StatefulSetTask } from './statefulset-worker.js';
import { medians, type Figures } from './statistics.js';

export interface StatefulSetSettings {
  readonly remote: string;
  readonly rounds: number;
  /** Of the big StatefulSet. */
  readonly replicas: number;
  /** How many small StatefulSets, and the replicas of each. */
  readonly sets: number;
  readonly setReplicas: number;
  /** Kept ports of other StatefulSets that are on the switch before. */
  readonly keptPorts: number;
}

interface Case extends Pick<StatefulSetTask, 'kind' | 'sets' | 'replicas' | 'atOnce'> {
  readonly label: string;
  readonly switches: number;
}

const KINDS: Readonly<Record<StatefulSetKind, string>> = {
  bare: 'floor: bare socket and monitor',
  pool: 'ovn-northbound, ip_pool',
  picked: 'ovn-northbound, addresses chosen',
};

export async function measureStatefulSetPorts(settings: StatefulSetSettings, workers: WorkerSettings): Promise<Report> {
  const { remote, rounds, keptPorts } = settings;
  const cases = casesOf(settings);
  const runs = cases.map((): Figures[] => []);
  const client = await BareClient.connect(remote);
  const crowded: [string, string] = ['statefulset', await createKeptPorts(client, 'statefulset', keptPorts)];
  for (let round = 0; round < rounds; round++) {
    for (const [i, { label, switches: count, ...rest }] of cases.entries()) {
      const switches = [crowded];
      for (let n = 1; n < count; n++) {
        switches.push([`statefulset${n}`, await createSwitch(client, `statefulset${n}`, 0)]);
      }
      try {
        runs[i]?.push(await runWorker(workers, 'statefulset-worker', { remote, switches, ...rest }));
      } catch (error) {
        throw new Error(label, { cause: error });
      }
      await deleteMadePorts(client, crowded[1]);
      for (const [, uuid] of switches.slice(1)) await deleteSwitch(client, uuid);
    }
  }
  await deleteSwitch(client, crowded[1]);
  client.close();
  const rows = cases.map(({ label }, i): ReportRow => ({ label, figures: medians(runs[i] ?? []) }));
  const names = ['firstWallMs', 'firstCpuMs'];
  return {
    name: 'statefulset-ports',
    title: `StatefulSetPortManager: a StatefulSet of ${count(settings.replicas)} replicas, and many small ones, on a switch with ${count(keptPorts)} kept ports`,
    columns: [
      column('first apply', 'firstWallMs', 0, 'ms'),
      column('/ floor', 'firstWallMs/bare', 2),
      column('CPU', 'firstCpuMs', 0, 'ms'),
      column('/ floor', 'firstCpuMs/bare', 2),
      column('second apply, 1,000 ports', 'secondMsPerThousand', 1, 'ms'),
      column('third', 'thirdMsPerThousand', 1, 'ms'),
    ],
    rows: rows.map((row, i) => {
      // The floor of its shape is the last one above it.
      const floor = cases.findLastIndex(({ kind }, j) => kind === 'bare' && j <= i);
      return withRatios(row, rows[floor] ?? row, 'bare', names);
    }),
    notes: [
      'The first apply creates every port; the others find them all and send nothing.',
      'The floor sends the same rows in as many transactions, and parses what its monitor hears of them.',
      `Medians of ${rounds} interleaved runs, each in a process of its own, without a warm-up.`,
    ],
  };
}

function casesOf({ replicas, sets, setReplicas }: StatefulSetSettings): Case[] {
  const big = `1 of ${count(replicas)}`;
  const small = `${count(sets)} of ${count(setReplicas)}`;
  const kinds = Object.keys(KINDS) as StatefulSetKind[];
  const shape = (title: string, shared: Omit<Case, 'label' | 'kind'>): Case[] =>
    kinds.map((kind) => ({ label: `${title}, ${KINDS[kind]}`, kind, ...shared }));
  return [
    ...shape(big, { sets: 1, replicas, atOnce: false, switches: 1 }),
    ...shape(`${small} in turn`, { sets, replicas: setReplicas, atOnce: false, switches: 1 }),
    ...shape(`${small} at once`, { sets, replicas: setReplicas, atOnce: true, switches: 1 }),
    ...shape(`${small} at once, a switch each`, { sets, replicas: setReplicas, atOnce: true, switches: sets }),
  ];
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
