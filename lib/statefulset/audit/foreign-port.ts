/** Recognises the ports that other systems make for the pods of StatefulSets. */
import type { ForeignPortFinding } from './audit-finding.js';
import { PORT_KEYS, type ManagedPortRow } from '../managed-port.js';

/** The pod that a port seems to be of, and what tells. */
export type ForeignPod = Pick<ForeignPortFinding, 'naming' | 'statefulSet' | 'ordinal' | 'pod'>;

const NAMESPACE = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;
const ORDINAL = /^(0|[1-9][0-9]{0,9})$/;

/**
 * The pod of a StatefulSet that a port is named after, or that its key `pod` names; undefined when neither is so.
 * Namespaces have no dots and no underscores, so each name can be read in one way only. Ports that OVN gives a meaning of
 * its own (`type`) are no pod's.
 */
export function recogniseForeignPod({ name, type, external_ids: ids }: ManagedPortRow): ForeignPod | undefined {
  if (type !== '') return undefined;
  const dot = name.lastIndexOf('.');
  const underscore = name.indexOf('_');
  const [namespace = '', pod = '', ...more] = (ids[PORT_KEYS.pod] ?? '').split('/');
  return (
    readPod('pod.namespace', name.slice(dot + 1), name.slice(0, Math.max(dot, 0))) ??
    readPod('namespace_pod', name.slice(0, Math.max(underscore, 0)), name.slice(underscore + 1)) ??
    (more.length === 0 ? readPod('external_ids', namespace, pod) : undefined)
  );
}

function readPod(naming: ForeignPod['naming'], namespace: string, pod: string): ForeignPod | undefined {
  const dash = pod.lastIndexOf('-');
  const statefulSet = pod.slice(0, Math.max(dash, 0));
  const ordinal = pod.slice(dash + 1);
  if (!NAMESPACE.test(namespace) || !NAME.test(statefulSet) || !ORDINAL.test(ordinal)) return undefined;
  if (Number(ordinal) >= 2 ** 31) return undefined;
  return {
    naming,
    statefulSet: `${namespace}/${statefulSet}`,
    ordinal: Number(ordinal),
    pod: `${namespace}/${pod}`,
  };
}
