import { ipFromValue, parseIp, type Ip, type IpFamily } from './address.js';
import { AddressError } from './errors.js';

/** An IP network such as `10.16.0.0/24`. Immutable. */
export interface Cidr {
  readonly family: IpFamily;
  /** The network address, the same as `first`. */
  readonly network: Ip;
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly prefixLength: number;
  /** The lowest address, reserved ones included. */
  readonly first: Ip;
  /** The highest address, reserved ones included. */
  readonly last: Ip;
  /** Canonical text, for example `10.16.0.0/24`. */
  readonly text: string;
}

/**
 * Parses `address/prefix-length` strictly; the address must be the network's own.
 *
 * @throws AddressError when it is not one, or when bits behind the prefix are set (naming the network probably meant)
 */
export function parseCidr(text: string): Cidr {
  const { ip, prefixLength } = parseIpWithPrefix(text);
  const cidr = cidrAround(ip, prefixLength);
  if (cidr.network.value !== ip.value) {
    throw new AddressError(text, `an address inside a network, not a network: did you mean ${cidr.text}?`);
  }
  return cidr;
}

/**
 * Parses `address/prefix-length`, where the address may be any of the network's.
 *
 * @throws AddressError when it is not one
 */
export function parseIpWithPrefix(text: string): { readonly ip: Ip; readonly prefixLength: number } {
  const slash = text.indexOf('/');
  if (slash < 0) throw new AddressError(text, 'not a CIDR: the prefix length is missing, for example "/24"');
  let ip: Ip;
  try {
    ip = parseIp(text.slice(0, slash));
  } catch (error) {
    throw error instanceof AddressError ? new AddressError(text, error.reason) : error;
  }
  const digits = text.slice(slash + 1);
  const width = addressWidth(ip.family);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > width) {
    throw new AddressError(text, `not a CIDR: the prefix length must be a number from 0 to ${width}`);
  }
  return { ip, prefixLength: Number(digits) };
}

/** The network of the given prefix length that an address lies in. */
export function cidrAround(ip: Ip, prefixLength: number): Cidr {
  const hostBits = BigInt(addressWidth(ip.family) - prefixLength);
  const low = (ip.value >> hostBits) << hostBits;
  const first = low === ip.value ? ip : ipFromValue(ip.family, low);
  const last = ipFromValue(ip.family, low + (1n << hostBits) - 1n);
  return { family: ip.family, network: first, prefixLength, first, last, text: `${first.text}/${prefixLength}` };
}

/** Whether an address lies in a network, reserved addresses included. */
export function cidrContains(cidr: Cidr, ip: Ip): boolean {
  return ip.family === cidr.family && ip.value >= cidr.first.value && ip.value <= cidr.last.value;
}

/** How many addresses a network has, reserved ones included. */
export function cidrSize(cidr: Cidr): bigint {
  return cidr.last.value - cidr.first.value + 1n;
}

/** What an address of a network is reserved for. */
export type ReservedKind = 'network' | 'broadcast' | 'anycast';

/**
 * What the network itself reserves an address for, or `undefined` when a host may have it.
 *
 * IPv4: the network and the broadcast address, except in a /31 (RFC 3021) or /32. IPv6: the Subnet-Router anycast
 * address (RFC 4291 §2.6.1), except in a /127 (RFC 6164) or /128; IPv6 has no broadcast.
 */
export function reservedKind(cidr: Cidr, ip: Ip): ReservedKind | undefined {
  if (addressWidth(cidr.family) - cidr.prefixLength < 2 || ip.family !== cidr.family) return undefined;
  if (ip.value === cidr.first.value) return cidr.family === 4 ? 'network' : 'anycast';
  return cidr.family === 4 && ip.value === cidr.last.value ? 'broadcast' : undefined;
}

/** The lowest and highest address that a host may have: the network without its reserved addresses. */
export function cidrHosts(cidr: Cidr): { readonly first: Ip; readonly last: Ip } {
  const { family, first, last } = cidr;
  return {
    first: reservedKind(cidr, first) === undefined ? first : ipFromValue(family, first.value + 1n),
    last: reservedKind(cidr, last) === undefined ? last : ipFromValue(family, last.value - 1n),
  };
}

function addressWidth(family: IpFamily): number {
  return family === 4 ? 32 : 128;
}
