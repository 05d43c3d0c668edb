/** One snapshot in chunks of different sizes: what a client reads per second must not depend on how the bytes are cut. */
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bar, type Bar } from './bars.js';
import type { Context } from './context.js';
import type { FramingTask } from './framing-worker.js';
import { interleave } from './interleave.js';
import { recordSnapshot } from './northbound-data.js';
import { column, count, spreadColumn, type Report, type ReportRow } from './report.js';
import { runWorker } from './run-worker.js';
import { BenchServer } from './server.js';
import { withRatios, type Figures } from './statistics.js';

const CHUNKS = [
  { label: 'chunks of 16 KB', chunkBytes: 16_384 },
  { label: 'chunks of 1 MB', chunkBytes: 1_048_576 },
  { label: 'in one', chunkBytes: 0 },
] as const;

interface Case {
  readonly ports: number;
  readonly replyFile: string;
  readonly chunks: (typeof CHUNKS)[number];
}

export async function measureFraming(context: Context): Promise<Report> {
  const { options, files, workers } = context;
  const directory = mkdtempSync(join(tmpdir(), 'ovn-northbound-bench-reply-'));
  try {
    const cases: Case[] = [];
    for (const ports of [...options.ports].sort((a, b) => a - b)) {
      const replyFile = join(directory, String(ports));
      await using server = await BenchServer.start(await files.standalone(ports, options.portsPerSwitch));
      writeFileSync(replyFile, await recordSnapshot(server.remote));
      cases.push(...CHUNKS.map((chunks) => ({ ports, replyFile, chunks })));
    }
    await using server = await BenchServer.start(await files.standalone(0, 1));
    const { remote } = server;
    const { longRounds: rounds, quietMs } = options;
    const runs = await interleave(cases, { rounds, quietMs }, ({ replyFile, chunks: { chunkBytes } }) => {
      const task: FramingTask = { remote, replyFile, chunkBytes };
      return runWorker(workers, 'framing-worker', task);
    });
    return reportOf(cases, runs, rounds);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function reportOf(cases: readonly Case[], runs: ReadonlyMap<Case, readonly Figures[]>, rounds: number): Report {
  const fewest = cases[0]?.ports ?? NaN;
  const rows = cases.map((each): ReportRow => {
    const same = (ports: number, chunks: Case['chunks']): readonly Figures[] =>
      [...runs].find(([other]) => other.ports === ports && other.chunks === chunks)?.[1] ?? [];
    const own = runs.get(each) ?? [];
    const toFirst = withRatios(own, same(each.ports, CHUNKS[0]), 'first', ['cpuMsPerMb']);
    const toSmall = withRatios(toFirst, same(fewest, each.chunks), 'smallest', ['cpuMsPerMb']);
    return { label: `${count(each.ports)} ports, ${each.chunks.label}`, runs: toSmall };
  });
  return {
    name: 'framing',
    title: 'A snapshot in chunks of different sizes, from the first chunk until in sync',
    columns: [
      column('snapshot', 'mb', 1, 'MB'),
      spreadColumn('MB/s', 'mbPerSecond', 0),
      spreadColumn('CPU per MB', 'cpuMsPerMb', 1, 'ms'),
      spreadColumn('/ 16 KB', 'cpuMsPerMb/first', 2),
      column(`/ ${count(fewest)} ports`, 'cpuMsPerMb/smallest', 2),
    ],
    rows,
    bars: rows.flatMap((row, i) => barsOf(row, cases[i], [fewest, cases.at(-1)?.ports ?? NaN])),
    notes: [
      'The snapshot was recorded from a server, and is handed to the client by a stream that stands for a socket.',
      `Medians of ${rounds} interleaved runs, each in a process of its own after a first sync that does not count.`,
    ],
  };
}

/** Bars for the biggest snapshot. */
function barsOf(row: ReportRow, each: Case | undefined, [fewest, most]: readonly [number, number]): Bar[] {
  if (each?.ports !== most) return [];
  const { label } = each.chunks;
  const what = `snapshot of ${count(most)} ports ${each.chunks.chunkBytes === 0 ? label : `in ${label}`}`;
  if (each.chunks !== CHUNKS[0]) {
    return [
      bar(`${what}: CPU / in chunks of 16 KB`, row, { figure: 'cpuMsPerMb/first', atMost: 1.1 }),
      bar('… the other way round', invert(row), { figure: 'cpuMsPerMb/first', atMost: 1.1 }),
    ];
  }
  const linear = { figure: 'cpuMsPerMb/smallest', atMost: 1.1 };
  return fewest === most ? [] : [bar(`${what}: CPU per MB / ${count(fewest)} ports`, row, linear)];
}

/** How much more the chunks of 16 KB cost. */
function invert({ label, runs }: ReportRow): ReportRow {
  const figure = 'cpuMsPerMb/first';
  return { label, runs: runs.map((run) => ({ [figure]: 1 / (run[figure] ?? NaN) })) };
}
