import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import type { Capacity } from '../../lib/statefulset/audit/capacity.js';
import type { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import type { StatefulSetLike } from '../../lib/statefulset/workload.js';
import { FAMILIES, pod, refusal, StatefulSetBench, statefulSet } from './statefulset-fixture.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };

describe('situation 40: capacity', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  /** The figures in the order of their sum: assigned, retained, unavailable, free; then the uncovered ordinal. */
  function figures(manager: StatefulSetPortManager, set: StatefulSetLike): unknown[] {
    const { size, assigned, retained, unavailable, free, firstUncoveredOrdinal } = manager.capacity(set);
    expect(BigInt(assigned) + BigInt(retained) + BigInt(unavailable) + BigInt(free)).to.equal(BigInt(size));
    return [assigned, retained, unavailable, free, firstUncoveredOrdinal];
  }

  for (const family of FAMILIES) {
    const { entry } = family;
    const entries = [1, 2, 3, 4, 5, 6].map(entry);

    it(`of a pool follows what happens to its entries, and sends nothing (${family.name})`, async () => {
      const place = await bench.place(family);
      const manager = bench.manager();
      const set = (replicas: number, pool = entries): StatefulSetLike =>
        statefulSet('web', place.namespace, replicas, pool);
      expect(manager.capacity(set(4))).to.deep.equal({
        statefulSet: `${place.namespace}/web`,
        source: 'pool',
        size: 6,
        assigned: 0,
        retained: 0,
        unavailable: 0,
        free: 6,
        firstUncoveredOrdinal: 6,
      });
      await manager.apply(set(4));
      expect(figures(manager, set(4))).to.deep.equal([4, 0, 0, 2, 6]);
      expect(figures(manager, set(2))).to.deep.equal([2, 2, 0, 2, 6]);
      const foreign = entry(5).split(',')[0]!;
      await bench.foreignPort(place, `foreign.${place.namespace}`, { addresses: `0a:00:00:00:00:01 ${foreign}` });
      const { count, result } = await bench.transactionsOf(() => figures(manager, set(2)));
      expect([count, result]).to.deep.equal([0, [2, 2, 1, 1, 4]]);
      expect(figures(manager, set(2, [...entries, entry(7)]))).to.deep.equal([2, 2, 1, 2, 4]);
      // The pool was given to another StatefulSet: whoever holds its entries is a stranger to that.
      const other = statefulSet('other', place.namespace, 2, entries);
      expect(figures(manager, other)).to.deep.equal([0, 0, 5, 1, 0]);
      await manager.release(set(2));
      expect(figures(manager, set(2))).to.deep.equal([0, 0, 1, 5, 4]);
    });

    it(`of a subnet follows what happens on the switch (${family.name})`, async () => {
      const place = await bench.place(family);
      const manager = bench.manager();
      const set = (replicas: number): StatefulSetLike => statefulSet('web', place.namespace, replicas);
      // Dual-stack is as scarce as its IPv4 part: 1024 without network, broadcast and gateway.
      const size = family.name === 'IPv6' ? 2n ** 64n - 2n : 1021;
      const minus = (used: number): number | bigint => (typeof size === 'bigint' ? size - BigInt(used) : size - used);
      const uncovered = (ordinal: number): number | undefined => (typeof size === 'bigint' ? undefined : ordinal);
      expect(manager.capacity(set(3))).to.deep.include({ source: 'subnet', size, free: size });
      await manager.apply(set(3));
      await manager.apply(statefulSet('other', place.namespace, 4));
      expect(figures(manager, set(2))).to.deep.equal([2, 1, 4, minus(7), uncovered(1017)]);
    });
  }

  it('of a pool names the ordinal that apply then refuses', async () => {
    const place = await bench.place(V4);
    await bench.foreignPort(place, `foreign.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.3' });
    for (const [name, pool, indexing, start, refused] of [
      ['a', '10.16.1.10..10.16.1.13', 'relative', 0, 'PoolExhausted'],
      ['b', '10.16.1.20..10.16.1.23', 'relative', 5, 'PoolExhausted'],
      ['c', '10.16.1.30..10.16.1.37', 'absolute', 5, 'PoolExhausted'],
      ['d', '10.16.1.1..10.16.1.6', 'relative', 1, 'AddressInUse'],
    ] as const) {
      const manager = bench.manager({ indexing });
      const set = (replicas: number): StatefulSetLike => statefulSet(name, place.namespace, replicas, pool, { start });
      const { firstUncoveredOrdinal = -1 } = manager.capacity(set(1));
      const { outcomes } = await manager.apply(set(firstUncoveredOrdinal - start + 1));
      const codes = outcomes.map((outcome) => (outcome.status === 'refused' ? outcome.error.code : 'port'));
      expect(codes.indexOf(refused), name).to.equal(outcomes.length - 1);
      expect(manager.capacity(set(1)).firstUncoveredOrdinal, name).to.equal(firstUncoveredOrdinal);
    }
  });

  it('of a subnet names the ordinal that apply then refuses, and nothing is free after that', async () => {
    const place = await bench.place({ cidr: '10.40.0.0/28', gateway: '10.40.0.1', exclude: '10.40.0.2..10.40.0.4' });
    const manager = bench.manager();
    const set = (replicas: number): StatefulSetLike => statefulSet('web', place.namespace, replicas);
    await bench.foreignPort(place, `foreign.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.40.0.9' });
    expect(figures(manager, set(1))).to.deep.equal([0, 0, 1, 9, 9]);
    const { errors, outcomes } = await manager.apply(set(10));
    expect(errors.map(({ code, pod: name }) => [code, name])).to.deep.equal([['SubnetExhausted', 'web-9']]);
    expect(outcomes).to.have.length(10);
    expect(figures(manager, set(10))).to.deep.equal([9, 0, 1, 0, 9]);
  });

  it('knows router ports, also such as come later', async () => {
    const place = await bench.place({ cidr: '10.41.0.0/29' });
    const manager = bench.manager();
    const pooled = statefulSet('web', place.namespace, 1, '10.41.0.2..10.41.0.4');
    const picked = statefulSet('web', place.namespace, 1);
    expect([figures(manager, pooled), figures(manager, picked)]).to.deep.equal([
      [0, 0, 0, 3, 3],
      [0, 0, 0, 6, 6],
    ]);
    await bench.raw.commit(
      { op: 'insert', table: 'Logical_Router', row: { name: 'r', ports: ['named-uuid', 'p'] } },
      {
        op: 'insert',
        table: 'Logical_Router_Port',
        row: { name: 'lrp41', mac: '0a:00:00:00:00:09', networks: '10.41.0.3/29' },
        'uuid-name': 'p',
      },
    );
    await bench.foreignPort(place, `to-lrp.${place.namespace}`, {
      type: 'router',
      addresses: 'router',
      options: ['map', [['router-port', 'lrp41']]],
    });
    await bench.nb.tables.Logical_Router_Port.until(({ name }) => name === 'lrp41');
    expect([figures(manager, pooled), figures(manager, picked)]).to.deep.equal([
      [0, 0, 1, 2, 1],
      [0, 0, 0, 5, 5],
    ]);
  });

  it('counts what is on its way: for its pod where there is a pool, as unavailable where addresses are picked', async () => {
    const place = await bench.place({ cidr: '10.42.0.0/28' });
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    const pooled = statefulSet('web', place.namespace, 3, '10.42.0.1..10.42.0.4');
    const picked = statefulSet('db', place.namespace, 2);
    gate.requests.shut();
    const applying = Promise.all([manager.apply(pooled), manager.ensurePort(pod('db-0', place.namespace), picked)]);
    while (gate.requests.count('"transact"') < 2) await delay(5);
    expect(figures(manager, pooled).slice(0, 2)).to.deep.equal([3, 0]);
    expect(figures(manager, picked)).to.deep.equal([0, 0, 4, 10, 10]);
    gate.requests.open();
    await applying;
    expect(figures(manager, picked)).to.deep.equal([1, 0, 3, 10, 11]);
  });

  it('leaves out ports on a former switch of the namespace until they have moved', async () => {
    const place = await bench.place(V4);
    const next = await bench.place(V4);
    const set = statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2,10.16.1.3');
    await bench.manager().apply(set);
    const there = { ...bench.subnets[place.namespace]!, logicalSwitch: next.logicalSwitch };
    const manager = bench.manager({ subnets: { ...bench.subnets, [place.namespace]: there } });
    expect(figures(manager, set)).to.deep.equal([0, 0, 0, 3, 3]);
    await manager.apply(set);
    expect(figures(manager, set)).to.deep.equal([2, 0, 0, 1, 3]);
  });

  it('throws as apply rejects when there is nothing to count', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const attempt = (set: StatefulSetLike) => () => manager.capacity(set);
    await refusal('InvalidStatefulSet', attempt({}));
    await refusal('SubnetUnknown', attempt(statefulSet('web', 'nowhere', 1)));
    await refusal('InvalidPool', attempt(statefulSet('web', place.namespace, 1, '10.16.1.1,,')));
    await refusal('AddressOutOfSubnet', attempt(statefulSet('web', place.namespace, 1, '10.99.0.1')));
    bench.subnets['gone'] = { logicalSwitch: 'gone', cidr: V4.cidr };
    await refusal('SwitchNotFound', attempt(statefulSet('web', 'gone', 1)));
    const { gate, nb } = await bench.gated();
    const lonely = bench.manager({}, nb);
    const capacity = (): Capacity => lonely.capacity(statefulSet('web', place.namespace, 1));
    expect(capacity()).to.include({ size: 1021 });
    gate.cut();
    while (nb.state.name === 'synced') await delay(1);
    await refusal('NotReady', capacity);
  });
});
