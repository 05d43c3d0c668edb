/**
 * A released address that another pod gets. The other pod has another MAC address, and peers may still know the first.
 * They cannot learn of the change by being spoken to, because OVN answers ARP and neighbour solicitations in their
 * stead; it takes an announcement of the new pod, or the end of their patience.
 */
import { expect } from 'chai';

import { MAC_ADDRESS_ANNOTATION, type PodOutcomeOk } from '../../lib/index.js';
import type { Pod } from './pod.js';
import { note, podOf, statefulSet, useScene } from './scene.js';
import { transfer } from './tcp-transfer.js';

describe('real traffic: a released address that another pod gets', function () {
  this.timeout(120_000);
  const scene = useScene();
  let old: PodOutcomeOk;
  let port: PodOutcomeOk;
  let pod: Pod;
  /** Believes what it knows of its neighbours, and asks no more. */
  let trusting: Pod;
  /** Asks again after a second, as others do after half a minute. */
  let doubting: Pod;
  /** Has never heard of the address. */
  let fresh: Pod;

  before(async () => {
    const { network, manager } = scene();
    const peers: Pod[] = [];
    for (const { pod: name, port: peer, ordinal } of await scene().ports('peer', 20, 21, 22)) {
      peers.push(await network.bringUp(name, network.nodes[ordinal === 1 ? 1 : 0], peer));
    }
    [trusting, doubting, fresh] = peers as [Pod, Pod, Pod];
    await trusting.trustNeighbours(3_600_000);
    await doubting.trustNeighbours(1_000);
    [old] = (await scene().ports('old', 10)) as [PodOutcomeOk];
    const first = await network.bringUp('old-0', network.nodes[0], old.port);
    for (const ip of [old.ip4!, old.ip6!]) {
      await trusting.reach(ip);
      await doubting.reach(ip);
    }
    await network.unplug(first);
    await manager.release(statefulSet('old', 10));
    [port] = (await scene().ports('new', 10)) as [PodOutcomeOk];
    pod = await network.bringUp('new-0', network.nodes[1], port.port);
  });

  it('the manager gives the address away with another MAC, and a peer that did not know it reaches it at once', async () => {
    expect(port).to.include({ status: 'created', ip4: old.ip4, ip6: old.ip6 });
    expect(port.mac).not.to.equal(old.mac);
    expect(await fresh.ping(port.ip4!, { count: 1 })).to.equal(1);
    expect(await fresh.ping(port.ip6!, { count: 1 })).to.equal(1);
    await transfer(fresh, pod, port.ip4!, 100_000);
  });

  it('a peer that doubts its entry for the MAC before finds the new one by itself', async () => {
    const [ms4, ms6] = await Promise.all([doubting.reach(port.ip4!), doubting.reach(port.ip6!)]);
    note('a peer whose entry had grown old reached the new pod after', Math.max(ms4, ms6));
    expect((await doubting.neighbour(port.ip4!))?.mac).to.equal(port.mac);
    expect((await doubting.neighbour(port.ip6!))?.mac).to.equal(port.mac);
  });

  it('a peer that believes in the MAC before does not reach it, even when the new pod speaks to it', async () => {
    const before = await trusting.echoesReceived();
    const ips = [port.ip4!, port.ip6!];
    await pod.expectSilence('10.16.0.20', 'fd00:10:16::20');
    // They arrive; what is lost is the replies, to the MAC before.
    expect(await trusting.echoesReceived()).to.deep.equal({ 4: before[4] + 2, 6: before[6] + 2 });
    await trusting.expectSilence(...ips);
    for (const ip of ips) {
      expect(await trusting.neighbour(ip)).to.deep.equal({ mac: old.mac, state: 'REACHABLE' });
    }
  });

  it('once the new pod has announced its addresses, that peer reaches it, too', async () => {
    await pod.announce();
    const [ms4, ms6] = await Promise.all([trusting.reach(port.ip4!), trusting.reach(port.ip6!)]);
    note('after its announcement the new pod was reached after', Math.max(ms4, ms6));
    expect((await trusting.neighbour(port.ip4!))?.mac).to.equal(port.mac);
    expect((await trusting.neighbour(port.ip6!))?.mac).to.equal(port.mac);
  });

  it('a pod that asks for the MAC before, too, needs no announcement', async () => {
    const { network, manager } = scene();
    await network.unplug(pod);
    await manager.release(statefulSet('new', 10));
    const heir = podOf('heir-0', { [MAC_ADDRESS_ANNOTATION]: port.mac });
    const inherited = await manager.ensurePort(heir, statefulSet('heir', 10));
    expect(inherited).to.include({ ip4: port.ip4, ip6: port.ip6, mac: port.mac });
    await network.bringUp('heir-0', network.nodes[0], inherited.port);
    expect(await trusting.ping(port.ip4!, { count: 1 })).to.equal(1);
    expect(await trusting.ping(port.ip6!, { count: 1 })).to.equal(1);
  });
});
