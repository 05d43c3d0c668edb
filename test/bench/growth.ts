/** How the cost of the first sync, of a create and of a change grows with the number of ports, and with how they are spread. */
import { BareClient } from './bare-client.js';
import type { Context } from './context.js';
import type { CreateKind, CreateTask } from './create-worker.js';
import { interleave } from './interleave.js';
import { createSwitch, deleteMadePorts, deleteSwitch } from './northbound-data.js';
import { column, count, type Report, type ReportRow } from './report.js';
import { runWorker } from './run-worker.js';
import { BenchServer } from './server.js';
import type { Figures } from './statistics.js';
import type { SyncKind, SyncTask } from './sync-worker.js';
import { changeWatched } from './watched-changes.js';
import type { WatchKind } from './watch-worker.js';

/** The same work by the library and by the floor. */
interface Kind {
  readonly label: string;
  readonly sync: SyncKind;
  readonly create: CreateKind;
  readonly watch: WatchKind;
}

const KINDS: readonly Kind[] = [
  { label: 'floor', sync: 'maps', create: 'bare', watch: 'parse' },
  { label: 'ovn-northbound', sync: 'library', create: 'library', watch: 'library' },
];
const MANY_SWITCHES = 1000;
const WARM_UP_PORTS = 3000;

/** One database at a time, each with a server of its own. */
export async function measureGrowth(context: Context): Promise<Report> {
  const { growthSizes, longRounds: rounds } = context.options;
  const rows: ReportRow[] = [];
  for (const ports of growthSizes) {
    for (const switches of [1, Math.min(MANY_SWITCHES, ports)])
      rows.push(...(await measureOne(ports, switches, context)));
  }
  return {
    name: 'growth',
    title: 'How the cost grows: ports on one switch, and spread over many',
    columns: [
      column('first sync, CPU', 'syncCpuMs', 0, 'ms'),
      column('per port', 'syncCpuUs', 1, 'µs'),
      column('creates/s, one by one', 'portsPerSecond', 0),
      column('client CPU per create', 'clientCpuUs', 0, 'µs'),
      column('server CPU', 'serverCpuUs', 0, 'µs'),
      column('client CPU per change', 'cpuUs', 0, 'µs'),
      column('p50', 'p50Ms', 2, 'ms'),
    ],
    rows,
    bars: [],
    notes: [
      'The floor: parsing with plain Maps, a bare socket that creates, a bare socket that parses what it hears of changes.',
      `Medians of ${rounds} interleaved runs, each in a process of its own, creates and changes after a warm-up.`,
    ],
  };
}

async function measureOne(ports: number, switches: number, context: Context): Promise<ReportRow[]> {
  const { options, files, workers } = context;
  await using server = await BenchServer.start(await files.standalone(ports, Math.ceil(ports / switches)));
  const { remote, pid: serverPid } = server;
  const client = await BareClient.connect(remote);
  const [selected] = await client.transact([
    { op: 'select', table: 'Logical_Switch', where: [['name', '==', 'switch0']], columns: ['_uuid'] },
  ]);
  const [, switchUuid] = (selected?.['rows'] as { _uuid: [string, string] }[])[0]?._uuid ?? ['', ''];
  const { longRounds: rounds, quietMs } = options;
  const runs = await interleave(KINDS, { rounds, quietMs }, async ({ sync, create, watch }) => {
    const syncTask: SyncTask = { remote, kind: sync };
    const { cpuMs = NaN } = await runWorker(workers, 'sync-worker', syncTask);
    const warmUpUuid = await createSwitch(client, 'warm-up', 0);
    const createTask: CreateTask = {
      ...{ remote, kind: create, serverPid, switchUuid, warmUpUuid },
      ...{ ports: options.create, portsPerTransaction: 1, inFlight: 1, times: 1 },
      warmUpPorts: Math.min(WARM_UP_PORTS, 4 * options.create),
    };
    const created = await runWorker(workers, 'create-worker', createTask);
    await deleteSwitch(client, warmUpUuid);
    await deleteMadePorts(client, switchUuid);
    const changed = await changeWatched(remote, watch, options, workers);
    const { portsPerSecond = NaN, clientCpuUs = NaN, serverCpuUs = NaN } = created;
    const { cpuUs = NaN, p50Ms = NaN } = changed;
    const figures: Figures = { portsPerSecond, clientCpuUs, serverCpuUs, cpuUs, p50Ms };
    return { ...figures, syncCpuMs: cpuMs, syncCpuUs: (cpuMs / ports) * 1000 };
  });
  client.close();
  const where = `${count(ports)} ports on ${switches === 1 ? 'one switch' : `${count(switches)} switches`}`;
  return KINDS.map((kind) => ({ label: `${where}, ${kind.label}`, runs: runs.get(kind) ?? [] }));
}
