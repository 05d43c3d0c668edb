/** The command line of the benchmark. */
import { parseArgs } from 'node:util';

export const PARTS = ['first-sync', 'port-creation', 'change-latency', 'statefulset-ports', 'kept-ports'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly ports: number;
  readonly portsPerSwitch: number;
  readonly rounds: number;
  readonly create: number;
  readonly switchSizes: readonly number[];
  readonly changes: number;
  readonly changesPerSecond: number;
  readonly replicas: number;
  readonly sets: number;
  readonly setReplicas: number;
  readonly keptPorts: number;
  readonly parts: readonly Part[];
  readonly json: boolean;
  readonly profileDirectory: string | undefined;
}

export const USAGE = `usage: npm run bench -- [option...]

  --ports N             ports in the database (10000), 1000 on a switch
  --rounds N            runs of each measurement (5 for first-sync, fewer for the longer ones)
  --create N            ports that each run creates (1000)
  --switch-sizes N,N    ports on the switch before (1000,10000)
  --changes N           changes that each run counts (2000)
  --rate N              changes per second (1000)
  --replicas N          replicas of the big StatefulSet (5000)
  --sets N              small StatefulSets (100)
  --set-replicas N      replicas of each (100)
  --kept N              kept ports of other StatefulSets on their switch (50000)
  --only PART,PART      ${PARTS.join(', ')}
  --json                print JSON instead of tables
  --cpu-prof FOLDER     write CPU profiles of the child processes there
  --help`;

/** Throws an Error that says what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ports: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '5' },
      create: { type: 'string', default: '1000' },
      'switch-sizes': { type: 'string', default: '1000,10000' },
      changes: { type: 'string', default: '2000' },
      rate: { type: 'string', default: '1000' },
      replicas: { type: 'string', default: '5000' },
      sets: { type: 'string', default: '100' },
      'set-replicas': { type: 'string', default: '100' },
      kept: { type: 'string', default: '50000' },
      only: { type: 'string', default: PARTS.join(',') },
      json: { type: 'boolean', default: false },
      'cpu-prof': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const parts = values.only.split(',');
  for (const part of parts) {
    if (!isPart(part)) throw new Error(`--only ${part}: there is no such part; there are ${PARTS.join(', ')}`);
  }
  return {
    ports: positive('ports', values.ports),
    portsPerSwitch: 1000,
    rounds: positive('rounds', values.rounds),
    create: positive('create', values.create),
    switchSizes: values['switch-sizes'].split(',').map((size) => positive('switch-sizes', size)),
    changes: positive('changes', values.changes),
    changesPerSecond: positive('rate', values.rate),
    replicas: positive('replicas', values.replicas),
    sets: positive('sets', values.sets),
    setReplicas: positive('set-replicas', values['set-replicas']),
    keptPorts: positive('kept', values.kept),
    parts: parts.filter(isPart),
    json: values.json,
    profileDirectory: values['cpu-prof'],
  };
}

function isPart(text: string): text is Part {
  return (PARTS as readonly string[]).includes(text);
}

function positive(name: string, text: string): number {
  if (!/^[1-9][0-9]*$/.test(text)) throw new Error(`--${name} ${text}: give a whole number above 0`);
  return Number(text);
}
