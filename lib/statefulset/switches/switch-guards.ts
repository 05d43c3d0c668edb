/** The guards of one transaction that concerns several switches; see `switch-flights.ts`. */
import type { Uuid } from '../../schema/uuid.js';
import type { Places } from './places.js';
import type { ManagerTransaction } from '../allocation/port-transactions.js';
import { Flight, type SwitchFlights } from './switch-flights.js';

/** A switch that a transaction is guarded on. */
export interface GuardedSwitch {
  readonly flights: SwitchFlights;
  readonly flight: Flight;
  /** What the transaction must make the switch's generation. */
  readonly generation: string;
}

/** See the head of this file. */
export class SwitchGuards {
  readonly #places: Places;
  readonly #guarded = new Map<Uuid<'Logical_Switch'>, GuardedSwitch>();

  constructor(places: Places) {
    this.#places = places;
  }

  /** Lets the transaction pass only on the generation of this switch that it is planned on; undefined when it is gone. */
  guard(tx: ManagerTransaction, logicalSwitch: Uuid<'Logical_Switch'>): GuardedSwitch | undefined {
    const known = this.#guarded.get(logicalSwitch);
    const row = tx.tables.Logical_Switch.get(logicalSwitch);
    if (known !== undefined || row === undefined) return known;
    const flights = this.#places.flightsOn(logicalSwitch);
    const flight = new Flight();
    flights.begin(flight);
    const guarded = { flights, flight, generation: flights.guard(tx, row, flight) };
    this.#guarded.set(logicalSwitch, guarded);
    return guarded;
  }

  /** Ends them all: the transaction was committed, or failed, or is planned anew. */
  end(succeeded: boolean): void {
    for (const { flights, flight } of this.#guarded.values()) flights.end(flight, succeeded);
    this.#guarded.clear();
  }

  /** Takes them all back: the transaction is not sent. */
  withdraw(): void {
    for (const { flights, flight } of [...this.#guarded.values()].reverse()) flights.withdraw(flight);
    this.#guarded.clear();
  }
}
