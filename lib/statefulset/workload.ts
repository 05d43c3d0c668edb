/**
 * StatefulSets and pods as they come in: structural types, so that objects of any Kubernetes client fit, and
 * parsed YAML as well. {@link readWorkload} checks what the manager relies on.
 */
import { printValue } from '../errors.js';
import { PortError } from './port-error.js';

/** Annotation with the addresses of a StatefulSet's pods, in sequence; on the pod template. */
export const IP_POOL_ANNOTATION = 'ovn.kubernetes.io/ip_pool';
/** Annotation of one pod: the address, or `v4,v6`, that it must have. */
export const IP_ADDRESS_ANNOTATION = 'ovn.kubernetes.io/ip_address';
/** Annotation of one pod: the MAC address that it must have. */
export const MAC_ADDRESS_ANNOTATION = 'ovn.kubernetes.io/mac_address';

type Annotations = Readonly<Record<string, string>>;

/** What is read of a StatefulSet (apps/v1). */
export interface StatefulSetLike {
  readonly metadata?:
    | {
        readonly name?: string | undefined;
        /** Default `default`. */
        readonly namespace?: string | undefined;
        readonly uid?: string | undefined;
        readonly annotations?: Annotations | undefined;
      }
    | undefined;
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
  readonly metadata?:
    | {
        readonly name?: string | undefined;
        readonly namespace?: string | undefined;
        readonly uid?: string | undefined;
        readonly annotations?: Annotations | undefined;
      }
    | undefined;
}

/** A StatefulSet as the manager works with it. */
export interface Workload {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string | undefined;
  readonly replicas: number;
  /** The first ordinal. */
  readonly start: number;
  /** Text of the pool; undefined when addresses are picked. */
  readonly pool: string | undefined;
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

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const MAX_ORDINAL = 2 ** 31 - 1;

/** Reads a StatefulSet. Throws `PortError` `InvalidStatefulSet` naming the field that is wrong. */
export function readWorkload(statefulSet: StatefulSetLike): Workload {
  const given: unknown = statefulSet;
  const { metadata, spec } = (typeof given === 'object' && given !== null ? given : {}) as StatefulSetLike;
  const subject = {
    namespace: printName(metadata?.namespace ?? 'default'),
    statefulSet: printName(metadata?.name ?? '(unnamed)'),
  };
  const refuse = (field: string, value: unknown, expected: string): never => {
    throw new PortError('InvalidStatefulSet', subject, `${field} is ${printValue(value)}, ${expected}`, { field });
  };
  const name: unknown = metadata?.name;
  if (typeof name !== 'string' || !DNS_SUBDOMAIN.test(name))
    return refuse('metadata.name', name, 'not a name that Kubernetes allows');
  const namespace: unknown = metadata?.namespace ?? 'default';
  if (typeof namespace !== 'string' || !DNS_LABEL.test(namespace)) {
    return refuse('metadata.namespace', namespace, 'not a name that Kubernetes allows');
  }
  const count = (field: string, value: unknown): number =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_ORDINAL
      ? (value as number)
      : refuse(field, value, 'not a whole number of 0 or more');
  const text = (field: string, value: unknown): string | undefined =>
    value === undefined || typeof value === 'string' ? value : refuse(field, value, 'not a text');
  const replicas = count('spec.replicas', spec?.replicas ?? 1);
  const start = count('spec.ordinals.start', spec?.ordinals?.start ?? 0);
  const onTemplate = spec?.template?.metadata?.annotations?.[IP_POOL_ANNOTATION];
  const pool = text(`spec.template.metadata.annotations["${IP_POOL_ANNOTATION}"]`, onTemplate);
  const uid = text('metadata.uid', metadata?.uid);
  const warnings: string[] = [];
  if (metadata?.annotations?.[IP_POOL_ANNOTATION] !== undefined) {
    warnings.push(
      `${namespace}/${name}: ${IP_POOL_ANNOTATION} stands on the StatefulSet itself, where it has no effect` +
        (pool === undefined ? '; move it to spec.template.metadata.annotations' : ''),
    );
  }
  return { namespace, name, key: `${namespace}/${name}`, uid, replicas, start, pool, warnings };
}

/** The ordinals that a StatefulSet's controller makes pods for. */
export function ordinalsOf({ start, replicas }: Workload): number[] {
  return Array.from({ length: replicas }, (_, i) => start + i);
}

/** The pod of an ordinal, with nothing known of it but its name. */
export function podOfOrdinal(workload: Workload, ordinal: number): WorkloadPod {
  const name = `${workload.name}-${ordinal}`;
  return { name, ordinal, uid: undefined, ipOverride: undefined, macOverride: undefined };
}

/** Reads a pod of a StatefulSet. Throws `PortError` `InvalidOrdinal` for a pod that is not one of its. */
export function readPod(workload: Workload, pod: PodLike): WorkloadPod {
  const { name = '(unnamed)', namespace = 'default', uid, annotations } = pod.metadata ?? {};
  const subject = { namespace: workload.namespace, statefulSet: workload.name, pod: name };
  const ordinal = name.startsWith(`${workload.name}-`) ? parseOrdinal(name.slice(workload.name.length + 1)) : undefined;
  if (ordinal === undefined) {
    const reason = `its name is not "${workload.name}-" and an ordinal`;
    throw new PortError('InvalidOrdinal', subject, reason, { pod: name });
  }
  if (namespace !== workload.namespace) {
    throw new PortError('InvalidOrdinal', subject, `it is in namespace ${namespace}`, { pod: name });
  }
  return {
    name,
    ordinal,
    uid,
    ipOverride: annotations?.[IP_ADDRESS_ANNOTATION],
    macOverride: annotations?.[MAC_ADDRESS_ANNOTATION],
  };
}

function printName(name: unknown): string {
  return typeof name === 'string' ? name : printValue(name);
}

/** A number as Kubernetes writes ordinals: no sign, no leading zeros. */
function parseOrdinal(text: string): number | undefined {
  const ordinal = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : Infinity;
  return ordinal <= MAX_ORDINAL ? ordinal : undefined;
}
