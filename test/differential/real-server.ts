/** A connection to the real server that sends one request at a time and keeps integers of 64 bits. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { decodeUtf8, Framer } from '../../lib/wire/framer.js';
import { parseJson, stringifyJson } from '../../lib/wire/json.js';

/** A reply, or a request of the server's. */
export interface Message {
  readonly id: unknown;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

const PATIENCE_MS = 20_000;

/** See the head of this file. */
export class RealServer implements Disposable {
  readonly #socket: Socket;
  readonly #framer = new Framer();
  #nextId = 0;
  #last = '';
  #waiting: { readonly id: number; readonly resolve: (message: Message) => void } | undefined;
  #fail: (error: Error) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#framer.push(chunk, ({ bytes }) => this.#take(parseJson(decodeUtf8(bytes), true) as Message));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#fail(new Error(`the real server closed the connection after ${this.#last}`)));
  }

  /** Connects, takes a lock, and tells the server that a conversion is no reason to hang up. */
  static async connect(remote: string, lock: string): Promise<RealServer> {
    const socket = connect(remote.replace(/^unix:/, ''));
    await once(socket, 'connect');
    const server = new RealServer(socket);
    await server.request('set_db_change_aware', [true]);
    await server.request('lock', [lock]);
    return server;
  }

  /** The reply. With `cancelAfterMs` the request is cancelled when there is none by then. */
  async request(method: string, params: readonly unknown[], cancelAfterMs?: number): Promise<Message> {
    const id = this.#nextId++;
    const reply = new Promise<Message>((resolve, reject) => {
      this.#waiting = { id, resolve };
      this.#fail = reject;
    });
    this.#send({ method, params, id });
    const timer =
      cancelAfterMs === undefined
        ? setTimeout(() => this.#fail(new Error(`no reply to ${stringifyJson({ method, params })}`)), PATIENCE_MS)
        : setTimeout(() => this.#send({ method: 'cancel', params: [id], id: null }), cancelAfterMs);
    try {
      return await reply;
    } finally {
      clearTimeout(timer);
    }
  }

  #send(message: object): void {
    this.#last = stringifyJson(message);
    this.#socket.write(this.#last);
  }

  #take(message: Message): void {
    const waiting = this.#waiting;
    if (message.method === 'echo') this.#send({ id: message.id, result: message.params, error: null });
    else if (message.id !== null && message.id === waiting?.id) waiting?.resolve(message);
  }

  [Symbol.dispose](): void {
    this.#fail = () => undefined;
    this.#socket.destroy();
  }
}
