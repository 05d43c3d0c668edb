/**
 * A node of a cluster: a network namespace with Open vSwitch (user-space datapath, so that no kernel module is needed)
 * and ovn-controller, and a line to the other nodes over which the pods' packets travel in geneve tunnels.
 */
import { join } from 'node:path';

import { runProgram, toolEnvironment } from '../../lib/testing/executable.js';
import { Sandbox } from '../../lib/testing/sandbox.js';
import type { PrivateNamespaces } from './private-namespaces.js';

/** Name of the namespace that holds the bridge between the nodes. */
export const FABRIC = 'fabric';

/** The tunnels' outer headers (58 bytes over IPv4) come on top of the pods' 1500. */
const LINE_MTU = '1600';

/** What a node is made from. */
export interface OvnNodeOptions {
  readonly namespaces: PrivateNamespaces;
  /** 1, 2, ...; the node is called `node-N`. */
  readonly number: number;
  readonly schema: string;
  readonly southbound: string;
}

/** A running node. Its daemons end with the namespaces that they run in. */
export class OvnNode {
  /** Its namespace, its chassis in the southbound database, and its host name. */
  readonly name: string;
  readonly #namespaces: PrivateNamespaces;
  /** The database of Open vSwitch's configuration. */
  readonly #conf: Sandbox;

  private constructor(name: string, namespaces: PrivateNamespaces, conf: Sandbox) {
    this.name = name;
    this.#namespaces = namespaces;
    this.#conf = conf;
  }

  /** Starts a node; its chassis appears in the southbound database a moment later. The fabric must exist. */
  static async start({ namespaces, number, schema, southbound }: OvnNodeOptions): Promise<OvnNode> {
    const name = `node-${number}`;
    const conf = await Sandbox.start({ schemas: schema });
    const node = new OvnNode(name, namespaces, conf);
    try {
      await node.#layLine(number);
      await node.#configure(number, southbound);
      await node.#startDaemon('ovs-vswitchd', conf.remote);
      const address = `198.51.100.${number}/24`;
      await namespaces.run('ip', ['-n', name, 'addr', 'add', address, 'dev', 'br-phy']);
      await namespaces.run('ip', ['-n', name, 'link', 'set', 'br-phy', 'mtu', LINE_MTU, 'up']);
      await node.#startDaemon('ovn-controller', conf.remote);
    } catch (error) {
      await conf.stop();
      throw error;
    }
    return node;
  }

  /** Folder of its files and logs. */
  get directory(): string {
    return this.#conf.directory;
  }

  /** Plugs an interface of the node's namespace into the integration bridge, for a logical switch port. */
  async addInterface(name: string, port: string): Promise<void> {
    await this.vsctl('add-port', 'br-int', name, '--', 'set', 'Interface', name, `external_ids:iface-id="${port}"`);
  }

  /** Unplugs an interface. */
  async deleteInterface(name: string): Promise<void> {
    await this.vsctl('del-port', 'br-int', name);
  }

  /** Runs ovs-vsctl(8) on the node's configuration; resolves when Open vSwitch has taken it over. */
  async vsctl(...args: readonly string[]): Promise<string> {
    return runProgram('ovs-vsctl', ['--timeout=20', `--db=${this.#conf.remote}`, ...args]);
  }

  /** Ends the server of its configuration. The namespaces must be gone. */
  async stop(): Promise<void> {
    await this.#conf.stop();
  }

  async #layLine(number: number): Promise<void> {
    const { name } = this;
    const plug = `to-${name}`;
    const ip = async (...args: readonly string[]): Promise<string> => this.#namespaces.run('ip', args);
    await this.#namespaces.addNetwork(name);
    await ip('-n', FABRIC, 'link', 'add', plug, 'type', 'veth', 'peer', 'name', `line${number}`, 'netns', name);
    await ip('-n', FABRIC, 'link', 'set', plug, 'mtu', LINE_MTU, 'master', 'br0', 'up');
    await ip('-n', name, 'link', 'set', `line${number}`, 'mtu', LINE_MTU, 'up');
  }

  async #configure(number: number, southbound: string): Promise<void> {
    const ids = {
      'system-id': this.name,
      hostname: this.name,
      'ovn-remote': southbound,
      'ovn-encap-type': 'geneve',
      'ovn-encap-ip': `198.51.100.${number}`,
      'ovn-bridge-datapath-type': 'netdev',
    };
    const bridge = (name: string): string[] => ['add-br', name, '--', 'set', 'Bridge', name, 'datapath_type=netdev'];
    await this.vsctl(
      ...['--no-wait', 'init', '--'],
      ...['set', 'Open_vSwitch', '.', ...Object.entries(ids).map(([key, value]) => `external_ids:${key}="${value}"`)],
      ...['--', ...bridge('br-int'), 'fail_mode=secure', 'other_config:disable-in-band=true'],
      // The tunnels' addresses are on this bridge; its MAC address must not be another node's.
      ...['--', ...bridge('br-phy'), `other_config:hwaddr="0a:00:00:00:01:0${number}"`],
      ...['--', 'add-port', 'br-phy', `line${number}`],
    );
  }

  /** The daemon goes to the background when it has come up. */
  async #startDaemon(program: string, ...args: readonly string[]): Promise<void> {
    const { directory } = this;
    const files = [`--pidfile=${join(directory, `${program}.pid`)}`, `--log-file=${join(directory, `${program}.log`)}`];
    await this.#namespaces.run(
      program,
      ['--detach', '--no-chdir', '-vconsole:off', '-vsyslog:off', ...files, ...args],
      {
        in: this.name,
        env: toolEnvironment({ OVS_RUNDIR: directory, OVN_RUNDIR: directory, OVS_DBDIR: directory }),
      },
    );
  }
}
