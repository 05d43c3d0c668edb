/** The pages for the kubelet and Prometheus: whoever asks for whatever, the controller lives on. */
import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';

import { HealthServer } from '../../examples/kubernetes-controller/src/health.js';

describe("the controller's health pages", () => {
  let notReady: string | undefined;
  let server: HealthServer;

  beforeEach(async () => {
    notReady = undefined;
    const source = { notReady: () => notReady, metrics: () => 'figures 1\n' };
    server = await HealthServer.start({ host: '127.0.0.1', port: 0 }, source);
  });

  afterEach(() => server[Symbol.asyncDispose]());

  /** Status of the answer to a request target as it is, which `fetch` would put right first. */
  async function statusOf(target: string): Promise<number> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.end(`GET ${target} HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return Number(data.toString().split(' ')[1]);
  }

  it('say whether the controller lives, is ready, and what its figures are', async () => {
    expect(await statusOf('/healthz')).to.equal(200);
    expect(await statusOf('/readyz?verbose')).to.equal(200);
    expect(await statusOf('/metrics')).to.equal(200);
    notReady = 'waiting for something';
    expect(await statusOf('/readyz')).to.equal(503);
    expect(await statusOf('/healthz')).to.equal(200);
  });

  it('answer 404 to everything else, also to what is no URL', async () => {
    for (const target of ['/', '//', '//[', '*', 'http://', '/healthz/'])
      expect(await statusOf(target), target).to.equal(404);
    expect(await statusOf('/healthz')).to.equal(200);
  });

  it('are on IPv4, and on IPv6 where there is any, when no host is named', async () => {
    const everywhere = await HealthServer.start(
      { host: undefined, port: 0 },
      { notReady: () => undefined, metrics: () => '' },
    );
    const { port } = new URL(everywhere.url);
    const hasIpv6 = everywhere.url.includes('[');
    for (const host of hasIpv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']) {
      const response = await fetch(`http://${host}:${port}/healthz`, { headers: { connection: 'close' } });
      expect(await response.text()).to.equal('ok\n');
    }
    await everywhere[Symbol.asyncDispose]();
  });
});
