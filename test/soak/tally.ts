/** What happened in a run, counted, and what must not have happened, in words. */

/** See the head of this file. */
export class Tally {
  readonly #counts = new Map<string, number>();
  /** Breaches of what the library promises. Only the first hundred are kept. */
  readonly breaches: string[] = [];

  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  get(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  breach(what: string): void {
    this.count('breaches');
    if (this.breaches.length < 100) this.breaches.push(what);
  }

  /** Counts an error whose code is among those that a disturbance explains; any other is a breach. */
  failed(who: string, error: unknown, explained: readonly string[]): void {
    const { code } = error as { readonly code?: unknown };
    if (typeof code === 'string' && explained.includes(code)) this.count(`${who}: ${code}`);
    else this.breach(`${who}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** All counts, as text, sorted by name. */
  lines(): string[] {
    return [...this.#counts]
      .sort(([a], [b]) => a.localeCompare(b, 'en'))
      .map(([what, count]) => `${what}: ${count.toLocaleString('en-US')}`);
  }
}

/** Waits; resolves early when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
