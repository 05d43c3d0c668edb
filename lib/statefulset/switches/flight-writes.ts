/**
 * What the runs of one transaction wrote. A run that failed for certain wrote nothing: if its ports are there all the
 * same, somebody else made them. One that succeeded, or whose outcome is unknown, may be why they are there.
 */
import type { Uuid } from '../../schema/uuid.js';
import type { PortAddresses } from '../managed-port.js';

/** What a port had before a transaction changed it. */
export interface FormerPlace {
  readonly addresses: PortAddresses;
  /** The switch that the port was on, where that is another one. */
  readonly from: Uuid<'Logical_Switch'> | undefined;
}

interface Created {
  readonly mac: string;
  /** Undefined while the outcome is unknown. */
  readonly uuid: string | undefined;
}

interface Changed extends FormerPlace {
  readonly uuid: string;
}

/** Ports that runs created, with their MAC addresses, and names of those that they changed. */
export interface WrittenPorts {
  readonly created: ReadonlyMap<string, string>;
  readonly changed: readonly string[];
}

/** See the head of this file. */
export class FlightWrites {
  readonly #created = new Map<string, Created>();
  readonly #former = new Map<string, Changed>();
  /** Uuids. */
  readonly #adopted = new Set<string>();
  /** Of the present run. */
  readonly #creating = new Map<string, string>();
  readonly #changing = new Map<string, Changed>();
  readonly #adopting = new Set<string>();

  /** Begins a run: one before it that was not kept has failed. */
  begin(): void {
    this.#creating.clear();
    this.#changing.clear();
    this.#adopting.clear();
  }

  /** Notes that the present run creates the port of this name. */
  noteCreated(port: string, mac: string): void {
    this.#creating.set(port, mac);
  }

  /** Notes that the present run gives the port of this name, with this uuid, other addresses. */
  noteChanged(port: string, uuid: string, former: FormerPlace): void {
    this.#changing.set(port, { ...former, uuid });
  }

  /** Notes that the present run takes over the port with this uuid. */
  noteAdopted(uuid: string): void {
    this.#adopting.add(uuid);
  }

  /** The present run is in force, or may be; `uuidOf` tells what it created, where that is known. */
  keep(uuidOf: (port: string) => string | undefined = () => undefined): void {
    for (const [port, mac] of this.#creating) this.#created.set(port, { mac, uuid: uuidOf(port) });
    for (const [port, former] of this.#changing) this.#former.set(port, former);
    for (const uuid of this.#adopting) this.#adopted.add(uuid);
    this.begin();
  }

  /** What the present run writes. */
  get present(): WrittenPorts {
    return { created: this.#creating, changed: [...this.#changing.keys()] };
  }

  /** What runs wrote that were kept. */
  get kept(): WrittenPorts {
    const created = new Map(Array.from(this.#created, ([port, { mac }]) => [port, mac]));
    return { created, changed: [...this.#former.keys()] };
  }

  /** Was the port, as it is now, created by a run that was kept? */
  hasCreated(port: string, mac: string, uuid: string | undefined): boolean {
    const created = this.#created.get(port);
    return created?.mac === mac && (created.uuid === undefined || created.uuid === uuid);
  }

  /** Did a run that was kept take over the port with this uuid? */
  hasAdopted(uuid: string | undefined): boolean {
    return uuid !== undefined && this.#adopted.has(uuid);
  }

  /** What the port had before a run that was kept, if one changed it. */
  former(port: string, uuid: string | undefined): FormerPlace | undefined {
    const changed = this.#former.get(port);
    return changed?.uuid === uuid ? changed : undefined;
  }
}
