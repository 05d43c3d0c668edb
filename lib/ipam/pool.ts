/**
 * The grammar of `ovn.kubernetes.io/ip_pool`: addresses that pods take in sequence.
 *
 * With `;` in it, `;` separates the entries, and an entry is `v4`, `v6` or both with a comma between them. Without
 * `;`, commas separate the entries, except that exactly two items of different families are one dual-stack entry.
 * A range `a..b` or a CIDR stands for its addresses, in order. The whole pool is checked before anything is returned,
 * and a huge range is refused from its ends alone.
 */
import { ipFromValue, type Ip } from './address.js';
import { cidrHosts, parseCidr } from './cidr.js';
import { AddressError, InvalidPoolError, type PoolFault } from './errors.js';
import { formatIpRange, parseIpRange, unassignableReason, type IpRange } from './range.js';

/** The most addresses that a pool may hold, those of both families counted together. */
export const MAX_POOL_ADDRESSES = 65_536;

/** The addresses for one pod; at least one family is there. */
export interface PoolEntry {
  readonly v4?: Ip;
  readonly v6?: Ip;
  /** Position in the pool's text, counted from 0, of the token that this entry comes from. */
  readonly index: number;
  /** That token as it was written: the address, or the range or CIDR that holds it. */
  readonly token: string;
}

/** A pool that keeps to the grammar. */
export interface Pool {
  /** One entry for each pod, in sequence, ranges and CIDRs expanded: the first is the first ordinal's. */
  readonly entries: readonly PoolEntry[];
}

/**
 * Parses a pool.
 *
 * A CIDR gives its hosts: all addresses but network and broadcast (IPv4, down to /30) or the Subnet-Router anycast
 * address (IPv6, down to /126). The two addresses of a dual-stack entry may come in either order; ranges and CIDRs
 * cannot be part of one. Whether the addresses fit a subnet is not looked at here.
 *
 * @param text - the annotation's value
 * @param what - names the pool in the error's message, for example `ip_pool of product/web`
 * @throws InvalidPoolError with every fault: an entry that is empty or not an address, a reversed or mixed range, an
 * address that no port can have, an address that is there twice (in whatever spelling), families mixed without `;`, a
 * dual-stack entry that is not one IPv4 and one IPv6 address, more than {@link MAX_POOL_ADDRESSES} addresses
 */
export function parsePool(text: string, what = 'ip_pool'): Pool {
  const reader = new PoolReader();
  const tokens = splitTokens(text);
  const mixingAllowed = text.includes(';');
  let family: 4 | 6 | undefined;
  tokens.forEach((token, index) => {
    const spans = reader.parseToken(index, token);
    const first = spans?.[0];
    if (spans === undefined || first === undefined) return;
    family ??= first.first.family;
    if (!mixingAllowed && first.first.family !== family) {
      reader.fault(
        index,
        token,
        `IPv${first.first.family} among IPv${family}: separate entries of both families with ";"`,
      );
      return;
    }
    reader.expand(index, token, spans);
  });
  if (reader.faults.length > 0) throw new InvalidPoolError(what, reader.faults);
  return { entries: reader.entries };
}

function splitTokens(text: string): string[] {
  if (text.includes(';')) return text.split(';').map((token) => token.trim());
  const items = text.split(',').map((item) => item.trim());
  const [a, b] = items;
  const isDual = items.length === 2 && a !== '' && b !== '' && a?.includes(':') !== b?.includes(':');
  return isDual ? [text.trim()] : items;
}

class PoolReader {
  readonly entries: PoolEntry[] = [];
  readonly faults: PoolFault[] = [];
  #addressCount = 0n;
  /** Canonical address to the token that gave it. */
  readonly #seen = new Map<string, { index: number; token: string }>();

  fault(index: number, token: string, reason: string): void {
    this.faults.push({ index, token, reason });
  }

  /** The addresses of a token: one range, or two single addresses; `undefined` after a fault. */
  parseToken(index: number, token: string): readonly IpRange[] | undefined {
    const items = token.split(',').map((item) => item.trim());
    if (items.length > 2) {
      this.fault(index, token, `${items.length} items in a dual-stack entry, which is one IPv4 and one IPv6 address`);
      return undefined;
    }
    const spans: IpRange[] = [];
    for (const item of items) {
      try {
        spans.push(parseSpan(item));
      } catch (error) {
        if (!(error instanceof AddressError)) throw error;
        this.fault(index, token, items.length === 1 ? error.reason : `"${item}" is ${error.reason}`);
      }
    }
    if (spans.length < items.length) return undefined;
    const reason = items.length === 2 ? dualStackFault(spans) : undefined;
    if (reason === undefined) return spans;
    this.fault(index, token, reason);
    return undefined;
  }

  /** Adds the entries of a token, unless one of its addresses is there already or the pool gets too large. */
  expand(index: number, token: string, spans: readonly IpRange[]): void {
    const count = spans.reduce((sum, { first, last }) => sum + (last.value - first.value + 1n), 0n);
    if (this.#addressCount + count > BigInt(MAX_POOL_ADDRESSES)) {
      const total = this.#addressCount === 0n ? '' : `, ${this.#addressCount + count} with those before it`;
      this.fault(
        index,
        token,
        `${count} ${count === 1n ? 'address' : 'addresses'}${total}: a pool may hold ${MAX_POOL_ADDRESSES}`,
      );
      return;
    }
    this.#addressCount += count;
    const ranges = spans.map(expandRange);
    const [first = [], second] = ranges;
    this.#noteAddresses(index, token, ranges.flat());
    for (const ip of first) this.entries.push(entryOf(ip, second?.[0], index, token));
  }

  #noteAddresses(index: number, token: string, ips: readonly Ip[]): void {
    // One fault for a token, however many of its addresses are there already: two equal ranges are one mistake.
    let repeated: { ip: Ip; earlier: { index: number; token: string } } | undefined;
    let repeatedCount = 0;
    for (const ip of ips) {
      const earlier = this.#seen.get(ip.text);
      if (earlier === undefined) {
        this.#seen.set(ip.text, { index, token });
      } else {
        repeated ??= { ip, earlier };
        repeatedCount++;
      }
    }
    if (repeated === undefined) return;
    const { ip, earlier } = repeated;
    const others = repeatedCount > 1 ? ` (and ${repeatedCount - 1} more of its addresses)` : '';
    this.fault(index, token, `duplicate: ${ip.text}${others} is in entry ${earlier.index} "${earlier.token}" already`);
  }
}

/** The addresses that one item stands for: itself, or a range or CIDR. */
function parseSpan(item: string): IpRange {
  if (item === '') throw new AddressError(item, 'an empty entry');
  let span: IpRange;
  if (item.includes('/')) {
    span = cidrHosts(parseCidr(item));
  } else {
    if (/^[0-9.]+\s*-\s*[0-9.]+$/.test(item))
      throw new AddressError(item, 'not an IP address; a range is written a..b');
    span = parseIpRange(item);
  }
  const reason = unassignableReason(span);
  if (reason !== undefined) throw new AddressError(item, reason);
  return span;
}

function dualStackFault(spans: readonly IpRange[]): string | undefined {
  const [a, b] = spans;
  if (a === undefined || b === undefined) return undefined;
  if (a.first.family === b.first.family) {
    return `two IPv${a.first.family} addresses in a dual-stack entry, which is one IPv4 and one IPv6 address`;
  }
  const range = spans.find(({ first, last }) => first.value !== last.value);
  if (range === undefined) return undefined;
  return `a dual-stack entry holds two single addresses, not ${formatIpRange(range)}: write the pairs one by one`;
}

function expandRange({ first, last }: IpRange): Ip[] {
  const ips = [first];
  for (let value = first.value + 1n; value <= last.value; value++) ips.push(ipFromValue(first.family, value));
  return ips;
}

/** An entry of one address, or of two of different families. */
function entryOf(ip: Ip, other: Ip | undefined, index: number, token: string): PoolEntry {
  if (other !== undefined) {
    return ip.family === 4 ? { v4: ip, v6: other, index, token } : { v4: other, v6: ip, index, token };
  }
  return ip.family === 4 ? { v4: ip, index, token } : { v6: ip, index, token };
}
