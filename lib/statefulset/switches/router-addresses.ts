/**
 * The addresses of the router ports that a switch is connected to. Its ports of type `router` have none of their own:
 * what `options:router-port` names has them (ovn-nb(5)). Kept up to date from changes, at the cost of the router port
 * that changed.
 */
import { tryParseIp } from '../../ipam/address.js';
import { canonicalMac } from '../../ipam/mac.js';
import type { NorthboundTables } from '../../nb/tables.js';
import type { Row } from '../../schema/types.js';
import type { Uuid } from '../../schema/uuid.js';

/** What counts of a router port's row. */
export type RouterPortRow = Pick<Row<NorthboundTables, 'Logical_Router_Port'>, 'name' | 'mac' | 'networks'>;

/** A router port that switch ports are connected to. It may not exist, or not yet. */
interface Link {
  readonly switchPorts: Set<Uuid<'Logical_Switch_Port'>>;
  addresses: ReadonlySet<string>;
}

/** See the head of this file. */
export class RouterAddresses {
  readonly #find: (name: string) => RouterPortRow | undefined;
  readonly #onChange: (address: string, isThere: boolean) => void;
  readonly #links = new Map<string, Link>();
  readonly #linkNames = new Map<Uuid<'Logical_Switch_Port'>, string>();
  readonly #byAddress = new Map<string, string>();
  /** Where several router ports have an address: the names of the others. */
  readonly #others = new Map<string, string[]>();

  /** `onChange` is called with each IP or MAC address that comes or goes. */
  constructor(
    find: (name: string) => RouterPortRow | undefined,
    onChange: (address: string, isThere: boolean) => void,
  ) {
    this.#find = find;
    this.#onChange = onChange;
  }

  /** Names of router ports by their IP and MAC addresses, in canonical text. It follows what changes. */
  get names(): ReadonlyMap<string, string> {
    return this.#byAddress;
  }

  /** Notes that a switch port is connected to the router port of this name, and to no other. */
  connect(switchPort: Uuid<'Logical_Switch_Port'>, name: string): void {
    if (this.#linkNames.get(switchPort) === name) return;
    this.disconnect(switchPort);
    this.#linkNames.set(switchPort, name);
    const link = this.#links.get(name);
    if (link !== undefined) {
      link.switchPorts.add(switchPort);
      return;
    }
    this.#links.set(name, { switchPorts: new Set([switchPort]), addresses: new Set() });
    this.routerPortChanged(name);
  }

  /** Notes that a switch port is connected to no router port. */
  disconnect(switchPort: Uuid<'Logical_Switch_Port'>): void {
    const name = this.#linkNames.get(switchPort);
    const link = name === undefined ? undefined : this.#links.get(name);
    if (name === undefined || link === undefined) return;
    this.#linkNames.delete(switchPort);
    link.switchPorts.delete(switchPort);
    if (link.switchPorts.size > 0) return;
    this.#links.delete(name);
    for (const address of link.addresses) this.#remove(address, name);
  }

  /** Takes over that the router port of this name came, went or changed. */
  routerPortChanged(name: string): void {
    const link = this.#links.get(name);
    if (link === undefined) return;
    const before = link.addresses;
    const now = addressesOf(this.#find(name));
    link.addresses = now;
    for (const address of before) if (!now.has(address)) this.#remove(address, name);
    for (const address of now) if (!before.has(address)) this.#add(address, name);
  }

  #add(address: string, name: string): void {
    if (this.#byAddress.has(address)) {
      this.#others.set(address, [...(this.#others.get(address) ?? []), name]);
      return;
    }
    this.#byAddress.set(address, name);
    this.#onChange(address, true);
  }

  #remove(address: string, name: string): void {
    const names = [this.#byAddress.get(address), ...(this.#others.get(address) ?? [])];
    const [first, ...others] = names.filter((each) => each !== undefined && each !== name) as string[];
    if (others.length > 0) this.#others.set(address, others);
    else this.#others.delete(address);
    if (first !== undefined) {
      this.#byAddress.set(address, first);
      return;
    }
    this.#byAddress.delete(address);
    this.#onChange(address, false);
  }
}

function addressesOf(row: RouterPortRow | undefined): ReadonlySet<string> {
  const addresses = new Set<string>();
  for (const network of row?.networks ?? []) {
    const ip = tryParseIp(network.split('/')[0] ?? '');
    if (ip !== undefined) addresses.add(ip.text);
  }
  const mac = canonicalMac(row?.mac ?? '');
  if (mac !== undefined) addresses.add(mac);
  return addresses;
}
