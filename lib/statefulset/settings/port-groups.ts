/**
 * Membership in port groups. The groups refer to ports weakly, so a port that is deleted is out of them by itself; and
 * one mutation per group serves all ports of a transaction.
 */
import type { NamedUuid, Uuid } from '../../schema/uuid.js';
import type { ManagerTransaction } from '../allocation/port-transactions.js';
import type { ManagerClient } from '../switches/switch-index.js';

/** A port, there already or being inserted, and groups that it joins or leaves. */
export interface PortGroupChange {
  readonly port: Uuid<'Logical_Switch_Port'> | NamedUuid<'Logical_Switch_Port'>;
  readonly groups: readonly Uuid<'Port_Group'>[];
}

/** Those of the groups that the port is not in. Costs what the port is in, however many ports the groups have. */
export function missingPortGroups(
  client: ManagerClient,
  groups: readonly Uuid<'Port_Group'>[],
  port: Uuid<'Logical_Switch_Port'>,
): Uuid<'Port_Group'>[] {
  if (groups.length === 0) return [];
  const present = portGroupsOf(client, port);
  return groups.filter((group) => !present.has(group));
}

/** The groups that the port is in. */
export function portGroupsOf(client: ManagerClient, port: Uuid<'Logical_Switch_Port'>): Set<Uuid<'Port_Group'>> {
  return new Set(client.tables.Port_Group.findAll({ ports: [port] }).map(({ _uuid }) => _uuid));
}

/**
 * Adds ports to groups, if these still are there: the transaction is planned anew otherwise. Returns whether there was
 * anything to do.
 */
export function joinPortGroups(tx: ManagerTransaction, changes: Iterable<PortGroupChange>): boolean {
  const byGroup = portsByGroup(changes);
  for (const [group, ports] of byGroup) {
    tx.ensureExists('Port_Group', group);
    tx.mutate('Port_Group', group, { ports: { insert: ports } });
  }
  return byGroup.size > 0;
}

/** Takes ports out of groups. Returns whether there was anything to do. */
export function leavePortGroups(tx: ManagerTransaction, changes: Iterable<PortGroupChange>): boolean {
  const byGroup = portsByGroup(changes);
  for (const [group, ports] of byGroup) tx.mutate('Port_Group', group, { ports: { delete: ports } });
  return byGroup.size > 0;
}

function portsByGroup(changes: Iterable<PortGroupChange>): Map<Uuid<'Port_Group'>, PortGroupChange['port'][]> {
  const byGroup = new Map<Uuid<'Port_Group'>, PortGroupChange['port'][]>();
  for (const { port, groups } of changes) {
    for (const group of groups) {
      const ports = byGroup.get(group);
      if (ports === undefined) byGroup.set(group, [port]);
      else ports.push(port);
    }
  }
  return byGroup;
}
