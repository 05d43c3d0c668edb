/**
 * The StatefulSet controller, reduced to what one sees of it in the API: pods made in order and deleted from the
 * top, updates that delete one pod after the other and make it again under its name with a new uid, adoption.
 */
import type { KubeObject } from './objects.js';
import { jsonObject, sameJson } from './objects.js';
import type { ObjectRegistry } from './registry.js';
import {
  claimPods,
  isHealthy,
  isRunningAndReady,
  isTerminating,
  phaseOf,
  podOf,
  REVISION_LABEL,
  setSpec,
} from './stateful-set-pods.js';
import type { SetSpec } from './stateful-set-pods.js';
import { RevisionHistory } from './stateful-set-revision.js';
import { StatusError } from './status-error.js';

interface Revisions {
  readonly current: string;
  readonly update: string;
}

interface Work {
  readonly set: KubeObject;
  readonly spec: SetSpec;
  readonly pods: ReadonlyMap<number, KubeObject>;
  readonly revisions: Revisions;
}

export class StatefulSetController {
  readonly #objects: ObjectRegistry;
  readonly #history = new RevisionHistory();

  constructor(objects: ObjectRegistry) {
    this.#objects = objects;
  }

  /** One pass over all sets: what the real controller does before it waits for the next change. */
  step(): void {
    for (const set of this.#objects.store.scan('statefulsets')) {
      const update = this.#history.note(set);
      const noted = jsonObject(set['status'])['currentRevision'];
      const revisions = { current: typeof noted === 'string' ? noted : update, update };
      // The pods of a set that is being deleted are the garbage collector's.
      if (isTerminating(set)) continue;
      const pods = claimPods(this.#objects, set);
      this.#sync({ set, spec: setSpec(set), pods, revisions });
      this.#writeStatus(set, claimPods(this.#objects, set), revisions);
    }
  }

  #sync(work: Work): void {
    if (!this.#fillSlots(work)) return;
    if (!this.#removeCondemned(work)) return;
    if (work.spec.rollsUpdates) this.#rollUpdate(work);
  }

  /** False: the rest has to wait. */
  #fillSlots(work: Work): boolean {
    const { spec, pods } = work;
    for (const ordinal of slots(spec)) {
      const pod = pods.get(ordinal);
      if (pod === undefined) {
        this.#create(work, ordinal);
        if (spec.isOrdered) return false;
      } else if (!isTerminating(pod) && (phaseOf(pod) === 'Failed' || phaseOf(pod) === 'Succeeded')) {
        this.#delete(pod);
        if (spec.isOrdered) return false;
      } else if (spec.isOrdered && !isHealthy(pod)) {
        return false;
      }
    }
    return true;
  }

  /** The pods outside the set's ordinals go, the highest first. False: the rest has to wait. */
  #removeCondemned({ spec, pods }: Work): boolean {
    const inSet = new Set(slots(spec));
    const condemned = [...pods.keys()].filter((ordinal) => !inSet.has(ordinal)).sort((a, b) => b - a);
    const lowestUnhealthy = Math.min(...[...pods].filter(([, pod]) => !isHealthy(pod)).map(([ordinal]) => ordinal));
    for (const ordinal of condemned) {
      const pod = pods.get(ordinal);
      if (pod === undefined) continue;
      if (!isTerminating(pod)) {
        if (spec.isOrdered && !isRunningAndReady(pod) && ordinal !== lowestUnhealthy) return false;
        this.#delete(pod);
      }
      if (spec.isOrdered) return false;
    }
    return true;
  }

  /** From the top down to the partition, one at a time, each healthy before the next goes. */
  #rollUpdate({ spec, pods, revisions }: Work): void {
    const ordinals = slots(spec).filter((ordinal) => ordinal - spec.start >= spec.partition);
    for (const ordinal of ordinals.reverse()) {
      const pod = pods.get(ordinal);
      if (pod === undefined) return;
      if (pod.metadata.labels?.[REVISION_LABEL] !== revisions.update && !isTerminating(pod)) {
        this.#delete(pod);
        return;
      }
      if (!isHealthy(pod)) return;
    }
  }

  #create({ set, spec, revisions }: Work, ordinal: number): void {
    const revision = ordinal - spec.start < spec.partition ? revisions.current : revisions.update;
    const pod = podOf(set, ordinal, this.#history.templateOf(set, revision), revision);
    try {
      this.#objects.create('pods', set.metadata.namespace ?? '', pod);
    } catch (error) {
      // A pod of an earlier set is still in its place, or the namespace is going: the next pass tries again.
      if (!(error instanceof StatusError) || (error.status.code !== 409 && error.status.code !== 403)) throw error;
    }
  }

  #delete({ metadata }: KubeObject): void {
    this.#objects.delete('pods', metadata.namespace ?? '', metadata.name, { preconditions: { uid: metadata.uid } });
  }

  #writeStatus(set: KubeObject, pods: ReadonlyMap<number, KubeObject>, { current, update }: Revisions): void {
    const { replicas } = setSpec(set);
    const all = [...pods.values()];
    const ready = all.filter(isRunningAndReady).length;
    const updated = all.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === update && !isTerminating(pod)).length;
    const isComplete = updated === replicas && all.length === replicas && ready === replicas;
    const currentRevision = isComplete ? update : current;
    const status = {
      ...{ observedGeneration: set.metadata.generation, replicas: all.length, readyReplicas: ready },
      ...{ availableReplicas: ready, updatedReplicas: updated, collisionCount: 0 },
      currentReplicas: all.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === currentRevision).length,
      ...{ currentRevision, updateRevision: update },
    };
    if (sameJson(status, set['status'])) return;
    const { namespace = '', name } = set.metadata;
    this.#objects.update('statefulsets', namespace, name, (copy) => ({ ...copy, status }), { subresource: 'status' });
  }
}

function slots({ start, replicas }: SetSpec): number[] {
  return Array.from({ length: replicas }, (_, index) => start + index);
}
