/** What becomes of everything that is outstanding when a client is closed, whatever it is doing. */
import { expect } from 'chai';

import { OvsdbClient } from '../../../lib/client/client.js';
import { failure } from '../../failure.js';
import { asksFor, connectTo, reached, type Client } from './fake-client.js';
import { FakeServer, refused, ROW } from './fake-server.js';

describe('a client that is closed', () => {
  let server: FakeServer;
  let client: Client;

  beforeEach(async () => {
    server = new FakeServer();
    client = await connectTo(server);
  });
  afterEach(() => client.close());

  const places: Readonly<Record<string, () => Promise<void> | void>> = {
    synced: () => undefined,
    connecting: () => {
      server.onConnect = () => 'silence';
      server.latest.cut();
      return reached(client, 'connecting');
    },
    'waiting for the first reply': () => {
      server.onRequest = () => 'silence';
      server.latest.cut();
      return reached(client, 'connecting');
    },
    syncing: () => {
      server.onRequest = (request) => (asksFor('get_schema', 'DB')(request) ? 'silence' : undefined);
      server.latest.cut();
      return reached(client, 'syncing');
    },
    backoff: () => {
      server.onConnect = refused;
      server.latest.cut();
      return reached(client, 'backoff', 2);
    },
    'leaving a server': () => {
      server.onRequest = ({ method }) => (method === 'transact' ? 'silence' : undefined);
      void client.transact((tx) => tx.delete('T', ROW as never)).catch(() => undefined);
      const left = reached(client, 'backoff');
      setImmediate(() => client.reconnect());
      return left;
    },
  };
  for (const [where, go] of Object.entries(places)) {
    it(`leaves nothing outstanding: ${where}`, async () => {
      const monitored = await client.monitor({ tables: ['T'] });
      const lock = client.lock('l');
      const read: string[] = [];
      const reading = (async () => {
        for await (const { cause } of client.changes()) read.push(cause);
      })();
      await go();
      server.onRequest = () => 'silence';
      const row = (): boolean => false;
      const outstanding: Record<string, Promise<unknown>> = {
        transact: client.transact((tx) => tx.delete('T', ROW as never)),
        setConditions: client.setConditions({ T: false }),
        'setConditions of a further monitor': monitored.setConditions({ T: false }),
        monitor: client.monitor({ tables: ['T'] }),
        acquired: lock.acquired(),
        steal: lock.steal(),
        until: client.tables.T.until(row),
        'until of a further monitor': monitored.tables.T.until(row),
        ...(client.state.name === 'synced' ? {} : { synced: client.synced() }),
      };
      const failures = Object.entries(outstanding).map(
        async ([what, promise]) => `${what}: ${(await failure(promise))['code'] as string}`,
      );
      await new Promise((resolve) => setImmediate(resolve));
      client.close();
      client.close();
      const settled = await Promise.all(failures);
      const transact = where === 'synced' ? 'OutcomeUnknown' : 'NotSent';
      expect(settled).to.deep.equal(
        Object.keys(outstanding).map((what) => `${what}: ${what === 'transact' ? transact : 'Closed'}`),
      );
      await reading;
      expect(read[0]).to.equal('initial');
      expect(client.state).to.deep.equal({ name: 'closed', error: undefined });
      expect(server.connections.every(({ closed }) => closed)).to.equal(true);
      client.reconnect();
      client.setRemotes('tcp:b:1');
      const attempts = server.attempts.length;
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(server.attempts).to.have.lengthOf(attempts);
      expect([...client.tables.T]).to.have.lengthOf(1);
    });
  }

  it('stays closed although a connection is made only then', async () => {
    let open: (() => void) | undefined;
    const { open: openStream } = server;
    const late = OvsdbClient.connect({
      remotes: 'tcp:late:1',
      database: 'DB',
      tables: ['T'],
      readyTimeoutMs: 20,
      openStream: async (remote, tls) => {
        await new Promise<void>((resolve) => (open = resolve));
        return openStream(remote, tls);
      },
    });
    expect(await failure(late)).to.include({ code: 'ConnectFailed' });
    open!();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(server.latest.closed).to.equal(true);
    expect(client.state.name).to.equal('synced');
  });
});
