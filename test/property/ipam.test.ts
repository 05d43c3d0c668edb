import { expect } from 'chai';
import fc from 'fast-check';
import { isIPv6 } from 'node:net';
import { canonicalIp, compareIp, ipFromValue, parseIp, type Ip } from '../../lib/ipam/address.js';
import { AddressSpace } from '../../lib/ipam/address-space.js';
import { parseCidr } from '../../lib/ipam/cidr.js';
import { InvalidPoolError } from '../../lib/ipam/errors.js';
import { IntervalSet } from '../../lib/ipam/interval-set.js';
import { parsePool } from '../../lib/ipam/pool.js';
import { classifyAddress, parseSubnet } from '../../lib/ipam/subnet.js';
import { formatPortAddress, parsePortAddress, readPortAddress } from '../../lib/nb/addresses.js';

const ipv4 = fc.bigInt(0n, 0xffffffffn).map((value) => ipFromValue(4, value));

/** Many zero groups, so that the choice of `::` matters. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});
const groupsValue = (parts: readonly number[]): bigint => parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);
const isMapped = (value: bigint): boolean => value >> 32n === 0xffffn;
const ipv6 = groups
  .map(groupsValue)
  .filter((value) => !isMapped(value))
  .map((value) => ipFromValue(6, value));

/** A port's address, which must not be loopback, multicast and the like. */
const hostIpv4 = fc.bigInt(0x0a000000n, 0x0affffffn).map((value) => ipFromValue(4, value));
const hostIpv6 = groups.map((parts) => ipFromValue(6, groupsValue([0xfd00, ...parts.slice(1)])));
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => Array.from(bytes, (b, i) => (i === 0 ? (b & 0xfc) | 2 : b).toString(16).padStart(2, '0')).join(':'));

describe('IP address texts', () => {
  it('survive printing and parsing', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (ip) => {
        expect(parseIp(ip.text)).to.deep.equal(ip);
        expect(canonicalIp(ip.text)).to.equal(ip.text);
      }),
    );
  });

  it('are the ones that the URL standard prints', () => {
    fc.assert(
      fc.property(ipv6, ({ text }) => {
        expect(new URL(`http://[${text}]/`).hostname).to.equal(`[${text}]`);
      }),
    );
  });

  it('come from every other spelling', () => {
    const spelling = fc.tuple(groups, fc.boolean(), fc.boolean(), fc.nat(7), fc.nat(7), fc.boolean());
    fc.assert(
      fc.property(spelling, ([parts, padded, upper, from, length, dotted]) => {
        const value = groupsValue(parts);
        fc.pre(!isMapped(value));
        const texts = parts.map((part) => part.toString(16).padStart(padded ? 4 : 1, '0'));
        if (dotted) texts.splice(6, 2, ipFromValue(4, value & 0xffffffffn).text);
        const end = Math.min(from + length, texts.length - (dotted ? 1 : 0));
        const canShorten = end > from && parts.slice(from, end).every((part) => part === 0);
        const joined = canShorten
          ? `${texts.slice(0, from).join(':')}::${texts.slice(end).join(':')}`
          : texts.join(':');
        const text = upper ? joined.toUpperCase() : joined;
        const expected = ipFromValue(6, value);
        expect(parseIp(text), text).to.deep.equal(expected);
        expect(canonicalIp(text), text).to.equal(expected.text);
      }),
      { numRuns: 1000 },
    );
  });

  it('are accepted only when the system accepts them too, and by both readers alike', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefF:.')), maxLength: 20 }),
      fc
        .array(fc.constantFrom('0', '00', '1', 'a', 'ffff', '10', '', '1.2.3.4', '12345'), { maxLength: 10 })
        .map((a) => a.join(':')),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        let parsed: Ip | undefined;
        try {
          parsed = parseIp(candidate);
        } catch {
          parsed = undefined;
        }
        expect(canonicalIp(candidate)).to.equal(parsed?.text);
        if (parsed?.family === 4) expect(parsed.text).to.equal(candidate);
        if (parsed?.family === 6) expect(isIPv6(candidate)).to.equal(true);
        else if (isIPv6(candidate) && !candidate.includes('%')) {
          // The only IPv6 addresses that are refused.
          expect(new URL(`http://[${candidate}]/`).hostname).to.match(/^\[::ffff:[0-9a-f]+:[0-9a-f]+\]$/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('sort like their numbers', () => {
    fc.assert(
      fc.property(ipv6, ipv6, (a, b) => {
        expect(Math.sign(compareIp(a, b))).to.equal(a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
      }),
    );
  });
});

describe('pools', () => {
  it('give back exactly the addresses that were written, in their order', () => {
    const ips = fc.uniqueArray(hostIpv4, { minLength: 1, maxLength: 50, selector: (ip) => ip.text });
    fc.assert(
      fc.property(ips, fc.constantFrom(',', ';', ' , ', ' ;'), (list, separator) => {
        const texts = list.map((ip) => ip.text);
        expect(parsePool(texts.join(separator)).entries.map(({ v4 }) => v4?.text)).to.deep.equal(texts);
      }),
    );
  });

  it('expand ranges to the same entries as a list', () => {
    fc.assert(
      fc.property(hostIpv6, fc.integer({ min: 0, max: 300 }), (first, count) => {
        fc.pre(first.value + BigInt(count) < 0xfd01n << 112n);
        const list = Array.from({ length: count + 1 }, (_, i) => ipFromValue(6, first.value + BigInt(i)).text);
        const range = parsePool(`${first.text}..${list.at(-1)!}`).entries;
        expect(range.map(({ v6 }) => v6?.text)).to.deep.equal(list);
      }),
    );
  });

  it('are read or refused with faults in order, whatever is written', () => {
    const token = fc.constantFrom(
      '10.0.0.1',
      '10.0.0.2',
      '10.0.0.0/30',
      '10.0.0.1..10.0.0.3',
      'fd00::1',
      'fd00::/120',
      '::/0',
      '10.0.0.5/24',
      '',
      ' ',
      'x',
      '10.0.0.9..10.0.0.1',
      '0.0.0.0/0',
    );
    const text = fc.array(fc.tuple(token, fc.constantFrom(',', ';')), { maxLength: 8 }).map((a) => a.flat().join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (candidate) => {
        try {
          const { entries } = parsePool(candidate);
          const ips = entries.flatMap(({ v4, v6 }) => [v4, v6].flatMap((ip) => ip?.text ?? []));
          expect(new Set(ips).size).to.equal(ips.length);
          expect(ips.length).to.be.at.least(entries.length).and.at.least(1);
        } catch (error) {
          expect(error).to.be.instanceOf(InvalidPoolError);
          const indexes = (error as InvalidPoolError).faults.map(({ index }) => index);
          expect(indexes)
            .to.deep.equal([...indexes].sort((a, b) => a - b))
            .and.not.to.deep.equal([]);
        }
      }),
    );
  });
});

describe('IntervalSet', () => {
  it('agrees with a plain set after any sequence of operations', () => {
    const operation = fc.tuple(fc.boolean(), fc.bigInt(0n, 40n));
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 120 }),
        fc.bigInt(0n, 40n),
        fc.bigInt(0n, 20n),
        (steps, origin, rank) => {
          const set = new IntervalSet();
          const model = new Set<bigint>();
          for (const [adding, value] of steps) {
            if (!adding) expect(set.delete(value)).to.equal(model.delete(value));
            else {
              expect(set.add(value)).to.equal(!model.has(value));
              model.add(value);
            }
          }
          const members = [...model].sort((a, b) => Number(a - b));
          expect(set.size).to.equal(BigInt(model.size));
          expect(set.intervalCount).to.equal(members.filter((value) => !model.has(value - 1n)).length);
          for (let value = 0n; value <= 41n; value++) {
            expect(set.has(value)).to.equal(model.has(value));
            expect(set.countBelow(value)).to.equal(BigInt(members.filter((member) => member < value).length));
          }
          const gaps = Array.from({ length: 120 }, (_, i) => origin + BigInt(i)).filter((value) => !model.has(value));
          expect(set.missing(rank, origin)).to.equal(gaps[Number(rank)]);
        },
      ),
    );
  });
});

describe('AddressSpace', () => {
  it('agrees with counting by hand after any sequence of uses', () => {
    const cidr = parseCidr('10.0.0.0/28');
    const step = fc.tuple(fc.constantFrom('add', 'remove', 'reserve', 'unreserve'), fc.bigInt(-2n, 17n));
    const excluded = fc.uniqueArray(fc.bigInt(0n, 15n), { maxLength: 6 });
    fc.assert(
      fc.property(excluded, fc.array(step, { maxLength: 80 }), (unavailable, steps) => {
        const at = (offset: bigint): Ip => ipFromValue(4, cidr.first.value + offset);
        const ranges = unavailable.map((offset) => ({ first: at(offset), last: at(offset) }));
        const space = new AddressSpace({ cidr, unavailable: ranges });
        const uses = new Map<bigint, number>();
        const reserved = new Set<bigint>();
        for (const [what, offset] of steps) {
          const inside = offset >= 0n && offset <= 15n;
          const count = uses.get(offset) ?? 0;
          if (what === 'add') {
            expect(space.add(at(offset))).to.equal(inside);
            if (inside) uses.set(offset, count + 1);
          } else if (what === 'reserve') {
            const isNew = inside && !unavailable.includes(offset) && !reserved.has(offset);
            expect(space.reserve(at(offset))).to.equal(isNew);
            if (isNew) reserved.add(offset);
          } else if (what === 'unreserve') {
            expect(space.unreserve(at(offset))).to.equal(reserved.delete(offset));
          } else {
            expect(space.remove(at(offset))).to.equal(count > 0);
            if (count > 0) uses.set(offset, count - 1);
          }
        }
        const offsets = Array.from({ length: 16 }, (_, i) => BigInt(i));
        const isUsed = (offset: bigint): boolean => (uses.get(offset) ?? 0) > 0;
        const isUnavailable = (offset: bigint): boolean => unavailable.includes(offset) || reserved.has(offset);
        const free = offsets.filter((offset) => !isUsed(offset) && !isUnavailable(offset));
        expect(space.unavailableCount).to.equal(BigInt(offsets.filter(isUnavailable).length));
        expect(space.usedCount).to.equal(BigInt(offsets.filter(isUsed).length));
        expect(space.freeCount).to.equal(BigInt(free.length));
        for (const offset of offsets) {
          expect(space.has(at(offset))).to.equal(isUsed(offset));
          expect(space.isFree(at(offset))).to.equal(free.includes(offset));
        }
        expect(space.firstFree()?.text).to.equal(free[0] === undefined ? undefined : at(free[0]).text);
        const random = space.randomFree();
        expect(random === undefined ? free.length === 0 : space.isFree(random)).to.equal(true);
      }),
    );
  });
});

describe('the class of an address', () => {
  it('is `excluded` exactly within the excluded ranges, however many there are', () => {
    const span = fc
      .tuple(fc.nat(255), fc.nat(12))
      .map(([from, length]) => [from, Math.min(255, from + length)] as const);
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), (spans) => {
        const exclude = spans.map(([from, to]) => `10.0.1.${from}..10.0.1.${to}`);
        const subnet = parseSubnet({ cidr: '10.0.0.0/22', exclude });
        for (let n = 0; n < 256; n++) {
          const isExcluded = spans.some(([from, to]) => n >= from && n <= to);
          expect(classifyAddress(subnet, parseIp(`10.0.1.${n}`))).to.equal(isExcluded ? 'excluded' : 'ok');
        }
        expect(classifyAddress(subnet, parseIp('10.0.0.255'))).to.equal('ok');
        expect(classifyAddress(subnet, parseIp('10.0.2.0'))).to.equal('ok');
      }),
    );
  });
});

describe('the addresses of ports', () => {
  it('survive printing and parsing', () => {
    const ips = fc.uniqueArray(fc.oneof(hostIpv4, hostIpv6), { maxLength: 4, selector: (ip) => ip.text });
    fc.assert(
      fc.property(mac, ips, (port, list) => {
        const address = { kind: 'static' as const, mac: port, ips: list.map((ip) => ip.text) };
        expect(parsePortAddress(formatPortAddress(address))).to.deep.equal(address);
      }),
    );
  });

  it('can be read from any text without an error', () => {
    const piece = fc.oneof(
      mac,
      hostIpv4.map((ip) => ip.text),
      fc.constantFrom('dynamic', 'unknown', '/', ' ', '  ', ':', '10.0.0.1/24'),
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(' ')),
        (text) => {
          const address = readPortAddress(text);
          if (address.kind === 'invalid') {
            expect(address.reason).to.not.equal('');
            expect(() => parsePortAddress(text)).to.throw(address.reason);
          }
        },
      ),
    );
  });
});
