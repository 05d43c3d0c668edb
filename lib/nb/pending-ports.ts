/**
 * What one transaction has done to ports so far. The replica shows only what is committed, so the check for
 * duplicate addresses must also know the ports and addresses that the same transaction sets.
 */
import { NamedUuid, type Uuid } from '../schema/uuid.js';

type SwitchReference = Uuid<'Logical_Switch'> | NamedUuid<'Logical_Switch'>;
type PortReference = Uuid<'Logical_Switch_Port'> | NamedUuid<'Logical_Switch_Port'>;

/** The changes to ports of one transaction. */
export class PendingPorts {
  static readonly #byTransaction = new WeakMap<object, PendingPorts>();
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #added = new Map<string, { readonly owner: string; readonly name: string }>();

  /** Those of a transaction. */
  static of(transaction: object): PendingPorts {
    let pending = this.#byTransaction.get(transaction);
    if (pending === undefined) this.#byTransaction.set(transaction, (pending = new PendingPorts()));
    return pending;
  }

  /** Notes a port that the transaction adds. */
  add(port: NamedUuid<'Logical_Switch_Port'>, owner: SwitchReference, name: string): void {
    this.#added.set(keyOf(port), { owner: keyOf(owner), name });
  }

  /** Notes the addresses that the transaction gives a port. */
  setAddresses(port: PortReference, addresses: readonly string[]): void {
    this.#addresses.set(keyOf(port), addresses);
  }

  /** The addresses that the transaction gives a port; undefined when it leaves them. */
  addressesOf(port: PortReference): readonly string[] | undefined {
    return this.#addresses.get(keyOf(port));
  }

  /** Key of the switch that a port added by the transaction is on. */
  ownerOf(port: NamedUuid<'Logical_Switch_Port'>): string | undefined {
    return this.#added.get(keyOf(port))?.owner;
  }

  /** Name of a port that the transaction adds. */
  nameOf(port: NamedUuid<'Logical_Switch_Port'>): string | undefined {
    return this.#added.get(keyOf(port))?.name;
  }

  /** The other ports that the transaction adds to a switch, with their addresses. */
  *addedTo(owner: string, except: PortReference): Generator<{ name: string; addresses: readonly string[] }> {
    for (const [key, port] of this.#added) {
      if (port.owner === owner && key !== keyOf(except)) {
        yield { name: port.name, addresses: this.#addresses.get(key) ?? [] };
      }
    }
  }
}

/** Identity of a row, whether it exists or is being inserted. */
export function keyOf(reference: string | NamedUuid): string {
  return reference instanceof NamedUuid ? `inserted ${reference.name}` : reference;
}
