/**
 * What a port's row says of itself. The rows are the only store: from the `external_ids` of a row follows which pod of
 * which StatefulSet it is kept for, and with which addresses.
 *
 * `vendor`, `ls` and `pod` are the keys that people of this field look for; the others have a prefix of their own.
 */
import type { Row } from '../schema/types.js';
import { readPortAddress } from '../nb/addresses.js';
import { STATEFULSET_KEY } from '../nb/northbound.js';
import type { NorthboundTables } from '../nb/tables.js';

/** Prefix of the keys that the manager owns in `external_ids`, of ports and of switches. */
export const KEY_PREFIX = 'ovn-northbound/';

/** Names of the keys in a port's `external_ids`. */
export const PORT_KEYS: Readonly<
  Record<
    | 'vendor'
    | 'logicalSwitch'
    | 'pod'
    | 'statefulSet'
    | 'ownerUid'
    | 'ownerCreated'
    | 'ordinal'
    | 'podUid'
    | 'ip4'
    | 'ip6'
    | 'mac'
    | 'version',
    string
  >
> = {
  /** Who made the port; configurable. */
  vendor: 'vendor',
  /** Name of the logical switch. */
  logicalSwitch: 'ls',
  /** `namespace/pod`. */
  pod: 'pod',
  /** `namespace/name` of the StatefulSet that the port is kept for. */
  statefulSet: STATEFULSET_KEY,
  /** Uid of that StatefulSet when the port was last used. */
  ownerUid: `${KEY_PREFIX}owner-uid`,
  /** When that StatefulSet was created, if it said so: tells a later incarnation from an earlier one. */
  ownerCreated: `${KEY_PREFIX}owner-created`,
  ordinal: `${KEY_PREFIX}ordinal`,
  /** Uid of the pod that used the port last. */
  podUid: `${KEY_PREFIX}pod-uid`,
  /** Canonical texts (RFC 5952) of the addresses. */
  ip4: `${KEY_PREFIX}ip4`,
  ip6: `${KEY_PREFIX}ip6`,
  mac: `${KEY_PREFIX}mac`,
  /** Version of this format. */
  version: `${KEY_PREFIX}version`,
};

/** The present version of the format. */
export const FORMAT_VERSION = '1';

/** The columns of a port that the manager works with. */
export type PortColumns =
  | 'name'
  | 'type'
  | 'addresses'
  | 'dynamic_addresses'
  | 'port_security'
  | 'options'
  | 'up'
  | 'external_ids'
  | 'enabled'
  | 'dhcpv4_options'
  | 'dhcpv6_options'
  | 'parent_name'
  | 'tag'
  | 'tag_request';

/** A port's row as the manager reads it. */
export type ManagedPortRow = Pick<Row<NorthboundTables, 'Logical_Switch_Port'>, PortColumns | '_uuid'>;

/** IP addresses of a port, canonical. */
export interface IpPair {
  readonly ip4: string | undefined;
  readonly ip6: string | undefined;
}

/** Addresses of a port, canonical. */
export interface PortAddresses extends IpPair {
  readonly mac: string;
}

/** The IP addresses that are there. */
export function ipsOf({ ip4, ip6 }: IpPair): string[] {
  return [ip4, ip6].filter((ip) => ip !== undefined);
}

/** A port that is kept for a pod of a StatefulSet. */
export interface ManagedPort extends PortAddresses {
  readonly row: ManagedPortRow;
  /** Value of the manager's option `vendor` that made it, or took it over. */
  readonly vendor: string | undefined;
  /** `namespace/name` of the StatefulSet. */
  readonly statefulSet: string;
  readonly ordinal: number;
  /** `namespace/pod`. */
  readonly pod: string;
  readonly ownerUid: string | undefined;
  /** When the StatefulSet with that uid was created, in milliseconds since 1970; undefined when it is not known. */
  readonly ownerCreatedAt: number | undefined;
  readonly podUid: string | undefined;
}

/** A port that a pod has, or will have. */
export interface PodPort {
  /** `namespace/name` of the StatefulSet. */
  readonly statefulSet: string;
  readonly ordinal: number;
  /** Name of the pod. */
  readonly pod: string;
  /** Name of the Logical_Switch_Port. */
  readonly port: string;
  readonly ip4: string | undefined;
  readonly ip6: string | undefined;
  readonly mac: string;
}

/** Name of a pod's port: `pod.namespace`. */
export function portName(namespace: string, pod: string): string {
  return `${pod}.${namespace}`;
}

/** Is a kept port named after the pod that its keys say? Somebody may have edited either. */
export function isNamedAfterPod({ row, statefulSet, ordinal }: ManagedPort): boolean {
  const slash = statefulSet.indexOf('/');
  return row.name === portName(statefulSet.slice(0, slash), `${statefulSet.slice(slash + 1)}-${ordinal}`);
}

/** The element of `addresses` for these addresses: `MAC v4`, `MAC v6` or `MAC v4 v6`. */
export function addressElement(addresses: PortAddresses): string {
  let element = addresses.mac;
  if (addresses.ip4 !== undefined) element += ` ${addresses.ip4}`;
  if (addresses.ip6 !== undefined) element += ` ${addresses.ip6}`;
  return element;
}

/**
 * Reads a row as a managed port; undefined when it is somebody else's. What counts is the column `addresses`, which OVN
 * goes by; the keys of `external_ids` only where that holds something else than one MAC with IP addresses.
 */
export function readManagedPort(row: ManagedPortRow): ManagedPort | undefined {
  const ids = row.external_ids;
  const statefulSet = ids[PORT_KEYS.statefulSet];
  const mac = ids[PORT_KEYS.mac];
  const ordinal = Number(ids[PORT_KEYS.ordinal]);
  if (statefulSet === undefined || mac === undefined || !Number.isInteger(ordinal)) return undefined;
  const noted = { ip4: ids[PORT_KEYS.ip4], ip6: ids[PORT_KEYS.ip6], mac };
  const isAsNoted = row.addresses.length === 1 && row.addresses[0] === addressElement(noted);
  const { ip4, ip6, mac: presentMac } = isAsNoted ? noted : (staticAddresses(row) ?? noted);
  return {
    row,
    vendor: ids[PORT_KEYS.vendor],
    statefulSet,
    ordinal,
    pod: ids[PORT_KEYS.pod] ?? '',
    ownerUid: ids[PORT_KEYS.ownerUid],
    ownerCreatedAt: readTime(ids[PORT_KEYS.ownerCreated]),
    podUid: ids[PORT_KEYS.podUid],
    ip4,
    ip6,
    mac: presentMac,
  };
}

/** Is this the vendor of the port? One that nobody noted is everybody's. */
export function isOfVendor(vendor: string, port: ManagedPort): boolean {
  return port.vendor === undefined || port.vendor === vendor;
}

/** A kept port as results and events show it. */
export function podPort({ statefulSet, ordinal, pod, row, ip4, ip6, mac }: ManagedPort): PodPort {
  return { statefulSet, ordinal, pod: pod.slice(pod.indexOf('/') + 1), port: row.name, ip4, ip6, mac };
}

/** The addresses of a port that has one plain element `MAC IP...` with at most one address of each family. */
export function staticAddresses(row: ManagedPortRow): PortAddresses | undefined {
  const [only, ...others] = row.addresses;
  const address = only === undefined || others.length > 0 ? undefined : readPortAddress(only);
  if (address?.kind !== 'static') return undefined;
  const ip4s = address.ips.filter((ip) => !ip.includes(':'));
  const ip6s = address.ips.filter((ip) => ip.includes(':'));
  if (address.ips.length === 0 || ip4s.length > 1 || ip6s.length > 1) return undefined;
  return { ip4: ip4s[0], ip6: ip6s[0], mac: address.mac };
}

function readTime(text: string | undefined): number | undefined {
  const time = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
