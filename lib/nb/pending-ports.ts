/**
 * What one transaction has done to switches and ports so far. The replica shows only what is committed, so the
 * commands look here as well: for names that the transaction has given or freed, and for the addresses that it sets.
 */
import { NamedUuid, type Uuid } from '../schema/uuid.js';
import { SwitchOccupancy } from './switch-occupancy.js';

type NewSwitch = NamedUuid<'Logical_Switch'>;
type NewPort = NamedUuid<'Logical_Switch_Port'>;
type SwitchReference = Uuid<'Logical_Switch'> | NewSwitch;
type PortReference = Uuid<'Logical_Switch_Port'> | NewPort;

/** A port that the transaction adds. */
export interface AddedPort {
  readonly port: NewPort;
  readonly owner: SwitchReference;
  readonly name: string;
  readonly parent: string | undefined;
  readonly tag: number | undefined;
}

/** Identity and name of a port, and its IP addresses. */
export type PortAddresses = readonly [port: string, name: string, ips: readonly string[]];

/** The changes to switches and ports of one transaction. */
export class PendingPorts {
  static readonly #byTransaction = new WeakMap<object, PendingPorts>();
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #types = new Map<string, string>();
  readonly #added = new Map<string, AddedPort>();
  readonly #addedByName = new Map<string, AddedPort>();
  readonly #lookedThrough = new Set<string>();
  readonly #occupancies = new Map<string, SwitchOccupancy>();
  readonly #addedSwitches = new Map<string, NewSwitch>();
  readonly #deleted = new Set<string>();

  /** Those of a transaction. */
  static of(transaction: object): PendingPorts {
    let pending = this.#byTransaction.get(transaction);
    if (pending === undefined) this.#byTransaction.set(transaction, (pending = new PendingPorts()));
    return pending;
  }

  /** Does the transaction delete this switch or port? False for a reader that is no transaction. */
  static deletes(reader: object, uuid: string): boolean {
    const pending = this.#byTransaction.get(reader);
    return pending !== undefined && pending.#deleted.has(uuid);
  }

  /** Notes a switch that the transaction adds. */
  addSwitch(added: NewSwitch, name: string): void {
    this.#addedSwitches.set(name, added);
  }

  /** The switch of this name that the transaction adds. */
  addedSwitch(name: string): NewSwitch | undefined {
    return this.#addedSwitches.get(name);
  }

  /** Notes a port that the transaction adds. */
  add(added: AddedPort): void {
    this.#added.set(keyOf(added.port), added);
    this.#addedByName.set(added.name, added);
  }

  /** The port of this name that the transaction adds. */
  addedNamed(name: string): AddedPort | undefined {
    return this.#addedByName.get(name);
  }

  /** Notes that a port which the transaction adds is deleted by it again. */
  takeBack({ port, name }: AddedPort): void {
    this.#added.delete(keyOf(port));
    this.#addedByName.delete(name);
    this.delete(keyOf(port));
  }

  /** Notes that the transaction deletes a switch, and so the ports that it adds to it. */
  deleteSwitch(reference: SwitchReference): void {
    this.delete(keyOf(reference));
    for (const [name, added] of this.#addedSwitches) if (added === reference) this.#addedSwitches.delete(name);
    for (const added of [...this.#added.values()]) if (keyOf(added.owner) === keyOf(reference)) this.takeBack(added);
  }

  /** What is known of a port that the transaction adds. */
  addedAs(port: NewPort): AddedPort | undefined {
    return this.#added.get(keyOf(port));
  }

  /** Notes rows that the transaction deletes, or that go with those. */
  delete(...uuids: readonly string[]): void {
    for (const uuid of uuids) {
      this.#deleted.add(uuid);
      for (const occupancy of this.#occupancies.values()) occupancy.delete(uuid);
    }
  }

  /** Notes the addresses that the transaction gives a port. */
  setAddresses(port: PortReference, addresses: readonly string[]): void {
    this.#addresses.set(keyOf(port), addresses);
  }

  /** Notes the type that the transaction gives a port. */
  setType(port: PortReference, type: string): void {
    this.#types.set(keyOf(port), type);
  }

  /** The type that the transaction gives a port; undefined when it leaves it. */
  typeOf(port: PortReference): string | undefined {
    return this.#types.get(keyOf(port));
  }

  /** The addresses that the transaction gives a port; undefined when it leaves them. */
  addressesOf(port: PortReference): readonly string[] | undefined {
    return this.#addresses.get(keyOf(port));
  }

  /** The ports that the transaction adds to a switch, by identity. */
  *addedTo(owner: SwitchReference): Generator<[port: string, added: AddedPort]> {
    for (const [key, added] of this.#added) if (keyOf(added.owner) === keyOf(owner)) yield [key, added];
  }

  /**
   * Who has which address of a switch; `ports` says it the first time. Undefined when it is asked for only once so far:
   * most transactions concern one port, and to look through the others is cheaper than to make an index of them.
   */
  occupancy(owner: SwitchReference, ports: () => Iterable<PortAddresses>): SwitchOccupancy | undefined {
    const key = keyOf(owner);
    const known = this.#occupancies.get(key);
    if (known !== undefined) return known;
    if (!this.#lookedThrough.has(key)) {
      this.#lookedThrough.add(key);
      return undefined;
    }
    const made = new SwitchOccupancy();
    for (const [port, name, ips] of ports()) made.set(port, name, ips);
    this.#occupancies.set(key, made);
    return made;
  }
}

/** Identity of a row, whether it exists or is being inserted. */
export function keyOf(reference: string | NamedUuid): string {
  return reference instanceof NamedUuid ? `inserted ${reference.name}` : reference;
}
