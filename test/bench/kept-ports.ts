/** One pod among many kept ports: what it costs to find its port or to make one, and the memory that is kept for it. */
import { BareClient } from './bare-client.js';
import { bar } from './bars.js';
import type { Context } from './context.js';
import { interleave } from './interleave.js';
import type { KeptPortsTask } from './kept-ports-worker.js';
import { createSwitch, deleteSwitch } from './northbound-data.js';
import { column, count, spreadColumn, type Report, type ReportRow } from './report.js';
import { runWorker } from './run-worker.js';
import type { BenchServer } from './server.js';
import { withServers } from './several-servers.js';
import { createKeptPorts, deleteMadePorts } from './statefulset-data.js';
import { withRatios } from './statistics.js';

const KINDS: Readonly<Record<KeptPortsTask['kind'], string>> = {
  bare: 'floor: bare socket',
  monitored: 'floor: and monitor',
  guarded: 'floor: and guard',
  manager: 'ovn-northbound',
};
/** Kept ports on the switch for which making a port has a bar. */
const FEW = 1000;

/** A server whose replica holds what the runs are about: one switch with its kept ports. */
interface Place {
  readonly keptPorts: number;
  readonly server: BenchServer;
  readonly client: BareClient;
  readonly switchUuid: string;
}

/** Until the compiled code is what a controller runs. */
const WARM_UP_PODS = 6000;

export async function measureKeptPorts(context: Context): Promise<Report> {
  const { keptPorts } = context.options;
  const sizes = [...new Set([Math.min(FEW, keptPorts), keptPorts])];
  const empty = await context.files.standalone(0, 1);
  return withServers(
    sizes.map(() => empty),
    async (servers) => {
      const places: Place[] = [];
      for (const [i, server] of servers.entries()) {
        const size = sizes[i] ?? 0;
        const client = await BareClient.connect(server.remote);
        places.push({ keptPorts: size, server, client, switchUuid: await createKeptPorts(client, 'kept', size) });
      }
      return measureIn(places, context);
    },
  );
}

async function measureIn(places: readonly Place[], { options, workers }: Context): Promise<Report> {
  const kinds = Object.keys(KINDS) as KeptPortsTask['kind'][];
  const warmUpPods = Math.min(WARM_UP_PODS, options.warmUpPorts);
  const cases = places.flatMap((place) => kinds.map((kind) => ({ place, kind })));
  const rounds = options.longRounds;
  const runs = await interleave(cases, { rounds, quietMs: options.quietMs }, async ({ place, kind }) => {
    const { keptPorts, switchUuid, server, client } = place;
    const pods = options.create;
    const warmUp = ['warm-up', await createSwitch(client, 'warm-up', 0)] as const;
    const where = { remote: server.remote, logicalSwitch: 'kept', switchUuid, warmUp };
    const task: KeptPortsTask = { ...where, kind, keptPorts, pods, warmUpPods };
    const figures = await runWorker(workers, 'kept-ports-worker', task);
    await deleteSwitch(client, warmUp[1]);
    await deleteMadePorts(client, switchUuid);
    return figures;
  });
  for (const { client } of places) client.close();
  const rows = cases.map((each): ReportRow => {
    const floorOf = (kind: KeptPortsTask['kind']): typeof each | undefined =>
      cases.find((other) => other.place === each.place && other.kind === kind);
    const names = ['podsPerSecond', 'madeCpuUs'];
    const toBare = withRatios(runs.get(each) ?? [], runs.get(floorOf('bare') ?? each) ?? [], 'bare', names);
    const toMonitored = withRatios(toBare, runs.get(floorOf('monitored') ?? each) ?? [], 'monitored', names);
    return { label: `among ${count(each.place.keptPorts)}, ${KINDS[each.kind]}`, runs: toMonitored };
  });
  const few = rows.find((_, i) => cases[i]?.kind === 'manager');
  return {
    name: 'kept-ports',
    title: 'StatefulSetPortManager: one pod among many kept ports on its switch',
    columns: [
      spreadColumn('made per second', 'podsPerSecond', 0),
      column('/ floor', 'podsPerSecond/bare', 2),
      column('/ monitored', 'podsPerSecond/monitored', 2),
      column('p50', 'madeMs', 2, 'ms'),
      spreadColumn('CPU', 'madeCpuUs', 0, 'µs'),
      column('port found', 'foundUs', 1, 'µs'),
      column('index made in', 'indexMs', 0, 'ms'),
      column('free addresses in', 'spaceMs', 0, 'ms'),
      column('index per port', 'indexBytes', 0, 'B'),
      column('free addresses', 'spaceBytes', 0, 'B'),
      column('row per port', 'rowBytes', 0, 'B'),
    ],
    rows,
    bars: [
      bar(`ensurePort one by one among ${count(places[0]?.keptPorts ?? 0)}: rate / bare socket, one by one`, few, {
        figure: 'podsPerSecond/bare',
        atLeast: 0.7,
      }),
    ],
    notes: [
      '"and guard": and waits for the generation of the switch and replaces it, without which rivals could take one address.',
      '"made": ensurePort for a new pod, with a chosen address; "found": for a pod whose port is kept, which sends nothing.',
      '"index", "free addresses": made once for a switch, the latter where addresses are chosen; then they follow the changes.',
      `Medians of ${rounds} interleaved runs, each in a process of its own after ${count(warmUpPods)} pods on another switch.`,
    ],
  };
}
