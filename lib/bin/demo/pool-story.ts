/** A StatefulSet with a pool: made in sequence, kept when its pods go, extended when the pool is. */
import type { PodOutcome } from '../../statefulset/manager-results.js';
import type { PodLike } from '../../statefulset/workload.js';
import { counted } from '../ports/table.js';
import { edited, newPods, type DemoSet } from './manifest.js';
import type { PortRecord } from './snapshot.js';
import { changed, portTable, refusals, type Stage } from './stage.js';
import { entriesToAppend } from './subnet.js';
import { tearDownAndComeBack } from './tear-down.js';

/** More ports than this are not made just to show that a pool ends. */
const MAX_EXTRA_PORTS = 1000;

export async function poolStory(stage: Stage, set: DemoSet): Promise<void> {
  const pods = await create(stage, set);
  const podsAgain = await tearDownAndComeBack(stage, set, pods);
  await runDry(stage, set, podsAgain);
}

async function create({ report, database, manager, signal }: Stage, set: DemoSet): Promise<PodLike[]> {
  const { replicas, start } = set;
  const entries = set.pool?.entries ?? [];
  await report.step(
    'The ports are made, in sequence from the pool',
    `${set.key} asks for ${counted(replicas, 'pod')}; its pool has ${entriesText(entries.length)}. ` +
      `Ordinal ${start} gets the first, and so on: always that entry, never just the next free one.`,
  );
  const pods = newPods(set);
  const { outcomes, warnings } = await manager().apply(set.object, { pods, signal });
  for (const warning of warnings) report.note(`Warning: ${warning}`);
  const { ports, switchPorts } = await database.read(set, signal);
  portTable(report, ports, outcomes);
  const wanted = Math.min(replicas, entries.length);
  const misplaced = ports.filter(({ uuid, ips, ordinal }) => ips !== entryText(set, ordinal) || !switchPorts.has(uuid));
  report.check(
    ports.length === wanted && misplaced.length === 0,
    wanted === 0
      ? 'no replicas, so no ports'
      : `${counted(wanted, 'port')}, each with the entry of the pool that is its ordinal's`,
    `there are ${ports.length}, and ${misplaced.length} have other addresses or are on no switch`,
  );
  if (replicas > entries.length) reportExhausted(report, outcomes, replicas - entries.length);
  else reportUnexpected(report, outcomes);
  return pods;
}

async function runDry(stage: Stage, set: DemoSet, pods: readonly PodLike[]): Promise<void> {
  const { report, database, manager, signal } = stage;
  const entries = set.pool?.entries ?? [];
  const raised = edited(set, { replicas: Math.max(set.replicas, entries.length + 1) });
  const extra = raised.replicas - set.replicas;
  await report.step(
    'More replicas than the pool has entries, then a longer pool',
    extra === 0
      ? `The manifest asks for ${counted(set.replicas, 'replica')}, and the pool has ${entriesText(entries.length)}: the ` +
          'pods beyond it are refused each time, and the others have theirs.'
      : `replicas goes from ${set.replicas} to ${raised.replicas}, one more than the pool has entries. The pods that the pool ` +
          'covers get their ports; the one beyond it gets none and a clear error.',
  );
  if (extra > MAX_EXTRA_PORTS) {
    report.skip(`not shown: it would take ${extra} more ports to come to the end of this pool`);
    return;
  }
  const raisedPods = withUids(newPods(raised), pods);
  const before = await database.read(set, signal);
  const { outcomes } = await manager().apply(raised.object, { pods: raisedPods, signal });
  const after = await database.read(set, signal);
  portTable(report, after.ports, outcomes);
  reportExhausted(report, outcomes, raised.replicas - entries.length);
  reportUntouched(stage, before.ports, after.ports, entries.length - before.ports.length);
  await extend(stage, raised, raisedPods, after.ports);
}

async function extend(
  { report, database, manager, signal, subnet, pools }: Stage,
  set: DemoSet,
  pods: readonly PodLike[],
  before: readonly PortRecord[],
): Promise<void> {
  const entries = set.pool?.entries ?? [];
  const last = entries.at(-1);
  const missing = set.replicas - entries.length;
  if (last === undefined) return;
  const used = new Set((await database.readAll(signal)).flatMap(({ ips }) => ips.split(',')));
  const appended = entriesToAppend(missing, subnet, last, pools, used);
  report.say();
  if (appended.length < missing) {
    report.skip(
      `the pool is not extended here: ${counted(missing, 'free entry', 'free entries')} would be needed in the subnet`,
    );
    return;
  }
  const text = (set.poolText ?? '').trim();
  const separator = text.includes(';') || appended[0]?.includes(',') === true ? ';' : ',';
  const longer = edited(set, { pool: [text, ...appended].join(separator) });
  const shown = appended.length > 3 ? `${appended.slice(0, 3).join(separator)}...` : appended.join(separator);
  report.note(`The pool gets ${entriesText(missing)} more, ${shown}:`);
  report.say();
  const { outcomes } = await manager().apply(longer.object, { pods, signal });
  const { ports } = await database.read(set, signal);
  portTable(report, ports, outcomes);
  const made = outcomes.filter(({ status }) => status === 'created').map(({ ordinal }) => ordinal);
  const firstMissing = set.start + entries.length;
  report.check(
    made.length === missing && made.every((ordinal) => ordinal >= firstMissing) && refusals(outcomes).length === 0,
    `the missing ${missing === 1 ? 'port is' : `${missing} ports are`} made`,
    `${made.length} were made`,
  );
  const others = ports.filter(({ ordinal }) => ordinal < firstMissing);
  const differing = changed(before, others);
  report.check(differing.length === 0, 'nothing else changed', `these did: ${differing.join(', ')}`);
}

function reportUntouched(
  { report }: Stage,
  before: readonly PortRecord[],
  after: readonly PortRecord[],
  expected: number,
): void {
  const names = new Set(before.map(({ name }) => name));
  const differing = changed(
    before,
    after.filter(({ name }) => names.has(name)),
  );
  if (before.length > 0) {
    report.check(
      differing.length === 0,
      `the ${counted(before.length, 'port')} that existed: untouched (same _version on the server)`,
      `these changed: ${differing.join(', ')}`,
    );
  }
  const made = after.length - before.length;
  if (expected > 0)
    report.check(made === expected, `${counted(expected, 'port')} made for the other entries`, `it is ${made}`);
}

function reportExhausted(report: Stage['report'], outcomes: readonly PodOutcome[], expected: number): void {
  const refused = refusals(outcomes);
  const exhausted = refused.filter(({ error }) => error.code === 'PoolExhausted');
  report.check(
    exhausted.length === expected && refused.length === expected,
    `${counted(expected, 'pod')} beyond the pool: refused with PoolExhausted`,
    `${refused.length} were refused, ${exhausted.length} of them with PoolExhausted`,
  );
  const first = refused.find(({ error }) => error.code !== 'PoolExhausted') ?? refused[0];
  if (first !== undefined) report.detail(first.error.message);
}

function reportUnexpected(report: Stage['report'], outcomes: readonly PodOutcome[]): void {
  for (const { error } of refusals(outcomes)) report.check(false, 'every pod gets its port', error.message);
}

/** The pool's entry for an ordinal as the table shows addresses. */
function entryText({ pool, start }: DemoSet, ordinal: number): string {
  const { v4, v6 } = pool?.entries[ordinal - start] ?? {};
  return [v4, v6].flatMap((ip) => ip?.text ?? []).join(',');
}

/** Pods that were there before keep their uids. */
function withUids(pods: readonly PodLike[], known: readonly PodLike[]): PodLike[] {
  return pods.map((pod, i) => known[i] ?? pod);
}

function entriesText(count: number): string {
  return counted(count, 'entry', 'entries');
}
