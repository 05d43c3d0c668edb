import { expect } from 'chai';

import { failure } from '../failure.js';
import { KubernetesApiServer } from './api-server/api-server.js';
import { podManifest } from './api-server/manifests.js';
import { MERGE_PATCH, RestClient } from './api-server/rest-client.js';
import type { Reply } from './api-server/rest-client.js';
import type { RecordedRequest } from './api-server/recorded-request.js';
import { parse } from 'yaml';

const PODS = '/api/v1/namespaces/default/pods';

const isPatch = ({ attributes }: RecordedRequest): boolean => attributes.verb === 'patch';

describe('the API server for tests: faults and access', () => {
  let server: KubernetesApiServer;
  let client: RestClient;

  beforeEach(async () => {
    server = await KubernetesApiServer.start();
    client = new RestClient(server);
    await client.post(PODS, podManifest('a'));
  });

  afterEach(async () => {
    await server.close();
  });

  const annotate = (value: string): Promise<Reply> =>
    client.patch(`${PODS}/a`, { metadata: { annotations: { value } } });
  const annotation = (): string | undefined =>
    server.objects.get('pods', 'default', 'a').metadata.annotations?.['value'];

  it('fails as many requests as ordered, of those that match, with nothing done', async () => {
    const order = server.fail({ match: isPatch, times: 2, answer: { status: 500 } });
    expect((await client.get(`${PODS}/a`)).status).to.equal(200);
    expect([(await annotate('1')).status, (await annotate('2')).status]).to.deep.equal([500, 500]);
    expect(annotation()).to.equal(undefined);
    expect((await annotate('3')).status).to.equal(200);
    expect([order.hits, order.remaining]).to.deep.equal([2, 0]);
  });

  it('answers with Retry-After, in the header and in the Status', async () => {
    server.fail({ answer: { status: 429, retryAfterSeconds: 3 } });
    const { status, headers, body } = await annotate('1');
    expect([status, headers['retry-after'], body['reason']]).to.deep.equal([429, '3', 'TooManyRequests']);
    expect(body['details']).to.deep.equal({ retryAfterSeconds: 3 });
  });

  it('answers with any failure, and forgets its orders on command', async () => {
    for (const [status, reason] of [
      [409, 'Conflict'],
      [503, 'ServiceUnavailable'],
      [504, 'Timeout'],
    ] as const) {
      server.fail({ answer: { status } });
      const { body } = await client.get(PODS);
      expect([body['code'], body['reason']]).to.deep.equal([status, reason]);
    }
    const order = server.fail({ times: 100, answer: { status: 500 } });
    order.cancel();
    server.fail({ times: 100, answer: 'reset' });
    server.clearFaults();
    expect((await client.get(PODS)).status).to.equal(200);
  });

  it('carries a request out and loses its answer', async () => {
    server.fail({ match: isPatch, answer: 'reset', applied: true });
    expect(await failure(annotate('1'))).to.include({ code: 'ECONNRESET' });
    expect(annotation()).to.equal('1');
    server.fail({ match: isPatch, answer: { status: 504 }, applied: true });
    expect((await annotate('2')).status).to.equal(504);
    expect(annotation()).to.equal('2');
  });

  it('leaves a request without an answer until the connection ends', async () => {
    server.fail({ match: isPatch, answer: 'hang' });
    const hanging = annotate('1');
    const first = await Promise.race([
      hanging.catch(() => 'failed'),
      new Promise((resolve) => setTimeout(resolve, 50)),
    ]);
    expect(first).to.equal(undefined);
    await server.stop();
    expect(await failure(hanging)).to.include({ code: 'ECONNRESET' });
    expect(annotation()).to.equal(undefined);
  });

  it('answers late', async () => {
    const order = server.delay({ match: isPatch, delayMs: 60 });
    const before = performance.now();
    await annotate('1');
    expect(performance.now() - before).to.be.at.least(55);
    order.cancel();
    expect(order.hits).to.equal(1);
  });

  it('refuses connections while it is stopped, and comes back on the same port with its objects', async () => {
    const { url } = server;
    const watch = await client.watch(PODS, `resourceVersion=${server.resourceVersion}`);
    const then = server.resourceVersion;
    await server.stop();
    expect(await watch.ended).to.include({ code: 'ECONNRESET' });
    expect(await failure(client.get(PODS))).to.include({ code: 'ECONNREFUSED' });
    server.objects.create('pods', 'default', podManifest('b'));
    await server.start();
    expect(server.url).to.equal(url);
    const again = await client.watch(PODS, `resourceVersion=${then}`);
    expect(await again.take(1)).to.deep.equal(['ADDED b']);
    again.close();
  });

  it('restarts with its history lost', async () => {
    const then = server.resourceVersion;
    await server.restart({ history: 'lost' });
    const watch = await client.watch(PODS, `resourceVersion=${then}`);
    expect(await watch.take(1)).to.deep.equal(['ERROR 410']);
    expect((await client.get(`${PODS}/a`)).status).to.equal(200);
  });

  it('refuses a wrong token, also after it was changed, but tells its health to everybody', async () => {
    const stranger = new RestClient(server, { authorization: 'Bearer wrong' });
    const { status, body } = await stranger.get(PODS);
    expect([status, body['reason'], body['message']]).to.deep.equal([401, 'Unauthorized', 'Unauthorized']);
    expect((await stranger.get('/readyz')).text).to.equal('ok');
    const former = new RestClient(server, { authorization: `Bearer ${server.token}` });
    expect((await former.get(PODS)).status).to.equal(200);
    server.token = 'renewed';
    expect((await former.get(PODS)).status).to.equal(401);
    expect((await client.get(PODS)).status).to.equal(200);
  });

  it('forbids what no rule of a ClusterRole allows', async () => {
    server.rules = [
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['patch'], resourceNames: ['b'] },
      { apiGroups: ['apps'], resources: ['pods', 'statefulsets/status'], verbs: ['*'] },
    ];
    expect((await client.get('/api/v1/pods')).status).to.equal(200);
    const reply = await annotate('1');
    expect(reply.status).to.equal(403);
    expect(reply.body['message']).to.equal(
      'pods "a" is forbidden: User "system:serviceaccount:kube-system:controller" cannot patch resource "pods" ' +
        'in API group "" in the namespace "default"',
    );
    const statuses = async (...paths: string[]): Promise<number[]> =>
      Promise.all(paths.map(async (path) => (await client.get(path)).status));
    const set = '/apis/apps/v1/namespaces/default/statefulsets/web';
    expect(await statuses(`${PODS}?watch=true`, set, `${set}/status`, `${PODS}/a/status`)).to.deep.equal([
      ...[403, 403, 404, 403],
    ]);
    expect((await client.patch(`${PODS}/b`, {})).status).to.equal(404);
    expect((await client.get('/apis')).status).to.equal(200);
  });

  it('records every request with what it was about', async () => {
    await annotate('1');
    await client.get('/apis/apps/v1/statefulsets?watch=false&limit=5');
    const [patch, list] = server.requests.slice(-2);
    expect(patch).to.deep.include({
      ...{ method: 'PATCH', path: `${PODS}/a`, contentType: MERGE_PATCH, status: 200 },
      body: { metadata: { annotations: { value: '1' } } },
    });
    expect(patch?.attributes).to.deep.include({
      ...{
        verb: 'patch',
        group: '',
        version: 'v1',
        resource: 'pods',
        subresource: '',
        namespace: 'default',
        name: 'a',
      },
    });
    expect(list?.attributes).to.deep.include({ verb: 'list', group: 'apps', resource: 'statefulsets', namespace: '' });
    expect(list?.query.get('limit')).to.equal('5');
    const names = ['/api/v1/namespaces/default', '/api/v1/namespaces/default/status', '/healthz'];
    for (const path of names) await client.get(path);
    const told = server.requests.slice(-3).map(({ attributes: { resource, subresource, namespace, name } }) => ({
      ...{ resource, subresource, namespace, name },
    }));
    expect(told).to.deep.equal([
      { resource: 'namespaces', subresource: '', namespace: '', name: 'default' },
      { resource: 'namespaces', subresource: 'status', namespace: '', name: 'default' },
      { resource: '', subresource: '', namespace: '', name: '' },
    ]);
  });

  it('writes a kubeconfig for itself', () => {
    expect(parse(server.kubeconfig())).to.deep.include({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
      clusters: [{ name: 'test', cluster: { server: server.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'test', user: { token: server.token } }],
    });
  });

  it('serves HTTPS with a certificate from its own CA, and cuts its connections there too', async () => {
    await using secure = await KubernetesApiServer.start({ tls: true });
    const secureClient = new RestClient(secure);
    const config = parse(secure.kubeconfig()) as { clusters: { cluster: Record<string, string> }[] };
    const encoded = config.clusters[0]?.cluster['certificate-authority-data'] ?? '';
    expect(Buffer.from(encoded, 'base64').toString()).to.equal(secure.ca);
    expect((await secureClient.post(PODS, podManifest('a'))).status).to.equal(201);
    const watch = await secureClient.watch(PODS, `resourceVersion=${secure.resourceVersion}`);
    secure.dropWatches('reset');
    expect(await watch.ended).to.include({ code: 'ECONNRESET' });
  });
});
