/**
 * Which addresses of one network are free, and a fair choice among them.
 *
 * The space itself is never listed: an IPv6 /64 costs as much as an IPv4 /28. What is taken lives in an
 * {@link IntervalSet}; the n-th free address is one descent of its tree, so a random choice is exactly uniform, and as
 * quick when one address is left as when all are.
 */
import { ipFromValue, type Ip } from './address.js';
import { cidrContains, cidrSize, type Cidr } from './cidr.js';
import { IntervalSet } from './interval-set.js';
import { cryptoRandomBytes, randomBelow, type RandomBytes } from './random.js';
import { mergeRanges, rangesOverlap, type IpRange } from './range.js';

/** What an {@link AddressSpace} is made of. */
export interface AddressSpaceOptions {
  readonly cidr: Cidr;
  /**
   * Addresses that are never free, used or not, such as the result of `unavailableRanges`. Parts outside the network
   * are ignored. None by default; not even the network's reserved addresses.
   */
  readonly unavailable?: readonly IpRange[];
  /** Source of randomness for `randomFree`; node:crypto by default. */
  readonly randomBytes?: RandomBytes;
}

/**
 * The free addresses of one network. Uses are counted: an address that two ports share stays taken until both have
 * given it up. Every operation takes O(log n) in the number of used addresses and unavailable ranges.
 */
export class AddressSpace {
  readonly cidr: Cidr;
  /** All addresses of the network. */
  readonly size: bigint;
  readonly #unavailable = new IntervalSet();
  /** Single addresses that are unavailable for a time; none of them in `#unavailable`. */
  readonly #reserved = new Set<bigint>();
  /** Unavailable, reserved and used ones together. */
  readonly #taken = new IntervalSet();
  /** How often an address is used, where the tree cannot tell: used more than once, or used though unavailable. */
  readonly #useCounts = new Map<bigint, number>();
  #usedUnavailableCount = 0n;
  readonly #randomBytes: RandomBytes;

  constructor(options: AddressSpaceOptions) {
    const { cidr, unavailable = [], randomBytes = cryptoRandomBytes } = options;
    this.cidr = cidr;
    this.size = cidrSize(cidr);
    this.#randomBytes = randomBytes;
    for (const range of mergeRanges(unavailable.filter((candidate) => rangesOverlap(candidate, cidr)))) {
      const first = range.first.value < cidr.first.value ? cidr.first.value : range.first.value;
      const last = range.last.value > cidr.last.value ? cidr.last.value : range.last.value;
      this.#unavailable.add(first, last);
      this.#taken.add(first, last);
    }
  }

  /** How many of its addresses are not to be given out, used or not: the unavailable and the reserved. */
  get unavailableCount(): bigint {
    return this.#unavailable.size + BigInt(this.#reserved.size);
  }

  /** How many addresses can still be given out. */
  get freeCount(): bigint {
    return this.size - this.#taken.size;
  }

  /** How many different addresses are in use, those that are unavailable besides included. */
  get usedCount(): bigint {
    return this.#taken.size - this.unavailableCount + this.#usedUnavailableCount;
  }

  /**
   * Notes one use of an address.
   *
   * @returns false, with nothing noted, when the address lies outside the network
   */
  add(ip: Ip): boolean {
    if (!cidrContains(this.cidr, ip)) return false;
    const { value } = ip;
    if (this.#taken.add(value)) return true;
    const uses = this.#usesOfTaken(value);
    if (uses === 0) this.#usedUnavailableCount++;
    this.#useCounts.set(value, uses + 1);
    return true;
  }

  /**
   * Takes back one use of an address; with the last one it is free again, unless it is unavailable.
   *
   * @returns false, with nothing changed, when the address is not in use
   */
  remove(ip: Ip): boolean {
    if (!cidrContains(this.cidr, ip)) return false;
    const { value } = ip;
    const uses = this.#taken.has(value) ? this.#usesOfTaken(value) : 0;
    if (uses === 0) return false;
    const unavailable = this.#isUnavailable(value);
    // A single use needs no counter where the tree tells it; an unavailable address always needs one.
    if (uses - 1 > (unavailable ? 0 : 1)) this.#useCounts.set(value, uses - 1);
    else this.#useCounts.delete(value);
    if (uses > 1) return true;
    if (unavailable) this.#usedUnavailableCount--;
    else this.#taken.delete(value);
    return true;
  }

  /**
   * Makes an address unavailable until {@link unreserve}. Reserving is not using: who uses it goes on using it.
   *
   * @returns false, with nothing changed, when the address is unavailable already or lies outside the network
   */
  reserve(ip: Ip): boolean {
    const { value } = ip;
    if (!cidrContains(this.cidr, ip) || this.#isUnavailable(value)) return false;
    if (!this.#taken.add(value)) {
      this.#useCounts.set(value, this.#usesOfTaken(value));
      this.#usedUnavailableCount++;
    }
    this.#reserved.add(value);
    return true;
  }

  /**
   * Ends {@link reserve}: the address is free again, unless it is in use.
   *
   * @returns false, with nothing changed, when the address is not reserved
   */
  unreserve(ip: Ip): boolean {
    const { value } = ip;
    if (ip.family !== this.cidr.family || !this.#reserved.has(value)) return false;
    const uses = this.#usesOfTaken(value);
    this.#reserved.delete(value);
    if (uses === 0) {
      this.#taken.delete(value);
      return true;
    }
    this.#usedUnavailableCount--;
    if (uses === 1) this.#useCounts.delete(value);
    return true;
  }

  /** Whether an address is in use. */
  has(ip: Ip): boolean {
    return cidrContains(this.cidr, ip) && this.#taken.has(ip.value) && this.#usesOfTaken(ip.value) > 0;
  }

  /** Whether an address can be given out: in the network, available, and not in use. */
  isFree(ip: Ip): boolean {
    return cidrContains(this.cidr, ip) && !this.#taken.has(ip.value);
  }

  /** The lowest free address, or the lowest that is not below `from`; `undefined` when there is none. */
  firstFree(from: Ip = this.cidr.first): Ip | undefined {
    const { family, first, last } = this.cidr;
    if (from.family !== family || from.value > last.value) return undefined;
    const value = this.#taken.missing(0n, from.value > first.value ? from.value : first.value);
    return value > last.value ? undefined : ipFromValue(family, value);
  }

  /** A random free address, each equally likely, or `undefined` when there is none. It stays free until it is added. */
  randomFree(): Ip | undefined {
    const { freeCount } = this;
    if (freeCount === 0n) return undefined;
    const rank = randomBelow(freeCount, this.#randomBytes);
    return ipFromValue(this.cidr.family, this.#taken.missing(rank, this.cidr.first.value));
  }

  #usesOfTaken(value: bigint): number {
    return this.#useCounts.get(value) ?? (this.#isUnavailable(value) ? 0 : 1);
  }

  #isUnavailable(value: bigint): boolean {
    return this.#reserved.has(value) || this.#unavailable.has(value);
  }
}
