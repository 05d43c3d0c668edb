/** Plans one StatefulSet, and applies it if that gives up what somebody was shown before, and nothing else. */
import type { StatefulSetPortManager } from '../../statefulset/manager.js';
import type { ManagedPort } from '../../statefulset/managed-port.js';
import { isPortError } from '../../statefulset/port-error.js';
import type { SetOutcome } from './apply-report.js';
import type { Database } from './database.js';
import { releaseExactly } from './exact-release.js';
import type { ManifestSet } from './manifest.js';
import { isRefusal } from './refusal.js';
import { stakesOf, type Stake } from './stakes.js';

/** How often a StatefulSet is planned anew because somebody else was faster. */
const CONFLICT_RETRIES = 50;

/** What would become of a StatefulSet now. Throws what is no refusal of the StatefulSet itself, such as `NotReady`. */
export function planOf(manager: StatefulSetPortManager, set: ManifestSet): SetOutcome {
  const { statefulSet, pods } = set;
  try {
    const result = manager.plan(statefulSet, { pods: [...pods.values()] });
    return { set, result, error: undefined, isPending: result.transactions.length > 0 };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { set, result: undefined, error, isPending: false };
  }
}

/**
 * Deletes those ports beyond the replicas that were shown, and applies the rest with `manager`, which must keep ports
 * beyond the replicas and come back after each conflict. Never rejects: what fails is in `failure`.
 */
export async function applyShown(
  database: Database,
  manager: StatefulSetPortManager,
  set: ManifestSet,
  shown: readonly Stake[],
): Promise<SetOutcome> {
  const deadline = performance.now() + database.call.timeoutMs;
  const released: ManagedPort[] = [];
  const complaints: string[] = [];
  const base = { set, result: undefined, error: undefined, released, complaints };
  try {
    const beyond = shown.filter(({ fate }) => fate === 'beyond-replicas').map(({ port }) => port);
    const { left } = await releaseExactly(database, beyond, (port) => released.push(port));
    complaints.push(...left.map(({ row }) => `${row.name} stays: it changed since it was shown`));
    const expected = signatureOf(shown.filter(({ fate }) => fate !== 'beyond-replicas'));
    const isPending = left.length > 0;
    for (let attempt = 1; ; attempt++) {
      const call = { signal: database.call.signal, timeoutMs: Math.max(1, deadline - performance.now()) };
      await database.nb.synced(call);
      const plan = planOf(manager, set);
      if (plan.error !== undefined) return { ...base, error: plan.error, isPending };
      if (signatureOf(stakesOf(database, plan)) !== expected) {
        const { key } = set.workload;
        complaints.push(`${key}: its ports changed since they were shown; look again, and repeat the command`);
        return { ...base, isPending: true };
      }
      try {
        const result = await manager.apply(set.statefulSet, { ...call, pods: [...set.pods.values()] });
        return { ...base, result, isPending };
      } catch (reason) {
        if (isRefusal(reason)) return { ...base, error: reason, isPending };
        const isConflict = isPortError(reason, 'ConflictRetriesExhausted');
        if (!isConflict || attempt > CONFLICT_RETRIES || performance.now() > deadline) throw reason;
      }
    }
  } catch (failure) {
    return { ...base, error: failure, failure, isPending: true };
  }
}

/** Equal for the same ports, with the same addresses and users, and the same fates. */
function signatureOf(stakes: readonly Stake[]): string {
  return stakes
    .map(({ port: { row, ip4, ip6, mac, podUid }, fate, becomes }) =>
      [row._uuid, ip4, ip6, mac, podUid, row.up, fate, becomes].join(' '),
    )
    .sort()
    .join('\n');
}
