/** The embedded server: how fast it starts, what it takes of inserts, and what a start leaves behind. */
import { bar } from './bars.js';
import type { Context } from './context.js';
import type { EmbeddedTask } from './embedded-worker.js';
import { interleave } from './interleave.js';
import { column, count, spreadColumn, type Report, type ReportRow } from './report.js';
import { runWorker } from './run-worker.js';
import { BenchServer } from './server.js';
import type { Figures } from './statistics.js';

/** Inserts of a run are so many times what other parts create: each is quick. */
const INSERTS_FACTOR = 5;

const SERVERS = {
  real: 'ovsdb-server, unix socket',
  unix: 'embedded server, unix socket',
  direct: 'embedded server, without a socket',
} as const;
type Server = keyof typeof SERVERS;

export async function measureEmbeddedServer({ options, files, workers }: Context): Promise<Report> {
  const { rounds, quietMs, create } = options;
  const inserts = INSERTS_FACTOR * create;
  const file = await files.standalone(0, 1);
  const servers = Object.keys(SERVERS) as Server[];
  const runs = await interleave(servers, { rounds, quietMs }, async (server): Promise<Figures> => {
    if (server !== 'real') return runWorker(workers, 'embedded-worker', { server, inserts } satisfies EmbeddedTask);
    const startedAt = performance.now();
    await using started = await BenchServer.start(file);
    const startMs = performance.now() - startedAt;
    const task: EmbeddedTask = { server: started.remote, inserts };
    return { ...(await runWorker(workers, 'embedded-worker', task)), startMs };
  });
  const rows = servers.map((server): ReportRow => ({ label: SERVERS[server], runs: runs.get(server) ?? [] }));
  const [, unix, direct] = rows;
  const atMost5Ms = { figure: 'startMs', atMost: 5, unit: 'ms', decimals: 1 };
  const perSecond = { atLeast: 10_000, unit: '/s', decimals: 0 };
  return {
    name: 'embedded-server',
    title: 'The embedded server',
    columns: [
      spreadColumn('start', 'startMs', 1, 'ms'),
      spreadColumn('inserts, one by one', 'oneByOne', 0, '/s'),
      column('inserts, 100 per transaction', 'batched', 0, '/s'),
      column('ports by the library, one by one', 'libraryOneByOne', 0, '/s'),
      column('ports by the library, 100 per transaction', 'libraryBatched', 0, '/s'),
      column('heap kept by 1,000 starts', 'keptKb', 0, 'KB'),
    ],
    rows,
    bars: [
      bar('start of the embedded server, with a unix socket', unix, atMost5Ms),
      bar('… without a socket', direct, atMost5Ms),
      bar('inserts that clients ask for one by one', unix, { figure: 'oneByOne', ...perSecond }),
      bar('… 100 per transaction', unix, { figure: 'batched', ...perSecond }),
      bar('heap kept per start, over 1,000', unix, { figure: 'keptPerStartB', atMost: 200, unit: 'B', decimals: 0 }),
    ],
    notes: [
      `${count(inserts)} rows in a transaction each, or 100; the client of the first two columns is a bare socket.`,
      'Ports are inserted and put on a switch, and the replica has them when the transaction is done.',
      'The embedded server works in the process of its client, as in a unit test: both share one CPU.',
      `Medians of ${rounds} runs, each in a process of its own.`,
    ],
  };
}
