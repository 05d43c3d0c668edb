/** Which members of a cluster, and which clusters, a client follows and which it refuses. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { ServerUnfitError } from '../../lib/errors.js';
import { ClusterSandbox, Sandbox, type ClusterMember } from '../../lib/testing/index.js';
import { Link } from '../../lib/testing/link.js';
import { failure } from '../failure.js';
import { connectShelf, fill, follows, handOver, others, reaches, SHELF, Witness } from './cluster-scene.js';

const OTHER_CID = '22222222-2222-4222-8222-222222222222';

describe('a client that follows any member of a cluster', function () {
  this.timeout(180_000);
  let cluster: ClusterSandbox;

  before(async () => {
    cluster = await ClusterSandbox.start({ schema: SHELF });
    await fill(cluster);
  });
  after(async () => cluster.stop());
  beforeEach(async () => cluster.whole());
  afterEach(() => cluster.heal());

  async function roles(): Promise<[leader: ClusterMember, follower: ClusterMember, third: ClusterMember]> {
    const leader = await cluster.leader();
    return [leader, ...others(cluster, leader)] as [ClusterMember, ClusterMember, ClusterMember];
  }

  it('stays on a follower while the leadership moves, and writes through it', async () => {
    const [leader, follower, third] = await roles();
    const remotes = [follower, leader, third].map(({ tcpRemote }) => tcpRemote);
    await using client = await connectShelf(remotes, { leaderOnly: false, shuffle: false });
    const witness = new Witness(client);
    expect(client.state).to.deep.include({ name: 'synced', remote: follower.tcpRemote });
    expect(client.state).to.have.nested.property('server.leader', false);
    await client.transact((tx) => tx.insert('Item', { name: 'by way of a follower' }));
    expect([...client.tables.Item].filter(({ name }) => name === 'by way of a follower')).to.have.lengthOf(1);
    for (let n = 0; n < 3; n++) {
      await handOver(cluster);
      await client.transact((tx) => tx.insert('Item', { name: `after transfer ${n}` }));
    }
    expect(witness.names).to.deep.equal([]);
    await witness.check(cluster);
  });

  it('leaves a member that has lost its cluster, and takes the difference from another', async () => {
    const [leader, follower, third] = await roles();
    const remotes = [follower, third, leader].map(({ tcpRemote }) => tcpRemote);
    await using client = await connectShelf(remotes, { leaderOnly: false, shuffle: false });
    const witness = new Witness(client);
    const leaves = reaches(client, ({ name }) => name === 'backoff');
    cluster.cut(follower);
    expect(await leaves).to.have.nested.property('error.reason', 'disconnected');
    await follows(client, ({ remote }) => remote === third.tcpRemote);
    expect(witness.syncs).to.deep.equal(['delta']);
    await client.transact((tx) => tx.insert('Item', { name: 'elsewhere' }));
    cluster.heal();
    await witness.check(cluster);
  });

  it('passes a member by that has not joined its cluster yet', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ovn-joining-'));
    const file = join(folder, 'shelf.db');
    const address = (name: string): string => `unix:${join(folder, name)}`;
    await promisify(execFile)('ovsdb-tool', ['join-cluster', file, 'Shelf', address('self'), address('nobody')]);
    const joining = await Sandbox.start({ schemas: [], serverArguments: [file] });
    try {
      const leader = await cluster.leader();
      for (const leaderOnly of [false, true]) {
        const options = { leaderOnly, readyTimeoutMs: 2_000, shuffle: false };
        const error = await failure(connectShelf([joining.remote], options));
        expect(error).to.include({ code: 'ConnectFailed' });
        expect(error.message).to.match(/has not joined the cluster of Shelf yet/);
        await using client = await connectShelf([joining.remote, leader.tcpRemote], { leaderOnly, shuffle: false });
        expect(client.state).to.deep.include({ name: 'synced', remote: leader.tcpRemote });
      }
    } finally {
      await joining.stop();
      await rm(folder, { recursive: true });
    }
  });

  it('leaves a member that leaves the cluster or is put out of it, and finds no database there any more', async () => {
    const added = [await cluster.addMember(), await cluster.addMember()] as const;
    for (const [n, member] of added.entries()) {
      const leader = await cluster.leader();
      const remotes = [member, ...others(cluster, member)].map(({ tcpRemote }) => tcpRemote);
      await using client = await connectShelf(remotes, { leaderOnly: false, shuffle: false });
      const witness = new Witness(client);
      expect(client.state).to.deep.include({ remote: member.tcpRemote });
      const writes = Array.from({ length: 20 }, async (_, i) =>
        client
          .transact((tx) => tx.insert('Item', { name: `${n}-${i}` }))
          .then(
            () => 'done',
            (error: unknown) => (error as { outcome: string }).outcome,
          ),
      );
      await (n === 0 ? member.leave() : cluster.kick(member));
      await follows(client, ({ remote }) => remote !== member.tcpRemote);
      const outcomes = await Promise.all(writes);
      expect(outcomes, 'a write that a leaving member refuses is sent elsewhere').not.to.include('failed');
      await client.transact((tx) => tx.insert('Item', { name: `${n}-last` }));
      await cluster.whole();
      await witness.check(cluster);
      const names = [...client.tables.Item].map(({ name }) => name);
      for (const [i, outcome] of outcomes.entries()) {
        const found = names.filter((name) => name === `${n}-${i}`).length;
        if (outcome === 'done') expect(found).to.equal(1);
        else expect(found).to.be.at.most(1);
      }
      if (n === 1) continue;
      await using further = await connectShelf([member.tcpRemote, leader.tcpRemote], { shuffle: false });
      expect(further.state).to.deep.include({ remote: leader.tcpRemote });
      const error = await failure(connectShelf([member.tcpRemote]));
      expect(error.message).to.match(/has no database Shelf/);
    }
  });
});

describe('a client that comes to a member that is behind', function () {
  this.timeout(180_000);

  it('never goes back to a member that is behind, and takes it once it has caught up', async () => {
    await using cluster = await ClusterSandbox.start({ schema: SHELF, electionTimerMs: 10_000 });
    await fill(cluster);
    const leader = await cluster.leader();
    const [follower] = others(cluster, leader) as [ClusterMember];
    await using client = await connectShelf([leader.tcpRemote], { leaderOnly: false });
    const witness = new Witness(client);
    cluster.cut(follower);
    await follower.pause();
    await client.transact((tx) => tx.insert('Item', { name: 'unknown to one member' }));
    follower.resume();
    const refused = reaches(client, ({ name }) => name === 'backoff');
    const stale = reaches(client, (state) => {
      return state.name === 'backoff' && state.error instanceof ServerUnfitError && state.error.reason === 'stale';
    });
    // It believes still, for one election timer, that it is in touch with the others.
    client.setRemotes([follower.tcpRemote]);
    await refused;
    const state = await stale;
    expect(state)
      .to.have.nested.property('error.message')
      .that.matches(/is behind: it has entry \d+ of the cluster/);
    expect(witness.syncs).to.deep.equal([]);
    expect([...client.tables.Item].filter(({ name }) => name === 'unknown to one member')).to.have.lengthOf(1);
    cluster.heal();
    await follows(client, ({ remote }) => remote === follower.tcpRemote);
    expect(witness.syncs).to.deep.equal(['delta']);
    await cluster.whole();
    await client.transact((tx) => tx.insert('Item', { name: 'known to all members' }));
    await witness.check(cluster);
  });
});

describe('a client of a cluster that is another one', function () {
  this.timeout(180_000);
  let first: ClusterSandbox;
  let second: ClusterSandbox;
  /** Leads to one of them. */
  let address: Link;
  let target: ClusterSandbox;

  before(async () => {
    [first, second] = (await Promise.all(
      [1, 1].map(async (members) => ClusterSandbox.start({ schema: SHELF, members })),
    )) as [ClusterSandbox, ClusterSandbox];
    await fill(first, 100);
    address = await Link.open({ port: 0 }, () => ({ path: target.members[0]!.remote.replace(/^unix:/, '') }));
  });
  after(async () => {
    await address.close();
    await Promise.all([first.stop(), second.stop()]);
  });
  beforeEach(() => (target = first));
  const remote = (): string => `tcp:127.0.0.1:${address.port}`;

  async function clusterId(cluster: ClusterSandbox): Promise<string> {
    await using client = await connectShelf(cluster.remotes);
    const { state } = client;
    const cid = state.name === 'synced' ? state.server?.clusterId : undefined;
    if (cid === undefined) throw new Error('the cluster has no id');
    return cid;
  }

  it('follows the cluster that was asked for, and refuses another', async () => {
    const cid = await clusterId(first);
    await using client = await connectShelf([`cid:${cid}`, remote()]);
    expect(client.state).to.have.nested.property('server.clusterId', cid);
    const error = await failure(connectShelf([`cid:${OTHER_CID}`, remote()], { readyTimeoutMs: 2_000 }));
    expect(error).to.include({ code: 'ConnectFailed' });
    expect(error.cause).to.include({ code: 'ServerUnfit', reason: 'no-database' });
    expect(error.message).to.include(OTHER_CID);
  });

  it('follows a cluster that was built anew behind the same address, says so, and tells the true differences', async () => {
    await using client = await connectShelf([remote()]);
    const witness = new Witness(client);
    expect(client.state).to.have.nested.property('server.index').that.is.above(1);
    expect(client.tables.Item.size).to.be.at.least(100);
    await using writer = await connectShelf(second.remotes);
    await writer.transact((tx) => tx.insert('Item', { name: 'of the second cluster' }));
    target = second;
    client.reconnect();
    const cid = await clusterId(second);
    await follows(client, ({ server }) => server?.clusterId === cid);
    expect(witness.warnings.map(({ code }) => code)).to.deep.equal(['ClusterChanged']);
    expect(witness.warnings[0]?.message).to.include(cid).and.include('cid:UUID');
    expect(witness.syncs).to.deep.equal(['snapshot']);
    expect([...client.tables.Item].map(({ name }) => name)).to.deep.equal(['of the second cluster']);
    await witness.check(second);
    // Its log is the shorter one; it must not count as behind from now on.
    await client.transact((tx) => tx.insert('Item', { name: 'one more' }));
    client.reconnect();
    await reaches(client, ({ name }) => name === 'synced');
    await witness.check(second);
  });

  it('does not follow such a cluster when the former was asked for', async () => {
    const cid = await clusterId(first);
    await using client = await connectShelf([`cid:${cid}`, remote()]);
    const size = client.tables.Item.size;
    const refused = reaches(client, ({ name }) => name === 'backoff');
    target = second;
    const unfit = reaches(client, (state) => state.name === 'backoff' && state.error instanceof ServerUnfitError);
    client.reconnect();
    await refused;
    expect(await unfit)
      .to.have.nested.property('error.message')
      .that.includes(cid);
    expect(client.tables.Item.size).to.equal(size);
    target = first;
    await follows(client, ({ server }) => server?.clusterId === cid);
  });
});
