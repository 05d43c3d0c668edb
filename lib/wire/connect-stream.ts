/** Connects to a server: by Unix socket, TCP or TLS. */

import { connect as connectNet, type Socket } from 'node:net';

import { ConnectFailedError, InvalidArgumentError, TimeoutError } from '../errors.js';
import { clearTimeout, LONGEST_TIMER_MS, setTimeout } from '../timer.js';
import { connectFailure } from './failure.js';
import { formatRemote, isPassive, type ActiveRemote, type Remote } from './remote.js';
import { SocketStream } from './socket-stream.js';
import type { ConnectLimits, Stream } from './stream.js';
import { certificateName, nodeTls, tlsConnectionOptions, type TlsOptions } from './tls.js';

/**
 * Connects to an active `remote`. `options` matter to `ssl:` remotes only. To listen at a passive one, see
 * `streamOpener`.
 *
 * For TLS 1.3 a server refuses a client's certificate only after this promise has resolved: the stream
 * then closes with an error that says so.
 *
 * @throws {@link ConnectFailedError} with the reason and what to check; `signal.reason` on abort;
 * {@link InvalidArgumentError} when a TLS option is missing, a file cannot be read, or the remote is passive.
 */
export async function connectStream(
  remote: Remote,
  options: TlsOptions = {},
  { signal, timeoutMs = 10_000 }: ConnectLimits = {},
): Promise<Stream> {
  signal?.throwIfAborted();
  if (isPassive(remote)) {
    const name = formatRemote(remote);
    throw new InvalidArgumentError(`cannot connect to ${name}: it is a place to listen at, not a server`);
  }
  const socket = openSocket(remote, options);
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('secureConnect', onConnect).off('error', onError).off('close', onClose);
    };
    const fail = (reason: unknown): void => {
      release();
      // A socket that is being destroyed may still report an error, and nobody is interested.
      socket.on('error', ignore);
      socket.destroy();
      reject(reason);
    };
    const certificate = remote.scheme === 'ssl' ? certificateName(options) : undefined;
    const onConnect = (): void => {
      release();
      resolve(new SocketStream(remote, socket, { certificate }));
    };
    const onError = (error: Error): void => {
      fail(connectFailure(remote, error, certificate));
    };
    const onClose = (): void => {
      fail(new ConnectFailedError(`connecting to ${formatRemote(remote)} failed: the peer closed the connection`));
    };
    const onAbort = (): void => {
      fail(signal?.reason);
    };
    socket.once(remote.scheme === 'ssl' ? 'secureConnect' : 'connect', onConnect);
    socket.once('error', onError);
    socket.once('close', onClose);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (timeoutMs > 0) {
      const onTimeout = (): void => {
        const cause = new TimeoutError(`no connection within ${timeoutMs} ms`, timeoutMs);
        const message = `connecting to ${formatRemote(remote)} failed: no answer within ${timeoutMs} ms. Is a firewall in between, or the host down?`;
        fail(new ConnectFailedError(message, { cause }));
      };
      timer = setTimeout(onTimeout, Math.min(timeoutMs, LONGEST_TIMER_MS));
    }
  });
}

function openSocket(remote: ActiveRemote, options: TlsOptions): Socket {
  switch (remote.scheme) {
    case 'unix':
      return connectNet({ path: remote.path });
    case 'tcp':
      return connectNet({ host: remote.host, port: remote.port, noDelay: true, keepAlive: true });
    case 'ssl': {
      const socket = nodeTls().connect(tlsConnectionOptions(remote, options));
      socket.setNoDelay(true);
      socket.setKeepAlive(true);
      return socket;
    }
  }
}

function ignore(): void {
  // Nothing is to be done.
}
