import { expect } from 'chai';

import { KubernetesApiServer } from './api-server/api-server.js';
import { podManifest, statefulSetManifest } from './api-server/manifests.js';
import { RestClient } from './api-server/rest-client.js';
import type { Reply } from './api-server/rest-client.js';

const PODS = '/api/v1/namespaces/default/pods';
const SETS = '/apis/apps/v1/namespaces/default/statefulsets';

function names({ body }: Reply): readonly string[] {
  return (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
}

function reasonOf({ status, body }: Reply): string {
  return `${status} ${String(body['reason'])}`;
}

describe('the API server for tests: objects', () => {
  let server: KubernetesApiServer;
  let client: RestClient;

  beforeEach(async () => {
    server = await KubernetesApiServer.start();
    client = new RestClient(server);
  });

  afterEach(async () => {
    await server.close();
  });

  describe('creating', () => {
    it('gives uid, namespace, creationTimestamp, a rising resourceVersion and the defaults of the kind', async () => {
      const before = Number(server.resourceVersion);
      const { status, body } = await client.post(PODS, podManifest('a'));
      expect(status).to.equal(201);
      expect(body).to.include({ apiVersion: 'v1', kind: 'Pod' });
      expect(body.metadata.uid).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
      expect(body.metadata.creationTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(body.metadata.namespace).to.equal('default');
      expect(Number(body.metadata.resourceVersion)).to.equal(before + 1);
      expect(body['spec']).to.include({ terminationGracePeriodSeconds: 30, restartPolicy: 'Always' });
      expect(body['status']).to.include({ phase: 'Pending' });
    });

    it('has one resourceVersion for all resources together', async () => {
      const pod = await client.post(PODS, podManifest('a'));
      const set = await client.post(SETS, statefulSetManifest('web'));
      expect(Number(set.body.metadata.resourceVersion)).to.equal(Number(pod.body.metadata.resourceVersion) + 1);
    });

    it('answers a second object of the name with 409 AlreadyExists', async () => {
      await client.post(PODS, podManifest('a'));
      const reply = await client.post(PODS, podManifest('a'));
      expect(reply.status).to.equal(409);
      expect(reply.body).to.deep.equal({
        ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'pods "a" already exists' },
        ...{ reason: 'AlreadyExists', details: { name: 'a', kind: 'pods' }, code: 409 },
      });
    });

    it('makes a name from generateName', async () => {
      const pod = { ...podManifest(''), metadata: { generateName: 'job-' } };
      const { body } = await client.post(PODS, pod);
      expect(body.metadata.name).to.match(/^job-[a-z0-9]{5}$/);
    });

    it('refuses a missing name, an impossible one, no containers and a selector that misses its template', async () => {
      const nameless = { ...podManifest(''), metadata: {} };
      const refused = [
        await client.post(PODS, nameless),
        await client.post(PODS, podManifest('No_Name')),
        await client.post(PODS, { metadata: { name: 'a' }, spec: {} }),
        await client.post(SETS, statefulSetManifest('web', { spec: { selector: { matchLabels: { app: 'other' } } } })),
      ];
      expect(refused.map(reasonOf)).to.deep.equal(new Array(4).fill('422 Invalid'));
      expect(refused[2]?.body['details']).to.deep.include({
        causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers' }],
      });
    });

    it('answers with 400 to a number in an annotation, another kind, another namespace and to no JSON', async () => {
      const annotations = { count: 3 } as unknown as Record<string, string>;
      const refused = [
        await client.post(PODS, podManifest('a', { annotations })),
        await client.post(PODS, { ...podManifest('a'), kind: 'StatefulSet' }),
        await client.post(PODS, podManifest('a', { namespace: 'other' })),
        await client.send('POST', PODS, '{"metadata":'),
      ];
      expect(refused.map(reasonOf)).to.deep.equal(new Array(4).fill('400 BadRequest'));
    });

    it('answers with 404 in a namespace that is not there, and with 403 in one that is being deleted', async () => {
      const elsewhere = await client.post('/api/v1/namespaces/gone/pods', podManifest('a'));
      expect([reasonOf(elsewhere), elsewhere.body['message']]).to.deep.equal([
        '404 NotFound',
        'namespaces "gone" not found',
      ]);
      await client.post('/api/v1/namespaces', { metadata: { name: 'going' } });
      const { body } = await client.delete('/api/v1/namespaces/going');
      expect(body['status']).to.deep.equal({ phase: 'Terminating' });
      expect(reasonOf(await client.post('/api/v1/namespaces/going/pods', podManifest('a')))).to.equal('403 Forbidden');
    });

    it('shows an event in both of its API versions', async () => {
      const involvedObject = { kind: 'Pod', namespace: 'default', name: 'a' };
      const event = {
        metadata: { name: 'a.1' },
        involvedObject,
        reason: 'Bad',
        message: 'no',
        type: 'Warning',
        count: 2,
      };
      await client.post('/api/v1/namespaces/default/events', event);
      const { body } = await client.get('/apis/events.k8s.io/v1/namespaces/default/events/a.1');
      expect(body).to.deep.include({ apiVersion: 'events.k8s.io/v1', regarding: involvedObject, note: 'no' });
      const elsewhere = {
        ...event,
        metadata: { name: 'a.2' },
        involvedObject: { ...involvedObject, namespace: 'kube-system' },
      };
      expect(reasonOf(await client.post('/api/v1/namespaces/default/events', elsewhere))).to.equal('422 Invalid');
    });

    it('asks more of an event that comes by way of events.k8s.io', async () => {
      const path = '/apis/events.k8s.io/v1/namespaces/default/events';
      const event = {
        ...{ metadata: { generateName: 'a.' }, regarding: { kind: 'Pod', namespace: 'default', name: 'a' } },
        ...{ reason: 'Bad', note: 'no', type: 'Warning', eventTime: '2030-01-01T00:00:00.000000Z', action: 'Allocate' },
        ...{ reportingController: 'example.com/ports', reportingInstance: 'ports-1' },
      };
      const { status, body } = await client.post(path, event);
      expect(status).to.equal(201);
      const causes = async (change: object): Promise<string> => {
        const reply = await client.post(path, { ...event, ...change });
        const { causes: faults = [] } = (reply.body['details'] ?? {}) as { causes?: { field: string }[] };
        return `${reply.status} ${faults.map(({ field }) => field).join(',')}`;
      };
      expect(await causes({ eventTime: undefined })).to.equal('422 eventTime');
      expect(await causes({ action: undefined, reportingInstance: '' })).to.equal('422 reportingInstance,action');
      expect(await causes({ type: 'Error' })).to.equal('422 type');
      expect(await causes({ note: 'x'.repeat(1_025) })).to.equal('422 message');
      expect(await causes({ deprecatedCount: 2 })).to.equal('422 count');
      expect(await causes({ series: { count: 1 } })).to.equal('422 series.count');
      const name = body.metadata.name;
      const series = { count: 2, lastObservedTime: '2030-01-01T00:00:01.000000Z' };
      expect((await client.patch(`${path}/${name}`, { series })).status).to.equal(200);
      expect(reasonOf(await client.patch(`${path}/${name}`, { note: 'other' }))).to.equal('422 Invalid');
      const core = `/api/v1/namespaces/default/events/${name}`;
      expect((await client.patch(core, { message: 'other', count: 3 })).body['count']).to.equal(3);
    });

    it('keeps nothing of a dry run', async () => {
      expect((await client.post(`${PODS}?dryRun=All`, podManifest('a'))).status).to.equal(201);
      expect(reasonOf(await client.get(`${PODS}/a`))).to.equal('404 NotFound');
    });
  });

  describe('reading', () => {
    it('answers with 404 for an object, a resource, a subresource and a path that are not there', async () => {
      const paths = [`${PODS}/a`, '/api/v1/widgets', `${PODS}/a/scale`, '/nothing'];
      for (const path of paths) expect(reasonOf(await client.get(path)), path).to.equal('404 NotFound');
      expect((await client.get(`${SETS}/web`)).body['details']).to.deep.equal({
        ...{ name: 'web', group: 'apps', kind: 'statefulsets' },
      });
    });

    it('lists one namespace or all, in order, without the items’ kind, at the revision of the moment', async () => {
      await client.post('/api/v1/namespaces/kube-system/pods', podManifest('b'));
      for (const name of ['c', 'a']) await client.post(PODS, podManifest(name));
      const all = await client.get('/api/v1/pods');
      expect(names(all)).to.deep.equal(['a', 'c', 'b']);
      expect(names(await client.get(PODS))).to.deep.equal(['a', 'c']);
      expect(all.body).to.deep.include({ kind: 'PodList', apiVersion: 'v1' });
      expect(all.body.metadata).to.deep.equal({ resourceVersion: server.resourceVersion });
      expect((all.body['items'] as object[])[0]).to.not.have.any.keys('kind', 'apiVersion');
    });

    it('selects by labels and by fields', async () => {
      await client.post(PODS, podManifest('a', { labels: { app: 'web', tier: 'front' } }));
      await client.post(PODS, podManifest('b', { labels: { app: 'web' } }));
      await client.post(PODS, podManifest('c', { labels: { app: 'db' } }));
      const found = async (query: string): Promise<string> => names(await client.get(`${PODS}?${query}`)).join('');
      const label = (text: string): Promise<string> => found(`labelSelector=${encodeURIComponent(text)}`);
      expect(await label('app=web')).to.equal('ab');
      expect(await label('app==web,!tier')).to.equal('b');
      expect(await label('app!=web')).to.equal('c');
      expect(await label('app in (db, web),tier')).to.equal('a');
      expect(await label('app notin (web)')).to.equal('c');
      expect(await found('fieldSelector=metadata.name%3Db')).to.equal('b');
      expect(await found('fieldSelector=metadata.namespace!%3Ddefault')).to.equal('');
      expect(reasonOf(await client.get(`${PODS}?fieldSelector=spec.color%3Dred`))).to.equal('400 BadRequest');
      expect(reasonOf(await client.get(`${PODS}?labelSelector=a%3D(`))).to.equal('400 BadRequest');
    });

    it('lists in chunks that show one moment, whatever is written between them', async () => {
      for (const name of ['a', 'b', 'c', 'd']) await client.post(PODS, podManifest(name));
      const first = await client.get(`${PODS}?limit=2`);
      expect(names(first)).to.deep.equal(['a', 'b']);
      const { continue: token, remainingItemCount } = first.body.metadata as unknown as Record<string, string>;
      expect(remainingItemCount).to.equal(2);
      await client.delete(`${PODS}/d`);
      await client.post(PODS, podManifest('cc'));
      const second = await client.get(`${PODS}?limit=2&continue=${token ?? ''}`);
      expect(names(second)).to.deep.equal(['c', 'd']);
      expect(second.body.metadata).to.deep.equal({ resourceVersion: first.body.metadata.resourceVersion });
    });

    it('answers a chunk from a forgotten revision with 410 and a token to go on inconsistently', async () => {
      for (const name of ['a', 'b', 'c']) await client.post(PODS, podManifest(name));
      const { body } = await client.get(`${PODS}?limit=1`);
      const token = (reply: Reply['body']): string => (reply.metadata as unknown as { continue: string }).continue;
      await client.delete(`${PODS}/b`);
      server.compact();
      const gone = await client.get(`${PODS}?limit=1&continue=${token(body)}`);
      expect(reasonOf(gone)).to.equal('410 Expired');
      expect(names(await client.get(`${PODS}?continue=${token(gone.body)}`))).to.deep.equal(['c']);
    });

    it('lists an exact earlier revision, until it is forgotten, and none that is yet to come', async () => {
      await client.post(PODS, podManifest('a'));
      const then = server.resourceVersion;
      await client.delete(`${PODS}/a`);
      const exact = `${PODS}?resourceVersionMatch=Exact&resourceVersion=${then}`;
      expect(names(await client.get(exact))).to.deep.equal(['a']);
      expect(names(await client.get(`${PODS}?resourceVersion=${then}`))).to.deep.equal([]);
      expect(names(await client.get(`${PODS}?resourceVersion=${then}&limit=1`))).to.deep.equal(['a']);
      server.compact();
      expect(reasonOf(await client.get(exact))).to.equal('410 Expired');
      const future = await client.get(`${PODS}?resourceVersion=999999`);
      expect([reasonOf(future), future.headers['retry-after']]).to.deep.equal(['504 Timeout', '1']);
      expect(reasonOf(await client.get(`${PODS}?resourceVersionMatch=Exact`))).to.equal('422 Invalid');
    });

    it('compresses a long answer for a client that takes gzip', async () => {
      const annotations = { note: 'x'.repeat(200_000) };
      await client.post(PODS, podManifest('a', { annotations }));
      const headers = { authorization: `Bearer ${server.token}`, connection: 'close' };
      const reply = await fetch(`${server.url}${PODS}`, { headers });
      expect(reply.headers.get('content-encoding')).to.equal('gzip');
      const { items } = (await reply.json()) as { items: { metadata: { annotations: unknown } }[] };
      expect(items[0]?.metadata.annotations).to.deep.equal(annotations);
      expect((await client.get(PODS)).headers['content-encoding']).to.equal(undefined);
    });

    it('tells its version, its health and what it serves', async () => {
      expect((await client.get('/readyz')).text).to.equal('ok');
      expect((await client.get('/version')).body['major']).to.equal('1');
      const groups = (await client.get('/apis')).body['groups'] as { name: string }[];
      expect(groups.map(({ name }) => name)).to.deep.equal(['apps', 'events.k8s.io', 'coordination.k8s.io']);
      const resources = (await client.get('/apis/apps/v1')).body['resources'] as { name: string }[];
      expect(resources.map(({ name }) => name)).to.deep.equal([
        ...['statefulsets', 'statefulsets/status', 'statefulsets/scale'],
      ]);
    });
  });
});
