/** Stands between a client and a server and holds back, for as long as a test wants, what either of them says. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One direction: passes bytes on, or keeps them until it is opened. */
class Lane {
  readonly #held: { readonly to: Socket; readonly bytes: Buffer }[] = [];
  #shut = false;

  /** From now on nothing passes. */
  shut(): void {
    this.#shut = true;
  }

  /** Everything that was held passes, and what comes from now on. */
  open(): void {
    this.#shut = false;
    for (const { to, bytes } of this.#held.splice(0)) to.write(Uint8Array.from(bytes));
  }

  /** Text of what is held. */
  get held(): string {
    return this.#held.map(({ bytes }) => bytes.toString()).join('');
  }

  /** How often a text occurs in what is held. */
  count(text: string): number {
    return this.held.split(text).length - 1;
  }

  forget(): void {
    this.#held.length = 0;
  }

  pass(bytes: Buffer, to: Socket): void {
    if (this.#shut) this.#held.push({ to, bytes });
    else to.write(Uint8Array.from(bytes));
  }
}

/** See the head of this file. */
export class Gate implements AsyncDisposable {
  /** From client to server. */
  readonly requests: Lane = new Lane();
  /** From server to client. */
  readonly replies: Lane = new Lane();
  readonly #server: Server;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#path = target.replace(/^unix:/, '');
  }

  /** Leads to `target`, a `unix:` remote. */
  static async start(target: string): Promise<Gate> {
    const server = createServer();
    const gate = new Gate(server, target);
    server.on('connection', (socket) => gate.#serve(socket));
    server.listen({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return gate;
  }

  /** Where clients connect to. */
  get remote(): string {
    return `tcp:127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends every connection; what is held is lost, and both ways are open to the next connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    for (const lane of [this.requests, this.replies]) {
      lane.forget();
      lane.open();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #serve(client: Socket): void {
    const server = connect({ path: this.#path });
    for (const [socket, other, lane] of [
      [client, server, this.requests],
      [server, client, this.replies],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('data', (bytes) => lane.pass(bytes, other));
      // Cut connections are part of what is tested.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
