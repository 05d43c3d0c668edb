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

interface Changed extends FormerPlace {
  readonly uuid: string;
}

/** Ports that runs created, with their MAC addresses, and names of those that they changed. */
export interface WrittenPorts {
  readonly created: ReadonlyMap<string, string>;
  readonly changed: readonly string[];
}

/** Tells the uuid of a port that a run created, by name; undefined while the outcome is unknown. */
type UuidOf = (port: string) => string | undefined;

/** What one run writes. Most runs write one kind of thing, and many are of one port, so nothing is made in advance. */
class Run {
  /** MAC addresses by name of port. */
  created: Map<string, string> | undefined;
  changed: Map<string, Changed> | undefined;
  /** Uuids. */
  adopted: Set<string> | undefined;
}

/** See the head of this file. */
export class FlightWrites {
  /** The present run, once it writes something. */
  #run: Run | undefined;
  /** Runs that were kept. What a later one wrote of a port counts. */
  readonly #kept: { readonly run: Run; readonly uuidOf: UuidOf }[] = [];

  /** Begins a run: one before it that was not kept has failed. */
  begin(): void {
    this.#run = undefined;
  }

  /** Notes that the present run creates the port of this name. */
  noteCreated(port: string, mac: string): void {
    const run = (this.#run ??= new Run());
    (run.created ??= new Map<string, string>()).set(port, mac);
  }

  /** Notes that the present run gives the port of this name, with this uuid, other addresses. */
  noteChanged(port: string, uuid: string, former: FormerPlace): void {
    const run = (this.#run ??= new Run());
    (run.changed ??= new Map<string, Changed>()).set(port, { ...former, uuid });
  }

  /** Notes that the present run takes over the port with this uuid. */
  noteAdopted(uuid: string): void {
    const run = (this.#run ??= new Run());
    (run.adopted ??= new Set<string>()).add(uuid);
  }

  /** The present run is in force, or may be; `uuidOf` tells what it created, where that is known. */
  keep(uuidOf: UuidOf = () => undefined): void {
    if (this.#run !== undefined) this.#kept.push({ run: this.#run, uuidOf });
    this.begin();
  }

  /** What the present run writes. */
  get present(): WrittenPorts {
    return writtenBy(this.#run === undefined ? [] : [this.#run]);
  }

  /** What runs wrote that were kept. */
  get kept(): WrittenPorts {
    return writtenBy(this.#kept.map(({ run }) => run));
  }

  /** Was the port, as it is now, created by a run that was kept? */
  hasCreated(port: string, mac: string, uuid: string | undefined): boolean {
    const kept = this.#kept.findLast(({ run }) => run.created?.has(port) === true);
    if (kept?.run.created?.get(port) !== mac) return false;
    const created = kept.uuidOf(port);
    return created === undefined || created === uuid;
  }

  /** Did a run that was kept take over the port with this uuid? */
  hasAdopted(uuid: string | undefined): boolean {
    return uuid !== undefined && this.#kept.some(({ run }) => run.adopted?.has(uuid) === true);
  }

  /** What the port had before a run that was kept, if one changed it. */
  former(port: string, uuid: string | undefined): FormerPlace | undefined {
    const changed = this.#kept.findLast(({ run }) => run.changed?.has(port) === true)?.run.changed?.get(port);
    return changed?.uuid === uuid ? changed : undefined;
  }
}

function writtenBy(runs: readonly Run[]): WrittenPorts {
  const created = new Map<string, string>();
  const changed = new Set<string>();
  for (const run of runs) {
    for (const [port, mac] of run.created ?? []) created.set(port, mac);
    for (const port of run.changed?.keys() ?? []) changed.add(port);
  }
  return { created, changed: [...changed] };
}
