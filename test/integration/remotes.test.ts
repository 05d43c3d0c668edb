/** Remotes that change while a client of real servers runs, and servers that refuse it after the handshake. */
import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ClientOptions } from '../../lib/client/client-options.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import { Sandbox, type SandboxSchema } from '../../lib/testing/index.js';
import { failure } from '../failure.js';
import { eventually, RawClient } from './raw-client.js';
import { WatchedTables } from './watched-tables.js';

const schema: SandboxSchema = {
  name: 'Moving',
  version: '1.0.0',
  tables: { T: { columns: { name: { type: 'string' } }, isRoot: true } },
};

type Client = OvsdbClient<UntypedTables, Record<'T', string>>;

describe('a client of several servers', function () {
  this.timeout(90_000);
  let first: Sandbox;
  let second: Sandbox;

  beforeEach(async () => {
    [first, second] = await Promise.all([
      Sandbox.start({ schemas: schema, ssl: true, tcp: true }),
      Sandbox.start({ schemas: schema }),
    ]);
    for (const [sandbox, name] of [
      [first, 'one'],
      [second, 'two'],
    ] as const) {
      using raw = await RawClient.connect(sandbox.remote, 'Moving');
      await raw.commit({ op: 'insert', table: 'T', row: { name } });
    }
  });
  afterEach(async () => {
    await Promise.all([first.stop(), second.stop()]);
  });

  const connect = (options: Partial<ClientOptions<UntypedTables>>): Promise<Client> =>
    OvsdbClient.connect({
      remotes: first.remote,
      database: 'Moving',
      tables: ['T'],
      backoff: { minMs: 20, maxMs: 50 },
      ...options,
    }) as unknown as Promise<Client>;
  const names = (client: Client): unknown[] => [...client.tables.T].map(({ name }) => name);

  it('moves when its server is no longer listed, after its transactions there were answered', async () => {
    await using client = await connect({});
    const watched = new WatchedTables('client', client, ['T']);
    const states: string[] = [];
    client.on('state', ({ name }) => states.push(name));
    const there = [1, 2, 3].map((n) => client.transact((tx) => tx.insert('T', { name: `there ${n}` })));
    // They leave with the end of this turn.
    await new Promise((resolve) => setImmediate(resolve));
    client.setRemotes(second.remote);
    const here = client.transact((tx) => tx.insert('T', { name: 'here' }));
    await Promise.all([...there, here]);
    expect(client.state).to.include({ name: 'synced', remote: second.remote });
    expect(names(client).sort()).to.deep.equal(['here', 'two']);
    watched.expectTrue('after the move');
    expect(states).to.deep.equal(['backoff', 'connecting', 'syncing', 'synced']);
    client.setRemotes([first.remote, second.remote]);
    await client.transact((tx) => tx.insert('T', { name: 'still here' }));
    expect(states).to.have.lengthOf(4);
    using raw = await RawClient.connect(first.remote, 'Moving');
    const left = [...(await raw.rows('T')).values()].map(({ name }) => name);
    expect(left.sort()).to.deep.equal(['one', 'there 1', 'there 2', 'there 3']);
  });

  it('moves out of a pause for a server that does not come back', async () => {
    await using client = await connect({ backoff: { minMs: 60_000, maxMs: 60_000 } });
    await first.kill();
    await eventually(() => client.state.name === 'backoff' && client.state.delayMs > 0);
    expect(names(client)).to.deep.equal(['one']);
    client.setRemotes(second.remote);
    await client.synced({ timeoutMs: 5000 });
    expect(names(client)).to.deep.equal(['two']);
  });

  it('is not syncing before the server has accepted its certificate, which TLS 1.3 leaves for after the handshake', async () => {
    const { ca, privateKey, certificate, roguePrivateKey, rogueCertificate } = first.tls;
    await using client = await connect({
      remotes: first.tcpRemote,
      tls: { privateKeyFile: roguePrivateKey, certificateFile: rogueCertificate, caCertFile: ca },
    });
    const states: string[] = [];
    client.on('state', ({ name }) => states.push(name));
    client.setRemotes(first.sslRemote);
    await eventually(() => states.filter((name) => name === 'backoff').length >= 3);
    expect(states).not.to.include('syncing');
    const error = await failure(client.synced({ timeoutMs: 50 }));
    expect(error.message).to.match(/rogue/);
    client.setRemotes(first.tcpRemote);
    await client.synced();
    await using accepted = await connect({
      remotes: first.sslRemote,
      tls: { privateKeyFile: privateKey, certificateFile: certificate, caCertFile: ca },
    });
    expect(names(accepted)).to.deep.equal(['one']);
  });
});
