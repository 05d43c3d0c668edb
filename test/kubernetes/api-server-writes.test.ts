import { expect } from 'chai';

import { KubernetesApiServer } from './api-server/api-server.js';
import { podManifest, statefulSetManifest } from './api-server/manifests.js';
import { JSON_PATCH, RestClient, STRATEGIC_MERGE_PATCH } from './api-server/rest-client.js';
import type { Reply } from './api-server/rest-client.js';

const PODS = '/api/v1/namespaces/default/pods';
const SETS = '/apis/apps/v1/namespaces/default/statefulsets';

function names({ body }: Reply): readonly string[] {
  return (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
}

function reasonOf({ status, body }: Reply): string {
  return `${status} ${String(body['reason'])}`;
}

describe('the API server for tests: changes of objects', () => {
  let server: KubernetesApiServer;
  let client: RestClient;

  beforeEach(async () => {
    server = await KubernetesApiServer.start();
    client = new RestClient(server);
  });

  afterEach(async () => {
    await server.close();
  });

  describe('replacing', () => {
    it('replaces at the resourceVersion that was read, and answers with 409 Conflict to another', async () => {
      const { body: pod } = await client.post(PODS, podManifest('a'));
      const labelled = { ...pod, metadata: { ...pod.metadata, labels: { app: 'web' } } };
      expect((await client.put(`${PODS}/a`, labelled)).body.metadata.labels).to.deep.equal({ app: 'web' });
      const reply = await client.put(`${PODS}/a`, { ...labelled, metadata: { ...labelled.metadata, labels: {} } });
      expect(reasonOf(reply)).to.equal('409 Conflict');
      expect(reply.body['message']).to.match(
        /^Operation cannot be fulfilled on pods "a": the object has been modified;/,
      );
    });

    it('replaces unconditionally without a resourceVersion, and never what only the server sets', async () => {
      const { body: pod } = await client.post(PODS, podManifest('a'));
      const changed = { name: 'a', creationTimestamp: '2001-01-01T00:00:00Z', labels: { app: 'web' } };
      const { status, body } = await client.put(`${PODS}/a`, {
        ...pod,
        metadata: changed,
        status: { phase: 'Running' },
      });
      expect(status).to.equal(200);
      expect(body.metadata).to.include({ uid: pod.metadata.uid, creationTimestamp: pod.metadata.creationTimestamp });
      expect(body['status']).to.deep.equal(pod['status']);
    });

    it('answers with 409 to another uid, with 400 to another name, with 404 where there is nothing', async () => {
      const { body: pod } = await client.post(PODS, podManifest('a'));
      const other = { ...pod, metadata: { name: 'a', uid: 'another' } };
      expect(reasonOf(await client.put(`${PODS}/a`, other))).to.equal('409 Conflict');
      expect(reasonOf(await client.put(`${PODS}/a`, podManifest('b')))).to.equal('400 BadRequest');
      expect(reasonOf(await client.put(`${PODS}/b`, podManifest('b')))).to.equal('404 NotFound');
    });

    it('makes a lease or an event that is not there', async () => {
      const lease = { metadata: { name: 'leader' }, spec: { holderIdentity: 'me' } };
      const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/leader';
      expect((await client.put(path, lease)).status).to.equal(201);
      expect((await client.get(path)).body['spec']).to.deep.equal({ holderIdentity: 'me' });
    });

    it('writes nothing where nothing differs', async () => {
      const { body: pod } = await client.post(PODS, podManifest('a'));
      const { body } = await client.put(`${PODS}/a`, pod);
      expect(body.metadata.resourceVersion).to.equal(pod.metadata.resourceVersion);
      expect(server.resourceVersion).to.equal(pod.metadata.resourceVersion);
    });

    it('raises a StatefulSet’s generation with its spec only', async () => {
      await client.post(SETS, statefulSetManifest('web'));
      const scaled = await client.patch(`${SETS}/web`, { spec: { replicas: 3 } });
      const labelled = await client.patch(`${SETS}/web`, { metadata: { labels: { a: 'b' } } });
      const status = await client.patch(`${SETS}/web/status`, { status: { replicas: 3 } });
      const generations = [scaled, labelled, status].map(({ body }) => body.metadata.generation);
      expect(generations).to.deep.equal([2, 2, 2]);
    });

    it('refuses a change of what cannot change', async () => {
      await client.post(PODS, podManifest('a'));
      await client.post(SETS, statefulSetManifest('web'));
      const refused = [
        await client.patch(`${PODS}/a`, { spec: { restartPolicy: 'Never' } }),
        await client.patch(`${SETS}/web`, { spec: { serviceName: 'other' } }),
        await client.patch(`${SETS}/web`, { spec: { replicas: -1 } }),
      ];
      expect(refused.map(reasonOf)).to.deep.equal(new Array(3).fill('422 Invalid'));
      const image = { spec: { containers: [{ name: 'main', image: 'registry.example/main:2' }] } };
      expect((await client.patch(`${PODS}/a`, image)).status).to.equal(200);
    });

    it('writes the status by its subresource only, and scales by scale', async () => {
      await client.post(SETS, statefulSetManifest('web', { replicas: 2 }));
      const { body } = await client.patch(`${SETS}/web/status`, {
        spec: { replicas: 9 },
        status: { readyReplicas: 1 },
      });
      expect([body['spec'], body['status']]).to.deep.equal([
        { ...(body['spec'] as object), replicas: 2 },
        { replicas: 0, availableReplicas: 0, readyReplicas: 1 },
      ]);
      const scale = await client.patch(`${SETS}/web/scale`, { spec: { replicas: 5 } });
      expect(scale.body).to.deep.include({ kind: 'Scale', spec: { replicas: 5 } });
      expect((await client.get(`${SETS}/web`)).body['spec']).to.include({ replicas: 5 });
    });
  });

  describe('patching', () => {
    const annotations = (reply: Reply): unknown => reply.body.metadata.annotations;

    beforeEach(async () => {
      await client.post(PODS, podManifest('a', { annotations: { one: '1', two: '2' } }));
    });

    it('merges by RFC 7396: null removes, the rest stays', async () => {
      const reply = await client.patch(`${PODS}/a`, { metadata: { annotations: { one: null, three: '3' } } });
      expect(annotations(reply)).to.deep.equal({ two: '2', three: '3' });
    });

    it('merges strategically: maps by key, lists by their merge key, with directives', async () => {
      const patch = (body: object): Promise<Reply> => client.patch(`${PODS}/a`, body, STRATEGIC_MERGE_PATCH);
      expect(annotations(await patch({ metadata: { annotations: { one: null, three: '3' } } }))).to.deep.equal({
        ...{ two: '2', three: '3' },
      });
      expect(annotations(await patch({ metadata: { annotations: { $patch: 'replace', x: 'y' } } }))).to.deep.equal({
        x: 'y',
      });
      expect(annotations(await patch({ metadata: { annotations: { $patch: 'delete' } } }))).to.equal(undefined);
      const image = await patch({ spec: { containers: [{ name: 'main', image: 'registry.example/main:3' }] } });
      expect((image.body['spec'] as Record<string, unknown>)['containers']).to.deep.equal([
        { name: 'main', image: 'registry.example/main:3' },
      ]);
      await patch({ metadata: { finalizers: ['example.com/a'] } });
      const finalizers = await patch({ metadata: { finalizers: ['example.com/b'] } });
      expect(finalizers.body.metadata.finalizers).to.deep.equal(['example.com/a', 'example.com/b']);
      const fewer = await patch({ metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } });
      expect(fewer.body.metadata.finalizers).to.deep.equal(['example.com/b']);
    });

    it('applies a JSON patch, all of it or nothing', async () => {
      const path = '/metadata/annotations';
      const reply = await client.patch(
        `${PODS}/a`,
        [
          { op: 'test', path: `${path}/one`, value: '1' },
          { op: 'add', path: `${path}/example.com~1key`, value: 'v' },
          { op: 'replace', path: `${path}/two`, value: 'II' },
          { op: 'move', from: `${path}/one`, path: `${path}/uno` },
          { op: 'copy', from: `${path}/two`, path: `${path}/due` },
        ],
        JSON_PATCH,
      );
      const result = { uno: '1', two: 'II', due: 'II', 'example.com/key': 'v' };
      expect(annotations(reply)).to.deep.equal(result);
      const failing = [
        { op: 'remove', path: `${path}/two` },
        { op: 'test', path: `${path}/uno`, value: '2' },
      ];
      expect(reasonOf(await client.patch(`${PODS}/a`, failing, JSON_PATCH))).to.equal('422 Invalid');
      expect(annotations(await client.get(`${PODS}/a`))).to.deep.equal(result);
    });

    it('takes a resourceVersion as a precondition in every format', async () => {
      const stale = { metadata: { resourceVersion: '1', annotations: { one: 'x' } } };
      expect(reasonOf(await client.patch(`${PODS}/a`, stale))).to.equal('409 Conflict');
      expect(reasonOf(await client.patch(`${PODS}/a`, stale, STRATEGIC_MERGE_PATCH))).to.equal('409 Conflict');
      const operations = [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }];
      expect(reasonOf(await client.patch(`${PODS}/a`, operations, JSON_PATCH))).to.equal('409 Conflict');
      const { resourceVersion } = (await client.get(`${PODS}/a`)).body.metadata;
      const fresh = { metadata: { resourceVersion, annotations: { one: 'x' } } };
      expect((await client.patch(`${PODS}/a`, fresh)).status).to.equal(200);
    });

    it('answers with 422 to another uid, as to a pod that was made again under its name', async () => {
      const { uid } = (await client.get(`${PODS}/a`)).body.metadata;
      await client.delete(`${PODS}/a`);
      await client.post(PODS, podManifest('a'));
      const reply = await client.patch(`${PODS}/a`, { metadata: { uid, annotations: { one: 'x' } } });
      expect(reasonOf(reply)).to.equal('422 Invalid');
      expect(annotations(await client.get(`${PODS}/a`))).to.equal(undefined);
    });

    it('answers with 415 to plain JSON, with 400 to a patch of the wrong shape, with 404 where there is nothing', async () => {
      expect(reasonOf(await client.patch(`${PODS}/a`, {}, 'application/json'))).to.equal('415 UnsupportedMediaType');
      expect(reasonOf(await client.patch(`${PODS}/a`, []))).to.equal('400 BadRequest');
      expect(reasonOf(await client.patch(`${PODS}/a`, {}, JSON_PATCH))).to.equal('400 BadRequest');
      expect(reasonOf(await client.patch(`${PODS}/b`, {}))).to.equal('404 NotFound');
    });
  });

  describe('deleting', () => {
    const bind = (name: string): unknown =>
      server.objects.overwrite('pods', 'default', name, (pod) => {
        pod['spec'] = { ...(pod['spec'] as object), nodeName: 'node-1' };
      });

    it('removes at once a pod that no node has, and answers with it', async () => {
      await client.post(PODS, podManifest('a'));
      const { status, body } = await client.delete(`${PODS}/a`);
      expect([status, body['kind']]).to.deep.equal([200, 'Pod']);
      expect(reasonOf(await client.get(`${PODS}/a`))).to.equal('404 NotFound');
    });

    it('gives a bound pod its grace, which a later request can shorten', async () => {
      await client.post(PODS, podManifest('a'));
      bind('a');
      const { body } = await client.delete(`${PODS}/a`);
      expect(body.metadata.deletionGracePeriodSeconds).to.equal(30);
      const remainingMs = Date.parse(body.metadata.deletionTimestamp ?? '') - Date.now();
      expect(remainingMs).to.be.within(27_000, 30_000);
      const again = await client.delete(`${PODS}/a`, { gracePeriodSeconds: 5 });
      expect(again.body.metadata.deletionGracePeriodSeconds).to.equal(5);
      await client.delete(`${PODS}/a?gracePeriodSeconds=0`);
      expect(reasonOf(await client.get(`${PODS}/a`))).to.equal('404 NotFound');
    });

    it('keeps an object until its last finalizer is gone, and lets none be added', async () => {
      await client.post(
        SETS,
        statefulSetManifest('web', { metadata: { finalizers: ['example.com/a', 'example.com/b'] } }),
      );
      const { body } = await client.delete(`${SETS}/web`);
      expect(body.metadata.deletionTimestamp).to.be.a('string');
      const more = { metadata: { finalizers: ['example.com/a', 'example.com/b', 'example.com/c'] } };
      expect(reasonOf(await client.patch(`${SETS}/web`, more))).to.equal('422 Invalid');
      await client.patch(`${SETS}/web`, { metadata: { finalizers: ['example.com/b'] } });
      expect((await client.get(`${SETS}/web`)).status).to.equal(200);
      await client.patch(`${SETS}/web`, { metadata: { finalizers: null } });
      expect(reasonOf(await client.get(`${SETS}/web`))).to.equal('404 NotFound');
    });

    it('answers for a StatefulSet with a Status, and holds to preconditions', async () => {
      const { body: set } = await client.post(SETS, statefulSetManifest('web'));
      const other = { preconditions: { uid: 'another' } };
      expect(reasonOf(await client.delete(`${SETS}/web`, other))).to.equal('409 Conflict');
      const stale = { preconditions: { resourceVersion: '1' } };
      expect(reasonOf(await client.delete(`${SETS}/web`, stale))).to.equal('409 Conflict');
      const { uid } = set.metadata;
      const { body } = await client.delete(`${SETS}/web`, { preconditions: { uid } });
      expect(body).to.deep.include({ kind: 'Status', status: 'Success' });
      expect(body['details']).to.deep.equal({ name: 'web', group: 'apps', kind: 'statefulsets', uid });
    });

    it('deletes a collection by selector', async () => {
      await client.post(PODS, podManifest('a', { labels: { app: 'web' } }));
      await client.post(PODS, podManifest('b'));
      expect(names(await client.delete(`${PODS}?labelSelector=app%3Dweb`))).to.deep.equal(['a']);
      expect(names(await client.get(PODS))).to.deep.equal(['b']);
    });
  });
});
