/** What changed last, for the live view and for the plain log. */
import { counted } from '../ports/table.js';
import { printable } from '../printable.js';
import type { WatchEvent } from './watch-event.js';

/** Something that happened. */
export interface LogEntry {
  readonly at: Date;
  /** Name of the switch, and of the port if it is about one; undefined for what is about the connection. */
  readonly where: readonly string[];
  readonly text: string;
}

/** The last entries, oldest first. */
export class ChangeLog {
  readonly #capacity: number;
  #entries: LogEntry[] = [];

  constructor(capacity = 200) {
    this.#capacity = capacity;
  }

  add(...entries: readonly LogEntry[]): void {
    this.#entries.push(...entries);
    if (this.#entries.length > 2 * this.#capacity) this.#entries = this.#entries.slice(-this.#capacity);
  }

  /** At most so many. */
  last(most: number): readonly LogEntry[] {
    return most <= 0 ? [] : this.#entries.slice(-most);
  }
}

/** An entry for each event. */
export function logEntries(events: readonly WatchEvent[], at: Date): LogEntry[] {
  return events.map(({ logicalSwitch, subject, text }) => ({
    at,
    where: subject === undefined ? [logicalSwitch] : [logicalSwitch, subject],
    text,
  }));
}

/** How many ports a batch made, changed and deleted. */
export function batchEntry(
  { insert, update, delete: deletes }: { readonly insert: number; readonly update: number; readonly delete: number },
  at: Date,
): LogEntry {
  const parts = [
    ...(insert > 0 ? [`${counted(insert, 'port')} created`] : []),
    ...(update > 0 ? [`${counted(update, 'port')} changed`] : []),
    ...(deletes > 0 ? [`${counted(deletes, 'port')} deleted`] : []),
  ];
  return { at, where: [], text: parts.join(', ') };
}

/** Time of the day, in the time zone of whoever looks. */
export function clockTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** An entry as one line of a plain log. */
export function logLine({ at, where, text }: LogEntry): string {
  return `${[at.toISOString(), ...where.map(asWord), printable(text)].join(' ')}\n`;
}

/** A name of unknown origin as one word, so that lines can be taken apart. */
function asWord(name: string): string {
  const safe = printable(name).replaceAll(' ', '\\x20');
  return safe === '' ? '""' : safe;
}
