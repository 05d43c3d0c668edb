/** The ports of StatefulSets, one big one and many small ones: made, and found again. */
import { BareClient } from './bare-client.js';
import { bar, type Bar } from './bars.js';
import type { Context } from './context.js';
import { interleave } from './interleave.js';
import { createSwitch, deleteSwitch } from './northbound-data.js';
import type { BenchOptions } from './options.js';
import { column, count, spreadColumn, type Report, type ReportRow } from './report.js';
import { runWorker } from './run-worker.js';
import { BenchServer } from './server.js';
import { createKeptPorts } from './statefulset-data.js';
import type { StatefulSetKind, StatefulSetTask } from './statefulset-worker.js';
import { withRatios } from './statistics.js';

/** Which ports are made, and where. */
interface Shape extends Pick<StatefulSetTask, 'sets' | 'replicas' | 'atOnce'> {
  readonly title: string;
  readonly switches: number;
  /** Kept ports of other StatefulSets that are on the first switch before. */
  readonly keptPorts: number;
}

interface Case {
  readonly shape: Shape;
  readonly kind: StatefulSetKind;
}

const KINDS: Readonly<Record<StatefulSetKind, string>> = {
  bare: 'floor: bare socket',
  monitored: 'floor: and monitor',
  pool: 'ovn-northbound, ip_pool',
  pool100: '… 100 per transaction',
  picked: 'ovn-northbound, addresses chosen',
  picked100: '… 100 per transaction',
};
/** How bars call what the manager does. */
const HOW: Readonly<Partial<Record<StatefulSetKind, string>>> = {
  pool: 'ip_pool',
  pool100: 'ip_pool, 100 per transaction as well',
  picked: 'addresses chosen',
  picked100: 'addresses chosen, 100 per transaction as well',
};
/** Replicas of the StatefulSet whose making has a bar, and the kept ports beside it. */
const REPLICAS = 1000;
/** About so many ports a run makes: what is done in some milliseconds is done several times. */
const PORTS_OF_A_RUN = 5000;
const MAX_TIMES = 5;

export async function measureStatefulSetPorts({ options, files, workers }: Context): Promise<Report> {
  const shapes = shapesOf(options);
  const cases = shapes.flatMap((shape) => kindsOf(shape).map((kind): Case => ({ shape, kind })));
  await using server = await BenchServer.start(await files.standalone(0, 1));
  const { remote } = server;
  const client = await BareClient.connect(remote);
  const crowded = new Map<number, readonly [string, string]>();
  for (const keptPorts of new Set(shapes.map((shape) => shape.keptPorts))) {
    const name = `statefulset${keptPorts}`;
    crowded.set(keptPorts, [name, await createKeptPorts(client, name, keptPorts)]);
  }
  const rounds = options.longRounds;
  const runs = await interleave(cases, { rounds, quietMs: options.quietMs }, async ({ shape, kind }) => {
    const first = crowded.get(shape.keptPorts) ?? ['', ''];
    const warmUp = ['warm-up', await createSwitch(client, 'warm-up', 0)] as const;
    const switches = [first];
    for (let n = 1; n < shape.switches; n++) {
      switches.push([`statefulset-${n}`, await createSwitch(client, `statefulset-${n}`, 0)]);
    }
    const { sets, replicas, atOnce } = shape;
    const warmUpReplicas = Math.min(replicas, REPLICAS);
    const times = Math.min(MAX_TIMES, Math.max(1, Math.round(PORTS_OF_A_RUN / (sets * replicas))));
    const { warmUpPorts } = options;
    const warming = { warmUp, warmUpReplicas, warmUpPorts };
    const task: StatefulSetTask = { remote, kind, sets, replicas, atOnce, switches, times, ...warming };
    const figures = await runWorker(workers, 'statefulset-worker', task);
    for (const [, uuid] of [...switches.slice(1), warmUp]) await deleteSwitch(client, uuid);
    return figures;
  });
  client.close();
  const rows = cases.map((each): ReportRow => {
    const floorOf = (kind: StatefulSetKind): Case | undefined =>
      cases.find((other) => other.kind === kind && other.shape === each.shape);
    const own = runs.get(each) ?? [];
    const names = ['portsPerSecond', 'firstCpuUs'];
    const toBare = withRatios(own, runs.get(floorOf('bare') ?? each) ?? [], 'bare', names);
    const toMonitored = withRatios(toBare, runs.get(floorOf('monitored') ?? each) ?? [], 'monitored', names);
    return { label: `${each.shape.title}, ${KINDS[each.kind]}`, runs: toMonitored };
  });
  return {
    name: 'statefulset-ports',
    title: 'StatefulSetPortManager: the ports of StatefulSets, made and found again',
    columns: [
      spreadColumn('ports/s', 'portsPerSecond', 0),
      column('/ floor', 'portsPerSecond/bare', 2),
      column('/ monitored', 'portsPerSecond/monitored', 2),
      spreadColumn('CPU per port', 'firstCpuUs', 0, 'µs'),
      column('/ floor', 'firstCpuUs/bare', 2),
      spreadColumn('second apply', 'secondMs', 1, 'ms'),
      column('third', 'thirdMs', 1, 'ms'),
    ],
    rows,
    bars: rows.flatMap((row, i) => barsOf(row, cases[i])),
    notes: [
      'The first apply creates every port; the others find them all and send nothing.',
      'The floor sends the same rows, 100 in a transaction; "and monitor" has the server tell it of each change of both tables.',
      `Medians of ${rounds} interleaved runs, each in a process of its own after ${count(options.warmUpPorts)} ports made and deleted on another switch.`,
    ],
  };
}

/** What holds no more than 100 anyway is sent as 100 per transaction. */
function kindsOf({ replicas }: Shape): StatefulSetKind[] {
  const kinds = Object.keys(KINDS) as StatefulSetKind[];
  return replicas > 100 ? kinds : kinds.filter((kind) => kind !== 'pool100' && kind !== 'picked100');
}

function barsOf(row: ReportRow, each: Case | undefined): Bar[] {
  const how = each && HOW[each.kind];
  if (each === undefined || how === undefined || each.shape.sets > 1) return [];
  const { replicas } = each.shape;
  const again = { figure: 'secondMs', atMost: 10, unit: 'ms', decimals: 1 };
  return replicas <= REPLICAS
    ? [
        bar(`apply a StatefulSet of ${count(replicas)}, ${how}: rate / bare socket, 100 per transaction`, row, {
          figure: 'portsPerSecond/bare',
          atLeast: 0.5,
        }),
      ]
    : [bar(`apply a StatefulSet of ${count(replicas)} again, ${how}, nothing to do`, row, again)];
}

function shapesOf({ replicas, sets, setReplicas, keptPorts, thorough }: BenchOptions): Shape[] {
  const few = Math.min(replicas, REPLICAS);
  const one = { sets: 1, atOnce: false, switches: 1 };
  const small = `${count(sets)} of ${count(setReplicas)}`;
  const many = { sets, replicas: setReplicas, keptPorts };
  const among = `among ${count(keptPorts)}`;
  const shapes: Shape[] = [
    { title: `1 of ${count(few)} among ${count(few)}`, replicas: few, keptPorts: few, ...one },
    { title: `1 of ${count(replicas)} ${among}`, replicas, keptPorts, ...one },
    { title: `${small} at once ${among}`, atOnce: true, switches: 1, ...many },
  ];
  if (!thorough) return shapes;
  return [
    ...shapes,
    { title: `${small} in turn ${among}`, atOnce: false, switches: 1, ...many },
    { title: `${small} at once, a switch each`, atOnce: true, switches: sets, ...many },
  ];
}
