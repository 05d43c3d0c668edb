/** Objects whose owners are gone are deleted, and namespaces that are deleted are emptied first. */
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './deletion.js';
import type { KubeObject, OwnerReference } from './objects.js';
import type { ResourceName } from './object-store.js';
import type { ObjectRegistry } from './registry.js';
import { RESOURCES, apiVersionOf } from './resources.js';
import { disown } from './stateful-set-pods.js';

/** What a namespace holds, the owners before what they own. */
const NAMESPACED: readonly ResourceName[] = ['statefulsets', 'pods', 'events', 'leases'];

export class GarbageCollector {
  readonly #objects: ObjectRegistry;

  constructor(objects: ObjectRegistry) {
    this.#objects = objects;
  }

  step(): void {
    for (const set of this.#objects.store.scan('statefulsets')) this.#finishDeletion(set);
    for (const pod of this.#objects.store.scan('pods')) {
      const owners = pod.metadata.ownerReferences ?? [];
      if (owners.length > 0 && owners.every((owner) => this.#isGone(owner, pod))) this.#delete('pods', pod);
    }
    for (const namespace of this.#objects.store.scan('namespaces')) this.#emptyNamespace(namespace);
  }

  /** An owner of a kind that is not served here is taken to be there. */
  #isGone({ apiVersion, kind, name, uid }: OwnerReference, { metadata }: KubeObject): boolean {
    const resource = RESOURCES.find((known) => known.kind === kind && apiVersionOf(known) === apiVersion);
    if (resource === undefined) return false;
    const namespace = resource.namespaced ? (metadata.namespace ?? '') : '';
    return this.#objects.store.read({ resource: resource.stored, namespace, name })?.metadata.uid !== uid;
  }

  /** `Foreground` waits for the pods to go, `Orphan` leaves them without their owner. */
  #finishDeletion({ metadata }: KubeObject): void {
    const { namespace = '', name, uid, finalizers = [], deletionTimestamp } = metadata;
    if (deletionTimestamp === undefined) return;
    const pods = this.#objects.store
      .scan('pods', namespace)
      .filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.uid === uid));
    let done: string | undefined;
    if (finalizers.includes(ORPHAN_FINALIZER)) {
      for (const pod of pods) disown(this.#objects, pod, uid);
      done = ORPHAN_FINALIZER;
    } else if (finalizers.includes(FOREGROUND_FINALIZER)) {
      for (const pod of pods) this.#delete('pods', pod);
      if (pods.length === 0) done = FOREGROUND_FINALIZER;
    }
    if (done === undefined) return;
    this.#objects.update('statefulsets', namespace, name, (copy) => {
      const rest = finalizers.filter((finalizer) => finalizer !== done);
      return { ...copy, metadata: { ...copy.metadata, finalizers: rest } };
    });
  }

  #emptyNamespace(namespace: KubeObject): void {
    const { name, deletionTimestamp } = namespace.metadata;
    if (deletionTimestamp === undefined) return;
    const content = NAMESPACED.flatMap((resource) =>
      this.#objects.store.scan(resource, name).map((object) => ({ resource, object })),
    );
    for (const { resource, object } of content) this.#delete(resource, object);
    if (content.length > 0) return;
    this.#objects.store.remove({ resource: 'namespaces', namespace: '', name }, namespace);
  }

  #delete(resource: ResourceName, { metadata }: KubeObject): void {
    if (metadata.deletionTimestamp !== undefined) return;
    this.#objects.delete(resource, metadata.namespace ?? '', metadata.name, { preconditions: { uid: metadata.uid } });
  }
}
