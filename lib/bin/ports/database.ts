/** What every sub-command works with: its options, a connection, and a manager. */
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError, OvsdbError } from '../../errors.js';
import { connectNorthbound, type NorthboundClient } from '../../nb/northbound.js';
import { StatefulSetPortManager } from '../../statefulset/manager.js';
import type { StatefulSetPortManagerOptions } from '../../statefulset/manager-options.js';
import type { CommandOutput } from '../command-output.js';
import { openNorthbound } from '../open-northbound.js';
import { connectionOf, timeoutMsOf, type OptionValues, type SubCommandName } from './command-line.js';
import { readManifest, type Manifest, type ManifestSource } from './manifest.js';
import { givenSubnets, subnetsByName } from './subnet-options.js';
import { printable } from '../printable.js';

/** A sub-command as it was called. */
export interface PortsContext {
  readonly name: SubCommandName;
  readonly values: OptionValues;
  readonly output: CommandOutput;
  /** Aborted when the user wants it to stop. */
  readonly signal: AbortSignal;
  /** Is set once something may have been sent. */
  hasBegun: boolean;
}

/** A connection in sync, and a manager on it. */
export interface Database {
  readonly nb: NorthboundClient;
  readonly manager: StatefulSetPortManager;
  /** Another manager on the same connection, with other rules for some things. Closed with the connection. */
  managerWith(options: Partial<StatefulSetPortManagerOptions>): StatefulSetPortManager;
  /** Name or uuid of the logical switch of a namespace. */
  switchOf(namespace: string): string;
  /** For each call of the manager. */
  readonly call: { readonly signal: AbortSignal; readonly timeoutMs: number };
}

/** Does the work on a connection of its own, which is closed afterwards. Rejects as `connectNorthbound`. */
export async function withDatabase<R>(
  context: PortsContext,
  rules: Omit<StatefulSetPortManagerOptions, 'subnets'>,
  work: (database: Database) => Promise<R>,
): Promise<R> {
  const { name, values, signal, output } = context;
  const timeoutMs = timeoutMsOf(values);
  const file = values.subnets === undefined ? undefined : await readSource(context, values.subnets);
  const given = givenSubnets(values.subnet ?? [], file);
  // A switch that is only assumed is no reason to find fault with ports that are on another one.
  const subnetOf = subnetsByName(given);
  const subnets = name === 'audit' ? given : subnetOf;
  const connection = connectionOf(values, process.env);
  const nb = await openNorthbound({ connection, timeoutMs, signal, output }, connectNorthbound);
  const managers: StatefulSetPortManager[] = [];
  const managerWith = (options: Partial<StatefulSetPortManagerOptions>): StatefulSetPortManager => {
    const manager = new StatefulSetPortManager(nb, { subnets, ...rules, ...options });
    managers.push(manager);
    return manager;
  };
  try {
    return await work({
      nb,
      manager: managerWith({}),
      managerWith,
      switchOf: (namespace) => subnetOf(namespace).logicalSwitch,
      call: { signal, timeoutMs },
    });
  } finally {
    for (const manager of managers) manager.close();
    nb.close();
  }
}

/** The StatefulSets of the files given with `-f`; what was passed over is said. Rejects as `readManifest` throws. */
export async function manifestOf(context: PortsContext): Promise<Manifest> {
  const { name, values, output } = context;
  const files = values.file ?? [];
  if (files.length === 0) {
    throw new InvalidArgumentError(
      `${name} needs the manifest of the StatefulSets (-f FILE): their replicas and pools stand there, not in the database`,
    );
  }
  const sources: ManifestSource[] = [];
  for (const file of files) sources.push(await readSource(context, file));
  // What prune deletes depends on every pod that there is.
  const manifest = readManifest(sources, { takesAllPods: name === 'prune' });
  // A slip here would leave the pods to the switch that has their namespace's name.
  const namespaces = new Set(manifest.sets.map(({ workload }) => workload.namespace));
  const unused = Object.keys(givenSubnets(values.subnet ?? [], undefined)).filter((known) => !namespaces.has(known));
  const unusedNotes = unused.map((namespace) => `--subnet: no StatefulSet is in namespace ${namespace}`);
  for (const note of [...manifest.notes, ...unusedNotes]) output.writeError(`note: ${printable(note)}\n`);
  return manifest;
}

/** Reads a file, or standard input for `-`. Rejects with `OvsdbError` `File`, and with the reason of `signal`. */
export async function readSource(
  { output, signal }: Pick<PortsContext, 'output' | 'signal'>,
  file: string,
): Promise<ManifestSource> {
  try {
    if (file !== '-') return { file, text: await readFile(file, { encoding: 'utf8', signal }) };
    if (output.input === undefined) throw new Error('there is none');
    return { file: 'standard input', text: await output.input.readAll(signal) };
  } catch (error) {
    signal.throwIfAborted();
    const what = file === '-' ? 'standard input' : file;
    throw new OvsdbError('File', `cannot read ${what}: ${(error as Error).message}`, { cause: error });
  }
}
