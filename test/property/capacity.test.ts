import { expect } from 'chai';
import fc from 'fast-check';

import { parsePool } from '../../lib/ipam/pool.js';
import { parseSubnet } from '../../lib/ipam/subnet.js';
import { capacityOf, type Capacity } from '../../lib/statefulset/audit/capacity.js';
import type { Site } from '../../lib/statefulset/switches/site.js';
import { MemoryNorthbound, workload } from '../unit/statefulset/memory-northbound.js';

/** The hosts of 10.0.0.0/28, of which .14 is the router's, and three addresses outside it. */
const IPS = Array.from({ length: 17 }, (_, n) => `10.0.0.${n + 1}`);
const ROUTER = '10.0.0.14';

const ip = fc.constantFrom(...IPS);
const scene = fc.record({
  replicas: fc.nat(8),
  start: fc.nat(3),
  indexing: fc.constantFrom('relative' as const, 'absolute' as const),
  kept: fc.uniqueArray(fc.record({ ordinal: fc.nat(14), ip }), { selector: ({ ordinal }) => ordinal, maxLength: 10 }),
  foreign: fc.array(ip, { maxLength: 6 }),
  pool: fc.option(fc.uniqueArray(ip, { minLength: 1, maxLength: 10 }), { nil: undefined }),
});

type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function measured({ replicas, start, indexing, kept, foreign, pool }: Scene): Capacity {
  const memory = new MemoryNorthbound();
  const uuid = memory.addSwitch('s');
  memory.addRouterPort(uuid, 'lrp', '0a:00:00:00:00:ff', [`${ROUTER}/28`]);
  foreign.forEach((address, n) => memory.addPort(uuid, `p${n}`, { addresses: [`0a:00:00:00:01:0${n} ${address}`] }));
  const ports = kept.map(({ ordinal, ip: address }) =>
    memory.addKept(uuid, 'product/web', ordinal, `0a:00:00:00:02:${10 + ordinal} ${address}`),
  );
  const site = { subnet: parseSubnet({ cidr: '10.0.0.0/28' }) } as Site;
  const set = workload('web', 'product', replicas, start);
  const index = memory.indexes.of(uuid as never);
  return capacityOf(set, pool && parsePool(pool.join(';')), site, index, ports, indexing);
}

/** The same from the words of the documentation, one address and one ordinal at a time. */
function expected({ replicas, start, indexing, kept, foreign, pool }: Scene): Omit<Capacity, 'source' | 'statefulSet'> {
  const counted = pool ?? IPS.slice(0, 14).filter((address) => address !== ROUTER);
  const isWithin = (ordinal: number): boolean => ordinal >= start && ordinal < start + replicas;
  const kindOf = (address: string): 'assigned' | 'retained' | 'unavailable' | 'free' => {
    const holders = kept.filter((port) => port.ip === address);
    if (holders.some(({ ordinal }) => isWithin(ordinal))) return 'assigned';
    if (holders.length > 0) return 'retained';
    return foreign.includes(address) || address === ROUTER ? 'unavailable' : 'free';
  };
  const counts = { size: counted.length, assigned: 0, retained: 0, unavailable: 0, free: 0 };
  for (const address of counted) counts[kindOf(address)]++;
  let left = counts.free;
  for (let ordinal = start; ; ordinal++) {
    if (kept.some((port) => port.ordinal === ordinal)) continue;
    const entry = pool?.[indexing === 'relative' ? ordinal - start : ordinal];
    const isCovered =
      pool === undefined ? left-- > 0 : entry !== undefined && kindOf(entry) === 'free' && entry !== ROUTER;
    if (!isCovered) return { ...counts, firstUncoveredOrdinal: ordinal };
  }
}

describe('capacity', () => {
  it('is what counting address by address and ordinal by ordinal comes to', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { source, statefulSet, ...figures } = measured(given);
        expect(figures).to.deep.equal(expected(given));
        expect(source).to.equal(given.pool === undefined ? 'subnet' : 'pool');
        expect(statefulSet).to.equal('product/web');
      }),
      { numRuns: 1000 },
    );
  });
});
