/** A connection that keeps what a server sends as it came, byte for byte. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { decodeUtf8, Framer } from '../../lib/wire/framer.js';

/** See the head of this file. */
export class RawConnection implements Disposable {
  readonly #socket: Socket;
  readonly #framer = new Framer();
  #nextId = 0;
  /** Every message so far, the replies as well. */
  readonly received: string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#framer.push(chunk, ({ bytes }) => {
        this.received.push(decodeUtf8(bytes));
        socket.emit('message');
      });
    });
  }

  /** Connects to the unix socket at this path, or to this TCP port of 127.0.0.1. */
  static async open(where: string | number): Promise<RawConnection> {
    const socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** Sends a request and resolves to its whole reply, as it came. */
  async request(method: string, params: readonly unknown[]): Promise<string> {
    const id = this.#nextId++;
    this.notify(method, params, id);
    return this.until((message) => (JSON.parse(message) as { id: unknown }).id === id);
  }

  notify(method: string, params: readonly unknown[], id: number | null = null): void {
    this.#socket.write(JSON.stringify({ method, params, id }));
  }

  /** The first message that fits, as soon as there is one. */
  async until(fits: (message: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.received.find(fits);
      if (found !== undefined) return found;
      await once(this.#socket, 'message', { signal: AbortSignal.timeout(30_000) });
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
