/** Reading a replica in memory: look-ups by an indexed name, and going through all rows. */
import { bar } from './bars.js';
import type { Context } from './context.js';
import { interleave } from './interleave.js';
import type { ReadsTask } from './reads-worker.js';
import { count, spreadColumn, type Report, type ReportRow } from './report.js';
import { runWorker } from './run-worker.js';
import { BenchServer } from './server.js';
import type { Figures } from './statistics.js';

export async function measureReads({ options, files, workers }: Context): Promise<Report> {
  const ports = Math.max(...options.ports);
  await using server = await BenchServer.start(await files.standalone(ports, options.portsPerSwitch));
  const task: ReadsTask = { remote: server.remote };
  const { longRounds: rounds, quietMs } = options;
  const [runs = []] = (
    await interleave(['reads'], { rounds, quietMs }, () => runWorker(workers, 'reads-worker', task))
  ).values();
  const floor = runs.map(({ plainFindUs = NaN, plainIterateMs = NaN, others = NaN }): Figures => {
    return { findUs: plainFindUs, iterateMs: plainIterateMs, others };
  });
  const library: ReportRow = { label: 'ovn-northbound', runs };
  return {
    name: 'reads',
    title: `Reads of ${count(ports)} ports`,
    columns: [
      spreadColumn('find by name', 'findUs', 2, 'µs'),
      spreadColumn('iterate all', 'iterateMs', 1, 'ms'),
      spreadColumn('copies', 'copies', 0),
    ],
    rows: [{ label: 'floor: a Map by name, of plain objects', runs: floor }, library],
    bars: [
      bar(`find by name among ${count(ports)} ports`, library, { figure: 'findUs', atMost: 1, unit: 'µs' }),
      bar('… iterate over all of them', library, { figure: 'iterateMs', atMost: 20, unit: 'ms', decimals: 1 }),
      bar('… reads that copy', library, { figure: 'copies', atMost: 0, unit: '', decimals: 0 }),
    ],
    notes: [
      'Names in an order that no cache foresees; iterating reads the name of each row.',
      'Copies: reads that gave something else than the row itself, or the value of a column that was made anew.',
      `Medians of ${rounds} runs, each in a process of its own, of the medians of 9 repetitions after a warm-up.`,
    ],
  };
}
