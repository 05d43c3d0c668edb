/** Time as an embedded server sees it: the machine's, or one that a test moves by hand. */
import { InvalidArgumentError } from '../errors.js';
import { clearTimeout, LONGEST_TIMER_MS, performance, setTimeout } from '../timer.js';

/** What an embedded server needs of time. */
export interface EmbeddedClock {
  /** Milliseconds from an arbitrary start; never goes backwards. */
  now(): number;
  /** Calls back once after `delayMs`; the returned function calls it off. */
  schedule(callback: () => void, delayMs: number): () => void;
}

/** The machine's clock. A pending time-out keeps the process alive, as somebody waits for what it will bring. */
export const systemClock: EmbeddedClock = {
  now: () => performance.now(),
  schedule: (callback, delayMs) => {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until it is moved; see {@link manualClock}. */
export interface ManualClock extends EmbeddedClock {
  /** Moves the time, in milliseconds. What falls due on the way happens before this returns, each at its own time. */
  advance(ms: number): void;
  /** How many time-outs are pending. */
  readonly pending: number;
}

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Makes a clock for the option `clock` of an embedded server. The time-outs of `wait` operations and the delays of
 * replies then obey {@link ManualClock.advance} alone. Time-outs of clients do not: those are their own.
 */
export function manualClock(): ManualClock {
  let time = 0;
  const alarms = new Set<Alarm>();
  const nextBy = (end: number): Alarm | undefined => {
    let next: Alarm | undefined;
    for (const alarm of alarms) if (alarm.at <= end && (next === undefined || alarm.at < next.at)) next = alarm;
    return next;
  };
  return {
    now: () => time,
    schedule: (callback, delayMs) => {
      const alarm = { at: time + Math.max(0, delayMs), callback };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    advance: (ms) => {
      if (!(ms >= 0)) throw new InvalidArgumentError(`a clock cannot be moved by ${ms} ms; give 0 or more`);
      const end = time + ms;
      for (let next = nextBy(end); next !== undefined; next = nextBy(end)) {
        alarms.delete(next);
        time = Math.max(time, next.at);
        next.callback();
      }
      time = end;
    },
    get pending() {
      return alarms.size;
    },
  };
}
