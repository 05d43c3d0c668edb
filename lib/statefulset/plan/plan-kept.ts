/** Plans for ports that exist already: they stay as they are, unless the rules say otherwise. */
import { tryParseIp, type IpFamily } from '../../ipam/address.js';
import type { Pool } from '../../ipam/pool.js';
import { classifyAddress } from '../../ipam/subnet.js';
import { occupiedAddresses } from '../../nb/occupied-addresses.js';
import { ipsOf, isOfVendor, portName, readManagedPort, staticAddresses } from '../managed-port.js';
import type { IpPair, ManagedPort, ManagedPortRow, PortAddresses } from '../managed-port.js';
import {
  checkFree,
  chooseAddresses,
  chooseMac,
  claimAll,
  differs,
  pickFree,
  poolEnds,
  readMacOverride,
} from './plan-addresses.js';
import { maySwap, type PlanRules, type PlanScope, type PlanView, type PortDrift, type Step } from './pod-plan.js';
import { PortError } from '../port-error.js';
import { movablePorts, type Move } from './readdressing.js';
import { subjectOf } from '../switches/site.js';
import type { Workload, WorkloadPod } from '../workload.js';

/** The port as one that this StatefulSet owns; undefined when it does not. */
export function managedBy(workload: Workload, row: ManagedPortRow | undefined): ManagedPort | undefined {
  const managed = row === undefined ? undefined : readManagedPort(row);
  return managed?.statefulSet === workload.key && isOfVendor(workload.vendor, managed) ? managed : undefined;
}

/** Was the port last used by another incarnation of the StatefulSet? */
export function isOtherIncarnation({ uid }: Workload, { ownerUid }: ManagedPort): boolean {
  return uid !== undefined && ownerUid !== undefined && uid !== ownerUid;
}

/** Was the port last used by a later incarnation of the StatefulSet, as far as creation timestamps tell? */
export function isLaterIncarnation(workload: Workload, kept: ManagedPort): boolean {
  const { createdAt } = workload;
  const { ownerCreatedAt } = kept;
  const isOlder = createdAt !== undefined && ownerCreatedAt !== undefined && createdAt < ownerCreatedAt;
  return isOlder && isOtherIncarnation(workload, kept);
}

const NONE: ReadonlySet<string> = new Set();

/**
 * The kept ports that get other IP addresses on the same switch for certain, with those addresses claimed: others of
 * the plan may take the old ones. `wantedBy` is what each of the pods is to have.
 */
export function planMoves(
  workload: Workload,
  pods: readonly WorkloadPod[],
  wantedBy: readonly (IpPair | PortError | undefined)[],
  view: PlanView,
  rules: PlanRules,
): ReadonlySet<string> {
  if (!maySwap(rules)) return NONE;
  const moves = new Map<string, Move>();
  const wanted: [string, IpPair][] = [];
  const askedMacs = new Set<string>();
  for (const [i, pod] of pods.entries()) {
    const want = wantedBy[i];
    const mac = askedMac(workload, pod);
    const isRepeated = mac !== undefined && askedMacs.has(mac);
    if (mac !== undefined) askedMacs.add(mac);
    if (want === undefined || want instanceof PortError) continue;
    const port = portName(workload.namespace, pod.name);
    wanted.push([port, want]);
    const kept = managedBy(workload, view.port(port));
    if (kept === undefined || view.switchOf(kept.row) !== view.site.logicalSwitch._uuid) continue;
    const fate = fateOf(workload, kept, view, rules);
    const mayMove = fate === 'replaced' || (fate === 'kept' && rules.onDrift === 'readdress');
    const isFree = (address: string): boolean =>
      view.routerPort(address) === undefined && view.holder(address, (holder) => holder === port) === undefined;
    // Whom its MAC address gets refused keeps its IP addresses, too.
    const lacksMac = mac !== undefined && (mac === MALFORMED || (fate === 'replaced' && (isRepeated || !isFree(mac))));
    if (mayMove && !lacksMac && differs(kept, want)) moves.set(port, { have: kept, want });
  }
  const movable = movablePorts(moves, wanted, view);
  for (const [port, { want }] of moves) if (movable.has(port)) claimAll(view, want, port);
  return movable;
}

const MALFORMED = 'malformed';

/** The MAC address that a pod asks for, canonical, or {@link MALFORMED}; undefined when it asks for none. */
function askedMac(workload: Workload, { name, macOverride }: WorkloadPod): string | undefined {
  if (macOverride === undefined) return undefined;
  try {
    return readMacOverride(subjectOf(workload, name), macOverride);
  } catch (error) {
    if (error instanceof PortError) return MALFORMED;
    throw error;
  }
}

/** Plans for a port that the StatefulSet owns. Throws the `PortError` of a pod that is refused. */
export function planKept(scope: PlanScope, pod: WorkloadPod, kept: ManagedPort, wanted: IpPair | undefined): Step {
  const { workload, view, rules } = scope;
  const port = kept.row.name;
  switch (fateOf(workload, kept, view, rules)) {
    case 'stale':
      return { pod, port, action: 'reuse', kept, drift: undefined, stale: true };
    case 'rejected':
      throw ownerMismatch(workload, pod, kept);
    case 'replaced':
      return planReplacement(scope, pod, kept, wanted);
    case 'moved':
      return planMoveHere(scope, pod, kept, wanted);
    case 'kept':
      return planInPlace(scope, pod, kept, wanted);
  }
}

/** `stale` is left to the later incarnation that has it. */
type Fate = 'stale' | 'rejected' | 'replaced' | 'moved' | 'kept';

function fateOf(workload: Workload, kept: ManagedPort, view: PlanView, rules: PlanRules): Fate {
  if (isOtherIncarnation(workload, kept)) {
    if (rules.onRecreate === 'reject') return 'rejected';
    if (isLaterIncarnation(workload, kept)) return 'stale';
    if (rules.onRecreate === 'fresh') return 'replaced';
  }
  const at = view.switchOf(kept.row);
  return at === undefined || at === view.site.logicalSwitch._uuid ? 'kept' : 'moved';
}

/** The port stays where it is: as it is, or with other IP addresses. */
function planInPlace(scope: PlanScope, pod: WorkloadPod, kept: ManagedPort, wanted: IpPair | undefined): Step {
  const { workload, pool, view, rules, moving } = scope;
  const port = kept.row.name;
  // A row that somebody emptied, or made dynamic, has the addresses that it was given no more. Without a pool it is to
  // have those again.
  const isIntact = staticAddresses(kept.row) !== undefined;
  const target = wanted ?? (isIntact || pool !== undefined ? undefined : { ip4: kept.ip4, ip6: kept.ip6 });
  const drift = isIntact ? driftOf(workload, pool, pod, kept, wanted) : brokenDrift(kept, target);
  const isHere = view.switchOf(kept.row) === view.site.logicalSwitch._uuid;
  const isPicked = wanted === undefined && pool === undefined;
  if (rules.onDrift === 'readdress' && isPicked && isIntact && isHere && ipsOf(kept).some(isMisplaced(view))) {
    return planRenumbering(scope, pod, kept);
  }
  // Nothing gives a port in its place another MAC address.
  const moves = target !== undefined && isHere && (!isIntact || differs(kept, target));
  if (drift === undefined || rules.onDrift === 'keep' || (rules.onDrift === 'readdress' && !moves)) {
    return { pod, port, action: 'reuse', kept, drift, stale: false };
  }
  const subject = subjectOf(workload, pod.name, ipsOf(kept).join(' and '));
  if (rules.onDrift === 'error' || target === undefined) {
    const reason =
      `the pool, or an override, says ${drift.want.join(' and ') || 'nothing'} for it; ` +
      "put the pool back, or set onDrift to 'keep' or 'readdress'";
    throw new PortError('PoolDrift', subject, reason, drift);
  }
  if (!moving.has(port)) {
    // It may find its way free after all, but nobody else of this plan may count on it.
    checkFree(subject, target, view, (holder) => holder === port || moving.has(holder));
    claimAll(view, target, port);
  }
  const addresses = { ip4: target.ip4, ip6: target.ip6, mac: kept.mac };
  return { pod, port, action: 'readdress', kept, addresses, drift };
}

/** The subnet of the switch has changed: a port whose addresses were picked gets ones that it can use there. */
function planRenumbering({ workload, view }: PlanScope, pod: WorkloadPod, kept: ManagedPort): Step {
  const port = kept.row.name;
  const subject = subjectOf(workload, pod.name, ipsOf(kept).join(' and '));
  const renumber = (family: IpFamily, ip: string | undefined): string | undefined =>
    ip === undefined || isMisplaced(view)(ip) ? pickFree(subject, pod, family, view) : ip;
  const addresses = { ip4: renumber(4, kept.ip4), ip6: renumber(6, kept.ip6), mac: kept.mac };
  claimAll(view, addresses, port);
  return { pod, port, action: 'readdress', kept, addresses, drift: { want: ipsOf(addresses), have: ipsOf(kept) } };
}

/** Tells addresses that no pod can use: they are outside the subnet, reserved there, or a router port's. */
function isMisplaced(view: PlanView): (text: string) => boolean {
  return (text) => {
    const ip = tryParseIp(text);
    const place = ip === undefined ? 'outside' : classifyAddress(view.site.subnet, ip);
    return (place !== 'ok' && place !== 'excluded') || view.routerPort(text) !== undefined;
  };
}

/** The namespace has another switch now: the port goes there, with an address of the subnet there. */
function planMoveHere(scope: PlanScope, pod: WorkloadPod, kept: ManagedPort, wanted: IpPair | undefined): Step {
  const { workload, pool, view, rules, moving } = scope;
  const port = kept.row.name;
  const from = view.switchOf(kept.row);
  if (from === undefined) throw new Error(`port ${port} is on no switch that is replicated`);
  const subject = subjectOf(workload, pod.name, ipsOf(kept).join(' and '));
  if (wanted === undefined && pool !== undefined) throw poolEnds(workload, pool, pod, rules.indexing, subject);
  const isExcepted = (holder: string): boolean => moving.has(holder);
  const addresses = chooseAddresses(subject, pod, wanted, view, { isExcepted, keptMac: kept.mac });
  claimAll(view, addresses, port);
  return { pod, port, action: 'move', kept, addresses, from };
}

/** A new port in place of the one that an earlier incarnation left. */
function planReplacement(scope: PlanScope, pod: WorkloadPod, kept: ManagedPort, wanted: IpPair | undefined): Step {
  const { workload, pool, view, rules, moving } = scope;
  const port = kept.row.name;
  const subject = subjectOf(workload, pod.name, ipsOf(kept).join(' and '));
  if (wanted === undefined && pool !== undefined) throw poolEnds(workload, pool, pod, rules.indexing, subject);
  if (wanted !== undefined && moving.has(port)) {
    // Its IP addresses are claimed already.
    const mac = chooseMac(subject, pod, view, { replaces: port });
    view.claim(mac, port);
    return { pod, port, action: 'create', addresses: { ip4: wanted.ip4, ip6: wanted.ip6, mac }, replaces: kept };
  }
  const isExcepted = (holder: string): boolean => holder === port || moving.has(holder);
  const isHere = view.switchOf(kept.row) === view.site.logicalSwitch._uuid;
  const ownIps = { ip4: ownIp(kept.ip4, view), ip6: ownIp(kept.ip6, view) };
  const addresses = chooseAddresses(subject, pod, wanted, view, {
    isExcepted,
    replaces: port,
    ...(isHere && { ownIps }),
  });
  claimAll(view, addresses, port);
  return { pod, port, action: 'create', addresses, replaces: kept };
}

/** The address of a port, if one could be picked there today. */
function ownIp(text: string | undefined, { site }: PlanView): string | undefined {
  const ip = tryParseIp(text ?? '');
  return ip !== undefined && classifyAddress(site.subnet, ip) === 'ok' ? ip.text : undefined;
}

/**
 * The drift of a port whose row does not hold just one MAC with IP addresses: what it lacks. What people have added is
 * no drift.
 */
function brokenDrift({ row, mac }: ManagedPort, target: IpPair | undefined): PortDrift | undefined {
  const { ips: have, macs } = occupiedAddresses(row);
  const want = target === undefined ? [] : ipsOf(target);
  if (target === undefined || !want.every((ip) => have.includes(ip))) return { want, have };
  return macs.includes(mac) ? undefined : { want: [...want, mac], have: [...have, ...macs] };
}

/** `want` and `have` show the MAC address only where an override asks for another one than the port has. */
export function driftOf(
  workload: Workload,
  pool: Pool | undefined,
  pod: WorkloadPod,
  have: PortAddresses,
  want: IpPair | undefined,
): PortDrift | undefined {
  const subject = subjectOf(workload, pod.name, ipsOf(have).join(' and '));
  const mac = pod.macOverride === undefined ? have.mac : readMacOverride(subject, pod.macOverride);
  const isPicked = want === undefined && pool === undefined;
  const isElsewhere = !isPicked && (want === undefined || differs(have, want));
  if (!isElsewhere && mac === have.mac) return undefined;
  const wantedIps = isPicked ? ipsOf(have) : want === undefined ? [] : ipsOf(want);
  return mac === have.mac
    ? { want: wantedIps, have: ipsOf(have) }
    : { want: [...wantedIps, mac], have: [...ipsOf(have), have.mac] };
}

function ownerMismatch(workload: Workload, pod: WorkloadPod, kept: ManagedPort): PortError {
  const subject = subjectOf(workload, pod.name, ipsOf(kept).join(' and '));
  const [have = '', given = ''] = [kept.ownerUid, workload.uid];
  const reason =
    `it was made for the StatefulSet of this name with uid ${have}, and this one has uid ${given}; ` +
    "release the old one's ports, or set onRecreate to 'inherit' or 'fresh'";
  return new PortError('OwnerMismatch', subject, reason, { port: kept.row.name, have, given });
}
