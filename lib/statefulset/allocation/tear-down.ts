/** What happens to a pod's port when the pod goes: nothing, but that it may leave its port groups. */
import { isOfVendor, portName, readManagedPort, type ManagedPort } from '../managed-port.js';
import { leavePortGroups } from '../settings/port-groups.js';
import type { PortSettingsSource } from '../settings/port-settings.js';
import type { Call, PortTransactions } from './port-transactions.js';
import { portGroupsToLeave } from '../settings/resolve-settings.js';
import type { ManagerClient } from '../switches/switch-index.js';
import { readPodName, type PodLike } from '../workload.js';

/** The port of this vendor of a pod that is gone; undefined when it has none. Throws `InvalidArgumentError` for a pod without a name. */
export function findTornDown(
  client: ManagerClient,
  vendor: string,
  pod: PodLike,
): { readonly kept: ManagedPort; /** A later pod of the name uses it. */ readonly stale: boolean } | undefined {
  const { name, namespace, uid } = readPodName(pod);
  const row = client.tables.Logical_Switch_Port.find({ name: portName(namespace, name) });
  const kept = row && readManagedPort(row);
  if (kept === undefined || !isOfVendor(vendor, kept)) return undefined;
  return { kept, stale: uid !== undefined && kept.podUid !== undefined && uid !== kept.podUid };
}

/** Takes the port of a pod that is gone out of the groups that its settings name. */
export async function leaveGroupsOf(
  client: ManagerClient,
  vendor: string,
  transactions: PortTransactions,
  call: Call,
  settings: PortSettingsSource | undefined,
  pod: PodLike,
): Promise<void> {
  await transactions.commit(call, (tx) => {
    const torn = findTornDown(client, vendor, pod);
    if (torn === undefined || torn.stale) return;
    const groups = portGroupsToLeave(client, settings, torn.kept);
    if (groups.length === 0) return;
    // It may arrive late, and must not take out the port of the next pod.
    tx.verify('Logical_Switch_Port', torn.kept.row, ['external_ids']);
    leavePortGroups(tx, [{ port: torn.kept.row._uuid, groups }]);
  });
}
