import { expect } from 'chai';

import type { KubeObject } from './api-server/objects.js';
import { jsonObject } from './api-server/objects.js';
import { ObjectStore } from './api-server/object-store.js';
import type { Change } from './api-server/object-store.js';
import { ObjectRegistry } from './api-server/registry.js';
import { podManifest, statefulSetManifest } from './api-server/manifests.js';
import { SimulatedCluster } from './api-server/simulated-cluster.js';
import { REVISION_LABEL } from './api-server/stateful-set-pods.js';

const PARALLEL = { podManagementPolicy: 'Parallel' };

describe('the simulated StatefulSet controller', () => {
  let objects: ObjectRegistry;
  let cluster: SimulatedCluster;
  let changes: string[];

  beforeEach(() => {
    objects = new ObjectRegistry(new ObjectStore());
    objects.create('namespaces', '', { metadata: { name: 'default' } });
    cluster = new SimulatedCluster(objects);
    changes = [];
    objects.store.subscribe(({ type, key }: Change) => {
      if (key.resource === 'pods' && type !== 'MODIFIED') changes.push(`${type === 'ADDED' ? '+' : '-'}${key.name}`);
    });
  });

  const podNames = (): readonly string[] => objects.store.scan('pods', 'default').map(({ metadata }) => metadata.name);
  const pod = (name: string): KubeObject => objects.get('pods', 'default', name);
  const uids = (): Readonly<Record<string, string>> =>
    Object.fromEntries(objects.store.scan('pods', 'default').map(({ metadata }) => [metadata.name, metadata.uid]));
  const set = (): KubeObject => objects.get('statefulsets', 'default', 'web');
  const status = (): Readonly<Record<string, unknown>> => jsonObject(set()['status']);

  function create(...settings: Parameters<typeof statefulSetManifest>): void {
    objects.create('statefulsets', 'default', statefulSetManifest(...settings));
  }

  function editSpec(change: Record<string, unknown>): void {
    objects.update('statefulsets', 'default', 'web', (copy) => ({
      ...copy,
      spec: { ...jsonObject(copy['spec']), ...change },
    }));
  }

  function editTemplate(annotations: Record<string, string>): void {
    const manifest = statefulSetManifest('web', { annotations });
    editSpec({ template: jsonObject(manifest['spec'])['template'] });
  }

  it('makes the pods in order, each when the one before is ready, from the template and owned by the set', async () => {
    create('web', { replicas: 3, annotations: { 'ovn.kubernetes.io/ip_pool': '10.0.0.2' } });
    await cluster.step();
    expect(podNames()).to.deep.equal(['web-0']);
    await cluster.reconcile();
    expect(changes).to.deep.equal(['+web-0', '+web-1', '+web-2']);
    const { metadata, spec, status: podStatus } = pod('web-1');
    expect(metadata.annotations).to.deep.equal({ 'ovn.kubernetes.io/ip_pool': '10.0.0.2' });
    expect(metadata.labels).to.include({
      ...{ app: 'web', 'statefulset.kubernetes.io/pod-name': 'web-1', 'apps.kubernetes.io/pod-index': '1' },
    });
    expect(metadata.ownerReferences).to.deep.equal([
      {
        ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: set().metadata.uid },
        ...{ controller: true, blockOwnerDeletion: true },
      },
    ]);
    expect(spec).to.include({ hostname: 'web-1', subdomain: 'web' });
    expect(podStatus).to.include({ phase: 'Running' });
    expect(status()).to.include({ replicas: 3, readyReplicas: 3, updatedReplicas: 3, observedGeneration: 1 });
  });

  it('waits for a pod that cannot run yet', async () => {
    const allowed = new Set<string>();
    cluster = new SimulatedCluster(objects, { canRun: ({ metadata }) => allowed.has(metadata.name) });
    create('web', { replicas: 2 });
    await cluster.reconcile();
    expect(podNames()).to.deep.equal(['web-0']);
    allowed.add('web-0');
    await cluster.reconcileUntil(() => podNames().length === 2, 'web-1 is there');
    expect(status()).to.include({ readyReplicas: 1 });
  });

  it('makes all pods at once where they are managed in parallel, from the first ordinal on', async () => {
    create('web', { replicas: 3, spec: { ...PARALLEL, ordinals: { start: 5 } } });
    await cluster.step();
    expect(podNames()).to.deep.equal(['web-5', 'web-6', 'web-7']);
  });

  it('scales down from the top, one pod after the other, and up again with new pods', async () => {
    create('web', { replicas: 4 });
    await cluster.reconcile();
    const before = uids();
    changes.length = 0;
    editSpec({ replicas: 1 });
    await cluster.reconcile();
    expect(changes).to.deep.equal(['-web-3', '-web-2', '-web-1']);
    editSpec({ replicas: 2 });
    await cluster.reconcile();
    expect(uids()['web-0']).to.equal(before['web-0']);
    expect(uids()['web-1']).to.be.a('string').and.not.equal(before['web-1']);
  });

  it('scales an unready pod away, but not before a lower one that is unready too', async () => {
    create('web', { replicas: 4 });
    await cluster.reconcile();
    const makeUnready = (name: string): unknown =>
      objects.overwrite('pods', 'default', name, (copy) => (copy['status'] = { phase: 'Running', conditions: [] }));
    makeUnready('web-2');
    makeUnready('web-3');
    editSpec({ replicas: 2 });
    await cluster.reconcile();
    expect(podNames()).to.have.length(4);
    objects.overwrite('pods', 'default', 'web-2', (copy) => (copy['status'] = pod('web-1')['status']));
    await cluster.reconcile();
    expect(podNames()).to.deep.equal(['web-0', 'web-1']);
  });

  it('removes the pods below a raised first ordinal', async () => {
    create('web', { replicas: 2 });
    await cluster.reconcile();
    editSpec({ ordinals: { start: 1 } });
    await cluster.reconcile();
    expect(changes.slice(2)).to.deep.equal(['+web-2', '-web-0']);
  });

  it('updates from the top down by deleting each pod and making it again with a new uid', async () => {
    create('web', { replicas: 3 });
    await cluster.reconcile();
    const before = uids();
    const oldRevision = status()['currentRevision'];
    changes.length = 0;
    editTemplate({ version: '2' });
    await cluster.reconcile();
    expect(changes).to.deep.equal(['-web-2', '+web-2', '-web-1', '+web-1', '-web-0', '+web-0']);
    for (const [name, uid] of Object.entries(uids())) expect(uid, name).to.not.equal(before[name]);
    expect(pod('web-0').metadata.annotations).to.deep.equal({ version: '2' });
    expect(status()['currentRevision']).to.equal(status()['updateRevision']).and.not.equal(oldRevision);
  });

  it('updates only from the partition on, and makes a lower pod again in its old revision', async () => {
    create('web', { replicas: 2 });
    await cluster.reconcile();
    const old = pod('web-0').metadata.labels?.[REVISION_LABEL];
    editSpec({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } });
    editTemplate({ version: '2' });
    await cluster.reconcile();
    objects.delete('pods', 'default', 'web-0');
    await cluster.reconcile();
    const revisions = ['web-0', 'web-1'].map((name) => pod(name).metadata.labels?.[REVISION_LABEL]);
    expect(revisions).to.deep.equal([old, status()['updateRevision']]);
    expect(pod('web-0').metadata.annotations).to.equal(undefined);
  });

  it('leaves the pods alone on an update with OnDelete', async () => {
    create('web', { replicas: 2, spec: { updateStrategy: { type: 'OnDelete' } } });
    await cluster.reconcile();
    const before = uids();
    editTemplate({ version: '2' });
    await cluster.reconcile();
    expect(uids()).to.deep.equal(before);
  });

  it('makes a pod again that was deleted or has failed, on another node', async () => {
    create('web', { replicas: 1 });
    await cluster.reconcile();
    const first = pod('web-0');
    objects.delete('pods', 'default', 'web-0');
    expect(pod('web-0').metadata.deletionTimestamp).to.be.a('string');
    await cluster.reconcile();
    const second = pod('web-0');
    expect(second.metadata.uid).to.not.equal(first.metadata.uid);
    expect(jsonObject(second['spec'])['nodeName']).to.not.equal(jsonObject(first['spec'])['nodeName']);
    cluster.kubelet.endPod('default', 'web-0');
    await cluster.reconcile();
    expect(pod('web-0').metadata.uid).to.not.equal(second.metadata.uid);
    expect(jsonObject(pod('web-0')['status'])['phase']).to.equal('Running');
  });

  it('does not make a pod again before the one that is being deleted has ended', async () => {
    let ended = false;
    cluster = new SimulatedCluster(objects, { hasEnded: () => ended });
    create('web', { replicas: 1, spec: PARALLEL });
    await cluster.reconcile();
    const { uid } = pod('web-0').metadata;
    objects.delete('pods', 'default', 'web-0');
    await cluster.reconcile();
    expect(pod('web-0').metadata.uid).to.equal(uid);
    ended = true;
    await cluster.reconcile();
    expect(pod('web-0').metadata.uid).to.not.equal(uid);
  });

  it('lets the pods go with their set', async () => {
    create('web', { replicas: 2 });
    await cluster.reconcile();
    objects.delete('statefulsets', 'default', 'web');
    await cluster.reconcile();
    expect(podNames()).to.deep.equal([]);
  });

  it('removes the pods before their set when that is deleted in the foreground', async () => {
    create('web', { replicas: 2 });
    await cluster.reconcile();
    const order: string[] = [];
    objects.store.subscribe(({ type, key }) => type === 'DELETED' && order.push(key.name));
    objects.delete('statefulsets', 'default', 'web', { propagationPolicy: 'Foreground' });
    expect(set().metadata.finalizers).to.deep.equal(['foregroundDeletion']);
    await cluster.reconcile();
    expect(order).to.deep.equal(['web-0', 'web-1', 'web']);
  });

  it('leaves orphans on demand, which the next set of the name takes over', async () => {
    create('web', { replicas: 2 });
    await cluster.reconcile();
    const before = uids();
    objects.delete('statefulsets', 'default', 'web', { propagationPolicy: 'Orphan' });
    await cluster.reconcile();
    expect(pod('web-0').metadata.ownerReferences).to.equal(undefined);
    create('web', { replicas: 2 });
    await cluster.reconcile();
    expect(uids()).to.deep.equal(before);
    expect(pod('web-0').metadata.ownerReferences?.[0]?.uid).to.equal(set().metadata.uid);
  });

  it('replaces the pods of a set that was deleted and made again at once', async () => {
    create('web', { replicas: 2 });
    await cluster.reconcile();
    const before = uids();
    objects.delete('statefulsets', 'default', 'web');
    create('web', { replicas: 2 });
    await cluster.reconcile();
    expect(podNames()).to.deep.equal(['web-0', 'web-1']);
    for (const [name, uid] of Object.entries(uids())) expect(uid, name).to.not.equal(before[name]);
    expect(pod('web-1').metadata.ownerReferences?.[0]?.uid).to.equal(set().metadata.uid);
  });

  it('leaves pods of other owners, and of none that fits, alone', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'rs-uid', controller: true };
    const labels = { app: 'web' };
    objects.create('pods', 'default', podManifest('web-0', { ownerReferences: [owner], labels }));
    objects.create('pods', 'default', podManifest('web-x', { labels }));
    create('web', { replicas: 1 });
    await cluster.reconcile();
    expect(pod('web-0').metadata.ownerReferences).to.deep.equal([owner]);
    expect(pod('web-x').metadata.ownerReferences).to.equal(undefined);
    expect(status()).to.include({ replicas: 0 });
  });

  it('empties a namespace before it goes', async () => {
    create('web', { replicas: 2 });
    await cluster.reconcile();
    objects.delete('namespaces', '', 'default');
    await cluster.reconcile();
    expect(objects.store.scan('namespaces')).to.deep.equal([]);
    expect(objects.store.scan('pods')).to.deep.equal([]);
    expect(objects.store.scan('statefulsets')).to.deep.equal([]);
  });

  it('says what did not come about in time', async () => {
    const error = await cluster.reconcileUntil(() => false, 'the impossible', 20).catch((reason: unknown) => reason);
    expect(String(error)).to.match(/within 20 ms it did not come to this: the impossible/);
  });
});
