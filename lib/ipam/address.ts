/**
 * IP addresses, read strictly.
 *
 * ipaddr.js understands everything that inet_aton(3) ever did: `010.0.0.1` is 8.0.0.1 to it, `10.1` is 10.0.0.1,
 * and `::1.2.3.4` becomes the IPv4-mapped `::ffff:102:304`. An address that a person reads one way and the program
 * another ends up on the wrong pod, so every text passes a guard here before ipaddr.js sees it.
 *
 * The canonical text (dotted decimal, RFC 5952) is made once and is the key for indexes: it is what rows of the
 * database hold anyway, it cannot mix up the families, and a string hashes faster than a bigint in a Map.
 */
import ipaddr from 'ipaddr.js';
import { AddressError } from './errors.js';

/** The two families of IP addresses. */
export type IpFamily = 4 | 6;

/** An IP address. Immutable; two of them are the same address exactly when their `text` is equal. */
export interface Ip {
  readonly family: IpFamily;
  /** The address as a number: 32 bits for IPv4, 128 bits for IPv6. */
  readonly value: bigint;
  /** The canonical text: dotted decimal for IPv4, RFC 5952 for IPv6. The key to use in a Map or Set. */
  readonly text: string;
}

/**
 * Parses an IP address strictly.
 *
 * IPv4 is four decimal numbers without leading zeros. IPv6 is any spelling of RFC 4291 §2.2 in any letter case, also
 * with the last 32 bits in dotted decimal. Refused are short, octal and hexadecimal IPv4, zone ids (`%eth0`), prefix
 * lengths, blanks, and the IPv4-mapped `::ffff:0:0/96`, which is a second name of an IPv4 address and would let one
 * address be given out twice.
 *
 * @throws AddressError when the text is anything else
 */
export function parseIp(text: string): Ip {
  const read = readIp(text);
  if (typeof read === 'string') throw new AddressError(text, read);
  return read;
}

/** As {@link parseIp}, but returns `undefined` instead of throwing. */
export function tryParseIp(text: string): Ip | undefined {
  const read = readIp(text);
  return typeof read === 'string' ? undefined : read;
}

/**
 * The address for a number.
 *
 * @param value - 0 to 2^32 - 1 for IPv4, 0 to 2^128 - 1 for IPv6
 * @throws AddressError when the number does not fit the family, or lies in the IPv4-mapped `::ffff:0:0/96`
 */
export function ipFromValue(family: IpFamily, value: bigint): Ip {
  if (value < 0n || value > maxIpValue(family))
    throw new AddressError(value.toString(), `out of range for IPv${family}`);
  if (family === 4) return { family, value, text: formatIpv4(Number(value)) };
  if (value >> 32n === 0xffffn) throw new AddressError(value.toString(), MAPPED);
  return { family, value, text: formatIpv6(value) };
}

/** The highest address of a family, as a number. */
export function maxIpValue(family: IpFamily): bigint {
  return family === 4 ? 0xffffffffn : (1n << 128n) - 1n;
}

/** Orders addresses for `Array.sort`: IPv4 before IPv6, then by number. */
export function compareIp(a: Ip, b: Ip): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** The key of an address for a Map or Set: its canonical text. */
export function ipKey(ip: Ip): string {
  return ip.text;
}

/**
 * The canonical text of an IP address, or `undefined` when the text is not one: {@link parseIp} without the object.
 *
 * Text that is canonical already, as nearly all text in a database is, comes back as it is after one look at each
 * character.
 */
export function canonicalIp(text: string): string | undefined {
  if (text.includes(':')) return isCanonicalIpv6(text) ? text : tryParseIp(text)?.text;
  return scanIpv4(text) < 0 ? undefined : text;
}

const MAPPED = 'an IPv4-mapped IPv6 address; write the IPv4 address itself';

/** The address, or in words why there is none. */
function readIp(text: string): Ip | string {
  if (!text.includes(':')) {
    const value = scanIpv4(text);
    return value < 0 ? explainIpv4(text) : { family: 4, value: BigInt(value), text };
  }
  return readIpv6(text);
}

/** The number of a dotted decimal IPv4 address without leading zeros, or -1. */
function scanIpv4(text: string): number {
  const { length } = text;
  if (length < 7 || length > 15) return -1;
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      if (octet === 0) return -1;
      octet = octet < 0 ? code - 48 : octet * 10 + code - 48;
      if (octet > 255) return -1;
    } else if (code === 46 && octet >= 0) {
      value = value * 256 + octet;
      octet = -1;
      dots++;
    } else {
      return -1;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

function explainIpv4(text: string): string {
  if (text === '') return 'empty';
  if (/\s/.test(text)) return 'not an IP address: there is a blank in it';
  if (text.includes('/')) return 'not an IP address: a prefix length has no place here';
  const octets = text.split('.');
  if (!/^[0-9a-fxA-FX.]+$/.test(text) || !/^[0-9.]/.test(text)) return 'not an IP address';
  if (octets.length !== 4) return `not an IPv4 address: ${octets.length} of 4 parts`;
  for (const octet of octets) {
    if (octet === '') return 'not an IPv4 address: a part is empty';
    if (!/^[0-9]+$/.test(octet)) return `not an IPv4 address: "${octet}" is not a decimal number`;
    if (octet.length > 1 && octet.startsWith('0')) return `not an IPv4 address: "${octet}" has a leading zero`;
    if (octet.length > 3 || Number(octet) > 255) return `not an IPv4 address: ${octet} is above 255`;
  }
  return 'not an IPv4 address';
}

function readIpv6(text: string): Ip | string {
  // Nearly every text comes out of a database where it was put in this form.
  if (isCanonicalIpv6(text)) return { family: 6, value: canonicalIpv6Value(text), text };
  if (/\s/.test(text)) return 'not an IP address: there is a blank in it';
  if (text.includes('%')) return 'an IPv6 address with a zone id, which means nothing outside its host';
  if (text.includes('/')) return 'not an IP address: a prefix length has no place here';
  const hexadecimal = text.includes('.') ? replaceDottedTail(text) : text;
  if (hexadecimal === undefined || !/^[0-9a-fA-F:]+$/.test(hexadecimal)) return 'not an IPv6 address';
  let parsed: ipaddr.IPv6;
  try {
    parsed = ipaddr.IPv6.parse(hexadecimal);
  } catch {
    return 'not an IPv6 address';
  }
  if (parsed.isIPv4MappedAddress()) return MAPPED;
  let value = 0n;
  for (const part of parsed.parts) value = (value << 16n) | BigInt(part);
  return { family: 6, value, text: parsed.toRFC5952String() };
}

// Done here, because ipaddr.js takes `::1.2.3.4` for the IPv4-mapped address and reads `010` in it as octal.
function replaceDottedTail(text: string): string | undefined {
  const start = text.lastIndexOf(':') + 1;
  const value = scanIpv4(text.slice(start));
  if (value < 0) return undefined;
  return `${text.slice(0, start)}${Math.floor(value / 65536).toString(16)}:${(value % 65536).toString(16)}`;
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function formatIpv6(value: bigint): string {
  const parts: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) parts.push(Number((value >> shift) & 0xffffn));
  return new ipaddr.IPv6(parts).toRFC5952String();
}

/** The number of an IPv6 address in the spelling of {@link isCanonicalIpv6}. */
function canonicalIpv6Value(text: string): bigint {
  const gap = text.indexOf('::');
  const digits = (groups: string): string =>
    groups === ''
      ? ''
      : groups
          .split(':')
          .map((group) => group.padStart(4, '0'))
          .join('');
  if (gap < 0) return BigInt(`0x${digits(text)}`);
  const tail = digits(text.slice(gap + 2));
  return BigInt(`0x${digits(text.slice(0, gap)).padEnd(32 - tail.length, '0')}${tail}`);
}

/**
 * Whether the text is an IPv6 address in the one spelling of RFC 5952 §4 (and not IPv4-mapped): lower case, no leading
 * zeros, and `::` for exactly the longest run of two or more zero groups, the first of equally long ones.
 */
function isCanonicalIpv6(text: string): boolean {
  const { length } = text;
  if (length > 39) return false;
  let groups = 0;
  let gapAt = -1;
  let zeroRun = 0;
  let longestBefore = 0;
  let longestAfter = 0;
  let i = 0;
  if (text.charCodeAt(0) === 58) {
    if (text.charCodeAt(1) !== 58) return false;
    gapAt = 0;
    i = 2;
  }
  while (i < length) {
    const start = i;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code === 58) break;
      if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
    }
    const digits = i - start;
    if (digits === 0 || digits > 4) return false;
    if (text.charCodeAt(start) === 48) {
      // A zero beside the gap would have belonged into it.
      if (digits > 1 || groups === gapAt) return false;
      zeroRun++;
      if (gapAt < 0) longestBefore = Math.max(longestBefore, zeroRun);
      else longestAfter = Math.max(longestAfter, zeroRun);
    } else {
      zeroRun = 0;
    }
    groups++;
    if (i === length) break;
    i++;
    if (i === length) return false;
    if (text.charCodeAt(i) === 58) {
      if (gapAt >= 0 || zeroRun > 0) return false;
      gapAt = groups;
      i++;
    }
  }
  if (gapAt < 0) return groups === 8 && longestBefore < 2;
  const gap = 8 - groups;
  if (groups === 3 && gapAt === 0 && text.startsWith('::ffff:')) return false;
  return gap >= 2 && longestBefore < gap && longestAfter <= gap;
}
