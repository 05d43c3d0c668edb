/** Transactions of the manager whose connection broke, and that reach the database after the manager has gone on. */
import { expect } from 'chai';

import { PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import type { RawResult } from '../integration/raw-client.js';
import { eventually } from '../integration/raw-client.js';
import { pod, StatefulSetBench, statefulSet } from '../integration/statefulset-fixture.js';
import type { ClientMessage } from './scripted-server.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };

describe('transactions for ports of StatefulSets that arrive late', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());
  afterEach(() => {
    bench.proxy.onRequest = () => 'pass';
  });

  /** Loses the next transaction that `matches`, with its connection; what is returned has it arrive. */
  function loseNext(): () => Promise<readonly (RawResult | null)[]> {
    let lost: ClientMessage | undefined;
    bench.proxy.onRequest = (message) => {
      if (lost !== undefined || message.method !== 'transact') return 'pass';
      lost = message;
      return 'cut';
    };
    return async () => {
      expect(lost, 'a transaction that was lost').not.to.equal(undefined);
      return bench.raw.transact(...((lost?.params ?? []).slice(1) as object[]));
    };
  }
  const errorsIn = (results: readonly (RawResult | null)[]): unknown[] =>
    results.flatMap((result) => result?.error ?? []);
  const port = (name: string): Record<string, unknown> | undefined =>
    bench.nb.tables.Logical_Switch_Port.find({ name });

  it('make no second port, and take no second address', async () => {
    const place = await bench.place(V4);
    const arrive = loseNext();
    const { outcomes } = await bench.manager().apply(statefulSet('web', place.namespace, 3));
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created', 'created']);
    const before = await bench.portsOn(place);
    expect(errorsIn(await arrive())).to.deep.equal(['timed out']);
    expect(await bench.portsOn(place)).to.deep.equal(before);
  });

  it('put back no pod that has been replaced since', async () => {
    const place = await bench.place(V4);
    const set = statefulSet('web', place.namespace, 1);
    const manager = bench.manager();
    const member = (uid: string): object => pod('web-0', place.namespace, {}, uid);
    await manager.ensurePort(member('first'), set);
    const arrive = loseNext();
    await manager.ensurePort(member('second'), set);
    await manager.ensurePort(member('third'), set);
    expect(errorsIn(await arrive())).to.deep.equal(['timed out']);
    const name = `web-0.${place.namespace}`;
    expect(port(name)?.['external_ids']).to.include({ [PORT_KEYS.podUid]: 'third' });
  });

  it('take back no port whose conflict is over', async () => {
    const place = await bench.place(V4);
    const set = statefulSet('web', place.namespace, 1, '10.16.1.1');
    const foreign = `foreign.${place.namespace}`;
    const name = `web-0.${place.namespace}`;
    const gated = await bench.gated();
    // The port is made while somebody else takes its address, which is noticed after the commit.
    gated.gate.requests.shut();
    const applying = bench.manager({}, gated.nb).apply(set);
    await eventually(() => gated.gate.requests.count('"transact"') === 1, 'the transaction');
    await bench.insertPort(place, foreign, { addresses: '0a:00:00:00:00:01 10.16.1.1' });
    // Everything goes through but the deletion, which is lost with its connection.
    gated.gate.requests.open();
    gated.gate.requests.shut();
    await eventually(() => gated.gate.requests.held.includes('"ports","delete"'), 'the deletion');
    const taking = gated.gate.requests.held;
    const [uuid] = (await bench.raw.rows('Logical_Switch_Port', [['name', '==', foreign]])).keys();
    await bench.raw.commit({
      op: 'mutate',
      table: 'Logical_Switch',
      where: [['name', '==', place.logicalSwitch]],
      mutations: [['ports', 'delete', ['uuid', uuid]]],
    });
    gated.gate.cut();
    const { outcomes } = await applying;
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created']);
    const { params } = JSON.parse(taking.slice(taking.lastIndexOf('{"method":"transact"'))) as ClientMessage;
    expect(errorsIn(await bench.raw.transact(...(params!.slice(1) as object[])))).to.deep.equal(['timed out']);
    expect(await bench.raw.rows('Logical_Switch_Port', [['name', '==', name]])).to.have.lengthOf(1);
  });

  it('release no port that is in use again', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({}, nb);
    const set = statefulSet('web', place.namespace, 2);
    await manager.apply(set);
    gate.requests.shut();
    const giveUp = new AbortController();
    const releasing = manager.release(set, { signal: giveUp.signal }).catch((error: unknown) => error);
    await eventually(() => gate.requests.held.includes('"ports","delete"'), 'the release');
    const held = gate.requests.held;
    giveUp.abort(new Error('given up'));
    expect(await releasing).to.have.property('message', 'given up');
    gate.cut();
    const before = await bench.portsOn(place);
    const port0 = await manager.ensurePort(pod('web-0', place.namespace), set);
    expect(port0).to.include({ status: 'reused' });
    const { params } = JSON.parse(held.slice(held.lastIndexOf('{"method":"transact"'))) as ClientMessage;
    expect(errorsIn(await bench.raw.transact(...(params!.slice(1) as object[])))).to.deep.equal(['timed out']);
    expect(await bench.portsOn(place)).to.deep.equal(before);
    // The release cannot come any more, so nothing needs to be sent again.
    const transacts = gate.requests;
    transacts.shut();
    expect(await manager.ensurePort(pod('web-0', place.namespace), set)).to.include({ status: 'reused' });
    expect(transacts.count('"transact"')).to.equal(0);
    transacts.open();
  });

  it('readdress no port that was reported with the address that it had', async () => {
    const place = await bench.place(V4);
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({ onDrift: 'readdress' }, nb);
    const set = (ip: string): object => statefulSet('web', place.namespace, 1, ip);
    await manager.apply(set('10.16.1.1'));
    gate.requests.shut();
    const giveUp = new AbortController();
    const applying = manager.apply(set('10.16.1.2'), { signal: giveUp.signal }).catch((error: unknown) => error);
    await eventually(() => gate.requests.held.includes('10.16.1.2'), 'the readdressing');
    const held = gate.requests.held;
    giveUp.abort(new Error('given up'));
    expect(await applying).to.have.property('message', 'given up');
    gate.cut();
    // The pool is put back, so nothing has to be changed.
    expect((await manager.apply(set('10.16.1.1'))).outcomes[0]).to.include({ status: 'reused', ip4: '10.16.1.1' });
    const { params } = JSON.parse(held.slice(held.lastIndexOf('{"method":"transact"'))) as ClientMessage;
    expect(errorsIn(await bench.raw.transact(...(params!.slice(1) as object[])))).to.deep.equal(['timed out']);
    expect(Object.values(await bench.ipsOn(place))).to.deep.equal(['10.16.1.1']);
  });

  it('replace no port twice', async () => {
    const place = await bench.place(V4);
    const set = (uid: string): object => statefulSet('web', place.namespace, 2, undefined, { uid });
    const manager = bench.manager({ onRecreate: 'fresh' });
    await manager.apply(set('u1'));
    const arrive = loseNext();
    const { outcomes } = await manager.apply(set('u2'));
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created']);
    const before = await bench.portsOn(place);
    expect(errorsIn(await arrive())).to.deep.equal(['timed out']);
    expect(await bench.portsOn(place)).to.deep.equal(before);
  });

  it('take no port out of its groups whose next pod is there', async () => {
    const place = await bench.place(V4);
    const group = `group_${place.namespace}`;
    await bench.raw.commit({ op: 'insert', table: 'Port_Group', row: { name: group } });
    await bench.nb.tables.Port_Group.until(({ name }) => name === group);
    const manager = bench.manager({ port: { portGroups: [group] }, portGroupsOnTeardown: 'leave' });
    const set = statefulSet('web', place.namespace, 1);
    const member = (uid: string): object => pod('web-0', place.namespace, {}, uid);
    const { uuid } = await manager.ensurePort(member('first'), set);
    const arrive = loseNext();
    await manager.podDeleted(member('first'));
    expect(bench.nb.tables.Port_Group.find({ name: group })?.ports).to.deep.equal([]);
    await manager.ensurePort(member('second'), set);
    expect(errorsIn(await arrive())).to.deep.equal(['timed out']);
    expect(bench.nb.tables.Port_Group.find({ name: group })?.ports).to.deep.equal([uuid]);
  });
});
