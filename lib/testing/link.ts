/**
 * One network path from whoever connects to a server: bytes pass through this process unchanged until
 * the link is cut. A cut link is as silent as a network that loses every packet: nothing passes,
 * connections stay open, and new ones are accepted by nobody but the link. When it is healed, what was
 * held passes, as it would by TCP's retransmission.
 */
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Server, type Socket } from 'node:net';

/** Where a {@link Link} listens: a unix socket, or a port of 127.0.0.1 that the kernel chooses. */
export type LinkEntrance = { readonly path: string } | { readonly port: 0 };

/** See the head of this file. It does not keep the host process alive. */
export class Link {
  readonly #server: Server;
  readonly #target: () => NetConnectOpts | undefined;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Those who connected while the link was cut. */
  readonly #waiting = new Set<Socket>();
  #cut = false;

  private constructor(target: () => NetConnectOpts | undefined) {
    this.#target = target;
    // Half-open, so that an end passes on its own, as bytes do.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  /**
   * Opens a link. `target` is asked at each connection where the server is; undefined: nowhere, and the connection
   * is closed.
   */
  static async open(entrance: LinkEntrance, target: () => NetConnectOpts | undefined): Promise<Link> {
    const link = new Link(target);
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject);
      link.#server.listen('path' in entrance ? entrance : { ...entrance, host: '127.0.0.1' }, resolve);
    });
    link.#server.unref();
    return link;
  }

  /** Port of a link that listens on one. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** True while nothing passes. */
  get isCut(): boolean {
    return this.#cut;
  }

  /** From now on nothing passes, in either direction. Idempotent. */
  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    for (const [near, far] of this.#pairs) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
  }

  /** Lets everything pass again, what was held first. Idempotent. */
  heal(): void {
    if (!this.#cut) return;
    this.#cut = false;
    for (const [near, far] of this.#pairs) join(near, far);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const socket of waiting) this.#pass(socket);
  }

  /** Ends every connection and listens no more. Resolves when its port or path is free. Idempotent. */
  async close(): Promise<void> {
    const sockets = [...this.#waiting, ...[...this.#pairs].flat()];
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    prepare(socket);
    if (!this.#cut) {
      this.#pass(socket);
      return;
    }
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
  }

  #pass(near: Socket): void {
    const target = this.#target();
    if (target === undefined) {
      near.destroy();
      return;
    }
    const far = connect({ ...target, allowHalfOpen: true });
    prepare(far);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.once('close', end);
    far.once('close', end);
    join(near, far);
  }
}

function join(near: Socket, far: Socket): void {
  near.pipe(far);
  far.pipe(near);
}

function prepare(socket: Socket): void {
  socket.setNoDelay(true);
  socket.unref();
  // A connection that breaks is noticed by its close; the other side is then closed as well.
  socket.on('error', () => undefined);
}
