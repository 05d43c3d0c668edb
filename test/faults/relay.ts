/** Stands between clients and a real server; what passes, and how, is up to those who extend it. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Server, type Socket } from 'node:net';

import { parseRemote } from '../../lib/wire/remote.js';

/** See the head of this file. */
export abstract class Relay implements AsyncDisposable {
  readonly #server: Server = createServer();
  readonly #target: NetConnectOpts;
  readonly #scheme: 'tcp' | 'ssl';
  readonly #sockets = new Set<Socket>();

  /** Leads to `target`, a `unix:` or `tcp:` remote, or an `ssl:` one, with which clients then speak TLS. */
  protected constructor(target: string) {
    const remote = parseRemote(target);
    if (remote.scheme !== 'unix' && remote.scheme !== 'tcp' && remote.scheme !== 'ssl') {
      throw new Error(`a relay cannot lead to ${target}`);
    }
    this.#target = remote.scheme === 'unix' ? { path: remote.path } : { host: remote.host, port: remote.port };
    this.#scheme = remote.scheme === 'ssl' ? 'ssl' : 'tcp';
    this.#server.on('connection', (client) => this.#serve(client));
  }

  /** Where clients connect to. */
  get remote(): string {
    return `${this.#scheme}:127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
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
    const server = connect(this.#target);
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
