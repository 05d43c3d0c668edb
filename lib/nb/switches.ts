/**
 * The everyday commands on logical switches, in the words of ovn-nbctl(8). Those that write take a transaction,
 * so that any number of them make one; those that read take anything that has `tables`: a client or a transaction.
 */
import type { ReplicaTables } from '../replica/tables.js';
import type { Insert, Row } from '../schema/types.js';
import { isUuid, NamedUuid, type Uuid } from '../schema/uuid.js';
import type { Transaction } from '../transaction/builder.js';
import { NorthboundError } from './northbound-error.js';
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

/** What the writing commands need: a transaction of a client that replicates the tables of {@link SwitchSelection}. */
export type SwitchTransaction = Transaction<NorthboundTables, SwitchSelection>;

/** A switch as the commands show it. */
export type SwitchRow = Pick<Row<NorthboundTables, 'Logical_Switch'>, SwitchSelection['Logical_Switch'] | '_uuid'>;

/**
 * The switch with this name or uuid; a uuid that no switch has is tried as a name. Throws `NorthboundError`:
 * `SwitchNotFound`, or `AmbiguousSwitch` when several switches have the name, which the database allows.
 */
export function lsGet({ tables }: SwitchReader, nameOrUuid: string): SwitchRow {
  const found = findSwitch({ tables }, nameOrUuid);
  if (found !== undefined) return found;
  throw new NorthboundError(
    'SwitchNotFound',
    `there is no logical switch named "${nameOrUuid}", nor one with this uuid`,
  );
}

/** All switches, sorted by name. */
export function lsList({ tables }: SwitchReader): SwitchRow[] {
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
 * Adds a switch. Returns its placeholder, or with `mayExist` the uuid of the one that is there.
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
  const present = addDuplicate ? undefined : tx.tables.Logical_Switch.find({ name });
  if (present !== undefined) {
    if (mayExist) return present._uuid;
    throw new NorthboundError('AlreadyExists', `a logical switch named "${name}" exists already (${present._uuid})`);
  }
  return tx.insert('Logical_Switch', { ...columns, name });
}

/** Options of the deleting commands. */
export interface DeleteOptions {
  /** Do nothing when it is not there. Default: throw. */
  readonly ifExists?: boolean;
}

/** Deletes a switch, and with it its ports. Throws `NorthboundError` `SwitchNotFound`, `AmbiguousSwitch`. */
export function lsDel(tx: SwitchTransaction, nameOrUuid: string, { ifExists = false }: DeleteOptions = {}): void {
  const found = ifExists ? findSwitch(tx, nameOrUuid) : lsGet(tx, nameOrUuid);
  if (found !== undefined) tx.delete('Logical_Switch', found._uuid);
}

function findSwitch({ tables }: SwitchReader, nameOrUuid: string): SwitchRow | undefined {
  const byUuid = isUuid(nameOrUuid) ? tables.Logical_Switch.get(nameOrUuid as Uuid<'Logical_Switch'>) : undefined;
  if (byUuid !== undefined) return byUuid;
  const [first, ...others] = tables.Logical_Switch.findAll({ name: nameOrUuid });
  if (first === undefined || others.length === 0) return first;
  const uuids = [first, ...others].map(({ _uuid }) => _uuid).join(', ');
  throw new NorthboundError(
    'AmbiguousSwitch',
    `${others.length + 1} logical switches are named "${nameOrUuid}" (${uuids}); name the one you mean by its uuid`,
  );
}
