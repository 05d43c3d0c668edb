/** Who has which address on which switch while the transactions of a log are gone through, and since when. */
import type { PortState } from './port-row.js';

/** One port's time with an address. */
export interface Tenure {
  readonly uuid: string;
  readonly port: PortState;
  /** Number of the transaction that gave it the address. */
  readonly since: number;
}

/** A managed port with an address that another port had before it, while both have it. */
export interface Conflict {
  readonly logicalSwitch: string;
  readonly address: string;
  readonly managed: Tenure;
  /** A port that no manager made. */
  readonly foreign: Tenure;
  /** The operation that gave the managed port the address. */
  readonly operation: string | undefined;
  /** When one of them lost it, in milliseconds since 1970; undefined while it lasts. */
  endedAt: number | undefined;
}

type Holders = Map<string, Tenure>;

/** See the head of this file. */
export class Occupancy {
  /** By switch and address, the holders by uuid. */
  readonly #holders = new Map<string, Holders>();
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #standing = new Map<string, Conflict>();
  /** Every time that a managed port took an address which a foreign port had already. */
  readonly conflicts: Conflict[] = [];
  /** Managed ports of which a foreign port has or had an address at the same time, whoever was first. */
  readonly contested = new Set<string>();

  /** Takes over what a port has from now on; returns the addresses that are new to it. */
  set(
    uuid: string,
    logicalSwitch: string,
    port: PortState,
    since: number,
    earlier: ReadonlyMap<string, number>,
  ): string[] {
    const keys = [...port.ips, ...port.macs].map((address) => `${logicalSwitch} ${address}`);
    const before = this.#addresses.get(uuid) ?? [];
    const added = keys.filter((key) => !before.includes(key));
    this.#addresses.set(uuid, keys);
    for (const key of keys) {
      const holders = this.#holders.get(key) ?? new Map<string, Tenure>();
      this.#holders.set(key, holders);
      const [, address = ''] = key.split(' ');
      holders.set(uuid, { uuid, port, since: holders.get(uuid)?.since ?? earlier.get(address) ?? since });
    }
    return added.map((key) => key.slice(logicalSwitch.length + 1));
  }

  /** Ends what a port has and no longer is to have. */
  end(uuid: string, logicalSwitch: string, port: PortState | undefined, date: number): void {
    const keys = port === undefined ? [] : [...port.ips, ...port.macs].map((address) => `${logicalSwitch} ${address}`);
    const before = this.#addresses.get(uuid) ?? [];
    for (const key of before) {
      if (keys.includes(key)) continue;
      this.#holders.get(key)?.delete(uuid);
      for (const [id, conflict] of this.#standing) {
        if (!id.startsWith(`${key} `) || (conflict.managed.uuid !== uuid && conflict.foreign.uuid !== uuid)) continue;
        conflict.endedAt = date;
        this.#standing.delete(id);
      }
    }
    this.#addresses.set(
      uuid,
      before.filter((key) => keys.includes(key)),
    );
  }

  /** Those who have an address. */
  holders(logicalSwitch: string, address: string): Tenure[] {
    return [...(this.#holders.get(`${logicalSwitch} ${address}`)?.values() ?? [])];
  }

  /** Notes the conflicts that a port has brought about by taking an address. */
  noteConflicts(uuid: string, logicalSwitch: string, address: string, operation: string | undefined): void {
    const all = this.holders(logicalSwitch, address);
    if (all.some(({ port }) => port.owner === undefined)) {
      for (const { uuid: holder, port } of all) if (port.owner !== undefined) this.contested.add(holder);
    }
    const managed = all.find((holder) => holder.uuid === uuid);
    if (managed?.port.owner === undefined) return;
    for (const foreign of all) {
      if (foreign.port.owner !== undefined || foreign.since >= managed.since) continue;
      const id = `${logicalSwitch} ${address} ${uuid} ${foreign.uuid}`;
      if (this.#standing.has(id)) continue;
      const conflict = { logicalSwitch, address, managed, foreign, operation, endedAt: undefined };
      this.#standing.set(id, conflict);
      this.conflicts.push(conflict);
    }
  }

  /** How many IP addresses of a switch that `counts` are held. */
  held(logicalSwitch: string, counts: (ip: string) => boolean): number {
    let count = 0;
    for (const [key, holders] of this.#holders) {
      const [name, address = ''] = key.split(' ');
      if (name === logicalSwitch && holders.size > 0 && counts(address)) count++;
    }
    return count;
  }

  /** Addresses that several ports have now: `switch address` with the names of the ports. */
  shared(): Map<string, string[]> {
    const shared = new Map<string, string[]>();
    for (const [key, holders] of this.#holders) {
      if (holders.size > 1) shared.set(key, Array.from(holders.values(), ({ port }) => port.name).sort());
    }
    return shared;
  }
}
