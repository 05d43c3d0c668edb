/** A server, a client behind a proxy that tests tell what to do, and a second client beside both. */
import type { SelectionOf, TableChoice } from '../../lib/client/client-options.js';
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import type { NorthboundTables } from '../../lib/nb/tables.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { RawClient } from './raw-client.js';
import { startServer, type TestServer } from './test-server.js';

export interface ProxiedClient<O extends TableChoice<NorthboundTables>> {
  readonly sandbox: TestServer;
  readonly raw: RawClient;
  readonly proxy: ClientProxy;
  readonly nb: NorthboundClient<SelectionOf<NorthboundTables, O>>;
  stop(): Promise<void>;
}

export async function startProxiedClient<const O extends TableChoice<NorthboundTables>>(
  tables: O,
): Promise<ProxiedClient<O>> {
  const sandbox = await startServer();
  const raw = await RawClient.connect(sandbox.remote);
  const proxy = await ClientProxy.start(sandbox.remote);
  const nb = await connectNorthbound({
    remotes: proxy.remote,
    tables,
    backoff: { minMs: 20, maxMs: 50 },
    // The server's schema is older than the library's; that is tested elsewhere.
    onWarning: () => undefined,
  });
  const stop = async (): Promise<void> => {
    nb.close();
    raw[Symbol.dispose]();
    await proxy[Symbol.asyncDispose]();
    await sandbox.stop();
  };
  return { sandbox, raw, proxy, nb, stop };
}
