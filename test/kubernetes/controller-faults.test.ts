/** The controller when things break: the API server, the database, the connections to them, and itself. */
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { Fixture } from './controller-fixture.js';
import type { RecordedRequest } from './api-server/recorded-request.js';

const POOL = '10.16.0.21..10.16.0.40';
const THREE = { 'web-0': '10.16.0.21', 'web-1': '10.16.0.22', 'web-2': '10.16.0.23' };
const isPatch = ({ attributes }: RecordedRequest): boolean =>
  attributes.verb === 'patch' && attributes.resource === 'pods';
const isGet = ({ attributes }: RecordedRequest): boolean => attributes.verb === 'get';

describe('the Kubernetes controller under faults', function () {
  this.timeout(90_000);
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.start();
  });

  afterEach(() => fixture[Symbol.asyncDispose]());

  /** Until each port has the address that the pool gives it, and there are no others. */
  async function checkPorts(name: string, count: number): Promise<void> {
    const expected = Array.from({ length: count }, (_, i) => [`${name}-${i}.product`, `10.16.0.${21 + i}`]);
    const text = JSON.stringify(Object.fromEntries(expected));
    await fixture.until(`the ports are ${text}`, () => JSON.stringify(fixture.ips()) === text);
  }

  it('annotates in spite of 409, 429, 500, 503 and lost answers to its patches', async () => {
    await fixture.controller();
    const faults = [
      fixture.server.fail({ match: isPatch, answer: { status: 409 } }),
      fixture.server.fail({ match: isPatch, answer: { status: 429, retryAfterSeconds: 1 } }),
      fixture.server.fail({ match: isPatch, answer: { status: 500 } }),
      fixture.server.fail({ match: isPatch, answer: { status: 503 } }),
      fixture.server.fail({ match: isPatch, answer: 'reset' }),
      fixture.server.fail({ match: isPatch, answer: 'reset', applied: true }),
    ];
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    expect(faults.map(({ hits }) => hits)).to.deep.equal([1, 1, 1, 1, 1, 1]);
    await checkPorts('web', 3);
  });

  it('says why a patch is refused for good, and goes on trying', async () => {
    await fixture.controller();
    fixture.server.fail({
      match: isPatch,
      answer: { status: 422, message: 'metadata.annotations: Too long' },
      times: 2,
    });
    fixture.addSet('web', { replicas: 1, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    expect(fixture.log.join('\n')).to.match(/PATCH .*pods\/web-0: 422 .*metadata\.annotations: Too long/);
  });

  it('writes nothing on a pod that was made anew since it was seen: the uid and version are part of the patch', async () => {
    const controller = await fixture.controller();
    fixture.addSet('web', { replicas: 1, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    // What happens to pods from now on reaches the controller late.
    fixture.server.holdWatches(({ resource }) => resource.plural === 'pods');
    const former = fixture.pod('web-0')?.metadata;
    fixture.deletePod('web-0');
    await fixture.until(
      'it is back',
      () => fixture.pod('web-0') !== undefined && fixture.pod('web-0')?.metadata.uid !== former?.uid,
    );
    const { length } = fixture.server.requests;
    // Something to write: another gateway.
    fixture.annotateNamespace('product', { 'ovn.kubernetes.io/gateway': '10.16.0.254' });
    await fixture.until('it has tried', () => fixture.server.requests.slice(length).some(isPatch));
    const tried = fixture.server.requests.slice(length).filter(isPatch);
    await fixture.until('it was refused', () => tried.every(({ status }) => status === 409 || status === 422));
    expect(tried[0]?.body).to.have.nested.property('metadata.uid', former?.uid);
    expect(fixture.annotations('web-0')).to.not.have.property('ovn.kubernetes.io/allocated');
    fixture.server.resumeWatches();
    await fixture.until(
      'it is told',
      () => fixture.annotations('web-0')['ovn.kubernetes.io/gateway'] === '10.16.0.254',
    );
    expect(controller.notReady).to.equal(undefined);
    await checkPorts('web', 1);
  });

  it('keeps up while its watches are dropped again and again, in every way', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 3, pool: POOL });
    let round = 0;
    for (const how of ['reset', 'end', 'cut', 'reset', 'end', 'cut'] as const) {
      fixture.server.dropWatches(how);
      fixture.scale('web', 1 + (round++ % 5));
      await fixture.cluster.step();
      await sleep(15);
    }
    fixture.scale('web', 5);
    await fixture.until('all five are told', () => Object.values(fixture.told()).filter(Boolean).length === 5);
    await checkPorts('web', 5);
  });

  it('survives restarts of the API server, with its history and without it', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 2, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22' });
    for (const history of ['kept', 'lost'] as const) {
      await fixture.server.stop();
      // The cluster goes on without an API server for the controller.
      fixture.scale('web', 3);
      fixture.deletePod('web-0');
      await fixture.cluster.reconcile();
      if (history === 'lost') fixture.server.compact();
      await sleep(50);
      await fixture.server.start();
      await fixture.untilTold(THREE);
      await checkPorts('web', 3);
      fixture.deletePod('web-1');
      await fixture.untilTold(THREE);
    }
  });

  it('lists anew at 410 in the middle of a watch', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 1, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    fixture.server.holdWatches();
    fixture.scale('web', 3);
    await fixture.cluster.reconcile();
    fixture.server.compact();
    fixture.server.expireWatches();
    await fixture.untilTold(THREE);
  });

  it('survives restarts of the database, and makes up for what came while it was away', async () => {
    const controller = await fixture.controller({ rules: { timeoutMs: 2_000 } });
    fixture.addSet('web', { replicas: 2, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22' });
    const ports = fixture.ports();
    const restarted = fixture.sandbox.restart();
    fixture.scale('web', 3);
    await fixture.cluster.reconcile();
    await restarted;
    await fixture.untilTold(THREE);
    expect(fixture.ports()).to.include(ports);
    await checkPorts('web', 3);
    await fixture.until('it is ready again', () => controller.notReady === undefined);
  });

  it('says that it is not ready while the database is away', async () => {
    const controller = await fixture.controller();
    expect(controller.notReady).to.equal(undefined);
    await fixture.sandbox.kill();
    await fixture.until(
      'it says so',
      () => controller.notReady?.includes('northbound database is not in sync') === true,
    );
    await fixture.sandbox.restart();
    await fixture.until('it is ready again', () => controller.notReady === undefined);
  });

  it('goes on where it was after being stopped at any point, and finds all done at the end', async () => {
    for (let round = 0; round < 8; round++) {
      const controller = await fixture.controller();
      if (round === 0) fixture.addSet('web', { replicas: 6, pool: POOL });
      else fixture.scale('web', 2 + ((round * 3) % 7));
      if (fixture.pod('web-0') !== undefined) fixture.deletePod('web-0');
      for (let step = 0; step < round; step++) await fixture.cluster.step();
      await fixture.stopController(controller);
    }
    fixture.scale('web', 8);
    await fixture.controller();
    await fixture.until('all eight are told', () => Object.values(fixture.told()).filter(Boolean).length === 8);
    await checkPorts('web', 8);
    await fixture.untilQuiet();
    await fixture.stopController();
    const { length } = fixture.server.requests;
    const changes = fixture.rowChanges();
    const controller = await fixture.controller();
    await fixture.until('it has looked', () => controller.metrics.queue.done > 0);
    await fixture.untilQuiet();
    expect(fixture.requests('PATCH', length) + fixture.requests('POST', length)).to.equal(0);
    expect(fixture.rowChanges()).to.equal(changes);
  });

  it('may run twice at once: no port, address or event is made twice', async () => {
    // Or the addresses of the pool might be picked for the others.
    fixture.annotateNamespace('product', { 'ovn.kubernetes.io/exclude_ips': '10.16.0.21..10.16.0.22' });
    const controllers = await Promise.all([fixture.controller(), fixture.controller()]);
    const picked = ['a', 'b', 'c', 'd'];
    for (const name of picked) fixture.addSet(name, { replicas: 5 });
    fixture.addSet('web', { replicas: 3, pool: '10.16.0.21,10.16.0.22' });
    await fixture.until('all are told', () => Object.values(fixture.told()).filter(Boolean).length === 22);
    for (const name of picked) fixture.scale(name, 3);
    for (const name of picked) fixture.deletePod(`${name}-0`);
    await fixture.until('the last one is warned', () => fixture.events().length > 0);
    for (const name of picked) fixture.scale(name, 6);
    await fixture.until('all are told again', () => Object.values(fixture.told()).filter(Boolean).length === 26);
    await fixture.untilQuiet();
    const ips = Object.values(fixture.ips());
    expect(ips).to.have.lengthOf(26);
    expect(new Set(ips).size).to.equal(26);
    for (const [pod, ip] of Object.entries(fixture.told()))
      if (ip !== undefined) expect(fixture.ips()[`${pod}.product`]).to.equal(ip);
    const seen = fixture.events().map(({ object, reason }) => `${object} ${reason}`);
    expect(seen).to.deep.equal(['Pod/web-2 PoolExhausted']);
    expect(controllers.map(({ notReady }) => notReady)).to.deep.equal([undefined, undefined]);
  });

  it('does not release the ports of a StatefulSet that was made anew, though it has not seen that yet', async () => {
    await fixture.controller();
    const metadata = { annotations: { 'ovn-northbound/on-delete': 'release' } };
    fixture.addSet('web', { replicas: 1, pool: POOL, metadata });
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    const ports = fixture.ports();
    fixture.server.objects.overwrite(
      'pods',
      'product',
      'web-0',
      (pod) => (pod.metadata.finalizers = ['example.com/hold']),
    );
    fixture.deleteSet('web');
    await fixture.until('the pod is going', () => fixture.pod('web-0')?.metadata.deletionTimestamp !== undefined);
    await fixture.untilQuiet();
    fixture.server.holdWatches(({ resource }) => resource.plural === 'statefulsets');
    fixture.addSet('web', { replicas: 0, pool: POOL, metadata });
    const { length } = fixture.server.requests;
    fixture.server.objects.update('pods', 'product', 'web-0', (pod) => {
      pod.metadata.finalizers = [];
      return pod;
    });
    await fixture.until('it has asked', () => fixture.server.requests.slice(length).some(isGet));
    await sleep(50);
    expect(fixture.ports()).to.deep.equal(ports);
    fixture.server.resumeWatches();
    fixture.scale('web', 1);
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    expect(fixture.ports()).to.deep.equal(ports);
  });

  it('releases in spite of errors from the API server and the loss of the database', async () => {
    await fixture.controller({ rules: { timeoutMs: 2_000 }, onDelete: 'release' });
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    fixture.server.fail({ match: isGet, answer: { status: 500 }, times: 2 });
    fixture.deleteSet('web');
    const restarted = fixture.sandbox.restart();
    await fixture.cluster.reconcile();
    await restarted;
    await fixture.until('the ports are gone', () => Object.keys(fixture.ports()).length === 0);
  });
});
