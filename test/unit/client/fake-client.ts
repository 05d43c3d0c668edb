/** Clients of a fake server, and their states. */
import { OvsdbClient } from '../../../lib/client/client.js';
import type { ClientOptions } from '../../../lib/client/client-options.js';
import type { ClientState } from '../../../lib/client/client-state.js';
import type { UntypedTables } from '../../../lib/schema/types.js';
import type { FakeServer, Request } from './fake-server.js';

export type Client = OvsdbClient<UntypedTables, Record<'T', string>>;
export type Options = Partial<ClientOptions<UntypedTables>>;

/** Connects to the remote `tcp:a:1`, unless told otherwise, with pauses of 20 to 80 ms. */
export async function connectTo(server: FakeServer, options: Options = {}): Promise<Client> {
  return (await OvsdbClient.connect({
    remotes: 'tcp:a:1',
    database: 'DB',
    tables: ['T'],
    shuffle: false,
    openStream: server.open,
    backoff: { minMs: 20, maxMs: 80 },
    ...options,
  })) as unknown as Client;
}

/** Resolves when the client comes into a state for the so-manieth time from now on. */
export async function reached(client: Client, name: ClientState['name'], times = 1): Promise<void> {
  await new Promise<void>((resolve) => {
    let left = times;
    const stop = client.on('state', (state) => {
      if (state.name !== name || --left > 0) return;
      stop();
      resolve();
    });
  });
}

/** Is this that request about that database? */
export function asksFor(method: string, database: string): (request: Request) => boolean {
  return (request) => request.method === method && request.params[0] === database;
}
