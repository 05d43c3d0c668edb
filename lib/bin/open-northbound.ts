/** Connects a command to its database, and tells somebody who waits how that goes. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ConnectionOptions } from '../client/client-options.js';
import { DIAGNOSTICS_CHANNELS, type StateMessage } from '../diagnostics.js';
import type { CommandOutput } from './command-output.js';
import { printableLines } from './printable.js';

/** How a command connects. */
export interface OpenOptions {
  readonly connection: Pick<ConnectionOptions, 'remotes' | 'tls' | 'leaderOnly'>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly output: CommandOutput;
}

/** Resolves and rejects as `connect` does, which is to connect with the options that it is given. */
export async function openNorthbound<C>(
  { connection, timeoutMs, signal, output }: OpenOptions,
  connect: (options: ConnectionOptions) => Promise<C>,
): Promise<C> {
  const progress = output.progress?.begin(`connecting to ${String(connection.remotes)}`);
  let isTold = false;
  const tell = (message: unknown): void => {
    const { name, error, remote } = message as StateMessage;
    if (name === 'syncing') progress?.describe(`reading the database of ${remote ?? ''}`);
    if (name === 'connecting') progress?.describe(`connecting to ${remote ?? ''}`);
    if (name !== 'backoff' || error === undefined || isTold) return;
    isTold = true;
    output.writeError(`note: ${printableLines(error.message)}; trying again for up to ${timeoutMs / 1000} s\n`);
  };
  subscribe(DIAGNOSTICS_CHANNELS.state, tell);
  try {
    return await connect({
      ...connection,
      readyTimeoutMs: timeoutMs,
      signal,
      onWarning: ({ code, message }) => {
        // That a server is older than this program is nothing that its operator could do something about here.
        if (code !== 'SchemaLacks') output.writeError(`note: ${printableLines(message)}\n`);
      },
    });
  } finally {
    unsubscribe(DIAGNOSTICS_CHANNELS.state, tell);
    progress?.end();
  }
}
