/** Creating ports on one switch: what a client adds to each, and whether the size of the switch matters. */
import { BareClient } from './bare-client.js';
import { bar, type Bar } from './bars.js';
import type { Context } from './context.js';
import type { CreateKind, CreateTask } from './create-worker.js';
import { interleave } from './interleave.js';
import { createSwitch, deleteMadePorts, deleteSwitch, madePort, type PortValues } from './northbound-data.js';
import { creationPeers, type Peer, type PeerTask } from './peers/creation.js';
import { column, count, spreadColumn, type Report, type ReportRow } from './report.js';
import { runWorker } from './run-worker.js';
import type { BenchServer } from './server.js';
import { withServers } from './several-servers.js';
import { withRatios, type Figures } from './statistics.js';

interface Mode {
  readonly name: string;
  readonly portsPerTransaction: number;
  readonly inFlight: number;
  /** How often each run creates its ports: the faster, the more often, or chance would decide. */
  readonly times: number;
  readonly kinds: readonly CreateKind[];
  /** The rate of `library`, and of `coalesced`, against the bare floor. */
  readonly bars: Partial<Readonly<Record<CreateKind, number>>>;
}

const MODES: readonly Mode[] = [
  {
    name: 'one by one',
    portsPerTransaction: 1,
    inFlight: 1,
    times: 6,
    kinds: ['bare', 'monitored', 'guarded', 'library'],
    bars: { library: 0.85 },
  },
  {
    name: '64 in flight',
    portsPerTransaction: 1,
    inFlight: 64,
    times: 5,
    kinds: ['bare', 'monitored', 'library', 'coalesced'],
    bars: { library: 0.8, coalesced: 1.5 },
  },
  {
    name: '100 per transaction',
    portsPerTransaction: 100,
    inFlight: 1,
    times: 10,
    kinds: ['bare', 'monitored', 'library'],
    bars: { library: 0.6 },
  },
];

/** A controller that runs for months has all its code compiled; that takes thousands of transactions. */
const WARM_UP_ROUNDS = 4;
const PEER_WARM_UP_PORTS = 300;
const WARM_UP_SWITCH = 'warm-up';
const SERVER_LIMIT = 1.05;
const GROWTH_LIMIT = 1.2;
/** Who creates onto the larger switches, too. */
const GROWING: readonly CreateKind[] = ['bare', 'monitored', 'library'];
const RATIOS = ['portsPerSecond', 'clientCpuUs', 'serverCpuUs'];

const LABELS: Readonly<Record<CreateKind, string>> = {
  bare: 'floor: bare socket',
  monitored: 'floor: and monitor',
  guarded: 'floor: and wait for the switch',
  library: 'ovn-northbound',
  coalesced: 'ovn-northbound, coalesced',
};

interface Case {
  readonly place: Place;
  readonly mode: Mode;
  readonly kind: CreateKind | Peer;
}

/** A server whose database holds the one switch, and another to warm up on. */
interface Place {
  readonly size: number;
  readonly server: BenchServer;
  readonly client: BareClient;
  readonly switchUuid: string;
}

export async function measurePortCreation(context: Context): Promise<Report> {
  const sizes = [...context.options.switchSizes].sort((a, b) => a - b);
  const empty = await context.files.standalone(0, 1);
  return withServers(
    sizes.map(() => empty),
    async (servers) => {
      const places: Place[] = [];
      for (const [i, server] of servers.entries()) {
        const size = sizes[i] ?? 0;
        const client = await BareClient.connect(server.remote);
        places.push({ size, server, client, switchUuid: await createSwitch(client, switchName(size), size) });
      }
      return measureIn(places, context);
    },
  );
}

async function measureIn(places: readonly Place[], { options, workers }: Context): Promise<Report> {
  const { peers, missing } = await creationPeers();
  const cases = casesOf(places, peers, options.thorough);
  const rounds = options.longRounds;
  const runs = await interleave(cases, { rounds, quietMs: options.quietMs }, async ({ place, mode, kind }) => {
    const { client, server, switchUuid } = place;
    const warmUpUuid = await createSwitch(client, WARM_UP_SWITCH, 0);
    if (typeof kind === 'object') {
      const figures = await kind.create(peerTask(place, mode, options.create));
      await deleteSwitch(client, warmUpUuid);
      await deleteMadePorts(client, switchUuid);
      return figures;
    }
    const task: CreateTask = {
      remote: server.remote,
      kind,
      serverPid: server.pid,
      switchUuid,
      warmUpUuid,
      ports: options.create,
      portsPerTransaction: mode.portsPerTransaction,
      inFlight: mode.inFlight,
      times: mode.times,
      warmUpPorts: WARM_UP_ROUNDS * Math.min(options.create, 1000),
    };
    const figures = await runWorker(workers, 'create-worker', task);
    await deleteSwitch(client, warmUpUuid);
    await deleteMadePorts(client, switchUuid);
    return figures;
  });
  for (const { client } of places) client.close();
  const of = (place: Place, mode: Mode, kind: Case['kind']): readonly Figures[] =>
    [...runs].find(([each]) => each.place === place && each.mode === mode && each.kind === kind)?.[1] ?? [];
  const [smallest] = places;
  const rowOf = ({ place, mode, kind }: Case): ReportRow => {
    const toBare = withRatios(of(place, mode, kind), of(place, mode, 'bare'), 'bare', RATIOS);
    const toMonitored = withRatios(toBare, of(place, mode, 'monitored'), 'monitored', RATIOS);
    const grown = smallest && withRatios(toMonitored, of(smallest, mode, kind), 'smallest', ['clientCpuUs']);
    const monitored =
      smallest && withRatios(of(place, mode, 'monitored'), of(smallest, mode, 'monitored'), '', ['clientCpuUs']);
    const runs = (grown ?? toMonitored).map((run, i) => ({
      ...run,
      growthToMonitored: (run['clientCpuUs/smallest'] ?? NaN) / (monitored?.[i]?.['clientCpuUs/'] ?? NaN),
    }));
    const label = typeof kind === 'object' ? kind.label : LABELS[kind];
    return { label: `${mode.name}, onto ${count(place.size)}, ${label}`, runs };
  };
  return {
    name: 'port-creation',
    title: `Creating ${count(options.create)} ports on one switch`,
    columns: [
      spreadColumn('ports/s', 'portsPerSecond', 0),
      column('/ floor', 'portsPerSecond/bare', 2),
      column('/ monitored', 'portsPerSecond/monitored', 2),
      column('p50', 'p50Ms', 2, 'ms'),
      column('p99', 'p99Ms', 2, 'ms'),
      spreadColumn('client CPU per port', 'clientCpuUs', 0, 'µs'),
      column('/ floor', 'clientCpuUs/bare', 2),
      column('/ smallest', 'clientCpuUs/smallest', 2),
      column('server CPU per port', 'serverCpuUs', 0, 'µs'),
      column('/ monitored', 'serverCpuUs/monitored', 2),
    ],
    rows: cases.map(rowOf),
    bars: barsOf(cases, rowOf),
    notes: [
      'p50 and p99 of the time that a transaction takes. "onto": ports that the switch had before.',
      '"/ smallest": to the same client on the smallest switch. Who waits longer for the server pays more to wake up, also the floor.',
      'The floor only sends; "and monitor" has the server tell it of each change of both tables, as a replica does.',
      ...missing,
      `Medians of ${rounds} interleaved runs, each in a process of its own after a warm-up on another switch.`,
    ],
  };
}

/** All modes and clients onto the smallest switch; onto the others, unless thorough, only what shows how the cost grows. */
function casesOf(places: readonly Place[], peers: readonly Peer[], thorough: boolean): Case[] {
  return places.flatMap((place, i) =>
    MODES.filter((mode) => thorough || i === 0 || mode === MODES[0]).flatMap((mode): Case[] => {
      const kinds = mode.kinds.filter((kind) => thorough || i === 0 || GROWING.includes(kind));
      const others = i === 0 && mode.inFlight === 1 ? peers : [];
      return [...kinds, ...others].map((kind) => ({ place, mode, kind }));
    }),
  );
}

function peerTask({ server, size }: Place, { portsPerTransaction }: Mode, ports: number): PeerTask {
  const batches = (prefix: string, total: number): PortValues[][] =>
    Array.from({ length: Math.ceil(total / portsPerTransaction) }, (_, batch) =>
      Array.from({ length: Math.min(portsPerTransaction, total - batch * portsPerTransaction) }, (_, n) =>
        madePort(prefix, batch * portsPerTransaction + n),
      ),
    );
  return {
    remote: server.remote,
    serverPid: server.pid,
    warmUp: { switch: WARM_UP_SWITCH, batches: batches('peer-warm', Math.min(ports, PEER_WARM_UP_PORTS)) },
    measured: { switch: switchName(size), batches: batches('peer', ports) },
  };
}

function switchName(size: number): string {
  return `growing-${size}`;
}

function barsOf(cases: readonly Case[], rowOf: (each: Case) => ReportRow): Bar[] {
  const [first] = cases;
  const bars: Bar[] = [];
  for (const each of cases) {
    const { place, mode, kind } = each;
    const atLeast = typeof kind === 'object' ? undefined : mode.bars[kind];
    if (atLeast === undefined || place !== first?.place) continue;
    const row = rowOf(each);
    const what = `create ports onto ${count(place.size)}, ${mode.name}${kind === 'library' ? '' : ', coalesced'}`;
    bars.push(bar(`${what}: rate / bare socket`, row, { figure: 'portsPerSecond/bare', atLeast }));
    bars.push(
      bar(`… server CPU per port / bare socket that monitors`, row, {
        figure: 'serverCpuUs/monitored',
        atMost: SERVER_LIMIT,
      }),
    );
  }
  const largest = cases.findLast(({ kind, mode }) => kind === 'library' && mode === MODES[0]);
  if (largest === undefined || largest.place === first?.place) return bars;
  const sizes = `onto ${count(largest.place.size)} / onto ${count(first?.place.size ?? NaN)}`;
  const row = rowOf(largest);
  return [
    ...bars,
    bar(`create ports one by one: client CPU per port, ${sizes}`, row, {
      figure: 'clientCpuUs/smallest',
      atMost: GROWTH_LIMIT,
    }),
    bar('… / the same of the bare socket that monitors', row, { figure: 'growthToMonitored', atMost: GROWTH_LIMIT }),
  ];
}
