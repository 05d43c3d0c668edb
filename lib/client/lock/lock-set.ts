/**
 * The locks of one client over all its connections: asks for each of them anew on every connection, and
 * hands the server's notifications to the lock that they name.
 */
import { ConnectionLostError, InvalidArgumentError, printValue, ProtocolError } from '../../errors.js';
import type { RpcSession } from '../../rpc/session.js';
import type { Lock, LockOptions } from './lock.js';
import { ServerLock } from './server-lock.js';

/** What RFC 7047 §3.1 calls an `<id>`. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** See the head of this file. */
export class LockSet {
  readonly #onListenerError: (event: string, error: unknown) => void;
  readonly #locks = new Map<string, ServerLock>();
  #session: RpcSession | undefined;
  #closed: Error | undefined;

  /** `onListenerError` gets what a listener of the caller threw, and at which event. */
  constructor(onListenerError: (event: string, error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /**
   * A connection is there: asks it for every lock. The same session again changes nothing, since locks outlive
   * whatever happens to the server's databases.
   */
  attach(session: RpcSession): void {
    if (this.#session === session || this.#closed !== undefined) return;
    this.detach();
    this.#session = session;
    for (const lock of [...this.#locks.values()]) lock.attach(session);
  }

  /** The connection is gone, or is about to be left: no lock is held any more. `error` says why. */
  detach(error: Error = new ConnectionLostError('the connection to the server ended', { sent: false })): void {
    if (this.#session === undefined) return;
    this.#session = undefined;
    for (const lock of [...this.#locks.values()]) lock.detach(error);
  }

  /**
   * Takes the notifications `locked` and `stolen`; must be called in the order of arrival, before anything that came
   * later is looked at. Returns false for other methods. Throws `ProtocolError` when they do not name a lock.
   */
  handle(method: string, params: readonly unknown[]): boolean {
    if (method !== 'locked' && method !== 'stolen') return false;
    const [name] = params;
    if (typeof name !== 'string') {
      throw new ProtocolError(`the server sent ${method} with params ${printValue(params)} instead of a lock's name`);
    }
    this.#locks.get(name)?.notified(method);
    return true;
  }

  /**
   * Asks for a lock, now and on every later connection. The same name gives the same handle until that is unlocked.
   * Throws `InvalidArgumentError` for what is no name of a lock, and why the client was closed once it is.
   */
  lock(name: string, { steal = false }: LockOptions = {}): Lock {
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw new InvalidArgumentError(`${printValue(name)} is no name of a lock: letters, digits and _, no digit first`);
    }
    if (this.#closed !== undefined) throw this.#closed;
    const lock = this.#locks.get(name) ?? this.#add(name);
    const handle = lock.handle();
    // A refusal is told by the event, and by acquired().
    if (steal) void handle.steal().catch(() => undefined);
    else lock.advance();
    return handle;
  }

  /** The client is closed for good: every handle ends with `error`. */
  close(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#session = undefined;
    const locks = [...this.#locks.values()];
    this.#locks.clear();
    for (const lock of locks) lock.close(error);
  }

  #add(name: string): ServerLock {
    const lock: ServerLock = new ServerLock(name, this.#session, {
      onIdle: () => {
        // A listener may have unlocked it and asked for the same name again.
        if (this.#locks.get(name) === lock) this.#locks.delete(name);
      },
      onListenerError: this.#onListenerError,
    });
    this.#locks.set(name, lock);
    return lock;
  }
}
