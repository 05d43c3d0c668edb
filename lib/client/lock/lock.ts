/** What callers see of a lock: the handle, its events, and the error of a server that grants none. */
import { OvsdbError } from '../../errors.js';
import type { WaitLimits } from '../../wait-list.js';

/** Options of `OvsdbClient.lock`. */
export interface LockOptions {
  /**
   * Take the lock away from the client that holds it, once: see {@link Lock.steal}. After a lost connection the lock
   * is asked for in turn, so that two clients that both steal do not go on robbing each other. Default false.
   */
  readonly steal?: boolean | undefined;
}

/**
 * Events of a {@link Lock} and what their listeners get. Each `locked` is followed by one `stolen` or `lost`, unless
 * the caller unlocks.
 */
export interface LockEvents {
  /** The server gave the lock to this client. */
  locked: [];
  /** Another client of the same server took it away. This one waits in the queue, and gets it back after the thief. */
  stolen: [];
  /** The connection ended, or the client was closed, and the lock with it: somebody else may have it at once. */
  lost: [error: Error];
  /** The server does not grant the lock. It is asked for again on the next connection. */
  refused: [error: LockRefusedError];
}

/**
 * A named lock of an OVSDB server (RFC 7047 §4.1.8–4.1.10), as `OvsdbClient.lock` gives it. It is asked for on each
 * connection, in turn after those who asked before, until {@link Lock.unlock}.
 *
 * What the protocol does not give:
 *
 * - {@link Lock.held} is what the server said last. When the connection is dead but not known to be, the server may
 *   have given the lock to somebody else already. So put `tx.assert(lock.name)` into each transaction that must only
 *   happen under the lock: the server then checks, and refuses with code `NotOwner`.
 * - Lock and check belong to one server process: not to a database and not to a cluster. Each member of a cluster
 *   grants the lock once, and checks only what it has granted itself. Clients that follow the leader (`leaderOnly`, the
 *   default) meet there, but while the leader changes, the old and the new one may both have a holder whose
 *   transactions pass; clients on different members never compete at all. A relay grants locks that no `assert` ever
 *   finds. What must not happen twice in a cluster needs a row that says who is in charge, verified in each transaction.
 */
export interface Lock extends AsyncDisposable {
  /** The name that clients share. */
  readonly name: string;
  /** Did the server last say that this client holds the lock, on the connection that is open now? */
  readonly held: boolean;

  /**
   * Resolves when this client holds the lock, at once if it does. Rejects with `TimeoutError`; with the signal's reason;
   * with {@link LockRefusedError} when the server grants no such lock; with `ClosedError` after {@link Lock.unlock}; with
   * why the client was closed; with `InvalidArgumentError`. Giving up the wait leaves the request in the server's queue.
   */
  acquired(limits?: WaitLimits): Promise<void>;

  /**
   * Takes the lock away from whoever holds it, on the next connection if there is none now, and resolves when this
   * client holds it. Rejects as {@link Lock.acquired} does; giving up the wait before the server was asked to steal
   * leaves the lock waiting in turn.
   */
  steal(limits?: WaitLimits): Promise<void>;

  /**
   * Gives the lock, or the place in the queue, back, and ends this handle: nothing asks for the lock again. Resolves
   * when the server has been told, or when the connection ended, which unlocks as well; rejects with
   * {@link LockRefusedError} when the server did not accept it. May be called again. A later `OvsdbClient.lock` of the
   * same name makes a new handle, with a new place at the end of the queue.
   */
  unlock(): Promise<void>;

  /** Calls `listener` at each event. Returns a function that stops it. */
  on<E extends keyof LockEvents>(event: E, listener: (...args: LockEvents[E]) => void): () => void;
  /** Calls `listener` at the next event only. Returns a function that stops it. */
  once<E extends keyof LockEvents>(event: E, listener: (...args: LockEvents[E]) => void): () => void;
  /** Stops calling `listener`. */
  off<E extends keyof LockEvents>(event: E, listener: (...args: LockEvents[E]) => void): void;
}

/**
 * The server answered a request for a lock with an error, as servers without locks or in stand-by do; `cause` is its
 * answer. Asking it again changes nothing. Code `LockRefused`.
 */
export class LockRefusedError extends OvsdbError {
  /** Name of the lock. */
  readonly lock: string;

  constructor(lock: string, message: string, options?: { cause?: unknown }) {
    super('LockRefused', message, options);
    this.lock = lock;
  }
}
