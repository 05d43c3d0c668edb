/** The controller through the life of StatefulSets: create, roll, scale, delete, recreate, pool edits. */
import { expect } from 'chai';

import { lsAdd, lsGet, lspAdd, lspDel } from '../../lib/index.js';
import { Fixture } from './controller-fixture.js';

const POOL = '10.16.0.21,10.16.0.22,10.16.0.23';
const THREE = { 'web-0': '10.16.0.21', 'web-1': '10.16.0.22', 'web-2': '10.16.0.23' };
const THREE_PORTS = { 'web-0.product': '10.16.0.21', 'web-1.product': '10.16.0.22', 'web-2.product': '10.16.0.23' };

describe('the Kubernetes controller', function () {
  this.timeout(90_000);
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.start();
  });

  afterEach(() => fixture[Symbol.asyncDispose]());

  it('gives the pods of a new StatefulSet the addresses of its pool, in sequence, and tells them everything', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    expect(fixture.ips()).to.deep.equal(THREE_PORTS);
    const { 'ovn.kubernetes.io/mac_address': mac, ...others } = fixture.annotations('web-1');
    expect(others).to.deep.equal({
      'ovn.kubernetes.io/ip_pool': POOL,
      'ovn.kubernetes.io/ip_address': '10.16.0.22',
      'ovn.kubernetes.io/cidr': '10.16.0.0/24',
      'ovn.kubernetes.io/gateway': '10.16.0.1',
      'ovn.kubernetes.io/logical_switch': 'product',
      'ovn.kubernetes.io/allocated': 'true',
    });
    expect(fixture.ports()['web-1.product']).to.equal(`${mac ?? ''} 10.16.0.22`);
    expect(fixture.events()).to.deep.equal([]);
  });

  it('sends nothing, to nobody, when there is nothing to do', async () => {
    const controller = await fixture.controller({ resyncMs: 50 });
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    await fixture.untilQuiet();
    const { length } = fixture.server.requests;
    const bytes = fixture.bytesSent();
    expect(bytes).to.be.greaterThan(0);
    const { done } = controller.metrics.queue;
    await fixture.until('some resyncs', () => controller.metrics.queue.done > done + 3);
    expect(fixture.server.requests.slice(length).map(({ method, path }) => `${method} ${path}`)).to.deep.equal([]);
    expect(fixture.bytesSent()).to.equal(bytes);
  });

  it('gives pods that come back, one by one in a rolling update, their old IP and MAC', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    const ports = fixture.ports();
    const uids = fixture.pods().map(({ metadata }) => metadata.uid);
    fixture.changeSet('web', ({ template: { spec } }) => (spec.containers[0]!.image = 'registry.example/main:2'));
    await fixture.until('all pods are new', () => fixture.pods().every(({ metadata }) => !uids.includes(metadata.uid)));
    await fixture.untilTold(THREE);
    expect(fixture.ports()).to.deep.equal(ports);
    const macs = ['web-0', 'web-1', 'web-2'].map((pod) => fixture.annotations(pod)['ovn.kubernetes.io/mac_address']);
    expect(macs.map((mac, i) => `${mac ?? ''} 10.16.0.2${i + 1}`)).to.deep.equal(Object.values(ports));
  });

  it('lets a StatefulSet start pod by pod, where the network plugin waits for the annotations', async () => {
    await using waiting = await Fixture.start({
      canRun: ({ metadata: { annotations } }) => annotations?.['ovn.kubernetes.io/allocated'] === 'true',
    });
    waiting.addSet('web', { replicas: 3, pool: POOL, spec: { podManagementPolicy: 'OrderedReady' } });
    await waiting.cluster.reconcile();
    expect(waiting.told(), 'without a controller').to.deep.equal({ 'web-0': undefined });
    await waiting.controller();
    await waiting.untilTold(THREE);
    await waiting.until('all run', () =>
      waiting.pods().every(({ status }) => (status as { phase: string }).phase === 'Running'),
    );
  });

  it('gives both addresses of a dual-stack pool, and begins with the first ordinal', async () => {
    fixture.annotateNamespace('product', {
      'ovn.kubernetes.io/cidr': '10.16.0.0/24,fd00:10:16::/64',
      'ovn.kubernetes.io/gateway': '10.16.0.1,fd00:10:16::1',
    });
    await fixture.controller();
    fixture.addSet('web', {
      replicas: 2,
      pool: '10.16.0.21,fd00:10:16::21;10.16.0.22,fd00:10:16::22',
      spec: { ordinals: { start: 7 } },
    });
    await fixture.untilTold({ 'web-7': '10.16.0.21,fd00:10:16::21', 'web-8': '10.16.0.22,fd00:10:16::22' });
    expect(fixture.annotations('web-7')).to.include({
      'ovn.kubernetes.io/cidr': '10.16.0.0/24,fd00:10:16::/64',
      'ovn.kubernetes.io/gateway': '10.16.0.1,fd00:10:16::1',
    });
  });

  it('keeps the ports when it is scaled down, and gives them back when it is scaled up', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    const ports = fixture.ports();
    fixture.scale('web', 1);
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    await fixture.untilQuiet();
    expect(fixture.ports()).to.deep.equal(ports);
    fixture.scale('web', 3);
    await fixture.untilTold(THREE);
    expect(fixture.ports()).to.deep.equal(ports);
  });

  it('with onScaleDown release, gives a port up when its pod is gone, and not before', async () => {
    await fixture.controller({ rules: { onScaleDown: 'release' } });
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    // The kubelet takes its time with web-2: a finalizer holds it.
    fixture.server.objects.overwrite(
      'pods',
      'product',
      'web-2',
      (pod) => (pod.metadata.finalizers = ['example.com/hold']),
    );
    fixture.scale('web', 2);
    await fixture.until('web-2 is going', () => fixture.pod('web-2')?.metadata.deletionTimestamp !== undefined);
    await fixture.untilQuiet();
    expect(fixture.ips(), 'while the pod is still there').to.deep.equal(THREE_PORTS);
    fixture.server.objects.update('pods', 'product', 'web-2', (pod) => {
      pod.metadata.finalizers = [];
      return pod;
    });
    await fixture.until('the port is gone', () => !('web-2.product' in fixture.ports()));
    expect(Object.keys(fixture.ips())).to.deep.equal(['web-0.product', 'web-1.product']);
  });

  it('keeps the ports of a deleted StatefulSet by default, and gives them to one made anew under its name', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    const ports = fixture.ports();
    fixture.deleteSet('web');
    await fixture.untilTold({});
    await fixture.untilQuiet();
    expect(fixture.ports()).to.deep.equal(ports);
    fixture.addSet('web', { replicas: 3, pool: POOL });
    await fixture.untilTold(THREE);
    expect(fixture.ports()).to.deep.equal(ports);
  });

  const RELEASE = { annotations: { 'ovn-northbound/on-delete': 'release' } };

  it('releases the ports of a deleted StatefulSet whose annotation says so, when its last pod is gone', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 2, pool: POOL, metadata: RELEASE });
    fixture.addSet('other', { replicas: 1, pool: '10.16.0.41' });
    await fixture.until('all are told', () => Object.values(fixture.told()).filter(Boolean).length === 3);
    fixture.server.objects.overwrite(
      'pods',
      'product',
      'web-1',
      (pod) => (pod.metadata.finalizers = ['example.com/hold']),
    );
    fixture.deleteSet('web');
    await fixture.until('only web-1 is left', () => fixture.pod('web-0') === undefined);
    await fixture.untilQuiet();
    expect(Object.keys(fixture.ips()), 'while a pod is left').to.deep.equal([
      'other-0.product',
      'web-0.product',
      'web-1.product',
    ]);
    fixture.server.objects.update('pods', 'product', 'web-1', (pod) => {
      pod.metadata.finalizers = [];
      return pod;
    });
    await fixture.until('the ports are gone', () => Object.keys(fixture.ips()).join() === 'other-0.product');
  });

  it('does not release the ports of pods that a deleted StatefulSet left behind running', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 2, pool: POOL, metadata: RELEASE });
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22' });
    fixture.server.objects.delete('statefulsets', 'product', 'web', { propagationPolicy: 'Orphan' });
    await fixture.until('the pods are orphans', () =>
      fixture.pods().every(({ metadata: { ownerReferences = [] } }) => ownerReferences.length === 0),
    );
    await fixture.untilQuiet();
    expect(Object.keys(fixture.ips())).to.deep.equal(['web-0.product', 'web-1.product']);
    fixture.deletePod('web-0');
    fixture.deletePod('web-1');
    await fixture.until('the ports are gone', () => Object.keys(fixture.ips()).length === 0);
  });

  it('releases the ports of a StatefulSet that was deleted while no controller ran', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 2, pool: POOL, metadata: RELEASE });
    fixture.addSet('kept', { replicas: 1, pool: '10.16.0.41' });
    await fixture.until('all are told', () => Object.values(fixture.told()).filter(Boolean).length === 3);
    await fixture.stopController();
    fixture.deleteSet('web');
    fixture.deleteSet('kept');
    await fixture.cluster.reconcile();
    expect(fixture.pods()).to.deep.equal([]);
    await fixture.controller();
    await fixture.until('the ports are gone', () => Object.keys(fixture.ips()).join() === 'kept-0.product');
    await fixture.untilQuiet();
    expect(Object.keys(fixture.ips())).to.deep.equal(['kept-0.product']);
  });

  it('goes by the policy that was in force last, and notes a change of it on the ports', async () => {
    await fixture.controller({ onDelete: 'release' });
    fixture.addSet('web', { replicas: 1, pool: POOL });
    const noted = (): string | undefined =>
      fixture.nb.tables.Logical_Switch_Port.find({ name: 'web-0.product' })?.external_ids[
        'statefulset-controller/on-delete'
      ];
    await fixture.until('it is noted', () => noted() === 'release');
    const addresses = fixture.ports();
    fixture.changeSet('web', (_spec, set) => (set.metadata.annotations = { 'ovn-northbound/on-delete': 'keep' }));
    await fixture.until('it is not noted any more', () => noted() === undefined);
    expect(fixture.ports()).to.deep.equal(addresses);
    fixture.deleteSet('web');
    await fixture.untilTold({});
    await fixture.untilQuiet();
    expect(fixture.ports()).to.deep.equal(addresses);
  });

  it('makes the missing ports when the pool grows, and warns the pods until then, once for each reason', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 3, pool: '10.16.0.21' });
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': undefined, 'web-2': undefined });
    const exhausted = (): string[] =>
      fixture.events().flatMap(({ object, reason }) => (reason === 'PoolExhausted' ? [object] : []));
    await fixture.until('both are warned', () => exhausted().sort().join() === 'Pod/web-1,Pod/web-2');
    expect(fixture.events()[0]?.message).to.match(/^pod web-\d of product\/web gets no port: .*ip_pool/);
    const { length } = fixture.server.requests;
    await fixture.until('more attempts', () => fixture.log.filter((line) => line.includes('not done yet')).length > 5);
    expect(fixture.requests('POST', length), 'events at each attempt').to.equal(0);
    const before = fixture.ports();
    fixture.editPool('web', POOL);
    await fixture.untilTold(THREE);
    expect(fixture.ports()).to.include(before);
  });

  it('keeps addresses when the pool is edited, and says so on the pod', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 2, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22' });
    const ports = fixture.ports();
    fixture.editPool('web', '10.16.0.31,10.16.0.22');
    await fixture.until('web-0 is warned', () => fixture.events().some(({ reason }) => reason === 'AddressDrift'));
    await fixture.untilQuiet();
    expect(fixture.ports()).to.deep.equal(ports);
    const seen = new Set(fixture.events().map(({ object, reason }) => `${object} ${reason}`));
    expect([...seen]).to.deep.equal(['Pod/web-0 AddressDrift']);
    expect(fixture.events()[0]?.message).to.include('10.16.0.21').and.to.include('10.16.0.31');
  });

  it('with onDrift readdress, follows an edited pool: what was written back does not pin the pods', async () => {
    await fixture.controller({ rules: { onDrift: 'readdress' } });
    fixture.addSet('web', { replicas: 2, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22' });
    const macs = Object.values(fixture.ports()).map((text) => text.split(' ')[0]);
    // Swapped, which only works when neither pod insists on what it was told.
    fixture.editPool('web', '10.16.0.22,10.16.0.21');
    await fixture.untilTold({ 'web-0': '10.16.0.22', 'web-1': '10.16.0.21' });
    expect(Object.values(fixture.ports()).map((text) => text.split(' ')[0])).to.deep.equal(macs);
    fixture.editPool('web', '10.16.0.51,10.16.0.52');
    await fixture.untilTold({ 'web-0': '10.16.0.51', 'web-1': '10.16.0.52' });
    await fixture.untilQuiet();
    expect(fixture.events()).to.deep.equal([]);
  });

  it('gives a pod the address that it asks for itself, and lets it keep it under every rule', async () => {
    await fixture.controller({ rules: { onDrift: 'readdress' } });
    fixture.addSet('web', {
      replicas: 1,
      annotations: {
        'ovn.kubernetes.io/ip_address': '10.16.0.77',
        'ovn.kubernetes.io/mac_address': '0a:00:00:00:00:77',
      },
      pool: POOL,
    });
    await fixture.until('it is told', () => fixture.annotations('web-0')['ovn.kubernetes.io/allocated'] === 'true');
    expect(fixture.ports()).to.deep.equal({ 'web-0.product': '0a:00:00:00:00:77 10.16.0.77' });
    await fixture.untilQuiet();
    fixture.deletePod('web-0');
    await fixture.until('it is back', () => fixture.annotations('web-0')['ovn.kubernetes.io/allocated'] === 'true');
    await fixture.untilQuiet();
    expect(fixture.ports()).to.deep.equal({ 'web-0.product': '0a:00:00:00:00:77 10.16.0.77' });
  });

  it('picks free addresses where there is no pool, and keeps them', async () => {
    await fixture.controller();
    fixture.addSet('db', { replicas: 2 });
    await fixture.until('both are told', () => Object.values(fixture.told()).filter(Boolean).length === 2);
    const told = fixture.told();
    for (const ip of Object.values(told)) expect(ip).to.match(/^10\.16\.0\.\d+$/);
    fixture.deletePod('db-0');
    await fixture.until('db-0 is gone', () => fixture.told()['db-0'] === undefined);
    await fixture.untilTold(told);
  });

  it('warns on the StatefulSet when all of it is refused or its manifest has a mistake, and recovers by itself', async () => {
    await fixture.controller();
    fixture.addNamespace('later', { 'ovn.kubernetes.io/logical_switch': 'later' });
    fixture.addSet('web', { replicas: 1, namespace: 'later', pool: '10.17.0.21' });
    fixture.addSet('odd', {
      replicas: 1,
      pool: '10.16.0.21..10.16.0.20',
      metadata: { annotations: { 'ovn.kubernetes.io/ip_pool': POOL, 'ovn-northbound/on-delete': 'never' } },
    });
    const seen = (): string[] => fixture.events().map(({ object, reason }) => `${object} ${reason}`);
    await fixture.until('both are warned', () => seen().length >= 2);
    expect(seen().sort()).to.deep.equal(['StatefulSet/odd InvalidPool', 'StatefulSet/web SwitchNotFound']);
    fixture.editPool('odd', POOL);
    await fixture.until(
      'the mistakes are told',
      () => seen().filter((text) => text === 'StatefulSet/odd ManifestWarning').length === 2,
    );
    await fixture.nb.transact((tx) => lsAdd(tx, 'later', { columns: { other_config: { subnet: '10.17.0.0/24' } } }));
    await fixture.until('the port is there', () => fixture.ips()['web-0.later'] === '10.17.0.21');
  });

  it('lets other StatefulSets be: those without a switch and a pool, and those on the network of their nodes', async () => {
    const controller = await fixture.controller();
    fixture.addNamespace('elsewhere', {});
    fixture.addSet('plain', { namespace: 'elsewhere' });
    fixture.addSet('host', {
      spec: {
        template: {
          metadata: { labels: { app: 'host' } },
          spec: { hostNetwork: true, containers: [{ name: 'main', image: 'registry.example/main:1' }] },
        },
      },
    });
    await fixture.until('both are dealt with', () => controller.metrics.queue.done >= 2);
    await fixture.untilQuiet();
    expect({ ports: fixture.ports(), events: fixture.events(), told: fixture.told() }).to.deep.equal({
      ports: {},
      events: [],
      told: { 'host-0': undefined },
    });
  });

  it('follows a namespace to another switch and subnet', async () => {
    await fixture.controller();
    fixture.addSet('db', { replicas: 1 });
    await fixture.until('it is told', () => fixture.told()['db-0'] !== undefined);
    const [mac] = fixture.ports()['db-0.product']?.split(' ') ?? [];
    await fixture.nb.transact((tx) => lsAdd(tx, 'second'));
    fixture.annotateNamespace('product', {
      'ovn.kubernetes.io/logical_switch': 'second',
      'ovn.kubernetes.io/cidr': '10.18.0.0/24',
      'ovn.kubernetes.io/gateway': '10.18.0.254',
    });
    await fixture.until('it is told of the new one', () => fixture.told()['db-0']?.startsWith('10.18.0.') === true);
    expect(fixture.annotations('db-0')).to.include({
      'ovn.kubernetes.io/logical_switch': 'second',
      'ovn.kubernetes.io/cidr': '10.18.0.0/24',
      'ovn.kubernetes.io/gateway': '10.18.0.254',
      'ovn.kubernetes.io/mac_address': mac,
    });
    expect(lsGet(fixture.nb, 'second').ports).to.have.lengthOf(1);
  });

  it('makes a port again that somebody deleted, with the same addresses', async () => {
    await fixture.controller();
    fixture.addSet('web', { replicas: 1, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    const ports = fixture.ports();
    const uuid = fixture.nb.tables.Logical_Switch_Port.find({ name: 'web-0.product' })?._uuid;
    await fixture.nb.transact((tx) => lspDel(tx, 'web-0.product'));
    await fixture.until('it is there again', () => JSON.stringify(fixture.ports()) === JSON.stringify(ports));
    expect(fixture.nb.tables.Logical_Switch_Port.find({ name: 'web-0.product' })?._uuid).to.not.equal(uuid);
  });

  it("gives a pod its address soon after somebody else's port has given it up", async () => {
    await fixture.nb.transact((tx) =>
      lspAdd(tx, lsGet(fixture.nb, 'product')._uuid, 'vm', {
        columns: { addresses: ['0a:00:00:00:00:01 10.16.0.21'] },
      }),
    );
    await fixture.controller({ workBackOff: { minMs: 60_000, maxMs: 60_000 } });
    fixture.addSet('web', { replicas: 1, pool: POOL });
    await fixture.until('it is warned', () => fixture.events().some(({ reason }) => reason === 'AddressInUse'));
    await fixture.nb.transact((tx) => lspDel(tx, 'vm'));
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
  });
});
