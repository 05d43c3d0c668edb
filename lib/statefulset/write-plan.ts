/** Turns a plan into the operations of one transaction. */
import type { NorthboundTables } from '../nb/tables.js';
import type { Mutations } from '../schema/types.js';
import type { NamedUuid, Uuid } from '../schema/uuid.js';
import type { Transaction } from '../transaction/builder.js';
import { addressElement, FORMAT_VERSION, PORT_KEYS, type ManagedPort, type PortAddresses } from './managed-port.js';
import type { PodOutcome } from './manager-options.js';
import type { PodPlan } from './plan.js';
import type { Site } from './site.js';
import { GENERATION_KEY, type Flight, type SwitchFlights } from './switch-flights.js';
import type { ManagerSelection } from './switch-index.js';
import type { Workload, WorkloadPod } from './workload.js';

type ManagerTransaction = Transaction<NorthboundTables, ManagerSelection>;
type PortReference = Uuid<'Logical_Switch_Port'> | NamedUuid<'Logical_Switch_Port'>;

/** A pod's outcome with the port as the transaction knows it: a placeholder while it is being inserted. */
export type PendingOutcome =
  | (Omit<Exclude<PodOutcome, { status: 'refused' }>, 'uuid'> & { readonly uuid: PortReference })
  | Extract<PodOutcome, { status: 'refused' }>;

/** How rows are written. */
export interface WriteRules {
  readonly vendor: string;
  readonly portSecurity: boolean;
}

/**
 * Appends what the plans ask for: nothing at all when every port is kept as it is. Transactions that take addresses
 * change the switch's row once, for all their ports, and pass only on the generation that they were planned on.
 */
export function writePlans(
  tx: ManagerTransaction,
  workload: Workload,
  site: Site,
  plans: readonly PodPlan[],
  flights: SwitchFlights,
  flight: Flight,
  rules: WriteRules,
): PendingOutcome[] {
  const { logicalSwitch } = site;
  const inserted: PortReference[] = [];
  const takesAddresses = plans.some(
    ({ action }) => action === 'create' || action === 'readdress' || action === 'adopt',
  );
  const generation = takesAddresses ? flights.guard(tx, logicalSwitch, flight) : undefined;
  const outcomes = plans.map((plan): PendingOutcome => {
    const { pod, port } = plan;
    if (plan.action === 'refuse') {
      return { status: 'refused', ordinal: pod.ordinal, pod: pod.name, port, error: plan.error };
    }
    const common = { ordinal: pod.ordinal, pod: pod.name, port };
    switch (plan.action) {
      case 'create': {
        const row = tx.insert('Logical_Switch_Port', {
          name: port,
          ...addressColumns(plan.addresses, rules),
          external_ids: {
            [PORT_KEYS.vendor]: rules.vendor,
            [PORT_KEYS.logicalSwitch]: logicalSwitch.name,
            ...ownershipIds(workload, pod, plan.addresses),
          },
        });
        inserted.push(row);
        flight.created.set(port, plan.addresses.mac);
        return { ...common, ...plan.addresses, status: 'created', uuid: row, refreshed: false, drift: undefined };
      }
      case 'reuse': {
        const refreshed = refresh(tx, workload, pod, plan.kept);
        const { ip4, ip6, mac, row } = plan.kept;
        return { ...common, ip4, ip6, mac, status: 'reused', uuid: row._uuid, refreshed, drift: plan.drift };
      }
      case 'readdress': {
        const { row, ip4, ip6, mac } = plan.kept;
        flight.former.set(port, { ip4, ip6, mac });
        readdress(tx, plan.kept, plan.addresses, rules, ownershipIds(workload, pod, plan.addresses));
        const { addresses, drift } = plan;
        return { ...common, ...addresses, status: 'readdressed', uuid: row._uuid, refreshed: false, drift };
      }
      case 'adopt': {
        const { row, addresses, drift } = plan;
        tx.verify('Logical_Switch_Port', row, ['addresses', 'external_ids']);
        tx.mutate('Logical_Switch_Port', row._uuid, {
          external_ids: { set: ownershipIds(workload, pod, addresses) },
        });
        return { ...common, ...addresses, status: 'adopted', uuid: row._uuid, refreshed: false, drift };
      }
    }
  });
  if (generation !== undefined) {
    const mutations: Mutations<NorthboundTables, 'Logical_Switch'> = {
      external_ids: { set: { [GENERATION_KEY]: generation } },
      ...(inserted.length > 0 && { ports: { insert: inserted } }),
    };
    tx.mutate('Logical_Switch', logicalSwitch._uuid, mutations);
  }
  return outcomes;
}

/** Lets the transaction pass only while the port is still kept for the StatefulSet and, if given, for this incarnation. */
export function guardOwner(tx: ManagerTransaction, port: ManagedPort, ownerUid?: string): void {
  const ids: Record<string, string> = { [PORT_KEYS.statefulSet]: port.statefulSet };
  if (ownerUid !== undefined) ids[PORT_KEYS.ownerUid] = ownerUid;
  tx.wait(
    'Logical_Switch_Port',
    [
      ['_uuid', '==', port.row._uuid],
      ['external_ids', 'includes', ids],
    ],
    '==',
    [{ name: port.row.name }],
  );
}

/** Gives a kept port other addresses, if it still is what the replica showed; `ids` are noted besides. */
export function readdress(
  tx: ManagerTransaction,
  { row }: ManagedPort,
  addresses: PortAddresses,
  rules: WriteRules,
  ids: Readonly<Record<string, string>> = {},
): void {
  tx.verify('Logical_Switch_Port', row, ['addresses', 'external_ids']);
  tx.update('Logical_Switch_Port', row._uuid, {
    ...addressColumns(addresses, { portSecurity: rules.portSecurity || row.port_security.length > 0 }),
    external_ids: { ...withoutAddresses(row.external_ids), ...ids, ...addressIds(addresses) },
  });
}

/** Notes the present pod and StatefulSet on a kept port, and addresses that somebody gave it, if they are others than before. */
function refresh(tx: ManagerTransaction, workload: Workload, pod: WorkloadPod, kept: ManagedPort): boolean {
  const { ip4, ip6, mac } = kept;
  const ids: Record<string, string> = {};
  if (pod.uid !== undefined && pod.uid !== kept.podUid) ids[PORT_KEYS.podUid] = pod.uid;
  if (workload.uid !== undefined && workload.uid !== kept.ownerUid) ids[PORT_KEYS.ownerUid] = workload.uid;
  const gone: string[] = [];
  for (const [key, address] of [
    [PORT_KEYS.ip4, ip4],
    [PORT_KEYS.ip6, ip6],
    [PORT_KEYS.mac, mac],
  ] as const) {
    if (kept.row.external_ids[key] === address) continue;
    if (address === undefined) gone.push(key);
    else ids[key] = address;
  }
  if (Object.keys(ids).length === 0 && gone.length === 0) return false;
  // One whose reply was lost may arrive late, and must not put back a pod that has been replaced since.
  tx.verify('Logical_Switch_Port', kept.row, ['external_ids']);
  tx.mutate('Logical_Switch_Port', kept.row._uuid, {
    external_ids: { ...(Object.keys(ids).length > 0 && { set: ids }), ...(gone.length > 0 && { delete: gone }) },
  });
  return true;
}

function ownershipIds(workload: Workload, pod: WorkloadPod, addresses: PortAddresses): Record<string, string> {
  const ids = {
    [PORT_KEYS.pod]: `${workload.namespace}/${pod.name}`,
    [PORT_KEYS.statefulSet]: workload.key,
    [PORT_KEYS.ownerUid]: workload.uid,
    [PORT_KEYS.ordinal]: String(pod.ordinal),
    [PORT_KEYS.podUid]: pod.uid,
    [PORT_KEYS.version]: FORMAT_VERSION,
  };
  return { ...present(ids), ...addressIds(addresses) };
}

function addressIds({ ip4, ip6, mac }: PortAddresses): Record<string, string> {
  return present({ [PORT_KEYS.ip4]: ip4, [PORT_KEYS.ip6]: ip6, [PORT_KEYS.mac]: mac });
}

function present(ids: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(ids).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

function withoutAddresses(ids: Readonly<Record<string, string>>): Record<string, string> {
  const addressKeys = [PORT_KEYS.ip4, PORT_KEYS.ip6];
  return Object.fromEntries(Object.entries(ids).filter(([key]) => !addressKeys.includes(key)));
}

function addressColumns(
  addresses: PortAddresses,
  { portSecurity }: Pick<WriteRules, 'portSecurity'>,
): { addresses: string[]; port_security?: string[] } {
  const element = addressElement(addresses);
  return { addresses: [element], ...(portSecurity && { port_security: [element] }) };
}
