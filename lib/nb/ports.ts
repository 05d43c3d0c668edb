/** The everyday commands on logical switch ports, in the words of ovn-nbctl(8); see `switches.ts` for what they take. */
import { AddressError } from '../ipam/errors.js';
import type { Insert, Row, Update } from '../schema/types.js';
import { isUuid, NamedUuid, type Uuid } from '../schema/uuid.js';
import { parsePortAddresses } from './addresses.js';
import { formatPortSecurity, parsePortSecurity } from './port-security.js';
import { NorthboundError } from './northbound-error.js';
import { occupiedAddresses } from './occupied-addresses.js';
import { keyOf, PendingPorts, type AddedPort, type PortAddresses } from './pending-ports.js';
import {
  lsGet,
  type DeleteOptions,
  type SwitchReader,
  type SwitchRow,
  type SwitchSelection,
  type SwitchTransaction,
} from './switches.js';
import type { NorthboundTables } from './tables.js';

type Port = 'Logical_Switch_Port';

/** A port as the commands show it. */
export type PortRow = Pick<Row<NorthboundTables, Port>, SwitchSelection[Port] | '_uuid'>;

/** A port, by name or uuid, or one that the same transaction adds, by its placeholder or name. */
export type PortReference = string | NamedUuid<Port>;

/** The port with this name or uuid. Throws `NorthboundError` `PortNotFound`. */
export function lspGet(reader: SwitchReader, nameOrUuid: string): PortRow {
  const port = findPort(reader, nameOrUuid);
  if (port !== undefined) return port;
  throw new NorthboundError(
    'PortNotFound',
    `there is no logical switch port named "${nameOrUuid}", nor one with this uuid`,
  );
}

/** The ports of a switch, sorted by name. Throws as {@link lsGet}. */
export function lspList(reader: SwitchReader, switchNameOrUuid: string): PortRow[] {
  const ports = lsGet(reader, switchNameOrUuid).ports.flatMap(
    (uuid) => reader.tables.Logical_Switch_Port.get(uuid) ?? [],
  );
  return ports.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The switch that a port is on. Throws `NorthboundError` `PortNotFound`, or `SwitchNotFound` for a port on none. */
export function lspGetLs(reader: SwitchReader, portNameOrUuid: string): SwitchRow {
  const port = lspGet(reader, portNameOrUuid);
  const found = reader.tables.Logical_Switch.find({ ports: [port._uuid] });
  if (found !== undefined) return found;
  throw new NorthboundError('SwitchNotFound', `logical switch port "${port.name}" is on no switch`);
}

/** Options of {@link lspAdd}. */
export interface LspAddOptions {
  /** Be content with a port that has the name already, if it is on the switch and has the same parent and tag. */
  readonly mayExist?: boolean;
  /** Name of the parent port, for a container nested in a VM. */
  readonly parent?: string;
  /** VLAN tag that the parent uses for the port, 0 to 4095; 0 lets ovn-northd choose one. Needs `parent`. */
  readonly tag?: number;
  /** Further columns. */
  readonly columns?: Omit<Insert<NorthboundTables, Port>, 'name' | 'parent_name' | 'tag_request'>;
}

/**
 * Adds a port to a switch, which may be one that the same transaction adds. Returns its placeholder, or with `mayExist`
 * what the one that is there is known by. Throws `NorthboundError` `AlreadyExists`, `InvalidValue`, and as {@link lsGet}.
 */
export function lspAdd(
  tx: SwitchTransaction,
  logicalSwitch: string | NamedUuid<'Logical_Switch'>,
  name: string,
  { mayExist = false, parent, tag, columns = {} }: LspAddOptions = {},
): Uuid<Port> | NamedUuid<Port> {
  if ((parent === undefined) !== (tag === undefined)) {
    throw new NorthboundError('InvalidValue', `port "${name}": parent and tag are given together or not at all`);
  }
  const pending = PendingPorts.of(tx);
  const owner =
    typeof logicalSwitch === 'string'
      ? (pending.addedSwitch(logicalSwitch) ?? lsGet(tx, logicalSwitch)._uuid)
      : logicalSwitch;
  const present = portNamed(tx, name);
  if (present !== undefined) {
    if (!mayExist) {
      const which = present.port instanceof NamedUuid ? 'added by this transaction' : present.port;
      throw new NorthboundError('AlreadyExists', `a logical switch port named "${name}" exists already (${which})`);
    }
    const difference = differenceTo(tx, present, owner, parent, tag);
    if (difference === undefined) return present.port;
    throw new NorthboundError('AlreadyExists', `logical switch port "${name}" exists already, but ${difference}`);
  }
  const port = tx.insert('Logical_Switch_Port', { ...columns, name, parent_name: parent, tag_request: tag });
  pending.add({ port, owner, name, parent, tag });
  pending.setType(port, columns.type ?? '');
  checkAddresses(tx, port, columns.addresses ?? []);
  tx.mutate('Logical_Switch', owner, { ports: { insert: [port] } });
  return port;
}

/**
 * Deletes a port, by taking it off its switch; also one that the same transaction adds. Throws `NorthboundError`
 * `PortNotFound` unless `ifExists`.
 */
export function lspDel(tx: SwitchTransaction, port: PortReference, { ifExists = false }: DeleteOptions = {}): void {
  const pending = PendingPorts.of(tx);
  const added = port instanceof NamedUuid ? pending.addedAs(port) : pending.addedNamed(port);
  if (added !== undefined) {
    tx.mutate('Logical_Switch', added.owner, { ports: { delete: [added.port] } });
    pending.takeBack(added);
    return;
  }
  const found = ifExists ? findPort(tx, String(port)) : lspGet(tx, String(port));
  if (found === undefined) return;
  tx.mutate('Logical_Switch', lspGetLs(tx, found._uuid)._uuid, { ports: { delete: [found._uuid] } });
  pending.delete(found._uuid);
}

/**
 * Replaces the addresses of a port; none clears them. Each is `MAC [IP...]`, `dynamic [IP...]`, `MAC dynamic`,
 * `unknown` or, for ports of type router, `router`. Throws `NorthboundError`: `InvalidValue` with what is wrong,
 * `AddressInUse` when another port of the switch has one of the IP addresses, `PortNotFound`. The first call of a
 * transaction for a switch looks at all of its ports, as ovn-nbctl does.
 */
export function lspSetAddresses(tx: SwitchTransaction, port: PortReference, addresses: readonly string[]): void {
  const target = resolve(tx, port);
  checkAddresses(tx, target instanceof NamedUuid ? target : target._uuid, addresses);
  update(tx, port, { addresses });
}

/** The addresses of a port, sorted. */
export function lspGetAddresses(reader: SwitchReader, port: string): string[] {
  return [...lspGet(reader, port).addresses].sort();
}

/** Replaces what a port may send from (`MAC [IP[/MASK]...]` each); none switches port security off. */
export function lspSetPortSecurity(tx: SwitchTransaction, port: PortReference, elements: readonly string[]): void {
  // Printed anew: the commas that ovn-nb(5) allows are not understood by ovn-controller.
  const canonical = elements.map((element) => {
    try {
      return formatPortSecurity(parsePortSecurity(element));
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      throw new NorthboundError('InvalidValue', `port_security: ${error.message}`, { cause: error });
    }
  });
  update(tx, port, { port_security: canonical });
}

/** What a port may send from, sorted. */
export function lspGetPortSecurity(reader: SwitchReader, port: string): string[] {
  return [...lspGet(reader, port).port_security].sort();
}

/** Lets traffic through a port, or not. */
export function lspSetEnabled(tx: SwitchTransaction, port: PortReference, enabled: boolean): void {
  update(tx, port, { enabled });
}

/** Is traffic let through the port? An empty column means yes. */
export function lspGetEnabled(reader: SwitchReader, port: string): boolean {
  return lspGet(reader, port).enabled ?? true;
}

/** Is the port bound to a chassis and working? ovn-northd writes this; an empty column means no. */
export function lspGetUp(reader: SwitchReader, port: string): boolean {
  return lspGet(reader, port).up ?? false;
}

/** Name of the parent port of a nested container. */
export function lspGetParent(reader: SwitchReader, port: string): string | undefined {
  return lspGet(reader, port).parent_name;
}

/** The VLAN tag in force, which ovn-northd may have chosen. */
export function lspGetTag(reader: SwitchReader, port: string): number | undefined {
  return lspGet(reader, port).tag;
}

/** The types that a port can have (ovn-nb(5), Logical_Switch_Port `type`); the empty one is a VIF. */
export const PORT_TYPES = [
  '',
  'router',
  'switch',
  'localnet',
  'localport',
  'l2gateway',
  'vtep',
  'external',
  'virtual',
  'remote',
] as const;

/** Sets the type of a port. Throws `NorthboundError` `InvalidValue` for one that OVN does not know. */
export function lspSetType(tx: SwitchTransaction, port: PortReference, type: (typeof PORT_TYPES)[number]): void {
  if (!PORT_TYPES.includes(type)) {
    const known = PORT_TYPES.filter((each) => each !== '').join(', ');
    throw new NorthboundError(
      'InvalidValue',
      `"${type}" is no type of a logical switch port; there are ${known}, and "" for a VIF`,
    );
  }
  const target = resolve(tx, port);
  PendingPorts.of(tx).setType(target instanceof NamedUuid ? target : target._uuid, type);
  update(tx, port, { type });
}

/** The type of a port; empty for a VIF. */
export function lspGetType(reader: SwitchReader, port: string): string {
  return lspGet(reader, port).type;
}

/** Replaces the whole map of a port's options. */
export function lspSetOptions(
  tx: SwitchTransaction,
  port: PortReference,
  options: Readonly<Record<string, string>>,
): void {
  update(tx, port, { options });
}

/** The options of a port. */
export function lspGetOptions(reader: SwitchReader, port: string): Readonly<Record<string, string>> {
  return lspGet(reader, port).options;
}

/**
 * Sets the DHCPv4 options of a port to a row of DHCP_Options; undefined clears them. Throws `NorthboundError`
 * `InvalidValue` when there is no such row, or its CIDR is not IPv4.
 */
export function lspSetDhcpv4Options(
  tx: SwitchTransaction,
  port: PortReference,
  options: Uuid<'DHCP_Options'> | undefined,
): void {
  checkDhcpOptions(tx, options, 4);
  update(tx, port, { dhcpv4_options: options });
}

/** The same as {@link lspSetDhcpv4Options} for DHCPv6. */
export function lspSetDhcpv6Options(
  tx: SwitchTransaction,
  port: PortReference,
  options: Uuid<'DHCP_Options'> | undefined,
): void {
  checkDhcpOptions(tx, options, 6);
  update(tx, port, { dhcpv6_options: options });
}

function findPort(reader: SwitchReader, nameOrUuid: string): PortRow | undefined {
  const uuid = nameOrUuid.toLowerCase();
  const byUuid = isUuid(uuid) ? reader.tables.Logical_Switch_Port.get(uuid as Uuid<Port>) : undefined;
  const found = byUuid ?? reader.tables.Logical_Switch_Port.find({ name: nameOrUuid });
  return found !== undefined && PendingPorts.deletes(reader, found._uuid) ? undefined : found;
}

/** The port that a reference means: one that the transaction adds, or the row of one that exists. */
function resolve(tx: SwitchTransaction, port: PortReference): NamedUuid<Port> | PortRow {
  if (port instanceof NamedUuid) return port;
  return PendingPorts.of(tx).addedNamed(port)?.port ?? lspGet(tx, port);
}

/** Writes columns of a port that must still be there when the server carries it out. */
function update(tx: SwitchTransaction, port: PortReference, columns: Update<NorthboundTables, Port>): void {
  const target = resolve(tx, port);
  if (target instanceof NamedUuid) {
    tx.update('Logical_Switch_Port', target, columns);
    return;
  }
  tx.ensureExists('Logical_Switch_Port', target._uuid);
  tx.update('Logical_Switch_Port', target._uuid, columns);
}

type PresentPort = Omit<AddedPort, 'port' | 'owner'> & {
  readonly port: Uuid<Port> | NamedUuid<Port>;
  readonly owner: Uuid<'Logical_Switch'> | NamedUuid<'Logical_Switch'> | undefined;
};

/** The port that will have this name, unless it is deleted, after what the transaction has done so far. */
function portNamed(tx: SwitchTransaction, name: string): PresentPort | undefined {
  const added = PendingPorts.of(tx).addedNamed(name);
  if (added !== undefined) return added;
  const row = tx.tables.Logical_Switch_Port.find({ name });
  if (row === undefined || PendingPorts.deletes(tx, row._uuid)) return undefined;
  const owner = tx.tables.Logical_Switch.find({ ports: [row._uuid] })?._uuid;
  return { port: row._uuid, owner, name, parent: row.parent_name, tag: row.tag_request };
}

function differenceTo(
  tx: SwitchTransaction,
  present: PresentPort,
  owner: Uuid<'Logical_Switch'> | NamedUuid<'Logical_Switch'>,
  parent: string | undefined,
  tag: number | undefined,
): string | undefined {
  if (present.owner === undefined) return 'on no switch';
  if (keyOf(present.owner) !== keyOf(owner)) {
    const row = present.owner instanceof NamedUuid ? undefined : tx.tables.Logical_Switch.get(present.owner);
    return row === undefined ? 'on another switch that this transaction adds' : `on switch "${row.name}"`;
  }
  if (present.parent !== parent) return `with parent ${printOptional(present.parent)}`;
  if (present.tag !== tag) return `with tag request ${printOptional(present.tag)}`;
  return undefined;
}

function printOptional(value: string | number | undefined): string {
  return value === undefined ? '(none)' : `"${value}"`;
}

/** Refuses addresses that have no meaning, or that another port of the switch has; notes them for what follows. */
function checkAddresses(tx: SwitchTransaction, port: Uuid<Port> | NamedUuid<Port>, addresses: readonly string[]): void {
  const pending = PendingPorts.of(tx);
  const row = port instanceof NamedUuid ? undefined : tx.tables.Logical_Switch_Port.get(port);
  const type = pending.typeOf(port) ?? row?.type ?? '';
  const name = port instanceof NamedUuid ? pending.addedAs(port)?.name : row?.name;
  try {
    parsePortAddresses(addresses, type);
  } catch (cause) {
    if (!(cause instanceof AddressError)) throw cause;
    throw new NorthboundError('InvalidValue', `addresses of port "${name ?? ''}": ${cause.message}`, { cause });
  }
  const owner = ownerOf(tx, port);
  if (owner !== undefined) {
    const key = keyOf(port);
    const wanted = occupiedAddresses({ type, addresses, options: {} }).ips;
    const occupancy = pending.occupancy(owner, () => portAddresses(tx, owner));
    const clash =
      occupancy === undefined ? firstClash(portAddresses(tx, owner), wanted, key) : occupancy.clash(wanted, key);
    if (clash !== undefined) {
      const message = `port "${name ?? ''}" cannot have ${clash.ip}: port "${clash.name}" of the same switch has it`;
      throw new NorthboundError('AddressInUse', message);
    }
    occupancy?.set(key, name ?? '', occupiedAddresses({ type, addresses, options: row?.options ?? {} }).ips);
  }
  pending.setAddresses(port, addresses);
}

function firstClash(
  ports: Iterable<PortAddresses>,
  wanted: readonly string[],
  port: string,
): { ip: string; name: string } | undefined {
  if (wanted.length === 0) return undefined;
  for (const [other, name, ips] of ports) {
    const ip = other === port ? undefined : ips.find((each) => wanted.includes(each));
    if (ip !== undefined) return { ip, name };
  }
  return undefined;
}

/** The switch that a port is on, or will be. */
function ownerOf(
  tx: SwitchTransaction,
  port: Uuid<Port> | NamedUuid<Port>,
): Uuid<'Logical_Switch'> | NamedUuid<'Logical_Switch'> | undefined {
  if (port instanceof NamedUuid) return PendingPorts.of(tx).addedAs(port)?.owner;
  return tx.tables.Logical_Switch.find({ ports: [port] })?._uuid;
}

/** The ports of a switch as they will be after what the transaction has done so far. */
function* portAddresses(
  tx: SwitchTransaction,
  owner: Uuid<'Logical_Switch'> | NamedUuid<'Logical_Switch'>,
): Generator<PortAddresses> {
  const pending = PendingPorts.of(tx);
  const present = owner instanceof NamedUuid ? undefined : tx.tables.Logical_Switch.get(owner);
  for (const uuid of present?.ports ?? []) {
    const row = tx.tables.Logical_Switch_Port.get(uuid);
    if (row === undefined || PendingPorts.deletes(tx, uuid)) continue;
    const addresses = pending.addressesOf(uuid);
    const port = addresses === undefined ? row : { ...row, addresses, dynamic_addresses: undefined };
    yield [uuid, row.name, occupiedAddresses(port).ips];
  }
  for (const [key, { port, name }] of pending.addedTo(owner)) {
    const addresses = pending.addressesOf(port) ?? [];
    yield [key, name, occupiedAddresses({ type: '', addresses, options: {} }).ips];
  }
}

function checkDhcpOptions(tx: SwitchTransaction, uuid: Uuid<'DHCP_Options'> | undefined, family: 4 | 6): void {
  if (uuid === undefined) return;
  const row = tx.tables.DHCP_Options.get(uuid);
  if (row === undefined) throw new NorthboundError('InvalidValue', `there is no row ${uuid} in DHCP_Options`);
  if (row.cidr.includes(':') !== (family === 6)) {
    throw new NorthboundError('InvalidValue', `DHCP options ${uuid} are for ${row.cidr}, which is not IPv${family}`);
  }
}
