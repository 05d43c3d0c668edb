import { AddressError } from './errors.js';
import { cryptoRandomBytes, HEX, type RandomBytes } from './random.js';

/**
 * Parses the MAC address of a port: six pairs of hexadecimal digits with colons, in any letter case.
 *
 * @returns the canonical text, in lower case
 * @throws AddressError when it is not one, or when it is one that no port can have: all zero, or with the group bit
 * set (multicast and broadcast, IEEE 802)
 */
export function parseMac(text: string): string {
  const mac = canonicalMac(text);
  if (mac === undefined) throw new AddressError(text, 'not a MAC address: it must look like 0a:58:0a:10:00:05');
  if (mac === '00:00:00:00:00:00') throw new AddressError(text, 'the all-zero MAC address cannot belong to a port');
  if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) {
    throw new AddressError(text, 'a multicast MAC address (group bit set) cannot belong to a port');
  }
  return mac;
}

/**
 * The canonical text (lower case) of any MAC address, multicast and all zero included, or `undefined` when the text is
 * not one.
 */
export function canonicalMac(text: string): string | undefined {
  if (text.length !== 17) return undefined;
  let upper = false;
  for (let i = 0; i < 17; i++) {
    const code = text.charCodeAt(i);
    if (i % 3 === 2) {
      if (code !== 58) return undefined;
    } else if (code >= 65 && code <= 70) {
      upper = true;
    } else if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) {
      return undefined;
    }
  }
  return upper ? text.toLowerCase() : text;
}

/**
 * A random MAC address for a port: unicast and locally administered (IEEE 802c), 46 random bits.
 *
 * @param randomBytes - source of randomness; node:crypto by default
 */
export function randomMac(randomBytes: RandomBytes = cryptoRandomBytes): string {
  const bytes = new Uint8Array(randomBytes(6));
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return formatMac(bytes);
}

/**
 * The text of a MAC address.
 *
 * @param bytes - exactly six
 * @throws AddressError when there are more or fewer
 */
export function formatMac(bytes: Uint8Array): string {
  if (bytes.length !== 6) throw new AddressError(bytes.join(' '), `a MAC address has 6 bytes, not ${bytes.length}`);
  const hex = (i: number): string => HEX[bytes[i] ?? 0] ?? '';
  return `${hex(0)}:${hex(1)}:${hex(2)}:${hex(3)}:${hex(4)}:${hex(5)}`;
}
