/**
 * The elements of a Logical_Switch_Port's `port_security` (ovn-nb(5)): `MAC [IP[/mask]...]`, and from OVN 26.03 on
 * `VRRPv3 MAC [virtual MAC[/mask]...] [IP[/mask]...]`. Words are separated by blanks or commas.
 */
import { canonicalIp, parseIp } from '../ipam/address.js';
import { AddressError } from '../ipam/errors.js';
import { canonicalMac, parseMac } from '../ipam/mac.js';

/** An IP address that a host may use, or with a mask and no host bits, a whole network. */
export interface AllowedIp {
  /** Canonical text. */
  readonly ip: string;
  /** Length of the mask in bits, where the element has one. */
  readonly prefixLength?: number;
}

/** A virtual router's MAC address (RFC 9568 §7.3), or with a mask, a range of them. */
export interface VirtualMac {
  /** Lower case; `00:00:5e:00:01:…` for IPv4, `00:00:5e:00:02:…` for IPv6. */
  readonly mac: string;
  /** Length of the mask, 40 to 48 bits, where the element has one. */
  readonly prefixLength?: number;
}

/** One element of `port_security`. */
export type PortSecurity =
  | {
      readonly kind: 'host';
      /** Lower case. */
      readonly mac: string;
      /** Empty when the host may use any IP address. */
      readonly ips: readonly AllowedIp[];
    }
  | {
      readonly kind: 'vrrpv3';
      /** The physical MAC address, in lower case. */
      readonly mac: string;
      /** Empty for all virtual MAC addresses. */
      readonly virtualMacs: readonly VirtualMac[];
      readonly ips: readonly AllowedIp[];
    };

/** An element of `port_security` that OVN does not understand, or only in part. */
export interface InvalidPortSecurity {
  readonly kind: 'invalid';
  /** The element as it is. */
  readonly text: string;
  /** What is wrong with it, in words. */
  readonly reason: string;
  /** The MAC address of the host, if there is one. */
  readonly mac?: string;
  /** Every IP address in it. */
  readonly ips: readonly AllowedIp[];
}

/**
 * Reads an element of `port_security` for writing it.
 *
 * @throws AddressError when it is not of the form, or has a MAC address that no port can have
 */
export function parsePortSecurity(text: string): PortSecurity {
  const element = readPortSecurity(text);
  if (element.kind === 'invalid') throw new AddressError(text, element.reason);
  try {
    parseMac(element.mac);
  } catch (error) {
    throw error instanceof AddressError ? new AddressError(text, `"${element.mac}": ${error.reason}`) : error;
  }
  return element;
}

/**
 * Prints an element of `port_security`, every address in canonical text.
 *
 * @throws AddressError when an address or mask is malformed
 */
export function formatPortSecurity(element: PortSecurity): string {
  const masked = (address: string, prefixLength: number | undefined): string =>
    prefixLength === undefined ? address : `${address}/${prefixLength}`;
  const words = [parseMac(element.mac)];
  if (element.kind === 'vrrpv3') {
    words.unshift(VRRP_KEYWORD);
    for (const { mac, prefixLength } of element.virtualMacs) words.push(masked(mac.toLowerCase(), prefixLength));
  }
  for (const { ip, prefixLength } of element.ips) words.push(masked(parseIp(ip).text, prefixLength));
  const text = words.join(' ');
  parsePortSecurity(text);
  return text;
}

/** Reads an element of `port_security` as it is in a database. Never throws. */
export function readPortSecurity(text: string): PortSecurity | InvalidPortSecurity {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const vrrp = words[0] === VRRP_KEYWORD;
  if (vrrp) words.shift();
  const mac = canonicalMac(words.shift() ?? '');
  const virtualMacs: VirtualMac[] = [];
  const ips: AllowedIp[] = [];
  let reason = mac === undefined ? `a MAC address must come ${vrrp ? `after "${VRRP_KEYWORD}"` : 'first'}` : undefined;
  for (const word of words) {
    const { address, mask } = splitMask(word);
    const ip = canonicalIp(address);
    const prefixLength = mask === undefined ? undefined : maskLength(mask, ip);
    const virtualMac = vrrp ? canonicalMac(address) : undefined;
    if (mask !== undefined && prefixLength === undefined) {
      reason ??= `"${word}" has a mask that is none`;
    } else if (ip !== undefined) {
      ips.push({ ip, ...(prefixLength !== undefined && { prefixLength }) });
    } else if (virtualMac !== undefined) {
      reason ??= virtualMacFault(word, virtualMac, prefixLength);
      virtualMacs.push({ mac: virtualMac, ...(prefixLength !== undefined && { prefixLength }) });
    } else {
      reason ??= `"${word}" is not an IP address`;
    }
  }
  if (mac === undefined || reason !== undefined) {
    return { kind: 'invalid', text, reason: reason ?? '', ips, ...(mac !== undefined && { mac }) };
  }
  return vrrp ? { kind: 'vrrpv3', mac, virtualMacs, ips } : { kind: 'host', mac, ips };
}

const VRRP_KEYWORD = 'VRRPv3';

function splitMask(word: string): { address: string; mask: string | undefined } {
  const slash = word.indexOf('/');
  return slash < 0
    ? { address: word, mask: undefined }
    : { address: word.slice(0, slash), mask: word.slice(slash + 1) };
}

/** The length of a mask: a number of bits, or for IPv4 a dotted one without holes. */
function maskLength(mask: string, ip: string | undefined): number | undefined {
  const width = ip === undefined ? 48 : ip.includes(':') ? 128 : 32;
  if (/^[0-9]{1,3}$/.test(mask)) return Number(mask) <= width ? Number(mask) : undefined;
  if (width !== 32 || mask.includes(':') || canonicalIp(mask) === undefined) return undefined;
  const bits = parseIp(mask).value.toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
}

/** Why ovn-controller would not take a virtual MAC address, or `undefined` when it does. */
function virtualMacFault(word: string, mac: string, prefixLength = 48): string | undefined {
  if (!/^00:00:5e:00:0[12]:/.test(mac)) {
    return `"${word}" is not a virtual MAC address: it must begin with 00:00:5e:00:01 (IPv4) or 00:00:5e:00:02 (IPv6)`;
  }
  if (prefixLength < 40) return `"${word}" has a mask shorter than /40`;
  const routerId = Number.parseInt(mac.slice(15), 16);
  if (prefixLength === 48 && routerId === 0) return `"${word}" has the virtual router id 0, which does not exist`;
  return (routerId & (0xff >> (prefixLength - 40))) === 0 || prefixLength === 48
    ? undefined
    : `"${word}" has bits set behind its mask`;
}
