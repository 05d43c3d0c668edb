import type { Uuid } from '../../schema/uuid.js';

type PortUuid = Uuid<'Logical_Switch_Port'>;

/** Ports by the addresses that they have. An address nearly always has one owner, which needs no set. */
export class AddressOwners {
  readonly #owners = new Map<string, PortUuid | Set<PortUuid>>();

  /** Notes that a port has an address; once more changes nothing. */
  add(address: string, owner: PortUuid): void {
    const present = this.#owners.get(address);
    if (present === undefined) this.#owners.set(address, owner);
    else if (typeof present === 'object') present.add(owner);
    else if (present !== owner) this.#owners.set(address, new Set([present, owner]));
  }

  /** Notes that a port does not have an address any more. */
  delete(address: string, owner: PortUuid): void {
    const present = this.#owners.get(address);
    if (present === owner) this.#owners.delete(address);
    else if (typeof present === 'object' && present.delete(owner) && present.size === 0) this.#owners.delete(address);
  }

  /** Has any port this address? */
  has(address: string): boolean {
    return this.#owners.has(address);
  }

  /** The ports that have an address. */
  get(address: string): Iterable<PortUuid> {
    const present = this.#owners.get(address) ?? [];
    return typeof present === 'string' ? [present] : present;
  }

  /** Has a port this address beside the one given? */
  isSharedBy(address: string, owner: PortUuid): boolean {
    const present = this.#owners.get(address);
    if (typeof present !== 'object') return present !== undefined && present !== owner;
    return present.size > (present.has(owner) ? 1 : 0);
  }

  /** The addresses that more than one port has. */
  *shared(): Generator<[address: string, owners: readonly PortUuid[]]> {
    for (const [address, owners] of this.#owners) {
      if (typeof owners === 'object' && owners.size > 1) yield [address, [...owners]];
    }
  }
}
