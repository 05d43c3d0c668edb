/** A change by another client: how long until a listener has it, and what it costs. */
import { bar, type Bar } from './bars.js';
import type { Context } from './context.js';
import { interleave } from './interleave.js';
import { column, count, spreadColumn, type Report, type ReportRow } from './report.js';
import type { BenchServer } from './server.js';
import { withServers } from './several-servers.js';
import { withRatios, type Figures } from './statistics.js';
import { changeWatched } from './watched-changes.js';
import type { WatchKind } from './watch-worker.js';

const LABELS: Readonly<Record<WatchKind, string>> = { parse: 'floor: JSON.parse', library: 'ovn-northbound' };

interface Case {
  readonly size: number;
  readonly server: BenchServer;
  readonly kind: WatchKind;
}

export async function measureChangeLatency(context: Context): Promise<Report> {
  const { options, files } = context;
  const sizes = [...options.ports].sort((a, b) => a - b);
  const databases: string[] = [];
  for (const size of sizes) databases.push(await files.standalone(size, options.portsPerSwitch));
  return withServers(databases, (servers) => measureOn(servers, sizes, context));
}

async function measureOn(
  servers: readonly BenchServer[],
  sizes: readonly number[],
  { options, workers }: Context,
): Promise<Report> {
  const kinds = Object.keys(LABELS) as WatchKind[];
  const cases = servers.flatMap((server, i) => kinds.map((kind): Case => ({ size: sizes[i] ?? 0, server, kind })));
  const { changes, changesPerSecond, rounds, quietMs } = options;
  const runs = await interleave(cases, { rounds, quietMs }, ({ server: { remote }, kind }) =>
    changeWatched(remote, kind, options, workers),
  );
  const of = (size: number, kind: WatchKind): readonly Figures[] =>
    [...runs].find(([each]) => each.size === size && each.kind === kind)?.[1] ?? [];
  const rows = cases.map(({ size, kind }): ReportRow => {
    const bare = of(size, 'parse');
    const ratios = withRatios(of(size, kind), bare, 'floor', ['p50Ms', 'p99Ms', 'cpuUs']);
    const grown = withRatios(ratios, of(sizes[0] ?? 0, kind), 'smallest', ['cpuUs']);
    const label = `${count(size)} ports loaded, ${LABELS[kind]}`;
    return { label, runs: grown.map((run, i) => ({ ...run, p99ToSlower: toSlower(run, bare[i]) })) };
  });
  return {
    name: 'change-latency',
    title: `A change by another client, ${count(changesPerSecond)} changes a second`,
    columns: [
      spreadColumn('p50', 'p50Ms', 2, 'ms'),
      column('/ floor', 'p50Ms/floor', 2),
      spreadColumn('p99', 'p99Ms', 2, 'ms'),
      column('/ floor', 'p99Ms/floor', 2),
      column("writer's reply p50", 'replyP50Ms', 2, 'ms'),
      column('p99', 'replyP99Ms', 2, 'ms'),
      spreadColumn('CPU per change', 'cpuUs', 0, 'µs'),
      column('/ floor', 'cpuUs/floor', 2),
    ],
    rows,
    bars: rows.flatMap((row, i) => (cases[i]?.kind === 'library' ? barsOf(row, cases[i].size, sizes[0] ?? 0) : [])),
    notes: [
      'From the moment the other client sends its transaction until our listener is called.',
      'What the first synchronisation left behind is collected before, as in a client that has run for a while.',
      `Medians of ${rounds} interleaved runs of ${count(changes)} changes, each in a process of its own after a warm-up.`,
    ],
  };
}

/** The p99 as a ratio to the larger of the floor's and the writer's own reply. */
function toSlower({ p99Ms = NaN, replyP99Ms = NaN }: Figures, bare: Figures | undefined): number {
  return p99Ms / Math.max(replyP99Ms, bare?.['p99Ms'] ?? NaN);
}

function barsOf(row: ReportRow, size: number, smallest: number): Bar[] {
  const growth = { figure: 'cpuUs/smallest', atMost: 1.1 };
  return [
    bar(`another client's change, ${count(size)} ports loaded: p50 / bare socket`, row, {
      figure: 'p50Ms/floor',
      atMost: 1.2,
    }),
    bar('… p99 / the larger of the bare socket’s and the writer’s reply', row, { figure: 'p99ToSlower', atMost: 1.3 }),
    bar('… client CPU / bare socket', row, { figure: 'cpuUs/floor', atMost: 1.5 }),
    ...(size === smallest ? [] : [bar(`… client CPU / ${count(smallest)} ports loaded`, row, growth)]),
  ];
}
