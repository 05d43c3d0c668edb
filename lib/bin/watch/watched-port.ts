/** A port as the live view sees it: what its row says of its state, in the words of the port manager. */
import { readPortAddress } from '../../nb/addresses.js';
import {
  addressElement,
  ipsOf,
  PORT_KEYS,
  readManagedPort,
  staticAddresses,
  type ManagedPort,
  type ManagedPortRow,
} from '../../statefulset/managed-port.js';
import { hasManagerKeys } from '../../statefulset/audit/port-key-faults.js';
import type { ManifestWishes } from './manifest-wishes.js';

/** The columns that the view needs. */
export const PORT_COLUMNS = ['name', 'type', 'addresses', 'up', 'enabled', 'external_ids'] as const;

/** A row with those columns. */
export type WatchedPortRow = Pick<ManagedPortRow, '_uuid' | (typeof PORT_COLUMNS)[number]>;

/**
 * `up`: bound, a pod or a machine is using it; `retained`: kept for a pod of a StatefulSet that is not up; `down`: of
 * nobody's StatefulSet, and not up; `unknown`: nobody has said.
 */
export type PortState = 'up' | 'down' | 'retained' | 'unknown';

/** The pod that a port is kept for. */
export interface KeptFor {
  /** `namespace/name`. */
  readonly statefulSet: string;
  readonly ordinal: number;
  /** Uid of the pod that used it last. */
  readonly podUid: string | undefined;
}

/** What can be said of a row without knowing any other. */
export interface PortFacts {
  readonly name: string;
  /** The StatefulSet's pod that it is kept for. */
  readonly kept: KeptFor | undefined;
  readonly state: PortState;
  /** Set when its addresses are not what they are to be: what they are to be, and who says so. */
  readonly drift: string | undefined;
  /** Does the manifest say that there is no such pod? */
  readonly isBeyond: boolean;
}

/** Reads a row. */
export function portFacts(row: WatchedPortRow, wishes?: ManifestWishes): PortFacts {
  const { name, up } = row;
  const port = readManagedPort(row as ManagedPortRow);
  if (port === undefined) {
    const state = up === undefined ? 'unknown' : up ? 'up' : 'down';
    return { name, kept: undefined, state, drift: undefined, isBeyond: false };
  }
  const { statefulSet, ordinal, podUid } = port;
  const isBeyond = wishes?.isBeyond(statefulSet, ordinal) ?? false;
  const drift = changedFrom(port) ?? (isBeyond ? undefined : driftFrom(wishes?.wantedIps(statefulSet, ordinal), port));
  return { name, kept: { statefulSet, ordinal, podUid }, state: up === true ? 'up' : 'retained', drift, isBeyond };
}

/** What a port was given, when somebody has given it something else. */
function changedFrom({ row }: ManagedPort): string | undefined {
  const ids = row.external_ids;
  const given = addressElement({ ip4: ids[PORT_KEYS.ip4], ip6: ids[PORT_KEYS.ip6], mac: ids[PORT_KEYS.mac] ?? '' });
  if (row.addresses.length === 1 && row.addresses[0] === given) return undefined;
  const present = staticAddresses(row);
  return present !== undefined && addressElement(present) === given ? undefined : `was given ${given}`;
}

/** What the manifest says, when the port has other addresses. */
function driftFrom(wanted: readonly string[] | undefined, port: ManagedPort): string | undefined {
  if (wanted === undefined) return undefined;
  const have = ipsOf(port);
  if (wanted.length === have.length && wanted.every((ip) => have.includes(ip))) return undefined;
  return `the pool says ${wanted.join(',') || 'nothing for this pod'}`;
}

/** The addresses of a port, for people. */
export interface PortAddressTexts {
  /** With commas between them. */
  readonly ip: string;
  readonly mac: string;
}

/** The addresses that a row has, whoever gave them. What is no address, such as `router`, stands in the place of an IP. */
export function portAddressTexts(row: WatchedPortRow): PortAddressTexts {
  const plain = staticAddresses(row as ManagedPortRow);
  if (plain !== undefined) return { ip: ipsOf(plain).join(','), mac: plain.mac };
  const ips: string[] = [];
  const macs: string[] = [];
  for (const element of row.addresses) {
    const address = readPortAddress(element);
    if (address.kind === 'static') {
      ips.push(...address.ips);
      macs.push(address.mac);
    } else ips.push(element);
  }
  return { ip: ips.join(','), mac: macs.join(',') };
}

/** What else there is to say of a port, worst first. */
export function portNotes(row: WatchedPortRow, { kept, drift, isBeyond }: PortFacts): string[] {
  const notes: string[] = [];
  if (drift !== undefined) {
    notes.push(`drift: ${drift}, has ${row.addresses.join(' and ') || 'no addresses'}`);
  }
  if (isBeyond) notes.push('beyond the replicas');
  if (kept === undefined && hasManagerKeys(row.external_ids)) {
    notes.push('its keys of a kept port make none; see "ovn-northbound ports audit"');
  }
  if (row.enabled === false) notes.push('disabled');
  if (row.type !== '') notes.push(`type ${row.type}`);
  const vendor = row.external_ids[PORT_KEYS.vendor];
  if (vendor !== undefined) notes.push(`made by ${vendor}`);
  return notes;
}
