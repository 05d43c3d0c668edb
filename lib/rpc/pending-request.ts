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

/** What a {@link PendingRequest} needs of its session. */
export interface RequestContext {
  readonly clock: Clock;
  readonly remote: Remote;
  /** Bytes that have to leave before the first one of this request. */
  readonly offset: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
  /** Stops waiting for the reply; false when it has come already. */
  readonly forget: () => boolean;
  /** Asks the server to give the request up. */
  readonly cancel: () => void;
  /** The request timed out, and the server has said nothing of it. */
  readonly unanswered: () => void;
}

/** See the head of this file. */
export class PendingRequest {
  readonly method: string;
  readonly #context: RequestContext;
  readonly #options: RequestOptions;
  #settled = false;
  #stopTimer: (() => void) | undefined;
  /** The limit that was exceeded, once the server was asked to cancel the request because of that. */
  #exceededMs: number | undefined;
  /** Kept to be able to take it off the signal again. */
  readonly #onAbort = (): void => {
    this.giveUp(this.#options.signal?.reason);
  };

  constructor(method: string, options: RequestOptions, context: RequestContext) {
    this.method = method;
    this.#options = options;
    this.#context = context;
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    const { timeoutMs } = options;
    if (timeoutMs !== undefined && timeoutMs > 0) {
      this.#after(timeoutMs, () => {
        this.#onTimeout(timeoutMs);
      });
    }
  }

  /** Bytes that have to leave before the first one of this request. */
  get offset(): number {
    return this.#context.offset;
  }

  /** The reply has come. */
  answer(result: unknown): void {
    if (this.#settle()) this.#context.resolve(result);
  }

  /** The server has refused the request. */
  refuse(error: RpcError): void {
    if (!this.#settle()) return;
    const wasAsked = this.#exceededMs !== undefined && error.error === 'canceled';
    this.#context.reject(wasAsked ? this.#timeoutError('and the server has canceled it', error) : error);
  }

  /** Rejects, stops waiting, and tells the server where that is wanted and was not done yet. */
  giveUp(reason: unknown): void {
    if (!this.#settle()) return;
    this.#context.reject(reason);
    if (this.#context.forget() && this.#options.cancel === true && this.#exceededMs === undefined) {
      this.#context.cancel();
    }
  }

  /** Rejects a request that never left. */
  dropUnsent(reason: unknown): void {
    if (!this.#settle()) return;
    this.#context.reject(reason);
    this.#context.forget();
  }

  #onTimeout(timeoutMs: number): void {
    const { cancel = false, cancelGraceMs = DEFAULT_CANCEL_GRACE_MS } = this.#options;
    if (!cancel || !(cancelGraceMs > 0)) {
      this.giveUp(this.#timeoutError('', undefined, timeoutMs));
      this.#context.unanswered();
      return;
    }
    this.#exceededMs = timeoutMs;
    this.#context.cancel();
    this.#after(cancelGraceMs, () => {
      this.giveUp(this.#timeoutError(`nor a word on its cancellation within ${cancelGraceMs} ms more`));
      this.#context.unanswered();
    });
  }

  #after(delayMs: number, callback: () => void): void {
    const { clock } = this.#context;
    this.#stopTimer = clock.schedule(() => {
      // The reply may have arrived while the process was busy.
      clock.afterPendingInput(() => {
        if (!this.#settled) callback();
      });
    }, delayMs);
  }

  #timeoutError(more: string, cause?: RpcError, timeoutMs = this.#exceededMs ?? 0): TimeoutError {
    const what = `${this.method}: no reply from ${formatRemote(this.#context.remote)} within ${timeoutMs} ms`;
    return new TimeoutError(more === '' ? what : `${what}, ${more}`, timeoutMs, cause === undefined ? {} : { cause });
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#stopTimer?.();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }
}
