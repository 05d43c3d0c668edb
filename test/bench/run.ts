/**
 * Measures the library against a floor that is written here: a bare Node socket with `JSON.parse`. Starts
 * an ovsdb-server of its own. Absolute times depend on the machine and what else it does; the ratios are taken
 * between runs that were interleaved, and hold.
 */
import { Sandbox } from '../../lib/testing/index.js';
import { measureChangeLatency } from './change-latency.js';
import { compile } from './compile.js';
import { measureFirstSync } from './first-sync.js';
import { measureKeptPorts } from './kept-ports.js';
import { fill } from './northbound-data.js';
import { parseOptions, USAGE, type BenchOptions, type Part } from './options.js';
import { measurePortCreation } from './port-creation.js';
import { measureStatefulSetPorts } from './statefulset-ports.js';
import { formatReport, jsonReport, type Report } from './report.js';
import type { WorkerSettings } from './run-worker.js';

/** Runs of the measurements that take long, at most. */
const LONG_ROUNDS = 3;

async function measure(part: Part, options: BenchOptions, sandbox: Sandbox, workers: WorkerSettings): Promise<Report> {
  const { remote } = sandbox;
  const rounds = Math.min(options.rounds, LONG_ROUNDS);
  switch (part) {
    case 'first-sync':
      return measureFirstSync(remote, options.rounds, workers);
    case 'port-creation': {
      const { create: ports, switchSizes } = options;
      return measurePortCreation({ remote, serverPid: sandbox.pid ?? 0, rounds, ports, switchSizes }, workers);
    }
    case 'change-latency': {
      const { changes, changesPerSecond } = options;
      return measureChangeLatency({ remote, rounds, changes, changesPerSecond }, workers);
    }
    case 'statefulset-ports': {
      const { replicas, sets, setReplicas, keptPorts } = options;
      return measureStatefulSetPorts({ remote, rounds, replicas, sets, setReplicas, keptPorts }, workers);
    }
    case 'kept-ports': {
      const sizes = [Math.max(1, Math.ceil(options.keptPorts / 50)), options.keptPorts];
      return measureKeptPorts({ remote, rounds, sizes, pods: options.create }, workers);
    }
  }
}

async function run(options: BenchOptions): Promise<void> {
  const compiled = compile();
  try {
    await using sandbox = await Sandbox.start();
    await fill(sandbox.remote, options.ports, options.portsPerSwitch);
    const workers = { directory: compiled.directory, profileDirectory: options.profileDirectory };
    const reports: Report[] = [];
    for (const part of options.parts) {
      const report = await measure(part, options, sandbox, workers);
      if (options.json) reports.push(report);
      else console.log(formatReport(report));
    }
    if (options.json) console.log(JSON.stringify({ node: process.version, reports: reports.map(jsonReport) }, null, 2));
  } finally {
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
