/** Where the ports of StatefulSets belong, with what the manager keeps in memory about each switch. */
import type { Pool } from '../../ipam/pool.js';
import type { Subnet } from '../../ipam/subnet.js';
import type { Uuid } from '../../schema/uuid.js';
import { describeSubnet, findSite, readPool, type NamespaceSubnets, type Site } from './site.js';
import { SubnetMemory } from './subnet-memory.js';
import { SwitchFlights } from './switch-flights.js';
import { SwitchIndexes, type ManagerClient, type SwitchIndex } from './switch-index.js';
import type { Workload } from '../workload.js';

/** StatefulSets whose pools are kept in their parsed form. */
const MAX_POOLS = 1000;

/** A switch with its subnet for one namespace, the index of its addresses, and what is on its way to it. */
export interface Place {
  readonly site: Site;
  readonly index: SwitchIndex;
  readonly flights: SwitchFlights;
}

/** See the head of this file. */
export class Places {
  readonly indexes: SwitchIndexes;
  readonly #client: ManagerClient;
  readonly #subnets: NamespaceSubnets;
  readonly #strictExclude: boolean;
  readonly #memory = new SubnetMemory();
  readonly #flights = new WeakMap<SwitchIndex, SwitchFlights>();
  readonly #pools = new Map<
    string,
    { readonly text: string; readonly subnet: Subnet; readonly pool: Pool | undefined }
  >();

  constructor(client: ManagerClient, subnets: NamespaceSubnets, strictExclude: boolean) {
    this.#client = client;
    this.#subnets = subnets;
    this.#strictExclude = strictExclude;
    this.indexes = new SwitchIndexes(client);
  }

  /** The place of a StatefulSet's ports. Throws `PortError` as `findSite`. */
  of(workload: Workload): Place {
    const site = findSite(this.#client, this.#subnets, workload, this.#memory);
    const { _uuid } = site.logicalSwitch;
    return { site, index: this.indexes.of(_uuid), flights: this.flightsOn(_uuid) };
  }

  /** The transactions of this process on a switch. */
  flightsOn(logicalSwitch: Uuid<'Logical_Switch'>): SwitchFlights {
    const index = this.indexes.of(logicalSwitch);
    let flights = this.#flights.get(index);
    if (flights === undefined) this.#flights.set(index, (flights = new SwitchFlights(index)));
    return flights;
  }

  /**
   * The pool of a StatefulSet; read again when it, or its subnet, is another one than the last time. Throws `PortError` as
   * `readPool`.
   */
  pool(workload: Workload, site: Site): Pool | undefined {
    if (workload.pool === undefined) return undefined;
    const { subnet } = site;
    const known = this.#pools.get(workload.key);
    // The texts apart: a long pool that is the same string object is compared at once.
    if (known?.text === workload.pool && isSameSubnet(known.subnet, subnet)) return known.pool;
    const pool = readPool(workload, site, this.#strictExclude);
    const [oldest] = this.#pools.keys();
    if (oldest !== undefined && this.#pools.size >= MAX_POOLS) this.#pools.delete(oldest);
    this.#pools.set(workload.key, { text: workload.pool, subnet, pool });
    return pool;
  }

  /** Forgets the pool of a StatefulSet (`namespace/name`). */
  forgetPool(statefulSet: string): void {
    this.#pools.delete(statefulSet);
  }

  /** Throws `ClosedError` once nothing keeps up to date what is known of the switches. */
  requireOpen(): void {
    this.indexes.requireOpen();
  }

  /** Stops following the replica. */
  close(): void {
    this.indexes.close();
  }
}

function isSameSubnet(a: Subnet, b: Subnet): boolean {
  return a === b || describeSubnet(a) === describeSubnet(b);
}
