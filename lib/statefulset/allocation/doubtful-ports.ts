import { TransactionError } from '../../transaction/transaction-error.js';
import { PortError } from '../port-error.js';

/**
 * Ports that a transaction may still delete or readdress although its call has ended, because its outcome stayed unknown.
 * It waits for the generation of the switch; so who counts on such a port changes the generation first, which keeps
 * the transaction out.
 */
export class DoubtfulPorts {
  readonly #names = new Set<string>();

  /** May a transaction that concerns the port of this name still be on its way? */
  has(port: string): boolean {
    return this.#names.has(port);
  }

  /**
   * Notes what the transactions of a call concern that ended with `error`: `last` are the ports of the one that failed,
   * `before` those of earlier ones whose outcome is unknown.
   */
  add(error: unknown, last: Iterable<string>, before: Iterable<string>): void {
    for (const port of before) this.#names.add(port);
    // A `PortError` is one of the plan, or tells that nothing was sent or put in force.
    if (error instanceof PortError || (error instanceof TransactionError && error.outcome !== 'unknown')) return;
    for (const port of last) this.#names.add(port);
  }

  /** Notes that the generation was changed since, for the ports of these names that are among them. */
  settle(ports: Iterable<string>): void {
    if (this.#names.size > 0) for (const port of ports) this.#names.delete(port);
  }
}
