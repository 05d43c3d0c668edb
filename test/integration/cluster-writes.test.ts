/** What callers are told of transactions, locks and ports while the leadership of a cluster moves. */
import { expect } from 'chai';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { ClusterSandbox } from '../../lib/testing/index.js';
import { transactOnce } from '../../lib/transaction/once.js';
import type { TransactionError } from '../../lib/transaction/transaction-error.js';
import { failure } from '../failure.js';
import {
  connectShelf,
  fill,
  follows,
  handOver,
  QUICK,
  reaches,
  SHELF,
  successor,
  Witness,
  type ShelfClient,
} from './cluster-scene.js';
import { RawClient } from './raw-client.js';
import { statefulSet } from './statefulset-fixture.js';

type Outcome = 'done' | TransactionError['outcome'];

const outcomeOf = async (transaction: Promise<unknown>): Promise<Outcome> =>
  transaction.then(
    () => 'done',
    (error: unknown) => (error as TransactionError).outcome,
  );

describe('transactions while the leader of a cluster changes', function () {
  this.timeout(180_000);
  let cluster: ClusterSandbox;

  before(async () => {
    cluster = await ClusterSandbox.start({ schema: SHELF });
    await fill(cluster);
  });
  after(async () => cluster.stop());
  beforeEach(async () => cluster.whole());
  afterEach(async () => {
    for (const member of cluster.members) {
      if (member.isPaused) member.resume();
      if (!member.isRunning) await member.start();
    }
  });

  /** How often each name is there, by the leader's account. */
  async function counts(names: readonly string[]): Promise<number[]> {
    const { remote } = await cluster.leader();
    using raw = await RawClient.connect(remote, 'Shelf');
    const found = [...(await raw.rows('Item')).values()].map(({ name }) => name);
    return names.map((name) => found.filter((each) => each === name).length);
  }

  it('has those that are under way answered before it leaves a leader that hands over', async () => {
    await using client = await connectShelf(cluster.tcpRemotes);
    const witness = new Witness(client);
    const names: string[] = [];
    const outcomes: Promise<Outcome>[] = [];
    const burst = (): void => {
      const name = `burst ${names.length}`;
      names.push(name);
      outcomes.push(outcomeOf(client.transact((tx) => tx.insert('Item', { name }))));
    };
    const left = reaches(client, ({ name }) => name === 'backoff');
    for (let n = 0; n < 50; n++) burst();
    const handing = handOver(cluster);
    for (let n = 0; n < 50; n++) burst();
    await handing;
    await left;
    // After the loss was seen: they wait for the next leader.
    for (let n = 0; n < 50; n++) burst();
    const all = await Promise.all(outcomes);
    // The next leader may be the former one.
    await follows(client, ({ server }) => server?.leader === true);
    expect(all.filter((outcome) => outcome !== 'done')).to.deep.equal([]);
    expect(new Set(await counts(names))).to.deep.equal(new Set([1]));
    await witness.check(cluster);
  });

  it('does not know what became of those whose leader was killed, and sends none of them again', async () => {
    await using client = await connectShelf(cluster.tcpRemotes);
    const former = await cluster.leader();
    const names = Array.from({ length: 60 }, (_, n) => `killed ${n}`);
    const left = reaches(client, ({ name }) => name === 'backoff');
    await former.pause();
    const sent = names
      .slice(0, 30)
      .map(async (name) => outcomeOf(client.transact((tx) => tx.insert('Item', { name }))));
    await former.kill();
    await left;
    const unsent = names.slice(30).map(async (name) => outcomeOf(client.transact((tx) => tx.insert('Item', { name }))));
    const outcomes = await Promise.all([...sent, ...unsent]);
    expect(new Set(outcomes.slice(0, 30))).to.deep.equal(new Set(['unknown']));
    expect(new Set(outcomes.slice(30))).to.deep.equal(new Set(['done']));
    await former.start();
    await cluster.whole();
    const found = await counts(names);
    expect(found.slice(0, 30).every((count) => count <= 1)).to.equal(true);
    expect(new Set(found.slice(30))).to.deep.equal(new Set([1]));
  });

  it('does not know what became of one that was canceled, and is not sent when there was no leader', async () => {
    const leader = await cluster.leader();
    await using client = await connectShelf(cluster.tcpRemotes);
    const gone = cluster.members.filter((member) => member !== leader);
    for (const member of gone) await member.pause();
    const canceled = await failure(
      client.transact((tx) => tx.insert('Item', { name: 'canceled' }), { timeoutMs: 300 }),
    );
    expect(canceled).to.include({ outcome: 'unknown' });
    expect(canceled, 'the word of the server').to.have.nested.property('cause.cause.error', 'canceled');
    if (client.state.name === 'synced') await reaches(client, ({ name }) => name === 'backoff');
    const late = outcomeOf(client.transact((tx) => tx.insert('Item', { name: 'not sent' }), { timeoutMs: 300 }));
    expect(await late).to.equal('not-sent');
    for (const member of gone) member.resume();
    await cluster.whole();
    await follows(client, () => true);
    await client.transact((tx) => tx.insert('Item', { name: 'afterwards' }));
    const [canceledCount, notSentCount] = await counts(['canceled', 'not sent']);
    expect(canceledCount).to.be.at.most(1);
    expect(notSentCount).to.equal(0);
  });

  it('takes effect exactly once with transactOnce, whatever becomes of the leader', async () => {
    await using client = await connectShelf(cluster.tcpRemotes);
    const mark = [...client.tables.Mark][0]!;
    const fence = { table: 'Mark', uuid: mark._uuid, key: 'test:fence' } as const;
    const names: string[] = [];
    const replies: string[] = [];
    const stop = new AbortController();
    const writing = (async () => {
      for (let n = 0; !stop.signal.aborted; n++) {
        const name = `once ${n}`;
        names.push(name);
        const { reply } = await transactOnce(client, fence, (tx) => tx.insert('Item', { name }), { timeoutMs: 20_000 });
        replies.push(reply);
      }
    })();
    const written = async (): Promise<void> => {
      const count = replies.length + 2;
      while (replies.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    for (const disturb of ['kill', 'transfer', 'stop'] as const) {
      await written();
      const former = await cluster.leader();
      if (disturb === 'transfer') await handOver(cluster);
      else {
        await former[disturb]();
        await successor(cluster, former);
      }
      await written();
      if (!former.isRunning) await former.start();
      await cluster.whole();
    }
    stop.abort();
    await writing;
    console.log(
      `      ${replies.length} transactions, ${replies.filter((reply) => reply === 'lost').length} replies lost`,
    );
    expect(new Set(await counts(names))).to.deep.equal(new Set([1]));
  });

  it('asks the new leader for its locks, and loses them with the old one', async () => {
    await using client = await connectShelf(cluster.tcpRemotes);
    await using rival = await connectShelf(cluster.tcpRemotes);
    const lock = client.lock('the_shelf');
    await lock.acquired({ timeoutMs: 20_000 });
    const waiting = rival.lock('the_shelf');
    const events: string[] = [];
    lock.on('locked', () => events.push('locked'));
    lock.on('lost', () => events.push('lost'));
    lock.on('refused', () => events.push('refused'));
    const leader = await handOver(cluster);
    for (const each of [client, rival]) await follows(each, ({ remote }) => remote === leader.tcpRemote);
    await Promise.race([lock.acquired({ timeoutMs: 20_000 }), waiting.acquired({ timeoutMs: 20_000 })]);
    expect(lock.held && waiting.held, 'both hold it').to.equal(false);
    expect(events).to.deep.equal(lock.held ? ['lost', 'locked'] : ['lost']);
    const [holder, other] = lock.held
      ? [
          { client, lock },
          { client: rival, lock: waiting },
        ]
      : [
          { client: rival, lock: waiting },
          { client, lock },
        ];
    const guarded = async (who: { client: ShelfClient }): Promise<Outcome> => {
      const transaction = who.client.transact((tx) => {
        tx.assert('the_shelf');
        tx.insert('Item', { name: 'guarded' });
      });
      const outcome = await outcomeOf(transaction);
      // A refusal is certain only where there was no time for a second run, which is up to the machine.
      return outcome === 'unknown' ? guarded(who) : outcome;
    };
    expect(await guarded(holder)).to.equal('done');
    expect(await guarded(other)).to.equal('failed');
    await holder.lock.unlock();
    await other.lock.acquired({ timeoutMs: 20_000 });
    expect(await guarded(other)).to.equal('done');
    expect(await guarded(holder)).to.equal('failed');
    expect(await counts(['guarded'])).to.deep.equal([2]);
  });
});

describe('StatefulSetPortManager while the leader of a cluster changes', function () {
  this.timeout(180_000);

  it('situation 32: gives every pod one port and no address twice', async () => {
    await using cluster = await ClusterSandbox.start();
    await cluster.nbctl('ls-add', 'product');
    await using nb = await connectNorthbound({ remotes: cluster.tcpRemotes, onWarning: () => undefined, ...QUICK });
    const subnet = { logicalSwitch: 'product', cidr: '10.16.0.0/24', gateway: '10.16.0.1' };
    const manager = new StatefulSetPortManager(nb, { subnets: { product: subnet } });
    const sets = ['a', 'b', 'c', 'd'];
    let stopping = false;
    let rounds = 0;
    const errors: unknown[] = [];
    const applying = sets.map(async (name) => {
      for (let n = 1; !stopping; n++) {
        try {
          await manager.apply(statefulSet(name, 'product', 1 + ((n * 3) % 7)));
          rounds++;
        } catch (error) {
          errors.push(error);
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    const progress = async (): Promise<void> => {
      const count = rounds + 8;
      const deadline = performance.now() + 20_000;
      while (rounds < count) {
        if (performance.now() > deadline) throw new Error('the ports are not applied any more');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    for (const disturb of ['transfer', 'kill', 'transfer', 'transfer'] as const) {
      await progress();
      const former = await cluster.leader();
      if (disturb === 'transfer') await handOver(cluster);
      else {
        await former.kill();
        await successor(cluster, former);
      }
      await progress();
      if (!former.isRunning) await former.start();
      await cluster.whole();
    }
    stopping = true;
    await Promise.all(applying);
    await nb.synced({ timeoutMs: 10_000 });
    for (const name of sets) await manager.apply(statefulSet(name, 'product', 7));
    using raw = await RawClient.connect((await cluster.leader()).remote);
    const ports = [...(await raw.rows('Logical_Switch_Port')).values()];
    const addresses = ports.flatMap((port) => port['addresses'] as string[]);
    console.log(`      applied ${rounds} times, ${errors.length} errors, ${ports.length} ports`);
    expect(ports.map(({ name }) => name as string).sort()).to.deep.equal(
      sets.flatMap((name) => [0, 1, 2, 3, 4, 5, 6].map((n) => `${name}-${n}.product`)).sort(),
    );
    expect(new Set(addresses.map((text) => text.split(' ')[1])).size).to.equal(ports.length);
    expect(new Set(addresses.map((text) => text.split(' ')[0])).size).to.equal(ports.length);
    const [logicalSwitch] = (await raw.rows('Logical_Switch')).values();
    expect(logicalSwitch?.['ports']).to.have.lengthOf(ports.length);
  });
});
