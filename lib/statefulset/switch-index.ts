/**
 * Who has which address on a switch. The replica's events keep it up to date, so a look-up costs O(1) and a change
 * costs what changed, however many ports the switch has. It is built once, when a switch is first asked about.
 */
import type { OvsdbClient } from '../client/client.js';
import { ClosedError } from '../errors.js';
import { tryParseIp } from '../ipam/address.js';
import { canonicalMac } from '../ipam/mac.js';
import { AddressSpace } from '../ipam/address-space.js';
import { unavailableRanges, type SubnetNetwork } from '../ipam/subnet.js';
import { occupiedAddresses, type OccupiedAddresses } from '../nb/occupied-addresses.js';
import type { NorthboundTables } from '../nb/tables.js';
import type { Batch } from '../replica/replica.js';
import { setDifference } from '../replica/row.js';
import type { Uuid } from '../schema/uuid.js';
import { ipsOf, readManagedPort, type PortColumns, type ManagedPortRow } from './managed-port.js';

/** What the manager needs replicated. */
export interface ManagerSelection {
  readonly Logical_Switch: 'name' | 'ports' | 'other_config' | 'external_ids';
  readonly Logical_Switch_Port: PortColumns;
  readonly Logical_Router_Port: 'name' | 'mac' | 'networks';
  readonly DHCP_Options: 'cidr';
  readonly Port_Group: 'name' | 'ports';
}

/** A client that the manager can work with, such as one made by `connectNorthbound` with its default tables. */
export type ManagerClient = OvsdbClient<NorthboundTables, ManagerSelection>;

type PortUuid = Uuid<'Logical_Switch_Port'>;

/** Networks of one switch, by CIDR and what is reserved, whose free addresses are kept track of. */
const MAX_SPACES = 16;

/** Owners by address: nearly always one. */
class Owners {
  readonly #owners = new Map<string, Set<PortUuid>>();

  add(address: string, owner: PortUuid): void {
    const present = this.#owners.get(address);
    if (present === undefined) this.#owners.set(address, new Set([owner]));
    else present.add(owner);
  }

  delete(address: string, owner: PortUuid): void {
    const present = this.#owners.get(address);
    if (present?.delete(owner) === true && present.size === 0) this.#owners.delete(address);
  }

  get(address: string): Iterable<PortUuid> {
    return this.#owners.get(address) ?? [];
  }

  *shared(): Generator<[address: string, owners: readonly PortUuid[]]> {
    for (const [address, owners] of this.#owners) if (owners.size > 1) yield [address, [...owners]];
  }
}

/** The addresses of one switch. */
export class SwitchIndex {
  readonly uuid: Uuid<'Logical_Switch'>;
  readonly #client: ManagerClient;
  readonly #ports = new Map<PortUuid, OccupiedAddresses>();
  readonly #routerPorts = new Set<PortUuid>();
  readonly #ips = new Owners();
  readonly #macs = new Owners();
  readonly #spaces = new Map<string, AddressSpace>();
  readonly #held = new Set<string>();

  constructor(client: ManagerClient, uuid: Uuid<'Logical_Switch'>) {
    this.#client = client;
    this.uuid = uuid;
    for (const port of client.tables.Logical_Switch.get(uuid)?.ports ?? []) this.#take(port);
  }

  /** Takes over what a change of the switch's own row, or of one of its ports, means. */
  portsChanged(added: Iterable<PortUuid>, removed: Iterable<PortUuid>): void {
    for (const port of removed) this.#drop(port);
    for (const port of added) this.#take(port);
  }

  /** Takes over changed addresses of a port, if it is one of this switch. */
  portChanged(port: PortUuid): void {
    if (!this.#ports.has(port)) return;
    this.#drop(port);
    this.#take(port);
  }

  /** Is the port one of this switch? */
  has(port: PortUuid): boolean {
    return this.#ports.has(port);
  }

  /** Ports with this IP address, in canonical text, but for one. */
  ipOwners(ip: string, except?: PortUuid): ManagedPortRow[] {
    return this.#rows(this.#ips.get(ip), except);
  }

  /** Ports with this MAC address, in lower case, but for one. */
  macOwners(mac: string, except?: PortUuid): ManagedPortRow[] {
    return this.#rows(this.#macs.get(mac), except);
  }

  /** Addresses that more than one port has. */
  *sharedAddresses(): Generator<{ readonly address: string; readonly ports: readonly ManagedPortRow[] }> {
    for (const owners of [this.#ips, this.#macs]) {
      for (const [address, ports] of owners.shared()) yield { address, ports: this.#rows(ports) };
    }
  }

  /** Names of the switch's router ports by their IP and MAC addresses (ovn-nb(5), `router-port`). */
  routerAddresses(): ReadonlyMap<string, string> {
    const addresses = new Map<string, string>();
    for (const uuid of this.#routerPorts) {
      const name = this.#client.tables.Logical_Switch_Port.get(uuid)?.options['router-port'];
      const router = name === undefined ? undefined : this.#client.tables.Logical_Router_Port.find({ name });
      for (const network of router?.networks ?? []) {
        const ip = tryParseIp(network.split('/')[0] ?? '');
        if (ip !== undefined) addresses.set(ip.text, router?.name ?? '');
      }
      const mac = canonicalMac(router?.mac ?? '');
      if (mac !== undefined) addresses.set(mac, router?.name ?? '');
    }
    return addresses;
  }

  /** The free addresses of a network of this switch, of which `reserved` ones are never free. */
  space(network: SubnetNetwork, reserved: Iterable<string>): AddressSpace {
    const unavailable = unavailableRanges(network);
    for (const text of reserved) {
      const ip = tryParseIp(text);
      if (ip?.family === network.cidr.family) unavailable.push({ first: ip, last: ip });
    }
    const ranges = unavailable.map(({ first, last }) => `${first.text}..${last.text}`);
    const key = `${network.cidr.text} ${ranges.join(' ')}`;
    let space = this.#spaces.get(key);
    if (space === undefined) {
      space = new AddressSpace({ cidr: network.cidr, unavailable });
      for (const { ips } of this.#ports.values()) for (const ip of ips) addText(space, ip);
      for (const ip of this.#held) addText(space, ip);
      // What is reserved changes now and then; the oldest is the least likely to be asked for again.
      const [oldest] = this.#spaces.keys();
      if (oldest !== undefined && this.#spaces.size >= MAX_SPACES) this.#spaces.delete(oldest);
      this.#spaces.set(key, space);
    }
    return space;
  }

  /** Counts an IP address as used although no port has it yet. MAC addresses are let pass. */
  hold(address: string): void {
    if (canonicalMac(address) !== undefined) return;
    this.#held.add(address);
    for (const space of this.#spaces.values()) addText(space, address);
  }

  /** Ends {@link hold}. */
  unhold(address: string): void {
    if (!this.#held.delete(address)) return;
    for (const space of this.#spaces.values()) removeText(space, address);
  }

  #rows(uuids: Iterable<PortUuid>, except?: PortUuid): ManagedPortRow[] {
    const rows: ManagedPortRow[] = [];
    for (const uuid of uuids) {
      const row = uuid === except ? undefined : this.#client.tables.Logical_Switch_Port.get(uuid);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }

  #take(uuid: PortUuid): void {
    const row = this.#client.tables.Logical_Switch_Port.get(uuid);
    if (row === undefined || this.#ports.has(uuid)) return;
    const occupied = occupiedOrPromised(row);
    this.#ports.set(uuid, occupied);
    if (row.type === 'router') this.#routerPorts.add(uuid);
    for (const mac of occupied.macs) this.#macs.add(mac, uuid);
    for (const ip of occupied.ips) {
      this.#ips.add(ip, uuid);
      for (const space of this.#spaces.values()) addText(space, ip);
    }
  }

  #drop(uuid: PortUuid): void {
    const occupied = this.#ports.get(uuid);
    if (occupied === undefined) return;
    this.#ports.delete(uuid);
    this.#routerPorts.delete(uuid);
    for (const mac of occupied.macs) this.#macs.delete(mac, uuid);
    for (const ip of occupied.ips) {
      this.#ips.delete(ip, uuid);
      for (const space of this.#spaces.values()) removeText(space, ip);
    }
  }
}

/** What a port has and, where a kept port's `addresses` were emptied or overwritten, what its pod is promised all the same. */
function occupiedOrPromised(row: ManagedPortRow): OccupiedAddresses {
  const occupied = occupiedAddresses(row);
  const kept = readManagedPort(row);
  if (kept === undefined) return occupied;
  const ips = ipsOf(kept).filter((ip) => !occupied.ips.includes(ip));
  const macs = occupied.macs.includes(kept.mac) ? [] : [kept.mac];
  if (ips.length === 0 && macs.length === 0) return occupied;
  return { ips: [...occupied.ips, ...ips], macs: [...occupied.macs, ...macs] };
}

function addText(space: AddressSpace, text: string): void {
  const ip = tryParseIp(text);
  if (ip !== undefined) space.add(ip);
}

function removeText(space: AddressSpace, text: string): void {
  const ip = tryParseIp(text);
  if (ip !== undefined) space.remove(ip);
}

/** The indexes of all switches that were asked about. */
export class SwitchIndexes {
  readonly #client: ManagerClient;
  readonly #indexes = new Map<Uuid<'Logical_Switch'>, SwitchIndex>();
  readonly #stop: () => void;
  #closed = false;

  constructor(client: ManagerClient) {
    this.#client = client;
    this.#stop = client.on('batch', (batch) => this.#follow(batch));
  }

  /** The index of a switch; built when first asked for. Throws `ClosedError` once nothing keeps it up to date. */
  of(uuid: Uuid<'Logical_Switch'>): SwitchIndex {
    if (this.#closed) throw new ClosedError('the manager of StatefulSet ports was closed');
    let index = this.#indexes.get(uuid);
    if (index === undefined) this.#indexes.set(uuid, (index = new SwitchIndex(this.#client, uuid)));
    return index;
  }

  /** Stops following the replica. */
  close(): void {
    this.#closed = true;
    this.#stop();
    this.#indexes.clear();
  }

  #follow({ changes }: Batch): void {
    if (this.#indexes.size === 0) return;
    for (const change of changes) {
      if (change.table === 'Logical_Switch') {
        const index = this.#indexes.get(change.row._uuid as Uuid<'Logical_Switch'>);
        if (index === undefined) continue;
        if (change.type === 'delete') this.#indexes.delete(index.uuid);
        else if (change.type === 'update' && change.columns.includes('ports')) {
          const { added, removed } = setDifference(change.old, change.row, 'ports');
          index.portsChanged(added as PortUuid[], removed as PortUuid[]);
        }
      } else if (change.table === 'Logical_Switch_Port' && change.type === 'update' && movesAddresses(change.columns)) {
        for (const index of this.#indexes.values()) index.portChanged(change.row._uuid as PortUuid);
      }
    }
  }
}

function movesAddresses(columns: readonly string[]): boolean {
  return columns.some((column) =>
    ['addresses', 'dynamic_addresses', 'type', 'options', 'external_ids'].includes(column),
  );
}
