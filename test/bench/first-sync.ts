/** First synchronisation: how much a client adds to reading and parsing what the server sends. */
import { column, withRatios, type Report, type ReportRow } from './report.js';
import { runWorker, type WorkerSettings } from './run-worker.js';
import { medians, type Figures } from './statistics.js';
import type { SyncKind, SyncTask } from './sync-worker.js';

const LABELS: Readonly<Record<SyncKind, string>> = {
  parse: 'floor: read, JSON.parse',
  maps: 'floor: and plain Maps',
  library: 'ovn-northbound',
};

export async function measureFirstSync(remote: string, rounds: number, workers: WorkerSettings): Promise<Report> {
  const kinds = Object.keys(LABELS) as SyncKind[];
  const runs: Record<SyncKind, Figures[]> = { parse: [], maps: [], library: [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      const task: SyncTask = { remote, kind };
      runs[kind].push(await runWorker(workers, 'sync-worker', task));
    }
  }
  const rows = kinds.map((kind): ReportRow => ({ label: LABELS[kind], figures: medians(runs[kind]) }));
  const [parse, maps] = rows as [ReportRow, ReportRow];
  const names = ['cpuMs', 'processCpuMs'];
  const ports = maps.figures['ports'] ?? NaN;
  return {
    name: 'first-sync',
    title: `First synchronisation of ${ports.toLocaleString('en-US')} ports, all columns of Logical_Switch and Logical_Switch_Port`,
    columns: [
      column('CPU', 'cpuMs', 0, 'ms'),
      column('/ parse', 'cpuMs/parse', 2),
      column('/ Maps', 'cpuMs/maps', 2),
      column('whole process', 'processCpuMs', 0, 'ms'),
      column('/ Maps', 'processCpuMs/maps', 2),
      column('wall', 'wallMs', 0, 'ms'),
      column('peak memory', 'peakMb', 0, 'MB'),
      column('retained per port', 'bytesPerPort', 0, 'B'),
    ],
    rows: rows.map((row) => withRatios(withRatios(row, parse, 'parse', names), maps, 'maps', names)),
    notes: [
      'CPU and wall from connect until in sync; the whole process includes the start of Node and loading the modules.',
      `Medians of ${rounds} interleaved runs, each in a process of its own.`,
    ],
  };
}
