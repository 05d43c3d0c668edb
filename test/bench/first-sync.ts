/** First synchronisation: how much a client adds to reading and parsing what the server sends. */
import { fileURLToPath } from 'node:url';

import { findExecutable, requireNorthboundSchema } from '../../lib/testing/executable.js';
import { BareClient } from './bare-client.js';
import { bar, type Bar } from './bars.js';
import type { Context } from './context.js';
import { interleave } from './interleave.js';
import { replicatedColumns } from './northbound-data.js';
import { pythonWithOvsdbapp } from './peers/python.js';
import { runMeasured } from './program.js';
import { column, count, spreadColumn, type Report, type ReportRow } from './report.js';
import { runWorker } from './run-worker.js';
import { BenchServer } from './server.js';
import { withRatios, type Figures } from './statistics.js';
import type { SyncKind, SyncTask } from './sync-worker.js';

type Kind = SyncKind | 'nbctl' | 'ovsdbapp';

const LABELS: Readonly<Record<Kind, string>> = {
  parse: 'floor: read, JSON.parse',
  maps: 'floor: and plain Maps',
  nbctl: 'C client: ovn-nbctl get',
  ovsdbapp: 'Python client: ovsdbapp',
  library: 'ovn-northbound',
};
/** From here on the bars for big databases hold. */
const BIG = 50_000;
/** Beyond, the floors do without: one text of such a snapshot is more than V8 likes to parse at once. */
const HUGE = 500_000;
const OVSDBAPP_SYNC = fileURLToPath(new URL('peers/sync_ovsdbapp.py', import.meta.url));
const RATIOS = ['receiveMs', 'cpuMs', 'processCpuMs'];

export async function measureFirstSync(context: Context, ports: number): Promise<Report> {
  const { options, files, workers } = context;
  const { kinds, programs, missing } = await clientsFor(ports, options.thorough);
  await using server = await BenchServer.start(await files.standalone(ports, options.portsPerSwitch));
  const { remote } = server;
  const rounds = ports > BIG ? (ports > HUGE ? 1 : options.longRounds) : options.rounds;
  const run = async (kind: Kind): Promise<Figures> => {
    if (kind === 'nbctl') return runMeasured(programs.nbctl, await getAllColumns(remote));
    if (kind === 'ovsdbapp') return runMeasured(programs.python, [OVSDBAPP_SYNC, remote, requireNorthboundSchema()]);
    const task: SyncTask = { remote, kind };
    return runWorker(workers, 'sync-worker', task);
  };
  const runs = await interleave(kinds, { rounds, quietMs: options.quietMs }, run);
  const serverPeakMb = server.peakMb;
  const of = (kind: Kind): readonly Figures[] => runs.get(kind) ?? [];
  const rows = kinds.map((kind): ReportRow => {
    const ratios = withRatios(of(kind), of('maps'), 'maps', RATIOS);
    return { label: LABELS[kind], runs: withRatios(ratios, of('nbctl'), 'nbctl', ['processCpuMs']) };
  });
  const library = rows.find(({ label }) => label === LABELS.library);
  return {
    name: 'first-sync',
    title: `First synchronisation of ${count(ports)} ports, all columns of Logical_Switch and Logical_Switch_Port`,
    columns: [
      spreadColumn('first byte to in sync', 'receiveMs', 0, 'ms'),
      column('/ Maps', 'receiveMs/maps', 2),
      spreadColumn('CPU', 'cpuMs', 0, 'ms'),
      column('/ Maps', 'cpuMs/maps', 2),
      column('whole process', 'processCpuMs', 0, 'ms'),
      column('/ Maps', 'processCpuMs/maps', 2),
      column('from connect', 'wallMs', 0, 'ms'),
      spreadColumn('peak memory', 'peakMb', 0, 'MB'),
      column('retained per port', 'bytesPerPort', 0, 'B'),
      spreadColumn('longest block', 'blockMs', 0, 'ms'),
      column('its CPU', 'blockCpuMs', 0, 'ms'),
    ],
    rows,
    bars: barsOf(ports, library),
    notes: [
      'CPU from connect until in sync; the whole process includes the start of Node and loading the modules.',
      'Longest block: of the event loop, by a timer that is due every millisecond; its CPU includes helper threads.',
      'ovn-nbctl gets every column of one row, for which it replicates both tables; its time includes its start.',
      ...missing,
      `Medians of ${rounds} interleaved runs, each in a process of its own. The server had ${count(Math.round(serverPeakMb))} MB at most.`,
    ],
  };
}

/** Those that are installed; the slow ones only where that takes minutes at most. */
async function clientsFor(
  ports: number,
  thorough: boolean,
): Promise<{ kinds: Kind[]; programs: { nbctl: string; python: string }; missing: string[] }> {
  const nbctl = findExecutable('ovn-nbctl');
  const python = await pythonWithOvsdbapp();
  const floors: Kind[] = ports > HUGE ? [] : ['parse', 'maps'];
  const pythonIsFit = python !== undefined && ports <= (thorough ? HUGE : BIG);
  return {
    kinds: [
      ...floors,
      ...(nbctl === undefined ? [] : (['nbctl'] as const)),
      ...(pythonIsFit ? (['ovsdbapp'] as const) : []),
      'library',
    ],
    programs: { nbctl: nbctl ?? '', python: python ?? '' },
    missing: [
      ...(nbctl === undefined ? ['ovn-nbctl is not installed and was left out.'] : []),
      ...(python === undefined ? ['ovsdbapp (python3-ovsdbapp) is not installed and was left out.'] : []),
    ],
  };
}

function barsOf(ports: number, library: ReportRow | undefined): Bar[] {
  const of = `${count(ports)} ports`;
  if (ports > HUGE) return [];
  if (ports < BIG) {
    return [
      bar(`first sync of ${of}: client CPU / parse with Maps`, library, { figure: 'cpuMs/maps', atMost: 1.15 }),
      bar(`… of the whole process`, library, { figure: 'processCpuMs/maps', atMost: 1.15 }),
    ];
  }
  return [
    bar(`first sync of ${of}: first byte to in sync / parse with Maps`, library, {
      figure: 'receiveMs/maps',
      atMost: 0.9,
    }),
    bar(`… client CPU / parse with Maps`, library, { figure: 'cpuMs/maps', atMost: 1.1 }),
    bar(`… of the whole process / ovn-nbctl get`, library, { figure: 'processCpuMs/nbctl', atMost: 0.5 }),
    bar(`… peak memory`, library, { figure: 'peakMb', atMost: 340, unit: 'MB', decimals: 0 }),
    bar(`… retained heap per port`, library, { figure: 'bytesPerPort', atMost: 1600, unit: 'B', decimals: 0 }),
    bar(`… longest block of the event loop`, library, { figure: 'blockMs', atMost: 20, unit: 'ms', decimals: 0 }),
  ];
}

/** Arguments with which ovn-nbctl monitors every column of both tables: it does those that a command names. */
async function getAllColumns(remote: string): Promise<string[]> {
  const client = await BareClient.connect(remote);
  const gets: string[] = [];
  for (const [table, columns] of Object.entries(await replicatedColumns(client))) {
    const [selected] = await client.transact([{ op: 'select', table, where: [], columns: ['_uuid'] }]);
    const [row] = selected?.['rows'] as { _uuid: [string, string] }[];
    gets.push('--', 'get', table, row?._uuid[1] ?? '', ...columns);
  }
  client.close();
  return ['--no-leader-only', '-vconsole:off', `--db=${remote}`, ...gets.slice(1)];
}
