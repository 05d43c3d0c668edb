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

/** The columns that the view needs. */
export const PORT_COLUMNS = ['name', 'type', 'addresses', 'up', 'enabled', 'external_ids'] as const;

/** A row with those columns. */
export type WatchedPortRow = Pick<ManagedPortRow, '_uuid' | (typeof PORT_COLUMNS)[number]>;

/**
 * `up`: bound, a pod or a machine is using it; `retained`: kept for a pod of a StatefulSet that is not up; `down`: of
 * nobody's StatefulSet, and not up; `unknown`: nobody has said.
 */
export type PortState = 'up' | 'down' | 'retained' | 'unknown';

/** What can be said of a row without knowing any other. */
export interface PortFacts {
  readonly name: string;
  /** The StatefulSet's pod that it is kept for. */
  readonly kept: { readonly statefulSet: string; readonly ordinal: number; readonly podUid: string | undefined } | undefined; // prettier-ignore
  readonly state: PortState;
  /** The addresses that it was given, where its row has others: it drifts. */
  readonly drift: string | undefined;
}

/** Reads a row. */
export function portFacts(row: WatchedPortRow): PortFacts {
  const { name, up } = row;
  const port = readManagedPort(row as ManagedPortRow);
  if (port === undefined) {
    return { name, kept: undefined, state: up === undefined ? 'unknown' : up ? 'up' : 'down', drift: undefined };
  }
  const { statefulSet, ordinal, podUid } = port;
  return { name, kept: { statefulSet, ordinal, podUid }, state: up === true ? 'up' : 'retained', drift: driftOf(port) };
}

/** What a port was given, when that is not what it has. */
function driftOf({ row }: ManagedPort): string | undefined {
  const ids = row.external_ids;
  const given = addressElement({ ip4: ids[PORT_KEYS.ip4], ip6: ids[PORT_KEYS.ip6], mac: ids[PORT_KEYS.mac] ?? '' });
  if (row.addresses.length === 1 && row.addresses[0] === given) return undefined;
  const present = staticAddresses(row);
  return present !== undefined && addressElement(present) === given ? undefined : given;
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
export function portNotes(row: WatchedPortRow, { kept, drift }: PortFacts): string[] {
  const notes: string[] = [];
  if (drift !== undefined) {
    notes.push(`drift: was given ${drift}, has ${row.addresses.join(' and ') || 'no addresses'}`);
  }
  if (kept === undefined && hasManagerKeys(row.external_ids)) {
    notes.push('its keys of a kept port make none; see "ovn-northbound ports audit"');
  }
  if (row.enabled === false) notes.push('disabled');
  if (row.type !== '') notes.push(`type ${row.type}`);
  const vendor = row.external_ids[PORT_KEYS.vendor];
  if (vendor !== undefined) notes.push(`made by ${vendor}`);
  return notes;
}
