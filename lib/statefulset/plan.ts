/**
 * Decides, pod by pod and in sequence, what has to happen to the ports of a StatefulSet. Pure: it reads what it is shown
 * of the database and sends nothing.
 */
import type { IpFamily } from '../ipam/address.js';
import { AddressError } from '../ipam/errors.js';
import { parseMac } from '../ipam/mac.js';
import type { Pool } from '../ipam/pool.js';
import {
  type IpPair,
  ipsOf,
  type ManagedPort,
  type ManagedPortRow,
  type PortAddresses,
  portName,
  readManagedPort,
  staticAddresses,
} from './managed-port.js';
import { PortError, type PortErrorSubject } from './port-error.js';
import { movablePorts, type Move } from './readdressing.js';
import { readOverride, subjectOf, type Site } from './site.js';
import { IP_ADDRESS_ANNOTATION, IP_POOL_ANNOTATION, MAC_ADDRESS_ANNOTATION } from './workload.js';
import type { Workload, WorkloadPod } from './workload.js';

/** What to do when a kept port has other addresses than the pool (or an override) says now. */
export type OnDrift = 'keep' | 'error' | 'readdress';

/** The rules that a plan follows. */
export interface PlanRules {
  readonly indexing: 'relative' | 'absolute';
  readonly onDrift: OnDrift;
  readonly adopt: boolean;
  readonly pick: 'random' | 'sequential';
  readonly strictExclude: boolean;
}

/** A port that has an address, as far as errors tell of it. */
export interface AddressHolder {
  readonly port: string;
  readonly retained: boolean;
}

/** What a plan sees of the database, and of plans that are on their way. */
export interface PlanView {
  readonly site: Site;
  /** The port of this name, on whatever switch. */
  port(name: string): ManagedPortRow | undefined;
  /** Is the port on the site's switch? */
  isHere(port: ManagedPortRow): boolean;
  /** Name of the router port of the switch that has this IP or MAC address. */
  routerPort(address: string): string | undefined;
  /** Who has this IP or MAC address, or claims it on the way, but for ports that have it and are excepted. */
  holder(address: string, isExcepted?: (port: string) => boolean): AddressHolder | undefined;
  /** A free address of the subnet, or how full the subnet is. `pod` gets the same one again when a plan is made anew. */
  pick(
    family: IpFamily,
    pod: string,
  ): { readonly ip: string } | { readonly total: bigint; readonly used: bigint; readonly excluded: bigint };
  /** A MAC address to try; the same one again for a pod when a plan is made anew, while `attempt` is 0. */
  pickMac(pod: string, attempt: number): string;
  /** Takes an address, so that nothing else in this plan or another one gets it. */
  claim(address: string, port: string): void;
}

/** Want and have of a port whose addresses are not what the pool, or an override, says. */
export interface PortDrift {
  /** Addresses that the pool says now; empty when it says none for this pod. */
  readonly want: readonly string[];
  readonly have: readonly string[];
}

/** What the plan says for one pod. */
export type PodPlan = { readonly pod: WorkloadPod; readonly port: string } & (
  | { readonly action: 'create'; readonly addresses: PortAddresses }
  | { readonly action: 'reuse'; readonly kept: ManagedPort; readonly drift: PortDrift | undefined }
  | {
      readonly action: 'readdress';
      readonly kept: ManagedPort;
      readonly addresses: PortAddresses;
      readonly drift: PortDrift;
    }
  | {
      readonly action: 'adopt';
      readonly row: ManagedPortRow;
      readonly addresses: PortAddresses;
      readonly drift: PortDrift | undefined;
    }
  | { readonly action: 'refuse'; readonly error: PortError }
);

type Wanted = IpPair;

/** Plans pods in the order given; see {@link PodPlan}. Never throws a `PortError`: a pod that gets no port is refused. */
export function planPods(
  workload: Workload,
  pool: Pool | undefined,
  pods: readonly WorkloadPod[],
  view: PlanView,
  rules: PlanRules,
): PodPlan[] {
  const wantedBy = new Map(pods.map((pod) => [pod, attempt(() => wantedAddresses(workload, pool, pod, view, rules))]));
  const moving = rules.onDrift === 'readdress' ? planMoves(workload, wantedBy, view) : new Map<string, Move>();
  return pods.map((pod) => {
    const port = portName(workload.namespace, pod.name);
    const planned = attempt(() => planPod(workload, pool, pod, wantedBy.get(pod), view, rules, moving));
    return planned instanceof PortError ? { pod, port, action: 'refuse', error: planned } : planned;
  });
}

/** The ports that get other addresses for certain, with those addresses claimed: others of the plan may take the old ones. */
function planMoves(
  workload: Workload,
  wantedBy: ReadonlyMap<WorkloadPod, Wanted | PortError | undefined>,
  view: PlanView,
): ReadonlyMap<string, Move> {
  const moves = new Map<string, Move>();
  const wanted: [string, Wanted][] = [];
  for (const [pod, want] of wantedBy) {
    if (want === undefined || want instanceof PortError) continue;
    const port = portName(workload.namespace, pod.name);
    wanted.push([port, want]);
    const kept = managedBy(workload, view.port(port));
    if (kept !== undefined && differs(kept, want) && view.isHere(kept.row)) moves.set(port, { have: kept, want });
  }
  const movable = movablePorts(moves, wanted, view);
  const moving = new Map([...moves].filter(([port]) => movable.has(port)));
  for (const [port, { want }] of moving) claimAll(view, { ...want, mac: undefined }, port);
  return moving;
}

function planPod(
  workload: Workload,
  pool: Pool | undefined,
  pod: WorkloadPod,
  wantedOrError: Wanted | PortError | undefined,
  view: PlanView,
  rules: PlanRules,
  moving: ReadonlyMap<string, Move>,
): PodPlan {
  const port = portName(workload.namespace, pod.name);
  const row = view.port(port);
  if (wantedOrError instanceof PortError) throw wantedOrError;
  const wanted = wantedOrError;
  const kept = managedBy(workload, row);
  if (kept !== undefined) {
    const subject = subjectOf(workload, pod.name, ipsOf(kept).join(' and '));
    // A row that somebody emptied, or made dynamic, has no address of its own any more.
    const isReadable = staticAddresses(kept.row) !== undefined;
    const drift = isReadable ? driftOf(workload, pool, pod, kept, wanted) : { want: ipsOf(kept), have: [] };
    // Nothing gives a port another MAC address.
    const moves = wanted !== undefined && differs(kept, wanted) && view.isHere(kept.row);
    if (drift === undefined || rules.onDrift === 'keep' || (rules.onDrift === 'readdress' && !moves)) {
      return { pod, port, action: 'reuse', kept, drift };
    }
    if (rules.onDrift === 'error' || wanted === undefined) {
      const reason =
        `the pool, or an override, says ${drift.want.join(' and ') || 'nothing'} for it; ` +
        "put the pool back, or set onDrift to 'keep' or 'readdress'";
      throw new PortError('PoolDrift', subject, reason, drift);
    }
    const addresses = { ip4: wanted.ip4, ip6: wanted.ip6, mac: kept.mac };
    if (!moving.has(port)) {
      // It may find its way free after all, but nobody else of this plan may count on it.
      checkFree(subject, addresses, view, (holder) => holder === port || moving.has(holder));
      claimAll(view, { ...wanted, mac: undefined }, port);
    }
    return { pod, port, action: 'readdress', kept, addresses, drift };
  }
  if (row !== undefined) return planForeign(workload, pool, pod, row, wanted, view, rules);
  const addresses = chooseAddresses(workload, pod, wanted, view, moving);
  claimAll(view, addresses, port);
  return { pod, port, action: 'create', addresses };
}

/** A port of the pod's name that the StatefulSet does not own: claimed as it is, or left alone. */
function planForeign(
  workload: Workload,
  pool: Pool | undefined,
  pod: WorkloadPod,
  row: ManagedPortRow,
  wanted: Wanted | undefined,
  view: PlanView,
  rules: PlanRules,
): PodPlan {
  const owner = readManagedPort(row)?.statefulSet ?? row.external_ids['vendor'] ?? '(unknown)';
  const refuse = (hint: string): never => {
    const reason = `a port named ${row.name} exists (${row._uuid}) that belongs to ${owner}; ${hint}`;
    throw new PortError('PortOwnedByOther', subjectOf(workload, pod.name), reason, { port: row.name, owner });
  };
  if (!rules.adopt) return refuse('delete or rename that port, or have it taken over with the option adopt: true');
  if (!view.isHere(row))
    return refuse(`it is not on switch "${view.site.logicalSwitch.name}", so it cannot be adopted`);
  const addresses = staticAddresses(row);
  if (addresses === undefined)
    return refuse('it cannot be adopted, because its addresses are not one MAC with IP addresses');
  return {
    pod,
    port: row.name,
    action: 'adopt',
    row,
    addresses,
    drift: driftOf(workload, pool, pod, addresses, wanted),
  };
}

/** What the pod must have: its override, else its entry in the pool; undefined when addresses are picked or the pool ends. */
function wantedAddresses(
  workload: Workload,
  pool: Pool | undefined,
  pod: WorkloadPod,
  view: PlanView,
  rules: PlanRules,
): Wanted | undefined {
  const subject = subjectOf(workload, pod.name);
  if (pod.ipOverride !== undefined) return readOverride(subject, view.site, pod.ipOverride, rules.strictExclude);
  if (pool === undefined) return undefined;
  const position = rules.indexing === 'relative' ? pod.ordinal - workload.start : pod.ordinal;
  const entry = pool.entries[position];
  if (entry !== undefined) return { ip4: entry.v4?.text, ip6: entry.v6?.text };
  if (managedBy(workload, view.port(portName(workload.namespace, pod.name))) !== undefined) return undefined;
  if (position < 0) {
    const reason = `its ordinal is below spec.ordinals.start, which is ${workload.start}`;
    throw new PortError('InvalidOrdinal', subject, reason, { pod: pod.name });
  }
  const poolLength = pool.entries.length;
  const last = rules.indexing === 'relative' ? workload.replicas : workload.start + workload.replicas;
  const needed = Math.max(last, position + 1);
  const reason =
    `ip_pool has ${poolLength} ${poolLength === 1 ? 'address' : 'addresses'}, ordinal ${pod.ordinal} needs ` +
    `address number ${position + 1}; extend ovn.kubernetes.io/ip_pool to at least ${needed}`;
  throw new PortError('PoolExhausted', subject, reason, {
    ordinal: pod.ordinal,
    poolLength,
    missing: needed - poolLength,
  });
}

function chooseAddresses(
  workload: Workload,
  pod: WorkloadPod,
  wanted: Wanted | undefined,
  view: PlanView,
  moving: ReadonlyMap<string, Move>,
): PortAddresses {
  const mac = chooseMac(workload, pod, view);
  if (wanted !== undefined) {
    checkFree(subjectOf(workload, pod.name), wanted, view, (holder) => moving.has(holder));
    return { ip4: wanted.ip4, ip6: wanted.ip6, mac };
  }
  const pick = (family: IpFamily): string | undefined => {
    const network = family === 4 ? view.site.subnet.v4 : view.site.subnet.v6;
    if (network === undefined) return undefined;
    const picked = view.pick(family, pod.name);
    if ('ip' in picked) return picked.ip;
    const cidr = network.cidr.text;
    const reason = `subnet ${cidr} has no free address: of ${picked.total} addresses ${picked.used} are used and ${picked.excluded} reserved or excluded; release ports that are not needed, or enlarge the subnet`;
    throw new PortError('SubnetExhausted', subjectOf(workload, pod.name), reason, { cidr, ...picked });
  };
  return { ip4: pick(4), ip6: pick(6), mac };
}

function chooseMac(workload: Workload, pod: WorkloadPod, view: PlanView): string {
  if (pod.macOverride === undefined) {
    for (let attempt = 0; ; attempt++) {
      const mac = view.pickMac(pod.name, attempt);
      if (view.holder(mac) === undefined && view.routerPort(mac) === undefined) return mac;
    }
  }
  const subject = subjectOf(workload, pod.name);
  const mac = readMacOverride(subject, pod.macOverride);
  const port = view.routerPort(mac) ?? view.holder(mac)?.port;
  if (port === undefined) return mac;
  throw macInUse(subject, mac, port);
}

function readMacOverride(subject: PortErrorSubject, given: string): string {
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
function checkFree(
  subject: PortErrorSubject,
  { ip4, ip6 }: Wanted,
  view: PlanView,
  isExcepted: (port: string) => boolean,
): void {
  for (const ip of [ip4, ip6]) {
    if (ip === undefined) continue;
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

const CHOOSE_ANOTHER = `give the pod another address in ${IP_POOL_ANNOTATION} or ${IP_ADDRESS_ANNOTATION}`;

function claimAll(view: PlanView, { ip4, ip6, mac }: Wanted & { mac: string | undefined }, port: string): void {
  for (const address of [ip4, ip6, mac]) if (address !== undefined) view.claim(address, port);
}

function managedBy(workload: Workload, row: ManagedPortRow | undefined): ManagedPort | undefined {
  const managed = row === undefined ? undefined : readManagedPort(row);
  return managed?.statefulSet === workload.key ? managed : undefined;
}

function differs(have: Wanted, want: Wanted): boolean {
  return have.ip4 !== want.ip4 || have.ip6 !== want.ip6;
}

/** `want` and `have` show the MAC address only where an override asks for another one than the port has. */
function driftOf(
  workload: Workload,
  pool: Pool | undefined,
  pod: WorkloadPod,
  have: PortAddresses,
  want: Wanted | undefined,
): PortDrift | undefined {
  const subject = subjectOf(workload, pod.name, ipsOf(have).join(' and '));
  const mac = pod.macOverride === undefined ? have.mac : readMacOverride(subject, pod.macOverride);
  const isPicked = want === undefined && (pool === undefined || pod.ipOverride !== undefined);
  const isElsewhere = !isPicked && (want === undefined || differs(have, want));
  if (!isElsewhere && mac === have.mac) return undefined;
  const wantedIps = isPicked ? ipsOf(have) : want === undefined ? [] : ipsOf(want);
  return mac === have.mac
    ? { want: wantedIps, have: ipsOf(have) }
    : { want: [...wantedIps, mac], have: [...ipsOf(have), have.mac] };
}

function attempt<T>(make: () => T): T | PortError {
  try {
    return make();
  } catch (error) {
    if (error instanceof PortError) return error;
    throw error;
  }
}
