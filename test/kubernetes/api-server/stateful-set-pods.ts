/** Which pods belong to a StatefulSet, how they are made, and what state they are in. */
import type { JsonObject, KubeInput, KubeObject, OwnerReference } from './objects.js';
import { arrayOf, jsonObject } from './objects.js';
import type { ObjectRegistry } from './registry.js';
import { selectorMatches } from './selectors.js';

export const REVISION_LABEL = 'controller-revision-hash';

/** The part of a StatefulSet's spec that its controller acts on. */
export interface SetSpec {
  readonly replicas: number;
  /** Ordinal of the first pod. */
  readonly start: number;
  /** False for `Parallel`: pods are not waited for. */
  readonly isOrdered: boolean;
  readonly rollsUpdates: boolean;
  /** Pods with a lower ordinal keep the current revision. */
  readonly partition: number;
  readonly selector: unknown;
}

export function setSpec(set: KubeObject): SetSpec {
  const { replicas, ordinals, podManagementPolicy, updateStrategy, selector } = jsonObject(set['spec']);
  const { type, rollingUpdate } = jsonObject(updateStrategy);
  return {
    replicas: numberOr(replicas, 1),
    start: numberOr(jsonObject(ordinals)['start'], 0),
    isOrdered: podManagementPolicy !== 'Parallel',
    rollsUpdates: type !== 'OnDelete',
    partition: numberOr(jsonObject(rollingUpdate)['partition'], 0),
    selector,
  };
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** Undefined for a pod that is not named after the set. */
export function ordinalOf(pod: KubeObject, set: KubeObject): number | undefined {
  const match = /^(.*)-(0|[1-9]\d*)$/.exec(pod.metadata.name);
  return match?.[1] === set.metadata.name ? Number(match[2]) : undefined;
}

/**
 * The pods that the set controls, by ordinal. Takes over orphans that fit, as after a deletion that left the
 * pods, and gives up pods whose labels no longer fit.
 */
export function claimPods(objects: ObjectRegistry, set: KubeObject): ReadonlyMap<number, KubeObject> {
  const { namespace = '', uid } = set.metadata;
  const { selector } = setSpec(set);
  const claimed = new Map<number, KubeObject>();
  for (const pod of objects.store.scan('pods', namespace)) {
    const ordinal = ordinalOf(pod, set);
    const owner = controllerOf(pod);
    const fits = ordinal !== undefined && selectorMatches(selector, pod.metadata.labels ?? {});
    if (owner?.uid === uid && !fits) disown(objects, pod, uid);
    else if (!fits || (owner !== undefined && owner.uid !== uid)) continue;
    else if (owner !== undefined) claimed.set(ordinal, pod);
    else if (pod.metadata.deletionTimestamp === undefined) claimed.set(ordinal, adopt(objects, pod, set));
  }
  return claimed;
}

function adopt(objects: ObjectRegistry, pod: KubeObject, set: KubeObject): KubeObject {
  return objects.overwrite('pods', pod.metadata.namespace ?? '', pod.metadata.name, ({ metadata }) => {
    metadata.ownerReferences = [...(metadata.ownerReferences ?? []), ownerReference(set)];
  });
}

/** Takes one owner away from a pod. */
export function disown(objects: ObjectRegistry, pod: KubeObject, ownerUid: string): void {
  objects.overwrite('pods', pod.metadata.namespace ?? '', pod.metadata.name, ({ metadata }) => {
    const others = (metadata.ownerReferences ?? []).filter(({ uid }) => uid !== ownerUid);
    if (others.length > 0) metadata.ownerReferences = others;
    else delete metadata.ownerReferences;
  });
}

function ownerReference({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

export function podOf(set: KubeObject, ordinal: number, template: JsonObject, revision: string): KubeInput {
  const name = `${set.metadata.name}-${ordinal}`;
  const metadata = jsonObject(template['metadata']);
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      labels: {
        ...(jsonObject(metadata['labels']) as Record<string, string>),
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
        [REVISION_LABEL]: revision,
      },
      annotations: jsonObject(metadata['annotations']) as Record<string, string>,
      ownerReferences: [ownerReference(set)],
    },
    spec: {
      ...jsonObject(template['spec']),
      ...{ hostname: name, subdomain: jsonObject(set['spec'])['serviceName'] ?? '' },
    },
  };
}

export function isTerminating({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

export function phaseOf(pod: KubeObject): unknown {
  return jsonObject(pod['status'])['phase'];
}

export function isRunningAndReady(pod: KubeObject): boolean {
  const conditions = arrayOf(jsonObject(pod['status'])['conditions']).map(jsonObject);
  return phaseOf(pod) === 'Running' && conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

export function isHealthy(pod: KubeObject): boolean {
  return isRunningAndReady(pod) && !isTerminating(pod);
}
