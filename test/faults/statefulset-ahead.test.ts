/** Transactions of one call that are planned upon one another while the server works on the one before. */
import { expect } from 'chai';

import type { PodOutcomeOk } from '../../lib/statefulset/manager-results.js';
import { eventually } from '../integration/raw-client.js';
import { pod, StatefulSetBench, statefulSet, type Place } from '../integration/statefulset-fixture.js';

describe('calls that plan ahead', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  const options = { maxPortsPerTransaction: 2 };

  it('have two transactions on their way at most, and give every address once, to the last one', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/29', gateway: '10.8.0.1' });
    const { gate, nb } = await bench.gated();
    const manager = bench.manager(options, nb);
    const told: number[] = [];
    manager.on('allocated', ({ ordinal }) => told.push(ordinal));
    gate.requests.shut();
    const applying = manager.apply(statefulSet('web', place.namespace, 7));
    await eventually(() => gate.requests.count('"transact"') === 2, 'two transactions');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(gate.requests.count('"transact"')).to.equal(2);
    gate.requests.open();
    const { outcomes, errors } = await applying;
    const made = outcomes.filter(({ status }) => status === 'created') as PodOutcomeOk[];
    expect(made.map(({ ordinal }) => ordinal)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(new Set(made.map(({ ip4 }) => ip4)).size).to.equal(5);
    expect(errors.map(({ code }) => code)).to.deep.equal(['SubnetExhausted', 'SubnetExhausted']);
    expect(told).to.deep.equal([0, 1, 2, 3, 4]);
  });

  /** Has somebody who is no manager delete a port. */
  async function deletePort({ switchUuid }: Place, name: string): Promise<void> {
    const [uuid] = (await bench.raw.rows('Logical_Switch_Port', [['name', '==', name]])).keys();
    const where = [['_uuid', '==', ['uuid', switchUuid]]];
    await bench.raw.commit({
      op: 'mutate',
      table: 'Logical_Switch',
      where,
      mutations: [['ports', 'delete', ['uuid', uuid]]],
    });
  }

  it('serve the first pods first when one of them has to wait for another call', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/29', gateway: '10.8.0.1', exclude: ['10.8.0.5..10.8.0.6'] });
    const { gate, nb } = await bench.gated();
    const manager = bench.manager(options, nb);
    const set = statefulSet('web', place.namespace, 4);
    gate.requests.shut();
    const one = manager.ensurePort(pod('web-1', place.namespace), set);
    await eventually(() => gate.requests.count('"transact"') === 1, 'the transaction of one');
    const applying = manager.apply(set);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(gate.requests.count('"transact"')).to.equal(1);
    gate.requests.open();
    await one;
    const { outcomes } = await applying;
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'reused', 'created', 'refused']);
  });

  it('look again at ports that needed nothing, once those before have theirs', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/24' });
    const { gate, nb } = await bench.gated();
    const manager = bench.manager(options, nb);
    const set = statefulSet('web', place.namespace, 4, '10.8.0.10..10.8.0.13');
    await manager.apply(set);
    const ports = nb.tables.Logical_Switch_Port;
    const [first, last] = [0, 3].map((ordinal) => `web-${ordinal}.${place.namespace}`) as [string, string];
    await deletePort(place, first);
    await eventually(() => ports.find({ name: first }) === undefined);
    gate.requests.shut();
    const applying = manager.apply(set);
    await eventually(() => gate.requests.count('"transact"') === 1, 'the first transaction');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await deletePort(place, last);
    await eventually(() => ports.find({ name: last }) === undefined);
    gate.requests.open();
    const { outcomes } = await applying;
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'reused', 'reused', 'created']);
    expect(await bench.portsOn(place)).to.have.lengthOf(4);
  });

  it('look again at ports that needed nothing when the connection was lost meanwhile', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/24' });
    const { gate, nb } = await bench.gated();
    const manager = bench.manager(options, nb);
    const set = statefulSet('web', place.namespace, 4, '10.8.0.10..10.8.0.13');
    await manager.apply(set);
    const first = `web-0.${place.namespace}`;
    await deletePort(place, first);
    await eventually(() => nb.tables.Logical_Switch_Port.find({ name: first }) === undefined);
    gate.requests.shut();
    const applying = manager.apply(set);
    await eventually(() => gate.requests.count('"transact"') === 1, 'the first transaction');
    // What somebody edits behind its back it sees when it is connected again.
    gate.replies.shut();
    const where = [['name', '==', `web-3.${place.namespace}`]];
    const row = { addresses: '0a:00:00:00:00:09 10.8.0.99' };
    await bench.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where, row });
    gate.cut();
    const { outcomes } = await applying;
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'reused', 'reused', 'reused']);
    expect(outcomes[3]).to.deep.include({ drift: { want: ['10.8.0.13'], have: ['10.8.0.99'] } });
  });

  it('make every port once when the connection breaks under both', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/24' });
    for (const side of ['requests', 'replies'] as const) {
      const { gate, nb } = await bench.gated();
      const manager = bench.manager(options, nb);
      gate[side].shut();
      const applying = manager.apply(statefulSet(side, place.namespace, 6));
      // Two are waiting, or in force although nobody was told.
      const last = `${side}-3.${place.namespace}`;
      const isThere = (): boolean => bench.nb.tables.Logical_Switch_Port.find({ name: last }) !== undefined;
      await eventually(() => (side === 'replies' ? isThere() : gate.requests.count('"transact"') === 2));
      gate.cut();
      const { outcomes } = await applying;
      expect(outcomes.map(({ status }) => status)).to.deep.equal(Array(6).fill('created'));
      const ports = [...(await bench.portsOn(place)).keys()].filter((name) => name.startsWith(side));
      expect(ports).to.have.length(6);
    }
    expect(bench.manager().audit([place.logicalSwitch])).to.deep.equal([]);
  });

  it('go on when somebody else was first under both', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/24' });
    const { gate, nb } = await bench.gated();
    const manager = bench.manager(options, nb);
    gate.requests.shut();
    const applying = manager.apply(statefulSet('web', place.namespace, 6, '10.8.0.10..10.8.0.15'));
    await eventually(() => gate.requests.count('"transact"') === 2, 'two transactions');
    const rival = await bench.manager().apply(statefulSet('rival', place.namespace, 2, '10.8.0.11;10.8.0.13'));
    expect(rival.errors).to.deep.equal([]);
    gate.requests.open();
    const { outcomes, errors } = await applying;
    expect(outcomes.map(({ status }) => status)).to.deep.equal([
      'created',
      'refused',
      'created',
      'refused',
      'created',
      'created',
    ]);
    expect(errors.map(({ code }) => code)).to.deep.equal(['AddressInUse', 'AddressInUse']);
  });

  it('end as the first transaction that the server refuses, after the one upon it', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/24' });
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({ ...options, conflictRetries: 0 }, nb);
    const told: number[] = [];
    manager.on('allocated', ({ ordinal }) => told.push(ordinal));
    await manager.apply(statefulSet('before', place.namespace, 1));
    gate.requests.shut();
    const failing = manager.apply(statefulSet('web', place.namespace, 6)).catch((error: unknown) => error);
    await eventually(() => gate.requests.count('"transact"') === 2, 'two transactions');
    await bench.manager().apply(statefulSet('rival', place.namespace, 1));
    gate.requests.open();
    expect(await failing).to.have.property('code', 'ConflictRetriesExhausted');
    expect(told).to.deep.equal([0]);
    const again = await manager.apply(statefulSet('web', place.namespace, 6));
    expect(again.errors).to.deep.equal([]);
    expect(again.outcomes.map(({ status }) => status)).to.deep.equal(Array(6).fill('created'));
  });
});
