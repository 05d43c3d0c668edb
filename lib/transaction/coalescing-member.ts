/** One of the transactions that share one: its own signal, its own time, its own answer. */
import { TimeoutError } from '../errors.js';
import type { Clock } from '../rpc/clock.js';
import type { BuiltTransaction } from './builder.js';
import { send, Sending, type Answer, type ReadResults, type SendContext } from './send.js';

/** How long after its time is over a member that was sent is given an answer still, as one that is sent alone. */
const GRACE_MS = 1000;

/** What a member is with: others that wait to be sent, or those that it was sent together with. */
export interface Company {
  /** A member is settled, and its answer has not come. */
  leave(): void;
}

/** See the head of this file. */
export class Member {
  readonly built: BuiltTransaction;
  readonly context: SendContext;
  /** Settles as `send` does. */
  readonly answer: Promise<Answer>;
  /** By the clock that it was given. */
  readonly deadline: number;
  /** An object instead of a closure for each, which made a create cost half as much again. */
  company: Company | undefined;
  readonly #clock: Clock;
  readonly #read: ReadResults;
  #resolve!: (answer: Answer) => void;
  #reject!: (reason: unknown) => void;
  #sending: Sending | undefined;
  #isSettled = false;
  #stopTimer: (() => void) | undefined;
  #onAbort: (() => void) | undefined;

  constructor(built: BuiltTransaction, read: ReadResults, context: SendContext, clock: Clock) {
    this.#clock = clock;
    this.built = built;
    this.context = context;
    this.#read = read;
    this.deadline = clock.now() + context.timeoutMs;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal } = context;
    if (signal?.aborted === true) {
      // While the callback ran, or before it.
      this.#fail(signal.reason);
      return;
    }
    if (signal !== undefined) {
      this.#onAbort = () => this.#giveUp(signal.reason);
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
    this.#wait(context.timeoutMs);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Operations that it brings, guards included. */
  get size(): number {
    return this.built.guards.length + this.built.operations.length;
  }

  /** To be called when it is handed to the session together with others. */
  start(): Sending {
    return (this.#sending = new Sending(this.built, this.context));
  }

  /** Sends it alone, as if it never had had company; what was sent of it before has certainly failed. */
  async sendAlone(): Promise<void> {
    if (this.#isSettled) return;
    const timeoutMs = this.deadline - this.#clock.now();
    if (timeoutMs <= 0) {
      if (this.#sending === undefined) this.answerWith('lost');
      else this.#fail(this.#sending.tooLate);
      return;
    }
    this.#release();
    try {
      this.answerWith(await send(this.built, this.#read, { ...this.context, timeoutMs }));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes its part of the results of a shared transaction. */
  take(sending: Sending, results: Parameters<Sending['take']>[0]): void {
    this.judge(() => sending.take(results, this.#read));
  }

  /** Settles it as `make` says: with what it returns or throws. */
  judge(make: () => Answer): void {
    if (this.#isSettled) return;
    try {
      this.answerWith(make());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Settles it with an answer. */
  answerWith(answer: Answer): void {
    if (this.#settle()) this.#resolve(answer);
  }

  #wait(delayMs: number): void {
    const stopTimer = this.#clock.schedule(() => {
      // The answer may have arrived while the process was busy.
      this.#clock.afterPendingInput(() => {
        if (this.#stopTimer === stopTimer) this.#onTime();
      });
    }, delayMs);
    this.#stopTimer = stopTimer;
  }

  #onTime(): void {
    const { timeoutMs } = this.context;
    if (this.#sending === undefined) {
      this.answerWith('lost');
      this.company?.leave();
    } else if (this.#clock.now() < this.deadline + GRACE_MS) {
      this.#wait(this.deadline + GRACE_MS - this.#clock.now());
    } else {
      const what = `transact: no reply to the transaction that it shares within ${Math.round(timeoutMs)} ms`;
      const sending = this.#sending;
      this.judge(() => sending.judgeError(new TimeoutError(what, timeoutMs)));
      this.company?.leave();
    }
  }

  #giveUp(reason: unknown): void {
    this.#fail(reason);
    this.company?.leave();
  }

  #fail(reason: unknown): void {
    if (this.#settle()) this.#reject(reason);
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#release();
    return true;
  }

  /** Leaves time and signal to others. */
  #release(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    if (this.#onAbort !== undefined) this.context.signal?.removeEventListener('abort', this.#onAbort);
    this.#onAbort = undefined;
  }
}
