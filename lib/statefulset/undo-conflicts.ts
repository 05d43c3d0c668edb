/**
 * Writers that know nothing of the generation are noticed after the commit. The replica then shows all that was committed
 * before our own transaction, so whoever has one of our new addresses may have been first: our port is taken back.
 */
import { readManagedPort, type ManagedPort } from './managed-port.js';
import type { PodOutcome, RefusedPod } from './manager-options.js';
import { describeHolder } from './plan-view.js';
import { PortError } from './port-error.js';
import type { Call, PortTransactions } from './port-transactions.js';
import { subjectOf } from './site.js';
import type { ManagerClient, SwitchIndexes } from './switch-index.js';
import { guardOwner } from './write-plan.js';

/** Takes back the created ports whose address another port of the switch has, and tells which pods that leaves without. */
export async function undoConflicts(
  client: ManagerClient,
  indexes: SwitchIndexes,
  transactions: PortTransactions,
  call: Call,
  outcomes: readonly PodOutcome[],
): Promise<RefusedPod[]> {
  const conflicts: RefusedPod[] = [];
  const ports: ManagedPort[] = [];
  for (const outcome of outcomes) {
    if (outcome.status !== 'created' || outcome.uuid === undefined) continue;
    const row = client.tables.Logical_Switch_Port.get(outcome.uuid);
    const own = row && readManagedPort(row);
    const owner = client.tables.Logical_Switch.find({ ports: [outcome.uuid] });
    if (own === undefined || owner === undefined) continue;
    const index = indexes.of(owner._uuid);
    const ip = [outcome.ip4, outcome.ip6].find(
      (each) => each !== undefined && index.ipOwners(each, own.row._uuid).length > 0,
    );
    const [other] = ip === undefined ? [] : index.ipOwners(ip, own.row._uuid);
    if (ip === undefined || other === undefined) continue;
    const { ordinal, pod, port } = outcome;
    const holder = describeHolder(other);
    const reason = `${ip} was taken by port ${holder.port} at the same moment`;
    const error = new PortError('AddressInUse', subjectOf(call.workload, pod), reason, { ip, ...holder });
    conflicts.push({ status: 'refused', ordinal, pod, port, error });
    ports.push(own);
  }
  if (ports.length > 0) {
    await transactions.commit(call, (tx) => {
      for (const port of ports) {
        const owner = tx.tables.Logical_Switch.find({ ports: [port.row._uuid] });
        if (owner === undefined) continue;
        guardOwner(tx, port, port.ownerUid);
        tx.mutate('Logical_Switch', owner._uuid, { ports: { delete: [port.row._uuid] } });
      }
    });
  }
  return conflicts;
}
