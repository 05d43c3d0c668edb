/**
 * Events for people who embed us: a listener that throws hurts neither the other listeners nor the
 * code that emits. What it threw is handed to `onListenerError`.
 */
import { EventEmitter } from 'eventemitter3';

type Listener<A extends readonly unknown[]> = (...args: A) => void;
type AnyListener = (...args: unknown[]) => void;

/** A guarded emitter: see the head of this file. `Events` maps names to tuples of arguments. */
export class GuardedEmitter<Events extends { [E in keyof Events]: readonly unknown[] }> {
  readonly #emitter = new EventEmitter();
  readonly #guards = new Map<string, Map<AnyListener, AnyListener>>();
  readonly #onListenerError: (event: string, error: unknown) => void;

  constructor(onListenerError: (event: string, error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Calls `listener` at each `event`. Returns a function that stops it. */
  on<E extends Extract<keyof Events, string>>(event: E, listener: Listener<Events[E]>): () => void {
    this.#emitter.on(event, this.#guard(event, listener as unknown as AnyListener));
    return () => this.off(event, listener);
  }

  /** Calls `listener` at the next `event` only. Returns a function that stops it. */
  once<E extends Extract<keyof Events, string>>(event: E, listener: Listener<Events[E]>): () => void {
    const stop = this.on(event, (...args) => {
      stop();
      listener(...args);
    });
    return stop;
  }

  /** Stops calling `listener` at `event`. */
  off<E extends Extract<keyof Events, string>>(event: E, listener: Listener<Events[E]>): void {
    const guards = this.#guards.get(event);
    const guard = guards?.get(listener as unknown as AnyListener);
    if (guard === undefined) return;
    this.#emitter.off(event, guard);
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

  #guard(event: string, listener: AnyListener): AnyListener {
    let guards = this.#guards.get(event);
    if (guards === undefined) this.#guards.set(event, (guards = new Map<AnyListener, AnyListener>()));
    let guard = guards.get(listener);
    if (guard === undefined) {
      guard = (...args) => {
        try {
          listener(...args);
        } catch (error) {
          this.#onListenerError(event, error);
        }
      };
      guards.set(listener, guard);
    }
    return guard;
  }
}
