import type { Uuid } from '../../schema/uuid.js';
import { TransactionError } from '../../transaction/transaction-error.js';
import { PortError } from '../port-error.js';
import type { FlightWrites, WrittenPorts } from '../switches/flight-writes.js';

type SwitchUuid = Uuid<'Logical_Switch'>;
type Created = WrittenPorts['created'];

/**
 * Ports that a transaction may still change or make although its call has ended, because its outcome stayed unknown. It
 * waits for the generation of the switch; so who counts on such a port, or on there being none, changes the generation
 * first, which keeps the transaction out.
 */
export class DoubtfulPorts {
  readonly #changing = new Set<string>();
  readonly #making = new Map<string, { readonly mac: string; readonly logicalSwitch: SwitchUuid }>();

  /** True while there is none. */
  get isEmpty(): boolean {
    return this.#changing.size === 0 && this.#making.size === 0;
  }

  /** May a transaction that deletes or readdresses the port of this name still be on its way? */
  has(port: string): boolean {
    return this.#changing.has(port);
  }

  /** Names and switches of the ports that may still be made, of those with names that are meant. */
  making(isMeant: (port: string) => boolean): [port: string, logicalSwitch: SwitchUuid][] {
    return Array.from(this.#making, ([port, { logicalSwitch }]): [string, SwitchUuid] => [port, logicalSwitch]).filter(
      ([port]) => isMeant(port),
    );
  }

  /**
   * Notes which ports the transactions of a call delete or readdress that ended with `error`: `last` are those of the one
   * that failed, `before` those of earlier ones whose outcome is unknown.
   */
  addChanging(error: unknown, last: Iterable<string>, before: Iterable<string>): void {
    for (const port of inDoubt(error, last, before)) this.#changing.add(port);
  }

  /** Notes likewise which ports they make on a switch. */
  addMaking(error: unknown, last: Created, before: Created, logicalSwitch: SwitchUuid): void {
    for (const [port, mac] of inDoubt(error, last, before)) this.#making.set(port, { mac, logicalSwitch });
  }

  /** Has the writes of another call count those of these ports as its own that may have been made. */
  handOver(ports: Iterable<string>, writes: FlightWrites): void {
    if (this.#making.size === 0) return;
    for (const port of ports) {
      const made = this.#making.get(port);
      if (made !== undefined) writes.noteCreated(port, made.mac);
    }
    writes.keep();
  }

  /** Notes that the generation was changed since, for the ports of these names that are changed. */
  settleChanging(ports: Iterable<string>): void {
    if (this.#changing.size > 0) for (const port of ports) this.#changing.delete(port);
  }

  /** Notes that the ports of these names are there, or that the generation was changed since. */
  settleMaking(ports: Iterable<string>): void {
    if (this.#making.size > 0) for (const port of ports) this.#making.delete(port);
  }
}

function inDoubt<T>(error: unknown, last: Iterable<T>, before: Iterable<T>): T[] {
  // A `PortError` is one of the plan, or tells that nothing was sent or put in force.
  const isCertain = error instanceof PortError || (error instanceof TransactionError && error.outcome !== 'unknown');
  return isCertain ? [...before] : [...before, ...last];
}
