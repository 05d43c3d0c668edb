import { expect } from 'chai';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import type { PodOutcome } from '../../lib/statefulset/manager-results.js';
import { entryOf, pod, refusal, StatefulSetBench, statefulSet, type Place } from './statefulset-fixture.js';
import { eventually } from './raw-client.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };

describe('ports of StatefulSets through scaling, recreation and removal', () => {
  let bench: StatefulSetBench;

  before(async () => {
    bench = await StatefulSetBench.start();
  });

  after(() => bench[Symbol.asyncDispose]());

  const statuses = (outcomes: readonly PodOutcome[]): string[] => outcomes.map(({ status }) => status);
  const namesOn = async (place: Place): Promise<string[]> =>
    [...(await bench.portsOn(place)).keys()].map((name) => name.replace(`.${place.namespace}`, '')).sort();

  describe('situation 5: the pool was reordered', () => {
    it('readdress swaps the addresses of all members in one transaction, and no two rows ever share one', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager();
      const pool = Array.from({ length: 6 }, (_, i) => `10.16.1.${i + 1}`);
      const first = await manager.apply(statefulSet('web', place.namespace, 6, pool));
      const shared: string[] = [];
      const stop = bench.nb.on('batch', () => {
        shared.push(...manager.audit([place.logicalSwitch]).map(({ message }) => message));
      });
      const turned = statefulSet('web', place.namespace, 6, [...pool.slice(2), ...pool.slice(0, 2)]);
      const events: string[] = [];
      manager.on('readdressed', ({ pod: name, ip4 }) => events.push(`${name} ${ip4 ?? ''}`));
      const { count, result } = await bench.transactionsOf(() => manager.readdress(turned));
      stop();
      expect(count).to.equal(1);
      expect(statuses(result.outcomes)).to.deep.equal(Array(6).fill('readdressed'));
      expect(result.outcomes.map(entryOf)).to.deep.equal([...pool.slice(2), ...pool.slice(0, 2)]);
      expect(events).to.deep.equal(result.outcomes.map((outcome) => `${outcome.pod} ${entryOf(outcome)}`));
      const kept = (outcome: PodOutcome): unknown => 'mac' in outcome && [outcome.uuid, outcome.mac];
      expect(result.outcomes.map(kept)).to.deep.equal(first.outcomes.map(kept));
      expect(shared).to.deep.equal([]);
    });
  });

  it('of a client whose transactions may share are each made by one transaction, at the first try', async () => {
    const place = await bench.place(V4);
    await using nb = await connectNorthbound({
      remotes: bench.proxy.remote,
      coalesceTransactions: true,
      onWarning: () => undefined,
    });
    const manager = bench.manager({}, nb);
    const set = statefulSet('web', place.namespace, 20);
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, n) => manager.ensurePort(pod(`web-${n}`, place.namespace), set)),
    );
    expect(statuses(made)).to.deep.equal(Array(20).fill('created'));
    expect(nb.metrics().transactions).to.include({ committed: 20, retries: 0 });
  });

  describe('situation 26: two managers at once, same pod', () => {
    it('makes exactly one row, and gives both callers the same address', async () => {
      const place = await bench.place(V4);
      const { nb } = await bench.gated();
      await nb.tables.Logical_Switch.until(({ name }) => name === place.logicalSwitch);
      const managers = [bench.manager(), bench.manager({}, nb)];
      const set = statefulSet('web', place.namespace, 40);
      for (let n = 0; n < 40; n++) {
        const member = pod(`web-${n}`, place.namespace);
        const [one, two] = await Promise.all(managers.map((manager) => manager.ensurePort(member, set)));
        expect([one!.status, two!.status].sort()).to.deep.equal(['created', 'reused']);
        expect([two!.uuid, two!.ip4, two!.mac]).to.deep.equal([one!.uuid, one!.ip4, one!.mac]);
      }
      expect((await bench.portsOn(place)).size).to.equal(40);
    });
  });

  describe('situation 20: scaled down', () => {
    it('keeps the ports, and sends nothing', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager();
      await manager.apply(statefulSet('web', place.namespace, 3, '10.16.1.1..10.16.1.3'));
      const fewer = statefulSet('web', place.namespace, 1, '10.16.1.1..10.16.1.3');
      const { count, result } = await bench.transactionsOf(() => manager.apply(fewer));
      expect(count).to.equal(0);
      expect(result.released).to.deep.equal([]);
      expect(await namesOn(place)).to.deep.equal(['web-0', 'web-1', 'web-2']);
    });

    it('with onScaleDown release deletes the ports beyond the replicas in one transaction', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager({ onScaleDown: 'release' });
      const events: string[] = [];
      manager.on('released', ({ pod: name, statefulSet: key }) => events.push(`${key} ${name}`));
      manager.on('portLost', ({ pod: name }) => events.push(`lost ${name}`));
      const set = (replicas: number): object =>
        statefulSet('web', place.namespace, replicas, '10.16.1.1..10.16.1.5', { uid: 'u1' });
      await manager.apply(set(5));
      expect(manager.plan(set(2)).released.map(({ pod: name }) => name)).to.deep.equal(['web-2', 'web-3', 'web-4']);
      expect(manager.plan(set(2)).transactions).to.have.length(1);
      const { count, result } = await bench.transactionsOf(() => manager.apply(set(2)));
      expect(count).to.equal(1);
      expect(result.released.map(({ pod: name }) => name)).to.deep.equal(['web-2', 'web-3', 'web-4']);
      expect(statuses(result.outcomes)).to.deep.equal(['reused', 'reused']);
      expect(await namesOn(place)).to.deep.equal(['web-0', 'web-1']);
      const key = `${place.namespace}/web`;
      expect(events).to.deep.equal([`${key} web-2`, `${key} web-3`, `${key} web-4`]);
      const again = await bench.transactionsOf(() => manager.apply(set(2)));
      expect(again.count).to.equal(0);
    });

    it('leaves the ports of pods that still exist until they are gone', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager({ onScaleDown: 'release' });
      const set = (replicas: number): object => statefulSet('web', place.namespace, replicas, '10.16.1.1..10.16.1.3');
      await manager.apply(set(3));
      const pods = [0, 1, 2].map((n) => pod(`web-${n}`, place.namespace));
      expect((await manager.apply(set(1), { pods })).released).to.deep.equal([]);
      const { released } = await manager.apply(set(1), { pods: pods.slice(0, 2) });
      expect(released.map(({ pod: name }) => name)).to.deep.equal(['web-2']);
      expect(await namesOn(place)).to.deep.equal(['web-0', 'web-1']);
    });

    it('releases nothing of a StatefulSet that is refused as a whole', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager({ onScaleDown: 'release' });
      await manager.apply(statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2'));
      await refusal('InvalidPool', () => manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1,,')));
      expect(await namesOn(place)).to.deep.equal(['web-0', 'web-1']);
    });

    it('leaves what a later incarnation has used, when the event of the old one comes late', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager({ onScaleDown: 'release' });
      const set = (replicas: number, uid: string): object =>
        statefulSet('web', place.namespace, replicas, '10.16.1.1..10.16.1.3', { uid });
      await manager.apply(set(3, 'new'));
      const { released } = await manager.apply(set(0, 'old'));
      expect(released).to.deep.equal([]);
      expect(await namesOn(place)).to.deep.equal(['web-0', 'web-1', 'web-2']);
    });
  });

  describe('situation 21: scaled up again', () => {
    it('reuses what was kept, and makes what was released anew', async () => {
      const place = await bench.place(V4);
      const set = (replicas: number): object => statefulSet('web', place.namespace, replicas, '10.16.1.1..10.16.1.3');
      const manager = bench.manager();
      const first = await manager.apply(set(3));
      await manager.apply(set(1));
      const kept = await manager.apply(set(3));
      expect(kept.outcomes.map((outcome) => ({ ...outcome, status: 'created' }))).to.deep.equal(first.outcomes);
      const releasing = bench.manager({ onScaleDown: 'release' });
      await releasing.apply(set(1));
      const { outcomes } = await releasing.apply(set(3));
      expect(statuses(outcomes)).to.deep.equal(['reused', 'created', 'created']);
      expect(outcomes.map(entryOf)).to.deep.equal(['10.16.1.1', '10.16.1.2', '10.16.1.3']);
      expect(outcomes[1])
        .to.have.property('mac')
        .that.does.not.equal((first.outcomes[1] as { mac?: string }).mac);
    });
  });

  describe('situation 22: release', () => {
    it('takes one transaction for 500 ports, and leaves those of others', async () => {
      const place = await bench.place({ cidr: '10.32.0.0/16', gateway: '10.32.0.1' });
      const manager = bench.manager();
      await manager.apply(statefulSet('other', place.namespace, 2));
      await manager.apply(statefulSet('web', place.namespace, 1200));
      const web = statefulSet('web', place.namespace, 0);
      const dry = await bench.transactionsOf(() => manager.release(web, { dryRun: true }));
      expect(dry.count).to.equal(0);
      expect(dry.result.released).to.have.length(1200);
      const { count, result } = await bench.transactionsOf(() => manager.release(web));
      expect(count).to.equal(3);
      expect(result.released).to.deep.equal(dry.result.released);
      expect(await namesOn(place)).to.deep.equal(['other-0', 'other-1']);
    });
  });

  describe('situation 23: made anew under the same name', () => {
    const both = async (onRecreate: 'inherit' | 'fresh' | 'reject', pool?: string) => {
      const place = await bench.place(V4);
      const manager = bench.manager({ onRecreate });
      const set = (uid: string, replicas = 3): object => statefulSet('web', place.namespace, replicas, pool, { uid });
      const first = await manager.apply(set('u1'));
      return { place, manager, set, first };
    };

    it('inherit: the ports are taken over as they are, and the new uid is noted', async () => {
      const { place, manager, set, first } = await both('inherit');
      const { count, result } = await bench.transactionsOf(() => manager.apply(set('u2')));
      expect(count).to.equal(1);
      const refreshed = first.outcomes.map((outcome) => ({ ...outcome, status: 'reused', refreshed: true }));
      expect(result.outcomes).to.deep.equal(refreshed);
      for (const row of (await bench.portsOn(place)).values()) {
        expect(row['external_ids']).to.deep.include([PORT_KEYS.ownerUid, 'u2']);
      }
    });

    it('fresh: old ports go and new ones come in one transaction, with the entries of the pool', async () => {
      const { place, manager, set, first } = await both('fresh', '10.16.1.1..10.16.1.3');
      const lost: unknown[] = [];
      manager.on('portLost', (port) => lost.push(port));
      const { count, result } = await bench.transactionsOf(() => manager.apply(set('u2')));
      expect(count).to.equal(1);
      expect(statuses(result.outcomes)).to.deep.equal(['created', 'created', 'created']);
      expect(result.outcomes.map(entryOf)).to.deep.equal(first.outcomes.map(entryOf));
      const before = first.outcomes.map((outcome) => 'mac' in outcome && [outcome.uuid, outcome.mac]);
      for (const [i, outcome] of result.outcomes.entries()) {
        expect('mac' in outcome && outcome.uuid).not.to.equal((before[i] as string[])[0]);
        expect('mac' in outcome && outcome.mac).not.to.equal((before[i] as string[])[1]);
      }
      expect(await namesOn(place)).to.deep.equal(['web-0', 'web-1', 'web-2']);
      expect(lost).to.deep.equal([]);
      const again = await bench.transactionsOf(() => manager.apply(set('u2')));
      expect(again.count).to.equal(0);
    });

    it('fresh: a pool in another order is no obstacle', async () => {
      const { place, manager, first } = await both('fresh', '10.16.1.1..10.16.1.3');
      const turned = statefulSet('web', place.namespace, 3, '10.16.1.3,10.16.1.1,10.16.1.2', { uid: 'u2' });
      const { outcomes } = await manager.apply(turned);
      expect(statuses(outcomes)).to.deep.equal(['created', 'created', 'created']);
      expect(outcomes.map(entryOf)).to.deep.equal(['10.16.1.3', '10.16.1.1', '10.16.1.2']);
      expect(first.outcomes).to.have.length(3);
    });

    it('fresh: without a pool the addresses are others, and ports beyond the replicas go', async () => {
      const { place, manager, set, first } = await both('fresh');
      const { outcomes, released } = await manager.apply(set('u2', 2));
      expect(statuses(outcomes)).to.deep.equal(['created', 'created']);
      expect(released.map(({ pod: name }) => name)).to.deep.equal(['web-2']);
      // That of the third is free again when the others are picked.
      const old = first.outcomes.slice(0, 2).map(entryOf);
      for (const outcome of outcomes) expect(old).not.to.include(entryOf(outcome));
      expect(await namesOn(place)).to.deep.equal(['web-0', 'web-1']);
    });

    it('fresh: an entry that somebody else has leaves the old port alone', async () => {
      const { place, manager } = await both('fresh', '10.16.1.1..10.16.1.3');
      await bench.foreignPort(place, `x.${place.namespace}`, { addresses: '0a:00:00:00:00:09 10.16.1.9' });
      const edited = statefulSet('web', place.namespace, 3, '10.16.1.9,10.16.1.2,10.16.1.3', { uid: 'u2' });
      const { outcomes, errors } = await manager.apply(edited);
      expect(statuses(outcomes)).to.deep.equal(['refused', 'created', 'created']);
      expect(errors[0]).to.have.property('code', 'AddressInUse');
      expect(errors[0]!.message).to.contain('keeps its port with 10.16.1.1');
      expect((await bench.ipsOn(place))[`web-0.${place.namespace}`]).to.equal('10.16.1.1');
    });

    it('reject: the pods are refused, and nothing is changed', async () => {
      const { place, manager, set } = await both('reject');
      const before = await bench.versions();
      const { errors } = await manager.apply(set('u2'));
      expect(errors.map(({ code }) => code)).to.deep.equal(['OwnerMismatch', 'OwnerMismatch', 'OwnerMismatch']);
      expect(errors[0]!.details).to.deep.equal({ port: `web-0.${place.namespace}`, have: 'u1', given: 'u2' });
      expect(errors[0]!.message).to.match(/web-0 .*keeps its port.*u1.*u2.*onRecreate/);
      await refusal('OwnerMismatch', () => manager.ensurePort(pod('web-0', place.namespace), set('u2')));
      expect(await bench.versions()).to.deep.equal(before);
      await manager.release(set('u1'));
      expect(statuses((await manager.apply(set('u2'))).outcomes)).to.deep.equal(['created', 'created', 'created']);
    });
  });

  describe('situation 24: an event of the old incarnation comes late', () => {
    const created = (uid: string, creationTimestamp: string, place: Place, replicas = 2): object => {
      const { metadata, spec } = statefulSet('web', place.namespace, replicas);
      return { metadata: { ...metadata, uid, creationTimestamp }, spec };
    };

    for (const onRecreate of ['inherit', 'fresh'] as const) {
      it(`${onRecreate}: apply and ensurePort find the port and change nothing`, async () => {
        const place = await bench.place(V4);
        const manager = bench.manager({ onRecreate, onScaleDown: 'release' });
        const old = created('u1', '2026-01-01T00:00:00Z', place);
        const next = created('u2', '2026-01-01T00:00:09Z', place);
        await manager.apply(old);
        const now = await manager.apply(next);
        const before = await bench.versions();
        const late = await bench.transactionsOf(() => manager.apply({ ...old, spec: { replicas: 1 } }));
        expect(late.count).to.equal(0);
        expect(late.result.released).to.deep.equal([]);
        expect(late.result.outcomes[0]).to.include({ status: 'reused', stale: true, refreshed: false });
        expect(late.result.outcomes.map(entryOf)).to.deep.equal(now.outcomes.slice(0, 1).map(entryOf));
        const ensured = await manager.ensurePort(pod('web-1', place.namespace, {}, 'pod-of-u1'), old);
        expect(ensured.stale).to.equal(true);
        expect((await manager.release(old)).released).to.deep.equal([]);
        expect(await bench.versions()).to.deep.equal(before);
      });
    }

    it('release by the old uid leaves the ports that the new one has used', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager();
      const set = (uid: string): object => statefulSet('web', place.namespace, 3, undefined, { uid });
      await manager.apply(set('u1'));
      await manager.ensurePort(pod('web-1', place.namespace), set('u2'));
      const { released, skipped } = await manager.release(set('u1'));
      expect(released.map(({ pod: name }) => name)).to.deep.equal(['web-0', 'web-2']);
      expect(skipped.map(({ pod: name }) => name)).to.deep.equal(['web-1']);
    });

    it('the deletion of a pod that has been replaced is known as such', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager();
      const set = statefulSet('web', place.namespace, 1);
      await manager.ensurePort(pod('web-0', place.namespace, {}, 'p2'), set);
      expect(await manager.podDeleted(pod('web-0', place.namespace, {}, 'p1'))).to.include({ stale: true });
      expect(await manager.podDeleted(pod('web-0', place.namespace, {}, 'p2'))).to.include({ stale: false });
    });
  });

  describe('situation 25: the namespace moves to another switch', () => {
    const moving = async (pool?: string) => {
      const from = await bench.place(V4);
      const to = await bench.place({ cidr: '10.17.0.0/24', gateway: '10.17.0.1' });
      const set = statefulSet('web', from.namespace, 2, pool);
      const manager = bench.manager();
      const first = await manager.apply(set);
      bench.subnets[from.namespace] = bench.subnets[to.namespace]!;
      return { from, to, set, manager, first };
    };

    it('gives an address of the new subnet, keeps row and MAC, and takes one transaction', async () => {
      const { from, to, set, manager, first } = await moving();
      const moved: string[] = [];
      manager.on('moved', ({ port }) => moved.push(port));
      manager.on('portLost', () => moved.push('lost'));
      const { count, result } = await bench.transactionsOf(() => manager.apply(set));
      expect(count).to.equal(1);
      expect(statuses(result.outcomes)).to.deep.equal(['moved', 'moved']);
      for (const [i, outcome] of result.outcomes.entries()) {
        const before = first.outcomes[i]!;
        if (outcome.status === 'refused' || before.status === 'refused') throw new Error('refused');
        expect(outcome.ip4).to.match(/^10\.17\.0\./);
        expect([outcome.uuid, outcome.mac]).to.deep.equal([before.uuid, before.mac]);
      }
      expect((await bench.portsOn(from)).size).to.equal(0);
      const rows = await bench.portsOn(to);
      expect([...rows.keys()].sort()).to.deep.equal(moved.sort());
      const row = rows.get(`web-0.${from.namespace}`)!;
      expect(row['external_ids']).to.deep.include([PORT_KEYS.logicalSwitch, to.logicalSwitch]);
      const again = await bench.transactionsOf(() => manager.apply(set));
      expect(again.count).to.equal(0);
      expect(statuses(again.result.outcomes)).to.deep.equal(['reused', 'reused']);
    });

    it('takes another MAC where the old one is used there', async () => {
      const { to, set, manager, first } = await moving();
      const [web0] = first.outcomes;
      if (web0?.status !== 'created') throw new Error('not created');
      await bench.foreignPort(to, `x.${to.namespace}`, { addresses: `${web0.mac} 10.17.0.200` });
      const { outcomes } = await manager.apply(set);
      expect(statuses(outcomes)).to.deep.equal(['moved', 'moved']);
      expect(outcomes[0]).to.have.property('mac').that.does.not.equal(web0.mac);
    });

    it('leaves the port where it is when the pool has no address of the new subnet for it', async () => {
      const { from, set, manager } = await moving('10.16.1.1,10.16.1.2');
      const before = await bench.versions();
      await refusal('AddressOutOfSubnet', () => manager.apply(set));
      const { errors } = await manager.apply(statefulSet('web', from.namespace, 2, '10.17.0.9'));
      expect(errors.map(({ code }) => code)).to.deep.equal(['PoolExhausted']);
      expect(errors[0]!.message).to.contain('keeps its port with 10.16.1.2');
      const after = await bench.versions();
      expect(after.get(`web-1.${from.namespace}`)).to.equal(before.get(`web-1.${from.namespace}`));
      expect((await bench.portsOn(from)).size).to.equal(1);
    });
  });

  describe('situation 33: a port is deleted by somebody else', () => {
    const remove = async (place: Place, uuid: string): Promise<void> => {
      await bench.raw.commit({
        op: 'mutate',
        table: 'Logical_Switch',
        where: [['_uuid', '==', ['uuid', place.switchUuid]]],
        mutations: [['ports', 'delete', ['uuid', uuid]]],
      });
      await eventually(() => bench.nb.tables.Logical_Switch_Port.get(uuid as never) === undefined);
    };

    for (const pool of [undefined, '10.16.1.1,10.16.1.2']) {
      it(`is told of, and made again with the same addresses ${pool === undefined ? 'without' : 'with'} a pool`, async () => {
        const place = await bench.place(V4);
        const manager = bench.manager();
        const set = statefulSet('web', place.namespace, 2, pool);
        const first = await manager.apply(set);
        const lost: unknown[] = [];
        manager.on('portLost', (port) => lost.push(port));
        const web1 = first.outcomes[1]!;
        if (web1.status === 'refused') throw web1.error;
        await remove(place, web1.uuid!);
        const { statefulSet: key, ordinal, pod: name, port, ip4, ip6, mac } = web1;
        expect(lost).to.deep.equal([{ statefulSet: key, ordinal, pod: name, port, ip4, ip6, mac }]);
        const again = await manager.ensurePort(pod('web-1', place.namespace), set);
        expect(again).to.deep.equal({ ...web1, uuid: again.uuid });
        expect(again.uuid).not.to.equal(web1.uuid);
      });
    }

    it('gets another address where somebody took the old one, and keeps the MAC', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager();
      const set = statefulSet('web', place.namespace, 1);
      const web0 = await manager.ensurePort(pod('web-0', place.namespace), set);
      await remove(place, web0.uuid!);
      await bench.foreignPort(place, `x.${place.namespace}`, { addresses: `0a:00:00:00:00:01 ${web0.ip4}` });
      const again = await manager.ensurePort(pod('web-0', place.namespace), set);
      expect(again.ip4).not.to.equal(web0.ip4);
      expect(again.mac).to.equal(web0.mac);
    });

    it('is not told of when a manager deleted it, this one or another', async () => {
      const place = await bench.place(V4);
      const [one, two] = [bench.manager(), bench.manager()];
      const lost: unknown[] = [];
      for (const manager of [one, two]) manager.on('portLost', (port) => lost.push(port));
      const set = statefulSet('web', place.namespace, 2);
      const first = await one.apply(set);
      await two.release(set);
      const { outcomes } = await one.apply(set);
      expect(lost).to.deep.equal([]);
      expect(statuses(outcomes)).to.deep.equal(['created', 'created']);
      const macs = first.outcomes.map((outcome) => 'mac' in outcome && outcome.mac);
      for (const outcome of outcomes) expect(macs).not.to.include('mac' in outcome && outcome.mac);
    });
  });

  describe('a manager of another vendor, such as that of another cluster on the same database', () => {
    for (const onRecreate of ['inherit', 'fresh'] as const) {
      it(`${onRecreate}: has no part in the ports, and says whose they are`, async () => {
        const place = await bench.place(V4);
        const east = bench.manager({ vendor: 'east' });
        const set = (uid: string, replicas: number): object =>
          statefulSet('web', place.namespace, replicas, undefined, { uid });
        await east.apply(set('e', 3));
        const before = await bench.versions();
        const west = bench.manager({ vendor: 'west', onRecreate, onScaleDown: 'release' });
        const { errors, released } = await west.apply(set('w', 1));
        expect(errors.map(({ code }) => code)).to.deep.equal(['PortOwnedByOther']);
        expect(errors[0]!.message).to.contain(`${place.namespace}/web of vendor east`).and.contain('adopt: true');
        expect(released).to.deep.equal([]);
        expect(west.list(set('w', 1))).to.deep.equal([]);
        expect(await west.release(statefulSet('web', place.namespace, 1))).to.deep.equal({ released: [], skipped: [] });
        expect(await west.podDeleted(pod('web-0', place.namespace))).to.include({ retained: undefined });
        expect(await bench.versions()).to.deep.equal(before);
      });
    }

    it('can take the ports over', async () => {
      const place = await bench.place(V4);
      const set = statefulSet('web', place.namespace, 2);
      const first = await bench.manager({ vendor: 'east' }).apply(set);
      const west = bench.manager({ vendor: 'west' });
      const { adopted } = await west.adopt(set);
      expect(adopted.map(({ formerVendor }) => formerVendor)).to.deep.equal(['east', 'east']);
      const { outcomes } = await west.apply(set);
      expect(outcomes.map((outcome) => ({ ...outcome, status: 'created' }))).to.deep.equal(first.outcomes);
    });
  });

  describe('adoption', () => {
    it('takes over Kube-OVN’s ports as they are; a dry run says so and sends nothing', async () => {
      const place = await bench.place(V4);
      const port = (n: number): string => `web-${n}.${place.namespace}`;
      const uuids = [];
      for (const n of [0, 1]) {
        const ids = { vendor: 'kube-ovn', ls: place.logicalSwitch, pod: `${place.namespace}/web-${n}` };
        uuids.push(
          await bench.foreignPort(place, port(n), {
            addresses: `0a:00:00:00:00:0${n} 10.16.1.${7 + n}`,
            external_ids: ['map', Object.entries(ids)],
          }),
        );
      }
      const manager = bench.manager();
      const set = statefulSet('web', place.namespace, 3, '10.16.1.7,10.16.1.9,10.16.1.10');
      const dry = await bench.transactionsOf(() => manager.adopt(set, { dryRun: true }));
      expect(dry.count).to.equal(0);
      expect(dry.result).to.include({ dryRun: true, statefulSet: `${place.namespace}/web` });
      expect(dry.result.missing).to.deep.equal(['web-2']);
      expect(dry.result.transactions).to.have.length(1);
      const { count, result } = await bench.transactionsOf(() => manager.adopt(set));
      expect(count).to.equal(1);
      expect(result.adopted).to.deep.equal(dry.result.adopted);
      expect(result.adopted.map(({ uuid, formerVendor }) => [uuid, formerVendor])).to.deep.equal(
        uuids.map((uuid) => [uuid, 'kube-ovn']),
      );
      expect(result.adopted[0]!.drift).to.equal(undefined);
      expect(result.adopted[1]!.drift).to.deep.equal({ want: ['10.16.1.9'], have: ['10.16.1.8'] });
      const { outcomes } = await manager.apply(set);
      expect(statuses(outcomes)).to.deep.equal(['reused', 'reused', 'created']);
      const nothing = await manager.adopt(set);
      expect(nothing).to.deep.include({ adopted: [], missing: [], errors: [], transactions: [] });
    });

    it('renames ports that OVN-Kubernetes made', async () => {
      const place = await bench.place(V4);
      const uuid = await bench.foreignPort(place, `${place.namespace}_web-0`, {
        addresses: '0a:00:00:00:00:0a 10.16.1.30',
      });
      const manager = bench.manager();
      const set = statefulSet('web', place.namespace, 1);
      const { adopted } = await manager.adopt(set, { existingName: 'namespace_pod' });
      expect(adopted).to.have.length(1);
      expect(adopted[0]).to.include({
        port: `web-0.${place.namespace}`,
        formerName: `${place.namespace}_web-0`,
        ip4: '10.16.1.30',
        uuid,
      });
      expect(await namesOn(place)).to.deep.equal(['web-0']);
    });

    it('leaves ports without one static address alone, and says why', async () => {
      const place = await bench.place(V4);
      await bench.foreignPort(place, `web-0.${place.namespace}`, { addresses: 'dynamic' });
      const before = await bench.versions();
      const { adopted, errors } = await bench.manager().adopt(statefulSet('web', place.namespace, 1));
      expect(adopted).to.deep.equal([]);
      expect(errors.map(({ code }) => code)).to.deep.equal(['PortOwnedByOther']);
      expect(await bench.versions()).to.deep.equal(before);
    });

    it('refuses a way of naming that it does not know', async () => {
      const place = await bench.place(V4);
      const error = await bench
        .manager()
        .adopt(statefulSet('web', place.namespace, 1), { existingName: 'calico' as never })
        .catch((reason: unknown) => reason);
      expect(error).to.have.property('code', 'InvalidArgument');
    });
  });
});
