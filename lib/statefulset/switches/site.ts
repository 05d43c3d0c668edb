/** Where the ports of a namespace belong, which switch and which subnet on it, and whether given addresses fit there. */
import { parseIp, type Ip } from '../../ipam/address.js';
import { printValue } from '../../errors.js';
import { AddressError, InvalidPoolError } from '../../ipam/errors.js';
import { parsePool, type Pool } from '../../ipam/pool.js';
import {
  classifyAddress,
  parseSubnet,
  subnetFromOtherConfig,
  type Subnet,
  type SubnetOptions,
} from '../../ipam/subnet.js';
import { formatIpRange } from '../../ipam/range.js';
import { NorthboundError } from '../../nb/northbound-error.js';
import { lsGet } from '../../nb/switches.js';
import type { NorthboundTables } from '../../nb/tables.js';
import type { Row } from '../../schema/types.js';
import { PortError, type AddressFault, type PortErrorSubject } from '../port-error.js';
import { DHCP_CHOICE, isDhcpChoice } from '../settings/port-settings.js';
import { SubnetMemory } from './subnet-memory.js';
import type { ManagerClient, ManagerSelection } from './switch-index.js';
import { IP_POOL_ANNOTATION, type Workload } from '../workload.js';

/** The subnet of a namespace, as the caller describes it. */
export interface NamespaceSubnet extends Partial<SubnetOptions> {
  /** Name or uuid of the logical switch that the namespace's pods are on. */
  readonly logicalSwitch: string;
  /**
   * DHCPv4 options of the ports on it, for pods whose own settings name none: the uuid of a row of `DHCP_Options`,
   * `by-cidr` for the row that has the subnet's CIDR, or `none`. Default: ports keep what they have.
   */
  readonly dhcpv4Options?: string | undefined;
  /** The same for DHCPv6. */
  readonly dhcpv6Options?: string | undefined;
}

/** The subnets of namespaces: a map, or a function that may answer undefined. */
export type NamespaceSubnets =
  Readonly<Record<string, NamespaceSubnet>> | ((namespace: string) => NamespaceSubnet | undefined);

/** The switch and subnet that ports of one namespace belong to. */
export interface Site {
  readonly logicalSwitch: Pick<Row<NorthboundTables, 'Logical_Switch'>, ManagerSelection['Logical_Switch'] | '_uuid'>;
  readonly subnet: Subnet;
  /** DHCP options of the ports, as {@link NamespaceSubnet} names them. */
  readonly dhcpv4Options?: string | undefined;
  readonly dhcpv6Options?: string | undefined;
}

/**
 * Finds the switch and subnet of a namespace; without a CIDR of the caller's they come from the switch's `other_config`.
 * With `memory`, the subnet is read only when it has changed.
 * Throws `PortError`: `SubnetUnknown`, `InvalidSubnet`, `SwitchNotFound`, `AmbiguousSwitch`.
 */
export function findSite(
  client: ManagerClient,
  subnets: NamespaceSubnets | undefined,
  workload: Workload,
  memory: SubnetMemory = new SubnetMemory(),
): Site {
  const { namespace } = workload;
  const subject = subjectOf(workload);
  const configured = (typeof subnets === 'function' ? subnets(namespace) : own(subnets, namespace)) ?? undefined;
  if (typeof configured !== 'object') {
    const reason = `no subnet is known for namespace ${namespace}; give its logical switch and CIDR in "subnets"`;
    throw new PortError('SubnetUnknown', subject, reason, { namespace });
  }
  const given: unknown = configured.logicalSwitch;
  if (typeof given !== 'string' || given === '') {
    const reason = `"subnets" names no logical switch for namespace ${namespace}: logicalSwitch is ${printValue(given)}`;
    throw new PortError('SubnetUnknown', subject, reason, { namespace });
  }
  const logicalSwitch = findSwitch(client, subject, given);
  const label = `logical switch "${logicalSwitch.name}"`;
  const { other_config: otherConfig } = logicalSwitch;
  const subnet = memory.of(namespace, configured, otherConfig, () =>
    readSubnet(configured, otherConfig, label, subject),
  );
  if (subnet === undefined) {
    const reason = `"subnets" gives no CIDR for namespace ${namespace}, and ${label} has none in its other_config (subnet, ipv6_prefix)`;
    throw new PortError('SubnetUnknown', subject, reason, { namespace });
  }
  const { dhcpv4Options, dhcpv6Options } = configured;
  requireDhcpChoice(subject, 'dhcpv4Options', dhcpv4Options);
  requireDhcpChoice(subject, 'dhcpv6Options', dhcpv6Options);
  return { logicalSwitch, subnet, dhcpv4Options, dhcpv6Options };
}

/**
 * Reads the pool of a StatefulSet and checks every entry against the subnet, needed or not; undefined when it has none.
 * Throws `PortError`: `InvalidPool`, `AddressOutOfSubnet`, `ReservedAddress`, with everything that is wrong.
 */
export function readPool(workload: Workload, site: Site, strictExclude: boolean): Pool | undefined {
  if (workload.pool === undefined) return undefined;
  let pool: Pool;
  try {
    pool = parsePool(workload.pool, IP_POOL_ANNOTATION);
  } catch (error) {
    if (!(error instanceof InvalidPoolError)) throw error;
    throw new PortError('InvalidPool', subjectOf(workload), error.message, { faults: error.faults }, error);
  }
  const addresses: { readonly ip: Ip; readonly index: number }[] = [];
  for (const { v4, v6, index } of pool.entries) {
    if (v4 !== undefined) addresses.push({ ip: v4, index });
    if (v6 !== undefined) addresses.push({ ip: v6, index });
  }
  refuseMisplaced(subjectOf(workload), site.subnet, addresses, strictExclude);
  return pool;
}

/** Reads and checks the addresses that one pod must have (`v4`, `v6` or both with a comma). Throws `PortError`. */
export function readOverride(
  subject: PortErrorSubject,
  site: Site,
  text: string,
  strictExclude: boolean,
): { ip4: string | undefined; ip6: string | undefined } {
  const refuse = (reason: string): never => {
    throw new PortError('InvalidAddress', subject, `the address "${text}" asked for it is ${reason}`, { text, reason });
  };
  let ips: Ip[];
  try {
    ips = text.split(',').map((part) => parseIp(part.trim()));
  } catch (error) {
    return error instanceof AddressError ? refuse(`malformed: ${error.message}`) : refuse(String(error));
  }
  const ip4 = ips.find(({ family }) => family === 4)?.text;
  const ip6 = ips.find(({ family }) => family === 6)?.text;
  if (ips.length > 2 || (ips.length === 2 && (ip4 === undefined || ip6 === undefined))) {
    return refuse('not one IPv4 address, one IPv6 address, or one of each');
  }
  refuseMisplaced(
    subject,
    site.subnet,
    ips.map((ip) => ({ ip, index: undefined })),
    strictExclude,
  );
  return { ip4, ip6 };
}

/** A subnet as text: equal texts mean equal subnets. */
export function describeSubnet(subnet: Subnet): string {
  const parts = [subnet.v4, subnet.v6].flatMap((network) => {
    if (network === undefined) return [];
    return [network.cidr.text, network.gateway?.text ?? '-', ...network.excluded.map(formatIpRange)];
  });
  return parts.join(' ');
}

/** Whom an error is about that concerns a whole StatefulSet, or one of its pods, which may have a port already. */
export function subjectOf({ namespace, name }: Workload, pod?: string, keeps?: string): PortErrorSubject {
  return { namespace, statefulSet: name, pod, keeps };
}

function readSubnet(
  { cidr, gateway, exclude }: NamespaceSubnet,
  otherConfig: Readonly<Record<string, string>>,
  label: string,
  subject: PortErrorSubject,
): Subnet | undefined {
  try {
    const found = cidr === undefined ? subnetFromOtherConfig(otherConfig, label) : undefined;
    if (found !== undefined)
      return gateway === undefined && exclude === undefined ? found : refined(found, gateway, exclude);
    if (cidr === undefined) return undefined;
    return parseSubnet({ cidr, ...(gateway !== undefined && { gateway }), ...(exclude !== undefined && { exclude }) });
  } catch (error) {
    // A value that is neither a text nor a list of texts fails as a TypeError.
    if (!(error instanceof AddressError) && !(error instanceof TypeError)) throw error;
    const { namespace } = subject;
    const where = cidr === undefined ? 'the subnet of the switch' : `"subnets" for namespace ${namespace}`;
    const values = cidr === undefined ? '' : ` (given ${printValue({ cidr, gateway, exclude })})`;
    const { message } = error;
    throw new PortError('InvalidSubnet', subject, `${where} makes no sense: ${message}${values}`, { namespace }, error);
  }
}

/** The subnet of a switch with the caller's gateways in place of its own, and the caller's exclusions besides its own. */
function refined(found: Subnet, gateway: SubnetOptions['gateway'], exclude: SubnetOptions['exclude'] = []): Subnet {
  const networks = [found.v4, found.v6].filter((network) => network !== undefined);
  const excluded = networks.flatMap((network) => network.excluded.map(formatIpRange));
  const given = typeof gateway === 'string' ? gateway.split(',') : (gateway ?? []);
  const families = new Set(given.map((text) => parseIp(text.trim()).family));
  const assumed = networks.flatMap((network) =>
    network.gateway === undefined || families.has(network.gateway.family) ? [] : [network.gateway.text],
  );
  return parseSubnet({
    cidr: networks.map((network) => network.cidr.text),
    gateway: [...given, ...assumed],
    exclude: typeof exclude === 'string' ? [exclude, ...excluded].join(' ') : [...exclude, ...excluded],
  });
}

function findSwitch(client: ManagerClient, subject: PortErrorSubject, nameOrUuid: string): Site['logicalSwitch'] {
  try {
    const { _uuid } = lsGet(client, nameOrUuid);
    const row = client.tables.Logical_Switch.get(_uuid);
    if (row !== undefined) return row;
  } catch (error) {
    if (!(error instanceof NorthboundError)) throw error;
    if (error.code === 'AmbiguousSwitch') {
      const uuids = client.tables.Logical_Switch.findAll({ name: nameOrUuid }).map(({ _uuid }) => _uuid);
      throw new PortError('AmbiguousSwitch', subject, error.message, { logicalSwitch: nameOrUuid, uuids }, error);
    }
  }
  const reason = `there is no logical switch "${nameOrUuid}"; create it, or correct "subnets" for namespace ${subject.namespace}`;
  throw new PortError('SwitchNotFound', subject, reason, { logicalSwitch: nameOrUuid });
}

function requireDhcpChoice(subject: PortErrorSubject, name: string, choice: unknown): void {
  if (choice === undefined || isDhcpChoice(choice)) return;
  const { namespace } = subject;
  const reason = `"subnets" for namespace ${namespace} makes no sense: ${name} is ${printValue(choice)}; it must be ${DHCP_CHOICE}`;
  throw new PortError('InvalidSubnet', subject, reason, { namespace });
}

function own(
  subnets: Readonly<Record<string, NamespaceSubnet>> | undefined,
  namespace: string,
): NamespaceSubnet | undefined {
  return subnets !== undefined && Object.hasOwn(subnets, namespace) ? subnets[namespace] : undefined;
}

function refuseMisplaced(
  subject: PortErrorSubject,
  subnet: Subnet,
  addresses: readonly { readonly ip: Ip; readonly index: number | undefined }[],
  strictExclude: boolean,
): void {
  const cidrs = [subnet.v4, subnet.v6].flatMap((network) => network?.cidr.text ?? []);
  const faults: AddressFault[] = [];
  let outside = false;
  for (const { ip, index } of addresses) {
    const place = classifyAddress(subnet, ip);
    if (place === 'ok' || (place === 'excluded' && !strictExclude)) continue;
    if (place === 'outside') outside = true;
    const network = ip.family === 4 ? subnet.v4 : subnet.v6;
    faults.push({
      ip: ip.text,
      index,
      reason: place === 'outside' ? `is not in ${cidrs.join(' or ')}` : PLACES[place](network?.cidr.text ?? ''),
    });
  }
  if (faults.length === 0) return;
  const list = faults.slice(0, 50).map(({ ip, reason }) => `${ip} ${reason}`);
  if (faults.length > list.length) list.push(`and ${faults.length - list.length} more`);
  const reason = list.join('; ');
  throw outside
    ? new PortError('AddressOutOfSubnet', subject, reason, { cidrs, addresses: faults })
    : new PortError('ReservedAddress', subject, reason, { addresses: faults });
}

const PLACES = {
  network: (cidr: string) => `is the network address of ${cidr}`,
  broadcast: (cidr: string) => `is the broadcast address of ${cidr}`,
  anycast: (cidr: string) => `is the Subnet-Router anycast address of ${cidr}`,
  gateway: (cidr: string) => `is the gateway of ${cidr}`,
  excluded: (cidr: string) => `is excluded from ${cidr}`,
} as const;
