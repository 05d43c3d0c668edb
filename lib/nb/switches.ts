/**
 * The everyday commands on logical switches, in the words of ovn-nbctl(8). Those that write take a transaction,
 * so that any number of them make one; those that read take anything that has `tables`: a client or a transaction.
 */
import type { ReplicaTables } from '../replica/tables.js';
import type { Insert, Row } from '../schema/types.js';
import { isUuid, NamedUuid, type Uuid } from '../schema/uuid.js';
import type { Transaction } from '../transaction/builder.js';
import { NorthboundError } from './northbound-error.js';
import { PendingPorts } from './pending-ports.js';
import type { NorthboundTables } from './tables.js';

/** The columns that the commands on switches and ports read. */
export interface SwitchSelection {
  readonly Logical_Switch: 'name' | 'ports' | 'other_config';
  readonly Logical_Switch_Port:
    | 'name'
    | 'type'
    | 'addresses'
    | 'dynamic_addresses'
    | 'port_security'
    | 'options'
    | 'enabled'
    | 'up'
    | 'parent_name'
    | 'tag'
    | 'tag_request'
    | 'dhcpv4_options'
    | 'dhcpv6_options';
  readonly DHCP_Options: 'cidr';
}

/** What the reading commands need: the replicated tables of a client, or of a transaction. */
export interface SwitchReader {
  readonly tables: ReplicaTables<NorthboundTables, SwitchSelection>;
}

/** What the commands on switches alone need. */
export interface SwitchOnlyReader {
  readonly tables: ReplicaTables<NorthboundTables, Pick<SwitchSelection, 'Logical_Switch'>>;
}

/** What the writing commands need: a transaction of a client that replicates the tables of {@link SwitchSelection}. */
export type SwitchTransaction = Transaction<NorthboundTables, SwitchSelection>;

/** A switch as the commands show it. */
export type SwitchRow = Pick<Row<NorthboundTables, 'Logical_Switch'>, SwitchSelection['Logical_Switch'] | '_uuid'>;

/**
 * The switch with this name or uuid; a uuid that no switch has is tried as a name. Throws `NorthboundError`:
 * `SwitchNotFound`, or `AmbiguousSwitch` when several switches have the name, which the database allows.
 */
export function lsGet(reader: SwitchOnlyReader, nameOrUuid: string): SwitchRow {
  const found = findSwitch(reader, nameOrUuid);
  if (found !== undefined) return found;
  throw new NorthboundError(
    'SwitchNotFound',
    `there is no logical switch named "${nameOrUuid}", nor one with this uuid`,
  );
}

/** All switches, sorted by name. */
export function lsList({ tables }: SwitchOnlyReader): SwitchRow[] {
  return [...tables.Logical_Switch.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Options of {@link lsAdd}. */
export interface LsAddOptions {
  /** Be content with a switch that has the name already. */
  readonly mayExist?: boolean;
  /** Add a switch even if others have the name. */
  readonly addDuplicate?: boolean;
  /** Further columns. */
  readonly columns?: Omit<Insert<NorthboundTables, 'Logical_Switch'>, 'name'>;
}

/**
 * Adds a switch. Returns its placeholder, or with `mayExist` what the one that is there is known by.
 * Throws `NorthboundError` `AlreadyExists`. The database does not keep names unique: two clients that add the same
 * name at the same moment make two switches.
 */
export function lsAdd(
  tx: SwitchTransaction,
  name: string,
  { mayExist = false, addDuplicate = false, columns = {} }: LsAddOptions = {},
): Uuid<'Logical_Switch'> | NamedUuid<'Logical_Switch'> {
  if (mayExist && addDuplicate)
    throw new NorthboundError('InvalidValue', 'mayExist and addDuplicate exclude each other');
  const pending = PendingPorts.of(tx);
  const present = addDuplicate ? undefined : (pending.addedSwitch(name) ?? switchesNamed(tx, name)[0]?._uuid);
  if (present !== undefined) {
    if (mayExist) return present;
    const which = present instanceof NamedUuid ? 'added by this transaction' : present;
    throw new NorthboundError('AlreadyExists', `a logical switch named "${name}" exists already (${which})`);
  }
  const added = tx.insert('Logical_Switch', { ...columns, name });
  pending.addSwitch(added, name);
  return added;
}

/** Options of the deleting commands. */
export interface DeleteOptions {
  /** Do nothing when it is not there. Default: throw. */
  readonly ifExists?: boolean;
}

/**
 * Deletes a switch, and with it its ports; also one that the same transaction adds. Throws `NorthboundError`
 * `SwitchNotFound` unless `ifExists`, and `AmbiguousSwitch`.
 */
export function lsDel(tx: SwitchTransaction, nameOrUuid: string, { ifExists = false }: DeleteOptions = {}): void {
  const pending = PendingPorts.of(tx);
  const added = pending.addedSwitch(nameOrUuid);
  const found = ifExists || added !== undefined ? findSwitch(tx, nameOrUuid) : lsGet(tx, nameOrUuid);
  if (found !== undefined && added !== undefined) {
    const message = `there is a logical switch "${nameOrUuid}" (${found._uuid}), and this transaction adds another`;
    throw new NorthboundError('AmbiguousSwitch', message);
  }
  const target = found?._uuid ?? added;
  if (target === undefined) return;
  tx.delete('Logical_Switch', target);
  pending.delete(...(found?.ports ?? []));
  pending.deleteSwitch(target);
}

/** The switches of this name that the transaction has not deleted. */
function switchesNamed(reader: SwitchOnlyReader, name: string): readonly SwitchRow[] {
  const named = reader.tables.Logical_Switch.findAll({ name });
  const isDeleted = ({ _uuid }: SwitchRow): boolean => PendingPorts.deletes(reader, _uuid);
  return named.some(isDeleted) ? named.filter((row) => !isDeleted(row)) : named;
}

function findSwitch(reader: SwitchOnlyReader, nameOrUuid: string): SwitchRow | undefined {
  const uuid = nameOrUuid.toLowerCase();
  const byUuid = isUuid(uuid) ? reader.tables.Logical_Switch.get(uuid as Uuid<'Logical_Switch'>) : undefined;
  if (byUuid !== undefined && !PendingPorts.deletes(reader, uuid)) return byUuid;
  const named = switchesNamed(reader, nameOrUuid);
  if (named.length <= 1) return named[0];
  const uuids = named.map(({ _uuid }) => _uuid).join(', ');
  throw new NorthboundError(
    'AmbiguousSwitch',
    `${named.length} logical switches are named "${nameOrUuid}" (${uuids}); name the one you mean by its uuid`,
  );
}
