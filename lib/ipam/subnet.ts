/**
 * A subnet as an address manager sees it: at most one network of each family, the router's address in it, and what must
 * not be given out. Made from options or from a logical switch's `other_config`.
 */
import { ipFromValue, parseIp, tryParseIp, type Ip, type IpFamily } from './address.js';
import {
  cidrAround,
  cidrContains,
  parseCidr,
  parseIpWithPrefix,
  reservedKind,
  type Cidr,
  type ReservedKind,
} from './cidr.js';
import { AddressError } from './errors.js';
import {
  formatIpRange,
  mergeRanges,
  parseIpRange,
  parseIpRangeList,
  rangeContains,
  rangesOverlap,
  unassignableReason,
  type IpRange,
} from './range.js';

/** The part of a subnet that belongs to one address family. */
export interface SubnetNetwork {
  readonly cidr: Cidr;
  /** The router's address, where it is known. */
  readonly gateway?: Ip;
  /** True when no gateway was named, and OVN's own IPAM keeps this address for the router (ovn-nb(5)). */
  readonly gatewayAssumed: boolean;
  /** Addresses that are not given out unasked: sorted, inside the network, none of them touching. */
  readonly excluded: readonly IpRange[];
}

/** A subnet: one network of either family, or one of each. */
export interface Subnet {
  readonly v4?: SubnetNetwork;
  readonly v6?: SubnetNetwork;
}

/** How a caller describes a subnet. */
export interface SubnetOptions {
  /** One CIDR, or one of each family as a list or with a comma between them: `10.16.0.0/24,fd00:10:16::/64`. */
  readonly cidr: string | readonly string[];
  /** The router's address, at most one of each family, in the same form. Without it no address is kept for a router. */
  readonly gateway?: string | readonly string[];
  /** Addresses and ranges (`10.16.0.2..10.16.0.9`) not to be given out unasked, as a list or separated by blanks or commas. */
  readonly exclude?: string | readonly string[];
}

/** The keys of a Logical_Switch's `other_config` that describe its subnet (ovn-nb(5)); others may be there as well. */
export type SwitchOtherConfig = Readonly<Record<string, string>>;

/**
 * Makes a subnet from options.
 *
 * @throws AddressError when a CIDR, gateway or range is malformed, there are two of one family, a gateway is outside its
 * network or one of its reserved addresses, or an excluded range is not inside a network
 */
export function parseSubnet(options: SubnetOptions): Subnet {
  const cidrs = onePerFamily(
    'CIDR',
    splitList(options.cidr).map(parseCidr),
    (cidr) => cidr.family,
    (cidr) => cidr.text,
  );
  if (cidrs.size === 0) throw new AddressError('', 'a subnet needs a CIDR');
  const gateways = onePerFamily(
    'gateway',
    splitList(options.gateway ?? []).map(parseIp),
    (ip) => ip.family,
    (ip) => ip.text,
  );
  const exclude = options.exclude ?? [];
  const excluded =
    typeof exclude === 'string' ? parseIpRangeList(exclude) : exclude.map((text) => parseIpRange(text.trim()));

  for (const cidr of cidrs.values()) checkNetwork(cidr.text, cidr);
  for (const gateway of gateways.values()) {
    const cidr = cidrs.get(gateway.family);
    if (cidr === undefined)
      throw new AddressError(gateway.text, `the gateway has no IPv${gateway.family} CIDR beside it`);
    if (!cidrContains(cidr, gateway)) throw new AddressError(gateway.text, `the gateway is outside ${cidr.text}`);
    const kind = reservedKind(cidr, gateway);
    if (kind !== undefined)
      throw new AddressError(gateway.text, `the gateway is the ${RESERVED_NAMES[kind]} of ${cidr.text}`);
  }
  for (const range of excluded) {
    const cidr = cidrs.get(range.first.family);
    if (cidr === undefined || !cidrContains(cidr, range.first) || !cidrContains(cidr, range.last)) {
      const texts = [...cidrs.values()].map(({ text }) => text).join(' and ');
      throw new AddressError(formatIpRange(range), `the excluded addresses are not inside ${texts}`);
    }
  }
  return makeSubnet([...cidrs.values()], gateways, false, excluded);
}

/**
 * Makes a subnet from the `other_config` of a Logical_Switch: `subnet`, `exclude_ips` and `ipv6_prefix` (a /64).
 *
 * It is read the way ovn-northd reads it: `subnet` may name any address of the network and may have a dotted mask,
 * excluded addresses outside the network mean nothing. OVN's IPAM never gives out the first host address of an IPv4
 * subnet, because the router is expected to have it; it becomes the gateway here, with `gatewayAssumed`.
 *
 * @param what - names the switch in errors, for example `Logical_Switch "product"`
 * @returns `undefined` when neither `subnet` nor `ipv6_prefix` is set
 * @throws AddressError when a key is there and cannot be understood
 */
export function subnetFromOtherConfig(otherConfig: SwitchOtherConfig, what = 'the logical switch'): Subnet | undefined {
  const { subnet, exclude_ips: excludeIps, ipv6_prefix: ipv6Prefix } = otherConfig;
  const inKey = <T>(key: string, text: string, parse: (text: string) => T): T => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof AddressError
        ? new AddressError(text, `other_config:${key} of ${what}: ${error.reason}`)
        : error;
    }
  };
  const cidrs: Cidr[] = [];
  const gateways = new Map<IpFamily, Ip>();
  if (subnet !== undefined) {
    const cidr = inKey('subnet', subnet, parseOvnSubnet);
    cidrs.push(cidr);
    if (cidr.prefixLength < 32) gateways.set(4, ipFromValue(4, cidr.first.value + 1n));
  }
  if (ipv6Prefix !== undefined) cidrs.push(inKey('ipv6_prefix', ipv6Prefix, parseIpv6Prefix));
  if (cidrs.length === 0) return undefined;
  const excluded = excludeIps === undefined ? [] : inKey('exclude_ips', excludeIps, parseIpRangeList);
  return makeSubnet(cidrs, gateways, true, excluded);
}

/** How an address stands to a subnet; only `ok` is free for any port. */
export type AddressClass = 'ok' | 'outside' | ReservedKind | 'gateway' | 'excluded';

/** Classifies an address; what the network reserves comes before the gateway, and that before exclusions. */
export function classifyAddress(subnet: Subnet, ip: Ip): AddressClass {
  const network = ip.family === 4 ? subnet.v4 : subnet.v6;
  if (network === undefined || !cidrContains(network.cidr, ip)) return 'outside';
  const reserved = reservedKind(network.cidr, ip);
  if (reserved !== undefined) return reserved;
  if (network.gateway?.value === ip.value) return 'gateway';
  return isExcluded(network, ip) ? 'excluded' : 'ok';
}

/** All addresses of a network that are not given out unasked: reserved ones, the gateway and the excluded; merged. */
export function unavailableRanges({ cidr, gateway, excluded }: SubnetNetwork): IpRange[] {
  const single = [cidr.first, cidr.last].filter((ip) => reservedKind(cidr, ip) !== undefined);
  if (gateway !== undefined) single.push(gateway);
  return mergeRanges([...excluded, ...single.map((ip) => ({ first: ip, last: ip }))]);
}

/** There may be thousands of ranges, and as many addresses to ask about; the ranges are sorted and do not touch. */
function isExcluded({ excluded }: SubnetNetwork, ip: Ip): boolean {
  let low = 0;
  let high = excluded.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = excluded[middle];
    if (range !== undefined && range.last.value < ip.value) low = middle + 1;
    else high = middle;
  }
  const range = excluded[low];
  return range !== undefined && rangeContains(range, ip);
}

const RESERVED_NAMES: Readonly<Record<ReservedKind, string>> = {
  network: 'network address',
  broadcast: 'broadcast address',
  anycast: 'Subnet-Router anycast address',
};

function makeSubnet(
  cidrs: readonly Cidr[],
  gateways: ReadonlyMap<IpFamily, Ip>,
  gatewayAssumed: boolean,
  excluded: readonly IpRange[],
): Subnet {
  const network = (family: IpFamily): SubnetNetwork | undefined => {
    const cidr = cidrs.find((candidate) => candidate.family === family);
    if (cidr === undefined) return undefined;
    const gateway = gateways.get(family);
    return {
      cidr,
      ...(gateway && { gateway }),
      gatewayAssumed: gatewayAssumed && gateway !== undefined,
      excluded: mergeRanges(excluded.filter((range) => rangesOverlap(range, cidr)).map((range) => clip(range, cidr))),
    };
  };
  const v4 = network(4);
  const v6 = network(6);
  return { ...(v4 && { v4 }), ...(v6 && { v6 }) };
}

function clip(range: IpRange, cidr: Cidr): IpRange {
  return {
    first: range.first.value < cidr.first.value ? cidr.first : range.first,
    last: range.last.value > cidr.last.value ? cidr.last : range.last,
  };
}

function checkNetwork(text: string, cidr: Cidr): void {
  const reason = unassignableReason(cidr);
  if (reason !== undefined) throw new AddressError(text, `not a subnet for ports: ${reason}`);
}

function parseOvnSubnet(text: string): Cidr {
  const { ip, prefixLength } = parseIpWithPrefix(withPrefixLength(text.trim()));
  if (ip.family !== 4) throw new AddressError(text, 'not an IPv4 subnet; an IPv6 one belongs in ipv6_prefix');
  const cidr = cidrAround(ip, prefixLength);
  checkNetwork(text, cidr);
  return cidr;
}

/** Turns the dotted mask that ovn-northd allows, `10.0.0.0/255.255.255.0`, into a prefix length. */
function withPrefixLength(text: string): string {
  const slash = text.indexOf('/');
  const mask = tryParseIp(text.slice(slash + 1));
  if (slash < 0 || mask?.family !== 4) return text;
  const bits = mask.value.toString(2).padStart(32, '0');
  if (!/^1*0*$/.test(bits)) throw new AddressError(text, 'not a CIDR: the mask has holes');
  return `${text.slice(0, slash)}/${bits.replaceAll('0', '').length}`;
}

function parseIpv6Prefix(text: string): Cidr {
  const [, address = '', prefixLength] = /^([^/]*)(\/.*)?$/s.exec(text.trim()) ?? [];
  if (prefixLength !== undefined && prefixLength !== '/64')
    throw new AddressError(text, 'the prefix length must be /64');
  const ip = parseIp(address);
  if (ip.family !== 6) throw new AddressError(text, 'not an IPv6 prefix');
  const cidr = cidrAround(ip, 64);
  if (cidr.first.value !== ip.value) {
    throw new AddressError(text, `bits are set behind the first 64: did you mean ${cidr.first.text}?`);
  }
  checkNetwork(text, cidr);
  return cidr;
}

function splitList(list: string | readonly string[]): string[] {
  return typeof list === 'string' ? list.split(',').map((item) => item.trim()) : list.map((item) => item.trim());
}

function onePerFamily<T>(
  what: string,
  items: readonly T[],
  familyOf: (item: T) => IpFamily,
  print: (item: T) => string,
): Map<IpFamily, T> {
  const byFamily = new Map<IpFamily, T>();
  for (const item of items) {
    const family = familyOf(item);
    const other = byFamily.get(family);
    if (other !== undefined) {
      throw new AddressError(
        print(item),
        `a second IPv${family} ${what} beside ${print(other)}; a subnet has at most one`,
      );
    }
    byFamily.set(family, item);
  }
  return byFamily;
}
