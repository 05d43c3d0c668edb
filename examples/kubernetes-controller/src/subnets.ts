/**
 * Which logical switch and subnet the pods of a namespace belong to. The namespace's annotations say so, in the words of
 * Kube-OVN, which writes them itself:
 *
 * - `ovn.kubernetes.io/logical_switch`: name of the switch; of several with commas the first counts.
 * - `ovn.kubernetes.io/cidr`: its CIDR, or one of each family with a comma; `;` separates those of several switches.
 * - `ovn.kubernetes.io/gateway`: the router's address, or one of each family with a comma.
 * - `ovn.kubernetes.io/exclude_ips`: addresses and ranges `a..b` not to be picked; `;` as above.
 *
 * Without a CIDR there, the switch's `other_config` says it (`subnet`, `ipv6_prefix`, `exclude_ips`).
 */
import ipaddr from 'ipaddr.js';
import type { NamespaceSubnet, NorthboundClient } from 'ovn-northbound';

import type { Annotations, Namespace } from './kube-objects.js';

const LOGICAL_SWITCH = 'ovn.kubernetes.io/logical_switch';
const CIDR = 'ovn.kubernetes.io/cidr';
const GATEWAY = 'ovn.kubernetes.io/gateway';
const EXCLUDE_IPS = 'ovn.kubernetes.io/exclude_ips';

/** What pods are told of their subnet. */
export interface SubnetFacts {
  readonly logicalSwitch: string;
  /** One CIDR, or one of each family with a comma. */
  readonly cidr: string | undefined;
  readonly gateway: string | undefined;
}

/** The subnet of a namespace; undefined when nothing says which switch it is on. */
export function subnetOf(
  namespace: Namespace | undefined,
  defaultSwitch: string | undefined,
): NamespaceSubnet | undefined {
  const annotations = namespace?.metadata.annotations ?? {};
  const logicalSwitch = firstOf(annotations, LOGICAL_SWITCH, ',') ?? defaultSwitch;
  if (logicalSwitch === undefined) return undefined;
  const cidr = firstOf(annotations, CIDR, ';');
  const gateway = firstOf(annotations, GATEWAY, ';');
  const exclude = firstOf(annotations, EXCLUDE_IPS, ';');
  return {
    logicalSwitch,
    ...(cidr !== undefined && { cidr }),
    ...(gateway !== undefined && { gateway }),
    ...(exclude !== undefined && { exclude }),
  };
}

/** What the pods of a subnet are told: what the namespace says, and where it says nothing, what the switch says. */
export function subnetFacts(nb: NorthboundClient, subnet: NamespaceSubnet): SubnetFacts {
  const row = nb.tables.Logical_Switch.findAll({ name: subnet.logicalSwitch })[0];
  const { cidr, gateway } = subnet;
  if (cidr !== undefined) return { logicalSwitch: subnet.logicalSwitch, cidr: text(cidr), gateway: text(gateway) };
  const { subnet: v4, ipv6_prefix: v6 } = row?.other_config ?? {};
  const cidrs = [v4 === undefined ? undefined : networkOf(v4), v6 === undefined ? undefined : networkOf(v6)];
  const known = cidrs.filter((one) => one !== undefined);
  return {
    logicalSwitch: subnet.logicalSwitch,
    cidr: known.length === 0 ? undefined : known.join(','),
    gateway: text(gateway) ?? (v4 === undefined ? undefined : firstHostOf(v4)),
  };
}

/** The first element of a list in an annotation; undefined where there is none. */
function firstOf(annotations: Annotations, key: string, separator: string): string | undefined {
  const first = annotations[key]?.split(separator)[0]?.trim();
  return first === '' ? undefined : first;
}

function text(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(',') : value;
}

/** `other_config` may name any address of the network; an IPv6 prefix without a length is a /64 (ovn-nb(5)). */
function networkOf(given: string): string | undefined {
  const cidr = given.includes('/') || !given.includes(':') ? given : `${given}/64`;
  if (ipaddr.IPv4.isValidCIDR(cidr)) return `${ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()}${prefixOf(cidr)}`;
  if (ipaddr.IPv6.isValidCIDR(cidr))
    return `${ipaddr.IPv6.networkAddressFromCIDR(cidr).toRFC5952String()}${prefixOf(cidr)}`;
  return undefined;
}

/** The address that OVN's own IPAM leaves to the router when nothing else is said: the first host of an IPv4 network. */
function firstHostOf(cidr: string): string | undefined {
  if (!ipaddr.IPv4.isValidCIDR(cidr)) return undefined;
  const octets = ipaddr.IPv4.networkAddressFromCIDR(cidr).octets;
  const last = octets.pop() ?? 0;
  return [...octets, last + 1].join('.');
}

function prefixOf(cidr: string): string {
  return cidr.slice(cidr.indexOf('/'));
}
