/**
 * Which addresses pods ask for by annotation.
 *
 * `ovn.kubernetes.io/ip_address` and `mac_address` are wishes until a controller has written the addresses there that the
 * pod got, and `allocated` beside them. From then on they are facts: taken for wishes, they would pin each pod of a
 * cluster that kubectl prints to the address that it has, whatever its pool says. What such a pod had asked for stands in
 * two annotations of its own. What a template asks for, each pod to come will ask for.
 */
import {
  IP_ADDRESS_ANNOTATION,
  MAC_ADDRESS_ANNOTATION,
  ordinalsOf,
  podOfOrdinal,
  type PodLike,
  type StatefulSetLike,
  type Workload,
} from '../../statefulset/workload.js';

type Annotations = Readonly<Record<string, string>>;

const ALLOCATED_ANNOTATION = 'ovn.kubernetes.io/allocated';
/** By annotation of a wish: where it stands once the pod has addresses. */
const GRANTED: Readonly<Record<string, string>> = {
  [IP_ADDRESS_ANNOTATION]: 'ovn-northbound/requested-ip-address',
  [MAC_ADDRESS_ANNOTATION]: 'ovn-northbound/requested-mac-address',
};

/** The pod with its wishes for annotations, and without the addresses that it was told it has. */
export function withWishesOnly(pod: PodLike): PodLike {
  const { metadata } = pod;
  const { annotations } = metadata ?? {};
  return isObject(annotations) ? { ...pod, metadata: { ...metadata, annotations: wishesIn(annotations) } } : pod;
}

/** The pods within the replicas that are not `known` by name, when their template asks for addresses; else none. */
export function podsToCome(
  { spec }: StatefulSetLike,
  workload: Workload,
  known: ReadonlyMap<string, PodLike>,
): Map<string, PodLike> {
  const onTemplate = spec?.template?.metadata?.annotations;
  const annotations = isObject(onTemplate) ? wishesIn(onTemplate) : {};
  if (Object.keys(annotations).length === 0) return new Map();
  const { namespace } = workload;
  const names = ordinalsOf(workload).map((ordinal) => podOfOrdinal(workload, ordinal).name);
  return new Map(
    names.filter((name) => !known.has(name)).map((name) => [name, { metadata: { name, namespace, annotations } }]),
  );
}

function wishesIn(annotations: Annotations): Annotations {
  const isAllocated = annotations[ALLOCATED_ANNOTATION] === 'true';
  const wishes = Object.entries(GRANTED).map(([wish, granted]) => [wish, annotations[isAllocated ? granted : wish]]);
  return Object.fromEntries(wishes.filter(([, value]) => value !== undefined)) as Annotations;
}

function isObject(value: unknown): value is Annotations {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
