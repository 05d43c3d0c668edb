/** What the settings of ports do on the nodes, and what a port does that goes or comes while its pod is plugged in. */
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { lspSetEnabled, type PortSettings } from '../../lib/index.js';
import { LIMIT_MS } from './ovn-network.js';
import type { Pod } from './pod.js';
import { note, podOf, statefulSet, useScene } from './scene.js';

const DHCP_REQUEST = fileURLToPath(new URL('dhcp-request.mjs', import.meta.url));

describe('real traffic: settings of ports', function () {
  this.timeout(120_000);
  const settings: Readonly<Record<string, PortSettings>> = {
    tied: { options: { 'requested-chassis': 'node-2' } },
    leased: { dhcpv4Options: 'by-cidr' },
    guarded: { portGroups: ['closed'] },
    nested: { parentName: 'outer-0.product', tag: 100 },
  };
  const scene = useScene({ port: ({ statefulSet: name }) => settings[name], portGroupsOnTeardown: 'leave' });
  let peer: Pod;

  before(async () => {
    const { network } = scene();
    const [port] = await scene().ports('peer', 20);
    peer = await network.bringUp('peer-0', network.nodes[0], port!.port);
  });

  it('the setting requested-chassis has a port bound on that node alone', async () => {
    const { network, manager } = scene();
    const [first, second] = network.nodes;
    const port = await manager.ensurePort(podOf('tied-0'), statefulSet('tied', 10));
    const row = network.nb.tables.Logical_Switch_Port.find({ name: port.port });
    expect(row?.options).to.deep.equal({ 'requested-chassis': 'node-2' });

    const misplaced = await network.plug('tied-0', first, port.port);
    // A controller takes interfaces up in the order of their coming: once the next one is up, it has seen this one.
    const [witness] = await scene().ports('witness', 30);
    await network.bringUp('witness-0', first, witness!.port);
    expect(await network.nodeOf(port.port)).to.equal(undefined);
    expect(network.nb.tables.Logical_Switch_Port.find({ name: port.port })?.up).to.equal(false);
    await peer.expectSilence(port.ip4!, port.ip6!);

    await network.unplug(misplaced);
    await network.bringUp('tied-0', second, port.port);
    expect(await network.nodeOf(port.port)).to.equal('node-2');
    expect(await peer.ping(port.ip4!, { count: 1 })).to.equal(1);
  });

  it('the setting dhcpv4Options has OVN lease the pod the address that the port has', async () => {
    const { network } = scene();
    await network.nb.transact((tx) => {
      const options = {
        server_id: '10.16.0.1',
        server_mac: '0a:58:0a:10:00:01',
        lease_time: '3600',
        router: '10.16.0.1',
      };
      tx.insert('DHCP_Options', { cidr: '10.16.0.0/24', options });
    });
    const [port] = await scene().ports('leased', 70);
    const pod = await network.bringUp('leased-0', network.nodes[1], port!.port);
    await pod.run('ip', 'route', 'add', '255.255.255.255', 'dev', 'eth0');
    const answer: unknown = JSON.parse(await pod.run(process.execPath, DHCP_REQUEST, port!.ip4!, port!.mac));
    expect(answer).to.deep.equal({
      type: 5,
      address: '10.16.0.70',
      options: { 1: [255, 255, 255, 0], 3: [10, 16, 0, 1], 51: [0, 0, 14, 16], 54: [10, 16, 0, 1] },
    });
  });

  it('the setting portGroups has the rules of the group hold for the port, also when the pod comes back', async () => {
    const { network, manager } = scene();
    const { nb } = network;
    const set = statefulSet('guarded', 80);
    await nb.transact((tx) => {
      const match = 'outport == @closed && ip';
      const acl = tx.insert('ACL', { direction: 'to-lport', priority: 1000, match, action: 'drop' });
      tx.insert('Port_Group', { name: 'closed', acls: [acl] });
    });
    const members = (): readonly string[] => nb.tables.Port_Group.find({ name: 'closed' })!.ports;
    const first = podOf('guarded-0');
    const port = await manager.ensurePort(first, set);
    const pod = await network.bringUp('guarded-0', network.nodes[1], port.port);
    await peer.expectSilence(port.ip4!, port.ip6!);

    await network.unplug(pod);
    await manager.podDeleted(first);
    expect(members()).to.deep.equal([]);
    await manager.ensurePort(podOf('guarded-0'), set);
    expect(members()).to.deep.equal([port.uuid]);
    await network.bringUp('guarded-0', network.nodes[0], port.port);
    await peer.expectSilence(port.ip4!, port.ip6!);

    // The control: out of the group, the same packets pass.
    await nb.transact((tx) =>
      tx.update('Port_Group', nb.tables.Port_Group.find({ name: 'closed' })!._uuid, { ports: [] }),
    );
    await network.settle();
    expect(await peer.ping(port.ip4!, { count: 1 })).to.equal(1);
    expect(await peer.ping(port.ip6!, { count: 1 })).to.equal(1);
  });

  it('the settings parentName and tag have a nested port bound where its parent is, on that VLAN', async () => {
    const { network } = scene();
    const [outer] = await scene().ports('outer', 90);
    const [nested] = await scene().ports('nested', 91);
    const pod = await network.bringUp('outer-0', network.nodes[1], outer!.port);
    const { tag } = await network.nb.portUp(nested!.port, { timeoutMs: LIMIT_MS });
    expect(tag).to.equal(100);
    expect(await network.nodeOf(nested!.port)).to.equal('node-2');
    await network.unplug(pod);
    await network.portDown(nested!.port);
  });

  it('sync("hv") resolves when the chassis have taken over a change, and no packet passes by the old rules after it', async () => {
    const { network } = scene();
    const [port] = await scene().ports('switched', 40);
    await network.bringUp('switched-0', network.nodes[1], port!.port);
    for (const enabled of [false, true]) {
      const start = performance.now();
      await network.nb.transact((tx) => lspSetEnabled(tx, port!.port, enabled));
      await network.nb.sync('hv');
      note(`${enabled ? 'enabled' : 'disabled'} on all nodes after`, performance.now() - start);
      if (enabled) expect(await peer.ping(port!.ip4!, { count: 1 })).to.equal(1);
      else await peer.expectSilence(port!.ip4!, port!.ip6!);
    }
  });

  it('situation 33: a port deleted behind the pod carries packets again when it is made again, with the pod plugged in', async () => {
    const { network, manager } = scene();
    const set = statefulSet('lost', 50);
    const before = await manager.ensurePort(podOf('lost-0'), set);
    await network.bringUp('lost-0', network.nodes[1], before.port);
    await network.nbctl('lsp-del', before.port);
    await network.settle();
    await peer.expectSilence(before.ip4!, before.ip6!);

    const start = performance.now();
    const after = await manager.ensurePort(podOf('lost-0'), set);
    expect(after).to.include({ status: 'created', ip4: before.ip4, ip6: before.ip6, mac: before.mac });
    await network.nb.portUp(after.port);
    note('made again and up after', performance.now() - start);
    await network.settle();
    expect(await peer.ping(after.ip4!, { count: 1 })).to.equal(1);
    expect(await peer.ping(after.ip6!, { count: 1 })).to.equal(1);
  });

  it('a released port carries nothing more, though its pod is still plugged in', async () => {
    const { network, manager } = scene();
    const [port] = await scene().ports('gone', 60);
    await network.bringUp('gone-0', network.nodes[0], port!.port);
    expect(await peer.ping(port!.ip4!, { count: 1 })).to.equal(1);
    await manager.release(statefulSet('gone', 60));
    await network.settle();
    await peer.expectSilence(port!.ip4!, port!.ip6!);
    expect(await network.nodeOf(port!.port)).to.equal(undefined);
  });
});
