import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { InvalidArgumentError } from '../../lib/errors.js';
import { ClusterSandbox, Sandbox, type ClusterMember, type SandboxSchema } from '../../lib/testing/index.js';
import { liveSandboxes } from '../../lib/testing/live.js';
import { runProgram } from '../../lib/testing/executable.js';
import { failure } from '../failure.js';
import { handOver, successor } from './cluster-scene.js';
import { eventually, RawClient } from './raw-client.js';

const ZOO: SandboxSchema = {
  name: 'Zoo',
  version: '1.0.0',
  tables: { Animal: { columns: { name: { type: 'string' } }, isRoot: true } },
};
const insert = (name: string): object => ({ op: 'insert', table: 'Animal', row: { name } });

async function add(member: ClusterMember, name: string): Promise<void> {
  using raw = await RawClient.connect(member.remote, 'Zoo');
  await raw.commit(insert(name));
}

async function animals(member: ClusterMember): Promise<string[]> {
  using raw = await RawClient.connect(member.remote, 'Zoo');
  return [...(await raw.rows('Animal')).values()].map(({ name }) => name as string).sort();
}

/** Connects to a `tcp:` remote and asks for an echo. */
function ask(remote: string): { socket: Socket; received: () => string; [Symbol.dispose](): void } {
  const socket = connect(Number(remote.replace(/.*:/, '')), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write('{"method":"echo","params":["here"],"id":1}');
  return { socket, received: () => received, [Symbol.dispose]: () => void socket.destroy() };
}

describe('ClusterSandbox', function () {
  this.timeout(180_000);
  let cluster: ClusterSandbox;

  before(async () => {
    cluster = await ClusterSandbox.start({ schema: ZOO, electionTimerMs: 500 });
  });
  after(async () => cluster.stop());
  afterEach(async () => {
    cluster.heal();
    for (const member of cluster.members) {
      if (member.isPaused) member.resume();
      if (!member.isRunning) await member.start();
    }
    await cluster.whole();
  });

  it('has members that agree, each reached by a unix and a tcp remote', async () => {
    expect(cluster.members.map(({ name }) => name)).to.deep.equal(['s1', 's2', 's3']);
    expect(cluster.database).to.equal('Zoo');
    const statuses = await Promise.all(cluster.members.map(async (member) => member.status()));
    expect(new Set(statuses.map(({ clusterId }) => clusterId))).to.have.property('size', 1);
    expect(new Set(statuses.map(({ serverId }) => serverId))).to.have.property('size', 3);
    expect(statuses.filter(({ role }) => role === 'leader')).to.have.lengthOf(1);
    for (const status of statuses) expect(status.servers).to.deep.equal(['s1', 's2', 's3']);
    for (const remote of [...cluster.remotes, ...cluster.tcpRemotes]) {
      expect(await runProgram('ovsdb-client', ['--timeout=15', 'list-dbs', remote])).to.include('Zoo');
    }
    expect(() => cluster.sslRemotes).to.throw(InvalidArgumentError, 'without the option ssl');
    expect(() => cluster.tls).to.throw(InvalidArgumentError, 'without the option ssl');
  });

  it('replicates what is written to any member', async () => {
    for (const member of cluster.members) await add(member, `by ${member.name}`);
    for (const member of cluster.members) {
      for (const name of ['by s1', 'by s2', 'by s3']) await eventuallyHas(member, name);
    }
  });

  it('finds another leader when it is killed, and has the killed one back with its port and contents', async () => {
    const leader = await cluster.leader();
    const { pid, tcpRemote } = leader;
    await leader.kill();
    expect(leader.isRunning).to.equal(false);
    const next = await successor(cluster, leader);
    await add(next, 'meanwhile');
    await leader.start();
    await cluster.whole();
    expect(leader.pid).not.to.equal(pid);
    expect(leader.tcpRemote).to.equal(tcpRemote);
    // It belongs to the cluster again before it has caught up.
    await eventuallyHas(leader, 'meanwhile');
    expect(await runProgram('ovsdb-client', ['--timeout=15', 'dump', tcpRemote, 'Zoo'])).to.include('meanwhile');
  });

  it('finds another leader when it is stopped, frozen or asked to hand over', async () => {
    const stopped = await cluster.leader();
    await stopped.stop();
    expect(await successor(cluster, stopped)).not.to.equal(stopped);
    await stopped.start();
    await cluster.whole();

    const frozen = await cluster.leader();
    await frozen.pause();
    expect(frozen.isPaused).to.equal(true);
    expect(await successor(cluster, frozen)).not.to.equal(frozen);
    frozen.resume();
    await cluster.whole();
    expect(await frozen.isLeader()).to.equal(false);

    const willing = await cluster.leader();
    expect(await handOver(cluster)).not.to.equal(willing);
    expect(await willing.isLeader()).to.equal(false);
  });

  it('cuts a leader off without closing a connection, and heals the cut', async () => {
    const leader = await cluster.leader();
    cluster.cut(leader);
    const next = await successor(cluster, leader);
    await add(next, 'behind its back');
    expect(await animals(leader)).not.to.include('behind its back');
    let role = 'leader';
    while (role === 'leader') ({ role } = await leader.status());
    expect(role).to.equal('candidate');
    cluster.heal(leader);
    await cluster.whole();
    await eventuallyHas(leader, 'behind its back');
  });

  it('leaves a cluster that lost its majority without a leader, and lets it recover', async () => {
    const [one, two, three] = cluster.members as [ClusterMember, ClusterMember, ClusterMember];
    cluster.cut(one);
    cluster.cut(two, { from: [three] });
    while ((await Promise.all(cluster.members.map(async (member) => member.isLeader()))).includes(true));
    const error = await failure(cluster.leader({ timeoutMs: 50 }));
    expect(error['code']).to.equal('SandboxTimeout');
    expect(error.message).to.match(/Waited 50 ms for a leader, in vain\. s1: [^;]+, (candidate|follower) in/);
    cluster.heal();
    await cluster.whole();
  });

  it('cuts clients off only when asked to, and never those on the unix socket', async () => {
    const member = cluster.members[1]!;
    using before = ask(member.tcpRemote);
    await eventually(() => before.received().includes('here'));
    cluster.cut(member);
    using during = ask(member.tcpRemote);
    await eventually(() => during.received().includes('here'), 'an answer while only the others are cut off');
    cluster.cut(member, { clients: true });
    before.socket.write('{"method":"echo","params":["again"],"id":2}');
    using late = ask(member.tcpRemote);
    expect(await animals(member)).to.be.an('array');
    // The server's answers had all the time of that exchange.
    expect([before.received().includes('again'), late.received()]).to.deep.equal([false, '']);
    expect([before, during, late].map(({ socket }) => socket.closed)).to.deep.equal([false, false, false]);
    cluster.heal(member);
    await eventually(() => before.received().includes('again') && late.received().includes('here'));
  });

  it('closes connections of clients whose member is gone', async () => {
    const member = cluster.members[2]!;
    using client = ask(member.tcpRemote);
    await eventually(() => client.received().includes('here'));
    await member.kill();
    await eventually(() => client.socket.closed);
    using refused = ask(member.tcpRemote);
    await eventually(() => refused.socket.closed);
    expect(refused.received()).to.equal('');
  });

  it('compacts', async () => {
    const leader = await cluster.leader();
    for (let i = 0; i < 20; i++) await add(leader, `animal ${i}`);
    // The second time there is nothing to do, and nothing to complain of.
    for (const member of [...cluster.members, ...cluster.members]) await member.compact();
    await cluster.whole();
    for (const member of cluster.members) await eventuallyHas(member, 'animal 19');
    await leader.kill();
    await leader.start();
    await cluster.whole();
    await eventuallyHas(leader, 'animal 19');
  });

  it('takes members in, lets them leave, and kicks them out', async () => {
    const fourth = await cluster.addMember();
    expect(fourth.name).to.equal('s4');
    await cluster.whole();
    expect((await fourth.status()).servers).to.deep.equal(['s1', 's2', 's3', 's4']);
    await fourth.leave();
    expect([fourth.hasLeft, fourth.isRunning]).to.deep.equal([true, true]);
    await cluster.whole();
    expect(cluster.remotes).not.to.include(fourth.remote);

    const fifth = await cluster.addMember();
    await fifth.kill();
    await cluster.kick(fifth);
    await cluster.whole();
    expect(cluster.members.map(({ name }) => name)).to.deep.equal(['s1', 's2', 's3']);
    expect(() => cluster.cut(fifth)).to.throw(InvalidArgumentError, 's5 is no member');
    expect((await failure(cluster.kick(fifth))).message).to.include('s5 is no member');
  });

  it('says what a member refused or did not answer', async () => {
    const [member] = cluster.members as [ClusterMember];
    const refused = await failure(member.appctl('cluster/status', 'Farm'));
    expect([refused['code'], refused.message]).to.deep.equal([
      'SandboxCommand',
      `"cluster/status Farm" to ${member.directory}/db.ctl failed: unknown cluster`,
    ]);
    await member.pause();
    expect((await failure(member.status(50))).message).to.include('no answer within 50 ms');
    member.resume();
    await member.kill();
    expect((await failure(member.status())).message).to.match(/ECONNREFUSED|ENOENT/);
  });

  it('can have a relay in front', async () => {
    const relay = { database: 'Zoo', remotes: cluster.remotes };
    await using sandbox = await Sandbox.start({ relay, tcp: true });
    using raw = await RawClient.connect(sandbox.remote, 'Zoo');
    await raw.commit(insert('through the relay'));
    for (const member of cluster.members) await eventuallyHas(member, 'through the relay');
    using server = await RawClient.connect(sandbox.tcpRemote, '_Server');
    const rows = [...(await server.rows('Database')).values()];
    expect(rows.find(({ name }) => name === 'Zoo')).to.include({ model: 'relay', connected: true });
    expect(sandbox.databases).to.deep.equal([]);
  });
});

async function eventuallyHas(member: ClusterMember, name: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await animals(member)).includes(name)) {
    if (performance.now() > deadline) throw new Error(`${member.name} has no ${name} after ten seconds`);
  }
}

describe('ClusterSandbox, as a whole', function () {
  this.timeout(90_000);

  it('serves the northbound database by TLS, and leaves nothing behind', async () => {
    const cluster = await ClusterSandbox.start({ members: 2, ssl: { hostNames: true } });
    const { directory, members, tls } = cluster;
    const pids = members.map(({ pid }) => pid!);
    await cluster.nbctl('ls-add', 'sw0');
    const files = ['-p', tls.privateKey, '-c', tls.certificate, '-C', tls.ca];
    for (const remote of cluster.sslRemotes) {
      const leaderOrNot = ['--timeout=15', '--no-leader-only', ...files, `--db=${remote}`];
      expect(await runProgram('ovn-nbctl', [...leaderOrNot, 'ls-list'])).to.include('(sw0)');
    }
    await cluster.stop();
    await cluster.stop();
    expect(existsSync(directory)).to.equal(false);
    expect(pids.filter(runs)).to.deep.equal([]);
    expect(liveSandboxes()).to.deep.equal([]);
    expect((await failure(cluster.leader()))['code']).to.equal('SandboxState');
  });

  it('cleans up after a start that fails', async () => {
    const broken = { ...ZOO, tables: { Animal: { columns: { name: { type: 'fur' } } } } };
    expect((await failure(ClusterSandbox.start({ schema: broken }))).message).to.include('fur');
    expect((await failure(ClusterSandbox.start({ schema: '/no/such.ovsschema' }))).message).to.include('/no/such');
    expect((await failure(ClusterSandbox.start({ schema: ZOO, serverArguments: ['--no-such'] })))['code']).to.equal(
      'SandboxStart',
    );
    expect((await failure(ClusterSandbox.start({ members: 0 }))).message).to.equal(
      'A cluster has 1 to 99 members, not 0',
    );
    expect(liveSandboxes()).to.deep.equal([]);
  });

  for (const [how, rest, signal] of [
    ['has nothing left to do', '', undefined],
    ['gets SIGKILL', 'setInterval(() => {}, 1000);', 'SIGKILL'],
    [
      'gets SIGKILL while a member is frozen',
      'await cluster.members[0].pause(); setInterval(() => {}, 1000);',
      'SIGKILL',
    ],
  ] as const) {
    it(`is gone when its host process ${how}`, async () => {
      const entry = fileURLToPath(new URL('../../lib/testing/index.ts', import.meta.url));
      const script = `
        import { ClusterSandbox } from ${JSON.stringify(entry)};
        const cluster = await ClusterSandbox.start();
        cluster.cut(cluster.members[0]);
        console.log(JSON.stringify([cluster.directory, ...cluster.members.map(({ pid }) => pid)]));
        ${rest}`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const [directory, ...pids] = JSON.parse(line.toString()) as [string, ...number[]];
      expect(pids).to.have.lengthOf(3);
      if (signal !== undefined) child.kill(signal);
      expect(await ended).to.deep.equal(signal === undefined ? [0, null] : [null, signal]);
      await eventually(() => !pids.some(runs), 'the end of the servers');
      await eventually(() => !existsSync(directory), 'the end of the folder');
    });
  }
});

/** True while the process runs; a zombie that waits to be reaped does not. */
function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}
