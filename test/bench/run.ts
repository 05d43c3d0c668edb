/**
 * Measures the library against a floor that is written here: a bare Node socket with `JSON.parse`. Starts
 * servers of its own. Absolute times depend on the machine and what else it does; the ratios are taken
 * between runs that were interleaved, and hold.
 */
import { formatBars } from './bars.js';
import { measureChangeLatency } from './change-latency.js';
import { compile } from './compile.js';
import type { Context } from './context.js';
import { DatabaseFiles } from './database-files.js';
import { measureEmbeddedServer } from './embedded-server.js';
import { measureFirstSync } from './first-sync.js';
import { measureFraming } from './framing.js';
import { measureGrowth } from './growth.js';
import { measureKeptPorts } from './kept-ports.js';
import { describeMachine } from './machine.js';
import { formatMarkdown, replaceMeasured } from './markdown.js';
import { parseOptions, USAGE, type BenchOptions, type Part } from './options.js';
import { measurePortCreation } from './port-creation.js';
import { measureReads } from './reads.js';
import { measureResync } from './resync.js';
import { formatReport, jsonReport, type Report } from './report.js';
import { measureStartUp } from './start-up.js';
import { measureStatefulSetPorts } from './statefulset-ports.js';

/** Ports of the database that only a thorough run replicates. */
const MILLION = 1_000_000;

function one(measure: (context: Context) => Promise<Report>): (context: Context) => AsyncIterable<Report> {
  return async function* (context) {
    yield await measure(context);
  };
}

/** The measurements of each part. */
const MEASUREMENTS: Readonly<Record<Part, (context: Context) => AsyncIterable<Report>>> = {
  'first-sync': async function* (context) {
    const { ports, thorough } = context.options;
    for (const size of thorough ? [...ports, MILLION] : ports) yield await measureFirstSync(context, size);
  },
  'port-creation': one(measurePortCreation),
  'change-latency': one(measureChangeLatency),
  'statefulset-ports': one(measureStatefulSetPorts),
  'kept-ports': one(measureKeptPorts),
  reads: one(measureReads),
  resync: one(measureResync),
  framing: one(measureFraming),
  'start-up': one(measureStartUp),
  'embedded-server': one(measureEmbeddedServer),
  growth: one(measureGrowth),
};

async function run(options: BenchOptions): Promise<void> {
  const compiled = await compile(options.profileDirectory === undefined);
  const files = new DatabaseFiles(options.dataDirectory);
  const text = options.output === 'text';
  try {
    const workers = { directory: compiled.directory, profileDirectory: options.profileDirectory };
    const context: Context = { options, files, workers };
    const reports: Report[] = [];
    if (text) console.log(`${describeMachine()}\n`);
    for (const part of options.parts) {
      for await (const report of MEASUREMENTS[part](context)) {
        reports.push(report);
        if (text) console.log(formatReport(report));
      }
    }
    if (text) console.log(formatBars(reports));
    else if (options.output === 'markdown') console.log(await formatMarkdown(reports));
    else console.log(JSON.stringify({ machine: describeMachine(), reports: reports.map(jsonReport) }, null, 2));
    if (options.update !== undefined) replaceMeasured(options.update, await formatMarkdown(reports));
  } finally {
    files.remove();
    compiled.remove();
  }
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') console.log(USAGE);
  else await run(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
