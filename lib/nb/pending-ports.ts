/**
 * What one transaction has done to switches and ports so far. The replica shows only what is committed, so the
 * commands look here as well: for names that the transaction has given or freed, and for the addresses that it sets.
 */
import { NamedUuid, type Uuid } from '../schema/uuid.js';

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

/** The changes to switches and ports of one transaction. */
export class PendingPorts {
  static readonly #byTransaction = new WeakMap<object, PendingPorts>();
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #types = new Map<string, string>();
  readonly #added = new Map<string, AddedPort>();
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
  }

  /** The port of this name that the transaction adds. */
  addedNamed(name: string): AddedPort | undefined {
    for (const added of this.#added.values()) if (added.name === name) return added;
    return undefined;
  }

  /** What is known of a port that the transaction adds. */
  addedAs(port: NewPort): AddedPort | undefined {
    return this.#added.get(keyOf(port));
  }

  /** Notes rows that the transaction deletes, or that go with those. */
  delete(...uuids: readonly string[]): void {
    for (const uuid of uuids) this.#deleted.add(uuid);
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

  /** The other ports that the transaction adds to a switch, with their addresses. */
  *addedTo(owner: SwitchReference, except: PortReference): Generator<{ name: string; addresses: readonly string[] }> {
    for (const [key, { owner: other, name }] of this.#added) {
      if (keyOf(other) === keyOf(owner) && key !== keyOf(except)) {
        yield { name, addresses: this.#addresses.get(key) ?? [] };
      }
    }
  }
}

/** Identity of a row, whether it exists or is being inserted. */
export function keyOf(reference: string | NamedUuid): string {
  return reference instanceof NamedUuid ? `inserted ${reference.name}` : reference;
}
