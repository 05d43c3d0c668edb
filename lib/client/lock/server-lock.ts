/**
 * What one server thinks of one lock, and what this client wants of it. There is never more than one
 * request under way for a name, because the server refuses a second `lock` or `steal` without an
 * `unlock` before it. Whenever something changes, {@link ServerLock.advance} finds the next request that leads to
 * what is wanted:
 *
 *   not queued ── lock ──> queued, held or not ── unlock ──> not queued
 *   not queued ── steal ─> queued, held                      (a theft from within the queue unlocks first)
 */
import { ProtocolError, printValue, RpcError } from '../../errors.js';
import type { RpcSession } from '../../rpc/session.js';
import { WaitList } from '../../wait-list.js';
import { LockRefusedError } from './lock.js';
import { LockHandle, type LockAgent } from './lock-handle.js';

interface LockRequest {
  readonly method: 'lock' | 'steal' | 'unlock';
  /**
   * A notification came while the reply was under way. The server sent it after the reply, even though the reply is
   * seen later, because promises settle only when all that one read brought has been handled. So it is the newer news.
   */
  overruled: boolean;
}

/** What a {@link ServerLock} tells its owner. */
export interface ServerLockHost {
  /** Nobody wants the lock any more, and no server knows of it. */
  onIdle(): void;
  onListenerError(event: string, error: unknown): void;
}

/** See the head of this file. */
export class ServerLock implements LockAgent {
  readonly #name: string;
  readonly #host: ServerLockHost;
  /** Calls of `unlock()` of which the server is to be told, or is being told. */
  readonly #releases = new WaitList<undefined>();
  #session: RpcSession | undefined;
  #request: LockRequest | undefined;
  /** Does the server have this client as the holder or among those who wait? */
  #queued = false;
  #handle: LockHandle | undefined;

  constructor(name: string, session: RpcSession | undefined, host: ServerLockHost) {
    this.#name = name;
    this.#session = session;
    this.#host = host;
  }

  /** The handle in use, or a new one, which asks for nothing before {@link ServerLock.advance}. */
  handle(): LockHandle {
    this.#handle ??= new LockHandle(this.#name, this, (event, error) => this.#host.onListenerError(event, error));
    return this.#handle;
  }

  attach(session: RpcSession): void {
    this.#session = session;
    this.advance();
  }

  /** The session is over, and whatever its server knew of the lock with it. */
  detach(error: Error): void {
    this.#forgetServer();
    this.#handle?.disconnected(error);
    this.advance();
  }

  close(error: Error): void {
    this.#forgetServer();
    this.#handle?.close(error);
    this.#handle = undefined;
  }

  /** The server said `locked` or `stolen` (RFC 7047 §4.1.9, §4.1.10). */
  notified(event: 'locked' | 'stolen'): void {
    const request = this.#request;
    // What is being given up, or was never asked for, does not come back.
    if (this.#releases.size > 0 || request?.method === 'unlock') return;
    if (request === undefined && !this.#queued) return;
    if (request !== undefined) request.overruled = true;
    if (event === 'locked') this.#handle?.granted();
    else this.#handle?.stolen();
  }

  advance(): void {
    if (this.#request !== undefined) return;
    const method = this.#session === undefined ? undefined : this.#nextMethod();
    if (method !== undefined) this.#send(method);
    else if (this.#handle === undefined && !this.#queued) this.#host.onIdle();
  }

  release(): Promise<void> {
    this.#handle = undefined;
    const known = this.#queued || this.#request !== undefined;
    const released = known ? this.#releases.wait({}, neverInTime) : Promise.resolve();
    this.advance();
    return released;
  }

  whyNotHeld(): string {
    if (this.#session === undefined) return 'the client is not connected';
    return this.#queued ? 'another client of the server holds it' : 'the server has not answered yet';
  }

  #nextMethod(): LockRequest['method'] | undefined {
    if (this.#releases.size > 0) return 'unlock';
    const handle = this.#handle;
    if (handle === undefined || handle.held || handle.isRefused) return undefined;
    if (handle.stealing) return this.#queued ? 'unlock' : 'steal';
    return this.#queued ? undefined : 'lock';
  }

  #send(method: LockRequest['method']): void {
    const request: LockRequest = { method, overruled: false };
    this.#request = request;
    const settle = (then: () => void): void => {
      // The session may have ended, and a request of the next one be under way.
      if (this.#request !== request) return;
      this.#request = undefined;
      then();
      this.advance();
    };
    void this.#session?.request(method, [this.#name]).then(
      (result) => settle(() => this.#onReply(request, result)),
      (error: unknown) => settle(() => this.#onFailure(method, error)),
    );
  }

  #onReply({ method, overruled }: LockRequest, result: unknown): void {
    if (method === 'unlock') {
      this.#queued = false;
      this.#releases.resolveAll(undefined);
      return;
    }
    const locked = (result as { readonly locked?: unknown } | null)?.locked;
    if (typeof locked !== 'boolean') {
      const message = `the server answered ${method} with ${printValue(result)} instead of whether it is locked`;
      this.#onFailure(method, new ProtocolError(message));
      return;
    }
    this.#queued = true;
    // The handle that asked is gone; the one that may be there now has not asked yet.
    if (this.#releases.size > 0) return;
    if (method === 'steal') this.#handle?.theftDone();
    if (locked && !overruled) this.#handle?.granted();
  }

  #onFailure(method: LockRequest['method'], error: unknown): void {
    if (!(error instanceof RpcError) && !(error instanceof ProtocolError)) {
      this.detach(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#queued = false;
    const message = `the lock ${this.#name} is not to be had on this server: ${error.message}`;
    const refusal = new LockRefusedError(this.#name, message, { cause: error });
    if (this.#releases.size === 0) this.#handle?.refused(refusal);
    else if (method === 'unlock') this.#releases.rejectAll(refusal);
    // What was not granted need not be given back.
    else this.#releases.resolveAll(undefined);
  }

  #forgetServer(): void {
    this.#session = undefined;
    this.#request = undefined;
    this.#queued = false;
    this.#releases.resolveAll(undefined);
  }
}

function neverInTime(): Error {
  return new Error('an unlock has no time limit');
}
