/** Situations 4, 5 and 25 with packets: ports that get other addresses, in their subnet or in another one. */
import { expect } from 'chai';

import { lsAdd, StatefulSetPortManager, type PodOutcomeOk } from '../../lib/index.js';
import type { Pod } from './pod.js';
import { NAMESPACE, podOf, statefulSet, useScene } from './scene.js';

describe('real traffic: ports that get other addresses', function () {
  this.timeout(120_000);
  const scene = useScene();
  let peer: Pod;

  before(async () => {
    const { network } = scene();
    const [port] = await scene().ports('peer', 20);
    peer = await network.bringUp('peer-0', network.nodes[0], port!.port);
    await peer.trustNeighbours(3_600_000);
  });

  it('readdress: the old address of a running pod stops, the new one works, and the MAC stays', async () => {
    const { network, manager } = scene();
    const [before] = (await scene().ports('web', 10)) as [PodOutcomeOk];
    const pod = await network.bringUp('web-0', network.nodes[1], before.port);
    await peer.reach(before.ip4!);
    await peer.reach(before.ip6!);

    const [kept] = (await scene().ports('web', 40)) as [PodOutcomeOk];
    expect(kept).to.include({ status: 'reused', ip4: before.ip4, ip6: before.ip6 });
    expect(kept.drift).not.to.equal(undefined);
    await network.settle();
    expect(await peer.ping(before.ip4!, { count: 1 }), 'as long as it is kept').to.equal(1);

    const { outcomes } = await manager.readdress(statefulSet('web', 40));
    const after = outcomes[0] as PodOutcomeOk;
    expect(after).to.include({ status: 'readdressed', uuid: before.uuid, mac: before.mac });
    expect([after.ip4, after.ip6]).to.deep.equal(['10.16.0.40', 'fd00:10:16::40']);
    await network.settle();
    // The pod still has the old addresses; it is OVN that does not let them pass.
    await peer.expectSilence(before.ip4!, before.ip6!);

    for (const [old, now] of [
      [`${before.ip4!}/24`, `${after.ip4!}/24`],
      [`${before.ip6!}/64`, `${after.ip6!}/64`],
    ] as const) {
      await pod.deleteIp(old);
      await pod.addIp(now);
    }
    expect(await peer.ping(after.ip4!, { count: 1 })).to.equal(1);
    expect(await peer.ping(after.ip6!, { count: 1 })).to.equal(1);
    expect(await pod.ping('10.16.0.20', { count: 1 })).to.equal(1);
  });

  it('two pods that exchange their addresses keep their MACs, and each is reached at its new address', async () => {
    const { network, manager } = scene();
    const before = await scene().ports('pair', 50, 51);
    const pods = [];
    for (const { pod, port, ordinal } of before) pods.push(await network.bringUp(pod, network.nodes[ordinal]!, port));
    const { outcomes } = await manager.readdress(statefulSet('pair', 51, 50));
    for (const pod of pods) await network.unplug(pod);
    const after = outcomes as readonly PodOutcomeOk[];
    expect(after.map(({ ip4, mac }) => [ip4, mac])).to.deep.equal([
      ['10.16.0.51', before[0]!.mac],
      ['10.16.0.50', before[1]!.mac],
    ]);
    for (const { pod, port, ordinal } of after) await network.bringUp(pod, network.nodes[ordinal]!, port);
    for (const { ip4, ip6, mac } of after) {
      expect(await peer.ping(ip4!, { count: 1 })).to.equal(1);
      expect(await peer.ping(ip6!, { count: 1 })).to.equal(1);
      expect((await peer.neighbour(ip4!))?.mac).to.equal(mac);
    }
  });

  it('situation 25: a pod whose namespace moves to another switch is reached there, and no longer on the first', async () => {
    const { network, manager } = scene();
    const { nb } = network;
    await nb.transact((tx) => lsAdd(tx, 'other'));
    const subnet = { logicalSwitch: 'other', cidr: '10.17.0.0/24,fd00:10:17::/64' };
    using second = new StatefulSetPortManager(nb, { subnets: { [NAMESPACE]: subnet, elsewhere: subnet } });
    const local = { metadata: { name: 'local-0', namespace: 'elsewhere' } };
    const localSet = { metadata: { name: 'local', namespace: 'elsewhere' }, spec: { replicas: 1 } };
    const localPort = await second.ensurePort(local, localSet);
    const resident = await network.bringUp('local-0', network.nodes[0], localPort.port);

    const mover = { metadata: { name: 'mover', namespace: NAMESPACE }, spec: { replicas: 1 } };
    const before = await manager.ensurePort(podOf('mover-0'), mover);
    const pod = await network.bringUp('mover-0', network.nodes[1], before.port);
    expect(await peer.ping(before.ip4!, { count: 1 })).to.equal(1);

    await network.unplug(pod);
    const after = await second.ensurePort(podOf('mover-0'), mover);
    expect(after).to.include({ status: 'moved', uuid: before.uuid, port: before.port, mac: before.mac });
    expect(after.ip4).to.match(/^10\.17\.0\./);
    await network.bringUp('mover-0', network.nodes[1], after.port);
    expect(await resident.ping(after.ip4!, { count: 1 })).to.equal(1);
    expect(await resident.ping(after.ip6!, { count: 1 })).to.equal(1);
    await peer.expectSilence(before.ip4!, before.ip6!);
  });
});
