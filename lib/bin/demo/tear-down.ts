/** All pods of a StatefulSet go and come back: nothing happens in the database, and nothing is lost. */
import type { PodLike } from '../../statefulset/workload.js';
import { counted } from '../ports/table.js';
import { newPods, type DemoSet } from './manifest.js';
import { changed, moved, portTable, refusals, shortUuid, type Stage } from './stage.js';

/** Resolves with the pods that came back. */
export async function tearDownAndComeBack(stage: Stage, set: DemoSet, pods: readonly PodLike[]): Promise<PodLike[]> {
  await tearDown(stage, set, pods);
  return comeBack(stage, set);
}

async function tearDown(
  { report, database, manager, signal }: Stage,
  set: DemoSet,
  pods: readonly PodLike[],
): Promise<void> {
  await report.step(
    'All pods are torn down',
    'The manager is told that each pod is gone. A pod that comes back is to find its port as it was, so there is nothing ' +
      'to send; the rows below were read from the server afterwards.',
  );
  const before = await database.read(set, signal);
  const sentBefore = database.sent;
  const results = await Promise.all(pods.map((pod) => manager().podDeleted(pod)));
  const retained = results.filter((result) => result.retained !== undefined).length;
  const after = await database.read(set, signal);
  const sent = database.sent - sentBefore;
  portTable(report, after.ports);
  report.check(
    sent === 0,
    `${counted(pods.length, 'pod')} gone, ${counted(retained, 'port')} kept, 0 transactions sent`,
    `${sent} were sent`,
  );
  const differing = changed(before.ports, after.ports);
  if (before.switchVersion !== after.switchVersion) differing.push(`switch ${database.switchOf(set)}`);
  report.check(
    differing.length === 0,
    "the server's _version of the switch and of every port is what it was: nobody wrote them",
    `these changed: ${differing.join(', ')}`,
  );
}

async function comeBack(stage: Stage, set: DemoSet): Promise<PodLike[]> {
  const { report, database, manager, signal } = stage;
  await report.step(
    'The pods are created again',
    'They have the names that they had, and other uids. The manager was restarted in between, too: all that it knows ' +
      'it finds in the database.',
  );
  const before = await database.read(set, signal);
  stage.restartManager();
  const pods = newPods(set);
  const { outcomes } = await manager().apply(set.object, { pods, signal });
  const after = await database.read(set, signal);
  const old = new Map(before.ports.map(({ name, podUid }) => [name, podUid]));
  report.table(
    ['PORT', 'POD UID WAS', 'POD UID IS', 'OUTCOME'],
    after.ports.map(({ name, podUid, ordinal }) => {
      const outcome = outcomes.find((candidate) => candidate.ordinal === ordinal)?.status ?? '';
      return { cells: [name, shortUuid(old.get(name) ?? ''), shortUuid(podUid), outcome] };
    }),
  );
  portTable(report, after.ports, outcomes);
  const differing = moved(before.ports, after.ports);
  report.check(
    differing.length === 0 && after.ports.length === before.ports.length,
    'the same row uuid, IP and MAC for each',
    `these differ: ${differing.join(', ')}`,
  );
  const uids = new Map(pods.map(({ metadata }) => [`${metadata?.name ?? ''}.${set.namespace}`, metadata?.uid]));
  const stale = after.ports.filter(({ name, podUid }) => uids.get(name) !== podUid);
  report.check(stale.length === 0, 'each row names the pod that uses it now', `${stale.length} do not`);
  const made = outcomes.filter(({ status }) => status !== 'reused').length - refusals(outcomes).length;
  report.check(made === 0, 'no port was made or given another address', `${made} were`);
  return pods;
}
