import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import { InvalidArgumentError } from '../../lib/errors.js';
import type { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import type { PruneResult } from '../../lib/statefulset/manager-results.js';
import type { StatefulSetLike } from '../../lib/statefulset/workload.js';
import { eventually } from './raw-client.js';
import { pod, refusal, StatefulSetBench, statefulSet, type Place } from './statefulset-fixture.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };
const GRACE_MS = 150;
/** A timer may ring a little before its time, by the clock that sightings go by. */
const graceOver = (): Promise<void> => delay(GRACE_MS + 20);

/** Names of the pods whose ports were pruned, and of those whose ports wait. */
function podsIn({ pruned, waiting }: PruneResult): { pruned: string[]; waiting: string[] } {
  return { pruned: pruned.map((port) => port.pod), waiting: waiting.map((port) => port.pod) };
}

describe('situation 35: prune', () => {
  let bench: StatefulSetBench;
  let place: Place;
  let manager: StatefulSetPortManager;

  // A database of its own for each test: prune looks at all of it.
  beforeEach(async () => {
    bench = await StatefulSetBench.start();
    place = await bench.place(V4);
    manager = bench.manager();
  });
  afterEach(async () => bench[Symbol.asyncDispose]());

  function set(name: string, replicas: number, extra: { uid?: string; start?: number } = {}): StatefulSetLike {
    return statefulSet(name, place.namespace, replicas, undefined, extra);
  }

  async function names(): Promise<string[]> {
    return [...(await bench.portsOn(place)).keys()].sort();
  }

  async function setUp(name: string, up: boolean): Promise<void> {
    const where = [['name', '==', `${name}.${place.namespace}`]];
    await bench.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where, row: { up } });
    await bench.nb.tables.Logical_Switch_Port.until(
      (row) => row.name === `${name}.${place.namespace}` && row.up === up,
    );
  }

  it('deletes what no StatefulSet needs at the second sighting, once the grace is over, and nothing else', async () => {
    await manager.apply(set('web', 3));
    await manager.apply(set('db', 2));
    await bench.foreignPort(place, `other-0.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.0.9' });
    const desired = [set('web', 2)];
    const gone = ['db-0', 'db-1', 'web-2'];
    const released: string[] = [];
    const lost: string[] = [];
    manager.on('released', (port) => released.push(port.pod));
    manager.on('portLost', (port) => lost.push(port.pod));
    const kept = (await bench.portsOn(place)).get(`web-0.${place.namespace}`);

    const first = await bench.transactionsOf(() => manager.prune(desired, { graceMs: GRACE_MS }));
    expect(podsIn(first.result)).to.deep.equal({ pruned: [], waiting: gone });
    expect(first.result.waiting[0]).to.include({ statefulSet: `${place.namespace}/db`, remainingMs: GRACE_MS });
    const early = await bench.transactionsOf(() => manager.prune(desired, { graceMs: 60_000 }));
    expect(podsIn(early.result).pruned).to.deep.equal([]);
    for (const { remainingMs } of early.result.waiting) expect(remainingMs).to.be.within(30_000, 59_999.999);
    expect([first.count, early.count]).to.deep.equal([0, 0]);
    await graceOver();
    const last = await manager.prune(desired, { graceMs: GRACE_MS });
    expect(podsIn(last)).to.deep.equal({ pruned: gone, waiting: [] });

    expect(await names()).to.deep.equal(['other-0', 'web-0', 'web-1'].map((name) => `${name}.${place.namespace}`));
    expect((await bench.portsOn(place)).get(`web-0.${place.namespace}`)).to.deep.equal(kept);
    expect(released.sort()).to.deep.equal(gone);
    expect(lost).to.deep.equal([]);
    const again = await bench.transactionsOf(() => manager.prune(desired, { graceMs: 0 }));
    expect(podsIn(again.result)).to.deep.equal({ pruned: [], waiting: [] });
    expect(again.count).to.equal(0);
  });

  it('as a dry run says what would go, sends nothing, and is no sighting', async () => {
    await manager.apply(set('web', 2));
    const versions = await bench.versions();
    const dry = { graceMs: GRACE_MS, dryRun: true };
    const { count, result } = await bench.transactionsOf(() => manager.prune([], dry));
    expect(podsIn(result)).to.deep.equal({ pruned: [], waiting: ['web-0', 'web-1'] });
    expect(count).to.equal(0);
    await graceOver();
    expect(podsIn(await manager.prune([], { graceMs: GRACE_MS }))).to.deep.equal({
      pruned: [],
      waiting: ['web-0', 'web-1'],
    });
    await graceOver();
    expect(podsIn(await manager.prune([], dry))).to.deep.equal({ pruned: ['web-0', 'web-1'], waiting: [] });
    expect(await bench.versions()).to.deep.equal(versions);
    expect(podsIn(await manager.prune([], { graceMs: GRACE_MS })).pruned).to.deep.equal(['web-0', 'web-1']);
  });

  it('never takes an ordinal within the replicas, though its pod is absent, or of another incarnation', async () => {
    await manager.apply(set('web', 3, { uid: 'former', start: 2 }));
    for (const name of ['web-2', 'web-3', 'web-4']) await manager.podDeleted(pod(name, place.namespace));
    const versions = await bench.versions();
    for (let i = 0; i < 3; i++) {
      const desired = [set('web', 3, { uid: 'present', start: 2 })];
      expect(podsIn(await manager.prune(desired, { graceMs: 0 }))).to.deep.equal({ pruned: [], waiting: [] });
    }
    expect(await bench.versions()).to.deep.equal(versions);
  });

  it('begins anew for a port that was needed in between', async () => {
    await manager.apply(set('web', 2));
    await manager.prune([set('web', 1)], { graceMs: GRACE_MS });
    await graceOver();
    await manager.prune([set('web', 2)], { graceMs: GRACE_MS });
    const result = await manager.prune([set('web', 1)], { graceMs: GRACE_MS });
    expect(podsIn(result)).to.deep.equal({ pruned: [], waiting: ['web-1'] });
  });

  it('leaves a port that is up, and begins anew when it is down', async () => {
    await manager.apply(set('web', 1));
    await manager.prune([], { graceMs: 0 });
    await setUp('web-0', true);
    expect(podsIn(await manager.prune([], { graceMs: 0 }))).to.deep.equal({ pruned: [], waiting: [] });
    await setUp('web-0', false);
    expect(podsIn(await manager.prune([], { graceMs: 0 }))).to.deep.equal({ pruned: [], waiting: ['web-0'] });
    expect(podsIn(await manager.prune([], { graceMs: 0 }))).to.deep.equal({ pruned: ['web-0'], waiting: [] });
  });

  it('leaves the ports of other vendors', async () => {
    await bench.manager({ vendor: 'another' }).apply(set('web', 1));
    for (let i = 0; i < 2; i++) {
      expect(podsIn(await manager.prune([], { graceMs: 0 }))).to.deep.equal({ pruned: [], waiting: [] });
    }
    const other = bench.manager({ vendor: 'another' });
    await other.prune([], { graceMs: 0 });
    expect(podsIn(await other.prune([], { graceMs: 0 })).pruned).to.deep.equal(['web-0']);
  });

  it('leaves a port that a later incarnation has used, even when that happens after the decision', async () => {
    await manager.apply(set('web', 2, { uid: 'former' }));
    const { gate, nb } = await bench.gated();
    const pruner = bench.manager({}, nb);
    await pruner.prune([], { graceMs: 0 });
    gate.requests.shut();
    const pruning = pruner.prune([], { graceMs: 0 });
    while (gate.requests.count('"transact"') === 0) await delay(5);
    await manager.ensurePort(pod('web-1', place.namespace), set('web', 2, { uid: 'present' }));
    gate.requests.open();
    expect(podsIn(await pruning)).to.deep.equal({ pruned: ['web-0'], waiting: [] });
    expect(await names()).to.deep.equal([`web-1.${place.namespace}`]);
    expect(podsIn(await pruner.prune([], { graceMs: 0 }))).to.deep.equal({ pruned: [], waiting: ['web-1'] });
  });

  it('is content when a port is gone already, and when its switch is', async () => {
    await manager.apply(set('web', 2));
    await manager.prune([], { graceMs: 0 });
    await bench.raw.commit({
      op: 'delete',
      table: 'Logical_Switch',
      where: [['_uuid', '==', ['uuid', place.switchUuid]]],
    });
    while (bench.nb.tables.Logical_Switch_Port.size > 0) await delay(5);
    const { count, result } = await bench.transactionsOf(() => manager.prune([], { graceMs: 0 }));
    expect([podsIn(result), count]).to.deep.equal([{ pruned: [], waiting: [] }, 0]);
  });

  it('deletes no port that a call of the same manager has used since', async () => {
    await manager.apply(set('web', 3));
    const desired = [set('web', 1)];
    await manager.prune(desired, { graceMs: 0 });
    await manager.ensurePort(pod('web-2', place.namespace), set('web', 3));
    const second = podsIn(await manager.prune(desired, { graceMs: 0 }));
    expect(second).to.deep.equal({ pruned: ['web-1'], waiting: ['web-2'] });
  });

  it('deletes no port that another manager notes a pod on, or that comes up', async () => {
    const { gate, nb } = await bench.gated();
    const pruner = bench.manager({}, nb);
    await pruner.apply(set('web', 4, { uid: 'u' }));
    const desired = [set('web', 1)];
    await pruner.prune(desired, { graceMs: 0 });
    gate.requests.shut();
    const pruning = pruner.prune(desired, { graceMs: 0 });
    await eventually(() => gate.requests.count('"transact"') === 1, 'the transaction');
    const used = await manager.ensurePort(pod('web-2', place.namespace, {}, 'new'), set('web', 4, { uid: 'u' }));
    const where = [['name', '==', `web-3.${place.namespace}`]];
    await bench.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where, row: { up: true } });
    gate.requests.open();
    expect(podsIn(await pruning).pruned).to.deep.equal(['web-1']);
    expect(used.status).to.equal('reused');
    expect(await names()).to.deep.equal([0, 2, 3].map((n) => `web-${n}.${place.namespace}`));
  });

  it('of 1,200 ports takes three transactions of at most 500', async () => {
    const wide = await bench.place({ cidr: '10.32.0.0/16' });
    await manager.apply(statefulSet('big', wide.namespace, 1200));
    await manager.prune([], { graceMs: 0 });
    const { count, result } = await bench.transactionsOf(() => manager.prune([], { graceMs: 0 }));
    expect(count).to.equal(3);
    expect(result.pruned).to.have.length(1200);
    expect((await bench.portsOn(wide)).size).to.equal(0);
  });

  it('refuses what cannot be the list of all StatefulSets, and a grace that is none; then nothing is a sighting', async () => {
    await manager.apply(set('web', 1));
    for (const attempt of [
      () => manager.prune(undefined as never),
      () => manager.prune({} as never),
      () => manager.prune([], { graceMs: -1 }),
      () => manager.prune([], { graceMs: 'soon' as never }),
    ]) {
      expect(await attempt().catch((error: unknown) => error)).to.be.an.instanceOf(InvalidArgumentError);
    }
    await refusal('InvalidStatefulSet', () => manager.prune([set('web', 1), {}]));
    expect(podsIn(await manager.prune([], { graceMs: 0 }))).to.deep.equal({ pruned: [], waiting: ['web-0'] });
  });

  it('waits five minutes unless told otherwise', async () => {
    await manager.apply(set('web', 1));
    const [waiting] = (await manager.prune([])).waiting;
    expect(waiting).to.include({ pod: 'web-0', remainingMs: 300_000 });
  });
});
