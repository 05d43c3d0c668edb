/** `ovn-northbound demo`: how the pods of StatefulSets keep their addresses, played on a northbound database. */
import { OvsdbError } from '../../errors.js';
import { StatefulSetPortManager } from '../../statefulset/manager.js';
import { isPortError, type PortError } from '../../statefulset/port-error.js';
import type { NamespaceSubnet } from '../../statefulset/switches/site.js';
import type { CommandOutput, ExitCode } from '../command-output.js';
import { InterruptedError } from '../interrupted-error.js';
import { readSource } from '../ports/database.js';
import { printable, printableLines } from '../printable.js';
import { automaticStory } from './automatic-story.js';
import { DemoDatabase } from './database.js';
import { DemoError } from './demo-error.js';
import { nextSteps } from './invocation.js';
import { edited, readSets, type DemoSet } from './manifest.js';
import { parseDemoCommandLine, type DemoOptions } from './options.js';
import { othersAgree } from './other-clients.js';
import { poolStory } from './pool-story.js';
import { Report } from './report.js';
import { SAMPLE_MANIFEST } from './sample-manifest.js';
import { describeSet, type Stage } from './stage.js';
import { subnetFor, type DemoSubnet } from './subnet.js';

export { DEMO_HELP, DEMO_SUMMARY } from './help.js';

const APPLY_TIMEOUT_MS = 15_000;
const MAX_SHOWN_ADDRESSES = 8;

/**
 * Runs the command. Throws `InvalidArgumentError` for a command line that makes no sense, and `InterruptedError`; what
 * was made is removed by then.
 */
export async function demo(args: readonly string[], output: CommandOutput): Promise<ExitCode> {
  const options = parseDemoCommandLine(args, process.env);
  if (options.printsManifest) {
    output.write(SAMPLE_MANIFEST);
    return 0;
  }
  const interruption = new AbortController();
  const stopListening = listen(output, interruption);
  try {
    return await play(options, output, interruption.signal);
  } catch (error) {
    if (error instanceof InterruptedError || !(error instanceof OvsdbError || error instanceof DemoError)) throw error;
    output.writeError(`ovn-northbound demo: ${printableLines(explain(error))}\n`);
    return 1;
  } finally {
    stopListening();
  }
}

/** A signal ends the demo, and further ones do not keep it from cleaning up. */
function listen(output: CommandOutput, interruption: AbortController): () => void {
  let stop: (() => void) | undefined;
  const listenOnce = (): void => {
    stop = output.onInterrupt?.(
      (name) => {
        if (!interruption.signal.aborted) output.writeError(`\n${name}: cleaning up\n`);
        interruption.abort(new InterruptedError(name));
        listenOnce();
      },
      ['SIGINT', 'SIGTERM', 'SIGHUP'],
    );
  };
  listenOnce();
  output.onClosed?.(() => interruption.abort(new DemoError('nobody reads what it prints any more')));
  return () => stop?.();
}

interface Play {
  readonly options: DemoOptions;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** The StatefulSets of the manifest. */
  readonly sets: readonly DemoSet[];
  /** Those that are shown, in this order. */
  readonly acts: readonly DemoSet[];
  /** One that is not in the manifest. */
  readonly madeUp: DemoSet | undefined;
  /** By namespace. */
  readonly subnets: ReadonlyMap<string, DemoSubnet>;
}

async function play(options: DemoOptions, output: CommandOutput, signal: AbortSignal): Promise<ExitCode> {
  const report = new Report(output, signal);
  const sets = await setsOf(options, output, signal);
  const subnets = new Map(
    [...new Set(sets.map(({ namespace }) => namespace))].map((namespace) => [
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
      ? undefined
      : edited(first, { name: `${first.name}-without-pool`, replicas: 2, pool: null });
  const acts = [...pooled, ...automatic, ...(madeUp === undefined ? [] : [madeUp])];

  const database = await DemoDatabase.open(options, output, signal);
  try {
    await playActs({ options, report, signal, sets, acts, madeUp, subnets }, database);
  } catch (error) {
    await database.close().then(
      (outcome) => outcome !== undefined && output.writeError(`\n${outcome}\n`),
      (second: unknown) => output.writeError(`\novn-northbound demo: ${printableLines(explain(second))}\n`),
    );
    throw error;
  }
  const outcome = await database.close();
  report.summary();
  if (outcome !== undefined) report.paragraph(outcome);
  report.commands('Try next:', nextSteps(options, database.switchNames, process.env));
  return report.broken.length === 0 ? 0 : 1;
}

async function setsOf({ file }: DemoOptions, output: CommandOutput, signal: AbortSignal): Promise<DemoSet[]> {
  if (file === undefined) return readSets({ file: 'the sample manifest', text: SAMPLE_MANIFEST });
  return readSets(await readSource({ output, signal }, file));
}

async function playActs(given: Play, database: DemoDatabase): Promise<void> {
  const { report, acts, madeUp, subnets, signal } = given;
  signal.throwIfAborted();
  database.refuseOccupied(acts);
  const places: Record<string, NamespaceSubnet> = {};
  for (const [namespace, subnet] of subnets) {
    places[namespace] = { logicalSwitch: await database.addSwitch(namespace, signal), ...subnet.options };
  }
  introduce(given, database);
  const newManager = (): StatefulSetPortManager =>
    new StatefulSetPortManager(database.nb, { subnets: places, timeoutMs: APPLY_TIMEOUT_MS });
  let manager = newManager();
  const restartManager = (): void => {
    manager.close();
    manager = newManager();
  };
  const pools = acts.flatMap(({ pool }) => pool ?? []);
  try {
    for (const set of acts) {
      signal.throwIfAborted();
      const subnet = subnets.get(set.namespace);
      if (subnet === undefined) continue;
      const stage: Stage = { report, database, subnet, pools, signal, manager: () => manager, restartManager };
      report.title(`StatefulSet ${describeSet(set)}`);
      await (set.pool === undefined ? automaticStory(stage, set, set === madeUp) : poolStory(stage, set));
    }
    report.title('Looked at from outside');
    await othersAgree(report, database, signal);
  } finally {
    manager.close();
  }
}

function introduce({ options: { file }, report, sets, subnets }: Play, database: DemoDatabase): void {
  report.title('How the pods of StatefulSets keep their addresses');
  report.say();
  const { host, nb, warnings } = database;
  const facts: [string, string][] = [
    ['Manifest', file === undefined ? 'a sample (--print-manifest shows it)' : file === '-' ? 'standard input' : file],
    ...sets.map((set): [string, string] => ['', describeSet(set)]),
    ['Database', `${host.description}; northbound schema ${nb.schema.version}`],
    ...warnings.map((warning): [string, string] => ['Note', warning]),
  ];
  for (const namespace of subnets.keys()) {
    const set = sets.find((candidate) => candidate.namespace === namespace);
    const cidrs = subnets.get(namespace)?.cidrs.map(({ text }) => text) ?? [];
    const where = set === undefined ? '' : database.switchOf(set);
    facts.push(['Namespace', `${namespace} on logical switch ${where}, subnet ${cidrs.join(' and ')}`]);
  }
  report.facts(facts);
}

/** What went wrong, for people. */
function explain(error: unknown): string {
  if (isPortError(error, 'AddressOutOfSubnet') || isPortError(error, 'ReservedAddress')) return explainAddresses(error);
  if (error instanceof OvsdbError) {
    const advice = error.code === 'SandboxMissing' ? '\nWithout --real the demo needs nothing but Node.' : '';
    return `${error.message} [${error.code}]${advice}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** The library lists every address that does not fit; a terminal is better served with a few. */
function explainAddresses({
  code,
  namespace,
  statefulSet,
  details,
}: PortError<'AddressOutOfSubnet' | 'ReservedAddress'>): string {
  const lines = details.addresses.slice(0, MAX_SHOWN_ADDRESSES).map(({ ip, reason }) => `  ${printable(ip)} ${reason}`);
  const more = details.addresses.length - lines.length;
  if (more > 0) lines.push(`  and ${more} more`);
  return [
    `StatefulSet ${namespace}/${statefulSet} gets no ports: its pool does not fit its subnet [${code}]`,
    ...lines,
    "Without --subnet, the demo takes the /24 or /64 around the pool's first address.",
  ].join('\n');
}
