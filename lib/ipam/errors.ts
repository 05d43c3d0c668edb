import { OvsdbError, printValue } from '../errors.js';

/** A text is not the IP address, CIDR, range or MAC that it should be. Code `InvalidAddress`. */
export class AddressError extends OvsdbError {
  /** The text as it was given. */
  readonly text: string;
  /** What is wrong with it, in words, for example `not an IPv4 address: 300 is above 255`. */
  readonly reason: string;

  constructor(text: string, reason: string) {
    super('InvalidAddress', `${printValue(text)}: ${reason}`);
    this.text = text;
    this.reason = reason;
  }
}

/** One thing that is wrong with a pool. */
export interface PoolFault {
  /** Position of the entry in the pool's text, counted from 0. */
  readonly index: number;
  /** The entry as it was written, without the blanks around it. */
  readonly token: string;
  /** What is wrong with it, in words. */
  readonly reason: string;
}

// A pool may hold tens of thousands of entries; a message must stay readable in a log.
const MAX_FAULTS_IN_MESSAGE = 50;

/** A pool of addresses breaks its grammar. Nothing was taken from it. Code `InvalidPool`. */
export class InvalidPoolError extends OvsdbError {
  /** Every fault found, in the order of the pool's text; the message shows the first fifty. */
  readonly faults: readonly PoolFault[];

  /** @param what - names the pool in the message, for example `ip_pool of product/web` */
  constructor(what: string, faults: readonly PoolFault[]) {
    const shown = faults.slice(0, MAX_FAULTS_IN_MESSAGE);
    const list = shown.map(({ index, token, reason }) => `entry ${index} ${printValue(token)}: ${reason}`).join('; ');
    const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more (see faults)` : '';
    super('InvalidPool', `${what} is not valid: ${list}${more}`);
    this.faults = faults;
  }
}
