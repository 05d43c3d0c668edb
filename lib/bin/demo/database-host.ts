/** Where the demo's database is: in memory, on an ovsdb-server that is started for it, or somewhere already. */
import type { ConnectionOptions } from '../../client/client-options.js';
import type { DemoOptions } from './options.js';

/** A server with a northbound database. */
export interface DatabaseHost {
  readonly connection: Pick<ConnectionOptions, 'remotes' | 'tls'>;
  /** How to name it to ovn-nbctl(8), and what else that takes. */
  readonly remotes: string;
  readonly tlsArguments: readonly string[];
  /** Is it gone at the end? */
  readonly isPrivate: boolean;
  /** In some words. */
  readonly description: string;
  /** Ends what was started for the demo. */
  stop(): Promise<void>;
}

/** Starts a server, if one is to be started. Rejects as `Sandbox.start` and `EmbeddedServer.start`. */
export async function openHost({ database }: DemoOptions): Promise<DatabaseHost> {
  if (typeof database === 'object') {
    const { remotes, connection, tlsArguments } = database;
    return { connection, remotes, tlsArguments, isPrivate: false, description: remotes, stop: () => Promise.resolve() };
  }
  // Its code is loaded only here: other commands have no servers.
  const { EmbeddedServer, Sandbox } = await import('../../testing/index.js');
  const server =
    database === 'real' ? await Sandbox.start() : await EmbeddedServer.start({ recordTransactions: false });
  return {
    connection: { remotes: server.remote },
    remotes: server.remote,
    tlsArguments: [],
    isPrivate: true,
    description:
      database === 'real'
        ? 'a private ovsdb-server, gone at the end'
        : 'in memory: an OVSDB server in this process (ovn-northbound/testing), which speaks the protocol on a unix socket',
    stop: () => server.stop(),
  };
}
