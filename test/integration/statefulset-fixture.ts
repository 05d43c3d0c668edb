/** A server, a manager's client whose transactions are counted on the way, and a second client that checks. */
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import type { StatefulSetPortManagerOptions } from '../../lib/statefulset/manager-options.js';
import type { PodOutcome } from '../../lib/statefulset/manager-results.js';
import { PortError, type PortErrorCode } from '../../lib/statefulset/port-error.js';
import type { NamespaceSubnet } from '../../lib/statefulset/switches/site.js';
import { IP_POOL_ANNOTATION, type StatefulSetLike } from '../../lib/statefulset/workload.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { Gate } from '../faults/gate.js';
import { RawClient } from './raw-client.js';
import { startServer, type TestServer } from './test-server.js';

/** The installed server may have an older schema. */
const onWarning = (): void => undefined;

/** The kinds of subnets, and addresses in them that no test sets aside for anything else. */
export interface Family {
  readonly name: 'IPv4' | 'IPv6' | 'dual-stack';
  readonly cidr: string;
  readonly gateway: string;
  /** Entry of a pool: the addresses of pod `n`. */
  readonly entry: (n: number) => string;
}

const v4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1', entry: (n: number) => `10.16.1.${n}` };
const v6 = {
  cidr: 'fd00:10:16::/64',
  gateway: 'fd00:10:16::1',
  entry: (n: number) => `fd00:10:16::1:${n.toString(16)}`,
};

export const FAMILIES: readonly Family[] = [
  { name: 'IPv4', ...v4 },
  { name: 'IPv6', ...v6 },
  {
    name: 'dual-stack',
    cidr: `${v4.cidr},${v6.cidr}`,
    gateway: `${v4.gateway},${v6.gateway}`,
    entry: (n) => `${v4.entry(n)},${v6.entry(n)}`,
  },
];

/** The IP addresses of an outcome as a pool's entry. */
export function entryOf(outcome: PodOutcome | undefined): string | undefined {
  if (outcome === undefined || outcome.status === 'refused') return undefined;
  return [outcome.ip4, outcome.ip6].filter((ip) => ip !== undefined).join(',');
}

/** A StatefulSet's manifest. */
export function statefulSet(
  name: string,
  namespace: string,
  replicas: number,
  pool?: string | readonly string[],
  extra: { uid?: string; start?: number } = {},
): StatefulSetLike {
  const text = typeof pool === 'object' ? pool.join(';') : pool;
  return {
    metadata: { name, namespace, uid: extra.uid },
    spec: {
      replicas,
      ...(extra.start !== undefined && { ordinals: { start: extra.start } }),
      template: { metadata: { annotations: text === undefined ? {} : { [IP_POOL_ANNOTATION]: text } } },
    },
  };
}

/** A pod's manifest. */
export function pod(name: string, namespace: string, annotations: Record<string, string> = {}, uid?: string): object {
  return { metadata: { name, namespace, annotations, ...(uid !== undefined && { uid }) } };
}

/** What a promise is rejected with, or a function throws; fails when it is something else than a `PortError` of this code. */
export async function refusal<C extends PortErrorCode>(code: C, act: () => unknown): Promise<PortError<C>> {
  try {
    await act();
  } catch (error) {
    if (error instanceof PortError && error.code === code) return error as PortError<C>;
    throw error;
  }
  throw new Error(`nothing was refused, though ${code} was expected`);
}

/** A namespace with a switch of its own. */
export interface Place {
  readonly namespace: string;
  readonly logicalSwitch: string;
  readonly switchUuid: string;
}

/** See the head of this file. */
export class StatefulSetBench implements AsyncDisposable {
  readonly sandbox: TestServer;
  readonly proxy: ClientProxy;
  readonly nb: NorthboundClient;
  readonly raw: RawClient;
  readonly subnets: Record<string, NamespaceSubnet> = {};
  readonly #managers: StatefulSetPortManager[] = [];
  readonly #gated: { readonly gate: Gate; readonly nb: NorthboundClient }[] = [];
  #count = 0;

  private constructor(sandbox: TestServer, proxy: ClientProxy, nb: NorthboundClient, raw: RawClient) {
    this.sandbox = sandbox;
    this.proxy = proxy;
    this.nb = nb;
    this.raw = raw;
  }

  static async start(): Promise<StatefulSetBench> {
    const sandbox = await startServer();
    const proxy = await ClientProxy.start(sandbox.remote);
    const nb = await connectNorthbound({ remotes: proxy.remote, backoff: { minMs: 10, maxMs: 100 }, onWarning });
    return new StatefulSetBench(sandbox, proxy, nb, await RawClient.connect(sandbox.remote));
  }

  manager(options: Partial<StatefulSetPortManagerOptions> = {}, client = this.nb): StatefulSetPortManager {
    const manager = new StatefulSetPortManager(client, { subnets: this.subnets, ...options });
    this.#managers.push(manager);
    return manager;
  }

  /** Another client of its own, behind a gate. */
  async gated(): Promise<{ readonly gate: Gate; readonly nb: NorthboundClient }> {
    const gate = await Gate.start(this.sandbox.remote);
    const nb = await connectNorthbound({ remotes: gate.remote, backoff: { minMs: 10, maxMs: 100 }, onWarning });
    this.#gated.push({ gate, nb });
    return { gate, nb };
  }

  /** A new switch, which is that of a new namespace. */
  async place(
    subnet: Partial<NamespaceSubnet> = FAMILIES[0]!,
    otherConfig: Record<string, string> = {},
  ): Promise<Place> {
    const n = ++this.#count;
    const namespace = `space${n}`;
    const logicalSwitch = `switch${n}`;
    const { cidr, gateway, exclude } = subnet;
    this.subnets[namespace] = {
      logicalSwitch,
      ...(cidr !== undefined && { cidr }),
      ...(gateway !== undefined && { gateway }),
      ...(exclude !== undefined && { exclude }),
    };
    const row = { name: logicalSwitch, other_config: ['map', Object.entries(otherConfig)] };
    const [inserted] = await this.raw.commit({ op: 'insert', table: 'Logical_Switch', row });
    const switchUuid = inserted!.uuid![1];
    await this.nb.tables.Logical_Switch.until(({ name }) => name === logicalSwitch);
    return { namespace, logicalSwitch, switchUuid };
  }

  /** Has another client, which knows nothing of managers, add a port; resolves when the manager's replica shows it. */
  async foreignPort(place: Place, name: string, columns: Record<string, unknown> = {}): Promise<string> {
    const uuid = await this.insertPort(place, name, columns);
    await this.nb.tables.Logical_Switch_Port.until((row) => row.name === name);
    return uuid;
  }

  /** As {@link foreignPort}, without waiting. */
  async insertPort(place: Place, name: string, columns: Record<string, unknown> = {}): Promise<string> {
    const [inserted] = await this.raw.commit(
      { op: 'insert', table: 'Logical_Switch_Port', row: { name, ...columns }, 'uuid-name': 'port' },
      {
        op: 'mutate',
        table: 'Logical_Switch',
        where: [['_uuid', '==', ['uuid', place.switchUuid]]],
        mutations: [['ports', 'insert', ['named-uuid', 'port']]],
      },
    );
    return inserted!.uuid![1];
  }

  /** How many transactions the manager's client sends while `act` runs. */
  async transactionsOf<R>(act: () => R | Promise<R>): Promise<{ readonly count: number; readonly result: R }> {
    const before = this.proxy.transactions.length;
    const result = await act();
    // Whatever was sent before this has been seen by the proxy when its answer is here.
    await this.nb.transact((tx) => tx.select('NB_Global', [], []));
    return { count: this.proxy.transactions.length - before - 1, result };
  }

  /** `_version` of every port and switch as the server has it: equal maps mean that nothing was written. */
  async versions(): Promise<Map<string, unknown>> {
    const columns = ['_uuid', '_version', 'name'];
    const results = await this.raw.commit(
      { op: 'select', table: 'Logical_Switch_Port', where: [], columns },
      { op: 'select', table: 'Logical_Switch', where: [], columns },
    );
    const rows = results.flatMap((result) => result.rows ?? []);
    return new Map(rows.map((row) => [String(row['name']), JSON.stringify([row['_uuid'], row['_version']])]));
  }

  /** The ports of a switch as the server has them, by name. */
  async portsOn({ switchUuid }: Place): Promise<Map<string, Record<string, unknown>>> {
    const rows = await this.raw.rows('Logical_Switch_Port');
    const switches = await this.raw.rows('Logical_Switch', [['_uuid', '==', ['uuid', switchUuid]]]);
    const ports = (switches.get(switchUuid)?.['ports'] ?? []) as readonly string[];
    return new Map(ports.map((uuid) => [String(rows.get(uuid)?.['name']), rows.get(uuid)!]));
  }

  /** The element of `addresses` of each port of a switch, without the MAC. */
  async ipsOn(place: Place): Promise<Record<string, string>> {
    const ports = [...(await this.portsOn(place))].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    return Object.fromEntries(
      ports.map(([name, row]) => [
        name,
        (row['addresses'] as string[]).map((text) => text.split(' ').slice(1).join(',')).join('|'),
      ]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const manager of this.#managers) manager.close();
    for (const { gate, nb } of this.#gated) {
      nb.close();
      await gate[Symbol.asyncDispose]();
    }
    this.nb.close();
    this.raw[Symbol.dispose]();
    await this.proxy[Symbol.asyncDispose]();
    await this.sandbox.stop();
  }
}
