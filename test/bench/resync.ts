/** A connection is lost and found again while nothing has changed: what it costs to be in sync again. */
import { BareClient } from './bare-client.js';
import { bar, type Bar } from './bars.js';
import type { Context } from './context.js';
import { interleave } from './interleave.js';
import { column, count, spreadColumn, type Report, type ReportRow } from './report.js';
import type { ResyncKind, ResyncTask } from './resync-worker.js';
import { startWorker } from './run-worker.js';
import { withServers } from './several-servers.js';

/** A member of a cluster keeps a history of transactions; a standalone server has none, and sends everything again. */
interface Case {
  readonly label: string;
  readonly kind: ResyncKind;
  readonly history: boolean;
}

const CASES: readonly Case[] = [
  { label: 'server with history, floor: bare socket', kind: 'bare', history: true },
  { label: 'server with history, ovn-northbound', kind: 'library', history: true },
  { label: 'server without history, floor: JSON.parse', kind: 'bare', history: false },
  { label: 'server without history, ovn-northbound', kind: 'library', history: false },
];

/** Fewer than the transactions that a server remembers, a hundred at least. */
const WRITES = 20;

export async function measureResync(context: Context): Promise<Report> {
  const { options, files, workers } = context;
  const ports = Math.max(...options.ports);
  const databases = [
    await files.clustered(ports, options.portsPerSwitch),
    await files.standalone(ports, options.portsPerSwitch),
  ];
  const { longRounds: rounds, quietMs } = options;
  const runs = await withServers(databases, async (servers) => {
    // What a server was started with is no transaction that it remembers.
    for (const { remote } of servers) await writeElsewhere(remote);
    return interleave(CASES, { rounds, quietMs }, async ({ kind, history }) => {
      const server = servers[history ? 0 : 1];
      const task: ResyncTask = { remote: server?.remote ?? '', kind };
      const worker = startWorker(workers, 'resync-worker', task);
      await worker.ready;
      await server?.dropConnections();
      await writeElsewhere(task.remote);
      const figures = await worker.figures;
      const { resyncCpuMs = NaN, firstCpuMs = NaN, resyncPeakMb = NaN, firstPeakMb = NaN } = figures;
      return { ...figures, cpuRatio: resyncCpuMs / firstCpuMs, peakRatio: resyncPeakMb / firstPeakMb };
    });
  });
  const rows = CASES.map((each): ReportRow => ({ label: each.label, runs: runs.get(each) ?? [] }));
  return {
    name: 'resync',
    title: `In sync again after a reconnect with ${count(ports)} ports and nothing changed`,
    columns: [
      spreadColumn('connect to in sync', 'resyncMs', 0, 'ms'),
      column('bytes received', 'resyncBytes', 0, 'B'),
      spreadColumn('CPU', 'resyncCpuMs', 0, 'ms'),
      spreadColumn('of the first sync', 'firstCpuMs', 0, 'ms'),
      column('ratio', 'cpuRatio', 2),
      spreadColumn('peak memory', 'resyncPeakMb', 0, 'MB'),
      column('of the first sync', 'firstPeakMb', 0, 'MB'),
      column('events', 'events', 0),
    ],
    rows,
    bars: barsOf(rows, ports),
    notes: [
      'From the attempt to connect, about a second after the loss. Meanwhile others write to another table.',
      'With history: the only member of a cluster. Without: a standalone server, which sends everything again.',
      `Medians of ${rounds} interleaved runs, each in a process of its own; the first sync is that of the same process.`,
    ],
  };
}

/**
 * What others write to a server in use, in a table that is not replicated; less than its history holds. In a server that
 * nobody uses, the next allocations of memory sort all that the lost monitor has freed, which takes 100 ms.
 */
async function writeElsewhere(remote: string): Promise<void> {
  const table = 'Address_Set';
  const client = await BareClient.connect(remote);
  for (let i = 0; i < WRITES / 2; i++) {
    await client.transact([{ op: 'insert', table, row: { name: 'elsewhere' } }]);
    await client.transact([{ op: 'delete', table, where: [] }]);
  }
  client.close();
}

function barsOf([, withHistory, , without]: readonly ReportRow[], ports: number): Bar[] {
  const none = { figure: 'events', atMost: 0, unit: '', decimals: 0 };
  return [
    bar(`resync of ${count(ports)} unchanged ports with history`, withHistory, {
      figure: 'resyncMs',
      atMost: 20,
      unit: 'ms',
      decimals: 1,
    }),
    bar('… without history: client CPU / first sync', without, { figure: 'cpuRatio', atMost: 1.3 }),
    bar('… without history: peak memory / first sync', without, { figure: 'peakRatio', atMost: 1 }),
    bar('… without history: events', without, none),
  ];
}
