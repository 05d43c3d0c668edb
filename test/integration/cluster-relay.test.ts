/** Clients behind relays of a cluster. */
import { expect } from 'chai';

import { ClusterSandbox, Sandbox } from '../../lib/testing/index.js';
import { ClientProxy, type ReplyFate } from '../faults/client-proxy.js';
import type { ClientMessage } from '../faults/scripted-server.js';
import { failure } from '../failure.js';
import { connectShelf, fill, follows, handOver, reaches, SHELF, Witness, Writer } from './cluster-scene.js';

describe('a client behind a relay', function () {
  this.timeout(180_000);
  let cluster: ClusterSandbox;
  let relays: [Sandbox, Sandbox];

  before(async () => {
    cluster = await ClusterSandbox.start({ schema: SHELF });
    await fill(cluster);
  });
  after(async () => cluster.stop());

  before(async () => {
    const relay = { database: 'Shelf', remotes: cluster.remotes };
    relays = await Promise.all([Sandbox.start({ relay }), Sandbox.start({ relay })]);
  });
  after(async () => Promise.all(relays.map(async (relay) => relay.stop())));

  it('is refused at once, and told why, when it wants the leader', async () => {
    // Had it tried until its time was over, the code were another one.
    const error = await failure(connectShelf(relays.map(({ remote }) => remote)));
    expect(error).to.include({ code: 'ServerUnfit', reason: 'relay' });
    expect(error.message).to.match(/is a relay of Shelf, which never is the leader; set leaderOnly to false/);
  });

  it('goes past relays to the leader, when it wants the leader', async () => {
    const remotes = [...relays.map(({ remote }) => remote), ...cluster.tcpRemotes];
    await using client = await connectShelf(remotes, { shuffle: false });
    expect(client.state).to.have.nested.property('server.model', 'clustered');
    expect(client.state).to.have.nested.property('server.leader', true);
  });

  it('reads and writes through it, also while the leadership moves behind it', async () => {
    await using client = await connectShelf([relays[0].remote], { leaderOnly: false });
    expect(client.state).to.deep.nested.include({ name: 'synced', 'server.model': 'relay', 'server.connected': true });
    const witness = new Witness(client);
    const writer = new Writer(client);
    await writer.next();
    await handOver(cluster);
    await writer.next();
    await writer.stop();
    expect(writer.failed).to.deep.equal([]);
    await client.transact((tx) => tx.insert('Item', { name: 'over' }));
    await writer.check(cluster);
    await witness.check(cluster);
  });

  it('moves to another relay when its relay has lost its source', async () => {
    await using proxy = await ClientProxy.start(relays[0].remote);
    let row: string | undefined;
    proxy.onReply = ({ result }: ClientMessage): ReplyFate => {
      row ??= rowOf(result);
      return 'pass';
    };
    const remotes = [proxy.remote, relays[1].remote];
    await using client = await connectShelf(remotes, { leaderOnly: false, shuffle: false });
    const witness = new Witness(client);
    const writer = new Writer(client);
    expect(client.state).to.deep.include({ remote: proxy.remote });
    await writer.next();
    const left = reaches(client, ({ name }) => name === 'backoff');
    // A relay says so when its source has been gone for half a minute.
    const lost = { Database: { [row ?? '']: { modify: { connected: false } } } };
    const params = ['ovn-northbound:_Server:status', '00000000-0000-0000-0000-000000000000', lost];
    proxy.inject(JSON.stringify({ id: null, method: 'update3', params }));
    expect(await left).to.have.nested.property('error.reason', 'disconnected');
    expect(await left)
      .to.have.nested.property('error.message')
      .that.matches(/relay of Shelf that has no connection to its source/);
    await follows(client, ({ remote }) => remote === relays[1].remote);
    await writer.next();
    await writer.stop();
    expect(writer.failed).to.deep.equal([]);
    await client.transact((tx) => tx.insert('Item', { name: 'over' }));
    expect(witness.syncs).to.deep.equal(['delta']);
    await writer.check(cluster);
    await witness.check(cluster);
  });
});

/** Uuid of the row that tells of the database, in the reply to the monitor of `_Server`. */
function rowOf(reply: unknown): string | undefined {
  const [, , tables] = (Array.isArray(reply) ? reply : []) as [unknown?, unknown?, Record<string, object>?];
  const rows = Object.entries(tables?.['Database'] ?? {}) as [string, { initial?: { name?: string } }][];
  return rows.find(([, { initial }]) => initial?.name === 'Shelf')?.[0];
}
