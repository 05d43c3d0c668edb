/**
 * StatefulSets and pods as they come in: structural types, so that objects of any Kubernetes client fit, and
 * parsed YAML as well. {@link readWorkload} checks what the manager relies on.
 */
import { InvalidArgumentError, printValue } from '../errors.js';
import { PortError } from './port-error.js';

/** Annotation with the addresses of a StatefulSet's pods, in sequence; on the pod template. */
export const IP_POOL_ANNOTATION = 'ovn.kubernetes.io/ip_pool';
/** Annotation of one pod: the address, or `v4,v6`, that it must have. */
export const IP_ADDRESS_ANNOTATION = 'ovn.kubernetes.io/ip_address';
/** Annotation of one pod: the MAC address that it must have. */
export const MAC_ADDRESS_ANNOTATION = 'ovn.kubernetes.io/mac_address';

type Annotations = Readonly<Record<string, string>>;

/** What is read of the metadata of an object (meta/v1). */
export interface ObjectMetaLike {
  readonly name?: string | undefined;
  /** Default `default`. */
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  /** RFC 3339, or a `Date`. */
  readonly creationTimestamp?: string | Date | null | undefined;
  readonly annotations?: Annotations | undefined;
}

/** What is read of a StatefulSet (apps/v1). */
export interface StatefulSetLike {
  readonly metadata?: ObjectMetaLike | undefined;
  readonly spec?:
    | {
        /** Default 1. */
        readonly replicas?: number | undefined;
        readonly ordinals?: { readonly start?: number | undefined } | undefined;
        readonly template?:
          { readonly metadata?: { readonly annotations?: Annotations | undefined } | undefined } | undefined;
      }
    | undefined;
}

/** What is read of a pod (v1). */
export interface PodLike {
  readonly metadata?: ObjectMetaLike | undefined;
}

/** A StatefulSet as the manager works with it. */
export interface Workload {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string | undefined;
  /** When it was created, in milliseconds since 1970. */
  readonly createdAt: number | undefined;
  readonly replicas: number;
  /** The first ordinal. */
  readonly start: number;
  /** Text of the pool; undefined when addresses are picked. */
  readonly pool: string | undefined;
  /** Ports of other vendors are not the StatefulSet's, whatever their keys say. */
  readonly vendor: string;
  /** Likely mistakes in the manifest, for people. */
  readonly warnings: readonly string[];
}

/** A pod as the manager works with it. */
export interface WorkloadPod {
  readonly name: string;
  readonly ordinal: number;
  readonly uid: string | undefined;
  readonly ipOverride: string | undefined;
  readonly macOverride: string | undefined;
}

/** Default of the manager's option `vendor`. */
export const DEFAULT_VENDOR = 'ovn-northbound';

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_ORDINAL = 2 ** 31 - 1;
/** Far more than any cluster runs; a slip of the pen must not make as many ports. */
const MAX_REPLICAS = 1_000_000;

/** Reads a StatefulSet, whose ports are those of `vendor`. Throws `PortError` `InvalidStatefulSet` naming the field that is wrong. */
export function readWorkload(statefulSet: StatefulSetLike, vendor: string = DEFAULT_VENDOR): Workload {
  const given = asObject(statefulSet);
  const metadata = asObject(given?.['metadata']);
  const spec = asObject(given?.['spec']);
  const subject = {
    namespace: printName(metadata?.['namespace'] ?? 'default'),
    statefulSet: printName(metadata?.['name'] ?? '(unnamed)'),
  };
  const refuse = (field: string, value: unknown, expected: string): never => {
    throw new PortError('InvalidStatefulSet', subject, `${field} is ${printValue(value)}, ${expected}`, { field });
  };
  if (given === undefined) return refuse('the StatefulSet', statefulSet, 'not an object');
  if (spec === undefined && given['spec'] !== undefined && given['spec'] !== null) {
    return refuse('spec', given['spec'], 'not an object');
  }
  const kind = given['kind'] ?? 'StatefulSet';
  if (kind !== 'StatefulSet') return refuse('kind', kind, 'not "StatefulSet"');
  const name = metadata?.['name'];
  if (typeof name !== 'string' || !DNS_SUBDOMAIN.test(name))
    return refuse('metadata.name', name, 'not a name that Kubernetes allows');
  const namespace = metadata?.['namespace'] ?? 'default';
  if (typeof namespace !== 'string' || !DNS_LABEL.test(namespace)) {
    return refuse('metadata.namespace', namespace, 'not a name that Kubernetes allows');
  }
  const count = (field: string, value: unknown, max: number): number =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max
      ? (value as number)
      : refuse(field, value, `not a whole number from 0 to ${max}`);
  const text = (field: string, value: unknown): string | undefined =>
    value === undefined || typeof value === 'string' ? value : refuse(field, value, 'not a text');
  const object = (field: string, value: unknown): Readonly<Record<string, unknown>> | undefined =>
    value === undefined || value === null ? undefined : (asObject(value) ?? refuse(field, value, 'not an object'));
  const replicas = count('spec.replicas', spec?.['replicas'] ?? 1, MAX_REPLICAS);
  const ordinals = object('spec.ordinals', spec?.['ordinals']);
  const start = count('spec.ordinals.start', ordinals?.['start'] ?? 0, MAX_ORDINAL - replicas);
  const template = object('spec.template', spec?.['template']);
  const templateMetadata = object('spec.template.metadata', template?.['metadata']);
  const onTemplate = object('spec.template.metadata.annotations', templateMetadata?.['annotations']);
  const pool = text(`spec.template.metadata.annotations["${IP_POOL_ANNOTATION}"]`, onTemplate?.[IP_POOL_ANNOTATION]);
  const uid = text('metadata.uid', metadata?.['uid']);
  const created = metadata?.['creationTimestamp'] ?? undefined;
  const createdAt = created === undefined ? undefined : readTime(created);
  if (Number.isNaN(createdAt)) return refuse('metadata.creationTimestamp', created, 'not a time');
  const warnings: string[] = [];
  if (object('metadata.annotations', metadata?.['annotations'])?.[IP_POOL_ANNOTATION] !== undefined) {
    warnings.push(
      `${namespace}/${name}: ${IP_POOL_ANNOTATION} stands on the StatefulSet itself, where it has no effect` +
        (pool === undefined ? '; move it to spec.template.metadata.annotations' : ''),
    );
  }
  return { namespace, name, key: `${namespace}/${name}`, uid, createdAt, replicas, start, pool, vendor, warnings };
}

/** The ordinals that a StatefulSet's controller makes pods for. */
export function ordinalsOf({ start, replicas }: Workload): number[] {
  return Array.from({ length: replicas }, (_, i) => start + i);
}

/** Is a port of this name, `pod.namespace`, that of a pod of the StatefulSet? */
export function isPortOf({ name, namespace }: Workload, port: string): boolean {
  const [before, after] = [`${name}-`, `.${namespace}`];
  if (!port.startsWith(before) || !port.endsWith(after)) return false;
  return parseOrdinal(port.slice(before.length, -after.length)) !== undefined;
}

/** The pod of an ordinal, with nothing known of it but its name. */
export function podOfOrdinal(workload: Workload, ordinal: number): WorkloadPod {
  const name = `${workload.name}-${ordinal}`;
  return { name, ordinal, uid: undefined, ipOverride: undefined, macOverride: undefined };
}

/**
 * Reads a pod of a StatefulSet. Throws `PortError`: `InvalidOrdinal` for a pod that is not one of its, `InvalidStatefulSet`
 * naming the pod's field that is wrong.
 */
export function readPod(workload: Workload, pod: PodLike): WorkloadPod {
  const metadata = asObject(asObject(pod)?.['metadata']);
  const name = metadata?.['name'];
  const subject = { namespace: workload.namespace, statefulSet: workload.name, pod: printName(name ?? '(unnamed)') };
  const ordinal =
    typeof name === 'string' && name.startsWith(`${workload.name}-`)
      ? parseOrdinal(name.slice(workload.name.length + 1))
      : undefined;
  if (typeof name !== 'string' || ordinal === undefined) {
    const reason = `its name is not "${workload.name}-" and an ordinal such as 0 or 12`;
    throw new PortError('InvalidOrdinal', subject, reason, { pod: subject.pod });
  }
  const namespace = metadata?.['namespace'] ?? 'default';
  if (namespace !== workload.namespace) {
    const reason = `it is in namespace ${printName(namespace)}, not in that of the StatefulSet`;
    throw new PortError('InvalidOrdinal', subject, reason, { pod: name });
  }
  const text = (field: string, value: unknown): string | undefined => {
    if (value === undefined || typeof value === 'string') return value;
    throw new PortError('InvalidStatefulSet', subject, `${field} is ${printValue(value)}, not a text`, { field });
  };
  const annotations = metadata?.['annotations'] ?? undefined;
  const read = asObject(annotations);
  if (annotations !== undefined && read === undefined) {
    const field = 'metadata.annotations';
    throw new PortError('InvalidStatefulSet', subject, `${field} is ${printValue(annotations)}, not an object`, {
      field,
    });
  }
  return {
    name,
    ordinal,
    uid: text('metadata.uid', metadata?.['uid']),
    ipOverride: text(`metadata.annotations["${IP_ADDRESS_ANNOTATION}"]`, read?.[IP_ADDRESS_ANNOTATION]),
    macOverride: text(`metadata.annotations["${MAC_ADDRESS_ANNOTATION}"]`, read?.[MAC_ADDRESS_ANNOTATION]),
  };
}

/** Name, namespace and uid of any pod. Throws `InvalidArgumentError` for one that has no name. */
export function readPodName(pod: PodLike): {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string | undefined;
} {
  const metadata = asObject(asObject(pod)?.['metadata']);
  const name = metadata?.['name'];
  const namespace = metadata?.['namespace'] ?? 'default';
  const uid = metadata?.['uid'];
  if (typeof name === 'string' && typeof namespace === 'string') {
    return { name, namespace, uid: typeof uid === 'string' ? uid : undefined };
  }
  throw new InvalidArgumentError(
    `a pod needs metadata.name (and may have metadata.namespace), both texts; it has ${printValue(metadata)}`,
  );
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

function printName(name: unknown): string {
  return typeof name === 'string' ? name : printValue(name);
}

/** `NaN` for what is no time. */
function readTime(value: unknown): number {
  return value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : NaN;
}

/** A number as Kubernetes writes ordinals: no sign, no leading zeros. */
function parseOrdinal(text: string): number | undefined {
  const ordinal = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : Infinity;
  return ordinal <= MAX_ORDINAL ? ordinal : undefined;
}
