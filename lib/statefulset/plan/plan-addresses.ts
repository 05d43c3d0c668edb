/** Which addresses a pod must have, or can get, and why it gets none. */
import type { IpFamily } from '../../ipam/address.js';
import { AddressError } from '../../ipam/errors.js';
import { parseMac } from '../../ipam/mac.js';
import type { Pool } from '../../ipam/pool.js';
import { ipsOf, type IpPair, type PortAddresses } from '../managed-port.js';
import type { AddressHolder, PlanRules, PlanView } from './pod-plan.js';
import { PortError, type PortErrorSubject } from '../port-error.js';
import { readOverride, subjectOf } from '../switches/site.js';
import { IP_ADDRESS_ANNOTATION, IP_POOL_ANNOTATION, MAC_ADDRESS_ANNOTATION } from '../workload.js';
import type { Workload, WorkloadPod } from '../workload.js';

const CHOOSE_ANOTHER = `give the pod another address in ${IP_POOL_ANNOTATION} or ${IP_ADDRESS_ANNOTATION}`;

/** What the pod must have: its override, else its entry in the pool; undefined when addresses are picked or the pool ends. */
export function wantedAddresses(
  workload: Workload,
  pool: Pool | undefined,
  pod: WorkloadPod,
  view: Pick<PlanView, 'site'>,
  rules: Pick<PlanRules, 'indexing' | 'strictExclude'>,
): IpPair | undefined {
  if (pod.ipOverride !== undefined) {
    return readOverride(subjectOf(workload, pod.name), view.site, pod.ipOverride, rules.strictExclude);
  }
  const entry = pool?.entries[poolPosition(workload, pod, rules.indexing)];
  return entry && { ip4: entry.v4?.text, ip6: entry.v6?.text };
}

/** The error of a pod that the pool has no entry for. */
export function poolEnds(
  workload: Workload,
  { entries: { length: poolLength } }: Pool,
  pod: WorkloadPod,
  indexing: PlanRules['indexing'],
  subject: PortErrorSubject = subjectOf(workload, pod.name),
): PortError {
  const position = poolPosition(workload, pod, indexing);
  if (position < 0) {
    const reason = `its ordinal is below spec.ordinals.start, which is ${workload.start}`;
    return new PortError('InvalidOrdinal', subject, reason, { pod: pod.name });
  }
  const last = indexing === 'relative' ? workload.replicas : workload.start + workload.replicas;
  const needed = Math.max(last, position + 1);
  const reason =
    `ip_pool has ${poolLength} ${poolLength === 1 ? 'address' : 'addresses'}, ordinal ${pod.ordinal} needs ` +
    `address number ${position + 1}; extend ${IP_POOL_ANNOTATION} to at least ${needed}`;
  const missing = needed - poolLength;
  return new PortError('PoolExhausted', subject, reason, { ordinal: pod.ordinal, poolLength, missing });
}

/** What may be chosen although it is in use. */
export interface ChoiceRules {
  /** Ports whose IP addresses will be free. */
  readonly isExcepted?: (port: string) => boolean;
  /** The MAC address to take if it is free and none is asked for. */
  readonly keptMac?: string;
  /** The port that goes for the new one. */
  readonly replaces?: string;
  /** Its addresses, where they are of this subnet: they are taken when no other ones are free. */
  readonly ownIps?: IpPair;
}

/** Addresses for a port that is made, or moved: the wanted ones, else free ones. Throws `PortError`. */
export function chooseAddresses(
  subject: PortErrorSubject,
  pod: WorkloadPod,
  wanted: IpPair | undefined,
  view: PlanView,
  rules: ChoiceRules,
): PortAddresses {
  const { isExcepted = () => false } = rules;
  const mac = chooseMac(subject, pod, view, rules);
  if (wanted !== undefined) {
    checkFree(subject, wanted, view, isExcepted);
    return { ip4: wanted.ip4, ip6: wanted.ip6, mac };
  }
  const pick = (family: IpFamily): string | undefined => pickFree(subject, pod, family, view, rules);
  return { ip4: pick(4), ip6: pick(6), mac };
}

/** A free address of this family; undefined when the subnet has none of it. Throws `PortError` `SubnetExhausted`. */
export function pickFree(
  subject: PortErrorSubject,
  pod: WorkloadPod,
  family: IpFamily,
  view: PlanView,
  { ownIps, replaces }: ChoiceRules = {},
): string | undefined {
  const network = family === 4 ? view.site.subnet.v4 : view.site.subnet.v6;
  if (network === undefined) return undefined;
  const picked = view.pick(family, pod.name);
  if ('ip' in picked) return picked.ip;
  const own = family === 4 ? ownIps?.ip4 : ownIps?.ip6;
  if (own !== undefined && view.holder(own, (port) => port === replaces) === undefined) return own;
  const cidr = network.cidr.text;
  const reason = `subnet ${cidr} has no free address: of ${picked.total} addresses ${picked.used} are used and ${picked.excluded} reserved or excluded; release ports that are not needed, or enlarge the subnet`;
  throw new PortError('SubnetExhausted', subject, reason, { cidr, ...picked });
}

/** The override, else the MAC address that the port had, if it is free, else a new one. Throws `PortError`. */
export function chooseMac(
  subject: PortErrorSubject,
  pod: WorkloadPod,
  view: PlanView,
  { keptMac, replaces }: Omit<ChoiceRules, 'isExcepted'>,
): string {
  const holderOf = (mac: string): string | undefined =>
    view.routerPort(mac) ?? view.holder(mac, (port) => port === replaces)?.port;
  if (pod.macOverride !== undefined) {
    const mac = readMacOverride(subject, pod.macOverride);
    const port = holderOf(mac);
    if (port === undefined) return mac;
    throw macInUse(subject, mac, port);
  }
  if (keptMac !== undefined && holderOf(keptMac) === undefined) return keptMac;
  for (let attempt = 0; ; attempt++) {
    const mac = view.pickMac(pod.name, attempt);
    if (holderOf(mac) === undefined) return mac;
  }
}

/** Reads the MAC address that a pod asks for. Throws `PortError` `InvalidAddress`. */
export function readMacOverride(subject: PortErrorSubject, given: string): string {
  try {
    return parseMac(given);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    const { text, reason, message } = error;
    const why = `the MAC address asked for it is malformed: ${message}`;
    throw new PortError('InvalidAddress', subject, why, { text, reason }, error);
  }
}

/** Throws when an address of the pod belongs to a router port, or to another port of the switch. */
export function checkFree(
  subject: PortErrorSubject,
  wanted: IpPair,
  view: PlanView,
  isExcepted: (port: string) => boolean,
): void {
  for (const ip of ipsOf(wanted)) {
    const routerPort = view.routerPort(ip);
    if (routerPort !== undefined) {
      const reason = `is the address of router port ${routerPort}`;
      throw new PortError('ReservedAddress', subject, `${ip} ${reason}; ${CHOOSE_ANOTHER}`, {
        addresses: [{ ip, index: undefined, reason }],
      });
    }
    const holder = view.holder(ip, isExcepted);
    if (holder !== undefined) throw addressInUse(subject, ip, holder);
  }
}

/** Takes the addresses, so that nothing else in the plan gets them. */
export function claimAll(
  view: Pick<PlanView, 'claim'>,
  { mac, ...ips }: IpPair & { readonly mac?: string },
  port: string,
): void {
  for (const address of [...ipsOf(ips), ...(mac === undefined ? [] : [mac])]) view.claim(address, port);
}

/** The error of a pod whose address another port has. */
export function addressInUse(subject: PortErrorSubject, ip: string, holder: AddressHolder): PortError<'AddressInUse'> {
  const hint = holder.retained
    ? `release it if its pod will not come back, or ${CHOOSE_ANOTHER}`
    : `delete that port, or ${CHOOSE_ANOTHER}`;
  return new PortError('AddressInUse', subject, `${ip} belongs to port ${holder.port}; ${hint}`, { ip, ...holder });
}

/** The error of a pod whose MAC address another port has. */
export function macInUse(subject: PortErrorSubject, mac: string, port: string): PortError<'MacInUse'> {
  const reason = `port ${port} has the MAC address ${mac} already; ask for another one in ${MAC_ADDRESS_ANNOTATION}`;
  return new PortError('MacInUse', subject, reason, { mac, port });
}

/** Do two ports' IP addresses differ? */
export function differs(have: IpPair, want: IpPair): boolean {
  return have.ip4 !== want.ip4 || have.ip6 !== want.ip6;
}

function poolPosition({ start }: Workload, { ordinal }: WorkloadPod, indexing: PlanRules['indexing']): number {
  return indexing === 'relative' ? ordinal - start : ordinal;
}
