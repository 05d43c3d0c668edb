/**
 * The client's end of a passive remote: listens, and hands out the connections that servers make, the
 * newest one only. A newer connection ends the older, since a server that calls again has given up the
 * one before, and there is one database to follow.
 */

import { createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import { ConnectionLostError, InvalidArgumentError, type OvsdbError } from '../errors.js';
import { acceptFailure, listenFailure, type PeerDescription } from './failure.js';
import { listen } from './listen.js';
import { formatRemote, type PassiveRemote } from './remote.js';
import { SocketStream } from './socket-stream.js';
import type { Stream } from './stream.js';
import { certificateName, nodeTls, tlsServerOptions, type TlsOptions } from './tls.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** The current connection, and handshakes that are under way: strangers are not to use up the descriptors. */
const MAX_CONNECTIONS = 64;

interface Waiter {
  readonly resolve: (stream: Stream) => void;
  readonly reject: (reason: unknown) => void;
}

/** See the head of this file. */
export class PassiveListener {
  readonly remote: PassiveRemote;
  #server: Server | undefined;
  #tls: TlsOptions = {};
  #waiter: Waiter | undefined;
  /** The newest connection. */
  #stream: SocketStream | undefined;
  #handedOut = false;
  /** Connections whose TLS handshake is not over. */
  readonly #handshakes = new Set<Socket>();

  constructor(remote: PassiveRemote) {
    this.remote = remote;
  }

  /**
   * Resolves with the newest connection that was not handed out yet, or else with the next. Listens from the first
   * call on. `tls` holds for all connections from now on, and its files are read for each.
   *
   * @throws {@link ConnectFailedError} when this process cannot listen there, or a server that connects while this
   * waits does not get through the TLS handshake; `signal.reason` on abort; {@link InvalidArgumentError} for TLS
   * options that will not do.
   */
  async accept(tls: TlsOptions, signal?: AbortSignal): Promise<Stream> {
    signal?.throwIfAborted();
    if (this.#waiter !== undefined) {
      throw new InvalidArgumentError(`a server is already being waited for at ${formatRemote(this.remote)}`);
    }
    if (this.remote.scheme === 'pssl') tlsServerOptions(tls);
    this.#tls = tls;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiter = undefined;
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        resolve: (stream) => {
          settle();
          resolve(stream);
        },
        reject: (reason) => {
          settle();
          reject(reason);
        },
      };
      const onAbort = (): void => {
        waiter.reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiter = waiter;
      if (this.#server === undefined) void this.#listen();
      this.#handOut();
    });
  }

  /** Stops listening. Whoever waits gets `reason`; a connection that was handed out stays its owner's. */
  close(reason: OvsdbError): void {
    this.#stop();
    this.#waiter?.reject(reason);
  }

  #stop(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#handshakes) socket.destroy();
    this.#handshakes.clear();
    if (!this.#handedOut) this.#stream?.close();
    this.#stream = undefined;
  }

  async #listen(): Promise<void> {
    const server = createServer({ noDelay: true, keepAlive: true });
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    server.on('connection', (socket) => {
      if (this.#server !== server) socket.destroy();
      else if (this.remote.scheme === 'pssl') this.#shakeHands(socket);
      else this.#take(socket, { address: addressOf(socket) });
    });
    try {
      await listen(server, this.remote);
    } catch (error) {
      if (this.#server !== server) return;
      this.#server = undefined;
      this.#waiter?.reject(error);
      return;
    }
    // It may have been closed meanwhile, when there was nothing to close yet.
    if (this.#server !== server) server.close();
    server.on('error', (error) => {
      if (this.#server !== server) return;
      this.#stop();
      this.#waiter?.reject(listenFailure(this.remote, error));
    });
  }

  /** A TLS server of its own for each connection, so that the files are read for each. */
  #shakeHands(raw: Socket): void {
    const peer: PeerDescription = { address: addressOf(raw), certificate: certificateName(this.#tls) };
    let options: ReturnType<typeof tlsServerOptions>;
    try {
      options = tlsServerOptions(this.#tls);
    } catch (error) {
      raw.destroy();
      this.#waiter?.reject(error);
      return;
    }
    // The TLS server tells of every end of a handshake, its peer's disappearance included.
    this.#handshakes.add(raw);
    const server = nodeTls().createServer({ ...options, handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
    server.once('secureConnection', (socket) => {
      if (this.#handshakes.delete(raw)) this.#take(socket, peer);
    });
    server.once('tlsClientError', (error, socket) => {
      raw.destroy();
      // After close nobody is interested; and a connection that works is not disturbed by one that does not.
      if (this.#handshakes.delete(raw)) this.#waiter?.reject(acceptFailure(this.remote, reasonOf(error, socket), peer));
    });
    server.emit('connection', raw);
  }

  #take(socket: Socket, peer: PeerDescription): void {
    const by = peer.address === undefined ? '' : ` from ${peer.address}`;
    const message = `the connection to the server that connected to ${formatRemote(this.remote)} was replaced by a newer one${by}`;
    const older = this.#stream;
    this.#stream = new SocketStream(this.remote, socket, peer);
    this.#handedOut = false;
    older?.end(new ConnectionLostError(message, { sent: false }));
    this.#handOut();
  }

  #handOut(): void {
    if (this.#waiter === undefined || this.#stream === undefined || this.#handedOut || this.#stream.ended) return;
    this.#handedOut = true;
    this.#waiter.resolve(this.#stream);
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined;
  return `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort ?? '?'}`;
}

/** Node tells of a certificate that failed verification by a property of the socket only, which holds a code. */
function reasonOf(error: Error, socket: TLSSocket): Error {
  const code: unknown = socket.authorizationError;
  return typeof code === 'string' ? Object.assign(new Error(code, { cause: error }), { code }) : error;
}
