/** The command line of the soak. */
import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly minutes: number;
  /** Ports that the other client keeps in the database. */
  readonly ports: number;
  readonly switches: number;
  readonly changesPerSecond: number;
  /** Largest growth of the heap that passes, in percent. */
  readonly maxGrowthPercent: number;
  /** Memory to leak in each round, in KiB. */
  readonly leakKib: number;
  readonly seed: number;
}

export const USAGE = `usage: npm run soak -- [option...]

  --minutes N      how long (13: three to warm up, ten to weigh)
  --ports N        ports in the database (10000)
  --switches N     switches that they are on (10)
  --rate N         changes per second of another client (50)
  --max-growth N   growth of the heap that fails the run, in percent (3)
  --leak N         leak N KiB in each round, to see the run fail (0)
  --seed N         makes the same choices again (random)
  --help`;

/** Throws an Error that says what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): SoakOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '13' },
      ports: { type: 'string', default: '10000' },
      switches: { type: 'string', default: '10' },
      rate: { type: 'string', default: '50' },
      'max-growth': { type: 'string', default: '3' },
      leak: { type: 'string', default: '0' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    minutes: number('minutes', values.minutes, { above: 0 }),
    ports: number('ports', values.ports, { above: 0, whole: true }),
    switches: number('switches', values.switches, { above: 0, whole: true }),
    changesPerSecond: number('rate', values.rate, { above: 0 }),
    maxGrowthPercent: number('max-growth', values['max-growth'], { above: 0 }),
    leakKib: number('leak', values.leak, { above: -1, whole: true }),
    seed: number('seed', values.seed, { above: -1, whole: true }),
  };
}

function number(name: string, text: string, { above, whole = false }: { above: number; whole?: boolean }): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(value > above) || (whole && !Number.isInteger(value))) {
    throw new Error(`--${name} ${text}: give a ${whole ? 'whole ' : ''}number${above < 0 ? '' : ' above 0'}`);
  }
  return value;
}
