/**
 * The locks of one server (RFC 7047 §4.1.8): each has a queue of sessions, the first of which owns it. Notifications are
 * those of ovsdb-server 3.1, which tells the owner `locked` again whenever somebody leaves the queue behind it.
 */

/** A session as the locks know it. */
export interface LockClient {
  notify(method: 'locked' | 'stolen', params: readonly [name: string]): void;
}

/** See the head of this file. */
export class LockTable {
  readonly #queues = new Map<string, LockClient[]>();

  owns(client: LockClient, name: string): boolean {
    return this.#queues.get(name)?.[0] === client;
  }

  /** Is the client the owner, or in the queue? */
  has(client: LockClient, name: string): boolean {
    return this.#queues.get(name)?.includes(client) === true;
  }

  /** Puts a client that is not in the queue at its end; true when it owns the lock now. */
  lock(client: LockClient, name: string): boolean {
    const queue = this.#queue(name);
    queue.push(client);
    return queue.length === 1;
  }

  /** Puts a client that is not in the queue at its head. The owner before it stays next in line. */
  steal(client: LockClient, name: string): void {
    const queue = this.#queue(name);
    const [victim] = queue;
    queue.unshift(client);
    victim?.notify('stolen', [name]);
  }

  /** Takes a client out of the queue; false when it was not there. */
  unlock(client: LockClient, name: string): boolean {
    const queue = this.#queues.get(name);
    const place = queue?.indexOf(client) ?? -1;
    if (queue === undefined || place < 0) return false;
    queue.splice(place, 1);
    if (queue.length === 0) this.#queues.delete(name);
    else queue[0]?.notify('locked', [name]);
    return true;
  }

  /** Takes a client out of all queues: its session is over. */
  forget(client: LockClient): void {
    for (const name of [...this.#queues.keys()]) this.unlock(client, name);
  }

  #queue(name: string): LockClient[] {
    let queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, (queue = []));
    return queue;
  }
}
