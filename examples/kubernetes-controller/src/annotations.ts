/**
 * What a pod is told of its port, as annotations, and what it asks for by them.
 *
 * The same annotation, `ovn.kubernetes.io/ip_address`, says which address a pod has and, before it has one, which address
 * it must have. Were every value taken for a wish, the address that was written back would pin the pod to it: after an
 * edit of the pool, each pod would go on asking for its old address. So `allocated` tells the two apart: until it is
 * there, `ip_address` and `mac_address` are wishes; once it is, they are facts, and the wishes, if there were any, are in
 * two annotations of their own, where they stay in force.
 */
import { IP_ADDRESS_ANNOTATION, MAC_ADDRESS_ANNOTATION, type PodLike, type PodOutcomeOk } from 'ovn-northbound';

import type { Annotations, Pod } from './kube-objects.js';
import type { SubnetFacts } from './subnets.js';

const ALLOCATED = 'ovn.kubernetes.io/allocated';
const CIDR = 'ovn.kubernetes.io/cidr';
const GATEWAY = 'ovn.kubernetes.io/gateway';
const LOGICAL_SWITCH = 'ovn.kubernetes.io/logical_switch';
/** The address that the pod asked for, if any. */
export const REQUESTED_IP = 'ovn-northbound/requested-ip-address';
/** The MAC address that the pod asked for, if any. */
export const REQUESTED_MAC = 'ovn-northbound/requested-mac-address';

/** What a pod asks for. */
interface Wishes {
  readonly ip: string | undefined;
  readonly mac: string | undefined;
}

/** A pod as the port manager shall see it: its wishes, and none of what was written back. */
export function podForManager({ metadata }: Pod): PodLike {
  const { name, namespace, uid } = metadata;
  return { metadata: { name, namespace, uid, annotations: wishAnnotations(metadata.annotations ?? {}) } };
}

/** The wishes among the annotations of a pod, or of a pod template. */
export function wishAnnotations(annotations: Annotations): Annotations {
  const { ip, mac } = wishesOf(annotations);
  return {
    ...(ip !== undefined && { [IP_ADDRESS_ANNOTATION]: ip }),
    ...(mac !== undefined && { [MAC_ADDRESS_ANNOTATION]: mac }),
  };
}

/** The annotations in which a pod differs from what it shall be told, null to remove one; undefined when all is right. */
export function annotationChanges(
  pod: Pod,
  port: Pick<PodOutcomeOk, 'ip4' | 'ip6' | 'mac'>,
  facts: SubnetFacts,
): Readonly<Record<string, string | null>> | undefined {
  const have = pod.metadata.annotations ?? {};
  const wishes = wishesOf(have);
  const want: Record<string, string | undefined> = {
    [IP_ADDRESS_ANNOTATION]: [port.ip4, port.ip6].filter((ip) => ip !== undefined).join(','),
    [MAC_ADDRESS_ANNOTATION]: port.mac,
    [CIDR]: facts.cidr,
    [GATEWAY]: facts.gateway,
    [LOGICAL_SWITCH]: facts.logicalSwitch,
    [ALLOCATED]: 'true',
    [REQUESTED_IP]: wishes.ip,
    [REQUESTED_MAC]: wishes.mac,
  };
  const changes = Object.entries(want).filter(([key, value]) => have[key] !== value);
  return changes.length === 0 ? undefined : Object.fromEntries(changes.map(([key, value]) => [key, value ?? null]));
}

function wishesOf(annotations: Annotations): Wishes {
  return annotations[ALLOCATED] === 'true'
    ? { ip: annotations[REQUESTED_IP], mac: annotations[REQUESTED_MAC] }
    : { ip: annotations[IP_ADDRESS_ANNOTATION], mac: annotations[MAC_ADDRESS_ANNOTATION] };
}
