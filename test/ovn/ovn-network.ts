/**
 * A whole OVN for tests: northbound and southbound database, ovn-northd, and two nodes on which pods can be plugged in.
 * The northbound rows come from the test; plugging a pod does what a CNI plugin does with them. Nothing of it can be
 * reached from outside of its own namespaces, and no packet leaves them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readPortAddress } from '../../lib/nb/addresses.js';
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import { lspGetLs } from '../../lib/nb/ports.js';
import { runProgram, toolEnvironment } from '../../lib/testing/executable.js';
import { Sandbox } from '../../lib/testing/sandbox.js';
import { FABRIC, OvnNode } from './ovn-node.js';
import { Pod, type PodAddresses } from './pod.js';
import { PrivateNamespaces } from './private-namespaces.js';
import { requireOvn } from './requirements.js';

/** Longest wait for something that OVN is to do; a busy machine may take its time. */
export const LIMIT_MS = 30_000;

interface Plugged {
  readonly pod: Pod;
  readonly node: OvnNode;
  readonly nodeInterface: string;
}

/** See the head of this file. */
export class OvnNetwork implements AsyncDisposable {
  /** The client that writes the rows. */
  readonly nb: NorthboundClient;
  /** `node-1` and `node-2`. */
  readonly nodes: readonly [OvnNode, OvnNode];
  readonly #databases: Sandbox;
  readonly #namespaces: PrivateNamespaces;
  /** Ends everything, the last that was started first. */
  readonly #ends: readonly (() => unknown)[];
  readonly #plugged = new Map<string, Plugged>();
  #interfaces = 0;

  private constructor(
    databases: Sandbox,
    namespaces: PrivateNamespaces,
    nodes: readonly [OvnNode, OvnNode],
    nb: NorthboundClient,
    ends: readonly (() => unknown)[],
  ) {
    this.#databases = databases;
    this.#namespaces = namespaces;
    this.nodes = nodes;
    this.nb = nb;
    this.#ends = ends;
  }

  /** Starts it; resolves when both chassis follow the northbound database. */
  static async start(): Promise<OvnNetwork> {
    const schemas = requireOvn();
    const ends: (() => unknown)[] = [];
    const ending = <T>(started: T, end: (started: T) => unknown): T => {
      ends.unshift(() => end(started));
      return started;
    };
    try {
      const databases = ending(await Sandbox.start({ schemas: [schemas.nb, schemas.sb] }), async (it) => it.stop());
      // Folders are removed only when no process is left in the namespaces.
      const nodes: OvnNode[] = [];
      ending(nodes, async () => Promise.all(nodes.map(async (node) => node.stop())));
      const namespaces = ending(await PrivateNamespaces.start(), async (it) => it.stop());
      await startNorthd(namespaces, databases);
      await namespaces.addNetwork(FABRIC);
      await namespaces.run('ip', ['-n', FABRIC, 'link', 'add', 'br0', 'type', 'bridge']);
      await namespaces.run('ip', ['-n', FABRIC, 'link', 'set', 'br0', 'up']);
      const start = async (number: number): Promise<OvnNode> => {
        const southbound = databases.remote;
        const node = await OvnNode.start({ namespaces, number, schema: schemas.vswitch, southbound });
        nodes.push(node);
        return node;
      };
      const started = await Promise.allSettled([start(1), start(2)]);
      const both = started.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      }) as unknown as readonly [OvnNode, OvnNode];
      // The installed database may be older than the library's types.
      const onWarning = (): void => undefined;
      const nb = ending(await connectNorthbound({ remotes: databases.remote, onWarning }), (it) => it.close());
      const network = new OvnNetwork(databases, namespaces, both, nb, ends);
      await network.until('both chassis are there', async () => (await network.#chassisNames()).size === 2);
      await nb.sync('hv', { timeoutMs: LIMIT_MS });
      return network;
    } catch (error) {
      for (const end of ends) await end();
      throw error;
    }
  }

  /**
   * Makes a pod on a node and plugs it in. Its addresses are those of its port's row.
   * @param port - Name of the logical switch port. Default: the one that is named after the pod and its namespace.
   */
  async plug(name: string, node: OvnNode, port: string): Promise<Pod> {
    const nodeInterface = `pod${++this.#interfaces}`;
    const pod = await Pod.make(this.#namespaces, name, node.name, nodeInterface, this.#addressesOf(port));
    this.#plugged.set(name, { pod, node, nodeInterface });
    await node.addInterface(nodeInterface, port);
    return pod;
  }

  /** As {@link plug}; resolves when the port is up and all nodes know where it is. */
  async bringUp(name: string, node: OvnNode, port: string): Promise<Pod> {
    const pod = await this.plug(name, node, port);
    await this.nb.portUp(port, { timeoutMs: LIMIT_MS });
    await this.settle();
    return pod;
  }

  /** Removes a pod from its node. Its port's row is left to whoever manages it. */
  async unplug({ name }: Pod): Promise<void> {
    const { pod, node, nodeInterface } = this.#plugged.get(name)!;
    this.#plugged.delete(name);
    await node.deleteInterface(nodeInterface);
    await pod.remove();
  }

  /** Resolves when every chassis has taken over what is committed now. */
  async settle(): Promise<void> {
    await this.nb.sync('hv', { timeoutMs: LIMIT_MS });
  }

  /** Resolves when a port is no longer up. */
  async portDown(port: string): Promise<void> {
    await this.nb.tables.Logical_Switch_Port.until(({ name, up }) => name === port && up !== true, {
      timeoutMs: LIMIT_MS,
    });
  }

  /** The node that a port is bound to, by the southbound database; undefined when it is bound nowhere. */
  async nodeOf(port: string): Promise<string | undefined> {
    const [uuid] = await this.#southbound('--columns=chassis', 'find', 'Port_Binding', `logical_port="${port}"`);
    return uuid === undefined ? undefined : (await this.#chassisNames()).get(uuid);
  }

  /** Runs ovn-nbctl(8), for looks from outside and for those who know nothing of the library. */
  async nbctl(...args: readonly string[]): Promise<string> {
    return this.#databases.nbctl(...args);
  }

  /** Asks until the answer is yes; rejects after {@link LIMIT_MS}. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + LIMIT_MS;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`Waited ${LIMIT_MS} ms in vain until ${what}\n${this.warnings()}`);
      await sleep(20);
    }
  }

  /** Ends everything and leaves nothing behind. Idempotent. */
  async stop(): Promise<void> {
    for (const end of this.#ends) await end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The last warnings and errors in the daemons' logs, for the report of a failure. */
  warnings(): string {
    return [this.#databases.directory, ...this.nodes.map(({ directory }) => directory)]
      .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
      .filter((path) => path.endsWith('.log'))
      .flatMap((path) => {
        const lines = readFileSync(path, 'utf8').split('\n');
        return lines.filter((line) => /\|(WARN|ERR|EMER)\|/.test(line)).slice(-5);
      })
      .join('\n');
  }

  /** The addresses of a port, with the prefix lengths of its switch's subnets. */
  #addressesOf(port: string): PodAddresses {
    const row = this.nb.tables.Logical_Switch_Port.find({ name: port });
    const address = readPortAddress(row?.addresses[0] ?? '');
    if (address.kind !== 'static')
      throw new Error(`port ${port} has no addresses: ${row?.addresses.join() ?? 'no row'}`);
    const { other_config: config } = lspGetLs(this.nb, port);
    const length4 = config['subnet']?.split('/')[1] ?? '24';
    return { mac: address.mac, ips: address.ips.map((ip) => `${ip}/${ip.includes(':') ? '64' : length4}`) };
  }

  async #chassisNames(): Promise<Map<string, string>> {
    const words = await this.#southbound('--columns=_uuid,name', 'find', 'Chassis');
    return new Map(words.flatMap((uuid, index) => (index % 2 === 0 ? [[uuid, words[index + 1] ?? '']] : [])));
  }

  async #southbound(...args: readonly string[]): Promise<string[]> {
    const target = `--db=${this.#databases.remote}`;
    const text = await runProgram('ovn-sbctl', ['--timeout=20', target, '--bare', ...args]);
    return text.split(/\s+/).filter((word) => word !== '');
  }
}

/** The daemon goes to the background when it has come up. */
async function startNorthd(namespaces: PrivateNamespaces, { directory, remote }: Sandbox): Promise<void> {
  await namespaces.run(
    'ovn-northd',
    [
      ...['--detach', '--no-chdir', '-vconsole:off', '-vsyslog:off'],
      ...[`--pidfile=${join(directory, 'northd.pid')}`, `--log-file=${join(directory, 'northd.log')}`],
      ...[`--unixctl=${join(directory, 'northd.ctl')}`, `--ovnnb-db=${remote}`, `--ovnsb-db=${remote}`],
    ],
    { env: toolEnvironment({ OVN_RUNDIR: directory, OVS_RUNDIR: directory }) },
  );
}
