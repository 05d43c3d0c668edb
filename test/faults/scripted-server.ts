/**
 * A server that does what a test tells it to: it speaks no protocol of its own, so that it can break
 * any. It listens on 127.0.0.1 or a Unix socket, with or without TLS.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

import { Framer } from '../../lib/wire/framer.js';
import type { Remote } from '../../lib/wire/remote.js';

/** A message as the client sent it. */
export interface ClientMessage {
  readonly id: unknown;
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

/** What a test may want to decide; the defaults answer echo and nothing else. */
export interface Script {
  /** A client has connected. */
  onConnection?(peer: Peer): void;
  /** A message of the client; what is returned is the result of the reply, undefined sends none. */
  onMessage?(message: ClientMessage, peer: Peer): unknown;
}

/** One connected client, as the server sees it. */
export class Peer {
  readonly socket: Socket;
  readonly messages: ClientMessage[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Sends messages, or texts and bytes as they are, in one write. */
  send(...messages: readonly unknown[]): void {
    const parts = messages.map((m) =>
      Buffer.isBuffer(m) ? m : Buffer.from(typeof m === 'string' ? m : JSON.stringify(m)),
    );
    this.socket.write(Buffer.concat(parts));
  }

  /** Ends the connection in order. */
  end(): void {
    this.socket.end();
  }

  /** Cuts the connection: TCP clients see a reset. */
  cut(): void {
    if (this.socket.localPort === undefined) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }
}

/** See the head of this file. */
export class ScriptedServer {
  readonly remote: Remote;
  readonly peers: Peer[] = [];
  readonly #server: Server;
  #waiting: ((peer: Peer) => void)[] = [];

  private constructor(server: Server, remote: Remote) {
    this.#server = server;
    this.remote = remote;
  }

  /** Listens on `path`, or else on a free port of 127.0.0.1; with `tls` the remote is an `ssl:` one. */
  static async start(
    script: Script = {},
    where: { path?: string; port?: number; tls?: TlsOptions } = {},
  ): Promise<ScriptedServer> {
    const server = where.tls === undefined ? createServer() : createTlsServer(where.tls);
    server.listen(where.path === undefined ? { port: where.port ?? 0, host: '127.0.0.1' } : { path: where.path });
    await once(server, 'listening');
    const port = (server.address() as AddressInfo).port;
    const made = new ScriptedServer(
      server,
      where.path === undefined
        ? { scheme: where.tls === undefined ? 'tcp' : 'ssl', host: '127.0.0.1', port }
        : { scheme: 'unix', path: where.path },
    );
    server.on(where.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      made.#serve(socket, script);
    });
    return made;
  }

  /** The first client that has not been asked for yet. */
  async nextPeer(): Promise<Peer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#handOut();
    });
  }

  /** Stops listening and cuts all connections. */
  async stop(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #handedOut = 0;

  #handOut(): void {
    while (this.#waiting.length > 0 && this.#handedOut < this.peers.length) {
      this.#waiting.shift()!(this.peers[this.#handedOut++]!);
    }
  }

  #serve(socket: Socket, script: Script): void {
    const peer = new Peer(socket);
    const framer = new Framer();
    socket.setNoDelay(true);
    // Clients that cut the connection are part of what is tested.
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      framer.push(chunk, ({ bytes }) => {
        const message = JSON.parse(bytes.toString()) as ClientMessage;
        peer.messages.push(message);
        const echo = message.method === 'echo' ? message.params : undefined;
        const result = script.onMessage === undefined ? echo : script.onMessage(message, peer);
        if (result !== undefined) peer.send({ id: message.id, result, error: null });
      });
    });
    this.peers.push(peer);
    script.onConnection?.(peer);
    this.#handOut();
  }
}
