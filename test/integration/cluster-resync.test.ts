/** What goes over the wire when a client comes back to a cluster, and what its listeners are told. */
import { expect } from 'chai';

import type { RowChange } from '../../lib/replica/replica.js';
import { ClusterSandbox } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { connectShelf, fill, follows, others, reaches, SHELF, Witness, type ShelfClient } from './cluster-scene.js';
import { RawClient } from './raw-client.js';

const ITEMS = 400;

describe('a client that comes back to a cluster', function () {
  this.timeout(180_000);
  let cluster: ClusterSandbox;

  before(async () => {
    cluster = await ClusterSandbox.start({ schema: SHELF });
    await fill(cluster, ITEMS);
  });
  after(async () => cluster.stop());
  beforeEach(async () => cluster.whole());

  const received = (client: ShelfClient): number => client.metrics().traffic.bytesReceived;
  const describeChange = ({ type, row }: RowChange): string => `${type} ${row['name'] as string}`;

  /** Changes three items while nobody looks, on the leader; resolves when every member that runs has the changes. */
  async function change(n: number): Promise<string[]> {
    const { remote } = await cluster.leader();
    using raw = await RawClient.connect(remote, 'Shelf');
    await raw.commit(
      { op: 'insert', table: 'Item', row: { name: `new-${n}` } },
      { op: 'update', table: 'Item', where: [['name', '==', `old-${10 + n}`]], row: { note: 'changed' } },
      { op: 'delete', table: 'Item', where: [['name', '==', `old-${20 + n}`]] },
    );
    for (const member of cluster.members.filter(({ isRunning }) => isRunning)) {
      using reader = await RawClient.connect(member.remote, 'Shelf');
      const where = [['name', '==', `new-${n}`]];
      const one = { op: 'wait', table: 'Item', where, columns: ['name'], until: '==', rows: [{ name: `new-${n}` }] };
      await reader.commit({ ...one, timeout: 20_000 });
    }
    return [`delete old-${20 + n}`, `insert new-${n}`, `update old-${10 + n}`];
  }

  it('gets the difference alone from whatever member it comes to, for each of its monitors', async () => {
    const members = cluster.members;
    const proxies = await Promise.all(members.map(async ({ remote }) => ClientProxy.start(remote)));
    try {
      const [first] = proxies as [ClientProxy];
      await using client = await connectShelf([first.remote], { leaderOnly: false });
      const whole = received(client);
      expect(whole, 'bytes of the snapshot').to.be.above(ITEMS * 100);
      const further = await client.monitor({
        tables: { Item: { columns: ['name'], where: [['name', '!=', 'none']] } },
      });
      const none = await client.monitor({ tables: ['Mark'] });
      const witness = new Witness(client);
      const told: string[] = [];
      const toldFurther: string[] = [];
      client.on('batch', ({ cause, changes }) =>
        told.push(...changes.map((each) => `${cause} ${describeChange(each)}`)),
      );
      further.on('batch', ({ cause, changes }) => {
        toldFurther.push(...changes.map((each) => `${cause} ${describeChange(each)}`));
      });
      const rows = new Map([...client.tables.Item].map((row) => [row._uuid, row]));
      const untouched = [...rows.values()].find(({ name }) => name === 'old-399')!;
      // To the second, the third, and the first again.
      for (const [n, next] of [1, 2, 0].entries()) {
        told.length = toldFurther.length = 0;
        for (const proxy of proxies) {
          proxy.refusing = true;
          proxy.cut();
        }
        if (client.state.name === 'synced') await reaches(client, ({ name }) => name !== 'synced');
        const before = received(client);
        const expected = (await change(n)).map((text) => `resync ${text}`);
        client.setRemotes([proxies[next]!.remote]);
        proxies[next]!.refusing = false;
        await follows(client, ({ remote }) => remote === proxies[next]!.remote);
        expect(client.state, `at member ${next}`).to.include({ kind: 'delta', method: 'monitor_cond_since' });
        expect([...told].sort()).to.deep.equal(expected);
        // It has no column that the update changed.
        expect([...toldFurther].sort()).to.deep.equal(expected.slice(0, 2));
        expect(none.tables.Mark.size).to.equal(1);
        expect(further.tables.Item.size).to.equal(client.tables.Item.size);
        expect(received(client) - before, 'bytes of the difference, the schema included').to.be.below(whole / 4);
      }
      expect(client.tables.Item.get(untouched._uuid), 'a row that did not change').to.equal(untouched);
      expect(client.metrics().syncs.resyncs).to.deep.equal({ snapshot: 0, delta: 3 });
      await witness.check(cluster);
    } finally {
      for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    }
  });

  it('finds the history after a member was killed and started again', async () => {
    const leader = await cluster.leader();
    const [member] = others(cluster, leader);
    await using client = await connectShelf([member!.tcpRemote], { leaderOnly: false });
    const witness = new Witness(client);
    const left = reaches(client, ({ name }) => name !== 'synced');
    await member!.kill();
    await left;
    await change(4);
    await member!.start();
    await follows(client, () => true);
    await cluster.whole();
    await client.transact((tx) => tx.insert('Item', { name: 'after the restart' }));
    expect(witness.syncs).to.deep.equal(['delta']);
    await witness.check(cluster);
  });

  it('compares the snapshot with what it has when the history is lost, and tells the true differences', async () => {
    await using client = await connectShelf(cluster.tcpRemotes);
    const further = await client.monitor({ tables: { Item: { columns: ['name'] } } });
    const witness = new Witness(client);
    const rows = new Map([...client.tables.Item].map((row) => [row._uuid, row]));
    const told: string[] = [];
    const toldFurther: string[] = [];
    let emptied = false;
    client.on('batch', ({ cause, changes }) => {
      told.push(...changes.map((each) => `${cause} ${describeChange(each)}`));
      emptied ||= client.tables.Item.size < ITEMS / 2;
    });
    further.on('batch', ({ cause, changes }) => {
      toldFurther.push(...changes.map((each) => `${cause} ${describeChange(each)}`));
    });
    const left = reaches(client, ({ name }) => name !== 'synced');
    // Cut off first, so that the changes are not seen as they happen.
    client.setRemotes(['tcp:127.0.0.1:1']);
    await left;
    const expected = (await change(5)).map((text) => `resync ${text}`);
    for (const member of cluster.members) await member.compact();
    for (const member of cluster.members) await member.kill();
    await Promise.all(cluster.members.map(async (member) => member.start()));
    await cluster.whole();
    client.setRemotes(cluster.tcpRemotes);
    await follows(client, ({ server }) => server?.leader === true);
    expect(witness.syncs).to.deep.equal(['snapshot']);
    expect([...told].sort()).to.deep.equal(expected);
    expect([...toldFurther].sort()).to.deep.equal(expected.slice(0, 2));
    expect(emptied, 'a table that lost its rows on the way').to.equal(false);
    const kept = [...client.tables.Item].filter((row) => rows.get(row._uuid) === row);
    expect(kept, 'rows that did not change').to.have.lengthOf(rows.size - 2);
    await witness.check(cluster);
  });
});
