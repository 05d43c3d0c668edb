import { expect } from 'chai';

import { parseIp } from '../../../../lib/ipam/address.js';
import { parsePool } from '../../../../lib/ipam/pool.js';
import { parseSubnet, type SubnetOptions } from '../../../../lib/ipam/subnet.js';
import { capacityOf, type Capacity, type Claimant } from '../../../../lib/statefulset/audit/capacity.js';
import type { ManagedPort } from '../../../../lib/statefulset/managed-port.js';
import type { Site } from '../../../../lib/statefulset/switches/site.js';
import { MemoryNorthbound, workload } from '../memory-northbound.js';

const SET = 'product/web';
const mac = (n: number): string => `0a:00:00:00:00:${n.toString(16).padStart(2, '0')}`;

/** A switch with ports, and the StatefulSet whose capacity is asked for. */
class Scene {
  readonly memory = new MemoryNorthbound();
  readonly switch = this.memory.addSwitch('product');
  readonly kept: ManagedPort[] = [];
  subnet: SubnetOptions = { cidr: '10.0.0.0/24', gateway: '10.0.0.1' };
  #macs = 0;

  keep(ordinal: number, ips: string, logicalSwitch = this.switch): this {
    this.kept.push(this.memory.addKept(logicalSwitch, SET, ordinal, `${mac(++this.#macs)} ${ips}`));
    return this;
  }

  foreign(...addresses: string[]): this {
    this.memory.addPort(this.switch, `foreign${++this.#macs}`, { addresses });
    return this;
  }

  capacity(
    replicas: number,
    pool?: string,
    {
      start = 0,
      indexing = 'relative',
      claimant,
    }: { start?: number; indexing?: 'relative' | 'absolute'; claimant?: Claimant } = {},
  ): Capacity {
    const index = this.memory.indexes.of(this.switch as never);
    const site = { subnet: parseSubnet(this.subnet) } as Site;
    const set = workload('web', 'product', replicas, start);
    return capacityOf(
      set,
      pool === undefined ? undefined : parsePool(pool),
      site,
      index,
      this.kept,
      indexing,
      claimant,
    );
  }
}

/** The figures in the order of their sum: assigned, retained, unavailable, free; then the uncovered ordinal. */
function figures({ size, assigned, retained, unavailable, free, firstUncoveredOrdinal }: Capacity): unknown[] {
  expect(BigInt(assigned) + BigInt(retained) + BigInt(unavailable) + BigInt(free)).to.equal(BigInt(size));
  return [assigned, retained, unavailable, free, firstUncoveredOrdinal];
}

describe('capacityOf a pool', () => {
  it('counts its entries by who has them', () => {
    const scene = new Scene().keep(0, '10.0.0.10').keep(1, '10.0.0.11').keep(2, '10.0.0.12');
    scene.foreign(`${mac(99)} 10.0.0.13`);
    const capacity = scene.capacity(2, '10.0.0.10..10.0.0.15');
    expect(capacity).to.deep.equal({
      statefulSet: SET,
      source: 'pool',
      size: 6,
      assigned: 2,
      retained: 1,
      unavailable: 1,
      free: 2,
      firstUncoveredOrdinal: 3,
    });
  });

  it('of which nothing is used covers as many ordinals as it has entries, within the replicas and beyond', () => {
    expect(figures(new Scene().capacity(2, '10.0.0.10..10.0.0.15'))).to.deep.equal([0, 0, 0, 6, 6]);
    expect(figures(new Scene().capacity(9, '10.0.0.10..10.0.0.15'))).to.deep.equal([0, 0, 0, 6, 6]);
  });

  it('counts entries from the first ordinal, or as absolute from 0', () => {
    const pool = '10.0.0.10..10.0.0.13';
    expect(figures(new Scene().capacity(1, pool, { start: 2 }))).to.deep.equal([0, 0, 0, 4, 6]);
    expect(figures(new Scene().capacity(1, pool, { start: 2, indexing: 'absolute' }))).to.deep.equal([0, 0, 0, 4, 4]);
    expect(figures(new Scene().capacity(1, pool, { start: 7, indexing: 'absolute' }))).to.deep.equal([0, 0, 0, 4, 7]);
  });

  it('goes on beyond its end where ordinals have ports, such as those from a longer pool', () => {
    const scene = new Scene().keep(0, '10.0.0.10').keep(2, '10.0.0.77').keep(3, '10.0.0.78').keep(5, '10.0.0.79');
    expect(figures(scene.capacity(6, '10.0.0.10,10.0.0.11'))).to.deep.equal([1, 0, 0, 1, 4]);
  });

  it('says that an entry is taken for the pod that has it, not for the one that it is meant for', () => {
    // web-1 has the entry of web-0 since the pool was edited, and web-5, which is beyond the replicas, that of web-2.
    const scene = (): Scene => new Scene().keep(1, '10.0.0.10').keep(5, '10.0.0.12');
    expect(figures(scene().capacity(3, '10.0.0.10..10.0.0.13'))).to.deep.equal([1, 1, 0, 2, 0]);
    const covered = scene().keep(0, '10.0.0.99');
    expect(figures(covered.capacity(3, '10.0.0.10..10.0.0.13'))).to.deep.equal([1, 1, 0, 2, 2]);
  });

  it('counts an entry once, also one that several ports share: for the StatefulSet, and there within the replicas first', () => {
    const scene = new Scene()
      .keep(0, '10.0.0.10')
      .keep(3, '10.0.0.10')
      .foreign(`${mac(98)} 10.0.0.10`);
    expect(figures(scene.capacity(2, '10.0.0.10,10.0.0.11'))).to.deep.equal([1, 0, 0, 1, 2]);
    const beyond = new Scene().keep(3, '10.0.0.10').foreign(`${mac(98)} 10.0.0.10`);
    expect(figures(beyond.capacity(2, '10.0.0.10,10.0.0.11'))).to.deep.equal([0, 1, 0, 1, 0]);
  });

  it('counts entries with an address of each family, and one of these is enough to make it unavailable', () => {
    const scene = new Scene().keep(0, '10.0.0.10 fd00::10').foreign(`${mac(97)} fd00::12`);
    const pool = '10.0.0.10,fd00::10;10.0.0.11,fd00::11;10.0.0.12,fd00::12;10.0.0.13,fd00::13';
    expect(figures(scene.capacity(4, pool))).to.deep.equal([1, 0, 1, 2, 2]);
  });

  it('knows the addresses of router ports, virtual IPs and what OVN gave out as used', () => {
    const scene = new Scene();
    scene.memory.addRouterPort(scene.switch, 'lrp', mac(90), ['10.0.0.10/24']);
    scene.memory.addPort(scene.switch, 'vip', { type: 'virtual', options: { 'virtual-ip': '10.0.0.11' } });
    scene.memory.addPort(scene.switch, 'vm', { addresses: ['dynamic'], dynamic_addresses: `${mac(91)} 10.0.0.12` });
    expect(figures(scene.capacity(4, '10.0.0.10..10.0.0.13'))).to.deep.equal([0, 0, 3, 1, 0]);
  });

  it('leaves out a port of the StatefulSet on another switch: it needs an address here when it moves', () => {
    const scene = new Scene();
    scene.keep(0, '10.0.0.10', scene.memory.addSwitch('former')).foreign(`${mac(96)} 10.0.0.10`);
    expect(figures(scene.capacity(2, '10.0.0.10,10.0.0.11'))).to.deep.equal([0, 0, 1, 1, 0]);
  });

  it('counts what a transaction on its way claims: for the pod that the entry is meant for, else as unavailable', () => {
    const claims = new Map([
      ['10.0.0.10', 'web-0.product'],
      ['10.0.0.11', 'db-0.product'],
      ['10.0.0.13', 'web-3.product'],
    ]);
    const claimant = (address: string): string | undefined => claims.get(address);
    expect(figures(new Scene().capacity(3, '10.0.0.10..10.0.0.13', { claimant }))).to.deep.equal([1, 1, 1, 1, 1]);
  });

  it('finds no uncovered ordinal beyond the last that Kubernetes has', () => {
    const start = 2 ** 31 - 2;
    expect(figures(new Scene().capacity(1, '10.0.0.10', { start }))).to.deep.equal([0, 0, 0, 1, 2 ** 31 - 1]);
    expect(figures(new Scene().capacity(1, '10.0.0.10,10.0.0.11', { start }))).to.deep.equal([0, 0, 0, 2, undefined]);
  });

  it('of 65,536 entries with as many ports takes a moment', () => {
    const scene = new Scene();
    scene.subnet = { cidr: '10.0.0.0/8' };
    const entries = Array.from({ length: 65_536 }, (_, n) => `10.1.${n >> 8}.${n & 255}`);
    const { memory, kept } = scene;
    entries.forEach((ip, n) => {
      if (n % 2 === 0) kept.push(memory.addKept(scene.switch, SET, n, `${mac(1)} ${ip}`));
    });
    scene.capacity(1, '10.1.0.0');
    const begin = performance.now();
    expect(figures(scene.capacity(40_000, '10.1.0.0..10.1.255.255'))).to.deep.equal([
      20_000, 12_768, 0, 32_768, 65_536,
    ]);
    expect(performance.now() - begin).to.be.lessThan(5_000);
  });
});

describe('capacityOf a subnet', () => {
  it('counts the addresses that can be given out, by who has them', () => {
    const scene = new Scene().keep(0, '10.0.0.10').keep(1, '10.0.0.11').keep(7, '10.0.0.12');
    scene.subnet = { cidr: '10.0.0.0/28', gateway: '10.0.0.1', exclude: '10.0.0.2..10.0.0.4' };
    scene.foreign(`${mac(99)} 10.0.0.13`);
    // 16 without network, broadcast, gateway and the three excluded ones.
    const capacity = scene.capacity(2);
    expect(capacity).to.deep.equal({
      statefulSet: SET,
      source: 'subnet',
      size: 10,
      assigned: 2,
      retained: 1,
      unavailable: 1,
      free: 6,
      // Six more ordinals get addresses: 2 to 6 and, 7 having one, 8.
      firstUncoveredOrdinal: 9,
    });
  });

  it('leaves out what cannot be given out, used or not: reserved, excluded and router addresses, and those outside', () => {
    const scene = new Scene()
      .keep(0, '10.0.0.2')
      .keep(1, '10.9.9.9')
      .foreign(`${mac(99)} 10.0.0.3`, `${mac(98)} 10.8.8.8`);
    scene.subnet = { cidr: '10.0.0.0/29', exclude: '10.0.0.2..10.0.0.3' };
    scene.memory.addRouterPort(scene.switch, 'lrp', mac(90), ['10.0.0.1/29']);
    expect(figures(scene.capacity(2))).to.deep.equal([0, 0, 0, 3, 5]);
  });

  it('counts an address that several ports share once', () => {
    const scene = new Scene()
      .keep(0, '10.0.0.2')
      .keep(5, '10.0.0.2')
      .foreign(`${mac(99)} 10.0.0.2`);
    scene.subnet = { cidr: '10.0.0.0/29' };
    expect(figures(scene.capacity(2))).to.deep.equal([1, 0, 0, 5, 7]);
  });

  it('counts the family of which fewer addresses are free, in a dual-stack subnet', () => {
    const scene = new Scene().keep(0, '10.0.0.2 fd00::2');
    scene.subnet = { cidr: '10.0.0.0/29,fd00::/64' };
    expect(figures(scene.capacity(1))).to.deep.equal([1, 0, 0, 5, 6]);
    scene.subnet = { cidr: '10.0.0.0/16,fd00::/126' };
    expect(figures(scene.capacity(1))).to.deep.equal([1, 0, 0, 2, 3]);
  });

  it('is exact and quick for an IPv6 /64, of which no StatefulSet sees the end', () => {
    const scene = new Scene().keep(0, 'fd00::2').foreign(`${mac(99)} fd00::3`);
    scene.subnet = { cidr: 'fd00::/64' };
    const { size, free, firstUncoveredOrdinal, ...rest } = scene.capacity(2);
    expect({ size, free, firstUncoveredOrdinal }).to.deep.equal({
      size: 2n ** 64n - 1n,
      free: 2n ** 64n - 3n,
      firstUncoveredOrdinal: undefined,
    });
    expect(rest).to.deep.equal({ statefulSet: SET, source: 'subnet', assigned: 1, retained: 0, unavailable: 1 });
  });

  it('leaves out a port of the StatefulSet that has the address of a router port', () => {
    const scene = new Scene().keep(0, '10.0.0.2');
    scene.subnet = { cidr: '10.0.0.0/29' };
    scene.memory.addRouterPort(scene.switch, 'lrp', mac(90), ['10.0.0.2/29']);
    expect(figures(scene.capacity(1))).to.deep.equal([0, 0, 0, 5, 6]);
  });

  it('gives what is free to the ordinals without a port, from the first on', () => {
    const scene = new Scene();
    // Two ports for one ordinal, one far beyond, and one below the first ordinal.
    scene.keep(3, '10.0.0.2').keep(3, '10.0.0.3').keep(100, '10.0.0.4').keep(0, '10.0.0.5');
    scene.subnet = { cidr: '10.0.0.0/29' };
    expect(figures(scene.capacity(2, undefined, { start: 2 }))).to.deep.equal([2, 2, 0, 2, 5]);
  });

  it('counts what is held for transactions on their way as unavailable', () => {
    const scene = new Scene();
    scene.subnet = { cidr: '10.0.0.0/29' };
    expect(figures(scene.capacity(1))).to.deep.equal([0, 0, 0, 6, 6]);
    const index = scene.memory.indexes.of(scene.switch as never);
    index.hold(parseIp('10.0.0.2').text);
    expect(figures(scene.capacity(1))).to.deep.equal([0, 0, 1, 5, 5]);
  });

  it('finds no ordinal without an address where more are free than there can be ordinals', () => {
    const scene = new Scene();
    scene.subnet = { cidr: '10.0.0.0/29' };
    expect(scene.capacity(1, undefined, { start: 2 ** 31 - 7 }).firstUncoveredOrdinal).to.equal(2 ** 31 - 1);
    expect(scene.capacity(1, undefined, { start: 2 ** 31 - 6 }).firstUncoveredOrdinal).to.equal(undefined);
  });
});
