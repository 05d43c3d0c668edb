/** Stands between a client and a real server: notes what the client sends, and breaks what a test wants broken. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { Framer } from '../../lib/wire/framer.js';
import type { ClientMessage } from './scripted-server.js';

/** What becomes of a request: it goes through, it vanishes, the connection is cut instead, or an error answers it. */
export type Fate = 'pass' | 'drop' | 'cut' | { readonly error: unknown };
/** What becomes of what the server sends: as for a request, or its result or the whole text is another. */
export type ReplyFate = 'pass' | 'drop' | 'cut' | { readonly result: unknown } | { readonly text: string };

/** See the head of this file. */
export class ClientProxy implements AsyncDisposable {
  /** Everything that clients sent, echo apart. */
  readonly requests: ClientMessage[] = [];
  /** Decides on what a client sends. */
  onRequest: (message: ClientMessage) => Fate = () => 'pass';
  /** Decides on what the server sends. */
  onReply: (message: ClientMessage) => ReplyFate = () => 'pass';
  /** While true, clients are turned away. */
  refusing = false;
  readonly #server: Server;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();
  #latest: Socket | undefined;
  #latestClient: Socket | undefined;

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#path = target.replace(/^unix:/, '');
  }

  /** Forwards to `target`, a `unix:` remote. */
  static async start(target: string): Promise<ClientProxy> {
    const server = createServer();
    const proxy = new ClientProxy(server, target);
    server.on('connection', (socket) => proxy.#serve(socket));
    server.listen({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return proxy;
  }

  /** Where clients connect to. */
  get remote(): string {
    return `tcp:127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open, of clients. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Methods of the requests so far, in order. */
  get methods(): string[] {
    return this.requests.flatMap(({ method }) => method ?? []);
  }

  /** The operations of all transactions sent so far. */
  get transactions(): (readonly unknown[])[] {
    return this.requests.filter(({ method }) => method === 'transact').map(({ params = [] }) => params.slice(1));
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Sends a text to the client of the latest connection, as if it came from the server. */
  inject(text: string): void {
    this.#latestClient?.write(text);
  }

  /** Sends a message that was dropped to the server of the latest connection after all. */
  sendLate(message: ClientMessage): void {
    this.#latest?.write(JSON.stringify(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #serve(client: Socket): void {
    if (this.refusing) {
      client.destroy();
      return;
    }
    const server = connect({ path: this.#path });
    this.#latest = server;
    this.#latestClient = client;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // Cut connections are part of what is tested.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
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
        if (fate === 'pass') to.write(Uint8Array.from(bytes));
        else if (fate === 'cut') from.destroy();
        else if (fate === 'drop') return;
        else if ('error' in fate) from.write(JSON.stringify({ id: message.id, result: null, error: fate.error }));
        else if ('text' in fate) to.write(fate.text);
        else to.write(JSON.stringify({ id: message.id, result: fate.result, error: null }));
      });
    });
  }
}
