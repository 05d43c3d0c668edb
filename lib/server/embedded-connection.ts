/** How clients are connected to an embedded server without sockets. */
import type { OpenStream } from '../wire/stream.js';

/** Options that connect a client without any socket: `connectNorthbound({ ...server.connection })`. */
export interface EmbeddedConnection {
  /** One name for each server, for messages; nothing listens there. */
  readonly remotes: readonly string[];
  /** Makes the streams. */
  readonly openStream: OpenStream;
}
