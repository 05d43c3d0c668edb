import { compareIp, maxIpValue, parseIp, type Ip, type IpFamily } from './address.js';
import { AddressError } from './errors.js';

/** Consecutive addresses of one family, both ends included. */
export interface IpRange {
  readonly first: Ip;
  readonly last: Ip;
}

/**
 * Parses one address (`10.16.0.5`) or a range (`10.16.0.5..10.16.0.9`; blanks around the dots are ignored).
 *
 * @throws AddressError when an end is not an address, the ends differ in family, or the range runs backwards
 */
export function parseIpRange(text: string): IpRange {
  const dots = text.indexOf('..');
  if (dots < 0) {
    const ip = parseIp(text);
    return { first: ip, last: ip };
  }
  const first = parseEnd(text, text.slice(0, dots), 'start');
  const last = parseEnd(text, text.slice(dots + 2), 'end');
  if (first.family !== last.family) throw new AddressError(text, 'a range from one address family to the other');
  if (first.value > last.value) {
    throw new AddressError(text, `a reversed range: did you mean ${last.text}..${first.text}?`);
  }
  return { first, last };
}

function parseEnd(range: string, text: string, end: 'start' | 'end'): Ip {
  try {
    return parseIp(text.trim());
  } catch (error) {
    throw error instanceof AddressError ? new AddressError(range, `${end} of the range: ${error.reason}`) : error;
  }
}

/**
 * Parses a list of addresses and ranges separated by blanks or commas, such as OVN's `exclude_ips`
 * (ovn-nb(5), `other_config:exclude_ips`): `192.168.0.4 192.168.0.30..192.168.0.60`.
 *
 * @returns the ranges in the order of the text; an empty text has none
 * @throws AddressError for the first element that is not one
 */
export function parseIpRangeList(text: string): IpRange[] {
  return text
    .replace(/\s*\.\.\s*/g, '..')
    .split(/[\s,]+/)
    .filter((element) => element !== '')
    .map(parseIpRange);
}

/** Prints one address or range as {@link parseIpRange} reads it. */
export function formatIpRange({ first, last }: IpRange): string {
  return first.value === last.value ? first.text : `${first.text}..${last.text}`;
}

/** Prints addresses and ranges as OVN's `exclude_ips` wants them: `192.168.0.4 192.168.0.30..192.168.0.60`. */
export function formatIpRangeList(ranges: readonly IpRange[]): string {
  return ranges.map(formatIpRange).join(' ');
}

/** Whether an address lies in a range. */
export function rangeContains({ first, last }: IpRange, ip: Ip): boolean {
  return ip.family === first.family && ip.value >= first.value && ip.value <= last.value;
}

/** Whether two ranges have an address in common. */
export function rangesOverlap(a: IpRange, b: IpRange): boolean {
  return a.first.family === b.first.family && a.first.value <= b.last.value && b.first.value <= a.last.value;
}

/** The same addresses as sorted ranges, none of which touch or overlap. */
export function mergeRanges(ranges: readonly IpRange[]): IpRange[] {
  const merged: IpRange[] = [];
  for (const range of [...ranges].sort((a, b) => compareIp(a.first, b.first))) {
    const before = merged.at(-1);
    if (before?.first.family === range.first.family && range.first.value <= before.last.value + 1n) {
      if (range.last.value > before.last.value) merged[merged.length - 1] = { first: before.first, last: range.last };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

/**
 * Why no port can be given an address of the range, or `undefined` when any can be used.
 *
 * Ranges that RFC 6890 and RFC 4291 §2.4 keep from hosts: "this network", loopback, multicast and the limited
 * broadcast of IPv4; the unspecified address, loopback and multicast of IPv6.
 */
export function unassignableReason({ first, last }: IpRange): string | undefined {
  for (const { family, low, high, name } of UNASSIGNABLE) {
    if (family === first.family && first.value <= high && low <= last.value) {
      return first.value === last.value ? `${name} cannot belong to a port` : `the range holds ${name}`;
    }
  }
  return undefined;
}

const UNASSIGNABLE: readonly { family: IpFamily; low: bigint; high: bigint; name: string }[] = [
  { family: 4, low: 0n, high: 0x00ffffffn, name: 'an address of 0.0.0.0/8 ("this network")' },
  { family: 4, low: 0x7f000000n, high: 0x7fffffffn, name: 'a loopback address' },
  { family: 4, low: 0xe0000000n, high: 0xefffffffn, name: 'a multicast address' },
  { family: 4, low: 0xffffffffn, high: 0xffffffffn, name: 'the limited broadcast address' },
  { family: 6, low: 0n, high: 0n, name: 'the unspecified address' },
  { family: 6, low: 1n, high: 1n, name: 'the loopback address' },
  { family: 6, low: 0xffn << 120n, high: maxIpValue(6), name: 'a multicast address' },
];
