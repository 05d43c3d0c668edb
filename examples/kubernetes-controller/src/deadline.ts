/** A time limit for one piece of work that also ends when a longer-lived signal does. */
import { KubeError } from './kube-error.js';

/**
 * Aborts `signal` with the parent's reason, or with a {@link KubeError} when the time is up. Dispose of it when the work is
 * done: it leaves nothing behind on the parent, which may live as long as the process.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #onParent = (): void => this.#controller.abort(this.#parent.reason);

  constructor(parent: AbortSignal, timeoutMs: number, what: string) {
    this.#parent = parent;
    this.#timer = setTimeout(() => {
      this.#controller.abort(new KubeError(`${what}: no answer in ${timeoutMs} ms`, { reason: 'Timeout' }));
    }, timeoutMs);
    if (parent.aborted) this.#onParent();
    else parent.addEventListener('abort', this.#onParent, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the work before its time. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Resolves or rejects as `work` does, or rejects with the signal's reason if that comes first. */
  async race<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    const { signal } = this;
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener('abort', this.#onParent);
  }
}

/** `signal.aborted`, asked anew: between two looks at the property the compiler takes it for unchanged. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
