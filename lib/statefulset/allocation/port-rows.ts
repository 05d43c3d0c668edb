/** How the rows of ports are written, and on which conditions. */
import { addressElement, FORMAT_VERSION, PORT_KEYS, type ManagedPort, type PortAddresses } from '../managed-port.js';
import type { ManagerTransaction } from './port-transactions.js';
import { NO_SETTINGS, type ResolvedSettings } from '../settings/resolve-settings.js';
import {
  changedColumns,
  changedExternalIds,
  guardReferences,
  replaceSecurity,
  withKeys,
} from '../settings/settings-columns.js';
import type { ExternalIdsChange, SettingsColumns } from '../settings/settings-columns.js';
import type { Site } from '../switches/site.js';
import type { Workload, WorkloadPod } from '../workload.js';

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

/** Lets the transaction pass only while nobody has noted another pod on the port, or anything else, nor is it up. */
export function guardUnused(tx: ManagerTransaction, { row }: ManagedPort): void {
  tx.verify('Logical_Switch_Port', row, ['external_ids', 'up']);
}

/** Gives a kept port other addresses, if it still is what the replica showed; `ids` are noted besides. */
export function readdress(
  tx: ManagerTransaction,
  kept: ManagedPort,
  addresses: PortAddresses,
  ids: Readonly<Record<string, string>> = {},
  settings: ResolvedSettings = NO_SETTINGS,
): void {
  const { row } = kept;
  const element = addressElement(addresses);
  const security = replaceSecurity(row, addressElement(kept), element);
  const columns = { ...(security && { port_security: security }), ...changedColumns(row, settings, element) };
  tx.verify('Logical_Switch_Port', row, ['addresses', 'external_ids', ...columnsOf(columns)]);
  guardReferences(tx, columns);
  tx.update('Logical_Switch_Port', row._uuid, {
    addresses: [element],
    ...columns,
    external_ids: {
      ...withKeys(withoutReplaced(row.external_ids, ids), settings.externalIds),
      ...ids,
      ...noteAddresses({}, addresses),
    },
  });
}

/** Notes what has changed of the pod and the StatefulSet, and what the settings say; nothing if all is as it is. */
export function refresh(
  tx: ManagerTransaction,
  workload: Workload,
  pod: WorkloadPod,
  kept: ManagedPort,
  settings: ResolvedSettings,
): boolean {
  const { row } = kept;
  const noted = changedIds(workload, pod, kept);
  // Mostly nothing has changed, and thousands of ports are looked at.
  if (noted === undefined && settings === NO_SETTINGS) return false;
  const asked = changedExternalIds(row, settings);
  const set = { ...asked?.set, ...noted?.set };
  const gone = [...(asked?.delete ?? []), ...(noted?.delete ?? [])];
  const columns = changedColumns(row, settings, addressElement(kept));
  const changesIds = Object.keys(set).length > 0 || gone.length > 0;
  if (!changesIds && columns === undefined) return false;
  // One whose reply was lost may arrive late, and must not put back a pod that has been replaced since.
  tx.verify('Logical_Switch_Port', row, ['external_ids', ...columnsOf(columns)]);
  guardReferences(tx, columns);
  if (columns !== undefined) tx.update('Logical_Switch_Port', row._uuid, columns);
  if (changesIds) {
    tx.mutate('Logical_Switch_Port', row._uuid, {
      external_ids: { ...(Object.keys(set).length > 0 && { set }), ...(gone.length > 0 && { delete: gone }) },
    });
  }
  return true;
}

/** Keys that note the present pod and StatefulSet, and addresses that somebody gave the port; undefined if none differs. */
function changedIds(workload: Workload, pod: WorkloadPod, kept: ManagedPort): ExternalIdsChange | undefined {
  const { ip4, ip6, mac } = kept;
  const set: Record<string, string> = {};
  const gone: string[] = [];
  if (pod.uid !== undefined && pod.uid !== kept.podUid) set[PORT_KEYS.podUid] = pod.uid;
  if (workload.uid !== undefined && workload.uid !== kept.ownerUid) {
    noteIncarnation(set, workload);
    if (workload.createdAt === undefined && kept.ownerCreatedAt !== undefined) gone.push(PORT_KEYS.ownerCreated);
  }
  for (const [key, address] of [
    [PORT_KEYS.ip4, ip4],
    [PORT_KEYS.ip6, ip6],
    [PORT_KEYS.mac, mac],
  ] as const) {
    if (kept.row.external_ids[key] === address) continue;
    if (address === undefined) gone.push(key);
    else set[key] = address;
  }
  return gone.length === 0 && Object.keys(set).length === 0 ? undefined : { set, delete: gone };
}

/** Names of the columns that change. */
export function columnsOf(columns: SettingsColumns | undefined): (keyof SettingsColumns)[] {
  return Object.keys(columns ?? {}) as (keyof SettingsColumns)[];
}

/** The keys that say whom a port is kept for, and with which addresses. */
export function ownershipIds(workload: Workload, pod: WorkloadPod, addresses: PortAddresses): Record<string, string> {
  return noteOwnership({}, workload, pod, addresses);
}

/** Adds them to `ids`, one by one: thousands of ports are made at once. */
function noteOwnership(
  ids: Record<string, string>,
  workload: Workload,
  pod: WorkloadPod,
  addresses: PortAddresses,
): Record<string, string> {
  ids[PORT_KEYS.pod] = `${workload.namespace}/${pod.name}`;
  ids[PORT_KEYS.statefulSet] = workload.key;
  ids[PORT_KEYS.ordinal] = String(pod.ordinal);
  ids[PORT_KEYS.version] = FORMAT_VERSION;
  if (pod.uid !== undefined) ids[PORT_KEYS.podUid] = pod.uid;
  noteIncarnation(ids, workload);
  return noteAddresses(ids, addresses);
}

/** All keys of a port that is made, or taken over, after those in `ids`, if any. */
export function writtenIds(
  workload: Workload,
  site: Site,
  pod: WorkloadPod,
  addresses: PortAddresses,
  vendor: string,
  ids: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const written = { ...ids, [PORT_KEYS.vendor]: vendor, [PORT_KEYS.logicalSwitch]: site.logicalSwitch.name };
  return noteOwnership(written, workload, pod, addresses);
}

function noteIncarnation(ids: Record<string, string>, { uid, createdAt }: Workload): void {
  if (uid !== undefined) ids[PORT_KEYS.ownerUid] = uid;
  if (createdAt !== undefined) ids[PORT_KEYS.ownerCreated] = new Date(createdAt).toISOString();
}

function noteAddresses(ids: Record<string, string>, { ip4, ip6, mac }: PortAddresses): Record<string, string> {
  ids[PORT_KEYS.mac] = mac;
  if (ip4 !== undefined) ids[PORT_KEYS.ip4] = ip4;
  if (ip6 !== undefined) ids[PORT_KEYS.ip6] = ip6;
  return ids;
}

/** Keys of a kept port but for those that other addresses, or another incarnation, need not have. */
function withoutReplaced(
  ids: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>>,
): Record<string, string> {
  const gone = [PORT_KEYS.ip4, PORT_KEYS.ip6];
  if (others[PORT_KEYS.ownerUid] !== undefined) gone.push(PORT_KEYS.ownerCreated);
  return Object.fromEntries(Object.entries(ids).filter(([key]) => !gone.includes(key)));
}
