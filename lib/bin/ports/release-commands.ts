/** The sub-commands that give addresses back: `release` and `prune`. */
import { InvalidArgumentError } from '../../errors.js';
import { podPort, type ManagedPort } from '../../statefulset/managed-port.js';
import { printable } from '../printable.js';
import { rulesOf } from './command-line.js';
import { manifestOf, withDatabase, type Database, type PortsContext } from './database.js';
import { releaseExactly } from './exact-release.js';
import { keptPorts, selectionOf } from './kept-ports.js';
import { isConfirmed, requireAnswerable } from './question.js';
import { keptPortJson, keptPortTable, type Report } from './report.js';
import { counted } from './table.js';

/** Why ports that were selected stay. */
const STAYS = {
  'other-incarnation': ({ statefulSet, ownerUid = 'unknown' }: ManagedPort) =>
    `another StatefulSet of this name (uid ${ownerUid}) used it last; --statefulset ${statefulSet} takes it as well`,
  'pod-exists': ({ pod }: ManagedPort) => `its pod ${pod} stands in the manifest`,
} as const;

/** Ports that shall go, and what is to be said of others. */
interface Candidates {
  readonly ports: readonly ManagedPort[];
  /** Ports that were selected, and stay. */
  readonly skipped: readonly { readonly port: ManagedPort; readonly reason: keyof typeof STAYS }[];
}

/** Deletes the kept ports that are selected, after a question. */
export async function release(context: PortsContext): Promise<Report> {
  const { values } = context;
  const isDryRun = values['dry-run'] === true;
  const manifest = values.file === undefined ? undefined : await manifestOf(context);
  const selection = selectionOf(values, manifest, false);
  if (!isDryRun) requireAnswerable(context, 'release asks before ports are deleted');
  return withDatabase(context, {}, async (database) => {
    const selected = keptPorts(database, selection);
    // A manifest with a uid is about that incarnation; the manager knows what another one has used since.
    const stays = new Set<string>();
    for (const { statefulSet, workload } of manifest?.sets ?? []) {
      if (values.statefulset?.includes(workload.key) === true) continue;
      const { skipped } = await database.manager.release(statefulSet, { ...database.call, dryRun: true });
      for (const { port } of skipped) stays.add(port);
    }
    const ports = selected.filter(({ row }) => !stays.has(row.name));
    const skipped = selected.filter(({ row }) => stays.has(row.name));
    return giveBack(context, database, {
      ports,
      skipped: skipped.map((port) => ({ port, reason: 'other-incarnation' })),
    });
  });
}

/** Deletes kept ports that no StatefulSet of the manifests needs, after a question. */
export async function prune(context: PortsContext): Promise<Report> {
  const { values } = context;
  const { sets, podKeys } = await manifestOf(context);
  if (values.all !== true && values.namespace === undefined && values.switch === undefined) {
    throw new InvalidArgumentError(
      'prune deletes what the manifests do not have; say where they are complete: --namespace, --switch or --all',
    );
  }
  const selection = selectionOf(values, undefined, false);
  if (values['dry-run'] !== true) requireAnswerable(context, 'prune asks before ports are deleted');
  return withDatabase(context, rulesOf(values), async (database) => {
    const desired = sets.map(({ statefulSet }) => statefulSet);
    const { pruned, waiting } = await database.manager.prune(desired, { ...database.call, dryRun: true, graceMs: 0 });
    const names = new Set([...pruned, ...waiting].map(({ port }) => port));
    const unneeded = keptPorts(database, selection).filter(({ row }) => names.has(row.name));
    // A pod that was just made is not up yet, and one of a StatefulSet that was deleted without its pods is not in `sets`.
    const ports = unneeded.filter(({ pod }) => !podKeys.has(pod));
    const skipped = unneeded.filter(({ pod }) => podKeys.has(pod));
    return giveBack(context, database, { ports, skipped: skipped.map((port) => ({ port, reason: 'pod-exists' })) });
  });
}

async function giveBack(context: PortsContext, database: Database, { ports, skipped }: Candidates): Promise<Report> {
  const { values, output, signal } = context;
  const { nb } = database;
  const isDryRun = values['dry-run'] === true;
  const complaints = skipped.map(({ port, reason }) => `${port.row.name} stays: ${STAYS[reason](port)}`);
  const leftJson = skipped.map(({ port, reason }) => ({ ...keptPortJson(nb, port), reason }));
  const shown = new Map(ports.map((port) => [port, keptPortJson(nb, port)]));
  const json = (released: readonly ManagedPort[], left: readonly ManagedPort[], reason: string): Report['json'] => ({
    dryRun: isDryRun,
    released: released.map((port) => shown.get(port)),
    left: [...leftJson, ...left.map((port) => ({ ...shown.get(port), reason }))],
  });
  if (ports.length === 0) {
    return { text: 'nothing to release\n', json: json([], [], ''), complaints, exitCode: 0 };
  }
  const table = keptPortTable(nb, ports);
  const count = counted(ports.length, 'port');
  if (isDryRun) {
    return { text: `${table}${count} would be released\n`, json: json(ports, [], ''), complaints, exitCode: 4 };
  }
  if (values.yes !== true && !(await isConfirmed(output, question(table, ports), signal))) {
    return { text: 'nothing was released\n', json: json([], ports, 'declined'), complaints, exitCode: 4 };
  }
  signal.throwIfAborted();
  context.hasBegun = true;
  const done: ManagedPort[] = [];
  const progress = output.progress?.begin('releasing', ports.length);
  try {
    const { released, left } = await releaseExactly(database, ports, (port) => {
      done.push(port);
      progress?.reach(done.length);
    });
    const exitCode = left.length === 0 ? 0 : 4;
    complaints.push(...left.map(({ row }) => `${row.name} stays: it changed since it was shown`));
    if (left.length > 0) complaints.push('look again, and repeat the command if they are to go as well');
    return { text: releasedText(released), json: json(released, left, 'changed'), complaints, exitCode };
  } catch (failure) {
    const left = ports.filter((port) => !done.includes(port));
    complaints.push('list shows which of them are still kept; the same command goes on from there');
    return { text: releasedText(done), json: json(done, left, 'failed'), complaints, exitCode: 1, failure };
  } finally {
    progress?.end();
  }
}

function question(table: string, ports: readonly ManagedPort[]): { details: string; text: string } {
  const sets = new Set(ports.map(({ statefulSet }) => statefulSet)).size;
  const inUse = ports.filter(({ row }) => row.up === true).length;
  const warning = inUse === 0 ? '' : `${counted(inUse, 'of them is', 'of them are')} up: a pod is using it.\n`;
  const details = `${table}${warning}Pods that come back may get other addresses, and others may get these.\n`;
  return { details, text: `Release ${counted(ports.length, 'port')} of ${counted(sets, 'StatefulSet')}?` };
}

function releasedText(ports: readonly ManagedPort[]): string {
  const lines = ports.map((port) => {
    const { statefulSet, port: name, ip4, ip6 } = podPort(port);
    const addresses = [ip4, ip6].filter((ip) => ip !== undefined).join(' and ');
    return `${printable(`${name} of ${statefulSet} released, ${addresses} free`)}\n`;
  });
  return `${lines.join('')}${counted(ports.length, 'port')} released\n`;
}
