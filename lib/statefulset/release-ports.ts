/** Deletes kept ports, on the condition that they still are kept for the same StatefulSet. */
import type { Uuid } from '../schema/uuid.js';
import type { ManagedPort } from './managed-port.js';
import type { Call, PortTransactions } from './port-transactions.js';
import type { ManagerClient } from './switch-index.js';
import { guardOwner } from './write-plan.js';

/**
 * Deletes the ports that `choose` finds, at most `maxPorts` in one transaction, until it finds none; it is asked again
 * before each transaction. Resolves with the deleted ones.
 */
export async function releasePorts(
  client: ManagerClient,
  transactions: PortTransactions,
  call: Call,
  maxPorts: number,
  choose: () => readonly ManagedPort[],
): Promise<ManagedPort[]> {
  const released: ManagedPort[] = [];
  while (choose().length > 0) {
    // A lost reply runs the callback again, which then does not find what the lost transaction deleted.
    const sent = new Map<Uuid<'Logical_Switch_Port'>, ManagedPort>();
    await transactions.commit(call, (tx) => {
      const bySwitch = new Map<Uuid<'Logical_Switch'>, Uuid<'Logical_Switch_Port'>[]>();
      for (const port of choose().slice(0, maxPorts)) {
        const { _uuid } = port.row;
        const logicalSwitch = client.tables.Logical_Switch.find({ ports: [_uuid] })?._uuid;
        if (logicalSwitch === undefined) continue;
        guardOwner(tx, port, port.ownerUid);
        const ports = bySwitch.get(logicalSwitch);
        if (ports === undefined) bySwitch.set(logicalSwitch, [_uuid]);
        else ports.push(_uuid);
        sent.set(_uuid, port);
      }
      for (const [uuid, ports] of bySwitch) tx.mutate('Logical_Switch', uuid, { ports: { delete: ports } });
    });
    // Ports on a switch that the client does not replicate cannot be taken off it.
    if (sent.size === 0 && choose().length > 0) return released;
    for (const [uuid, port] of sent) {
      if (client.tables.Logical_Switch_Port.get(uuid) === undefined) released.push(port);
    }
  }
  return released;
}
