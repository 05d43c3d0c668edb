/**
 * Events for people who embed us: a listener that throws hurts neither the other listeners nor the
 * code that emits. What it threw is handed to `onListenerError`, and so is what an async listener
 * rejects with.
 */
import { EventEmitter } from 'eventemitter3';

type Listener<A extends readonly unknown[]> = (...args: A) => void;
type AnyListener = (...args: unknown[]) => unknown;

/** A guarded emitter: see the head of this file. `Events` maps names to tuples of arguments. */
export class GuardedEmitter<Events extends { [E in keyof Events]: readonly unknown[] }> {
  readonly #emitter = new EventEmitter();
  /** What is registered for each listener: itself, wrapped. */
  readonly #guards = new Map<string, Map<AnyListener, Set<AnyListener>>>();
  readonly #onListenerError: (event: string, error: unknown) => void;

  constructor(onListenerError: (event: string, error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Calls `listener` at each `event`. Returns a function that stops it. */
  on<E extends Extract<keyof Events, string>>(event: E, listener: Listener<Events[E]>): () => void {
    return this.#add(event, listener as unknown as AnyListener, false);
  }

  /** Calls `listener` at the next `event` only. Returns a function that stops it. */
  once<E extends Extract<keyof Events, string>>(event: E, listener: Listener<Events[E]>): () => void {
    return this.#add(event, listener as unknown as AnyListener, true);
  }

  /** Stops calling `listener` at `event`, however often it was registered. */
  off<E extends Extract<keyof Events, string>>(event: E, listener: Listener<Events[E]>): void {
    const guards = this.#guards.get(event);
    for (const guard of guards?.get(listener as unknown as AnyListener) ?? []) this.#emitter.off(event, guard);
    guards?.delete(listener as unknown as AnyListener);
  }

  /** Number of listeners of `event`; emitting to none can be skipped. */
  listenerCount(event: Extract<keyof Events, string>): number {
    return this.#emitter.listenerCount(event);
  }

  /** Calls every listener of `event`, in the order of registration. Never throws. */
  emit<E extends Extract<keyof Events, string>>(event: E, ...args: Events[E]): void {
    this.#emitter.emit(event, ...args);
  }

  /** Forgets all listeners. */
  clear(): void {
    this.#emitter.removeAllListeners();
    this.#guards.clear();
  }

  #add(event: string, listener: AnyListener, once: boolean): () => void {
    const fail = (error: unknown): void => this.#onListenerError(event, error);
    const guard: AnyListener = (...args) => {
      if (once) stop();
      try {
        const result = listener(...args);
        if (result instanceof Promise) result.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
    const stop = (): void => {
      this.#emitter.off(event, guard);
      const guards = this.#guards.get(event);
      const own = guards?.get(listener);
      own?.delete(guard);
      if (own?.size === 0) guards?.delete(listener);
    };
    let guards = this.#guards.get(event);
    if (guards === undefined) this.#guards.set(event, (guards = new Map<AnyListener, Set<AnyListener>>()));
    const own = guards.get(listener);
    if (own === undefined) guards.set(listener, new Set([guard]));
    else own.add(guard);
    this.#emitter.on(event, guard);
    return stop;
  }
}
