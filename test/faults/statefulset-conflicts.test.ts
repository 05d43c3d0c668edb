import { expect } from 'chai';

import type { PodOutcome } from '../../lib/statefulset/manager-results.js';
import { PORT_KEYS, readManagedPort } from '../../lib/statefulset/managed-port.js';
import type { PortError } from '../../lib/statefulset/port-error.js';
import { GENERATION_KEY } from '../../lib/statefulset/switches/switch-flights.js';
import { eventually } from '../integration/raw-client.js';
import {
  entryOf,
  pod,
  refusal,
  StatefulSetBench,
  statefulSet,
  type Place,
} from '../integration/statefulset-fixture.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };

describe('ports of StatefulSets while others write', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  /** The `external_ids` of a pod's port. */
  const ids = async (place: Place, name: string): Promise<Map<string, string>> =>
    new Map((await bench.portsOn(place)).get(`${name}.${place.namespace}`)!['external_ids'] as [string, string][]);

  /** Runs `act` with what it sends held back, has `meanwhile` happen, and then lets it through. */
  async function overtaken<R>(
    gated: Awaited<ReturnType<StatefulSetBench['gated']>>,
    act: () => Promise<R>,
    meanwhile: () => Promise<unknown>,
    transactions = 1,
  ): Promise<R> {
    gated.gate.requests.shut();
    const running = act();
    // Looked at below; a rejection before that is not unhandled.
    running.catch(() => undefined);
    await eventually(() => gated.gate.requests.count('"transact"') === transactions, 'the transactions');
    await meanwhile();
    gated.gate.requests.open();
    return running;
  }

  describe('a writer that knows nothing of the generation takes the address first', () => {
    const taken = async (place: Place, ip: string): Promise<unknown> =>
      bench.insertPort(place, `foreign-${ip}.${place.namespace}`, { addresses: `0a:00:00:00:00:01 ${ip}` });

    it('the entry of a pool: ours is taken back, and the pod refused', async () => {
      const place = await bench.place(V4);
      const gated = await bench.gated();
      const manager = bench.manager({}, gated.nb);
      const events: string[] = [];
      manager.on('allocated', ({ pod: name }) => events.push(`allocated ${name}`));
      manager.on('conflict', ({ pod: name }) => events.push(`conflict ${name ?? ''}`));
      const set = statefulSet('web', place.namespace, 3, '10.16.1.1,10.16.1.2,10.16.1.3');
      const { outcomes, errors } = await overtaken(
        gated,
        () => manager.apply(set),
        () => taken(place, '10.16.1.2'),
      );
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'refused', 'created']);
      expect(errors[0]).to.include({ code: 'AddressInUse', pod: 'web-1' });
      expect(errors[0]!.message).to.contain(`10.16.1.2 belongs to port foreign-10.16.1.2.${place.namespace}`);
      expect(await bench.ipsOn(place)).to.deep.equal({
        [`foreign-10.16.1.2.${place.namespace}`]: '10.16.1.2',
        [`web-0.${place.namespace}`]: '10.16.1.1',
        [`web-2.${place.namespace}`]: '10.16.1.3',
      });
      expect(events.sort()).to.deep.equal(['allocated web-0', 'allocated web-2', 'conflict web-1']);
    });

    it('a picked address: another one is picked, and the MAC stays', async () => {
      const place = await bench.place({ cidr: '10.8.0.0/29' });
      const gated = await bench.gated();
      const manager = bench.manager({ pick: 'sequential' }, gated.nb);
      const set = statefulSet('web', place.namespace, 2);
      const { outcomes, errors } = await overtaken(
        gated,
        () => manager.apply(set),
        () => taken(place, '10.8.0.1'),
      );
      expect(errors).to.deep.equal([]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created']);
      expect(outcomes.map(entryOf)).to.deep.equal(['10.8.0.3', '10.8.0.2']);
      expect(Object.values(await bench.ipsOn(place)).sort()).to.deep.equal(['10.8.0.1', '10.8.0.2', '10.8.0.3']);
    });

    it('the MAC address that a pod asked for: ours is taken back', async () => {
      const place = await bench.place(V4);
      const gated = await bench.gated();
      const asked = pod('web-0', place.namespace, { 'ovn.kubernetes.io/mac_address': '0a:00:00:00:00:01' });
      const set = statefulSet('web', place.namespace, 1, '10.16.1.1');
      const error = await overtaken(
        gated,
        () => refusal('MacInUse', () => bench.manager({}, gated.nb).ensurePort(asked, set)),
        () => taken(place, '10.16.1.99'),
      );
      expect(error.details).to.deep.equal({ mac: '0a:00:00:00:00:01', port: `foreign-10.16.1.99.${place.namespace}` });
      expect(Object.values(await bench.ipsOn(place))).to.deep.equal(['10.16.1.99']);
    });

    it('the address that a port was to move to: it gets its former one again, as does whoever had been given that', async () => {
      const place = await bench.place(V4);
      const gated = await bench.gated();
      const manager = bench.manager({ onDrift: 'readdress' }, gated.nb);
      await manager.apply(statefulSet('web', place.namespace, 3, '10.16.1.1,10.16.1.2,10.16.1.3'));
      const before = await bench.portsOn(place);
      // web-0 goes to .9; web-1 to the place of web-0; web-2 moves for itself; web-3 is made where web-1 was.
      const set = statefulSet('web', place.namespace, 4, '10.16.1.9,10.16.1.1,10.16.1.7,10.16.1.2');
      const { outcomes, errors } = await overtaken(
        gated,
        () => manager.apply(set),
        () => taken(place, '10.16.1.9'),
      );
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['refused', 'refused', 'readdressed', 'refused']);
      expect(errors.map(({ code }) => code)).to.deep.equal(['AddressInUse', 'AddressInUse', 'AddressInUse']);
      expect(errors[0]!.message).to.match(
        /^pod web-0 of \S+ keeps its port with 10\.16\.1\.1: 10\.16\.1\.9 belongs to port foreign/,
      );
      const after = await bench.portsOn(place);
      for (const name of ['web-0', 'web-1'].map((each) => `${each}.${place.namespace}`)) {
        expect(after.get(name)).to.deep.equal(before.get(name));
      }
      expect(await bench.ipsOn(place)).to.deep.equal({
        [`foreign-10.16.1.9.${place.namespace}`]: '10.16.1.9',
        [`web-0.${place.namespace}`]: '10.16.1.1',
        [`web-1.${place.namespace}`]: '10.16.1.2',
        [`web-2.${place.namespace}`]: '10.16.1.7',
      });
    });
  });

  describe('somebody else changes a kept port while a write to it is on its way', () => {
    const update = (place: Place, name: string, row: object): Promise<unknown> =>
      bench.raw.commit({
        op: 'update',
        table: 'Logical_Switch_Port',
        where: [['name', '==', `${name}.${place.namespace}`]],
        row,
      });
    /** Makes `web-0`, and has it belong to somebody else in the middle of what `act` does. */
    const reowned = async (
      place: Place,
      act: (gated: Awaited<ReturnType<StatefulSetBench['gated']>>) => Promise<unknown>,
    ): Promise<unknown> => {
      const gated = await bench.gated();
      await bench.manager({}, gated.nb).apply(statefulSet('web', place.namespace, 1, '10.16.1.1'));
      const theirs = new Map(await ids(place, 'web-0')).set(PORT_KEYS.statefulSet, 'their/own');
      return overtaken(
        gated,
        () => act(gated).catch((error: unknown) => error),
        () => update(place, 'web-0', { external_ids: ['map', [...theirs]] }),
      );
    };

    it('noting another pod: the port is not touched once it belongs to somebody else', async () => {
      const place = await bench.place(V4);
      const set = statefulSet('web', place.namespace, 1, '10.16.1.1');
      const refused = await reowned(place, ({ nb }) =>
        bench.manager({}, nb).ensurePort(pod('web-0', place.namespace, {}, 'pod-2'), set),
      );
      expect(refused).to.include({ code: 'PortOwnedByOther' }).and.have.nested.property('details.owner', 'their/own');
      expect((await ids(place, 'web-0')).has(PORT_KEYS.podUid)).to.equal(false);
    });

    it('situation 22: a release leaves the port', async () => {
      const place = await bench.place(V4);
      const released = await reowned(place, ({ nb }) =>
        bench.manager({}, nb).release(statefulSet('web', place.namespace, 1)),
      );
      expect(released).to.deep.equal({ released: [], skipped: [] });
      expect((await ids(place, 'web-0')).get(PORT_KEYS.statefulSet)).to.equal('their/own');
    });

    it('taking a new port back: it stays', async () => {
      const place = await bench.place(V4);
      const gated = await bench.gated();
      const manager = bench.manager({}, gated.nb);
      gated.gate.requests.shut();
      const applied = manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1'));
      await eventually(() => gated.gate.requests.count('"transact"') === 1);
      await bench.insertPort(place, `vm.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.1' });
      gated.gate.requests.open();
      gated.gate.requests.shut();
      await eventually(() => gated.gate.requests.count('"transact"') === 1, 'the transaction that takes it back');
      const theirs = new Map(await ids(place, 'web-0')).set(PORT_KEYS.statefulSet, 'their/own');
      await update(place, 'web-0', { external_ids: ['map', [...theirs]] });
      gated.gate.requests.open();
      expect((await applied).errors.map(({ code }) => code)).to.deep.equal(['AddressInUse']);
      expect((await ids(place, 'web-0')).get(PORT_KEYS.statefulSet)).to.equal('their/own');
    });

    it('readdressing: what was noted on the port meanwhile is not lost', async () => {
      const place = await bench.place(V4);
      const gated = await bench.gated();
      const manager = bench.manager({ onDrift: 'readdress' }, gated.nb);
      await manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1'));
      const theirs = new Map(await ids(place, 'web-0')).set('theirs', 'stays');
      const { outcomes } = await overtaken(
        gated,
        () => manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.2')),
        () => update(place, 'web-0', { external_ids: ['map', [...theirs]] }),
      );
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['readdressed']);
      expect((await ids(place, 'web-0')).get('theirs')).to.equal('stays');
      expect(Object.values(await bench.ipsOn(place))).to.deep.equal(['10.16.1.2']);
    });

    it('situation 3: adopting takes the addresses that the port has by then', async () => {
      const place = await bench.place(V4);
      const gated = await bench.gated();
      await bench.insertPort(place, `web-0.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.77' });
      await gated.nb.transact((tx) => tx.select('NB_Global', [], []));
      const { outcomes } = await overtaken(
        gated,
        () => bench.manager({ adopt: true }, gated.nb).apply(statefulSet('web', place.namespace, 1, '10.16.1.1')),
        () => update(place, 'web-0', { addresses: '0a:00:00:00:00:01 10.16.1.78' }),
      );
      expect(outcomes[0]).to.include({ status: 'adopted', ip4: '10.16.1.78' });
      expect((await ids(place, 'web-0')).get(PORT_KEYS.ip4)).to.equal('10.16.1.78');
    });
  });

  describe('situation 25: a port moves to another switch, where somebody takes its address first', () => {
    const moving = async (pool?: string) => {
      const from = await bench.place(V4);
      const to = await bench.place({ cidr: '10.17.0.0/29' });
      const gated = await bench.gated();
      const manager = bench.manager({ pick: 'sequential' }, gated.nb);
      const [before] = (await manager.apply(statefulSet('web', from.namespace, 1))).outcomes;
      const former = bench.subnets[from.namespace]!;
      bench.subnets[from.namespace] = bench.subnets[to.namespace]!;
      const set = statefulSet('web', from.namespace, 1, pool);
      const ip = pool ?? '10.17.0.1';
      const meanwhile = (): Promise<unknown> =>
        bench.insertPort(to, `foreign.${to.namespace}`, { addresses: `0a:00:00:00:00:01 ${ip}` });
      const { outcomes, errors } = await overtaken(gated, () => manager.apply(set), meanwhile);
      bench.subnets[from.namespace] = former;
      return { from, to, before, outcome: outcomes[0]!, errors, manager };
    };

    it('the entry of a pool: it goes back, with the address that it had, and the pod is refused', async () => {
      const { from, to, before, outcome, errors, manager } = await moving('10.17.0.3');
      expect(outcome.status).to.equal('refused');
      expect(errors[0]).to.have.property('code', 'AddressInUse');
      expect(errors[0]!.message).to.contain(`keeps its port with ${entryOf(before)}`);
      expect(Object.values(await bench.ipsOn(from))).to.deep.equal([entryOf(before)]);
      expect(Object.keys(await bench.ipsOn(to))).to.deep.equal([`foreign.${to.namespace}`]);
      expect((await ids(from, 'web-0')).get(PORT_KEYS.logicalSwitch)).to.equal(from.logicalSwitch);
      const again = await manager.apply(statefulSet('web', from.namespace, 1));
      expect(again.outcomes).to.deep.equal([{ ...before, status: 'reused' }]);
    });

    it('a picked address: another one is picked there', async () => {
      const { from, to, before, outcome } = await moving();
      expect(outcome).to.include({ status: 'moved', ip4: '10.17.0.2', mac: (before as { mac: string }).mac });
      expect((await bench.portsOn(from)).size).to.equal(0);
      expect(Object.values(await bench.ipsOn(to)).sort()).to.deep.equal(['10.17.0.1', '10.17.0.2']);
    });
  });

  it('a foreign change of the generation in the middle of a chain of transactions makes all of them plan anew', async () => {
    const place = await bench.place(V4);
    const gated = await bench.gated();
    const manager = bench.manager({}, gated.nb);
    await manager.apply(statefulSet('first', place.namespace, 1, '10.16.1.100'));
    const set = statefulSet('web', place.namespace, 20, '10.16.1.1..10.16.1.20');
    const where = [['_uuid', '==', ['uuid', place.switchUuid]]];
    for (const row of [{ external_ids: ['map', [[GENERATION_KEY, '5-else']]] }, { external_ids: ['map', []] }]) {
      const all = (): Promise<PodOutcome[]> =>
        Promise.all(Array.from({ length: 10 }, (_, i) => manager.ensurePort(pod(`web-${i}`, place.namespace), set)));
      const outcomes = await overtaken(
        gated,
        all,
        () => bench.raw.commit({ op: 'update', table: 'Logical_Switch', where, row }),
        10,
      );
      expect(outcomes.map(({ status }) => status)).to.deep.equal(Array(10).fill('created'));
      expect(outcomes.map(entryOf)).to.deep.equal(Array.from({ length: 10 }, (_, i) => `10.16.1.${i + 1}`));
      expect(manager.audit([place.logicalSwitch])).to.deep.equal([]);
      await manager.release(set);
    }
  });

  it('situation 27: a manager that others are always faster than gives up after its retries, and has written nothing', async () => {
    const place = await bench.place(V4);
    const gated = await bench.gated();
    const manager = bench.manager({ conflictRetries: 0 }, gated.nb);
    const where = [['_uuid', '==', ['uuid', place.switchUuid]]];
    const row = { external_ids: ['map', [[GENERATION_KEY, '5-else']]] };
    const error = await overtaken(
      gated,
      () =>
        refusal('ConflictRetriesExhausted', () =>
          manager.apply(statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2')),
        ),
      () => bench.raw.commit({ op: 'update', table: 'Logical_Switch', where, row }),
    );
    expect(error.details).to.deep.equal({ attempts: 1 });
    expect(error.message).to.contain(`StatefulSet ${place.namespace}/web gets no ports`).and.contain('try again');
    expect((await bench.portsOn(place)).size).to.equal(0);
    const { outcomes } = await manager.apply(statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2'));
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created']);
  });

  it('transactions in flight are pipelined: all are sent before the first one is answered, and none fails', async () => {
    const place = await bench.place(V4);
    const gated = await bench.gated();
    const manager = bench.manager({}, gated.nb);
    gated.gate.replies.shut();
    const set = statefulSet('web', place.namespace, 30);
    const all = Promise.all(
      Array.from({ length: 30 }, (_, i) => manager.ensurePort(pod(`web-${i}`, place.namespace), set)),
    );
    await eventually(() => gated.gate.replies.count('"result"') >= 30, 'the answers');
    expect(gated.gate.replies.held).not.to.contain('timed out');
    gated.gate.replies.open();
    expect(new Set((await all).map(entryOf)).size).to.equal(30);
    expect((await bench.portsOn(place)).size).to.equal(30);
  });

  it('200 pods at once, each twice, from three managers, among foreign writers: one port each, no address twice', async () => {
    const place = await bench.place(V4);
    const other = await bench.gated();
    const managers = [bench.manager(), bench.manager(), bench.manager({}, other.nb)];
    const set = statefulSet('web', place.namespace, 200);
    const foreign = (async () => {
      for (let i = 0; i < 20; i++)
        await bench.sandbox.nbctl('--', 'lsp-add', place.logicalSwitch, `vm${i}.${place.namespace}`);
    })();
    const calls = Array.from({ length: 400 }, async (_, i) =>
      managers[i % 3]!.ensurePort(pod(`web-${i % 200}`, place.namespace), set),
    );
    const outcomes = await Promise.all(calls);
    await foreign;
    const byPod = new Map<string, Set<string>>();
    for (const { pod: name, mac, uuid, ...rest } of outcomes) {
      byPod.set(
        name,
        (byPod.get(name) ?? new Set()).add(`${uuid ?? ''} ${mac} ${entryOf({ ...rest, pod: name, mac, uuid })!}`),
      );
    }
    expect(byPod.size).to.equal(200);
    expect([...byPod.values()].every(({ size }) => size === 1)).to.equal(true);
    expect(outcomes.filter(({ status }) => status === 'created')).to.have.length(200);
    const ips = Object.values(await bench.ipsOn(place)).filter((ip) => ip !== '');
    expect([ips.length, new Set(ips).size]).to.deep.equal([200, 200]);
  });

  it('a pod is not refused for an address that another call only claims: it waits for what becomes of that', async () => {
    const place = await bench.place(V4);
    const gated = await bench.gated();
    const manager = bench.manager({}, gated.nb);
    const want = async (name: string): Promise<unknown> =>
      manager.ensurePort(pod(`${name}-0`, place.namespace), statefulSet(name, place.namespace, 1, '10.16.1.1'));
    const codes = (results: PromiseSettledResult<unknown>[]): unknown[] =>
      results.map((result) =>
        result.status === 'rejected' ? (result.reason as PortError<'AddressInUse'>).details.port : 'ok',
      );
    const both = (): Promise<PromiseSettledResult<unknown>[]> => Promise.allSettled([want('web'), want('db')]);
    const first = await overtaken(gated, both, () =>
      bench.insertPort(place, `vm.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.1' }),
    );
    expect(codes(first)).to.deep.equal([`vm.${place.namespace}`, `vm.${place.namespace}`]);
    await bench.sandbox.nbctl('lsp-del', `vm.${place.namespace}`);
    await gated.nb.transact((tx) => tx.select('NB_Global', [], []));
    expect(codes(await both())).to.deep.equal(['ok', `web-0.${place.namespace}`]);
  });

  it('a second call for a pod gives up in time while the first one is under way', async () => {
    const place = await bench.place(V4);
    const gated = await bench.gated();
    const manager = bench.manager({}, gated.nb);
    const set = statefulSet('web', place.namespace, 1);
    gated.gate.requests.shut();
    const first = manager.ensurePort(pod('web-0', place.namespace), set);
    const late = await manager
      .ensurePort(pod('web-0', place.namespace), set, { timeoutMs: 20 })
      .catch((error: unknown) => error);
    expect(late).to.have.property('code', 'Timeout');
    const reason = new Error('given up');
    const controller = new AbortController();
    const aborted = manager.ensurePort(pod('web-0', place.namespace), set, { signal: controller.signal });
    controller.abort(reason);
    expect(await aborted.catch((error: unknown) => error)).to.equal(reason);
    gated.gate.requests.open();
    expect((await first).status).to.equal('created');
  });

  describe('a connection that breaks', () => {
    const onlyPort = async (place: Place): Promise<ReturnType<typeof readManagedPort>> => {
      const ports = [...(await bench.portsOn(place)).values()];
      expect(ports).to.have.length(1);
      const row = ports[0]!;
      return readManagedPort({
        ...row,
        external_ids: Object.fromEntries(row['external_ids'] as [string, string][]),
      } as never);
    };

    it('situation 28: with the reply outstanding, the call succeeds with the address that was committed', async () => {
      const place = await bench.place(V4);
      const { gate, nb } = await bench.gated();
      const manager = bench.manager({}, nb);
      gate.replies.shut();
      const call = manager.ensurePort(pod('web-0', place.namespace), statefulSet('web', place.namespace, 1));
      await bench.nb.tables.Logical_Switch_Port.until(({ name }) => name === `web-0.${place.namespace}`);
      gate.cut();
      const outcome = await call;
      const kept = await onlyPort(place);
      expect(outcome).to.include({ status: 'created', ip4: kept!.ip4, mac: kept!.mac, uuid: kept!.row._uuid });
    });

    it('situation 28: a conflict with a foreign port is noticed all the same', async () => {
      const place = await bench.place(V4);
      const { gate, nb } = await bench.gated();
      const manager = bench.manager({}, nb);
      gate.requests.shut();
      const set = statefulSet('web', place.namespace, 1, '10.16.1.1');
      const call = refusal('AddressInUse', () => manager.ensurePort(pod('web-0', place.namespace), set));
      await eventually(() => gate.requests.count('"transact"') === 1);
      await bench.insertPort(place, `vm.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.1' });
      gate.replies.shut();
      gate.requests.open();
      await bench.nb.tables.Logical_Switch_Port.until(({ name }) => name === `web-0.${place.namespace}`);
      gate.cut();
      expect((await call).details.port).to.equal(`vm.${place.namespace}`);
      expect([...(await bench.portsOn(place)).keys()]).to.deep.equal([`vm.${place.namespace}`]);
    });

    it('situation 29: before the server had it, the same port is sent again, with the same MAC', async () => {
      const place = await bench.place(V4);
      const { gate, nb } = await bench.gated();
      const manager = bench.manager({}, nb);
      gate.requests.shut();
      const call = manager.ensurePort(pod('web-0', place.namespace), statefulSet('web', place.namespace, 1));
      await eventually(() => gate.requests.count('"transact"') === 1);
      const [element] = /([0-9a-f]{2}:){5}[0-9a-f]{2} [0-9.]+/.exec(gate.requests.held) ?? [];
      gate.cut();
      const outcome = await call;
      expect(`${outcome.mac} ${outcome.ip4!}`).to.equal(element);
      expect((await onlyPort(place))!.mac).to.equal(outcome.mac);
    });

    it('a release whose reply is lost tells of every port that it deleted', async () => {
      const place = await bench.place(V4);
      const { gate, nb } = await bench.gated();
      const manager = bench.manager({}, nb);
      const set = statefulSet('web', place.namespace, 3);
      await manager.apply(set);
      await bench.nb.transact((tx) => tx.select('NB_Global', [], []));
      gate.replies.shut();
      const release = manager.release(set);
      await bench.nb.tables.Logical_Switch.until(
        ({ _uuid, ports }) => _uuid === place.switchUuid && ports.length === 0,
      );
      gate.cut();
      expect((await release).released.map(({ pod: name }) => name)).to.deep.equal(['web-0', 'web-1', 'web-2']);
    });
  });
});
