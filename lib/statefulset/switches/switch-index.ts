/**
 * Who has which address on a switch. The replica's events keep it up to date, so a look-up costs O(1), the choice of a
 * free address O(log n), and a change what changed, however many ports the switch has. It is built once, when a switch
 * is first asked about.
 */
import type { OvsdbClient } from '../../client/client.js';
import { ClosedError } from '../../errors.js';
import { tryParseIp, type Ip } from '../../ipam/address.js';
import { canonicalMac } from '../../ipam/mac.js';
import { AddressSpace } from '../../ipam/address-space.js';
import { cryptoRandomBytes, type RandomBytes } from '../../ipam/random.js';
import { formatIpRange } from '../../ipam/range.js';
import { unavailableRanges, type SubnetNetwork } from '../../ipam/subnet.js';
import { occupiedAddresses } from '../../nb/occupied-addresses.js';
import type { NorthboundTables } from '../../nb/tables.js';
import type { Batch, RowChange } from '../../replica/replica.js';
import { setDifference } from '../../replica/row.js';
import type { Uuid } from '../../schema/uuid.js';
import { AddressOwners } from './address-owners.js';
import { ipsOf, PORT_KEYS, readManagedPort, type PortColumns, type ManagedPortRow } from '../managed-port.js';
import { RouterAddresses } from './router-addresses.js';

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

/** Networks of one switch, by CIDR and what is excluded, whose free addresses are kept track of. */
const MAX_SPACES = 64;

/** The addresses of one switch. */
export class SwitchIndex {
  readonly uuid: Uuid<'Logical_Switch'>;
  readonly #client: ManagerClient;
  readonly #randomBytes: RandomBytes;
  /** IP and MAC addresses of each port. */
  readonly #ports = new Map<PortUuid, readonly string[]>();
  readonly #owners = new AddressOwners();
  readonly #routers: RouterAddresses;
  readonly #spaces = new Map<string, AddressSpace>();
  /** Keys of `#spaces`: a plan asks for the same network for each of its pods. */
  readonly #spaceKeys = new WeakMap<SubnetNetwork, string>();
  readonly #held = new Set<string>();

  constructor(client: ManagerClient, uuid: Uuid<'Logical_Switch'>, randomBytes: RandomBytes = cryptoRandomBytes) {
    this.#client = client;
    this.#randomBytes = randomBytes;
    this.uuid = uuid;
    this.#routers = new RouterAddresses(
      (name) => client.tables.Logical_Router_Port.find({ name }),
      (address, isThere) => this.#inSpaces(address, (space, ip) => (isThere ? space.reserve(ip) : space.unreserve(ip))),
    );
    for (const port of client.tables.Logical_Switch.get(uuid)?.ports ?? []) this.#take(port);
  }

  /** Takes over what a change of the switch's own row, or of one of its ports, means. */
  portsChanged(added: Iterable<PortUuid>, removed: Iterable<PortUuid>): void {
    for (const port of removed) this.#drop(port);
    for (const port of added) this.#take(port);
  }

  /** Takes over changed addresses of a port, if it is one of this switch. */
  portChanged(port: PortUuid): void {
    const before = this.#ports.get(port);
    const row = this.#client.tables.Logical_Switch_Port.get(port);
    if (before === undefined || row === undefined) return;
    const addresses = occupiedOrPromised(row);
    // Other keys of the row change far more often than addresses do.
    if (addresses.length === before.length && addresses.every((address, i) => address === before[i])) {
      this.#connect(row);
      return;
    }
    this.#drop(port);
    this.#take(port);
  }

  /** Takes over that the router port of this name came, went or changed. */
  routerPortChanged(name: string): void {
    this.#routers.routerPortChanged(name);
  }

  /** Is the port one of this switch? */
  has(port: PortUuid): boolean {
    return this.#ports.has(port);
  }

  /** Ports with this IP address, in canonical text, or MAC address, in lower case, but for one. */
  owners(address: string, except?: PortUuid): ManagedPortRow[] {
    return this.#rows(this.#owners.get(address), except);
  }

  /** Has any port this IP address, in canonical text, or MAC address, in lower case? */
  isOwned(address: string): boolean {
    return this.#owners.has(address);
  }

  /** Has another port than this one the IP or MAC address? */
  isSharedBy(address: string, port: PortUuid): boolean {
    return this.#owners.isSharedBy(address, port);
  }

  /** Addresses that more than one port has; MAC addresses come last. */
  *sharedAddresses(): Generator<{ readonly address: string; readonly ports: readonly ManagedPortRow[] }> {
    const shared = [...this.#owners.shared()];
    for (const [address, ports] of [
      ...shared.filter(([each]) => !isMac(each)),
      ...shared.filter(([each]) => isMac(each)),
    ]) {
      yield { address, ports: this.#rows(ports) };
    }
  }

  /**
   * Names of the switch's router ports by their IP and MAC addresses (ovn-nb(5), `router-port`), as they are whenever
   * the map is looked at.
   */
  routerAddresses(): ReadonlyMap<string, string> {
    return this.#routers.names;
  }

  /** The free addresses of a network of this switch. Those of its router ports are never free. */
  space(network: SubnetNetwork): AddressSpace {
    let key = this.#spaceKeys.get(network);
    if (key === undefined) this.#spaceKeys.set(network, (key = describeUnavailable(network)));
    let space = this.#spaces.get(key);
    if (space !== undefined) return space;
    // Which networks there are changes when somebody changes the subnets; what was asked for first is the likeliest to
    // have been replaced.
    const [oldest] = this.#spaces.keys();
    if (oldest !== undefined && this.#spaces.size >= MAX_SPACES) this.#spaces.delete(oldest);
    space = this.#makeSpace(network);
    this.#spaces.set(key, space);
    return space;
  }

  /** Counts an IP address as used although no port has it yet; once more changes nothing. MAC addresses are let pass. */
  hold(address: string): void {
    if (isMac(address) || this.#held.has(address)) return;
    this.#held.add(address);
    this.#inSpaces(address, (space, ip) => space.add(ip));
  }

  /** Ends {@link hold}. */
  unhold(address: string): void {
    if (this.#held.delete(address)) this.#inSpaces(address, (space, ip) => space.remove(ip));
  }

  #makeSpace(network: SubnetNetwork): AddressSpace {
    const space = new AddressSpace({
      cidr: network.cidr,
      unavailable: unavailableRanges(network),
      randomBytes: this.#randomBytes,
    });
    const addAll = (addresses: Iterable<string>): void => {
      for (const address of addresses) {
        const ip = readIp(address);
        if (ip !== undefined) space.add(ip);
      }
    };
    for (const addresses of this.#ports.values()) addAll(addresses);
    addAll(this.#held);
    for (const address of this.#routers.names.keys()) {
      const ip = readIp(address);
      if (ip !== undefined) space.reserve(ip);
    }
    return space;
  }

  #inSpaces(address: string, change: (space: AddressSpace, ip: Ip) => void): void {
    if (this.#spaces.size === 0) return;
    const ip = readIp(address);
    if (ip !== undefined) for (const space of this.#spaces.values()) change(space, ip);
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
    const addresses = occupiedOrPromised(row);
    this.#ports.set(uuid, addresses);
    for (const address of addresses) {
      this.#owners.add(address, uuid);
      this.#inSpaces(address, (space, ip) => space.add(ip));
    }
    this.#connect(row);
  }

  #connect({ _uuid, type, options }: ManagedPortRow): void {
    const routerPort = type === 'router' ? options['router-port'] : undefined;
    if (routerPort === undefined) this.#routers.disconnect(_uuid);
    else this.#routers.connect(_uuid, routerPort);
  }

  #drop(uuid: PortUuid): void {
    const addresses = this.#ports.get(uuid);
    if (addresses === undefined) return;
    this.#ports.delete(uuid);
    for (const address of addresses) {
      this.#owners.delete(address, uuid);
      this.#inSpaces(address, (space, ip) => space.remove(ip));
    }
    this.#routers.disconnect(uuid);
  }
}

function isMac(address: string): boolean {
  return canonicalMac(address) !== undefined;
}

/** The IP address of an address that may be a MAC address, of which the parser of IP addresses would make an error. */
function readIp(address: string): Ip | undefined {
  return isMac(address) ? undefined : tryParseIp(address);
}

/** A network as text: equal texts mean equal free addresses. */
function describeUnavailable(network: SubnetNetwork): string {
  return [network.cidr.text, ...unavailableRanges(network).map(formatIpRange)].join(' ');
}

/**
 * The addresses that a port has and, where a kept port's `addresses` were emptied or overwritten, those that its pod is
 * promised all the same.
 */
function occupiedOrPromised(row: ManagedPortRow): readonly string[] {
  const { ips, macs } = occupiedAddresses(row);
  const { [PORT_KEYS.mac]: mac, [PORT_KEYS.ip4]: ip4, [PORT_KEYS.ip6]: ip6 } = row.external_ids;
  if (mac !== undefined && macs.length === 1 && macs[0] === mac) {
    const noted = ipsOf({ ip4, ip6 });
    // The texts that the row holds anyway, rather than pieces cut out of `addresses`.
    if (noted.length === ips.length && noted.every((ip, i) => ip === ips[i])) return [mac, ...noted];
  }
  const kept = readManagedPort(row);
  if (kept === undefined) return [...macs, ...ips];
  return [...new Set([...macs, ...ips, kept.mac, ...ipsOf(kept)])];
}

/** The indexes of all switches that were asked about. */
export class SwitchIndexes {
  readonly #client: ManagerClient;
  readonly #randomBytes: RandomBytes;
  readonly #indexes = new Map<Uuid<'Logical_Switch'>, SwitchIndex>();
  readonly #stop: () => void;
  #closed = false;

  /** `randomBytes` is what addresses are chosen with; by default node:crypto. */
  constructor(client: ManagerClient, randomBytes: RandomBytes = cryptoRandomBytes) {
    this.#client = client;
    this.#randomBytes = randomBytes;
    this.#stop = client.on('batch', (batch) => this.#follow(batch));
  }

  /** The index of a switch; built when first asked for. Throws `ClosedError` once nothing keeps it up to date. */
  of(uuid: Uuid<'Logical_Switch'>): SwitchIndex {
    this.requireOpen();
    let index = this.#indexes.get(uuid);
    if (index === undefined) {
      index = new SwitchIndex(this.#client, uuid, this.#randomBytes);
      this.#indexes.set(uuid, index);
    }
    return index;
  }

  /** Throws `ClosedError` once nothing keeps the indexes up to date. */
  requireOpen(): void {
    if (this.#closed) throw new ClosedError('the manager of StatefulSet ports was closed');
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
      if (change.table === 'Logical_Switch_Port') this.#followPort(change);
      else if (change.table === 'Logical_Switch') this.#followSwitch(change);
      else if (change.table === 'Logical_Router_Port') this.#followRouterPort(change);
    }
  }

  #followSwitch(change: RowChange): void {
    const index = this.#indexes.get(change.row._uuid as Uuid<'Logical_Switch'>);
    if (index === undefined) return;
    if (change.type === 'delete') this.#indexes.delete(index.uuid);
    // One that was asked about before the replica had it, such as a switch that comes back, has none of its ports yet.
    else if (change.type === 'insert') index.portsChanged(change.row['ports'] as PortUuid[], []);
    else if (change.columns.includes('ports')) {
      const { added, removed } = setDifference(change.old, change.row, 'ports');
      index.portsChanged(added as PortUuid[], removed as PortUuid[]);
    }
  }

  /** Ports that come and go do so with a change of their switch's row. */
  #followPort(change: RowChange): void {
    if (change.type !== 'update' || !change.columns.some((column) => ADDRESS_COLUMNS.has(column))) return;
    const port = change.row._uuid as PortUuid;
    // The replica knows at once which switch has the port, however many there are. One that had it drops it by itself.
    for (const { _uuid } of this.#client.tables.Logical_Switch.findAll({ ports: [port] })) {
      this.#indexes.get(_uuid)?.portChanged(port);
    }
  }

  #followRouterPort(change: RowChange): void {
    if (change.type === 'update' && !change.columns.some((column) => ROUTER_PORT_COLUMNS.has(column))) return;
    const names = new Set([change.row['name'], change.type === 'update' ? change.old['name'] : undefined]);
    for (const name of names) {
      if (typeof name === 'string') for (const index of this.#indexes.values()) index.routerPortChanged(name);
    }
  }
}

/** Columns of a port that say which addresses it has. */
const ADDRESS_COLUMNS: ReadonlySet<string> = new Set<keyof ManagedPortRow>([
  'addresses',
  'dynamic_addresses',
  'type',
  'options',
  'external_ids',
]);

/** Columns of a router port that say which addresses it has, and for which switch ports. */
const ROUTER_PORT_COLUMNS: ReadonlySet<string> = new Set<ManagerSelection['Logical_Router_Port']>([
  'name',
  'mac',
  'networks',
]);
