/** A connection that came in on a socket. */
import type { Socket } from 'node:net';

import { nextTick, setTimeout } from '../../timer.js';
import type { Channel, ChannelHandlers } from './channel.js';

/** How long a connection that is over waits for its client to read what was sent. */
const LINGER_MS = 500;

/** Carries a session on a socket of Node. Texts of one turn of the event loop leave together. */
export class SocketChannel implements Channel {
  readonly isLocal: boolean;
  readonly #socket: Socket;
  #texts: string[] = [];
  #flushing = false;
  #closed = false;

  constructor(socket: Socket, isLocal: boolean) {
    this.#socket = socket;
    this.isLocal = isLocal;
    if (!isLocal) socket.setNoDelay(true);
    // What is to be said of it comes with `close`.
    socket.on('error', () => undefined);
  }

  start(handlers: ChannelHandlers): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.#closed) handlers.onData(chunk);
    });
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      if (this.#closed) return;
      this.#closed = true;
      handlers.onClose();
    });
  }

  send(text: string): void {
    if (this.#closed) return;
    this.#texts.push(text);
    if (this.#flushing) return;
    this.#flushing = true;
    nextTick(() => this.#flush());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#flush();
    if (this.#socket.writableLength === 0) {
      this.#socket.destroy();
      return;
    }
    this.#socket.destroySoon();
    // A client that does not read holds nobody up.
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#texts.length === 0 || !this.#socket.writable) return;
    this.#socket.write(this.#texts.length === 1 ? (this.#texts[0] as string) : this.#texts.join(''));
    this.#texts = [];
  }
}
