/** The controller beside others: one that saw more than it did, and one of another cluster on the same database. */
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { lsAdd } from '../../lib/index.js';
import type { RecordedRequest } from './api-server/recorded-request.js';
import { Fixture } from './controller-fixture.js';

const POOL = '10.16.0.21,10.16.0.22,10.16.0.23';
const SOON = { resyncMs: 50 };

describe('the Kubernetes controller beside another one', function () {
  this.timeout(90_000);
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.start();
  });

  afterEach(() => fixture[Symbol.asyncDispose]());

  const isGet = ({ attributes }: RecordedRequest): boolean => attributes.verb === 'get';
  const isListOfNamespace = ({ attributes }: RecordedRequest): boolean =>
    attributes.verb === 'list' && attributes.resource === 'pods' && attributes.namespace !== '';

  /** Until a controller has asked several times, which it does again and again while it is not sure. */
  async function untilAsked(is: (request: RecordedRequest) => boolean): Promise<void> {
    const { length } = fixture.server.requests;
    await fixture.until('it has asked', () => fixture.server.requests.slice(length).filter(is).length >= 3);
  }

  it('releases nothing by a number of replicas that is not the present one any more', async () => {
    const rules = { onScaleDown: 'release' } as const;
    await fixture.controller({ rules, ...SOON });
    fixture.addSet('web', { replicas: 1, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    await fixture.untilQuiet();
    fixture.server.holdWatches();
    await fixture.controller({ rules });
    fixture.scale('web', 3);
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22', 'web-2': '10.16.0.23' });
    await fixture.untilQuiet();
    const ports = fixture.ports();
    await untilAsked(isGet);
    expect(fixture.ports()).to.deep.equal(ports);
    fixture.server.resumeWatches();
    fixture.scale('web', 1);
    await fixture.until('both ports are gone', () => Object.keys(fixture.ports()).length === 1);
  });

  it('goes back to no pool that is not the present one any more', async () => {
    const rules = { onDrift: 'readdress' } as const;
    await fixture.controller({ rules, ...SOON });
    fixture.addSet('web', { replicas: 1, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21' });
    await fixture.untilQuiet();
    fixture.server.holdWatches();
    await fixture.controller({ rules });
    fixture.editPool('web', '10.16.0.51');
    await fixture.untilTold({ 'web-0': '10.16.0.51' });
    await fixture.untilQuiet();
    const changes = fixture.rowChanges();
    await untilAsked(isGet);
    expect(fixture.rowChanges()).to.equal(changes);
  });

  it('goes back to no switch that is not the one of the namespace any more', async () => {
    const other = { columns: { other_config: { subnet: '10.17.0.0/24' } } };
    await fixture.nb.transact((tx) => lsAdd(tx, 'other', other));
    await fixture.controller(SOON);
    fixture.addSet('web', { replicas: 1 });
    await fixture.until('it is told', () => fixture.told()['web-0']?.startsWith('10.16.0.') === true);
    await fixture.untilQuiet();
    fixture.server.holdWatches();
    await fixture.controller();
    fixture.annotateNamespace('product', { 'ovn.kubernetes.io/logical_switch': 'other' });
    await fixture.until('it is moved', () => fixture.told()['web-0']?.startsWith('10.17.0.') === true);
    await fixture.untilQuiet();
    const changes = fixture.rowChanges();
    await untilAsked(isGet);
    expect(fixture.rowChanges()).to.equal(changes);
  });

  for (const onRecreate of ['inherit', 'fresh'] as const) {
    it(`takes nothing back for a StatefulSet that was made anew since (onRecreate ${onRecreate})`, async () => {
      const rules = { onRecreate };
      await fixture.controller({ rules, ...SOON });
      // Both within one second, so that the times of their creation do not tell them apart.
      while (Date.now() % 1000 > 300) await sleep(10);
      fixture.addSet('web', { replicas: 1 });
      await fixture.until('it is told', () => fixture.told()['web-0'] !== undefined);
      fixture.server.holdWatches();
      await fixture.controller({ rules });
      fixture.deleteSet('web');
      await fixture.until('the pod is gone', () => fixture.pods().length === 0);
      const { uid } = fixture.addSet('web', { replicas: 1 }).metadata;
      await fixture.until('it is told again', () => fixture.told()['web-0'] !== undefined);
      await fixture.untilQuiet();
      const changes = fixture.rowChanges();
      await untilAsked(isGet);
      expect(fixture.rowChanges()).to.equal(changes);
      const [port] = fixture.nb.tables.Logical_Switch_Port.findAll({ name: 'web-0.product' });
      expect(port?.external_ids).to.include({ 'ovn-northbound/owner-uid': uid });
    });
  }

  it('releases no port of a pod that exists, though it has not seen the pod yet', async () => {
    await fixture.controller({ onDelete: 'release' });
    await fixture.until('it watches', () => fixture.server.watches.length === 3);
    fixture.server.holdWatches(({ resource }) => resource.plural === 'pods');
    fixture.addSet('web', { replicas: 2, pool: POOL });
    await fixture.until('ports and pods are there', () => {
      return Object.keys(fixture.ports()).length === 2 && fixture.pods().length === 2;
    });
    const ports = fixture.ports();
    fixture.server.objects.delete('statefulsets', 'product', 'web', { propagationPolicy: 'Orphan' });
    await untilAsked(isListOfNamespace);
    expect(fixture.ports()).to.deep.equal(ports);
    fixture.server.resumeWatches();
    for (const pod of Object.keys(fixture.told())) fixture.deletePod(pod);
    await fixture.until('the ports are gone', () => Object.keys(fixture.ports()).length === 0);
  });

  it('leaves the ports of another vendor alone: the StatefulSets of another cluster are not gone', async () => {
    await fixture.controller({ rules: { vendor: 'east' }, onDelete: 'release' });
    fixture.addSet('web', { replicas: 2, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22' });
    const ports = fixture.ports();
    await fixture.stopController();
    // For this one it is a cluster in which there never was such a StatefulSet.
    fixture.deleteSet('web');
    await fixture.cluster.reconcile();
    await fixture.controller({ rules: { vendor: 'west' }, onDelete: 'release', ...SOON });
    await sleep(200);
    expect(fixture.ports()).to.deep.equal(ports);
    await fixture.stopController();
    await fixture.controller({ rules: { vendor: 'east' }, onDelete: 'release' });
    await fixture.until('the ports are gone', () => Object.keys(fixture.ports()).length === 0);
  });

  it('takes no StatefulSet for one of its own because another vendor has ports for one of that name', async () => {
    await fixture.controller({ rules: { vendor: 'east' } });
    fixture.addSet('web', { replicas: 2, pool: POOL });
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22' });
    await fixture.stopController();
    fixture.deleteSet('web');
    await fixture.cluster.reconcile();
    // In this cluster the namespace is on no switch.
    fixture.annotateNamespace('product', { 'ovn.kubernetes.io/logical_switch': '' });
    const controller = await fixture.controller({ rules: { vendor: 'west' } });
    fixture.addSet('web', { replicas: 1 });
    await fixture.until('it was looked at', () => controller.metrics.queue.done > 0 && fixture.pods().length === 1);
    await fixture.untilQuiet();
    expect(fixture.events()).to.deep.equal([]);
    expect(fixture.told()).to.deep.equal({ 'web-0': undefined });
  });
});
