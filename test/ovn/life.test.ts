/** Situations 2 and 18 with packets: a pod goes and comes back, and its peers need not notice more than a pause. */
import { expect } from 'chai';

import type { PodOutcomeOk } from '../../lib/index.js';
import type { Pod } from './pod.js';
import { note, podOf, statefulSet, useScene } from './scene.js';
import { transfer } from './tcp-transfer.js';

describe('real traffic: web-0 is torn down and comes back', function () {
  this.timeout(120_000);
  const scene = useScene();
  const web = statefulSet('web', 10);
  let port: PodOutcomeOk;
  let manifest = podOf('web-0');
  let pod: Pod;
  /** One on each node. They believe what they know of their neighbours, and ask no more. */
  let peers: readonly [Pod, Pod];

  before(async () => {
    const { network, manager } = scene();
    const [near, far] = await scene().ports('peer', 20, 21);
    port = await manager.ensurePort(manifest, web);
    pod = await network.bringUp('web-0', network.nodes[0], port.port);
    peers = [
      await network.bringUp('peer-0', network.nodes[0], near!.port),
      await network.bringUp('peer-1', network.nodes[1], far!.port),
    ];
    for (const peer of peers) {
      await peer.trustNeighbours(3_600_000);
      await peer.reach(port.ip4!);
      await peer.reach(port.ip6!);
    }
  });

  /** Every peer has the entries that it made before the pod went, and still believes them. */
  async function expectKeptEntries(): Promise<void> {
    for (const peer of peers) {
      for (const ip of [port.ip4!, port.ip6!]) {
        expect(await peer.neighbour(ip), `${peer.name}: ${ip}`).to.deep.equal({ mac: port.mac, state: 'REACHABLE' });
      }
    }
  }

  for (const [where, target] of [
    ['on the same node', 0],
    ['on the other node', 1],
    ['on the first node again', 0],
  ] as const) {
    it(`${where}: same row, same addresses, and reachable by peers that kept their ARP and neighbour entries`, async () => {
      const { network, manager } = scene();
      const { nb } = network;
      const node = network.nodes[target];
      await expectKeptEntries();

      const before = nb.metrics().transactions.committed;
      const { retained } = await manager.podDeleted(manifest);
      expect(nb.metrics().transactions.committed, 'transactions of podDeleted').to.equal(before);
      expect(retained).to.include({ port: port.port, ip4: port.ip4, ip6: port.ip6, mac: port.mac });
      await network.unplug(pod);
      await network.portDown(port.port);
      await network.settle();
      expect(await network.nodeOf(port.port)).to.equal(undefined);
      await Promise.all(peers.map(async (peer) => peer.expectSilence(port.ip4!, port.ip6!)));
      await expectKeptEntries();

      // Another pod by the same name: its uid differs.
      manifest = podOf('web-0');
      const back = await manager.ensurePort(manifest, web);
      expect(back).to.include({ status: 'reused', uuid: port.uuid, ip4: port.ip4, ip6: port.ip6, mac: port.mac });
      const start = performance.now();
      pod = await network.plug('web-0', node, port.port);
      const plugged = performance.now();
      await nb.portUp(port.port);
      const up = performance.now();
      await peers[0].reach(port.ip4!);
      note(
        `pod made and plugged in on ${node.name}: ${(plugged - start).toFixed(0)} ms; port up after another ` +
          `${(up - plugged).toFixed(0)} ms; first reply to a ping after another`,
        performance.now() - up,
      );
      await network.settle();
      expect(await network.nodeOf(port.port)).to.equal(node.name);
      for (const peer of peers) {
        expect(await peer.ping(port.ip4!, { count: 1 }), `${peer.name}, IPv4`).to.equal(1);
        expect(await peer.ping(port.ip6!, { count: 1 }), `${peer.name}, IPv6`).to.equal(1);
      }
      await expectKeptEntries();
      expect(await pod.mac()).to.equal(port.mac);
      expect(await pod.ips()).to.deep.equal([port.ip4, port.ip6]);
      expect(await network.nbctl('get', 'Logical_Switch_Port', port.port, '_uuid')).to.equal(`${port.uuid!}\n`);
      await transfer(peers[1], pod, port.ip4!, 100_000);
      await transfer(peers[0], pod, port.ip6!, 100_000);
    });
  }
});
