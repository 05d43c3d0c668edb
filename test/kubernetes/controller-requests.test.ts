/** The controller's requests: who asks, in how much time, and what is made of a refusal. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { KubeConfig } from '@kubernetes/client-node';
import { expect } from 'chai';

import { KubeApi } from '../../examples/kubernetes-controller/src/kube-api.js';
import { hasStatus, KubeError, statusError } from '../../examples/kubernetes-controller/src/kube-error.js';
import { KubernetesApiServer } from './api-server/api-server.js';

const PODS = '/api/v1/pods';

describe("the controller's requests", () => {
  let server: KubernetesApiServer;
  let api: KubeApi;
  let stop: AbortController;

  before(async () => {
    server = await KubernetesApiServer.start({ tls: true });
  });

  after(() => server.close());

  beforeEach(() => {
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig());
    api = new KubeApi(config, { timeoutMs: 2_000 });
    stop = new AbortController();
    server.clearFaults();
  });

  afterEach(() => api.close());

  it('carry the words of the server in their errors', async () => {
    const error: unknown = await api
      .request('GET', '/api/v1/namespaces/default/pods/none', { signal: stop.signal })
      .catch((reason: unknown) => reason);
    expect(hasStatus(error, 404)).to.equal(true);
    expect(error).to.be.instanceOf(KubeError).with.property('reason', 'NotFound');
    expect((error as KubeError).message).to.match(/GET .*pods\/none: 404 NotFound: pods "none" not found/);
  });

  it('end with the reason of the signal, and with an error of their own when there is no answer in time', async () => {
    server.fail({ answer: 'hang', times: 2 });
    const reason = new Error('enough');
    const pending = api.request('GET', PODS, { signal: stop.signal }).catch((error: unknown) => error);
    await sleep(20);
    stop.abort(reason);
    expect(await pending).to.equal(reason);
    const late = await api
      .request('GET', PODS, { signal: new AbortController().signal })
      .catch((error: unknown) => error);
    expect(late)
      .to.be.instanceOf(KubeError)
      .with.property('message')
      .that.matches(/no answer in 2000 ms/);
  });

  it('take server, authority and token from where a pod finds them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'in-cluster-'));
    const account = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount');
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
    const url = new URL(server.url);
    try {
      await mkdir(account, { recursive: true });
      await writeFile(join(account, 'token'), server.token);
      await writeFile(join(account, 'ca.crt'), server.ca ?? '');
      await writeFile(join(account, 'namespace'), 'default');
      Object.assign(process.env, { KUBERNETES_SERVICE_HOST: url.hostname, KUBERNETES_SERVICE_PORT: url.port });
      const config = new KubeConfig();
      config.loadFromCluster(folder);
      const inCluster = new KubeApi(config);
      const list = await inCluster.request<{ kind: string }>('GET', PODS, { signal: stop.signal });
      expect(list.kind).to.equal('PodList');
      inCluster.close();
    } finally {
      for (const [name, value] of Object.entries({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port })) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
      await rm(folder, { recursive: true });
    }
  });

  it('take up a token that was renewed as soon as the former one is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'token-'));
    const tokenFile = join(folder, 'token');
    const former = server.token;
    try {
      await writeFile(tokenFile, former);
      const config = new KubeConfig();
      config.loadFromString(server.kubeconfig());
      const cluster = config.getCurrentCluster();
      if (cluster === null) throw new Error('the kubeconfig names no cluster');
      config.loadFromClusterAndUser(cluster, {
        name: 'pod',
        authProvider: { name: 'tokenFile', config: { tokenFile } },
      });
      const rotating = new KubeApi(config);
      const { signal } = stop;
      await rotating.request('GET', PODS, { signal });
      server.token = 'renewed';
      await writeFile(tokenFile, 'renewed');
      const refused = await rotating.request('GET', PODS, { signal }).catch((error: unknown) => error);
      expect(hasStatus(refused, 401)).to.equal(true);
      await rotating.request('GET', PODS, { signal });
      rotating.close();
    } finally {
      server.token = former;
      await rm(folder, { recursive: true });
    }
  });

  it('end in time when the program that fetches the credentials does not', async () => {
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig());
    config.applyToHTTPSOptions = () => new Promise(() => undefined);
    const hanging = new KubeApi(config, { timeoutMs: 50 });
    const late = await hanging.request('GET', PODS, { signal: stop.signal }).catch((error: unknown) => error);
    expect(late).to.be.instanceOf(KubeError).with.property('reason', 'Timeout');
  });

  it('heed what a server asks them to wait, but no more than five minutes', () => {
    const status = { message: 'busy' };
    expect(statusError('GET /', 429, status, '2').retryAfterMs).to.equal(2_000);
    expect(statusError('GET /', 429, status, '9999999999').retryAfterMs).to.equal(300_000);
    expect(statusError('GET /', 429, status, 'Fri, 31 Dec 2100 23:59:59 GMT').retryAfterMs).to.equal(undefined);
  });

  it('use one connection after the other, also with a token that was changed', async () => {
    const { signal } = stop;
    await api.request('GET', PODS, { signal });
    await api.request('GET', PODS, { signal });
    expect(server.requests.slice(-2).map(({ status }) => status)).to.deep.equal([200, 200]);
    const former = server.token;
    server.token = 'another';
    const refused = await api.request('GET', PODS, { signal }).catch((error: unknown) => error);
    server.token = former;
    expect(hasStatus(refused, 401)).to.equal(true);
    await api.request('GET', PODS, { signal });
  });
});
