/** Connects clients in this process without sockets. */
import { ConnectFailedError } from '../errors.js';
import { formatRemote } from '../wire/remote.js';
import type { OpenStream } from '../wire/stream.js';
import type { EmbeddedConnection } from './embedded-connection.js';
import type { Member } from './member.js';

/** Numbers the servers of this process, so that each has names of its own. */
let serversMade = 0;

/** What connects clients to these members. */
export function directConnections(members: readonly Member[]): EmbeddedConnection {
  const number = ++serversMade;
  const byPath = new Map(members.map((member, i) => [`embedded-${number}.${i + 1}`, member]));
  const openStream: OpenStream = async (remote, _tls, limits) => {
    limits?.signal?.throwIfAborted();
    const member = remote.scheme === 'unix' ? byPath.get(remote.path) : undefined;
    if (member === undefined) {
      throw new ConnectFailedError(
        `connecting to ${formatRemote(remote)} failed: it is none of this embedded server, which has ${[...byPath.keys()].join(', ')}`,
      );
    }
    return Promise.resolve(member.connect(remote));
  };
  return { remotes: [...byPath.keys()].map((path) => `unix:${path}`), openStream };
}
