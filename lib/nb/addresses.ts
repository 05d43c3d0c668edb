/**
 * The texts in a Logical_Switch_Port's `addresses` and `dynamic_addresses` (ovn-nb(5)).
 *
 * There are two ways to read them. Strictly, before writing: ovn-nbctl lets `MAC garbage` pass and ovn-northd then drops
 * the tail with a line in its log, so a mistake that is not caught here is found by nobody. And leniently, for what is
 * in a database already: that may be anything, it runs for every port of every switch, and whatever can be made out of
 * a broken text still counts as occupied.
 */
import { canonicalIp, parseIp } from '../ipam/address.js';
import { AddressError } from '../ipam/errors.js';
import { canonicalMac, parseMac } from '../ipam/mac.js';
import { unassignableReason } from '../ipam/range.js';

/** A MAC address and the IP addresses that go with it: `MAC [IP...]`. */
export interface StaticPortAddress {
  readonly kind: 'static';
  /** Lower case. */
  readonly mac: string;
  /** Canonical texts, in the order of the element. */
  readonly ips: readonly string[];
}

/** Addresses that ovn-northd picks: `dynamic`, `dynamic IP4 [IP6]`, `dynamic IP6` or `MAC dynamic`. */
export interface DynamicPortAddress {
  readonly kind: 'dynamic';
  /** The MAC address that was asked for; never together with IP addresses. */
  readonly mac?: string;
  /** The IP addresses that were asked for, as canonical texts: none, or at most one of each family. */
  readonly ips: readonly string[];
}

/** One element of `addresses`. */
export type PortAddress =
  | StaticPortAddress
  | DynamicPortAddress
  /** Any address that no other port has: frames for unknown addresses come here. */
  | { readonly kind: 'unknown' }
  /** Whatever the router port at the other end has. Only for ports of type `router`. */
  | { readonly kind: 'router' };

/** An element of `addresses` that OVN does not understand, or only in part. */
export interface InvalidPortAddress {
  readonly kind: 'invalid';
  /** The element as it is. */
  readonly text: string;
  /** What is wrong with it, in words. */
  readonly reason: string;
  /** The MAC address that it begins with, if it does. */
  readonly mac?: string;
  /** Every IP address in it, also those behind the fault, where OVN does not look any more. */
  readonly ips: readonly string[];
}

/**
 * Reads an element of `addresses` for writing it: only what OVN understands completely is let through.
 *
 * @throws AddressError when it is none of the forms, has a MAC or IP address that no port can have, an address twice, or
 * a prefix length
 */
export function parsePortAddress(text: string): PortAddress {
  const address = readPortAddress(text);
  if (address.kind === 'invalid') throw new AddressError(text, address.reason);
  if (address.kind === 'static' || address.kind === 'dynamic') {
    if (text.includes('/')) throw new AddressError(text, 'a prefix length has no meaning in addresses; leave it out');
    checkAddress(text, address);
  }
  return address;
}

/**
 * Reads the whole of a port's `addresses` for writing it.
 *
 * @param elements - the set of elements
 * @param portType - the port's `type`; empty for the port of a VM or container
 * @throws AddressError for the first element that {@link parsePortAddress} refuses, for `router` on a port of another
 * type, and for a second element with `dynamic`, which ovn-northd would ignore
 */
export function parsePortAddresses(elements: readonly string[], portType: string): PortAddress[] {
  let dynamicElement: string | undefined;
  return elements.map((text) => {
    const address = parsePortAddress(text);
    if (address.kind === 'router' && portType !== 'router') {
      throw new AddressError(text, `only a port of type "router" can have this, not one of type "${portType}"`);
    }
    if (address.kind === 'dynamic') {
      if (dynamicElement !== undefined)
        throw new AddressError(text, `a second dynamic element beside "${dynamicElement}"`);
      dynamicElement = text;
    }
    return address;
  });
}

/**
 * Prints an element of `addresses`, every address in canonical text.
 *
 * @throws AddressError when an address is malformed or cannot belong to a port
 */
export function formatPortAddress(address: PortAddress): string {
  if (address.kind === 'unknown' || address.kind === 'router') return address.kind;
  const ips = address.ips.map((ip) => parseIp(ip).text);
  const mac = address.mac === undefined ? [] : [parseMac(address.mac)];
  const words = address.kind === 'static' ? [...mac, ...ips] : [...mac, 'dynamic', ...ips];
  const text = words.join(' ');
  parsePortAddress(text);
  return text;
}

/**
 * Reads an element of `addresses` as it is in a database, or a `dynamic_addresses` (which comes out as `static`). Never
 * throws. A prefix length behind an IP address is dropped, as OVN does.
 */
export function readPortAddress(text: string): PortAddress | InvalidPortAddress {
  // Nearly every text of a large database is `MAC IP...`, so this is looked at first.
  if (text.charCodeAt(2) === COLON) return readMacFirst(text);
  if (text === 'unknown' || text === 'router') return { kind: text };
  if (text === 'dynamic') return { kind: 'dynamic', ips: NO_IPS };
  if (text.startsWith('dynamic ')) return readDynamic(text);
  return readMacFirst(text);
}

const COLON = 58;
const NO_IPS: readonly string[] = Object.freeze([]);

function readMacFirst(text: string): PortAddress | InvalidPortAddress {
  const mac = canonicalMac(text.length === 17 ? text : text.slice(0, 17));
  if (mac === undefined || (text.length > 17 && text.charCodeAt(17) !== 32)) return readUnusual(text);
  if (text.length === 17) return { kind: 'static', mac, ips: NO_IPS };
  const ips: string[] = [];
  for (let start = 18; start < text.length;) {
    const blank = text.indexOf(' ', start);
    const end = blank < 0 ? text.length : blank;
    if (end > start) {
      const ip = canonicalIp(text.slice(start, end));
      if (ip === undefined) return readUnusual(text);
      ips.push(ip);
    }
    start = end + 1;
  }
  return { kind: 'static', mac, ips };
}

/** Takes the slow way through a text: other blanks, prefix lengths, `MAC dynamic`, garbage. */
function readUnusual(text: string): PortAddress | InvalidPortAddress {
  const [first = '', ...rest] = words(text);
  const mac = readMac(first);
  if (mac === undefined) {
    const reason = first === '' ? 'empty' : 'neither a MAC address first, nor "dynamic", "unknown" or "router"';
    return { kind: 'invalid', text, reason, ips: readIps([first, ...rest]).ips };
  }
  if (rest.length === 1 && rest[0] === 'dynamic') return { kind: 'dynamic', mac, ips: NO_IPS };
  const { ips, garbage } = readIps(rest);
  if (garbage === undefined) return { kind: 'static', mac, ips };
  const reason =
    garbage === 'dynamic'
      ? 'nothing but a MAC address may come before "dynamic", and nothing after it'
      : `"${garbage}" is not an IP address`;
  return { kind: 'invalid', text, reason, mac, ips };
}

function readDynamic(text: string): PortAddress | InvalidPortAddress {
  const { ips, garbage } = readIps(words(text).slice(1));
  const [a, b] = ips;
  // The order matters: ovn-northd scans for an IPv4 address and then an IPv6 one.
  const inOrder = ips.length < 2 || (ips.length === 2 && a?.includes(':') === false && b?.includes(':') === true);
  if (garbage === undefined && inOrder) return { kind: 'dynamic', ips };
  const reason =
    garbage === undefined
      ? 'after "dynamic" comes one IPv4 address, one IPv6 address, or one of each in this order'
      : `"${garbage}" is not an IP address`;
  return { kind: 'invalid', text, reason, ips };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** The IP addresses among some words, and the first word that is none. */
function readIps(candidates: readonly string[]): { ips: string[]; garbage: string | undefined } {
  const ips: string[] = [];
  let garbage: string | undefined;
  for (const word of candidates) {
    const slash = word.indexOf('/');
    const ip = canonicalIp(slash < 0 ? word : word.slice(0, slash));
    if (ip !== undefined && (slash < 0 || isMask(word.slice(slash + 1)))) ips.push(ip);
    else garbage ??= word;
  }
  return { ips, garbage };
}

function isMask(text: string): boolean {
  return /^[0-9]{1,3}$/.test(text) || canonicalIp(text) !== undefined;
}

/** Any MAC address that OVN understands: it lets a leading zero be left out. */
function readMac(text: string): string | undefined {
  if (!/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(text)) return undefined;
  return canonicalMac(
    text
      .split(':')
      .map((byte) => byte.padStart(2, '0'))
      .join(':'),
  );
}

function checkAddress(text: string, address: StaticPortAddress | DynamicPortAddress): void {
  const [first = ''] = words(text);
  if (address.mac !== undefined) {
    try {
      parseMac(first);
    } catch (error) {
      throw error instanceof AddressError ? new AddressError(text, `"${first}": ${error.reason}`) : error;
    }
  }
  address.ips.forEach((canonical, i) => {
    const ip = parseIp(canonical);
    const reason = unassignableReason({ first: ip, last: ip });
    if (reason !== undefined) throw new AddressError(text, `"${canonical}": ${reason}`);
    if (address.ips.indexOf(canonical) !== i) throw new AddressError(text, `${canonical} is there twice`);
  });
}
