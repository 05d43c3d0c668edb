/** What an audit says of one port that is kept for a pod and whose keys are in order. */
import { tryParseIp } from '../../ipam/address.js';
import { canonicalMac } from '../../ipam/mac.js';
import { classifyAddress, type AddressClass, type Subnet } from '../../ipam/subnet.js';
import type {
  AuditFinding,
  ChangedAddressesFinding,
  OutsideSubnetFinding,
  WrongNameFinding,
  WrongSwitchFinding,
} from './audit-finding.js';
import {
  addressElement,
  ipsOf,
  PORT_KEYS,
  portName,
  staticAddresses,
  type ManagedPort,
  type PortAddresses,
} from '../managed-port.js';
import type { NamespacePlace } from './namespace-places.js';
import type { SwitchIndex } from '../switches/switch-index.js';

/** What is known around the port. */
export interface KeptPortSurroundings {
  /** Name of the switch that the port is on. */
  readonly logicalSwitch: string;
  readonly index: SwitchIndex;
  readonly routerAddresses: ReadonlyMap<string, string>;
  readonly place: NamespacePlace;
  /** Names of other ports that are kept for the same pod. */
  readonly duplicates: readonly string[];
}

/** See the head of this file. */
export function auditKeptPort(port: ManagedPort, around: KeptPortSurroundings): AuditFinding[] {
  return [
    wrongName(port, around),
    wrongSwitch(port, around),
    outsideSubnet(port, around),
    changed(port, around),
  ].filter((finding) => finding !== undefined);
}

function wrongName(port: ManagedPort, around: KeptPortSurroundings): WrongNameFinding | undefined {
  const { row, statefulSet, pod } = port;
  const slash = pod.indexOf('/');
  const expected = portName(pod.slice(0, slash), pod.slice(slash + 1));
  if (row.name === expected) return undefined;
  const { logicalSwitch, duplicates } = around;
  const advice =
    duplicates.length === 0
      ? 'rename it, or delete it if its addresses need not be kept'
      : `${duplicates.join(' and ')} ${duplicates.length === 1 ? 'is' : 'are'} kept for that pod as well: ` +
        'delete those that the pod does not use';
  const message = `port ${row.name} on switch "${logicalSwitch}" is kept for pod ${pod}, whose port must be named ${expected}; ${advice}`;
  return { kind: 'wrong-name', logicalSwitch, port: row.name, statefulSet, pod, expected, duplicates, message };
}

function wrongSwitch(port: ManagedPort, around: KeptPortSurroundings): WrongSwitchFinding | undefined {
  const { logicalSwitch, index, place } = around;
  if (place.kind === 'unknown') return undefined;
  let expected: string;
  let advice: string;
  if (place.kind === 'site') {
    if (place.site.logicalSwitch._uuid === index.uuid) return undefined;
    expected = place.site.logicalSwitch.name;
    advice = 'the next apply moves it there, with another address; correct "subnets" if it is to stay';
  } else {
    expected = place.logicalSwitch;
    if (expected === logicalSwitch) return undefined;
    const flaw = place.kind === 'no-switch' ? 'does not exist' : 'is the name of several switches';
    advice = `which ${flaw}: put that right, or correct "subnets"`;
  }
  const { row, statefulSet } = port;
  const namespace = statefulSet.slice(0, statefulSet.indexOf('/'));
  const message = `${describe(port, around)} is on another switch than its namespace ${namespace}, which "subnets" puts on "${expected}"; ${advice}`;
  return { kind: 'wrong-switch', logicalSwitch, port: row.name, statefulSet, expected, message };
}

function outsideSubnet(port: ManagedPort, around: KeptPortSurroundings): OutsideSubnetFinding | undefined {
  const { logicalSwitch, index, place, routerAddresses } = around;
  // On another switch it is the switch that is wrong.
  if (place.kind !== 'site' || place.site.logicalSwitch._uuid !== index.uuid) return undefined;
  const addresses = ipsOf(port).flatMap((ip) => {
    const router = routerAddresses.get(ip);
    const reason = router === undefined ? misplaced(place.site.subnet, ip) : `is the address of router port ${router}`;
    return reason === undefined ? [] : [{ ip, reason }];
  });
  if (addresses.length === 0) return undefined;
  const { row, statefulSet } = port;
  const faults = addresses.map(({ ip, reason }) => `${ip} ${reason}`).join(', and ');
  const message = `${describe(port, around)} has an address that its pod cannot use: ${faults}; give it another one (readdress), or correct "subnets"`;
  return { kind: 'outside-subnet', logicalSwitch, port: row.name, statefulSet, addresses, message };
}

function changed(port: ManagedPort, around: KeptPortSurroundings): ChangedAddressesFinding | undefined {
  const { row, statefulSet } = port;
  const noted = addressElement(notedAddresses(port));
  const present = staticAddresses(row);
  if (present !== undefined && addressElement(present) === noted) return undefined;
  const { logicalSwitch } = around;
  const have = row.addresses;
  const were = have.length === 0 ? 'empty' : have.map((element) => `"${element}"`).join(' and ');
  const advice =
    present === undefined
      ? 'put those back (readdress)'
      : 'put those back if the pod is to keep them, else the next apply notes the new ones';
  const message = `${describe(port, around)} was given "${noted}", but its addresses are ${were}; ${advice}`;
  return { kind: 'changed-addresses', logicalSwitch, port: row.name, statefulSet, noted, have, message };
}

function describe({ row, statefulSet }: ManagedPort, { logicalSwitch }: KeptPortSurroundings): string {
  return `port ${row.name} on switch "${logicalSwitch}", kept for ${statefulSet},`;
}

/** What the keys say, in canonical text. */
function notedAddresses({ row: { external_ids: ids } }: ManagedPort): PortAddresses {
  const read = (key: string): string | undefined => tryParseIp(ids[key] ?? '')?.text;
  return {
    ip4: read(PORT_KEYS.ip4),
    ip6: read(PORT_KEYS.ip6),
    mac: canonicalMac(ids[PORT_KEYS.mac] ?? '') ?? '',
  };
}

function misplaced(subnet: Subnet, text: string): string | undefined {
  const ip = tryParseIp(text);
  if (ip === undefined) return undefined;
  const cidrs = [subnet.v4, subnet.v6].flatMap((network) => network?.cidr.text ?? []);
  const cidr = (ip.family === 4 ? subnet.v4 : subnet.v6)?.cidr.text ?? '';
  const place = classifyAddress(subnet, ip);
  return place === 'outside' ? `is not in ${cidrs.join(' or ')}` : PLACES[place]?.(cidr);
}

/** Why a pod cannot use an address. One that is excluded may have been asked for. */
const PLACES: Readonly<Record<Exclude<AddressClass, 'outside'>, ((cidr: string) => string) | undefined>> = {
  network: (cidr) => `is the network address of ${cidr}`,
  broadcast: (cidr) => `is the broadcast address of ${cidr}`,
  anycast: (cidr) => `is the Subnet-Router anycast address of ${cidr}`,
  gateway: (cidr) => `is the gateway of ${cidr}`,
  excluded: undefined,
  ok: undefined,
};
