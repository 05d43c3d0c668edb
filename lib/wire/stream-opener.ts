/** Opens the streams of one connection, one after the other, whichever end it is that connects. */

import { ClosedError } from '../errors.js';
import { PassiveListener } from './passive-listener.js';
import { formatRemote, isPassive } from './remote.js';
import { connectStream } from './connect-stream.js';
import type { OpenStream } from './stream.js';

/** See {@link streamOpener}. */
export interface StreamOpener {
  /**
   * Connects to an active remote as {@link connectStream} does. At a passive one it listens and resolves with the
   * connection of the first server that calls; that may take for ever, so only `signal` ends the wait, not
   * `timeoutMs`. A newer connection ends the stream of the older with {@link ConnectionLostError}, and is what the
   * next call for this remote resolves with. One call at a time.
   *
   * @throws as {@link connectStream}, and {@link ConnectFailedError} when this process cannot listen at the remote or
   * a server that connects does not get through the TLS handshake; {@link ClosedError} after {@link close}.
   */
  readonly open: OpenStream;
  /** Stops listening. Streams that were opened stay open. Idempotent. */
  close(): void;
}

/**
 * Makes an opener for one connection to own. It goes on listening at a passive remote between calls, until it is
 * closed or asked to open another remote.
 */
export function streamOpener(): StreamOpener {
  let listener: PassiveListener | undefined;
  let closed = false;
  const stopListening = (why: string): void => {
    listener?.close(new ClosedError(`listening at ${formatRemote(listener.remote)} was ended: ${why}`));
    listener = undefined;
  };
  return {
    open: async (remote, tls = {}, limits = {}) => {
      limits.signal?.throwIfAborted();
      const name = formatRemote(remote);
      if (closed) throw new ClosedError(`${name} was not opened: the connection is closed`);
      if (listener !== undefined && formatRemote(listener.remote) !== name) stopListening(`${name} took its place`);
      if (!isPassive(remote)) return connectStream(remote, tls, limits);
      listener ??= new PassiveListener(remote);
      return listener.accept(tls, limits.signal);
    },
    close: () => {
      closed = true;
      stopListening('the connection was closed');
    },
  };
}
