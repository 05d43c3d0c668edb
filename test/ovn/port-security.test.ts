/** `port_security` as the manager writes it: packets from other addresses than the port's are dropped. */
import { expect } from 'chai';

import { lspSetPortSecurity, type PodOutcomeOk } from '../../lib/index.js';
import type { Pod } from './pod.js';
import { useScene } from './scene.js';

const COUNT = 3;
const ALL = { 4: COUNT, 6: COUNT };
const NONE = { 4: 0, 6: 0 };

describe('real traffic: port_security', function () {
  this.timeout(120_000);
  const scene = useScene({ portSecurity: true });
  let port: PodOutcomeOk;
  let victimPort: PodOutcomeOk;
  let attacker: Pod;
  let victim: Pod;

  before(async () => {
    const { network } = scene();
    [port] = (await scene().ports('attacker', 20)) as [PodOutcomeOk];
    [victimPort] = (await scene().ports('victim', 10)) as [PodOutcomeOk];
    attacker = await network.bringUp('attacker-0', network.nodes[0], port.port);
    victim = await network.bringUp('victim-0', network.nodes[1], victimPort.port);
    // Address resolution is no part of this: what is looked at is whether the echo requests pass.
    await setMac(port.mac);
    await attacker.addIp('10.16.0.66/24');
    await attacker.addIp('fd00:10:16::66/64');
  });

  /** Numbers of the attacker's echo requests that arrive at the victim, of {@link COUNT} for each IP version. */
  async function arriving(from4: string, from6: string, waitS: number): Promise<typeof ALL> {
    const before = await victim.echoesReceived();
    await Promise.all([
      attacker.ping(victimPort.ip4!, { count: COUNT, from: from4, waitS }),
      attacker.ping(victimPort.ip6!, { count: COUNT, from: from6, waitS }),
    ]);
    const after = await victim.echoesReceived();
    return { 4: after[4] - before[4], 6: after[6] - before[6] };
  }

  /** Sets the attacker's MAC address. Its kernel forgets its neighbours then. */
  async function setMac(mac: string): Promise<void> {
    await attacker.setMac(mac);
    for (const ip of [victimPort.ip4!, victimPort.ip6!]) await attacker.pinNeighbour(ip, victimPort.mac);
  }

  /** What passes, by what the packets come from. Where no replies come, for `waitS` seconds it is waited for them. */
  async function passing(waitS: number): Promise<object> {
    const own = await arriving(port.ip4!, port.ip6!, waitS);
    const foreignIp = await arriving('10.16.0.66', 'fd00:10:16::66', waitS);
    await setMac('0a:58:0a:10:00:66');
    const foreignMac = await arriving(port.ip4!, port.ip6!, waitS);
    await setMac(port.mac);
    return { own, foreignIp, foreignMac };
  }

  async function setPortSecurity(elements: readonly string[]): Promise<void> {
    const { network } = scene();
    await network.nb.transact((tx) => lspSetPortSecurity(tx, port.port, elements));
    await network.settle();
  }

  it('drops packets from a foreign IP or MAC address, and no others', async () => {
    const row = scene().network.nb.tables.Logical_Switch_Port.find({ name: port.port });
    expect(row?.port_security).to.deep.equal([`${port.mac} ${port.ip4!} ${port.ip6!}`]);
    expect(await passing(0.5)).to.deep.equal({ own: ALL, foreignIp: NONE, foreignMac: NONE });
  });

  it('control: without it the same packets pass', async () => {
    const [written] = scene().network.nb.tables.Logical_Switch_Port.find({ name: port.port })!.port_security;
    await setPortSecurity([]);
    expect(await passing(2)).to.deep.equal({ own: ALL, foreignIp: ALL, foreignMac: ALL });
    await setPortSecurity([written!]);
    expect(await arriving('10.16.0.66', 'fd00:10:16::66', 0.5), 'once it is back').to.deep.equal(NONE);
  });
});
