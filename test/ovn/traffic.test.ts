/** Ports of a StatefulSet carry packets: within a node and from node to node, over IPv4 and IPv6. */
import { expect } from 'chai';

import type { Pod } from './pod.js';
import { LIMIT_MS } from './ovn-network.js';
import { note, useScene } from './scene.js';
import { transfer } from './tcp-transfer.js';

const LENGTH = 300_000;

describe('real traffic: the ports of a StatefulSet', function () {
  this.timeout(120_000);
  const scene = useScene();
  let client: Pod;

  before(async () => {
    const { network } = scene();
    const [port] = await scene().ports('client', 20);
    client = await network.bringUp('client-0', network.nodes[0], port!.port);
  });

  it('are not up before a pod is plugged in, and are up when portUp says so', async () => {
    const { network } = scene();
    const [port] = await scene().ports('late', 30);
    await network.settle();
    const row = network.nb.tables.Logical_Switch_Port.find({ name: port!.port });
    expect(row?.up).to.equal(false);
    expect(await network.nodeOf(port!.port)).to.equal(undefined);
    const start = performance.now();
    const pod = await network.plug('late-0', network.nodes[1], port!.port);
    const plugged = performance.now();
    const up = await network.nb.portUp(port!.port, { timeoutMs: LIMIT_MS });
    note(
      `pod made and plugged in: ${(plugged - start).toFixed(0)} ms; port up after another`,
      performance.now() - plugged,
    );
    expect(up._uuid).to.equal(row?._uuid);
    expect(await network.nbctl('get', 'Logical_Switch_Port', port!.port, 'up')).to.equal('true\n');
    expect(await network.nodeOf(port!.port)).to.equal('node-2');
    expect(await pod.mac()).to.equal(port!.mac);
    expect(await pod.ips()).to.deep.equal(['10.16.0.30', 'fd00:10:16::30']);
  });

  for (const [ordinal, where] of ['within a node', 'from node to node'].entries()) {
    describe(where, () => {
      let web: Pod;
      let port: { readonly ip4: string | undefined; readonly ip6: string | undefined; readonly port: string };

      before(async () => {
        const { network } = scene();
        port = (await scene().ports('web', 10, 11))[ordinal]!;
        web = await network.bringUp(`web-${ordinal}`, network.nodes[ordinal]!, port.port);
        expect(await network.nodeOf(port.port)).to.equal(`node-${ordinal + 1}`);
      });

      it('the first packet passes once sync("hv") has resolved', async () => {
        expect(await client.ping(port.ip4!, { count: 1 })).to.equal(1);
        expect(await client.ping(port.ip6!, { count: 1 })).to.equal(1);
      });

      it('echo requests pass in both directions', async () => {
        expect(await client.ping(port.ip4!)).to.equal(3);
        expect(await client.ping(port.ip6!)).to.equal(3);
        expect(await web.ping('10.16.0.20')).to.equal(3);
        expect(await web.ping('fd00:10:16::20')).to.equal(3);
      });

      it('300 kB arrive whole over TCP', async () => {
        await transfer(client, web, port.ip4!, LENGTH);
        await transfer(web, client, '10.16.0.20', LENGTH);
        await transfer(client, web, port.ip6!, LENGTH);
      });
    });
  }

  it('do not answer for an address that no port has', async () => {
    await client.expectSilence('10.16.0.99', 'fd00:10:16::99');
  });
});
