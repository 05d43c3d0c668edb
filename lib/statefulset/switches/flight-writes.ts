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

/** What one run writes. Most runs write one kind of thing. */
class Run {
  /** MAC addresses by name of port. */
  readonly created = new Map<string, string>();
  readonly changed = new Map<string, Changed>();
  /** Uuids. */
  readonly adopted = new Set<string>();
}

/** What runs wrote that were kept. */
class Kept {
  readonly created = new Map<string, Created>();
  readonly former = new Map<string, Changed>();
  /** Uuids. */
  readonly adopted = new Set<string>();
}

const NOTHING: WrittenPorts = { created: new Map(), changed: [] };

/** See the head of this file. */
export class FlightWrites {
  /** The present run, once it writes something. */
  #run: Run | undefined;
  #kept: Kept | undefined;

  /** Begins a run: one before it that was not kept has failed. */
  begin(): void {
    this.#run = undefined;
  }

  /** Notes that the present run creates the port of this name. */
  noteCreated(port: string, mac: string): void {
    (this.#run ??= new Run()).created.set(port, mac);
  }

  /** Notes that the present run gives the port of this name, with this uuid, other addresses. */
  noteChanged(port: string, uuid: string, former: FormerPlace): void {
    (this.#run ??= new Run()).changed.set(port, { ...former, uuid });
  }

  /** Notes that the present run takes over the port with this uuid. */
  noteAdopted(uuid: string): void {
    (this.#run ??= new Run()).adopted.add(uuid);
  }

  /** The present run is in force, or may be; `uuidOf` tells what it created, where that is known. */
  keep(uuidOf: (port: string) => string | undefined = () => undefined): void {
    const run = this.#run;
    if (run === undefined) return;
    const kept = (this.#kept ??= new Kept());
    for (const [port, mac] of run.created) kept.created.set(port, { mac, uuid: uuidOf(port) });
    for (const [port, former] of run.changed) kept.former.set(port, former);
    for (const uuid of run.adopted) kept.adopted.add(uuid);
    this.begin();
  }

  /** What the present run writes. */
  get present(): WrittenPorts {
    const run = this.#run;
    return run === undefined ? NOTHING : { created: run.created, changed: [...run.changed.keys()] };
  }

  /** What runs wrote that were kept. */
  get kept(): WrittenPorts {
    const kept = this.#kept;
    if (kept === undefined) return NOTHING;
    const created = new Map(Array.from(kept.created, ([port, { mac }]) => [port, mac]));
    return { created, changed: [...kept.former.keys()] };
  }

  /** Was the port, as it is now, created by a run that was kept? */
  hasCreated(port: string, mac: string, uuid: string | undefined): boolean {
    const created = this.#kept?.created.get(port);
    return created?.mac === mac && (created.uuid === undefined || created.uuid === uuid);
  }

  /** Did a run that was kept take over the port with this uuid? */
  hasAdopted(uuid: string | undefined): boolean {
    return uuid !== undefined && this.#kept?.adopted.has(uuid) === true;
  }

  /** What the port had before a run that was kept, if one changed it. */
  former(port: string, uuid: string | undefined): FormerPlace | undefined {
    const changed = this.#kept?.former.get(port);
    return changed?.uuid === uuid ? changed : undefined;
  }
}
