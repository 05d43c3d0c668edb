/** Looks for what should not be there, and cannot be mended without knowing what people mean. */
import { NorthboundError } from '../nb/northbound-error.js';
import { readManagedPort } from './managed-port.js';
import type { AuditFinding } from './manager-options.js';
import type { ManagerClient, SwitchIndexes } from './switch-index.js';

/** Addresses that several ports of one switch have. Throws `NorthboundError` `SwitchNotFound` for a name that no switch has. */
export function findSharedAddresses(
  client: ManagerClient,
  indexes: SwitchIndexes,
  logicalSwitches: readonly string[] | undefined,
): AuditFinding[] {
  const all = [...client.tables.Logical_Switch.values()];
  for (const nameOrUuid of logicalSwitches ?? []) {
    if (all.some(({ name, _uuid }) => name === nameOrUuid || _uuid === nameOrUuid)) continue;
    throw new NorthboundError('SwitchNotFound', `audit: there is no logical switch "${nameOrUuid}"`);
  }
  return all.flatMap(({ _uuid, name }) => {
    if (logicalSwitches !== undefined && !logicalSwitches.includes(name) && !logicalSwitches.includes(_uuid)) return [];
    return Array.from(indexes.of(_uuid).sharedAddresses(), ({ address, ports }): AuditFinding => ({
      kind: 'shared-address',
      logicalSwitch: name,
      address,
      ports: ports.map((row) => ({ name: row.name, statefulSet: readManagedPort(row)?.statefulSet })),
    }));
  });
}
