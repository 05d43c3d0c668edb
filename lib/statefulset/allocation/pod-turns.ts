/** One call at a time for each port: a second one for the same pod waits, and then finds what the first one did. */
import { TimeoutError } from '../../errors.js';
import { clearTimeout, LONGEST_TIMER_MS, performance, setTimeout } from '../../timer.js';
import type { Call } from './port-transactions.js';

const NONE: ReadonlySet<never> = new Set();

/** See the head of this file. */
export class PodTurns {
  readonly #taken = new Map<string, Promise<unknown>>();

  /** Names of the ports that calls work on. */
  get ports(): Iterable<string> {
    return this.#taken.keys();
  }

  /** Does a call work on the port of this name? */
  isTaken(port: string): boolean {
    return this.#taken.has(port);
  }

  /**
   * Runs `work` when no other call works on one of these ports. Rejects with the signal's reason, or with `TimeoutError`
   * at the deadline of the call, when the turn does not come before.
   */
  async take<R>(ports: readonly string[], call: Call, work: () => Promise<R>): Promise<R> {
    for (;;) {
      const others = this.#othersOn(ports);
      if (others.size === 0) break;
      await within(call, Promise.allSettled(others));
    }
    const turn = work();
    for (const port of ports) this.#taken.set(port, turn);
    try {
      return await turn;
    } finally {
      for (const port of ports) if (this.#taken.get(port) === turn) this.#taken.delete(port);
    }
  }

  #othersOn(ports: readonly string[]): ReadonlySet<Promise<unknown>> {
    if (this.#taken.size === 0) return NONE;
    const others = new Set<Promise<unknown>>();
    for (const port of ports) {
      const other = this.#taken.get(port);
      if (other !== undefined) others.add(other);
    }
    return others;
  }
}

/** Waits for what never rejects, as long as the call has time. Rejects as {@link PodTurns.take}. */
export async function within({ signal, deadline, subject }: Call, wait: Promise<unknown>): Promise<void> {
  signal?.throwIfAborted();
  const timeoutMs = Math.max(1, deadline - performance.now());
  await new Promise<void>((resolve, reject) => {
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      how();
    };
    const onAbort = (): void => settle(() => reject(signal?.reason as Error));
    const message = `an earlier call for a pod of ${subject.key} was still under way when the time of this one was up`;
    const timer = setTimeout(
      () => settle(() => reject(new TimeoutError(message, timeoutMs))),
      Math.min(timeoutMs, LONGEST_TIMER_MS),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    void wait.then(() => settle(resolve));
  });
}
