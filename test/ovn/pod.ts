/** A pod: a network namespace with one interface, whose addresses are those of its logical switch port. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Ending, PrivateNamespaces, RunningProgram } from './private-namespaces.js';

/** The addresses of a pod's interface. */
export interface PodAddresses {
  readonly mac: string;
  /** With their prefix lengths. */
  readonly ips: readonly string[];
}

/** What a pod knows of a neighbour on its link. */
export interface Neighbour {
  readonly mac: string | undefined;
  /** For example `REACHABLE`; see ip-neighbour(8). */
  readonly state: string;
}

/** How echo requests are sent. */
export interface PingOptions {
  /** Default 3, one every 100 ms. */
  readonly count?: number;
  /** Source address. */
  readonly from?: string;
  /** For how many seconds to wait for the last replies. Default 5: on a busy machine they may take their time. */
  readonly waitS?: number;
}

const REACH_LIMIT_MS = 20_000;

/** The interface of a pod, in the pod's namespace. */
const DEVICE = 'eth0';

/** See the head of this file. */
export class Pod {
  /** Its namespace. */
  readonly name: string;
  readonly #namespaces: PrivateNamespaces;

  private constructor(name: string, namespaces: PrivateNamespaces) {
    this.name = name;
    this.#namespaces = namespaces;
  }

  /** Makes the pod's namespace, tied to an interface of the given name on its node. */
  static async make(
    namespaces: PrivateNamespaces,
    name: string,
    node: string,
    nodeInterface: string,
    { mac, ips }: PodAddresses,
  ): Promise<Pod> {
    const pod = new Pod(name, namespaces);
    await namespaces.addNetwork(name);
    const ends = ['type', 'veth', 'peer', 'name', DEVICE, 'netns', name];
    await namespaces.run('ip', ['-n', node, 'link', 'add', nodeInterface, ...ends]);
    await pod.#ip('link', 'set', DEVICE, 'address', mac);
    for (const ip of ips) await pod.addIp(ip);
    // The user-space datapath does not fill in checksums that a kernel leaves to the hardware.
    await pod.run('ethtool', '-K', DEVICE, 'tx', 'off');
    await pod.#ip('link', 'set', DEVICE, 'up');
    await namespaces.run('ip', ['-n', node, 'link', 'set', nodeInterface, 'up']);
    return pod;
  }

  /** Sends echo requests; resolves with the number of replies. */
  async ping(ip: string, { count = 3, from, waitS = 5 }: PingOptions = {}): Promise<number> {
    const source = from === undefined ? [] : ['-I', from];
    const { stdout, stderr } = await this.#try('ping', '-nq', `-c${count}`, '-i0.1', `-W${waitS}`, ...source, ip);
    const replies = /, (\d+) received/.exec(stdout)?.[1];
    if (replies === undefined) throw new Error(`ping ${ip} in ${this.name} did not run: ${stderr || stdout}`);
    return Number(replies);
  }

  /** Sends echo requests to all of these at once; rejects when any is answered within half a second. */
  async expectSilence(...ips: readonly string[]): Promise<void> {
    const replies = await Promise.all(ips.map(async (ip) => this.ping(ip, { count: 2, waitS: 0.5 })));
    const heard = ips.filter((_, index) => replies[index] !== 0);
    if (heard.length > 0) throw new Error(`${this.name} was to get no reply, but got some from ${heard.join(', ')}`);
  }

  /** Sends echo requests until one is answered; resolves with the milliseconds it took. Rejects after 20 s. */
  async reach(ip: string): Promise<number> {
    const start = performance.now();
    while (performance.now() - start < REACH_LIMIT_MS) {
      const { code } = await this.#try('ping', '-nq', '-c1', '-W0.3', ip);
      if (code === 0) return performance.now() - start;
      await sleep(5);
    }
    throw new Error(`${this.name} got no answer from ${ip} within ${REACH_LIMIT_MS} ms`);
  }

  /** Numbers of echo requests that have arrived here, by IP version. */
  async echoesReceived(): Promise<{ readonly 4: number; readonly 6: number }> {
    const text = await this.run('cat', '/proc/net/snmp', '/proc/net/snmp6');
    const [, names = '', values = ''] = /^Icmp: (.*)\nIcmp: (.*)$/m.exec(text) ?? [];
    const v4 = values.split(' ')[names.split(' ').indexOf('InEchos')];
    const v6 = /^Icmp6InEchos\s+(\d+)$/m.exec(text)?.[1];
    if (v4 === undefined || v6 === undefined) throw new Error(`no counts of echo requests in: ${text}`);
    return { 4: Number(v4), 6: Number(v6) };
  }

  /** Its entry for a neighbour, undefined when it has none. */
  async neighbour(ip: string): Promise<Neighbour | undefined> {
    const entries = JSON.parse((await this.#ip('-j', 'neigh', 'show', 'to', ip, 'dev', DEVICE)) || '[]') as readonly {
      readonly lladdr?: string;
      readonly state?: readonly string[];
    }[];
    const [entry] = entries;
    return entry && { mac: entry.lladdr, state: entry.state?.join() ?? '' };
  }

  /** For how long it believes the entries for neighbours that it makes from now on; by default about half a minute. */
  async trustNeighbours(ms: number): Promise<void> {
    for (const cache of ['arp_cache', 'ndisc_cache']) {
      await this.#ip(
        'ntable',
        'change',
        'name',
        cache,
        'dev',
        DEVICE,
        'base_reachable',
        String(ms),
        'delay_probe',
        '1000',
      );
    }
  }

  /** Gives it an entry for a neighbour that never changes. */
  async pinNeighbour(ip: string, mac: string): Promise<void> {
    await this.#ip('neigh', 'replace', ip, 'lladdr', mac, 'nud', 'permanent', 'dev', DEVICE);
  }

  /** Tells all on the link its addresses: a gratuitous ARP and an unsolicited neighbour advertisement each. */
  async announce(): Promise<void> {
    const settings = [`ipv4/conf/${DEVICE}/arp_notify`, `ipv6/conf/${DEVICE}/ndisc_notify`];
    for (const file of settings) await this.run('sh', '-c', `echo 1 >/proc/sys/net/${file}`);
    // With these settings the kernel does it when the MAC address is set, also to what it is.
    await this.#ip('link', 'set', DEVICE, 'address', await this.mac());
  }

  /** Adds an address, with its prefix length. */
  async addIp(ip: string): Promise<void> {
    await this.#ip('addr', 'add', ip, 'dev', DEVICE, ...(ip.includes(':') ? ['nodad'] : []));
  }

  /** Removes an address, with its prefix length. */
  async deleteIp(ip: string): Promise<void> {
    await this.#ip('addr', 'del', ip, 'dev', DEVICE);
  }

  /** The MAC address of its interface. */
  async mac(): Promise<string> {
    return (await this.run('cat', `/sys/class/net/${DEVICE}/address`)).trim();
  }

  /** The addresses of its interface as the kernel has them, those of the link apart. */
  async ips(): Promise<string[]> {
    const [link] = JSON.parse(await this.#ip('-j', 'addr', 'show', 'dev', DEVICE, 'scope', 'global')) as readonly {
      readonly addr_info: readonly { readonly local?: string }[];
    }[];
    return link?.addr_info.flatMap(({ local }) => local ?? []) ?? [];
  }

  /** Gives the interface another MAC address. */
  async setMac(mac: string): Promise<void> {
    await this.#ip('link', 'set', DEVICE, 'address', mac);
  }

  /** Runs a program in the pod; resolves with its output. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    return this.#namespaces.run(program, args, { in: this.name });
  }

  /** Starts a program in the pod. */
  spawn(program: string, ...args: readonly string[]): RunningProgram {
    return this.#namespaces.spawn(program, args, { in: this.name });
  }

  /** Removes the pod's namespace, and with it the interface. */
  async remove(): Promise<void> {
    await this.#namespaces.deleteNetwork(this.name);
  }

  async #ip(...args: readonly string[]): Promise<string> {
    return this.#namespaces.run('ip', ['-n', this.name, ...args]);
  }

  async #try(program: string, ...args: readonly string[]): Promise<Ending> {
    return this.#namespaces.try(program, args, { in: this.name });
  }
}
