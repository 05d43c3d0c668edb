/** Turns a plan into the operations of one transaction. */
import type { NamedUuid, Uuid } from '../../schema/uuid.js';
import { addressElement, PORT_KEYS, type ManagedPortRow, type PortAddresses } from '../managed-port.js';
import type { PodOutcome, PodOutcomeOk, RefusedPod } from '../manager-results.js';
import type { Place } from '../switches/places.js';
import type { PodPlan } from '../plan/pod-plan.js';
import { joinPortGroups, missingPortGroups, type PortGroupChange } from '../settings/port-groups.js';
import { columnsOf, guardOwner, ownershipIds, readdress, refresh, writtenIds } from './port-rows.js';
import type { ManagerTransaction } from './port-transactions.js';
import { NO_SETTINGS } from '../settings/resolve-settings.js';
import {
  changedColumns,
  guardReferences,
  newExternalIds,
  newPortColumns,
  withKeys,
} from '../settings/settings-columns.js';
import { GENERATION_KEY, newGeneration, type Flight } from '../switches/switch-flights.js';
import type { ManagerClient } from '../switches/switch-index.js';
import type { Workload } from '../workload.js';

type PortReference = Uuid<'Logical_Switch_Port'> | NamedUuid<'Logical_Switch_Port'>;

/** The outcome of a pod that has a port, with the row known as a `U`. */
export type OutcomeWith<U> = Omit<PodOutcomeOk, 'uuid'> & { uuid: U };

/** A pod's outcome with the port as the transaction knows it: a placeholder while it is being inserted. */
export type PendingOutcome = OutcomeWith<PortReference> | RefusedPod;

/**
 * Appends what the plans ask for: nothing at all when every port is kept as it is. Transactions that take addresses
 * change the rows of the switches once, for all their ports, and pass only on the generation that they were planned on.
 * `mustGuard` has the generation changed even if no address is taken.
 */
export function writePlans(
  client: ManagerClient,
  tx: ManagerTransaction,
  workload: Workload,
  { site, flights }: Pick<Place, 'site' | 'flights'>,
  plans: readonly PodPlan[],
  flight: Flight,
  vendor: string,
  mustGuard = false,
): PendingOutcome[] {
  const { logicalSwitch } = site;
  const takesAddresses = plans.some(({ action }) => action !== 'reuse' && action !== 'refuse');
  const generation = takesAddresses || mustGuard ? flights.guard(tx, logicalSwitch, flight) : undefined;
  const attached: PortReference[] = [];
  const detached = new Map<Uuid<'Logical_Switch'>, Uuid<'Logical_Switch_Port'>[]>();
  const detach = (from: Uuid<'Logical_Switch'>, port: Uuid<'Logical_Switch_Port'>): void => {
    const ports = detached.get(from);
    if (ports === undefined) detached.set(from, [port]);
    else ports.push(port);
  };
  const joining: PortGroupChange[] = [];
  const outcomes = plans.map((plan): PendingOutcome => {
    const { pod, port } = plan;
    if (plan.action === 'refuse') {
      const { key: statefulSet } = workload;
      return { statefulSet, ordinal: pod.ordinal, pod: pod.name, port, status: 'refused', error: plan.error };
    }
    const { settings = NO_SETTINGS } = plan;
    const joinMissing = ({ _uuid }: ManagedPortRow): boolean => {
      const groups = missingPortGroups(client, settings.portGroups, _uuid);
      if (groups.length > 0) joining.push({ port: _uuid, groups });
      return groups.length > 0;
    };
    switch (plan.action) {
      case 'create': {
        const { addresses, replaces } = plan;
        if (replaces !== undefined) {
          guardOwner(tx, replaces, replaces.ownerUid);
          const from = tx.tables.Logical_Switch.find({ ports: [replaces.row._uuid] })?._uuid;
          if (from !== undefined) detach(from, replaces.row._uuid);
        }
        const element = addressElement(addresses);
        guardReferences(tx, settings.columns);
        const row = tx.insert('Logical_Switch_Port', {
          name: port,
          addresses: [element],
          ...newPortColumns(settings, element),
          external_ids: writtenIds(workload, site, pod, addresses, vendor, newExternalIds(settings)),
        });
        attached.push(row);
        if (settings.portGroups.length > 0) joining.push({ port: row, groups: settings.portGroups });
        flight.writes.noteCreated(port, addresses.mac);
        return outcomeOf(workload, plan, 'created', row, addresses);
      }
      case 'reuse': {
        const { kept, stale, drift } = plan;
        const { row } = kept;
        const isWritten = !stale && refresh(tx, workload, pod, kept, settings);
        const refreshed = joinMissing(row) || isWritten;
        return outcomeOf(workload, plan, 'reused', row._uuid, kept, { refreshed, stale, drift });
      }
      case 'readdress': {
        const { kept, addresses, drift } = plan;
        flight.writes.noteChanged(port, kept.row._uuid, { addresses: kept, from: undefined });
        readdress(tx, kept, addresses, ownershipIds(workload, pod, addresses), settings);
        joinMissing(kept.row);
        return outcomeOf(workload, plan, 'readdressed', kept.row._uuid, addresses, { drift });
      }
      case 'move': {
        const { kept, addresses, from } = plan;
        flight.writes.noteChanged(port, kept.row._uuid, { addresses: kept, from });
        const ids = { [PORT_KEYS.logicalSwitch]: logicalSwitch.name, ...ownershipIds(workload, pod, addresses) };
        readdress(tx, kept, addresses, ids, settings);
        detach(from, kept.row._uuid);
        attached.push(kept.row._uuid);
        joinMissing(kept.row);
        return outcomeOf(workload, plan, 'moved', kept.row._uuid, addresses);
      }
      case 'adopt': {
        const { row, addresses, drift } = plan;
        const columns = changedColumns(row, settings, addressElement(addresses));
        tx.verify('Logical_Switch_Port', row, ['name', 'addresses', 'external_ids', ...columnsOf(columns)]);
        guardReferences(tx, columns);
        flight.writes.noteAdopted(row._uuid);
        tx.update('Logical_Switch_Port', row._uuid, {
          ...(row.name !== port && { name: port }),
          ...columns,
          external_ids: writtenIds(
            workload,
            site,
            pod,
            addresses,
            vendor,
            withKeys(row.external_ids, settings.externalIds),
          ),
        });
        joinMissing(row);
        return outcomeOf(workload, plan, 'adopted', row._uuid, addresses, { drift });
      }
    }
  });
  if (joining.length > 0) joinPortGroups(tx, joining);
  if (generation !== undefined) {
    const here = detached.get(logicalSwitch._uuid) ?? [];
    detached.delete(logicalSwitch._uuid);
    const insert = attached.length > 0 ? attached : undefined;
    const gone = here.length > 0 ? here : undefined;
    tx.mutate('Logical_Switch', logicalSwitch._uuid, {
      external_ids: { set: { [GENERATION_KEY]: generation } },
      ...((insert ?? gone) && { ports: { ...(insert && { insert }), ...(gone && { delete: gone }) } }),
    });
  }
  // Their generations tell that managers took the ports off; what is planned there notices that it has lost.
  for (const [from, ports] of detached) {
    tx.mutate('Logical_Switch', from, {
      ports: { delete: ports },
      external_ids: {
        set: { [GENERATION_KEY]: newGeneration(tx.tables.Logical_Switch.get(from)?.external_ids[GENERATION_KEY]) },
      },
    });
  }
  return outcomes;
}

/** What stands for the row of each port in what a transaction returns. */
export function referencesOf(pending: readonly PendingOutcome[]): (PortReference | undefined)[] {
  return pending.map((outcome) => (outcome.status === 'refused' ? undefined : outcome.uuid));
}

/** The outcomes that `pending` become, once the transaction has told the uuids of the rows. */
export function committedOutcomes(
  pending: readonly PendingOutcome[],
  uuids: readonly (Uuid<'Logical_Switch_Port'> | undefined)[],
): PodOutcome[] {
  // Nobody else has them yet, and there may be thousands.
  for (const [i, outcome] of pending.entries()) {
    const uuid = uuids[i];
    if (outcome.status !== 'refused' && uuid !== undefined) outcome.uuid = uuid;
  }
  return pending as readonly PodOutcome[] as PodOutcome[];
}

/** Written out rather than spread from parts, which takes a hundred times as long: there may be thousands. */
export function outcomeOf<U extends PortReference>(
  workload: Workload,
  { pod, port }: Pick<PodPlan, 'pod' | 'port'>,
  status: PodOutcomeOk['status'],
  uuid: U,
  { ip4, ip6, mac }: PortAddresses,
  { refreshed = false, stale = false, drift }: Partial<Pick<PodOutcomeOk, 'refreshed' | 'stale' | 'drift'>> = {},
): OutcomeWith<U> {
  const { key: statefulSet } = workload;
  const { ordinal, name } = pod;
  return { statefulSet, ordinal, pod: name, port, ip4, ip6, mac, status, uuid, refreshed, stale, drift };
}
