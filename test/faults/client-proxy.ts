/** Stands between a client and a real server: notes what the client sends, and breaks what a test wants broken. */
import type { Socket } from 'node:net';

import { Framer } from '../../lib/wire/framer.js';
import { Relay } from './relay.js';
import type { ClientMessage } from './scripted-server.js';

/**
 * What becomes of a request: it goes through, at once or when something else is done, it vanishes, the connection is cut
 * instead, or an error answers it.
 */
export type Fate = 'pass' | Promise<unknown> | 'drop' | 'cut' | { readonly error: unknown };
/** What becomes of what the server sends: as for a request, or its result or the whole text is another. */
export type ReplyFate = 'pass' | 'drop' | 'cut' | { readonly result: unknown } | { readonly text: string };

/** See the head of this file. */
export class ClientProxy extends Relay {
  /** Everything that clients sent, echo apart. */
  readonly requests: ClientMessage[] = [];
  /** Decides on what a client sends. */
  onRequest: (message: ClientMessage) => Fate = () => 'pass';
  /** Decides on what the server sends. */
  onReply: (message: ClientMessage) => ReplyFate = () => 'pass';
  /** While true, clients are turned away. */
  refusing = false;
  #latest: Socket | undefined;
  #latestClient: Socket | undefined;

  /** Forwards to `target`, a `unix:` remote. */
  static async start(target: string): Promise<ClientProxy> {
    const proxy = new ClientProxy(target);
    await proxy.listen();
    return proxy;
  }

  /** Meddles with nothing any more. */
  passAll(): void {
    this.onRequest = () => 'pass';
    this.onReply = () => 'pass';
    this.refusing = false;
  }

  /** Methods of the requests so far, in order. */
  get methods(): string[] {
    return this.requests.flatMap(({ method }) => method ?? []);
  }

  /** The operations of all transactions sent so far. */
  get transactions(): (readonly unknown[])[] {
    return this.requests.filter(({ method }) => method === 'transact').map(({ params = [] }) => params.slice(1));
  }

  /** Sends a message, or text or bytes as they are, to the client of the latest connection, as if from the server. */
  inject(message: string | Buffer | object): void {
    const bytes = typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message);
    this.#latestClient?.write(bytes);
  }

  /** Takes nothing more of what the client of the latest connection sends. */
  stopReading(): void {
    this.#latestClient?.pause();
  }

  /** Sends a message that was dropped to the server of the latest connection after all. */
  sendLate(message: ClientMessage): void {
    this.#latest?.write(JSON.stringify(message));
  }

  protected override turnsAway(): boolean {
    return this.refusing;
  }

  protected override join(client: Socket, server: Socket): void {
    this.#latest = server;
    this.#latestClient = client;
    this.#forward(client, server, (message) => {
      if (message.method !== undefined && message.method !== 'echo') this.requests.push(message);
      return this.onRequest(message);
    });
    this.#forward(server, client, (message) => this.onReply(message));
  }

  #forward(from: Socket, to: Socket, decide: (message: ClientMessage) => Fate | ReplyFate): void {
    const framer = new Framer();
    from.on('data', (chunk) => {
      framer.push(chunk, ({ bytes }) => {
        if (from.destroyed) return;
        const message = JSON.parse(bytes.toString()) as ClientMessage;
        const fate = decide(message);
        const copy = Uint8Array.from(bytes);
        if (fate === 'pass') to.write(copy);
        else if (fate instanceof Promise) void fate.then(() => to.write(copy));
        else if (fate === 'cut') from.destroy();
        else if (fate === 'drop') return;
        else if ('error' in fate) from.write(JSON.stringify({ id: message.id, result: null, error: fate.error }));
        else if ('text' in fate) to.write(fate.text);
        else to.write(JSON.stringify({ id: message.id, result: fate.result, error: null }));
      });
    });
  }
}
