/**
 * Is the choice fair, however large the network and however full? Pearson's test on seeded bytes: the same in every run.
 * Who asks 1,000 times where 3 addresses are left must get each about 333 times, wherever they are.
 */
import { expect } from 'chai';

import { ipFromValue, type Ip } from '../../../lib/ipam/address.js';
import { AddressSpace } from '../../../lib/ipam/address-space.js';
import { parseCidr, type Cidr } from '../../../lib/ipam/cidr.js';
import { randomMac } from '../../../lib/ipam/mac.js';
import { cryptoRandomBytes, randomBelow, randomHex, type RandomBytes } from '../../../lib/ipam/random.js';
import { parseSubnet } from '../../../lib/ipam/subnet.js';
import { SwitchIndexes } from '../../../lib/statefulset/switches/switch-index.js';
import { Random } from '../../random.js';
import { MemoryNorthbound } from '../statefulset/memory-northbound.js';

/** The 99.9 % points of the chi-square distribution by degrees of freedom, from the usual tables. */
const LIMITS: Readonly<Record<number, number>> = {
  1: 10.83,
  2: 13.82,
  3: 16.27,
  4: 18.47,
  11: 31.26,
  15: 37.7,
  31: 61.1,
};

function seededBytes(seed: number): RandomBytes {
  const random = new Random(seed);
  return (size) => Uint8Array.from({ length: size }, () => random.below(256));
}

/** Fails unless the choices fall on the cells about equally often. */
function expectFair(cells: number, perCell: number, choose: () => number): void {
  const counts = new Array<number>(cells).fill(0);
  for (let i = 0; i < cells * perCell; i++) counts[choose()]!++;
  const statistic = counts.reduce((sum, count) => sum + (count - perCell) ** 2 / perCell, 0);
  if (cells > 1) expect(statistic, counts.join(' ')).to.be.below(LIMITS[cells - 1]!);
}

/** Takes all of a network but some: blocks of it as unavailable, and around what stays free address by address. */
function nearlyFull(cidr: Cidr, free: readonly bigint[], randomBytes: RandomBytes): AddressSpace {
  const near = 20n;
  const at = (offset: bigint): Ip => ipFromValue(cidr.family, cidr.first.value + offset);
  const end = cidr.last.value - cidr.first.value;
  const windows = free.map(
    (offset) => [offset > near ? offset - near : 0n, offset + near < end ? offset + near : end] as const,
  );
  const unavailable = [];
  let from = 0n;
  for (const [first, last] of windows) {
    if (first > from) unavailable.push({ first: at(from), last: at(first - 1n) });
    if (last + 1n > from) from = last + 1n;
  }
  if (from <= end) unavailable.push({ first: at(from), last: at(end) });
  const space = new AddressSpace({ cidr, unavailable, randomBytes });
  for (const [first, last] of windows) {
    for (let offset = first; offset <= last; offset++) {
      if (!free.includes(offset) && space.isFree(at(offset))) space.add(at(offset));
    }
  }
  return space;
}

describe('the choice of a free address', () => {
  for (const text of ['10.16.0.0/22', 'fd00:10:16::/64', 'fd00:10:16::/48', '2000::/3', '4000::/2']) {
    describe(`of ${text}`, () => {
      const cidr = parseCidr(text);
      const size = cidr.last.value - cidr.first.value + 1n;

      for (const count of [1, 2, 3, 4, 5]) {
        it(`is fair among the last ${count}, wherever they are`, () => {
          const randomBytes = seededBytes(count);
          // Some side by side, some far apart: a choice of a place first, and then of what is next to it, would show.
          const offsets = new Set<bigint>([randomBelow(size, randomBytes)]);
          for (const one of offsets) {
            if (offsets.size < count)
              offsets.add(offsets.size % 2 === 1 ? (one + 1n) % size : randomBelow(size, randomBytes));
          }
          const free = [...offsets].sort((a, b) => (a < b ? -1 : 1));
          const space = nearlyFull(cidr, free, randomBytes);
          expect([free.length, space.freeCount]).to.deep.equal([count, BigInt(count)]);
          expectFair(count, 2000, () => free.indexOf(space.randomFree()!.value - cidr.first.value));
        });
      }

      it('is fair over the whole network while it is nearly empty', () => {
        const space = new AddressSpace({ cidr, randomBytes: seededBytes(7) });
        const used = new Set<bigint>();
        while (used.size < 32) used.add(space.randomFree()!.value);
        for (const value of used) space.add(ipFromValue(cidr.family, value));
        // 32 parts of the same size, and how many of each are free is nearly the same.
        const part = size / 32n;
        const isFine = text.includes(':');
        if (isFine) expectFair(32, 500, () => Number((space.randomFree()!.value - cidr.first.value) / part));
        else {
          const free = Array.from({ length: Number(size) }, (_, i) => cidr.first.value + BigInt(i)).filter(
            (value) => !used.has(value),
          );
          const rank = new Map(free.map((value, i) => [value, i]));
          expectFair(16, 1000, () => Math.floor((rank.get(space.randomFree()!.value)! * 16) / free.length));
        }
      });
    });
  }

  it('is fair and independent for both families of a dual-stack subnet, on a switch full of ports', () => {
    const northbound = new MemoryNorthbound();
    const uuid = northbound.addSwitch('s');
    const left4 = [3, 77, 78, 250];
    const left6 = ['fd00::5', 'fd00::a', 'fd00::b'];
    northbound.addPort(uuid, 'crowd', {
      addresses: Array.from({ length: 253 }, (_, i) => i + 2)
        .filter((n) => !left4.includes(n))
        .map((n) => `0a:00:00:00:00:${n.toString(16).padStart(2, '0')} 10.0.0.${n}`),
    });
    northbound.addRouterPort(uuid, 'lrp', '0a:00:00:00:01:00', ['10.0.0.1/24', 'fd00::1/64']);
    const indexes = new SwitchIndexes(northbound.client, seededBytes(11));
    const { v4, v6 } = parseSubnet({
      cidr: '10.0.0.0/24,fd00::/64',
      exclude: 'fd00::2..fd00::4,fd00::6..fd00::9,fd00::c..fd00::ffff:ffff:ffff:ffff',
    });
    const index = indexes.of(uuid as never);
    expect([index.space(v4!).freeCount, index.space(v6!).freeCount]).to.deep.equal([4n, 3n]);
    expectFair(12, 1000, () => {
      const ip4 = index.space(v4!).randomFree()!.text;
      const ip6 = index.space(v6!).randomFree()!.text;
      return left4.findIndex((n) => ip4 === `10.0.0.${n}`) * 3 + left6.indexOf(ip6);
    });
    indexes.close();
  });
});

describe('a random number below a limit', () => {
  /** The first of the big-endian numbers of just as many bits that is below the limit. */
  function drawn(limit: bigint, randomBytes: RandomBytes): bigint {
    const bits = BigInt((limit - 1n).toString(2).length);
    const size = (bits + 7n) / 8n;
    for (;;) {
      const value = BigInt(`0x${Buffer.from(randomBytes(Number(size))).toString('hex')}`) >> (size * 8n - bits);
      if (value < limit) return value;
    }
  }

  for (const limit of [
    1n,
    2n,
    3n,
    255n,
    256n,
    257n,
    2n ** 31n + 1n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 32n + 1n,
    2n ** 64n,
  ]) {
    it(`is made of the bytes in their order, below ${limit}`, () => {
      const [given, expected] = [seededBytes(5), seededBytes(5)];
      for (let i = 0; i < 200; i++) expect(randomBelow(limit, given)).to.equal(drawn(limit, expected));
    });
  }
});

describe('random bytes of node:crypto', () => {
  it('are printed with two digits each', () => {
    expect(randomHex(4, () => Uint8Array.from([0, 10, 255, 16]))).to.equal('000aff10');
    expect(randomHex(6)).to.match(/^[0-9a-f]{12}$/);
  });

  it('are never handed out twice, whatever sizes are asked for', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 3000; i++) seen.add(Buffer.from(cryptoRandomBytes(8 + (i % 9))).toString('hex'));
    expect(seen.size).to.equal(3000);
    const kept = cryptoRandomBytes(16);
    const text = Buffer.from(kept).toString('hex');
    for (let i = 0; i < 1000; i++) cryptoRandomBytes(16);
    expect(Buffer.from(kept).toString('hex')).to.equal(text);
    expect(cryptoRandomBytes(100_000)).to.have.lengthOf(100_000);
  });

  it('make MAC addresses that are unicast, locally administered and otherwise fair', () => {
    expectFair(32, 400, () => {
      const first = Number.parseInt(randomMac(seeded).slice(0, 2), 16);
      expect(first & 3).to.equal(2);
      return first >> 3;
    });
  });
  const seeded = seededBytes(3);
});
