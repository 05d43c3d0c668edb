/** What the tests of settings of ports do on a bench, and how they look at what became of it. */
import type { StatefulSetPortManagerOptions } from '../../lib/statefulset/manager-options.js';
import type { PortSettingsSource } from '../../lib/statefulset/settings/port-settings.js';
import { statefulSet, type Place, type StatefulSetBench } from './statefulset-fixture.js';

export type Wire = Record<string, unknown>;

/** A map as the server takes it. */
export const map = (entries: Record<string, string>): unknown => ['map', Object.entries(entries)];

/** Every column but those named. */
export function without(row: Wire, ...columns: string[]): Wire {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !['_version', ...columns].includes(column)));
}

/** A port group as the server has it. */
export interface Group {
  readonly name: string;
  /** Names of its ports, sorted. */
  readonly members: () => Promise<string[]>;
}

/** What became of one StatefulSet. */
export interface Applied {
  /** Transactions sent. */
  readonly count: number;
  readonly statuses: readonly string[];
  readonly codes: readonly string[];
}

/** See {@link settingsActions}. */
export interface SettingsActions {
  /** The port of a pod as the server has it. */
  readonly portOf: (place: Place, name: string) => Promise<Wire>;
  /** Has another client change a port; resolves when the manager's replica shows it. */
  readonly edit: (place: Place, name: string, columns: Wire) => Promise<void>;
  /** Has another client add a row; resolves with its uuid when the manager's replica shows it. */
  readonly insert: (table: 'DHCP_Options' | 'Port_Group', row: Wire) => Promise<string>;
  /** A new port group with no ports in it. */
  readonly group: () => Promise<Group>;
  /** Applies, and counts the transactions. */
  readonly apply: (
    place: Place,
    port: PortSettingsSource | undefined,
    options?: Partial<StatefulSetPortManagerOptions> & { readonly replicas?: number; readonly pool?: string },
  ) => Promise<Applied>;
}

/** The actions on a bench that exists once they are called. */
export function settingsActions(bench: () => StatefulSetBench): SettingsActions {
  async function portOf(place: Place, name: string): Promise<Wire> {
    const row = (await bench().portsOn(place)).get(`${name}.${place.namespace}`);
    if (row === undefined) throw new Error(`there is no port of ${name}`);
    return row;
  }

  async function edit(place: Place, name: string, columns: Wire): Promise<void> {
    const port = `${name}.${place.namespace}`;
    const seen = bench().nb.tables.Logical_Switch_Port.find({ name: port });
    await bench().raw.commit({
      op: 'update',
      table: 'Logical_Switch_Port',
      where: [['name', '==', port]],
      row: columns,
    });
    await bench().nb.tables.Logical_Switch_Port.until((row) => row.name === port && row !== seen);
  }

  async function insert(table: 'DHCP_Options' | 'Port_Group', row: Wire): Promise<string> {
    const [inserted] = await bench().raw.commit({ op: 'insert', table, row });
    const uuid = inserted!.uuid![1];
    await bench().nb.tables[table].until(({ _uuid }) => _uuid === uuid);
    return uuid;
  }

  let groups = 0;
  async function group(): Promise<Group> {
    const name = `group${++groups}`;
    const uuid = await insert('Port_Group', { name });
    const members = async (): Promise<string[]> => {
      const row = (await bench().raw.rows('Port_Group', [['_uuid', '==', ['uuid', uuid]]])).get(uuid)!;
      const ports = await bench().raw.rows('Logical_Switch_Port');
      return (row['ports'] as string[]).map((port) => String(ports.get(port)!['name'])).sort();
    };
    return { name, members };
  }

  async function apply(
    place: Place,
    port: PortSettingsSource | undefined,
    {
      replicas = 1,
      pool,
      ...options
    }: Partial<StatefulSetPortManagerOptions> & { readonly replicas?: number; readonly pool?: string } = {},
  ): Promise<Applied> {
    const manager = bench().manager({ ...(port !== undefined && { port }), ...options });
    const { count, result } = await bench().transactionsOf(() =>
      manager.apply(statefulSet('web', place.namespace, replicas, pool)),
    );
    return {
      count,
      statuses: result.outcomes.map(({ status }) => status),
      codes: result.errors.map(({ code }) => code),
    };
  }

  return { portOf, edit, insert, group, apply };
}
