/**
 * What becomes of the ports when their StatefulSet is deleted: kept, so that one made anew under its name gets the same
 * addresses, or released. An annotation of the StatefulSet decides, or else the controller's option.
 *
 * A StatefulSet that is gone cannot be asked any more, and the controller may not have been there when it went. So the
 * decision is noted on the ports themselves, in their `external_ids`, when they are made and whenever it changes. No
 * finalizer is needed for that: the deletion of a StatefulSet never has to wait for this controller.
 */
import type { ManagedPort } from 'ovn-northbound';

import type { StatefulSet } from './kube-objects.js';

export type ReleasePolicy = 'keep' | 'release';

/** Annotation of a StatefulSet: `keep` or `release`. */
export const ON_DELETE_ANNOTATION = 'ovn-northbound/on-delete';
/** Key in the `external_ids` of a port that is to be released with its StatefulSet; the value is `release`. */
export const ON_DELETE_KEY = 'statefulset-controller/on-delete';

/** The policy of a StatefulSet that exists. Whatever else the annotation says counts as `keep`, which loses nothing. */
export function policyOf({ metadata: { annotations } }: StatefulSet, fallback: ReleasePolicy): ReleasePolicy {
  const given = annotations?.[ON_DELETE_ANNOTATION];
  if (given === undefined) return fallback;
  return given === 'release' ? 'release' : 'keep';
}

/** What is to be told about the annotation of a StatefulSet, if it is not one of the two. */
export function policyWarning({ metadata: { annotations } }: StatefulSet): string | undefined {
  const given = annotations?.[ON_DELETE_ANNOTATION];
  if (given === undefined || given === 'keep' || given === 'release') return undefined;
  return `annotation ${ON_DELETE_ANNOTATION} is "${given}", which is neither "keep" nor "release": its ports will be kept`;
}

/** The keys to set on the ports of a StatefulSet with this policy; undefined removes one. */
export function notedPolicy(policy: ReleasePolicy): Readonly<Record<string, string | undefined>> {
  return { [ON_DELETE_KEY]: policy === 'release' ? 'release' : undefined };
}

/**
 * The policy of a StatefulSet that is gone, from what its ports say. Ports of ordinals that it had lost by scaling down
 * say what was in force at that time; where they do not all say the same, none is released.
 */
export function policyOfPorts(ports: readonly ManagedPort[]): ReleasePolicy {
  const isRelease = ports.length > 0 && ports.every(({ row }) => row.external_ids[ON_DELETE_KEY] === 'release');
  return isRelease ? 'release' : 'keep';
}
