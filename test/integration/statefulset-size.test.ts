/** Large subnets, nearly full ones, and many ports, on a real server. Times are the benchmark's; here is what must hold. */
import { expect } from 'chai';

import { parseIp } from '../../lib/ipam/address.js';
import { cidrContains, parseCidr } from '../../lib/ipam/cidr.js';
import type { ApplyResult, PodOutcomeOk } from '../../lib/statefulset/manager-results.js';
import { pod, refusal, statefulSet, StatefulSetBench } from './statefulset-fixture.js';

const isOk = (outcome: ApplyResult['outcomes'][number]): outcome is PodOutcomeOk => outcome.status !== 'refused';

describe('the ports of StatefulSets in large subnets and among many', function () {
  this.timeout(180_000);
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  for (const [title, cidr] of [
    ['an IPv6 /64', 'fd00:10:16::/64'],
    ['an IPv6 /48', 'fd00:10:16::/48'],
    ['an IPv6 /3', '2000::/3'],
    ['a dual-stack subnet of 2^20 and 2^64 addresses', '10.16.0.0/12,fd00:10:16::/64'],
  ] as const) {
    const cidrs = cidr.split(',').map(parseCidr);

    it(`chosen in ${title}: all of them apart, spread over it, and the same when asked again`, async () => {
      const gateways = cidrs.map(({ first }) => (first.family === 4 ? '10.16.0.1' : `${first.text}1`));
      const place = await bench.place({ cidr, gateway: gateways.join(',') });
      const set = statefulSet('web', place.namespace, 600);
      const manager = bench.manager();
      const { outcomes } = await manager.apply(set);
      const ports = outcomes.filter(isOk);
      expect(ports).to.have.lengthOf(600);
      for (const { family, first, last, ...rest } of cidrs) {
        const ips = ports.map(({ ip4, ip6 }) => parseIp((family === 4 ? ip4 : ip6)!));
        expect(new Set(ips.map(({ text }) => text)).size).to.equal(600);
        expect(ips.every((ip) => cidrContains({ family, first, last, ...rest }, ip))).to.equal(true);
        expect(ips.some(({ text }) => text === first.text || gateways.includes(text))).to.equal(false);
        // In either half fewer than 200 of 600 would be a chance of 1 in 10^15.
        const middle = first.value + (last.value - first.value) / 2n;
        expect(ips.filter(({ value }) => value < middle).length).to.be.within(200, 400);
      }
      const versions = await bench.versions();
      const again = await bench.transactionsOf(async () => bench.manager().apply(set));
      expect(again.count).to.equal(0);
      expect(again.result.outcomes.filter(isOk).map(({ ip4, ip6, mac }) => [ip4, ip6, mac])).to.deep.equal(
        ports.map(({ ip4, ip6, mac }) => [ip4, ip6, mac]),
      );
      expect(await bench.versions()).to.deep.equal(versions);
    });

    it(`in sequence in ${title}: from its first free address on`, async () => {
      const place = await bench.place({ cidr });
      const { outcomes } = await bench.manager({ pick: 'sequential' }).apply(statefulSet('web', place.namespace, 3));
      for (const { family, first } of cidrs) {
        const offsets = outcomes
          .filter(isOk)
          .map(({ ip4, ip6 }) => parseIp((family === 4 ? ip4 : ip6)!).value - first.value);
        expect(offsets).to.deep.equal([1n, 2n, 3n]);
      }
    });
  }

  it('in a /22 with five addresses left: exactly those, and a clear refusal for who comes after', async () => {
    const place = await bench.place({ cidr: '10.40.0.0/22', gateway: '10.40.0.1' });
    const left = ['10.40.0.2', '10.40.0.255', '10.40.1.0', '10.40.2.77', '10.40.3.254'];
    const all = Array.from({ length: 1022 }, (_, i) => `10.40.${(i + 1) >> 8}.${(i + 1) & 255}`);
    const used = all.filter((ip) => !left.includes(ip) && ip !== '10.40.0.1');
    await bench.foreignPort(place, 'crowd', { addresses: ['set', used.map((ip) => `0a:00:00:00:00:01 ${ip}`)] });
    const manager = bench.manager();
    const { outcomes, errors } = await manager.apply(statefulSet('web', place.namespace, 7));
    expect(
      outcomes
        .filter(isOk)
        .map(({ ip4 }) => ip4)
        .sort(),
    ).to.deep.equal([...left].sort());
    expect(errors.map(({ code, details }) => [code, details])).to.deep.equal(
      [5, 6].map(() => ['SubnetExhausted', { cidr: '10.40.0.0/22', total: 1024n, used: 1021n, excluded: 3n }]),
    );
    expect(
      (
        await refusal('SubnetExhausted', () =>
          manager.ensurePort(pod('web-6', place.namespace), statefulSet('web', place.namespace, 7)),
        )
      ).message,
    ).to.include('10.40.0.0/22');
    await manager.release(statefulSet('web', place.namespace, 7));
    const again = await manager.apply(statefulSet('other', place.namespace, 5));
    expect(
      again.outcomes
        .filter(isOk)
        .map(({ ip4 }) => ip4)
        .sort(),
    ).to.deep.equal([...left].sort());
  });

  it('2,000 at once: in four transactions, and none when asked again', async () => {
    const place = await bench.place({ cidr: '10.48.0.0/16' });
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 2000);
    const first = await bench.transactionsOf(async () => manager.apply(set));
    expect(first.count).to.equal(4);
    expect(first.result.errors).to.deep.equal([]);
    expect((await bench.transactionsOf(async () => manager.apply(set))).count).to.equal(0);
  });

  it('cost as many reads of rows among 2,000 as among 20', async () => {
    const readsAmong = async (count: number): Promise<Record<string, number>> => {
      const place = await bench.place({ cidr: '10.56.0.0/16' });
      const manager = bench.manager();
      const crowd = statefulSet('crowd', place.namespace, count);
      await manager.apply(crowd);
      const set = statefulSet('web', place.namespace, 3);
      await manager.ensurePort(pod('web-0', place.namespace), set);
      const reads = (act: () => Promise<unknown>): Promise<number> => countReads(bench, act);
      return {
        found: await reads(() => manager.ensurePort(pod('crowd-7', place.namespace), crowd)),
        made: await reads(() => manager.ensurePort(pod('web-1', place.namespace), set)),
        planned: await reads(() => Promise.resolve(manager.plan(set))),
        deleted: await reads(async () => manager.podDeleted(pod('web-1', place.namespace))),
      };
    };
    const few = await readsAmong(20);
    expect(await readsAmong(2000)).to.deep.equal(few);
    for (const count of Object.values(few)) expect(count).to.be.within(1, 60);
  });
});

/** How many rows of ports are read while `act` runs. */
async function countReads(bench: StatefulSetBench, act: () => Promise<unknown>): Promise<number> {
  const table = bench.nb.tables.Logical_Switch_Port;
  const [get, find] = [table.get.bind(table), table.find.bind(table)];
  const [findAll, values] = [table.findAll.bind(table), table.values.bind(table)];
  let count = 0;
  const counted = <A, R>(read: (argument: A) => R): ((argument: A) => R) => {
    return (argument) => {
      const result = read(argument);
      count += Array.isArray(result) ? 1 + result.length : 1;
      return result;
    };
  };
  const each = function* (): Generator {
    for (const row of values()) {
      count++;
      yield row;
    }
  };
  const watched = { get: counted(get), find: counted(find), findAll: counted(findAll), values: each };
  Object.assign(table, watched);
  try {
    await act();
    return count;
  } finally {
    for (const name of Object.keys(watched)) Reflect.deleteProperty(table, name);
  }
}
