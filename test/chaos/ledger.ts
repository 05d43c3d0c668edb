/**
 * What the database must hold after all that the writers did, and how their writes went. Nothing in here is read
 * from a replica or a server.
 */
import type { Uuid } from '../../lib/schema/uuid.js';

/** A port as its writer knows it. */
export interface LedgerPort {
  readonly uuid: Uuid<'Logical_Switch_Port'>;
  readonly name: string;
  /** What its `external_ids:value` was last set to. */
  value: string;
  /**
   * True when a copy of its insert, or of a transaction that this port keeps from succeeding, may still be under way:
   * it must then never be deleted, or that copy could succeed.
   */
  pinned: boolean;
}

export const WRITES = ['insert', 'update', 'count', 'increment', 'once', 'delete', 'doomed'] as const;
export type Write = (typeof WRITES)[number];

/**
 * How a write went in the end. Those that begin with `unknown` had an unknown outcome first; then a further copy was
 * refused because the lost one had been done, was itself done, or was refused like the lost one. The last must not be.
 */
export const ENDS = [
  'acknowledged',
  'failed',
  'not sent',
  'unknown, was done',
  'unknown, done again',
  'unknown, refused',
  'failed, was done',
] as const;
export type End = (typeof ENDS)[number];

/** Is the write in the database? */
export function isDone(end: End): boolean {
  return (
    end === 'acknowledged' || end === 'unknown, was done' || end === 'unknown, done again' || end === 'failed, was done'
  );
}

/** See the head of this file. */
export class Ledger {
  readonly ports = new Map<string, LedgerPort>();
  /** Uuids of the rows that came with counts and are still there; the counter must be at `counted`. */
  readonly counts = new Set<string>();
  counted = 0;
  /** What the counts of the lanes must be, by the uuid of the lane's row. */
  readonly increments = new Map<string, number>();
  /** What the counter must be at that is raised with a fence. */
  once = 0;
  /** Rows that must not be there, with the reason. */
  readonly absent = new Map<string, string>();
  /** How writes went. */
  readonly ends: Record<End, number> = Object.fromEntries(ENDS.map((end) => [end, 0])) as Record<End, number>;
  readonly writes: Record<Write, number> = Object.fromEntries(WRITES.map((write) => [write, 0])) as Record<
    Write,
    number
  >;
  /** How often an outcome was unknown, further attempts included. */
  unknowns = 0;
  /** Definite failures of writes that ought to succeed: in a cluster that loses its leader, some do not. */
  readonly refusals: string[] = [];
  /** Breaches of what the library promises. */
  readonly violations: string[] = [];
  #lastDoneAt = performance.now();
  #longestGapMs = 0;

  /** Notes how a write went. */
  end(write: Write, end: End): void {
    this.ends[end]++;
    this.writes[write]++;
    if (!isDone(end)) return;
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastDoneAt);
    this.#lastDoneAt = now;
  }

  /** Longest time in which no write was known to be done. */
  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  /** Notes a definite failure. */
  refused(name: string, message: string): void {
    if (!name.includes(': doomed')) this.refusals.push(`${name}: ${message}`);
  }

  breach(what: string): void {
    // A broken promise mostly breaks again at once; the first few tell the story.
    if (this.violations.length < 50) this.violations.push(what);
  }
}
