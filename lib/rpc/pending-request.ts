/**
 * One request that waits for its reply: its time-out, its signal, and the promise that is settled once, by whatever
 * comes first. A request that is to be canceled upon its time-out waits on for the server's word, which alone can tell
 * that it was not carried out.
 */
import { RpcError, TimeoutError } from '../errors.js';
import { formatRemote, type Remote } from '../wire/remote.js';
import type { Clock } from './clock.js';
import type { ReplyRows } from './row-reader.js';

const DEFAULT_CANCEL_GRACE_MS = 1000;

/** Settings of one request. */
export interface RequestOptions {
  /** Gives the request up; its promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Gives the request up after this many milliseconds. Default: never. */
  readonly timeoutMs?: number | undefined;
  /**
   * When the request is given up, ask the server to give it up too: OVSDB's `cancel` (RFC 7047 §4.1.4),
   * which only a `transact` knows. The server may have carried it out all the same, so after a time-out its word is
   * waited for: see `cancelGraceMs`.
   */
  readonly cancel?: boolean | undefined;
  /**
   * With `cancel`: how long after a time-out the server has to say what became of the request, in milliseconds.
   * Default 1000. A reply that comes meanwhile is taken as if it had come in time; where the server confirms that it
   * has canceled the request, the cause of the {@link TimeoutError} is its {@link RpcError} `canceled`. Servers confirm
   * on sessions that follow database changes (`set_db_change_aware`, ovsdb-server(7)) and say nothing on others.
   */
  readonly cancelGraceMs?: number | undefined;
  /** Takes the rows of a long reply while they arrive. */
  readonly rows?: ReplyRows | undefined;
}

/** What the requests of a session need of it. One object serves them all. */
export interface RequestOwner {
  readonly clock: Clock;
  readonly remote: Remote;
  /** Stops waiting for the reply to a request; false when it has come already. */
  forget(id: number): boolean;
  /** Asks the server to give a request up. */
  cancel(id: number): void;
  /** A request timed out, and the server has said nothing of it. */
  unanswered(): void;
}

/** What is sent, and where. */
export interface SentRequest {
  readonly id: number;
  readonly method: string;
  /** Bytes that have to leave before the first one of this request. */
  readonly offset: number;
}

/** See the head of this file. */
export class PendingRequest {
  readonly method: string;
  /** Bytes that have to leave before the first one of this request. */
  readonly offset: number;
  readonly #id: number;
  readonly #owner: RequestOwner;
  readonly #options: RequestOptions;
  readonly #resolve: (result: unknown) => void;
  readonly #reject: (reason: unknown) => void;
  #settled = false;
  #stopTimer: (() => void) | undefined;
  /** The limit that was exceeded, once the server was asked to cancel the request because of that. */
  #exceededMs: number | undefined;
  /** Kept to be able to take it off the signal again. */
  #onAbort: (() => void) | undefined;

  constructor(
    owner: RequestOwner,
    { id, method, offset }: SentRequest,
    options: RequestOptions,
    resolve: (result: unknown) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#owner = owner;
    this.#id = id;
    this.method = method;
    this.offset = offset;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    const { signal, timeoutMs } = options;
    if (signal !== undefined) {
      this.#onAbort = () => this.giveUp(signal.reason);
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
    if (timeoutMs !== undefined && timeoutMs > 0) {
      this.#after(timeoutMs, () => {
        this.#onTimeout(timeoutMs);
      });
    }
  }

  /** The reply has come. */
  answer(result: unknown): void {
    if (this.#settle()) this.#resolve(result);
  }

  /** The server has refused the request. */
  refuse(error: RpcError): void {
    if (!this.#settle()) return;
    const wasAsked = this.#exceededMs !== undefined && error.error === 'canceled';
    this.#reject(wasAsked ? this.#timeoutError('and the server has canceled it', error) : error);
  }

  /** Rejects, stops waiting, and tells the server where that is wanted and was not done yet. */
  giveUp(reason: unknown): void {
    if (!this.#settle()) return;
    this.#reject(reason);
    if (this.#owner.forget(this.#id) && this.#options.cancel === true && this.#exceededMs === undefined) {
      this.#owner.cancel(this.#id);
    }
  }

  /** Rejects a request that never left. */
  dropUnsent(reason: unknown): void {
    if (!this.#settle()) return;
    this.#reject(reason);
    this.#owner.forget(this.#id);
  }

  #onTimeout(timeoutMs: number): void {
    const { cancel = false, cancelGraceMs = DEFAULT_CANCEL_GRACE_MS } = this.#options;
    if (!cancel || !(cancelGraceMs > 0)) {
      this.giveUp(this.#timeoutError('', undefined, timeoutMs));
      this.#owner.unanswered();
      return;
    }
    this.#exceededMs = timeoutMs;
    this.#owner.cancel(this.#id);
    this.#after(cancelGraceMs, () => {
      this.giveUp(this.#timeoutError(`nor a word on its cancellation within ${cancelGraceMs} ms more`));
      this.#owner.unanswered();
    });
  }

  #after(delayMs: number, callback: () => void): void {
    const { clock } = this.#owner;
    this.#stopTimer = clock.schedule(() => {
      // The reply may have arrived while the process was busy.
      clock.afterPendingInput(() => {
        if (!this.#settled) callback();
      });
    }, delayMs);
  }

  #timeoutError(more: string, cause?: RpcError, timeoutMs = this.#exceededMs ?? 0): TimeoutError {
    const what = `${this.method}: no reply from ${formatRemote(this.#owner.remote)} within ${timeoutMs} ms`;
    return new TimeoutError(more === '' ? what : `${what}, ${more}`, timeoutMs, cause === undefined ? {} : { cause });
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#stopTimer?.();
    if (this.#onAbort !== undefined) this.#options.signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }
}
