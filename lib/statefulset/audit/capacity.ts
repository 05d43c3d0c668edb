/**
 * How many addresses there are for a StatefulSet, and who has them.
 *
 * Each address (each entry, where there is a pool) counts once: for the StatefulSet when one of its ports on the switch
 * has it, whichever ordinal that is and whichever the pool means it for; else for whoever else has it; else it is free.
 * A port of the StatefulSet whose address is none of those counted, because the pool was shortened or an override asked
 * for it, counts nowhere. So the four figures always add up to the size.
 */
import type { Pool, PoolEntry } from '../../ipam/pool.js';
import { tryParseIp, type IpFamily } from '../../ipam/address.js';
import { classifyAddress, type SubnetNetwork } from '../../ipam/subnet.js';
import { ipsOf, portName, type ManagedPort } from '../managed-port.js';
import type { Site } from '../switches/site.js';
import type { SwitchIndex } from '../switches/switch-index.js';
import { podOfOrdinal, type Workload } from '../workload.js';

/** The addresses of a StatefulSet, as they are now; each figure is a `bigint` only where it is beyond 2^53. */
export interface Capacity {
  /** `namespace/name`. */
  readonly statefulSet: string;
  /**
   * What is counted: entries of the pool, or addresses of the subnet that can be given out unasked. Of a dual-stack
   * subnet these are the addresses of the family of which fewer are free, because a pod takes one of each.
   */
  readonly source: 'pool' | 'subnet';
  /** All of them: `assigned`, `retained`, `unavailable` and `free` together. */
  readonly size: number | bigint;
  /** Those that ports of ordinals within the replicas have. */
  readonly assigned: number | bigint;
  /** Those that ports beyond the replicas have, which are kept for their pods to come back. */
  readonly retained: number | bigint;
  /**
   * Those that somebody else has: other ports of the switch, virtual IPs and router ports, or a port that is being made
   * at this moment, unless it is for the pod that the entry is meant for. An entry with two addresses is unavailable
   * when either of them is.
   */
  readonly unavailable: number | bigint;
  readonly free: number | bigint;
  /**
   * The first ordinal, counted from `spec.ordinals.start` and beyond the replicas as well, whose pod has no port on the
   * switch and could get none: the pool ends before it or its entry belongs to somebody else, or as many addresses as
   * are free go to ordinals before it. Undefined when there is none below 2^31. Overrides of single pods, which
   * are not known here, are left out of account.
   */
  readonly firstUncoveredOrdinal: number | undefined;
}

/** Name of the port that claims an address in a transaction on its way, if one does. */
export type Claimant = (address: string) => string | undefined;

/** Kubernetes' ordinals end here. */
const MAX_ORDINAL = 2 ** 31 - 1;

/**
 * Counts the addresses of a StatefulSet, at a cost in proportion to its pool and its kept ports, however large the
 * subnet is. `pool` is its pool, read and checked; `kept` are all ports that are kept for it, on whatever switch.
 */
export function capacityOf(
  workload: Workload,
  pool: Pool | undefined,
  site: Site,
  index: SwitchIndex,
  kept: readonly ManagedPort[],
  indexing: 'relative' | 'absolute',
  claimant: Claimant = () => undefined,
): Capacity {
  // A port on another switch has no address here; it needs one when it moves.
  const here = kept.filter(({ row }) => index.has(row._uuid));
  return pool === undefined
    ? subnetCapacity(workload, site, index, here)
    : poolCapacity(workload, pool, index, here, indexing, claimant);
}

function poolCapacity(
  workload: Workload,
  { entries }: Pool,
  index: SwitchIndex,
  here: readonly ManagedPort[],
  indexing: 'relative' | 'absolute',
  claimant: Claimant,
): Capacity {
  const own = new Map(here.map((port) => [port.row._uuid, port]));
  const covered = new Set(here.map(({ ordinal }) => ordinal));
  const routerAddresses = index.routerAddresses();
  const offset = indexing === 'relative' ? workload.start : 0;
  const counts = { assigned: 0, retained: 0, unavailable: 0, free: 0 };
  const usable = entries.map((entry, position) => {
    const ordinal = offset + position;
    const ips = addressesOf(entry);
    const owners = ips.flatMap((ip) => index.owners(ip));
    const holders = owners.flatMap(({ _uuid }) => own.get(_uuid)?.ordinal ?? []);
    const claims = ips.flatMap((ip) => claimant(ip) ?? []);
    // The pod that the entry is meant for is about to have it.
    const isComing = claims.length > 0 && claims.every((port) => port === ownPort(workload, ordinal));
    if (isComing) holders.push(ordinal);
    const isFree = owners.length === 0 && claims.length === 0 && !ips.some((ip) => routerAddresses.has(ip));
    if (holders.some((holder) => isWithin(workload, holder))) counts.assigned++;
    else if (holders.length > 0) counts.retained++;
    else if (isFree) counts.free++;
    else counts.unavailable++;
    return isFree || isComing;
  });
  let ordinal = workload.start;
  while (covered.has(ordinal) || usable[ordinal - offset] === true) ordinal++;
  return {
    statefulSet: workload.key,
    source: 'pool',
    size: entries.length,
    ...counts,
    firstUncoveredOrdinal: ordinal <= MAX_ORDINAL ? ordinal : undefined,
  };
}

function subnetCapacity(workload: Workload, site: Site, index: SwitchIndex, here: readonly ManagedPort[]): Capacity {
  const routerAddresses = index.routerAddresses();
  const families = ([4, 6] as const).flatMap((family) => {
    const network = family === 4 ? site.subnet.v4 : site.subnet.v6;
    return network === undefined ? [] : [familyCounts(workload, site, family, network, index, here, routerAddresses)];
  });
  const scarcest = families.reduce((least, counts) => (counts.free < least.free ? counts : least));
  const counts = Object.entries(scarcest).map(([name, count]) => [name, narrow(count)] as const);
  return {
    statefulSet: workload.key,
    source: 'subnet',
    ...(Object.fromEntries(counts) as Record<keyof typeof scarcest, number | bigint>),
    firstUncoveredOrdinal: ordinalAfter(workload.start, scarcest.free, here),
  };
}

function familyCounts(
  workload: Workload,
  site: Site,
  family: IpFamily,
  network: SubnetNetwork,
  index: SwitchIndex,
  here: readonly ManagedPort[],
  routerAddresses: ReadonlyMap<string, string>,
): Record<'size' | 'assigned' | 'retained' | 'unavailable' | 'free', bigint> {
  const space = index.space(network);
  const assigned = new Set<string>();
  const retained = new Set<string>();
  for (const port of here) {
    const text = family === 4 ? port.ip4 : port.ip6;
    const ip = text === undefined ? undefined : tryParseIp(text);
    if (ip === undefined || routerAddresses.has(ip.text) || classifyAddress(site.subnet, ip) !== 'ok') continue;
    (isWithin(workload, port.ordinal) ? assigned : retained).add(ip.text);
  }
  for (const ip of assigned) retained.delete(ip);
  const size = space.size - space.unavailableCount;
  const own = { assigned: BigInt(assigned.size), retained: BigInt(retained.size) };
  const { freeCount: free } = space;
  return { size, ...own, unavailable: size - free - own.assigned - own.retained, free };
}

/** The ordinal that gets none when `free` addresses go to the first ordinals that have no port. */
function ordinalAfter(start: number, free: bigint, here: readonly ManagedPort[]): number | undefined {
  let ordinal = start + Number(free);
  const covered = [...new Set(here.map((port) => port.ordinal))].filter((n) => n >= start).sort((a, b) => a - b);
  for (const port of covered) {
    if (port > ordinal) break;
    ordinal++;
  }
  return ordinal <= MAX_ORDINAL ? ordinal : undefined;
}

function addressesOf({ v4, v6 }: PoolEntry): string[] {
  return ipsOf({ ip4: v4?.text, ip6: v6?.text });
}

function ownPort(workload: Workload, ordinal: number): string {
  return portName(workload.namespace, podOfOrdinal(workload, ordinal).name);
}

function isWithin({ start, replicas }: Workload, ordinal: number): boolean {
  return ordinal >= start && ordinal < start + replicas;
}

function narrow(count: bigint): number | bigint {
  return count > BigInt(Number.MAX_SAFE_INTEGER) ? count : Number(count);
}
