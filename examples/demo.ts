/**
 * The demo: how the pods of StatefulSets keep their addresses, on a real northbound database.
 * `npm run demo -- --help` lists the options; the acts are in examples/demo/.
 */
import { isPortError, OvsdbError, StatefulSetPortManager, type NamespaceSubnet, type PortError } from 'ovn-northbound';

import { automaticStory } from './demo/automatic-story.js';
import { CleanupError, DemoDatabase, OccupiedError } from './demo/database.js';
import { edited, ManifestError, readManifest, type DemoSet } from './demo/manifest.js';
import { agreementOfNbctl, NbctlError } from './demo/nbctl.js';
import { readOptions, USAGE, UsageError, type DemoOptions } from './demo/options.js';
import { poolStory } from './demo/pool-story.js';
import { Report } from './demo/report.js';
import { describeSet, type Stage } from './demo/stage.js';
import { subnetFor, type DemoSubnet } from './demo/subnet.js';

/** The demo was told to stop. */
class Interrupted extends Error {
  readonly exitCode: number;

  constructor(reason: string, exitCode: number) {
    super(reason);
    this.exitCode = exitCode;
  }
}

const MAX_SHOWN_ADDRESSES = 8;
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Plays the demo; resolves with the exit code. */
async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = readOptions(args);
  const report = new Report();
  if (options.help) {
    report.say(USAGE);
    return 0;
  }
  const sets = readManifest(options.file);
  const namespaces = [...new Set(sets.map(({ namespace }) => namespace))];
  const subnets = new Map(
    namespaces.map((namespace) => [
      namespace,
      subnetFor(
        sets.filter((set) => set.namespace === namespace),
        options.subnet,
      ),
    ]),
  );
  // Automatic addresses are picked last, so that they cannot be ones that a pool says.
  const pooled = sets.filter(({ pool }) => pool !== undefined);
  const automatic = sets.filter(({ pool }) => pool === undefined);
  const [first] = pooled;
  const madeUp =
    automatic.length > 0 || first === undefined
      ? []
      : [edited(first, { name: `${first.name}-without-pool`, replicas: 2, pool: null })];
  const all = [...pooled, ...automatic, ...madeUp];

  const database = await DemoDatabase.open(options, signal);
  try {
    await play({ report, database, options, sets, acts: all, madeUp, subnets, signal });
  } catch (error) {
    await database.close().then(
      (outcome) => outcome !== undefined && process.stderr.write(`\n${outcome}\n`),
      (second: unknown) => process.stderr.write(`\nError: ${explain(second)}\n`),
    );
    throw error;
  }
  const outcome = await database.close();
  report.say();
  report.say(
    report.broken === 0 ? `All ${report.kept} promises were kept.` : `${report.broken} promises were NOT kept.`,
  );
  if (outcome !== undefined) report.say(outcome);
  return report.broken === 0 ? 0 : 1;
}

interface Play {
  readonly report: Report;
  readonly database: DemoDatabase;
  readonly options: DemoOptions;
  /** The StatefulSets of the manifest. */
  readonly sets: readonly DemoSet[];
  /** Those that are shown, in this order. */
  readonly acts: readonly DemoSet[];
  /** Those that are not in the manifest. */
  readonly madeUp: readonly DemoSet[];
  /** By namespace. */
  readonly subnets: ReadonlyMap<string, DemoSubnet>;
  readonly signal: AbortSignal;
}

async function play(given: Play): Promise<void> {
  const { report, database, acts, madeUp, subnets, signal } = given;
  signal.throwIfAborted();
  database.refuseOccupied(acts);
  const places: Record<string, NamespaceSubnet> = {};
  for (const [namespace, subnet] of subnets) {
    places[namespace] = { logicalSwitch: await database.addSwitch(namespace, signal), ...subnet.options };
  }
  introduce(given);
  let manager = new StatefulSetPortManager(database.nb, { subnets: places, timeoutMs: 15_000 });
  const pools = acts.flatMap(({ pool }) => pool ?? []);
  for (const set of acts) {
    signal.throwIfAborted();
    const subnet = subnets.get(set.namespace);
    if (subnet === undefined) continue;
    const restartManager = (): void => {
      manager.close();
      manager = new StatefulSetPortManager(database.nb, { subnets: places, timeoutMs: 15_000 });
    };
    const stage: Stage = { report, database, subnet, pools, signal, manager: () => manager, restartManager };
    report.title(describeSet(set));
    await (set.pool === undefined ? automaticStory(stage, set, madeUp.includes(set)) : poolStory(stage, set));
  }
  await agreementOfNbctl(report, database, signal);
  manager.close();
}

function introduce({ report, database, options: { file }, sets, subnets }: Play): void {
  report.say(`Manifest   ${file}`);
  for (const set of sets) report.say(`           ${describeSet(set)}`);
  report.say(
    database.isPrivate
      ? 'Database   a private ovsdb-server with the northbound schema, removed at the end'
      : `Database   ${database.remote}, version ${database.nb.schema.version} of its schema`,
  );
  for (const warning of database.warnings) report.say(`Note       ${warning}`);
  for (const set of sets.filter(({ namespace }, i) => sets.findIndex((other) => other.namespace === namespace) === i)) {
    const cidrs = subnets.get(set.namespace)?.cidrs.map(({ text }) => text) ?? [];
    report.say(`Namespace  ${set.namespace} on switch ${database.switchOf(set)}, subnet ${cidrs.join(' and ')}`);
  }
}

/** What went wrong, for people; the stack only where the demo itself is at fault. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n"npm run demo -- --help" lists the options.`;
  if (isPortError(error, 'AddressOutOfSubnet') || isPortError(error, 'ReservedAddress')) return explainAddresses(error);
  if (error instanceof OvsdbError) return `${error.message} [${error.code}]`;
  const known = [ManifestError, OccupiedError, CleanupError, NbctlError, Interrupted];
  if (error instanceof Error && known.some((kind) => error instanceof kind)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The library lists every address that does not fit; a terminal is better served with a few. */
function explainAddresses({
  code,
  namespace,
  statefulSet,
  details,
}: PortError<'AddressOutOfSubnet' | 'ReservedAddress'>): string {
  const lines = details.addresses.slice(0, MAX_SHOWN_ADDRESSES).map(({ ip, reason }) => `  ${ip} ${reason}`);
  const more = details.addresses.length - lines.length;
  if (more > 0) lines.push(`  and ${more} more`);
  return [
    `StatefulSet ${namespace}/${statefulSet} gets no ports: its pool does not fit its subnet [${code}]`,
    ...lines,
    "Without --subnet, the demo takes the /24 or /64 around the pool's first address.",
  ].join('\n');
}

const stop = new AbortController();
for (const [name, exitCode] of Object.entries(SIGNALS)) {
  process.on(name, () => {
    process.stderr.write(`\n${name}: cleaning up\n`);
    stop.abort(new Interrupted('The demo was stopped before its end.', exitCode));
  });
}
// A reader that goes away, such as head(1), ends the demo too, but not before it has cleaned up.
process.stdout.on('error', (error: Error) =>
  stop.abort(new Interrupted(`The output cannot be written: ${error.message}`, 1)),
);

try {
  process.exitCode = await main(process.argv.slice(2), stop.signal);
} catch (error) {
  process.stderr.write(`\nError: ${explain(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : error instanceof Interrupted ? error.exitCode : 1;
}
