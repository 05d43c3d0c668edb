/** Rows of a northbound database in memory, as far as indexes and audits read them. */
import {
  PORT_KEYS,
  readManagedPort,
  type ManagedPort,
  type ManagedPortRow,
} from '../../../lib/statefulset/managed-port.js';
import { SwitchIndexes, type ManagerClient } from '../../../lib/statefulset/switches/switch-index.js';
import { readWorkload, type Workload } from '../../../lib/statefulset/workload.js';

type Columns = Readonly<Record<string, unknown>>;

/** The pod of a kept port, and what is noted of it besides its addresses. */
export interface KeptOptions {
  readonly name?: string;
  readonly addresses?: readonly string[];
  readonly ids?: Readonly<Record<string, string | undefined>>;
  readonly up?: boolean;
}

/** A StatefulSet as the manager reads it. */
export function workload(name: string, namespace: string, replicas: number, start = 0, uid?: string): Workload {
  return readWorkload({ metadata: { name, namespace, uid }, spec: { replicas, ordinals: { start } } });
}

/** See the head of this file. */
export class MemoryNorthbound {
  readonly #rows = new Map<string, Map<string, Columns>>();
  readonly indexes: SwitchIndexes;
  /** Rows by table and name, which is all that anybody looks them up by. */
  readonly #byName = new Map<string, Columns[]>();
  #count = 0;

  constructor() {
    this.indexes = new SwitchIndexes(this.client);
  }

  get client(): ManagerClient {
    const table = (name: string): unknown => ({
      get: (uuid: string) => this.#table(name).get(uuid),
      values: () => this.#table(name).values(),
      find: (match: Columns) => this.#matching(name, match)[0],
      findAll: (match: Columns) => this.#matching(name, match),
    });
    const names = ['Logical_Switch', 'Logical_Switch_Port', 'Logical_Router_Port'];
    const tables = Object.fromEntries(names.map((name) => [name, table(name)]));
    return { tables, on: () => () => undefined } as unknown as ManagerClient;
  }

  /** Adds a switch; returns its uuid. */
  addSwitch(name: string, otherConfig: Readonly<Record<string, string>> = {}): string {
    return this.#add('Logical_Switch', { name, ports: [], other_config: otherConfig, external_ids: {} });
  }

  /** Adds a port to a switch. */
  addPort(logicalSwitch: string, name: string, columns: Columns = {}): ManagedPortRow {
    const empty = { type: '', addresses: [], dynamic_addresses: undefined, port_security: [], options: {} };
    const uuid = this.#add('Logical_Switch_Port', { ...empty, up: undefined, external_ids: {}, ...columns, name });
    (this.#table('Logical_Switch').get(logicalSwitch)?.['ports'] as string[]).push(uuid);
    return this.#table('Logical_Switch_Port').get(uuid) as unknown as ManagedPortRow;
  }

  /** Adds the port of a router, and the port of the switch that goes to it. */
  addRouterPort(logicalSwitch: string, name: string, mac: string, networks: readonly string[]): void {
    this.#add('Logical_Router_Port', { name, mac, networks });
    this.addPort(logicalSwitch, `to-${name}`, {
      type: 'router',
      addresses: ['router'],
      options: { 'router-port': name },
    });
  }

  /** Adds the port that a manager keeps for an ordinal of `namespace/name`, with an element `MAC IP...`. */
  addKept(
    logicalSwitch: string,
    statefulSet: string,
    ordinal: number,
    element: string,
    options: KeptOptions = {},
  ): ManagedPort {
    const [namespace, set] = statefulSet.split('/');
    const [mac, ...ips] = element.split(' ');
    const { name = `${set}-${ordinal}.${namespace}`, addresses = [element], ids, up } = options;
    const all: Record<string, string | undefined> = {
      [PORT_KEYS.vendor]: 'ovn-northbound',
      [PORT_KEYS.pod]: `${statefulSet}-${ordinal}`,
      [PORT_KEYS.statefulSet]: statefulSet,
      [PORT_KEYS.ordinal]: String(ordinal),
      [PORT_KEYS.mac]: mac,
      [PORT_KEYS.ip4]: ips.find((ip) => !ip.includes(':')),
      [PORT_KEYS.ip6]: ips.find((ip) => ip.includes(':')),
      [PORT_KEYS.version]: '1',
      ...ids,
    };
    const externalIds = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const row = this.addPort(logicalSwitch, name, { addresses, external_ids: externalIds, up });
    // Rows whose keys were spoiled on purpose are no managed ports; who adds one has no use for the result.
    return readManagedPort(row) as ManagedPort;
  }

  #add(table: string, columns: Columns): string {
    const uuid = `00000000-0000-4000-8000-${String(++this.#count).padStart(12, '0')}`;
    const row = { ...columns, _uuid: uuid };
    this.#table(table).set(uuid, row);
    const key = `${table} ${String(columns['name'])}`;
    this.#byName.set(key, [...(this.#byName.get(key) ?? []), row]);
    return uuid;
  }

  #table(name: string): Map<string, Columns> {
    let table: Map<string, Columns> | undefined = this.#rows.get(name);
    if (table === undefined) this.#rows.set(name, (table = new Map<string, Columns>()));
    return table;
  }

  #matching(table: string, match: Columns): readonly Columns[] {
    return this.#byName.get(`${table} ${String(match['name'])}`) ?? [];
  }
}
