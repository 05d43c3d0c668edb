/** A server each for several databases, for measurements that are interleaved over all of them. */
import { BenchServer } from './server.js';

/** Starts a server per database file, hands them over in the same order, and ends them whatever happens. */
export async function withServers<T>(
  databaseFiles: readonly string[],
  use: (servers: readonly BenchServer[]) => Promise<T>,
): Promise<T> {
  const servers: BenchServer[] = [];
  try {
    for (const file of databaseFiles) servers.push(await BenchServer.start(file));
    return await use(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}
