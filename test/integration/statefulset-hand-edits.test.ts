/** What becomes of kept ports, and of their subnets, that people have changed. */
import { expect } from 'chai';

import { PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import type { PodOutcomeOk } from '../../lib/statefulset/manager-results.js';
import { eventually } from './raw-client.js';
import { entryOf, FAMILIES, pod, StatefulSetBench, statefulSet, type Place } from './statefulset-fixture.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };

describe('ports of StatefulSets that were edited by hand', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  /** Has somebody else change the row of a port, and waits until the manager's replica shows it. */
  async function edit(name: string, row: Record<string, unknown>): Promise<void> {
    const where = [['name', '==', name]];
    await bench.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where, row });
    await bench.nb.transact((tx) => tx.select('NB_Global', [], []));
  }

  async function lspDel(place: Place, uuid: string | undefined): Promise<void> {
    await bench.raw.commit({
      op: 'mutate',
      table: 'Logical_Switch',
      where: [['_uuid', '==', ['uuid', place.switchUuid]]],
      mutations: [['ports', 'delete', ['uuid', uuid]]],
    });
    await eventually(() => bench.nb.tables.Logical_Switch_Port.get(uuid as never) === undefined);
  }

  const addressesOf = (name: string): readonly string[] | undefined =>
    bench.nb.tables.Logical_Switch_Port.find({ name })?.addresses;

  for (const family of FAMILIES) {
    for (const pool of [undefined, family.entry(1)]) {
      const what = `${family.name}, ${pool === undefined ? 'no pool' : 'a pool'}`;
      it(`readdress puts back the addresses of a row that was emptied or made dynamic (${what})`, async () => {
        const place = await bench.place(family);
        const manager = bench.manager();
        const set = statefulSet('web', place.namespace, 1, pool);
        const web0 = await manager.ensurePort(pod('web-0', place.namespace), set);
        const before = addressesOf(web0.port);
        const want = entryOf(web0)!.split(',');
        for (const addresses of [['set', []], 'dynamic', 'unknown']) {
          await edit(web0.port, { addresses });
          const [kept] = (await manager.apply(set)).outcomes;
          expect(kept).to.deep.include({ status: 'reused', drift: { want, have: [] } });
          const [again] = (await manager.readdress(set)).outcomes;
          expect(again).to.deep.include({ status: 'readdressed', uuid: web0.uuid, mac: web0.mac });
          expect(addressesOf(web0.port)).to.deep.equal(before);
          expect((await bench.transactionsOf(() => manager.readdress(set))).count).to.equal(0);
        }
      });
    }
  }

  it('what people add to the addresses of a port is no drift, and stays', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager({ onDrift: 'readdress' });
    const set = statefulSet('web', place.namespace, 1, '10.16.1.1');
    const web0 = await manager.ensurePort(pod('web-0', place.namespace), set);
    const element = `${web0.mac} 10.16.1.1`;
    for (const addresses of [[element, 'unknown'], [`${element} 10.16.1.2`]]) {
      await edit(web0.port, { addresses: ['set', addresses] });
      const { count, result } = await bench.transactionsOf(() => manager.apply(set));
      expect(result.outcomes[0]).to.deep.include({ status: 'reused', drift: undefined });
      expect(count).to.equal(0);
    }
    await edit(web0.port, { addresses: '0a:00:00:00:00:07 10.16.1.1 10.16.1.2' });
    const [other] = (await manager.apply(set)).outcomes;
    expect(other).to.deep.include({ status: 'readdressed', mac: web0.mac });
    expect(addressesOf(web0.port)).to.deep.equal([element]);
  });

  it('a port whose name is that of a member is not released, nor pruned, whatever its keys say', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager({ onScaleDown: 'release' });
    const set = statefulSet('web', place.namespace, 3);
    const before = (await manager.apply(set)).outcomes as PodOutcomeOk[];
    const { port, uuid } = before[1]!;
    const ids = bench.nb.tables.Logical_Switch_Port.get(uuid!)!.external_ids;
    for (const key of [
      [PORT_KEYS.ordinal, '7'],
      [PORT_KEYS.statefulSet, `${place.namespace}/gone`],
    ] as const) {
      await edit(port, { external_ids: ['map', [...new Map([...Object.entries(ids), key])]] });
      if (key[0] === PORT_KEYS.ordinal) {
        const { released, outcomes } = await manager.apply(set);
        expect(released).to.deep.equal([]);
        expect(outcomes[1]).to.deep.include({ status: 'reused', uuid });
      }
      for (let sighting = 0; sighting < 2; sighting++) {
        const { pruned, waiting } = await manager.prune([set], { graceMs: 0 });
        expect([...pruned, ...waiting].map((each) => each.port)).not.to.include(port);
      }
    }
  });

  it('a lost port of a member gets its addresses again although others are released', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager({ onScaleDown: 'release' });
    const before = (await manager.apply(statefulSet('web', place.namespace, 4))).outcomes as PodOutcomeOk[];
    for (const { uuid } of before.slice(1, 3)) await lspDel(place, uuid);
    const { released, outcomes } = await manager.apply(statefulSet('web', place.namespace, 2));
    expect(released.map(({ pod: name }) => name)).to.deep.equal(['web-3']);
    const { ip4, mac } = before[1]!;
    expect(outcomes[1]).to.include({ status: 'created', ip4, mac });
    const grown = (await manager.apply(statefulSet('web', place.namespace, 3))).outcomes as PodOutcomeOk[];
    expect(grown[2]!.mac, 'the lost port beyond the replicas was given up').not.to.equal(before[2]!.mac);
  });

  it('readdress takes ports without a pool into the subnet that the switch has now, and keeps their MACs', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 3);
    const before = (await manager.apply(set)).outcomes as PodOutcomeOk[];
    const subnet = { logicalSwitch: place.logicalSwitch, cidr: '10.99.0.0/24,fd00::/64' };
    bench.subnets[place.namespace] = subnet;
    expect((await bench.transactionsOf(() => manager.apply(set))).count).to.equal(0);
    expect(manager.audit([place.logicalSwitch]).map(({ kind }) => kind)).to.deep.equal(
      before.map(() => 'outside-subnet'),
    );
    const { outcomes } = await manager.readdress(set);
    for (const [i, outcome] of (outcomes as PodOutcomeOk[]).entries()) {
      const { uuid, mac, ip4 } = before[i]!;
      expect(outcome).to.include({ status: 'readdressed', uuid, mac });
      expect(outcome.ip4).to.match(/^10\.99\.0\./);
      expect(outcome.ip6).to.match(/^fd00::/);
      expect(outcome.drift).to.deep.equal({ want: [outcome.ip4, outcome.ip6], have: [ip4] });
    }
    expect(manager.audit([place.logicalSwitch])).to.deep.equal([]);
    expect((await bench.transactionsOf(() => manager.readdress(set))).count).to.equal(0);
    bench.subnets[place.namespace] = { ...subnet, cidr: 'fd00::/64' };
    const [single] = (await manager.readdress(set)).outcomes as PodOutcomeOk[];
    expect(single).to.include({ ip4: undefined, ip6: (outcomes[0] as PodOutcomeOk).ip6, status: 'readdressed' });
  });
});
