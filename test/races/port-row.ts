/** What a row of the log says of a port, read without the library that wrote it. */
import type { LoggedRow } from './database-log.js';

/** The StatefulSet that a port is kept for, as its row says. */
export interface Ownership {
  readonly statefulSet: string;
  readonly pod: string;
  readonly ordinal: string;
  readonly uid: string | undefined;
}

/** A port. */
export interface PortState {
  readonly name: string;
  readonly ips: readonly string[];
  readonly macs: readonly string[];
  /** Undefined for one that no manager made. */
  readonly owner: Ownership | undefined;
}

const PREFIX = 'ovn-northbound/';
const KEYS = {
  statefulSet: `${PREFIX}statefulset`,
  uid: `${PREFIX}owner-uid`,
  ordinal: `${PREFIX}ordinal`,
  ip4: `${PREFIX}ip4`,
  ip6: `${PREFIX}ip6`,
  mac: `${PREFIX}mac`,
};

/** Reads a port. Whatever bears a sign of a manager counts as made by one. */
export function readPort({ name, addresses, external_ids: ids }: LoggedRow): PortState {
  const words = addresses.map((element) => element.split(' '));
  const isManaged = ids['vendor'] === 'ovn-northbound' || Object.keys(ids).some((key) => key.startsWith(PREFIX));
  return {
    name,
    macs: words.flatMap(([mac]) => mac ?? []),
    ips: words.flatMap(([, ...ips]) => ips),
    owner: isManaged
      ? {
          statefulSet: ids[KEYS.statefulSet] ?? '',
          pod: ids['pod'] ?? '',
          ordinal: ids[KEYS.ordinal] ?? '',
          uid: ids[KEYS.uid],
        }
      : undefined,
  };
}

/** What is wrong with the row of a managed port on this switch, seen by itself. */
export function faultsOf(row: LoggedRow, logicalSwitch: string | undefined): string[] {
  const { owner, ips, macs } = readPort(row);
  if (owner === undefined) return [];
  const ids = row.external_ids;
  const [namespace = '', set = ''] = owner.statefulSet.split('/');
  const expected: Record<string, string | undefined> = {
    vendor: 'ovn-northbound',
    ls: logicalSwitch,
    pod: `${namespace}/${set}-${owner.ordinal}`,
    [KEYS.ip4]: ips.find((ip) => !ip.includes(':')),
    [KEYS.ip6]: ips.find((ip) => ip.includes(':')),
    [KEYS.mac]: macs[0],
  };
  const faults = Object.entries(expected)
    .filter(([key, value]) => ids[key] !== value)
    .map(([key, value]) => `${key} is ${String(ids[key])}, not ${String(value)}`);
  if (row.name !== `${set}-${owner.ordinal}.${namespace}`) faults.push(`its StatefulSet is ${owner.statefulSet}`);
  if (owner.uid === undefined) faults.push('it names no uid of its StatefulSet');
  if (row.addresses.length !== 1 || ips.length === 0) faults.push(`addresses are ${JSON.stringify(row.addresses)}`);
  return faults;
}
