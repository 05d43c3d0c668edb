/**
 * Keeps allocations on one switch apart: those of this process that are on their way to the server, and those of other
 * processes.
 *
 * Between processes: every transaction that takes addresses waits for the switch's `generation` (one key of its
 * `external_ids`) to be the one that it was planned on, and replaces it. Who comes second fails, and by then its replica
 * shows what the first one took. The value is never the same twice, even when a failed transaction is planned anew:
 * otherwise a transaction planned on a predecessor that failed could pass on a value that somebody else wrote.
 *
 * Within the process: a transaction may be planned while others are on their way. It expects the generation that the
 * last of them will leave, and stays clear of the addresses that they claim.
 */
import { randomHex } from '../../ipam/random.js';
import type { NorthboundTables } from '../../nb/tables.js';
import type { Row } from '../../schema/types.js';
import type { Transaction } from '../../transaction/builder.js';
import { FlightWrites } from './flight-writes.js';
import { KEY_PREFIX } from '../managed-port.js';
import type { ManagerSelection, SwitchIndex } from './switch-index.js';

/** Key in the `external_ids` of a Logical_Switch: changed by every transaction that takes addresses on it. */
export const GENERATION_KEY: string = `${KEY_PREFIX}generation`;

type SwitchRow = Pick<Row<NorthboundTables, 'Logical_Switch'>, ManagerSelection['Logical_Switch'] | '_uuid'>;

/** Transactions planned one upon the other: if one fails, so will all that came after it. */
interface Chain {
  broken: boolean;
}

/** One transaction on its way, from its first plan to its end. */
export class Flight {
  readonly claims: Set<string> = new Set<string>();
  /** Addresses that were picked at random, by port: a plan made anew picks the same while they are free. */
  readonly picks: Map<string, string> = new Map<string, string>();
  /** What it wrote. */
  readonly writes: FlightWrites = new FlightWrites();
  chain: Chain | undefined;
  generation: string | undefined;
  /** Others on their way whose claims kept a pod of this one from an address. */
  readonly blockers: Set<Flight> = new Set<Flight>();
  /** The one that was the last before it. */
  previous: Flight | undefined;
}

interface Landing {
  readonly landed: Promise<void>;
  readonly land: () => void;
}

/** The transactions of this process on one switch; see the head of this file. */
export class SwitchFlights {
  readonly #index: SwitchIndex;
  readonly #claims = new Map<string, { readonly port: string; readonly flight: Flight }>();
  /** Those on their way, with what to call when they have ended, where somebody waits for that. */
  readonly #landings = new Map<Flight, Landing | undefined>();
  #last: Flight | undefined;

  constructor(index: SwitchIndex) {
    this.#index = index;
  }

  /** Begins a plan, for the first time or anew after the last one failed. */
  begin(flight: Flight): void {
    if (flight.chain !== undefined) flight.chain.broken = true;
    flight.chain = undefined;
    flight.blockers.clear();
    flight.writes.begin();
    this.#release(flight);
    if (!this.#landings.has(flight)) this.#landings.set(flight, undefined);
  }

  /** Resolves when all of these have ended: whether their claims hold is known then. */
  async landed(flights: Iterable<Flight>): Promise<void> {
    await Promise.all(Array.from(flights, async (flight) => this.#landingOf(flight)?.landed));
  }

  /** Notes that what others claim leaves no address for a pod of this one. */
  noteExhausted(flight: Flight): void {
    for (const other of this.#landings.keys())
      if (other !== flight && other.claims.size > 0) flight.blockers.add(other);
  }

  /** Name of the port that a transaction on its way claims this address for, on behalf of `flight`. */
  claimant(address: string, flight: Flight): string | undefined {
    const claim = this.#claims.get(address);
    if (claim !== undefined && claim.flight !== flight) flight.blockers.add(claim.flight);
    return claim?.port;
  }

  /** Name of the port that a transaction on its way claims this address for. */
  claimedBy(address: string): string | undefined {
    return this.#claims.get(address)?.port;
  }

  /** Claims an address, which nobody has claimed, for a port until the transaction has ended. */
  claim(address: string, port: string, flight: Flight): void {
    this.#claims.set(address, { port, flight });
    flight.claims.add(address);
    this.#index.hold(address);
  }

  /** Lets the transaction pass only on the generation that it is planned on, and returns the one that it leaves. */
  guard(tx: Transaction<NorthboundTables, ManagerSelection>, row: SwitchRow, flight: Flight): string {
    const previous = this.#last?.chain?.broken === false ? this.#last : undefined;
    const expected = previous?.generation ?? row.external_ids[GENERATION_KEY];
    if (expected === undefined) tx.verify('Logical_Switch', row, ['external_ids']);
    else {
      tx.wait(
        'Logical_Switch',
        [
          ['_uuid', '==', row._uuid],
          ['external_ids', 'includes', { [GENERATION_KEY]: expected }],
        ],
        '==',
        [{ name: row.name }],
      );
    }
    flight.generation = newGeneration(expected);
    flight.chain = previous?.chain ?? { broken: false };
    flight.previous = previous;
    this.#last = flight;
    return flight.generation;
  }

  /** Ends a transaction: its claims are in the replica now, or void. */
  end(flight: Flight, succeeded: boolean): void {
    this.#release(flight);
    if (!succeeded && flight.chain !== undefined) flight.chain.broken = true;
    flight.chain = undefined;
    flight.previous = undefined;
    if (this.#last === flight) this.#last = undefined;
    this.#land(flight);
  }

  /** Takes back a transaction that was planned last and is not sent: as if it had not been planned. */
  withdraw(flight: Flight): void {
    this.#release(flight);
    if (this.#last === flight) this.#last = flight.previous;
    flight.chain = undefined;
    flight.previous = undefined;
    this.#land(flight);
  }

  #landingOf(flight: Flight): Landing | undefined {
    const known = this.#landings.get(flight);
    if (known !== undefined || !this.#landings.has(flight)) return known;
    let land = (): void => undefined;
    const landed = new Promise<void>((resolve) => (land = resolve));
    const landing = { landed, land };
    this.#landings.set(flight, landing);
    return landing;
  }

  #land(flight: Flight): void {
    this.#landings.get(flight)?.land();
    this.#landings.delete(flight);
  }

  #release(flight: Flight): void {
    for (const address of flight.claims) {
      this.#claims.delete(address);
      this.#index.unhold(address);
    }
    flight.claims.clear();
  }
}

/** A value that no generation had before: a count for people, and what makes it unique. */
export function newGeneration(former?: string): string {
  const count = Number.parseInt(former ?? '0', 10);
  return `${Number.isSafeInteger(count) ? count + 1 : 1}-${randomHex(6)}`;
}
