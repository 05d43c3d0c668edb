/** The command line of the benchmark. */
import { parseArgs } from 'node:util';

export const PARTS = [
  'first-sync',
  'port-creation',
  'statefulset-ports',
  'kept-ports',
  'change-latency',
  'reads',
  'resync',
  'framing',
  'start-up',
  'embedded-server',
  'growth',
] as const;
export type Part = (typeof PARTS)[number];

/** Left out unless thorough or asked for by name. */
const THOROUGH_PARTS: readonly Part[] = ['growth'];

export interface BenchOptions {
  /** Sizes of the databases that are replicated. */
  readonly ports: readonly number[];
  readonly portsPerSwitch: number;
  readonly rounds: number;
  /** Of measurements that take long. */
  readonly longRounds: number;
  readonly create: number;
  readonly switchSizes: readonly number[];
  /** Sizes of the databases of the part `growth`. */
  readonly growthSizes: readonly number[];
  readonly changes: number;
  readonly changesPerSecond: number;
  readonly replicas: number;
  readonly sets: number;
  readonly setReplicas: number;
  readonly keptPorts: number;
  /** Ports that a worker of the manager's parts makes before the clock starts, at most. */
  readonly warmUpPorts: number;
  readonly parts: readonly Part[];
  readonly thorough: boolean;
  readonly output: 'text' | 'json' | 'markdown';
  /** Document that gets the results as Markdown. */
  readonly update: string | undefined;
  /** Longest wait for a quiet machine before each run. */
  readonly quietMs: number;
  /** Package that is measured in place of this checkout's. */
  readonly tarball: string | undefined;
  readonly dataDirectory: string | undefined;
  readonly profileDirectory: string | undefined;
}

export const USAGE = `usage: npm run bench -- [option...]

  --only PART,PART      ${PARTS.join(', ')}
  --thorough            also ${THOROUGH_PARTS.join(', ')}, a million ports and all sizes of switches; takes half an hour
  --ports N,N           ports in the databases that are replicated (10000,100000), 1000 on a switch
  --rounds N            runs of each measurement (5; 3 for those that take long)
  --create N            ports that each run creates (1000)
  --switch-sizes N,N    ports on the switch before (1000,50000; thorough: 1000,10000,50000)
  --growth N,N          ports in the databases of growth (1000,10000,100000)
  --changes N           changes that each run counts (5000)
  --rate N              changes per second (1000)
  --replicas N          replicas of the big StatefulSet (5000)
  --sets N              small StatefulSets (20; thorough: 100)
  --set-replicas N      replicas of each (100)
  --kept N              kept ports of other StatefulSets on their switch (10000; thorough: 50000)
  --warm-up N           ports that the manager makes before the clock starts, at most (20000)
  --quiet SECONDS       before each run, wait so long at most for others to leave the machine alone (0)
  --tarball FILE        package that start-up measures (what npm packs of this checkout)
  --data FOLDER         keep the generated databases there for the next time
  --json                print JSON instead of tables
  --markdown            print Markdown instead
  --update FILE         besides, put the same Markdown in its place in FILE, such as docs/performance.md
  --cpu-prof FOLDER     write CPU profiles of the child processes there
  --help`;

/** Runs of measurements that take long, at most. */
const LONG_ROUNDS = 3;

/** Throws an Error that says what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      thorough: { type: 'boolean', default: false },
      ports: { type: 'string', default: '10000,100000' },
      rounds: { type: 'string', default: '5' },
      create: { type: 'string', default: '1000' },
      'switch-sizes': { type: 'string' },
      growth: { type: 'string', default: '1000,10000,100000' },
      changes: { type: 'string', default: '5000' },
      rate: { type: 'string', default: '1000' },
      replicas: { type: 'string', default: '5000' },
      sets: { type: 'string' },
      'set-replicas': { type: 'string', default: '100' },
      kept: { type: 'string' },
      'warm-up': { type: 'string', default: '20000' },
      quiet: { type: 'string' },
      tarball: { type: 'string' },
      data: { type: 'string' },
      json: { type: 'boolean', default: false },
      update: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      'cpu-prof': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { thorough } = values;
  const usual = PARTS.filter((part) => thorough || !THOROUGH_PARTS.includes(part));
  const parts = values.only?.split(',') ?? usual;
  for (const part of parts) {
    if (!isPart(part)) throw new Error(`--only ${part}: there is no such part; there are ${PARTS.join(', ')}`);
  }
  if (values.json && values.markdown) throw new Error('--json, --markdown: give one of the two');
  const rounds = positive('rounds', values.rounds);
  return {
    ports: sizes('ports', values.ports),
    portsPerSwitch: 1000,
    rounds,
    longRounds: Math.min(rounds, LONG_ROUNDS),
    create: positive('create', values.create),
    switchSizes: sizes('switch-sizes', values['switch-sizes'] ?? (thorough ? '1000,10000,50000' : '1000,50000')),
    growthSizes: sizes('growth', values.growth),
    changes: positive('changes', values.changes),
    changesPerSecond: positive('rate', values.rate),
    replicas: positive('replicas', values.replicas),
    sets: positive('sets', values.sets ?? (thorough ? '100' : '20')),
    setReplicas: positive('set-replicas', values['set-replicas']),
    keptPorts: positive('kept', values.kept ?? (thorough ? '50000' : '10000')),
    warmUpPorts: positive('warm-up', values['warm-up']),
    parts: parts.filter(isPart),
    thorough,
    output: values.json ? 'json' : values.markdown ? 'markdown' : 'text',
    update: values.update,
    quietMs: values.quiet === undefined ? 0 : positive('quiet', values.quiet) * 1000,
    tarball: values.tarball,
    dataDirectory: values.data,
    profileDirectory: values['cpu-prof'],
  };
}

function isPart(text: string): text is Part {
  return (PARTS as readonly string[]).includes(text);
}

function sizes(name: string, text: string): number[] {
  return text.split(',').map((size) => positive(name, size));
}

function positive(name: string, text: string): number {
  if (!/^[1-9][0-9]*$/.test(text)) throw new Error(`--${name} ${text}: give a whole number above 0`);
  return Number(text);
}
