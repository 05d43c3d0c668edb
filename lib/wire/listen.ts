/** Starts to listen at a passive remote. */

import { lstat, unlink } from 'node:fs/promises';
import { connect, type ListenOptions, type Server } from 'node:net';

import { listenFailure } from './failure.js';
import type { PassiveRemote } from './remote.js';

/**
 * Has `server` listen at `remote`. Without a host these are all IPv4 addresses, as with ovsdb(7). The socket file of
 * a process that is gone is replaced; one at which somebody listens, and a file of any other kind, are left alone.
 *
 * @throws {@link ConnectFailedError} with the reason and what to check.
 */
export async function listen(server: Server, remote: PassiveRemote): Promise<void> {
  try {
    try {
      await listenOnce(server, listenOptions(remote));
    } catch (error) {
      if (remote.scheme !== 'punix' || !isTaken(error) || !(await isStaleSocket(remote.path))) throw error;
      await unlink(remote.path);
      await listenOnce(server, listenOptions(remote));
    }
  } catch (error) {
    throw listenFailure(remote, error as Error);
  }
}

function listenOptions(remote: PassiveRemote): ListenOptions {
  if (remote.scheme === 'punix') return { path: remote.path };
  return { port: remote.port, host: remote.host ?? '0.0.0.0' };
}

async function listenOnce(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onListening = (): void => {
      server.off('error', onError);
      resolve();
    };
    const onError = (error: Error): void => {
      server.off('listening', onListening);
      reject(error);
    };
    server.once('listening', onListening).once('error', onError).listen(options);
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/** True for a socket that refuses connections: the file outlives the process that listened there. */
async function isStaleSocket(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => {
      resolve('code' in error && error.code === 'ECONNREFUSED');
    });
  });
}
