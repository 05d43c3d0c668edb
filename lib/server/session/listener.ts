/** Listens for clients on a unix socket or a tcp port. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import { OvsdbError } from '../../errors.js';
import { formatRemote } from '../../wire/remote.js';
import { SocketChannel } from './socket-channel.js';
import type { Channel } from './channel.js';

/** Where to listen: a path of a unix socket, or a host and port, of which 0 is any that is free. */
export type ListenAt = { readonly path: string } | { readonly host: string; readonly port: number };

/** A place at which a server listens. */
export interface Listener {
  /** Where clients connect to, `unix:PATH` or `tcp:HOST:PORT`. */
  readonly remote: string;
  /** Stops listening; connections stay. */
  close(): Promise<void>;
}

/** Longest path of a unix socket, in bytes: `sun_path` without its NUL. Some versions of Node cut a longer one. */
const MAX_SOCKET_PATH_BYTES: number = process.platform === 'linux' ? 107 : 103;

/** Starts to listen. Rejects with an `OvsdbError` of code `EmbeddedListen` when the place is not to be had. */
export async function listen(at: ListenAt, onConnection: (channel: Channel) => void): Promise<Listener> {
  const isLocal = 'path' in at;
  const server: Server = createServer((socket: Socket) => {
    onConnection(new SocketChannel(socket, isLocal));
  });
  try {
    if (isLocal && Buffer.byteLength(at.path) > MAX_SOCKET_PATH_BYTES) {
      throw new RangeError(
        `a unix socket's path may have ${MAX_SOCKET_PATH_BYTES} bytes, not ${Buffer.byteLength(at.path)}`,
      );
    }
    // Throws at once for what is no port.
    server.listen(at);
    await once(server, 'listening');
  } catch (error) {
    const where = isLocal ? at.path : `${at.host}:${at.port}`;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OvsdbError(
      'EmbeddedListen',
      `the embedded server cannot listen at ${where}: ${reason}; choose another place, or none (server.connection)`,
      { cause: error },
    );
  }
  // A connection that cannot be taken, for want of file descriptors, is its client's trouble.
  server.on('error', () => undefined);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    remote: formatRemote(isLocal ? { scheme: 'unix', path: at.path } : { scheme: 'tcp', host: at.host, port }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
