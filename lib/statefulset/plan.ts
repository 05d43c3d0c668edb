/**
 * Decides, pod by pod and in sequence, what has to happen to the ports of a StatefulSet. Pure: it reads what it is shown
 * of the database and sends nothing.
 */
import type { IpFamily } from '../ipam/address.js';
import { AddressError } from '../ipam/errors.js';
import { parseMac } from '../ipam/mac.js';
import type { Pool } from '../ipam/pool.js';
import { readPortAddress } from '../nb/addresses.js';
import {
  portName,
  readManagedPort,
  type ManagedPort,
  type PortAddresses,
  type ManagedPortRow,
} from './managed-port.js';
import { PortError } from './port-error.js';
import { readOverride, subjectOf, type Site } from './site.js';
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
  /** Name of the router port of the switch that has this address. */
  routerPort(ip: string): string | undefined;
  /** Who has this IP or MAC address, but for the ports that the plan takes it from. */
  holder(address: string, except: ReadonlySet<string>): AddressHolder | undefined;
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

type Wanted = { readonly ip4: string | undefined; readonly ip6: string | undefined };

/** Plans pods in the order given; see {@link PodPlan}. Never throws a `PortError`: a pod that gets no port is refused. */
export function planPods(
  workload: Workload,
  pool: Pool | undefined,
  pods: readonly WorkloadPod[],
  view: PlanView,
  rules: PlanRules,
): PodPlan[] {
  const wantedBy = new Map(pods.map((pod) => [pod, attempt(() => wantedAddresses(workload, pool, pod, view, rules))]));
  // Ports that get other addresses in this plan give up theirs, so that members can swap.
  const moving = new Set<string>();
  if (rules.onDrift === 'readdress') {
    for (const pod of pods) {
      const kept = managedBy(workload, view.port(portName(workload.namespace, pod.name)));
      const wanted = wantedBy.get(pod);
      if (kept !== undefined && wanted !== undefined && !(wanted instanceof PortError) && differs(kept, wanted)) {
        moving.add(kept.row.name);
      }
    }
  }
  return pods.map((pod) => {
    const port = portName(workload.namespace, pod.name);
    const planned = attempt(() => planPod(workload, pool, pod, wantedBy.get(pod), view, rules, moving));
    return planned instanceof PortError ? { pod, port, action: 'refuse', error: planned } : planned;
  });
}

function planPod(
  workload: Workload,
  pool: Pool | undefined,
  pod: WorkloadPod,
  wantedOrError: Wanted | PortError | undefined,
  view: PlanView,
  rules: PlanRules,
  moving: ReadonlySet<string>,
): PodPlan {
  const port = portName(workload.namespace, pod.name);
  const subject = subjectOf(workload, pod.name);
  const row = view.port(port);
  if (wantedOrError instanceof PortError) throw wantedOrError;
  const wanted = wantedOrError;
  const kept = managedBy(workload, row);
  if (kept !== undefined) {
    const drift = driftOf(pool, pod, kept, wanted);
    if (drift === undefined || rules.onDrift === 'keep' || (wanted === undefined && rules.onDrift === 'readdress')) {
      return { pod, port, action: 'reuse', kept, drift };
    }
    if (rules.onDrift === 'error' || wanted === undefined) {
      const reason = `its port has ${drift.have.join(' and ')}, but the pool says ${drift.want.join(' and ') || 'nothing'} for it`;
      throw new PortError('PoolDrift', subject, reason, drift);
    }
    const addresses = { ...wanted, mac: kept.mac };
    checkFree(workload, pod, addresses, view, moving);
    claimAll(view, { ...wanted, mac: undefined }, port);
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
  if (!rules.adopt) return refuse('rename one of the two, or adopt it');
  if (!view.isHere(row))
    return refuse(`it is not on switch "${view.site.logicalSwitch.name}", so it cannot be adopted`);
  const addresses = staticAddresses(row);
  if (addresses === undefined)
    return refuse('it cannot be adopted, because its addresses are not one MAC with IP addresses');
  return { pod, port: row.name, action: 'adopt', row, addresses, drift: driftOf(pool, pod, addresses, wanted) };
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
  const poolLength = pool.entries.length;
  const last = rules.indexing === 'relative' ? workload.replicas : workload.start + workload.replicas;
  const needed = Math.max(last, position + 1);
  const reason =
    `ip_pool has ${poolLength} ${poolLength === 1 ? 'address' : 'addresses'}, ordinal ${pod.ordinal} needs ` +
    `number ${position + 1}; extend ovn.kubernetes.io/ip_pool to at least ${needed}`;
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
  moving: ReadonlySet<string>,
): PortAddresses {
  const mac = chooseMac(workload, pod, view);
  if (wanted !== undefined) {
    const addresses = { ...wanted, mac };
    checkFree(workload, pod, addresses, view, moving);
    return addresses;
  }
  const pick = (family: IpFamily): string | undefined => {
    const network = family === 4 ? view.site.subnet.v4 : view.site.subnet.v6;
    if (network === undefined) return undefined;
    const picked = view.pick(family, pod.name);
    if ('ip' in picked) return picked.ip;
    const cidr = network.cidr.text;
    const reason = `subnet ${cidr} has no free address: of ${picked.total} addresses ${picked.used} are used and ${picked.excluded} reserved or excluded`;
    throw new PortError('SubnetExhausted', subjectOf(workload, pod.name), reason, { cidr, ...picked });
  };
  return { ip4: pick(4), ip6: pick(6), mac };
}

function chooseMac(workload: Workload, pod: WorkloadPod, view: PlanView): string {
  if (pod.macOverride === undefined) {
    for (let attempt = 0; ; attempt++) {
      const mac = view.pickMac(pod.name, attempt);
      if (view.holder(mac, NONE) === undefined) return mac;
    }
  }
  const subject = subjectOf(workload, pod.name);
  let mac: string;
  try {
    mac = parseMac(pod.macOverride);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    const { text, reason } = error;
    throw new PortError(
      'InvalidAddress',
      subject,
      `the MAC address asked for it is malformed: ${error.message}`,
      { text, reason },
      error,
    );
  }
  const holder = view.holder(mac, NONE);
  if (holder === undefined) return mac;
  throw new PortError('MacInUse', subject, `port ${holder.port} has the MAC address ${mac} already`, {
    mac,
    port: holder.port,
  });
}

/** Throws when an address of the pod belongs to a router port, or to another port of the switch. */
function checkFree(
  workload: Workload,
  pod: WorkloadPod,
  { ip4, ip6 }: Wanted,
  view: PlanView,
  except: ReadonlySet<string>,
): void {
  const subject = subjectOf(workload, pod.name);
  for (const ip of [ip4, ip6]) {
    if (ip === undefined) continue;
    const routerPort = view.routerPort(ip);
    if (routerPort !== undefined) {
      const reason = `is the address of router port ${routerPort}`;
      throw new PortError('ReservedAddress', subject, `${ip} ${reason}`, {
        addresses: [{ ip, index: undefined, reason }],
      });
    }
    const holder = view.holder(ip, except);
    if (holder === undefined) continue;
    throw new PortError('AddressInUse', subject, `${ip} belongs to port ${holder.port}`, { ip, ...holder });
  }
}

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

function driftOf(
  pool: Pool | undefined,
  pod: WorkloadPod,
  have: Wanted,
  want: Wanted | undefined,
): PortDrift | undefined {
  if (want === undefined && (pool === undefined || pod.ipOverride !== undefined)) return undefined;
  if (want !== undefined && !differs(have, want)) return undefined;
  return { want: listIps(want ?? { ip4: undefined, ip6: undefined }), have: listIps(have) };
}

function listIps({ ip4, ip6 }: Wanted): string[] {
  return [ip4, ip6].filter((ip) => ip !== undefined);
}

/** The addresses of a port that has one plain element `MAC IP...` with at most one address of each family. */
function staticAddresses(row: ManagedPortRow): PortAddresses | undefined {
  const [only, ...others] = row.addresses;
  const address = only === undefined || others.length > 0 ? undefined : readPortAddress(only);
  if (address?.kind !== 'static') return undefined;
  const ip4s = address.ips.filter((ip) => !ip.includes(':'));
  const ip6s = address.ips.filter((ip) => ip.includes(':'));
  if (address.ips.length === 0 || ip4s.length > 1 || ip6s.length > 1) return undefined;
  return { ip4: ip4s[0], ip6: ip6s[0], mac: address.mac };
}

function attempt<T>(make: () => T): T | PortError {
  try {
    return make();
  } catch (error) {
    if (error instanceof PortError) return error;
    throw error;
  }
}

const NONE: ReadonlySet<string> = new Set();
