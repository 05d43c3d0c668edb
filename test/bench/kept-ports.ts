/** One pod among many kept ports: what it costs to find its port or to make one, and the memory that is kept for it. */
import { BareClient } from './bare-client.js';
import type { KeptPortsTask } from './kept-ports-worker.js';
import { deleteSwitch } from './northbound-data.js';
import { column, withRatios, type Report, type ReportRow } from './report.js';
import { runWorker, type WorkerSettings } from './run-worker.js';
import { createKeptPorts, deleteMadePorts } from './statefulset-data.js';
import { medians, type Figures } from './statistics.js';

export interface KeptPortsSettings {
  readonly remote: string;
  readonly rounds: number;
  /** Kept ports on the switch, few and many. */
  readonly sizes: readonly number[];
  /** Pods that each run makes ports for, one by one. */
  readonly pods: number;
}

const KINDS: Readonly<Record<KeptPortsTask['kind'], string>> = {
  bare: 'floor: bare socket and monitor',
  manager: 'ovn-northbound',
};

export async function measureKeptPorts(settings: KeptPortsSettings, workers: WorkerSettings): Promise<Report> {
  const { remote, rounds, sizes, pods } = settings;
  const kinds = Object.keys(KINDS) as KeptPortsTask['kind'][];
  const cases = sizes.flatMap((keptPorts) => kinds.map((kind) => ({ keptPorts, kind, runs: [] as Figures[] })));
  const client = await BareClient.connect(remote);
  // One switch at a time: the replica of a run holds what the run is about.
  for (const size of sizes) {
    const switchUuid = await createKeptPorts(client, `kept${size}`, size);
    for (let round = 0; round < rounds; round++) {
      for (const { keptPorts, kind, runs } of cases) {
        if (keptPorts !== size) continue;
        const task: KeptPortsTask = { remote, kind, logicalSwitch: `kept${size}`, switchUuid, keptPorts, pods };
        runs.push(await runWorker(workers, 'kept-ports-worker', task));
        await deleteMadePorts(client, switchUuid);
      }
    }
    await deleteSwitch(client, switchUuid);
  }
  client.close();
  const rows = cases.map(({ keptPorts, kind, runs }): ReportRow => {
    return { label: `among ${keptPorts.toLocaleString('en-US')}, ${KINDS[kind]}`, figures: medians(runs) };
  });
  return {
    name: 'kept-ports',
    title: 'StatefulSetPortManager: one pod among many kept ports on its switch',
    columns: [
      column('port found', 'foundUs', 1, 'µs'),
      column('port made', 'madeMs', 2, 'ms'),
      column('/ floor', 'madeMs/bare', 2),
      column('CPU', 'madeCpuUs', 0, 'µs'),
      column('index made in', 'indexMs', 0, 'ms'),
      column('free addresses in', 'spaceMs', 0, 'ms'),
      column('index per port', 'indexBytes', 0, 'B'),
      column('free addresses', 'spaceBytes', 0, 'B'),
      column('row per port', 'rowBytes', 0, 'B'),
    ],
    rows: rows.map((row, i) => {
      const floor = cases.findIndex(({ kind, keptPorts }) => kind === 'bare' && keptPorts === cases[i]?.keptPorts);
      return withRatios(row, rows[floor] ?? row, 'bare', ['madeMs', 'madeCpuUs']);
    }),
    notes: [
      '"found": ensurePort for a pod whose port is kept, which sends nothing; "made": for a new pod, with a chosen address.',
      '"index", "free addresses": made once for a switch, the latter where addresses are chosen; then they follow the changes.',
      `Medians of ${rounds} runs, each in a process of its own after a warm-up.`,
    ],
  };
}
