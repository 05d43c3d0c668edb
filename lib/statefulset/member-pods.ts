/** The pods of a StatefulSet, those that it has and those that it no longer has. */
import { InvalidArgumentError, printValue } from '../errors.js';
import { isNamedAfterPod, type ManagedPort } from './managed-port.js';
import type { StatefulSetPortManagerOptions } from './manager-options.js';
import { isLaterIncarnation, isOtherIncarnation } from './plan/plan-kept.js';
import { ordinalsOf, podOfOrdinal, readPod } from './workload.js';
import type { PodLike, Workload, WorkloadPod } from './workload.js';

/** The pods that exist, by ordinal, those beyond the replicas too. Throws `InvalidArgumentError` and as `readPod`. */
export function readPods(workload: Workload, given: readonly PodLike[] = []): ReadonlyMap<number, WorkloadPod> {
  if (!Array.isArray(given))
    throw new InvalidArgumentError(`option pods is ${printValue(given)}; it must be a list of pods`);
  return new Map(given.map((pod: PodLike) => readPod(workload, pod)).map((pod) => [pod.ordinal, pod]));
}

/** The pods of all ordinals, with what is known of those that exist. */
export function podsOf(workload: Workload, existing: ReadonlyMap<number, WorkloadPod>): WorkloadPod[] {
  return ordinalsOf(workload).map((ordinal) => existing.get(ordinal) ?? podOfOrdinal(workload, ordinal));
}

/**
 * Is a kept port one of an ordinal that the StatefulSet no longer has, and whose pod does not exist, that the options
 * have released: one that this incarnation used last, with `onScaleDown: 'release'`; one of an earlier one, with
 * `onRecreate: 'fresh'`? A port whose name says another ordinal than its keys, which somebody edited, is not.
 */
export function isExcess(
  workload: Workload,
  existing: ReadonlyMap<number, WorkloadPod>,
  port: ManagedPort,
  { onScaleDown, onRecreate }: Pick<StatefulSetPortManagerOptions, 'onScaleDown' | 'onRecreate'>,
): boolean {
  const { ordinal } = port;
  const isMember = ordinal >= workload.start && ordinal < workload.start + workload.replicas;
  if (isMember || existing.has(ordinal) || !isNamedAfterPod(port)) return false;
  if (!isOtherIncarnation(workload, port)) return onScaleDown === 'release';
  return onRecreate === 'fresh' && !isLaterIncarnation(workload, port);
}
