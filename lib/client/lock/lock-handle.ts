/** The handle that callers have of a lock: whether it is held, who listens, who waits. */
import { GuardedEmitter } from '../../emitter.js';
import { ClosedError, InvalidArgumentError, TimeoutError } from '../../errors.js';
import { WaitList, type WaitLimits } from '../../wait-list.js';
import type { Lock, LockEvents, LockRefusedError } from './lock.js';

/** What a handle asks of the side that talks to the server. */
export interface LockAgent {
  /** The handle's wishes changed. */
  advance(): void;
  /** The handle is given up. Resolves when the server knows. */
  release(): Promise<void>;
  /** Why the lock is not held, for a message. */
  whyNotHeld(): string;
}

/** See the head of this file. Callers get it as {@link Lock}; the rest is for the library itself. */
export class LockHandle implements Lock {
  readonly name: string;
  readonly #agent: LockAgent;
  readonly #events: GuardedEmitter<LockEvents>;
  readonly #waiters = new WaitList<undefined>();
  /** One for each caller that waits for a theft which the server has not been asked for, or not answered yet. */
  readonly #thefts = new Set<object>();
  #held = false;
  #refusal: LockRefusedError | undefined;
  /** Why the handle is of no use any more. */
  #end: Error | undefined;
  #released: Promise<void> | undefined;

  constructor(name: string, agent: LockAgent, onListenerError: (event: string, error: unknown) => void) {
    this.name = name;
    this.#agent = agent;
    this.#events = new GuardedEmitter((event, error) => onListenerError(`${event} of the lock ${name}`, error));
  }

  get held(): boolean {
    return this.#held;
  }

  async acquired(limits: WaitLimits = {}): Promise<void> {
    this.#check('acquired', limits);
    if (this.#held) return;
    if (this.#refusal !== undefined) throw this.#refusal;
    await this.#wait(limits);
  }

  async steal(limits: WaitLimits = {}): Promise<void> {
    this.#check('steal', limits);
    if (this.#held) return;
    this.#refusal = undefined;
    const theft = {};
    this.#thefts.add(theft);
    const held = this.#wait(limits);
    this.#agent.advance();
    try {
      await held;
    } finally {
      this.#thefts.delete(theft);
    }
  }

  unlock(): Promise<void> {
    if (this.#released === undefined) {
      this.#finish(new ClosedError(`the lock ${this.name} was given up with unlock()`));
      this.#released = this.#agent.release();
      // Callers that do not care whether the server was told must not bring the process down.
      this.#released.catch(() => undefined);
    }
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unlock();
  }

  on<E extends keyof LockEvents>(event: E, listener: (...args: LockEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  once<E extends keyof LockEvents>(event: E, listener: (...args: LockEvents[E]) => void): () => void {
    return this.#events.once(event, listener);
  }

  off<E extends keyof LockEvents>(event: E, listener: (...args: LockEvents[E]) => void): void {
    this.#events.off(event, listener);
  }

  /** Is the lock to be taken away from its holder? */
  get stealing(): boolean {
    return this.#thefts.size > 0;
  }

  /** Has the server on the other end of this connection refused the lock? */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** The server carried out a theft. Whoever steals from this client now is not robbed in return. */
  theftDone(): void {
    this.#thefts.clear();
  }

  /** The lock is this client's. */
  granted(): void {
    if (this.#held) return;
    this.#held = true;
    this.#thefts.clear();
    this.#waiters.resolveAll(undefined);
    this.#events.emit('locked');
  }

  /** Another client has the lock now. */
  stolen(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#events.emit('stolen');
  }

  /** The connection ended. */
  disconnected(error: Error): void {
    this.#refusal = undefined;
    if (!this.#held) return;
    this.#held = false;
    this.#events.emit('lost', error);
  }

  /** The server does not grant the lock. */
  refused(error: LockRefusedError): void {
    this.#refusal = error;
    this.#thefts.clear();
    this.#waiters.rejectAll(error);
    this.#events.emit('refused', error);
  }

  /** The client was closed. */
  close(error: Error): void {
    const wasHeld = this.#held;
    this.#finish(error);
    if (wasHeld) this.#events.emit('lost', error);
  }

  #finish(error: Error): void {
    this.#end ??= error;
    this.#held = false;
    this.#thefts.clear();
    this.#waiters.rejectAll(this.#end);
  }

  #check(method: string, { signal, timeoutMs = Infinity }: WaitLimits): void {
    if (!(timeoutMs >= 0)) {
      throw new InvalidArgumentError(`${method} of the lock ${this.name}: timeoutMs is ${timeoutMs}; give 0 or more`);
    }
    signal?.throwIfAborted();
    if (this.#end !== undefined) throw this.#end;
  }

  #wait(limits: WaitLimits): Promise<undefined> {
    return this.#waiters.wait(limits, () => {
      const { timeoutMs = Infinity } = limits;
      const message = `the lock ${this.name} was not acquired within ${timeoutMs} ms: ${this.#agent.whyNotHeld()}`;
      return new TimeoutError(message, timeoutMs);
    });
  }
}
