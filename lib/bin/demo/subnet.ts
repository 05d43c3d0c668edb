/** The subnet that the demo gives a namespace, and addresses of it that a pool can be extended with. */
import { InvalidArgumentError, printValue } from '../../errors.js';
import { ipFromValue, type Ip } from '../../ipam/address.js';
import { cidrAround, cidrSize, parseIpWithPrefix, reservedKind, type Cidr } from '../../ipam/cidr.js';
import { AddressError } from '../../ipam/errors.js';
import type { Pool, PoolEntry } from '../../ipam/pool.js';
import type { NamespaceSubnet } from '../../statefulset/switches/site.js';
import type { DemoSet } from './manifest.js';

const DEFAULT_CIDR = '10.16.0.0/24';
/** Around the first address of a pool. */
const PREFIX_LENGTH = { 4: 24, 6: 64 } as const;
/** How far the demo looks for free addresses; a subnet of IPv6 has no end. */
const MAX_TRIED = 4096;
/** Smaller subnets have no address to spare for a router. */
const ROUTER_FROM_SIZE = 8n;

/** A subnet as the demo uses it. */
export interface DemoSubnet {
  readonly cidrs: readonly Cidr[];
  /** For the manager: the CIDRs, and the first host kept free, as for a router. An entry of a pool may have it. */
  readonly options: Pick<NamespaceSubnet, 'cidr'> & { readonly exclude: readonly string[] };
}

/** Reads `--subnet`. Throws `InvalidArgumentError`. */
export function parseSubnet(text: string): readonly Cidr[] {
  const cidrs = text.split(',').map((element) => {
    try {
      const { ip, prefixLength } = parseIpWithPrefix(element.trim());
      return cidrAround(ip, prefixLength);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      const message = `--subnet ${printValue(element)}: ${error.reason}; give one such as ${DEFAULT_CIDR} or fd00:10:16::/64`;
      throw new InvalidArgumentError(message, { cause: error });
    }
  });
  if (new Set(cidrs.map(({ family }) => family)).size === cidrs.length) return cidrs;
  throw new InvalidArgumentError(`--subnet ${printValue(text)}: there can be one CIDR of IPv4 and one of IPv6`);
}

/** The subnet that was given, or the /24 or /64 around the first pool's first address of each family. */
export function subnetFor(sets: readonly DemoSet[], given: readonly Cidr[] | undefined): DemoSubnet {
  const cidrs = given ?? aroundPool(sets);
  const exclude = cidrs
    .filter((cidr) => cidrSize(cidr) >= ROUTER_FROM_SIZE)
    .map(({ family, first }) => ipFromValue(family, first.value + 1n).text);
  return { cidrs, options: { cidr: cidrs.map(({ text }) => text), exclude } };
}

/**
 * Up to `count` entries to append to a pool, of the families that its last entry has, with addresses that are in
 * none of `pools` and not in `used`.
 */
export function entriesToAppend(
  count: number,
  subnet: DemoSubnet,
  last: PoolEntry,
  pools: readonly Pool[],
  used: ReadonlySet<string>,
): string[] {
  const taken = new Set([...used, ...subnet.options.exclude]);
  for (const { v4, v6 } of pools.flatMap(({ entries }) => entries)) {
    for (const ip of [v4, v6]) if (ip !== undefined) taken.add(ip.text);
  }
  const columns = [last.v4, last.v6].flatMap((ip) => (ip === undefined ? [] : [freeAfter(ip, subnet, taken, count)]));
  const length = Math.min(...columns.map((column) => column.length));
  return Array.from({ length }, (_, i) => columns.map((column) => column[i]).join(','));
}

/** Free addresses behind `ip`, and from the subnet's beginning when its end is reached. */
function freeAfter({ family, value }: Ip, { cidrs }: DemoSubnet, taken: ReadonlySet<string>, count: number): string[] {
  const cidr = cidrs.find((candidate) => candidate.family === family);
  const found: string[] = [];
  if (cidr === undefined) return found;
  const size = cidrSize(cidr);
  for (let step = 1n; step < size && step <= MAX_TRIED && found.length < count; step++) {
    const ip = ipFromValue(family, cidr.first.value + ((value - cidr.first.value + step) % size));
    if (reservedKind(cidr, ip) === undefined && !taken.has(ip.text)) found.push(ip.text);
  }
  return found;
}

function aroundPool(sets: readonly DemoSet[]): readonly Cidr[] {
  const entries = sets.find(({ pool }) => pool !== undefined)?.pool?.entries ?? [];
  const firsts = [entries.find(({ v4 }) => v4 !== undefined)?.v4, entries.find(({ v6 }) => v6 !== undefined)?.v6];
  const cidrs = firsts.flatMap((ip) => (ip === undefined ? [] : [cidrAround(ip, PREFIX_LENGTH[ip.family])]));
  return cidrs.length === 0 ? parseSubnet(DEFAULT_CIDR) : cidrs;
}
