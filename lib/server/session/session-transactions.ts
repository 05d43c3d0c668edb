/** The transactions of one session that have no reply yet. */
import { jsonText, type Json } from '../database/json-text.js';
import { syntaxError } from '../database/refusal.js';
import type { ServedDatabase } from '../served-database.js';
import type { ClientSession } from './client-session.js';

interface Pending {
  readonly id: Json;
  readonly served: ServedDatabase;
  callOff: () => void;
}

/** See the head of this file. */
export class SessionTransactions {
  readonly #session: ClientSession;
  /** By the ids of the requests, which are any JSON. */
  readonly #pending = new Map<string, Pending>();

  constructor(session: ClientSession) {
    this.#session = session;
  }

  /** Carries out what a `transact` asks for, and replies when it has ended. Throws `Refusal`. */
  begin(served: ServedDatabase, id: Json, params: readonly Json[]): void {
    const session = this.#session;
    const key = jsonText(id);
    if (this.#pending.has(key)) throw syntaxError(params, 'transact: duplicate request ID');
    const operations = params.slice(1);
    const onResult = session.host.onTransaction(served, operations, session);
    const pending: Pending = { id, served, callOff: () => undefined };
    this.#pending.set(key, pending);
    const callOff = served.transact({
      operations,
      ownsLock: (name) => session.host.locks.owns(session, name),
      onResult: (result, changed) => {
        this.#pending.delete(key);
        onResult(result, changed);
        session.reply(id, 'transact', result);
      },
    });
    pending.callOff = callOff;
  }

  /** `cancel`: a client that has not said it is aware of changes gets no reply then, as from ovsdb-server. */
  cancel(id: Json | undefined): void {
    const key = jsonText(id);
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    this.#callOff(key, pending);
    if (this.#session.isChangeAware) this.#session.refuse(pending.id, 'transact', 'canceled');
  }

  /** Cancels those of a database. */
  withdraw(served: ServedDatabase): void {
    for (const [key, pending] of this.#pending) {
      if (pending.served !== served) continue;
      this.#callOff(key, pending);
      if (this.#session.isChangeAware) this.#session.refuse(pending.id, 'transact', 'canceled');
    }
  }

  stop(): void {
    for (const [key, pending] of this.#pending) this.#callOff(key, pending);
  }

  #callOff(key: string, pending: Pending): void {
    this.#pending.delete(key);
    pending.callOff();
  }
}
