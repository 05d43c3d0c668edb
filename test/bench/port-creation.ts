/** Creating ports on one switch: what a client adds to each, and whether the size of the switch matters. */
import { BareClient } from './bare-client.js';
import type { CreateKind, CreateTask } from './create-worker.js';
import { createSwitch, deleteSwitch } from './northbound-data.js';
import { column, withRatios, type Report, type ReportRow } from './report.js';
import { runWorker, type WorkerSettings } from './run-worker.js';
import { medians, type Figures } from './statistics.js';

export interface CreationSettings {
  readonly remote: string;
  readonly serverPid: number;
  readonly rounds: number;
  /** Ports that each run creates. */
  readonly ports: number;
  /** Ports that are on the switch before. */
  readonly switchSizes: readonly number[];
}

interface Mode {
  readonly name: string;
  readonly portsPerTransaction: number;
  readonly inFlight: number;
  readonly kinds: readonly CreateKind[];
}

const MODES: readonly Mode[] = [
  { name: 'one by one', portsPerTransaction: 1, inFlight: 1, kinds: ['bare', 'monitored', 'guarded', 'library'] },
  { name: '64 in flight', portsPerTransaction: 1, inFlight: 64, kinds: ['bare', 'library'] },
  { name: '100 per transaction', portsPerTransaction: 100, inFlight: 1, kinds: ['bare', 'library'] },
];

/** A controller that runs for months has all its code compiled; that takes thousands of transactions. */
const WARM_UP_ROUNDS = 4;

const LABELS: Readonly<Record<CreateKind, string>> = {
  bare: 'floor: bare socket',
  monitored: 'floor: and monitor',
  guarded: 'floor: and wait for the switch',
  library: 'ovn-northbound',
};

export async function measurePortCreation(settings: CreationSettings, workers: WorkerSettings): Promise<Report> {
  const client = await BareClient.connect(settings.remote);
  const cases = settings.switchSizes.flatMap((switchSize) =>
    MODES.flatMap((mode) => mode.kinds.map((kind) => ({ switchSize, mode, kind, runs: [] as Figures[] }))),
  );
  for (let round = 0; round < settings.rounds; round++) {
    for (const { switchSize, mode, kind, runs } of cases) {
      const uuid = await createSwitch(client, `growing-${switchSize}`, switchSize);
      const task: CreateTask = {
        remote: settings.remote,
        kind,
        serverPid: settings.serverPid,
        switchUuid: uuid,
        ports: settings.ports,
        portsPerTransaction: mode.portsPerTransaction,
        inFlight: mode.inFlight,
        warmUpPorts: WARM_UP_ROUNDS * Math.min(settings.ports, 1000),
      };
      runs.push(await runWorker(workers, 'create-worker', task));
      await deleteSwitch(client, uuid);
    }
  }
  client.close();
  const rows = cases.map(({ switchSize, mode, kind, runs }): ReportRow => {
    const label = `${mode.name}, onto ${switchSize.toLocaleString('en-US')}, ${LABELS[kind]}`;
    return { label, figures: medians(runs) };
  });
  const names = ['portsPerSecond', 'clientCpuUs', 'serverCpuUs'];
  return {
    name: 'port-creation',
    title: `Creating ${settings.ports.toLocaleString('en-US')} ports on one switch`,
    columns: [
      column('ports/s', 'portsPerSecond', 0),
      column('/ floor', 'portsPerSecond/bare', 2),
      column('p50', 'p50Ms', 2, 'ms'),
      column('p99', 'p99Ms', 2, 'ms'),
      column('client CPU per port', 'clientCpuUs', 0, 'µs'),
      column('/ floor', 'clientCpuUs/bare', 2),
      column('server CPU per port', 'serverCpuUs', 0, 'µs'),
    ],
    rows: rows.map((row, i) => {
      const bare = cases.findIndex((each) => each.mode === cases[i]?.mode && each.switchSize === cases[i].switchSize);
      return withRatios(row, rows[bare] ?? row, 'bare', names);
    }),
    notes: [
      'p50 and p99 of the time that a transaction takes. "onto": ports that the switch had before.',
      'ovn-northbound monitors both tables and guards each transaction by a wait for the switch: the floors add these one by one.',
      `Medians of ${settings.rounds} interleaved runs, each in a process of its own after a warm-up.`,
    ],
  };
}
