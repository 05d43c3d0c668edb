import { expect } from 'chai';
import { ipFromValue, parseIp, type Ip } from '../../../lib/ipam/address.js';
import { AddressSpace } from '../../../lib/ipam/address-space.js';
import { parseCidr } from '../../../lib/ipam/cidr.js';
import { IntervalSet } from '../../../lib/ipam/interval-set.js';
import { randomBelow, type RandomBytes } from '../../../lib/ipam/random.js';
import { parseIpRangeList } from '../../../lib/ipam/range.js';
import { parseSubnet, unavailableRanges } from '../../../lib/ipam/subnet.js';

/** The same bytes in every run (xorshift128). */
function seededBytes(seed: number): RandomBytes {
  let [x, y, z, w] = [seed, 362436069, 521288629, 88675123];
  return (size) =>
    Uint8Array.from({ length: size }, () => {
      const t = x ^ (x << 11);
      [x, y, z] = [y, z, w];
      w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
      return w >>> 8;
    });
}

function space(cidr: string, unavailable = '', seed = 1): AddressSpace {
  return new AddressSpace({
    cidr: parseCidr(cidr),
    unavailable: parseIpRangeList(unavailable),
    randomBytes: seededBytes(seed),
  });
}

/** Pearson's statistic for counts that should all be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('AddressSpace', () => {
  it('counts what is free, used and unavailable', () => {
    const it = space('10.0.0.0/29', '10.0.0.0..10.0.0.1 10.0.0.7 10.9.0.0');
    expect([it.size, it.unavailableCount, it.usedCount, it.freeCount]).to.deep.equal([8n, 3n, 0n, 5n]);
    it.add(parseIp('10.0.0.3'));
    expect([it.usedCount, it.freeCount]).to.deep.equal([1n, 4n]);
  });

  it('takes the reserved addresses of a subnet', () => {
    const { v4 } = parseSubnet({ cidr: '10.0.0.0/29', gateway: '10.0.0.1' });
    const free = new AddressSpace({ cidr: v4!.cidr, unavailable: unavailableRanges(v4!) });
    expect([free.freeCount, free.firstFree()?.text]).to.deep.equal([5n, '10.0.0.2']);
  });

  it('cuts unavailable ranges that reach beyond the network', () => {
    const it = space('10.0.1.0/30', '10.0.0.250..10.0.1.0 10.0.1.3..10.0.9.9 fd00::1');
    expect([it.unavailableCount, it.freeCount, it.firstFree()?.text]).to.deep.equal([2n, 2n, '10.0.1.1']);
  });

  it('keeps an address taken until its last user has given it up', () => {
    const shared = space('10.0.0.0/24');
    const ip = parseIp('10.0.0.7');
    shared.add(ip);
    shared.add(ip);
    shared.add(ip);
    expect([shared.usedCount, shared.remove(ip), shared.remove(ip), shared.has(ip)]).to.deep.equal([
      1n,
      true,
      true,
      true,
    ]);
    expect([shared.remove(ip), shared.has(ip), shared.isFree(ip), shared.remove(ip)]).to.deep.equal([
      true,
      false,
      true,
      false,
    ]);
    expect([shared.usedCount, shared.freeCount]).to.deep.equal([0n, 256n]);
  });

  it('tells a used unavailable address from an unused one, and never frees it', () => {
    const excluded = space('10.0.0.0/24', '10.0.0.7');
    const ip = parseIp('10.0.0.7');
    expect([excluded.has(ip), excluded.isFree(ip), excluded.remove(ip)]).to.deep.equal([false, false, false]);
    excluded.add(ip);
    excluded.add(ip);
    expect([excluded.has(ip), excluded.usedCount, excluded.freeCount]).to.deep.equal([true, 1n, 255n]);
    excluded.remove(ip);
    expect(excluded.has(ip)).to.equal(true);
    excluded.remove(ip);
    expect([excluded.has(ip), excluded.isFree(ip), excluded.usedCount]).to.deep.equal([false, false, 0n]);
  });

  it('keeps an address that is reserved for a time from being given out, whoever uses it', () => {
    const it = space('10.0.0.0/29', '10.0.0.0 10.0.0.7');
    const [used, unused] = [parseIp('10.0.0.2'), parseIp('10.0.0.3')] as const;
    it.add(used);
    expect([it.reserve(used), it.reserve(unused), it.reserve(unused)]).to.deep.equal([true, true, false]);
    expect([it.unavailableCount, it.usedCount, it.freeCount]).to.deep.equal([4n, 1n, 4n]);
    it.add(used);
    it.remove(used);
    expect([it.has(used), it.has(unused), it.isFree(unused)]).to.deep.equal([true, false, false]);
    expect([it.unreserve(used), it.unreserve(unused), it.unreserve(unused)]).to.deep.equal([true, true, false]);
    expect([it.has(used), it.isFree(used), it.isFree(unused)]).to.deep.equal([true, false, true]);
    expect([it.unavailableCount, it.usedCount, it.freeCount]).to.deep.equal([2n, 1n, 5n]);
  });

  it('frees an address whose last user left while it was reserved', () => {
    const it = space('10.0.0.0/29');
    const ip = parseIp('10.0.0.2');
    it.add(ip);
    it.reserve(ip);
    it.remove(ip);
    expect(it.isFree(ip)).to.equal(false);
    it.unreserve(ip);
    expect([it.isFree(ip), it.usedCount, it.freeCount]).to.deep.equal([true, 0n, 8n]);
  });

  it('reserves neither what is unavailable anyway nor what is outside', () => {
    const it = space('10.0.0.0/29', '10.0.0.7');
    expect([
      it.reserve(parseIp('10.0.0.7')),
      it.reserve(parseIp('10.0.1.0')),
      it.reserve(parseIp('fd00::1')),
    ]).to.deep.equal([false, false, false]);
    expect([it.unreserve(parseIp('10.0.0.7')), it.unreserve(parseIp('fd00::1')), it.unavailableCount]).to.deep.equal([
      false,
      false,
      1n,
    ]);
  });

  it('ignores addresses outside its network', () => {
    const it = space('10.0.0.0/24');
    for (const ip of ['10.0.1.0', '9.255.255.255', '::a00:5']) {
      expect([it.add(parseIp(ip)), it.has(parseIp(ip)), it.isFree(parseIp(ip)), it.remove(parseIp(ip))]).to.deep.equal([
        false,
        false,
        false,
        false,
      ]);
    }
    expect(it.freeCount).to.equal(256n);
  });

  it('finds the first free address, also from a given one on', () => {
    const it = space('10.0.0.0/28', '10.0.0.0..10.0.0.2');
    for (const ip of ['10.0.0.3', '10.0.0.5', '10.0.0.15']) it.add(parseIp(ip));
    expect(it.firstFree()?.text).to.equal('10.0.0.4');
    expect(it.firstFree(parseIp('10.0.0.5'))?.text).to.equal('10.0.0.6');
    expect(it.firstFree(parseIp('10.0.0.14'))?.text).to.equal('10.0.0.14');
    expect(it.firstFree(parseIp('10.0.0.15'))).to.equal(undefined);
    expect(it.firstFree(parseIp('10.0.1.0'))).to.equal(undefined);
    expect(it.firstFree(parseIp('9.0.0.0'))?.text).to.equal('10.0.0.4');
  });

  it('gives out every address of a small network once, and then none', () => {
    const it = space('10.0.0.0/26', '10.0.0.0 10.0.0.63');
    const picked = new Set<string>();
    for (let ip: Ip | undefined; (ip = it.randomFree()) !== undefined;) {
      picked.add(ip.text);
      it.add(ip);
    }
    expect([picked.size, it.freeCount, it.firstFree()]).to.deep.equal([62, 0n, undefined]);
    expect([picked.has('10.0.0.0'), picked.has('10.0.0.63')]).to.deep.equal([false, false]);
  });

  it('works on networks of one address and of 2^126', () => {
    expect(space('10.0.0.7/32').randomFree()?.text).to.equal('10.0.0.7');
    const all = space('4000::/2');
    const ip = all.randomFree()!;
    all.add(ip);
    expect([all.freeCount, all.has(ip)]).to.deep.equal([(1n << 126n) - 1n, true]);
  });
});

describe('a random choice', () => {
  // The 99.9 % points of the chi-square distribution, from the usual tables; the seeds make each run the same.
  const LIMITS = new Map([
    [4, 18.47],
    [49, 85.35],
    [255, 330.52],
  ]);
  const check = (it: AddressSpace, buckets: number, draws: number, bucketOf: (ip: Ip) => number): void => {
    const counts = new Array<number>(buckets).fill(0);
    for (let i = 0; i < draws; i++) counts[bucketOf(it.randomFree()!)]!++;
    expect(chiSquare(counts)).to.be.below(LIMITS.get(buckets - 1)!);
  };

  it('is uniform over an empty network', () => {
    const it = space('10.0.0.0/24', '', 7);
    check(it, 256, 51_200, (ip) => Number(ip.value & 255n));
  });

  it('is uniform over the few addresses left in a nearly full /16, wherever they are', () => {
    const it = space('10.0.0.0/16', '10.0.0.0 10.0.255.255', 11);
    const left = [1n, 2n, 300n, 65_000n, 65_534n];
    const base = parseIp('10.0.0.0').value;
    for (let i = 1n; i < 65_535n; i++) if (!left.includes(i)) it.add(ipFromValue(4, base + i));
    expect(it.freeCount).to.equal(5n);
    check(it, 5, 20_000, (ip) => left.indexOf(ip.value - base));
  });

  it('is uniform where every other address is used', () => {
    const it = space('10.0.0.0/24', '10.0.0.100..10.0.0.255', 13);
    for (let i = 0; i < 100; i += 2) it.add(parseIp(`10.0.0.${i}`));
    check(it, 50, 25_000, (ip) => Number((ip.value & 255n) >> 1n));
  });

  it('reaches all of an IPv6 /64', () => {
    const it = space('fd00::/64', 'fd00::..fd00::ffff', 17);
    check(it, 256, 51_200, (ip) => Number((ip.value >> 56n) & 255n));
  });

  it('draws again rather than favour low numbers', () => {
    const bytes = [0xff, 0xa0, 0x3f];
    const draws: number[] = [];
    const value = randomBelow(5n, (size) => {
      draws.push(size);
      return Uint8Array.of(bytes.shift()!);
    });
    // Three bits are needed: 0xff gives 7 and 0xa0 gives 5, both too high; 0x3f gives 1.
    expect([value, draws]).to.deep.equal([1n, [1, 1, 1]]);
  });

  it('asks for no randomness when there is no choice', () => {
    expect(randomBelow(1n, (size) => new Uint8Array(size))).to.equal(0n);
  });
});

describe('the work for one operation', () => {
  /** Tree nodes looked at per operation, on a set of `count` scattered numbers. */
  const visitsPerOperation = (count: number): number => {
    const set = new IntervalSet();
    const random = seededBytes(3);
    const limit = 1n << 64n;
    const values = new Set<bigint>();
    while (values.size < count) values.add(randomBelow(limit, random));
    for (const value of values) if (!set.has(value)) set.add(value);
    const operations = 2000;
    const before = set.visits;
    for (let i = 0; i < operations; i++) {
      const value = set.missing(randomBelow(limit - BigInt(count), random), 0n);
      set.add(value);
      set.delete(value);
    }
    return (set.visits - before) / operations;
  };

  it('grows with the logarithm of what is used, not with its number', () => {
    const few = visitsPerOperation(500);
    const many = visitsPerOperation(32_000);
    // 64 times as many numbers: log2 goes from 9 to 15.
    expect(many / few).to.be.below(2.2);
  });

  it('stays small when addresses come in ascending order', () => {
    const set = new IntervalSet();
    const count = 16_384;
    for (let i = 0; i < count; i++) set.add(BigInt(i) * 2n);
    expect(set.intervalCount).to.equal(count);
    // An insertion searches twice and then descends once, each through about 2 ln(n) = 19 nodes.
    expect(set.visits / count).to.be.below(100);
  });

  it('does not grow at all for a block of consecutive addresses', () => {
    const set = new IntervalSet();
    for (let value = 0n; value < 10_000n; value++) set.add(value);
    expect([set.intervalCount, set.size]).to.deep.equal([1, 10_000n]);
    const before = set.visits;
    expect(set.missing(0n, 0n)).to.equal(10_000n);
    expect(set.visits - before).to.be.at.most(2);
  });
});
