/**
 * A call that finds every port as it must be makes no plan. Whatever changes must be noticed all the same; what would be
 * found without anything remembered is what a manager says that was made just now.
 */
import { expect } from 'chai';

import { PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import type { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import type { StatefulSetPortManagerOptions } from '../../lib/statefulset/manager-options.js';
import type { PodOutcome, PodOutcomeOk } from '../../lib/statefulset/manager-results.js';
import { IP_ADDRESS_ANNOTATION, IP_POOL_ANNOTATION, type StatefulSetLike } from '../../lib/statefulset/workload.js';
import { Random } from '../random.js';
import { pod, StatefulSetBench, statefulSet, type Place } from './statefulset-fixture.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };
const POOL = ['10.16.1.1', '10.16.1.2', '10.16.1.3', '10.16.1.4'];

describe('ports of StatefulSets that are as they must be', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  const fullName = (place: Place, ordinal: number): string => `web-${ordinal}.${place.namespace}`;

  /** Has somebody else change the row of a port, and waits until the manager's replica shows it. */
  async function edit(name: string, row: Record<string, unknown>): Promise<void> {
    await bench.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where: [['name', '==', name]], row });
    await bench.nb.transact((tx) => tx.select('NB_Global', [], []));
  }

  async function editKeys(name: string, key: string, value: string | undefined): Promise<void> {
    const mutations: unknown[] = [['external_ids', 'delete', ['set', [key]]]];
    if (value !== undefined) mutations.push(['external_ids', 'insert', ['map', [[key, value]]]]);
    await bench.raw.commit({ op: 'mutate', table: 'Logical_Switch_Port', where: [['name', '==', name]], mutations });
    await bench.nb.transact((tx) => tx.select('NB_Global', [], []));
  }

  async function onSwitch(place: Place, how: 'insert' | 'delete', uuid: string): Promise<void> {
    const where = [['_uuid', '==', ['uuid', place.switchUuid]]];
    const mutations = [['ports', how, ['uuid', uuid]]];
    await bench.raw.commit({ op: 'mutate', table: 'Logical_Switch', where, mutations });
    await bench.nb.transact((tx) => tx.select('NB_Global', [], []));
  }

  const withoutError = (outcome: PodOutcome): object =>
    outcome.status === 'refused' ? { ...outcome, error: outcome.error.message } : outcome;

  /** What a manager says that has nothing to remember. */
  function afresh(set: StatefulSetLike, options?: Partial<StatefulSetPortManagerOptions>): object[] {
    using manager = bench.manager(options);
    return manager.plan(set).outcomes.map(withoutError);
  }

  for (const pool of [undefined, POOL]) {
    const what = pool === undefined ? 'no pool' : 'a pool';
    it(`are told of as often as asked, with their events, and nothing is sent (${what})`, async () => {
      const place = await bench.place(V4);
      const manager = bench.manager({ portSecurity: true });
      const set = statefulSet('web', place.namespace, 4, pool, { uid: 'a' });
      const first = await manager.apply(set);
      expect(first.outcomes.map(({ status }) => status)).to.deep.equal(Array(4).fill('created'));
      const told: PodOutcome[] = [];
      manager.on('reused', (port) => told.push(port));
      for (let i = 0; i < 3; i++) {
        const { count, result } = await bench.transactionsOf(() => manager.apply(set));
        expect(count).to.equal(0);
        expect(result.outcomes).to.deep.equal(afresh(set, { portSecurity: true }));
        expect(result.outcomes).to.deep.equal(
          first.outcomes.map((outcome) => ({ ...outcome, status: 'reused', refreshed: false })),
        );
        expect(told.splice(0)).to.deep.equal(result.outcomes);
      }
      const one = await manager.ensurePort(pod('web-2', place.namespace), set);
      expect(one).to.deep.equal({ ...first.outcomes[2], status: 'reused' });
    });
  }

  it('belong to whoever gets them: a caller may change what it was told', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 2, POOL);
    await manager.apply(set);
    const { outcomes } = await manager.apply(set);
    const before = structuredClone(outcomes);
    for (const outcome of outcomes) Object.assign(outcome, { pod: 'changed', mac: 'changed' });
    expect((await manager.apply(set)).outcomes).to.deep.equal(before);
  });

  it('are looked at anew when the StatefulSet given is another one, or was changed in place', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const annotations = { [IP_POOL_ANNOTATION]: POOL.join(';') };
    const set = {
      metadata: { name: 'web', namespace: place.namespace, uid: 'a' },
      spec: { replicas: 2, ordinals: { start: 0 }, template: { metadata: { annotations } } },
    };
    await manager.apply(set);
    annotations[IP_POOL_ANNOTATION] = [...POOL].reverse().join(';');
    const drifted = await manager.apply(set);
    expect(drifted.outcomes.map((outcome) => 'drift' in outcome && outcome.drift?.want)).to.deep.equal([
      ['10.16.1.4'],
      ['10.16.1.3'],
    ]);
    annotations[IP_POOL_ANNOTATION] = POOL.join(';');
    await manager.apply(set);
    set.spec.ordinals.start = 1;
    const shifted = await manager.apply(set);
    expect(shifted.outcomes[0]).to.deep.include({ ordinal: 1, drift: { want: ['10.16.1.1'], have: ['10.16.1.2'] } });
    set.spec.ordinals.start = 0;
    await manager.apply(set);
    set.metadata.uid = 'b';
    const recreated = await manager.apply(set);
    expect(recreated.outcomes[0]).to.deep.include({ status: 'reused', refreshed: true });
    set.spec.replicas = 3;
    const grown = await manager.apply(set);
    expect(grown.outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused', 'created']);
  });

  it('are looked at anew when a pod asks for something of its own, or is another one', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 1, POOL);
    const asking = pod('web-0', place.namespace, { [IP_ADDRESS_ANNOTATION]: '10.16.1.9' });
    const uids = ['a', 'b'].map((uid) => pod('web-0', place.namespace, {}, uid));
    await manager.apply(set);
    const { outcomes } = await manager.apply(set, { pods: [asking] });
    expect(outcomes[0]).to.deep.include({ drift: { want: ['10.16.1.9'], have: ['10.16.1.1'] } });
    for (const each of [...uids, ...uids]) {
      expect((await manager.apply(set, { pods: [each] })).outcomes[0]).to.include({ refreshed: true });
      expect((await manager.apply(set, { pods: [each] })).outcomes[0]).to.include({ refreshed: false });
      expect((await manager.apply(set)).outcomes[0]).to.include({ refreshed: false });
    }
  });

  it('with an address of their own have drifted once the pod no longer asks for it', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 1, POOL);
    const asking = pod('web-0', place.namespace, { [IP_ADDRESS_ANNOTATION]: '10.16.1.9' });
    await manager.apply(set, { pods: [asking] });
    for (let i = 0; i < 2; i++) {
      const { outcomes } = await manager.apply(set);
      expect(outcomes[0]).to.deep.include({ drift: { want: ['10.16.1.1'], have: ['10.16.1.9'] } });
    }
  });

  it('are looked at anew when the namespace has another subnet, or another switch', async () => {
    const [place, there] = [await bench.place(V4), await bench.place(V4)];
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 1, POOL);
    const { outcomes } = await manager.apply(set);
    bench.subnets[place.namespace] = { ...V4, logicalSwitch: there.logicalSwitch };
    expect((await manager.apply(set)).outcomes[0]).to.include({ status: 'moved' });
    bench.subnets[place.namespace] = { cidr: '10.17.0.0/24', logicalSwitch: there.logicalSwitch };
    const error = await manager.apply(set).catch((refused: unknown) => refused);
    expect(error).to.have.property('code', 'AddressOutOfSubnet');
    bench.subnets[place.namespace] = { ...V4, logicalSwitch: place.logicalSwitch };
    const [back] = (await manager.apply(set)).outcomes;
    expect(back).to.deep.equal({ ...outcomes[0], status: 'moved' });
  });

  it('are looked at anew when somebody has put them on another switch', async () => {
    const [place, there] = [await bench.place(V4), await bench.place(V4)];
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 1, POOL);
    const { outcomes } = await manager.apply(set);
    const uuid = (outcomes[0] as PodOutcomeOk).uuid!;
    await onSwitch(there, 'insert', uuid);
    await onSwitch(place, 'delete', uuid);
    expect(bench.nb.tables.Logical_Switch_Port.get(uuid)).to.include({ name: fullName(place, 0) });
    expect((await manager.apply(set)).outcomes[0]).to.deep.include({ uuid, status: 'moved' });
    expect([...(await bench.portsOn(place)).keys()]).to.deep.equal([fullName(place, 0)]);
  });

  it('wait for a call that is about to change them', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    const set = statefulSet('web', place.namespace, 2, POOL);
    await manager.apply(set);
    gate.requests.shut();
    const released = manager.release(set);
    const again = manager.apply(set);
    await new Promise((resolve) => setTimeout(resolve, 20));
    gate.requests.open();
    expect((await released).released).to.have.length(2);
    expect((await again).outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created']);
  });

  it('have drifted when a call that was given up made them by another pool', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    const giveUp = new AbortController();
    gate.replies.shut();
    const given = manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1'), { signal: giveUp.signal });
    const failed = given.catch((error: unknown) => error);
    await bench.nb.tables.Logical_Switch_Port.until(({ name }) => name === fullName(place, 0));
    giveUp.abort(new Error('given up'));
    expect(await failed).to.have.property('message', 'given up');
    gate.replies.open();
    const set = statefulSet('web', place.namespace, 1, '10.16.1.2');
    for (const status of ['created', 'reused', 'reused']) {
      const { outcomes } = await manager.apply(set);
      expect(outcomes[0]).to.deep.include({ status, drift: { want: ['10.16.1.2'], have: ['10.16.1.1'] } });
    }
  });

  it('are told of no further when the call is given up', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager({ maxPortsPerTransaction: 1 });
    const set = statefulSet('web', place.namespace, 3);
    await manager.apply(set);
    const giveUp = new AbortController();
    const told: number[] = [];
    manager.on('reused', ({ ordinal }) => {
      told.push(ordinal);
      giveUp.abort(new Error('given up'));
    });
    const failed = await manager.apply(set, { signal: giveUp.signal }).catch((error: unknown) => error);
    expect(failed).to.have.property('message', 'given up');
    expect(told).to.deep.equal([0]);
  });

  it('are told of no further once the replica is not known to be true any more', async () => {
    const place = await bench.place(V4);
    const { nb } = await bench.gated();
    const manager = bench.manager({ maxPortsPerTransaction: 1 }, nb);
    const set = statefulSet('web', place.namespace, 3);
    await manager.apply(set);
    manager.on('reused', () => nb.close());
    expect(await manager.apply(set).catch((error: unknown) => error)).to.have.property('code', 'NotReady');
  });

  it('are what a manager that was made just now finds, after any edits', async () => {
    const random = new Random(20260703);
    const place = await bench.place(V4);
    const elsewhere = await bench.place(V4);
    const options: Partial<StatefulSetPortManagerOptions>[] = [{}, { portSecurity: true }, { onDrift: 'error' }];
    const managers = options.map((each) => [each, bench.manager(each)] as const);
    const set = statefulSet('web', place.namespace, 4, POOL, { uid: 'a' });
    await managers[1]![1].apply(set);
    const column = (row: Record<string, unknown>) => (name: string) => edit(name, row);
    const key = (name: string, value?: string) => (port: string) => editKeys(port, name, value);
    const edits: ((name: string) => Promise<void>)[] = [
      column({ addresses: '0a:00:00:00:00:09 10.16.1.2' }),
      column({ addresses: ['set', []] }),
      column({ addresses: ['set', ['0a:00:00:00:00:08 10.16.1.1', 'unknown']] }),
      column({ addresses: 'dynamic' }),
      column({ port_security: ['set', []] }),
      column({ up: true }),
      column({ enabled: false }),
      key(PORT_KEYS.ip4, '10.16.1.3'),
      key(PORT_KEYS.ip4),
      key(PORT_KEYS.mac, '0a:00:00:00:00:07'),
      key(PORT_KEYS.ownerUid, 'b'),
      key(PORT_KEYS.ownerUid),
      key(PORT_KEYS.podUid, 'p'),
      key(PORT_KEYS.vendor, 'other'),
      key(PORT_KEYS.vendor),
      key(PORT_KEYS.statefulSet, `${place.namespace}/other`),
      key(PORT_KEYS.ordinal, 'x'),
      key('note', 'of people'),
      async (name) => {
        const uuid = bench.nb.tables.Logical_Switch_Port.find({ name })?._uuid;
        if (uuid !== undefined) await onSwitch(place, 'delete', uuid);
      },
      async (name) => {
        await edit(name, { name: `${name}.gone` });
        const uuid = bench.nb.tables.Logical_Switch_Port.find({ name: `${name}.gone` })?._uuid;
        if (uuid !== undefined) await onSwitch(place, 'delete', uuid);
      },
      async (name) => {
        const uuid = bench.nb.tables.Logical_Switch_Port.find({ name })?._uuid;
        if (uuid !== undefined) await onSwitch(elsewhere, random.chance(0.5) ? 'insert' : 'delete', uuid);
      },
    ];
    const settle = async ([given, manager]: readonly [object, StatefulSetPortManager]): Promise<void> => {
      const planned = afresh(set, given);
      const { count, result } = await bench.transactionsOf(() => manager.apply(set));
      const outcomes = result.outcomes.map(withoutError);
      // What is made has a uuid, and picked addresses, only afterwards.
      const status = (all: object[]): unknown[] => all.map((each) => (each as PodOutcome).status);
      expect(status(outcomes)).to.deep.equal(status(planned));
      if (count === 0) expect(outcomes).to.deep.equal(planned);
      const isAllAsItMustBe = status(planned).every((each) => each === 'reused');
      if (isAllAsItMustBe && outcomes.every((each) => !(each as { refreshed: boolean }).refreshed)) {
        expect(count).to.equal(0);
      }
    };
    for (let i = 0; i < 120; i++) {
      for (const manager of managers) await settle(manager);
      await random.pick(edits)(fullName(place, random.below(4)));
      if (random.chance(0.3)) for (const manager of managers) await settle(manager);
    }
  });
});
