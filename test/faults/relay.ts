/** Stands between clients and a real server; what passes, and how, is up to those who extend it. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** See the head of this file. */
export abstract class Relay implements AsyncDisposable {
  readonly #server: Server = createServer();
  readonly #path: string;
  readonly #sockets = new Set<Socket>();

  /** Leads to `target`, a `unix:` remote. */
  protected constructor(target: string) {
    this.#path = target.replace(/^unix:/, '');
    this.#server.on('connection', (client) => this.#serve(client));
  }

  /** Where clients connect to. */
  get remote(): string {
    return `tcp:127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open, of clients. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  protected async listen(): Promise<void> {
    this.#server.listen({ port: 0, host: '127.0.0.1' });
    await once(this.#server, 'listening');
  }

  /** Is a new client turned away? */
  protected turnsAway(): boolean {
    return false;
  }

  /** Joins a client to its connection to the server. */
  protected abstract join(client: Socket, server: Socket): void;

  #serve(client: Socket): void {
    if (this.turnsAway()) {
      client.destroy();
      return;
    }
    const server = connect({ path: this.#path });
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
    this.join(client, server);
  }
}
