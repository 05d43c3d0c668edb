/**
 * Which kept ports nobody needs any more. One look is not enough to say so: a controller that has just started, or lost
 * its watch for a moment, knows of fewer StatefulSets than there are. So a port has to be seen without need twice, with a
 * time of grace between, and whatever says that it was needed meanwhile begins the wait anew.
 */
import type { Uuid } from '../../schema/uuid.js';
import { isNamedAfterPod, PORT_KEYS, type ManagedPort } from '../managed-port.js';
import type { PodOutcome } from '../manager-results.js';
import type { Workload } from '../workload.js';

/** Time between the two sightings, in milliseconds, unless the caller says otherwise. */
export const DEFAULT_GRACE_MS = 300_000;

/**
 * Kept ports that none of the desired StatefulSets needs: made by `vendor`, not up, and of an ordinal that no desired
 * StatefulSet of that namespace and name has within its replicas. Whether the pod exists is of no importance, and
 * neither is the incarnation (uid) that used the port last. A port that is named after another pod than its keys say is
 * left for people to look at.
 */
export function pruneCandidates(
  kept: Iterable<ManagedPort>,
  desired: readonly Workload[],
  vendor: string,
): ManagedPort[] {
  const byKey = new Map<string, Workload[]>();
  for (const workload of desired) {
    const sameKey = byKey.get(workload.key);
    if (sameKey === undefined) byKey.set(workload.key, [workload]);
    else sameKey.push(workload);
  }
  return Array.from(kept).filter((port) => {
    const { row, statefulSet, ordinal } = port;
    if (row.up === true || row.external_ids[PORT_KEYS.vendor] !== vendor || !isNamedAfterPod(port)) return false;
    const needing = byKey.get(statefulSet) ?? [];
    return !needing.some(({ start, replicas }) => ordinal >= start && ordinal < start + replicas);
  });
}

/** What a look at the candidates came to. */
export interface Sighted {
  /** Seen before, at least the time of grace ago. */
  readonly due: readonly ManagedPort[];
  /** To be seen again, once `remainingMs` are over. */
  readonly waiting: readonly { readonly port: ManagedPort; readonly remainingMs: number }[];
}

interface Sighting {
  readonly ownerUid: string | undefined;
  readonly podUid: string | undefined;
  readonly atMs: number;
}

/** Remembers when each port was first seen without need, as long as it is seen so each time. */
export class PruneSightings {
  readonly #clock: () => number;
  #sightings = new Map<Uuid<'Logical_Switch_Port'>, Sighting>();

  /** `clock` gives milliseconds that never run backwards, such as `performance.now`. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /**
   * Of all candidates that there are now, those that have been candidates since at least `graceMs` ago and those that
   * wait. One that is seen for the first time waits, even when `graceMs` is 0; so does one that another incarnation of its
   * StatefulSet, or another pod, has used since. With `note` it remembers these candidates, and forgets all other
   * ports; without, it changes nothing.
   */
  sight(candidates: readonly ManagedPort[], graceMs: number, note: boolean): Sighted {
    const now = this.#clock();
    const due: ManagedPort[] = [];
    const waiting: { port: ManagedPort; remainingMs: number }[] = [];
    const sightings = new Map<Uuid<'Logical_Switch_Port'>, Sighting>();
    for (const port of candidates) {
      const { ownerUid, podUid, row } = port;
      const first = this.#sightingOf(port);
      sightings.set(row._uuid, first ?? { ownerUid, podUid, atMs: now });
      const remainingMs = Math.max(0, graceMs - (now - (first?.atMs ?? now)));
      if (first !== undefined && remainingMs === 0) due.push(port);
      else waiting.push({ port, remainingMs });
    }
    if (note) this.#sightings = sightings;
    return { due, waiting };
  }

  /** Is a port, as it is now, still one that the last look that was noted found without need? */
  isStill(port: ManagedPort): boolean {
    return this.#sightingOf(port) !== undefined;
  }

  /** Forgets the ports that pods were told of: the wait for them begins anew. */
  forgetUsed(outcomes: Iterable<PodOutcome>): void {
    for (const outcome of outcomes)
      if (outcome.status !== 'refused' && outcome.uuid !== undefined) this.#sightings.delete(outcome.uuid);
  }

  #sightingOf({ row, ownerUid, podUid }: ManagedPort): Sighting | undefined {
    const before = this.#sightings.get(row._uuid);
    return before?.ownerUid === ownerUid && before?.podUid === podUid ? before : undefined;
  }
}
