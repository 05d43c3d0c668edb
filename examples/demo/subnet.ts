/** The subnet that the demo gives a namespace, and addresses of it that a pool can be extended with. */
import { parsePool, type Ip, type IpFamily, type NamespaceSubnet, type Pool, type PoolEntry } from 'ovn-northbound';

import type { DemoSet } from './manifest.js';
import { UsageError } from './options.js';

const DEFAULT_CIDR = '10.16.0.0/24';
const BITS = { 4: 32, 6: 128 } as const;
/** How far the demo looks for free addresses; a subnet of IPv6 has no end. */
const MAX_TRIED = 4096;

interface Cidr {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly size: bigint;
  readonly text: string;
}

export interface DemoSubnet {
  readonly cidrs: readonly Cidr[];
  /** For the manager: the CIDRs, and the first host kept free, as for a router. An entry of a pool may have it. */
  readonly options: Pick<NamespaceSubnet, 'cidr'> & { readonly exclude: readonly string[] };
}

/** The subnet of `--subnet`, or the /24 or /64 around the first pool's first address of each family. */
export function subnetFor(sets: readonly DemoSet[], given: string | undefined): DemoSubnet {
  const cidrs = (given?.split(',') ?? aroundPool(sets)).map(readCidr);
  const exclude = cidrs.filter(({ size }) => size >= 8n).map(({ family, first }) => ipText(family, first + 1n));
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
  const taken = new Set(used);
  for (const { v4, v6 } of pools.flatMap(({ entries }) => entries)) {
    for (const ip of [v4, v6]) if (ip !== undefined) taken.add(ip.text);
  }
  const columns = [last.v4, last.v6].flatMap((ip) => (ip === undefined ? [] : [freeAfter(ip, subnet, taken, count)]));
  const length = Math.min(...columns.map((column) => column.length));
  return Array.from({ length }, (_, i) => columns.map((column) => column[i]).join(','));
}

function freeAfter(ip: Ip, { cidrs, options }: DemoSubnet, taken: ReadonlySet<string>, count: number): string[] {
  const cidr = cidrs.find(({ family }) => family === ip.family);
  const found: string[] = [];
  if (cidr === undefined) return found;
  for (let step = 1n; step < cidr.size && step <= MAX_TRIED && found.length < count; step++) {
    const offset = (ip.value - cidr.first + step) % cidr.size;
    // The network's own address and an IPv4 network's broadcast address are no host's.
    if (cidr.size > 2n && (offset === 0n || (cidr.family === 4 && offset === cidr.size - 1n))) continue;
    const text = ipText(cidr.family, cidr.first + offset);
    if (!taken.has(text) && !options.exclude.includes(text)) found.push(text);
  }
  return found;
}

function aroundPool(sets: readonly DemoSet[]): string[] {
  const entries = sets.find(({ pool }) => pool !== undefined)?.pool?.entries ?? [];
  const v4 = entries.find((entry) => entry.v4 !== undefined)?.v4;
  const v6 = entries.find((entry) => entry.v6 !== undefined)?.v6;
  const cidrs = [v4 && `${v4.text}/24`, v6 && `${v6.text}/64`].filter((text) => text !== undefined);
  return cidrs.length === 0 ? [DEFAULT_CIDR] : cidrs;
}

function readCidr(text: string): Cidr {
  const [, address = '', prefix = ''] = /^\s*([0-9a-fA-F.:]+)\/([0-9]{1,3})\s*$/.exec(text) ?? [];
  const ip = readIp(address);
  const prefixLength = Number(prefix);
  if (ip === undefined || prefix === '' || prefixLength > BITS[ip.family]) {
    throw new UsageError(`--subnet "${text}" is not a CIDR such as 10.16.0.0/24 or fd00:10:16::/64`);
  }
  const size = 1n << BigInt(BITS[ip.family] - prefixLength);
  const first = ip.value - (ip.value % size);
  return { family: ip.family, first, size, text: `${ipText(ip.family, first)}/${prefixLength}` };
}

function readIp(text: string): Ip | undefined {
  try {
    const [entry] = parsePool(text).entries;
    return entry?.v4 ?? entry?.v6;
  } catch {
    return undefined;
  }
}

function ipText(family: IpFamily, value: bigint): string {
  const width = family === 4 ? 8n : 16n;
  const groups = Array.from({ length: family === 4 ? 4 : 8 }, (_, i, n = BigInt(family === 4 ? 3 : 7)) =>
    ((value >> (width * (n - BigInt(i)))) & ((1n << width) - 1n)).toString(family === 4 ? 10 : 16),
  );
  const ip = readIp(groups.join(family === 4 ? '.' : ':'));
  return ip?.text ?? groups.join(':');
}
