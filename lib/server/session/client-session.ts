/**
 * One client's session: JSON-RPC over a channel, with what the server keeps for the client until the session ends, its
 * monitors, its places in the queues of locks and its transactions that wait.
 */
import type { Buffer } from 'node:buffer';

import { ProtocolError } from '../../errors.js';
import { stringifyJson } from '../../wire/json.js';
import { Framer } from '../../wire/framer.js';
import type { EmbeddedClock } from '../clock.js';
import type { Json } from '../database/json-text.js';
import { Refusal } from '../database/refusal.js';
import type { Faults } from '../faults.js';
import type { LockClient, LockTable } from '../locks.js';
import type { ServedDatabase } from '../served-database.js';
import type { Channel } from './channel.js';
import { readClientMessage, type ClientMessage } from './client-message.js';
import { LifeSigns } from './life-signs.js';
import { METHODS } from './methods.js';
import { RpcRefusal } from './rpc-refusal.js';
import { SessionMonitors } from './session-monitors.js';
import { SessionTransactions } from './session-transactions.js';

/** What a session needs of its server. */
export interface SessionHost {
  readonly serverId: string;
  readonly locks: LockTable;
  readonly clock: EmbeddedClock;
  readonly faults: Faults;
  /** Silence after which a client that is not on this machine is asked for a sign of life, in milliseconds; 0: never. */
  readonly probeIntervalMs: number;
  readonly databaseNames: readonly string[];
  database(name: string): ServedDatabase | undefined;
  /** Converts a database for all of its clients; `by` is told of it as they are. Throws `Refusal`. */
  convert(database: ServedDatabase, schema: Json, by: ClientSession): void;
  /** A transaction came in; what is returned is called with its results. */
  onTransaction(
    database: ServedDatabase,
    operations: readonly Json[],
    by: ClientSession,
  ): (results: readonly Json[], changed: boolean) => void;
  onSessionEnded(session: ClientSession): void;
}

/** See the head of this file. */
export class ClientSession implements LockClient {
  readonly host: SessionHost;
  /** Number of the session on its server, from 1. */
  readonly number: number;
  readonly monitors: SessionMonitors;
  readonly transactions: SessionTransactions;
  /** Has the client said that it wants to be told when databases change, instead of being disconnected? */
  isChangeAware = false;
  readonly #channel: Channel;
  readonly #framer = new Framer();
  readonly #lifeSigns: LifeSigns | undefined;
  /** What is held back, each with what calls its release off. */
  readonly #held: { readonly text: string; readonly callOff: () => void }[] = [];
  /** When the last of them is due, by the server's clock. */
  #heldUntil = 0;
  #isOver = false;
  #endsAfterReply = false;

  constructor(host: SessionHost, channel: Channel, number: number) {
    this.host = host;
    this.number = number;
    this.#channel = channel;
    this.monitors = new SessionMonitors((method, params) => this.notify(method, params));
    this.transactions = new SessionTransactions(this);
    if (!channel.isLocal && host.probeIntervalMs > 0) {
      this.#lifeSigns = new LifeSigns(host.probeIntervalMs, {
        onAsk: () => this.#send({ id: 'echo', method: 'echo', params: [] }),
        onSilence: () => this.end(),
      });
    }
    channel.start({
      onData: (chunk) => this.#onData(chunk),
      onClose: () => this.#finish(),
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  notify(method: string, params: readonly Json[]): void {
    this.#send({ id: null, method, params });
  }

  /** Answers a request of the client. */
  reply(id: Json, method: string, result: Json): void {
    this.#answer(method, { id, result, error: null });
  }

  /** Answers a request of the client with an error, which has no `result` beside it. */
  refuse(id: Json, method: string, error: Json): void {
    this.#answer(method, { id, error });
  }

  /** Ends the connection. */
  end(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#channel.close();
  }

  /** Ends the connection once the request that is being handled has its answer. */
  endAfterReply(): void {
    this.#endsAfterReply = true;
  }

  #onData(chunk: Buffer): void {
    this.#lifeSigns?.seen();
    try {
      this.#framer.push(chunk, (frame) => {
        if (!this.#isOver) this.#handle(readClientMessage(frame));
      });
    } catch (error) {
      // What does not speak the protocol is not spoken to; anything else is a fault of this server.
      this.end();
      if (!(error instanceof ProtocolError)) throw error;
    }
  }

  #handle(message: ClientMessage): void {
    if (message.kind === 'notification') {
      if (message.method === 'cancel') this.transactions.cancel(message.params[0]);
      return;
    }
    if (message.kind !== 'request') return;
    const { id, method, params } = message;
    const handler = METHODS.get(method);
    if (handler === undefined) {
      this.refuse(id, method, 'unknown method');
      return;
    }
    try {
      const result = handler(this, params, id);
      if (result !== undefined) this.reply(id, method, result);
    } catch (error) {
      if (error instanceof Refusal) this.refuse(id, method, error.toJson());
      else if (error instanceof RpcRefusal) this.refuse(id, method, error.message);
      else throw error;
    }
    if (this.#endsAfterReply) this.end();
  }

  #answer(method: string, message: object): void {
    const fate = this.host.faults.takeReply(method);
    if (fate === 'send') this.#send(message);
    else if (fate === 'disconnect') this.end();
  }

  #send(message: object): void {
    if (this.#isOver) return;
    const text = stringifyJson(message);
    const { delayMs } = this.host.faults;
    if (delayMs === 0 && this.#held.length === 0) {
      this.#channel.send(text);
      return;
    }
    // None is due before the one ahead of it, also when the delay has become shorter.
    const { clock } = this.host;
    const now = clock.now();
    this.#heldUntil = Math.max(this.#heldUntil, now + delayMs);
    const release = (): void => {
      const first = this.#held.shift();
      if (first !== undefined) this.#channel.send(first.text);
    };
    this.#held.push({ text, callOff: clock.schedule(release, this.#heldUntil - now) });
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lifeSigns?.stop();
    for (const { callOff } of this.#held.splice(0)) callOff();
    this.transactions.stop();
    this.monitors.stop();
    this.host.locks.forget(this);
    this.host.onSessionEnded(this);
  }
}
