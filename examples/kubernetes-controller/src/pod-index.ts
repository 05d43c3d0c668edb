/** The pods by the StatefulSet that controls them, and those that went and were not dealt with yet. */
import { keyOf, type Pod } from './kube-objects.js';

/** See the head of this file. */
export class PodIndex {
  readonly #bySet = new Map<string, Map<string, Pod>>();
  readonly #goneBySet = new Map<string, Map<string, Pod>>();

  /** Takes a change in; returns the keys of the StatefulSets that it matters to. */
  change(before: Pod | undefined, now: Pod | undefined): readonly string[] {
    const keys = new Set<string>();
    if (before !== undefined && (now === undefined || setKeyOf(before) !== setKeyOf(now))) {
      const key = setKeyOf(before);
      const pods = this.#bySet.get(key);
      pods?.delete(keyOf(before));
      if (pods?.size === 0) this.#bySet.delete(key);
      if (now === undefined) put(this.#goneBySet, key, before);
      keys.add(key);
    }
    if (now !== undefined) {
      put(this.#bySet, setKeyOf(now), now);
      if (before === undefined || differs(before, now)) keys.add(setKeyOf(now));
    }
    return [...keys];
  }

  /** The pods of a StatefulSet. */
  of(key: string): readonly Pod[] {
    return [...(this.#bySet.get(key)?.values() ?? [])];
  }

  /** Takes the pods of a StatefulSet that went. */
  takeGone(key: string): readonly Pod[] {
    const gone = [...(this.#goneBySet.get(key)?.values() ?? [])];
    this.#goneBySet.delete(key);
    return gone;
  }

  /** Gives pods back that went. */
  returnGone(key: string, pods: readonly Pod[]): void {
    for (const pod of pods) put(this.#goneBySet, key, pod);
  }
}

/** A pod changes several times while it starts, mostly in its status, which matters to nobody here. */
function differs(before: Pod, now: Pod): boolean {
  return (
    before.metadata.uid !== now.metadata.uid ||
    before.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    before.statefulSet !== now.statefulSet ||
    JSON.stringify(before.metadata.annotations) !== JSON.stringify(now.metadata.annotations)
  );
}

function setKeyOf({ metadata: { namespace = 'default' }, statefulSet }: Pod): string {
  return `${namespace}/${statefulSet}`;
}

function put(map: Map<string, Map<string, Pod>>, key: string, pod: Pod): void {
  const pods = map.get(key) ?? new Map<string, Pod>();
  pods.set(keyOf(pod), pod);
  map.set(key, pods);
}
