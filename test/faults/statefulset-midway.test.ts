/** Calls of the manager that something happens to between their plan and its answer. */
import { expect } from 'chai';

import type { PodOutcomeOk } from '../../lib/statefulset/manager-results.js';
import { eventually } from '../integration/raw-client.js';
import { StatefulSetBench, statefulSet, type Place } from '../integration/statefulset-fixture.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };
const FOREIGN = { addresses: '0a:00:00:00:00:05 10.16.1.9', external_ids: ['map', [['vendor', 'kube-ovn']]] };

describe('calls for ports of StatefulSets, midway', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  const find = (name: string, nb = bench.nb) => nb.tables.Logical_Switch_Port.find({ name });

  async function lspDel(place: Place, name: string): Promise<void> {
    const [uuid] = (await bench.raw.rows('Logical_Switch_Port', [['name', '==', name]])).keys();
    await bench.raw.commit({
      op: 'mutate',
      table: 'Logical_Switch',
      where: [['_uuid', '==', ['uuid', place.switchUuid]]],
      mutations: [['ports', 'delete', ['uuid', uuid]]],
    });
  }

  it('adopt makes no port where the one that it was to take over is deleted', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const names = [0, 1].map((n) => `web-${n}.${place.namespace}`);
    for (const [n, name] of names.entries())
      await bench.foreignPort(place, name, { ...FOREIGN, addresses: `0a:00:00:00:00:0${n} 10.16.1.${n + 5}` });
    await nb.transact((tx) => tx.select('NB_Global', [], []));
    gate.requests.shut();
    const adopting = bench.manager({}, nb).adopt(statefulSet('web', place.namespace, 3));
    await eventually(() => gate.requests.count('"transact"') === 1, 'the transaction');
    await lspDel(place, names[0]!);
    gate.requests.open();
    const { adopted, missing, errors } = await adopting;
    expect(adopted.map((port) => port.pod)).to.deep.equal(['web-1']);
    expect(missing).to.deep.equal(['web-0', 'web-2']);
    expect(errors).to.deep.equal([]);
    expect([...(await bench.portsOn(place)).keys()]).to.deep.equal([names[1]]);
  });

  it('adopt tells of what it took over although the reply is lost', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    const events: string[] = [];
    for (const event of ['adopted', 'reused', 'allocated'] as const) manager.on(event, () => events.push(event));
    const name = `web-0.${place.namespace}`;
    await bench.foreignPort(place, name, FOREIGN);
    await nb.transact((tx) => tx.select('NB_Global', [], []));
    gate.replies.shut();
    const adopting = manager.adopt(statefulSet('web', place.namespace, 1));
    await eventually(() => find(name)?.external_ids['vendor'] === 'ovn-northbound', 'the adoption');
    gate.cut();
    expect((await adopting).adopted[0]).to.include({ pod: 'web-0', formerVendor: 'kube-ovn', ip4: '10.16.1.9' });
    expect(events).to.deep.equal(['adopted']);
  });

  it('a readdressed port tells what it was before although the reply is lost', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({ onDrift: 'readdress' }, nb);
    await manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1'));
    gate.replies.shut();
    const applying = manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.2'));
    await eventually(() => find(`web-0.${place.namespace}`)?.addresses[0]?.endsWith(' 10.16.1.2') === true);
    gate.cut();
    const drift = { want: ['10.16.1.2'], have: ['10.16.1.1'] };
    expect((await applying).outcomes[0]).to.deep.include({ status: 'readdressed', drift });
  });

  it('close has them reject: nobody would notice whether somebody else had the address first', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    gate.requests.shut();
    const call = manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1')).catch((error: unknown) => error);
    await eventually(() => gate.requests.count('"transact"') === 1, 'the transaction');
    manager.close();
    gate.requests.open();
    expect(await call).to.have.property('code', 'Closed');
  });

  it('addresses that two ports come back to together are free again when both have gone', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/28' });
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({ onDrift: 'readdress' }, nb);
    const set = statefulSet('web', place.namespace, 2, '10.8.0.1;10.8.0.2');
    const [, web1] = (await manager.apply(set)).outcomes as PodOutcomeOk[];
    // Somebody gives both the same address, and then takes those that they are to move to.
    const where = [['name', '==', web1!.port]];
    const row = { addresses: `${web1!.mac} 10.8.0.1` };
    await bench.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where, row });
    await eventually(() => find(web1!.port, nb)?.addresses[0]?.endsWith(' 10.8.0.1') === true);
    const free = (): unknown => manager.capacity(statefulSet('other', place.namespace, 1)).free;
    expect(free()).to.equal(13);
    gate.requests.shut();
    const applying = manager.apply(statefulSet('web', place.namespace, 2, '10.8.0.3;10.8.0.4'));
    await eventually(() => gate.requests.count('"transact"') === 1, 'the transaction');
    for (const n of [3, 4])
      await bench.insertPort(place, `${n}.${place.namespace}`, { addresses: `0a:00:00:00:00:0${n} 10.8.0.${n}` });
    gate.requests.open();
    expect((await applying).errors.map(({ code }) => code)).to.deep.equal(['AddressInUse', 'AddressInUse']);
    expect(free()).to.equal(11);
    await manager.release(set);
    expect(free()).to.equal(12);
  });

  it('a port that was deleted during an outage gets its addresses again, whoever else was there', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    const lost: string[] = [];
    manager.on('portLost', (port) => lost.push(port.pod));
    const set = statefulSet('web', place.namespace, 2);
    const before = (await manager.apply(set)).outcomes as PodOutcomeOk[];
    gate.replies.shut();
    await lspDel(place, before[0]!.port);
    gate.cut();
    await eventually(() => lost.length > 0, 'the event');
    expect(lost).to.deep.equal(['web-0']);
    // With a change of another manager in the same outage, nothing says who deleted it.
    gate.replies.shut();
    await lspDel(place, before[1]!.port);
    await eventually(() => find(before[1]!.port) === undefined);
    await bench.manager().apply(statefulSet('more', place.namespace, 1));
    gate.cut();
    const again = (await manager.apply(set)).outcomes as PodOutcomeOk[];
    expect(again.map(({ status, ip4, mac }) => [status, ip4, mac])).to.deep.equal(
      before.map(({ ip4, mac }) => ['created', ip4, mac]),
    );
    expect(lost).to.deep.equal(['web-0']);
  });

  it('release waits for the ports that an earlier call makes, and deletes them', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    const set = statefulSet('web', place.namespace, 3);
    gate.requests.shut();
    const applying = manager.apply(set);
    const other = manager.apply(statefulSet('web-more', place.namespace, 1));
    await eventually(() => gate.requests.count('"transact"') === 2, 'the transactions');
    const releasing = manager.release(set);
    gate.requests.open();
    const made = (await applying).outcomes.map(({ status }) => status);
    expect(made).to.deep.equal(['created', 'created', 'created']);
    expect((await releasing).released.map((port) => port.pod)).to.deep.equal(['web-0', 'web-1', 'web-2']);
    expect((await other).outcomes[0]).to.include({ status: 'created' });
    expect([...(await bench.portsOn(place)).keys()]).to.deep.equal([`web-more-0.${place.namespace}`]);
  });

  for (const isLost of [false, true]) {
    const how = isLost ? 'whose connection broke as well' : 'that is still on its way';
    it(`release lets no port be made by a call that was given up, ${how}`, async () => {
      const place = await bench.place(V4);
      const { gate, nb } = await bench.gated();
      const manager = bench.manager({}, nb);
      const set = statefulSet('web', place.namespace, 2);
      gate.requests.shut();
      const giveUp = new AbortController();
      const applying = manager.apply(set, { signal: giveUp.signal }).catch((error: unknown) => error);
      await eventually(() => gate.requests.count('"transact"') === 1, 'the transaction');
      const held = gate.requests.held;
      giveUp.abort(new Error('given up'));
      expect(await applying).to.have.property('message', 'given up');
      if (isLost) gate.cut();
      const releasing = manager.release(set);
      gate.requests.open();
      expect((await releasing).released).to.have.length(isLost ? 0 : 2);
      if (isLost) {
        const { params } = JSON.parse(held.slice(held.lastIndexOf('{"method":"transact"'))) as { params: object[] };
        await bench.raw.transact(...params.slice(1));
      }
      expect((await bench.portsOn(place)).size).to.equal(0);
      // Nothing is in doubt any more.
      gate.requests.shut();
      expect((await manager.release(set)).released).to.deep.equal([]);
      expect(gate.requests.count('"transact"')).to.equal(0);
      gate.requests.open();
    });
  }

  it('what a call made that was given up is looked at by the next one: a foreign port may have been first', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    const set = statefulSet('web', place.namespace, 2, '10.16.1.1;10.16.1.2');
    gate.requests.shut();
    const giveUp = new AbortController();
    const applying = manager.apply(set, { signal: giveUp.signal }).catch((error: unknown) => error);
    await eventually(() => gate.requests.count('"transact"') === 1, 'the transaction');
    await bench.insertPort(place, `foreign.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.1' });
    giveUp.abort(new Error('given up'));
    expect(await applying).to.have.property('message', 'given up');
    gate.requests.open();
    await eventually(() => find(`web-1.${place.namespace}`, nb) !== undefined, 'the ports');
    const { outcomes, errors } = await manager.apply(set);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['refused', 'created']);
    expect(errors[0]).to.include({ code: 'AddressInUse', pod: 'web-0' });
    const left = [`foreign.${place.namespace}`, `web-1.${place.namespace}`];
    expect([...(await bench.portsOn(place)).keys()].sort()).to.deep.equal(left);
    expect((await manager.apply(set)).outcomes[1]).to.include({ status: 'reused' });
  });
});
