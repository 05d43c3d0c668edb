/** A client that follows the leader of a cluster, whatever happens to that leader and to the others. */
import { expect } from 'chai';

import { ClusterSandbox, type ClusterMember } from '../../lib/testing/index.js';
import {
  connectShelf,
  fill,
  follows,
  handOver,
  others,
  reaches,
  SHELF,
  Witness,
  Writer,
  type ShelfClient,
} from './cluster-scene.js';

describe('a client that follows the leader of a cluster', function () {
  this.timeout(180_000);
  let cluster: ClusterSandbox;
  let client: ShelfClient;
  let witness: Witness;
  let writer: Writer;
  let begun: number;

  before(async () => {
    cluster = await ClusterSandbox.start({ schema: SHELF });
    await fill(cluster);
  });
  after(async () => cluster.stop());

  beforeEach(async () => {
    await cluster.whole();
    client = await connectShelf(cluster.tcpRemotes);
    witness = new Witness(client);
    writer = new Writer(client);
    await writer.next();
    begun = performance.now();
  });
  afterEach(async () => {
    client.close();
    await writer.stop();
    cluster.heal();
    for (const member of cluster.members) {
      if (member.isPaused) member.resume();
      if (!member.isRunning) await member.start();
    }
  });

  /** Waits until the client follows a leader that writes, and returns how long that took. */
  async function comesBack(fits: (remote: string) => boolean): Promise<number> {
    await follows(client, ({ remote, server }) => fits(remote) && server?.leader === true);
    const syncedMs = Math.round(performance.now() - begun);
    await writer.next();
    return syncedMs;
  }

  /** Ends the writes, lets the cluster come to rest, and compares everything. */
  async function settle(what: string, syncedMs: number): Promise<void> {
    await writer.next();
    await writer.stop();
    const { done, unknown, failed, longestGapMs } = writer;
    console.log(
      `      ${what}: in sync again after ${syncedMs} ms (${witness.syncs.join(', ')}); ${longestGapMs} ms without ` +
        `a write; ${done.length} done, ${unknown.length} unknown, ${failed.length} failed`,
    );
    await cluster.whole();
    await follows(client, ({ server }) => server?.leader === true);
    // A write that is acknowledged now comes after everything that was under way.
    await client.transact((tx) => tx.insert('Item', { name: `${what}, over` }));
    expect(writer.errors.filter(({ outcome }) => outcome === 'failed')).to.deep.equal([]);
    await writer.check(cluster);
    await witness.check(cluster);
  }

  it('finds the leader in whatever order the members are listed', async () => {
    const leader = await cluster.leader();
    const [a, b] = others(cluster, leader) as [ClusterMember, ClusterMember];
    const orders = [
      [leader, a, b],
      [a, leader, b],
      [b, a, leader],
    ];
    for (const order of orders) {
      const remotes = order.map(({ tcpRemote }) => tcpRemote);
      await using one = await connectShelf(remotes, { shuffle: false });
      expect(one.state).to.deep.include({ name: 'synced', remote: leader.tcpRemote });
      expect(one.state).to.have.nested.property('server.leader', true);
    }
  });

  it('moves with the leadership: nothing lost, nothing in doubt, and only the difference transferred', async () => {
    for (let n = 0; n < 4; n++) {
      const leader = await handOver(cluster);
      await comesBack((remote) => remote === leader.tcpRemote);
    }
    await settle('leadership transferred four times', await comesBack(() => true));
    expect(writer.errors).to.deep.equal([]);
    expect(witness.syncs).to.have.lengthOf.at.least(4);
    expect(witness.syncs).not.to.include('snapshot');
  });

  it('finds the next leader when the leader is killed', async () => {
    const former = await cluster.leader();
    await former.kill();
    const syncedMs = await comesBack((remote) => remote !== former.tcpRemote);
    await former.start();
    await settle('leader killed', syncedMs);
    expect(writer.unknown).to.have.lengthOf.at.most(1);
    expect(new Set(witness.syncs)).to.deep.equal(new Set(['delta']));
  });

  it('finds the next leader when the leader is stopped in order', async () => {
    const former = await cluster.leader();
    await former.stop();
    const syncedMs = await comesBack((remote) => remote !== former.tcpRemote);
    await former.start();
    await settle('leader stopped', syncedMs);
  });

  it('leaves a leader that is frozen, and does not come back to it while others lead', async () => {
    const former = await cluster.leader();
    await former.pause();
    const syncedMs = await comesBack((remote) => remote !== former.tcpRemote);
    former.resume();
    await settle('leader frozen', syncedMs);
    expect(witness.states.find(({ name }) => name === 'backoff')).to.have.nested.property(
      'error.code',
      'ConnectionLost',
    );
  });

  it('leaves a leader that is cut off from the others, though it can still be reached', async () => {
    const former = await cluster.leader();
    cluster.cut(former);
    const syncedMs = await comesBack((remote) => remote !== former.tcpRemote);
    const left = witness.states.find(({ name }) => name === 'backoff');
    expect(left).to.have.nested.property('error.code', 'ServerUnfit');
    expect(left).to.have.nested.property('error.reason').that.is.oneOf(['not-leader', 'disconnected']);
    cluster.heal();
    await settle('leader cut off from the others', syncedMs);
  });

  it('leaves a leader that is cut off from everybody', async () => {
    const former = await cluster.leader();
    cluster.cut(former, { clients: true });
    const syncedMs = await comesBack((remote) => remote !== former.tcpRemote);
    cluster.heal();
    await settle('leader cut off from everybody', syncedMs);
  });

  it('waits for a quorum, and goes on when there is one', async () => {
    const leader = await cluster.leader();
    const gone = others(cluster, leader);
    for (const member of gone) await member.kill();
    const state = await reaches(client, ({ name }) => name === 'backoff');
    expect(state).to.have.nested.property('error.code', 'ServerUnfit');
    const unavailable = client.transact((tx) => tx.insert('Item', { name: 'waits' }), { timeoutMs: 20_000 });
    begun = performance.now();
    for (const member of gone) await member.start();
    await unavailable;
    await settle('quorum lost and back', await comesBack(() => true));
    const names = [...client.tables.Item].map(({ name }) => name);
    expect(names.filter((name) => name === 'waits')).to.have.lengthOf(1);
  });

  it('looks for a leader often, also when the remote that it asks last is dead', async () => {
    const leader = await cluster.leader();
    const dead = 'tcp:127.0.0.1:1';
    const backoff = { minMs: 2_000, maxMs: 8_000 };
    await using patient = await connectShelf([leader.tcpRemote, dead], { shuffle: false, backoff });
    const delays: number[] = [];
    patient.on('state', (state) => {
      if (state.name === 'backoff' && state.delayMs > 0) delays.push(state.delayMs);
    });
    const gone = others(cluster, leader);
    for (const member of gone) await member.kill();
    while (delays.length < 3) await reaches(patient, (state) => state.name === 'backoff' && state.delayMs > 0);
    for (const member of gone) await member.start();
    await cluster.whole();
    expect(delays[0]).to.be.within(75, 100);
    expect(delays[1]).to.be.within(150, 200);
    expect(delays[2]).to.be.within(300, 400);
  });

  it('answers from the last true state while all members are down, and goes on when they are back', async () => {
    for (const member of cluster.members) await member.kill();
    if (client.state.name !== 'backoff') await reaches(client, ({ name }) => name === 'backoff');
    const size = client.tables.Item.size;
    expect(size).to.be.above(300);
    begun = performance.now();
    await Promise.all(cluster.members.map(async (member) => member.start()));
    await settle('all members killed and started again', await comesBack(() => true));
    expect(client.tables.Item.size).to.be.above(size);
  });

  it('goes on while the members are restarted one after the other, and so does one that takes any member', async () => {
    await using reader = await connectShelf(cluster.tcpRemotes, { leaderOnly: false });
    const readerWitness = new Witness(reader);
    let syncedMs = 0;
    for (const member of cluster.members) {
      begun = performance.now();
      await member.stop();
      syncedMs = Math.max(syncedMs, await comesBack((remote) => remote !== member.tcpRemote));
      await follows(reader, ({ remote }) => remote !== member.tcpRemote);
      await member.start();
      await cluster.whole();
    }
    await settle('members restarted one after the other, at worst', syncedMs);
    expect(writer.unknown).to.have.lengthOf.at.most(cluster.members.length);
    expect([...witness.syncs, ...readerWitness.syncs]).not.to.include('snapshot');
    await follows(reader, () => true);
    // What it has written itself it sees, and so all that came before.
    await reader.transact((tx) => tx.insert('Item', { name: 'by the reader' }));
    await readerWitness.check(cluster);
  });

  it('follows a cluster that gets a new member, and that loses its leader by leaving or being put out', async () => {
    const [first, second] = [await cluster.addMember(), await cluster.addMember()];
    client.setRemotes(cluster.tcpRemotes);
    expect(client.state.name, 'after further remotes').to.equal('synced');
    const leaving = await cluster.leader();
    await leaving.leave();
    const leftMs = await comesBack((remote) => remote !== leaving.tcpRemote);
    const kicked = await cluster.leader();
    await cluster.kick(kicked);
    const kickedMs = await comesBack((remote) => remote !== kicked.tcpRemote);
    await settle(`leader left (synced after ${leftMs} ms), the next put out`, kickedMs);
    expect(cluster.members).to.include.members([first, second].filter((member) => !member.hasLeft));
  });
});
