import { expect } from 'chai';

import type { PortError } from '../../lib/statefulset/port-error.js';
import { GENERATION_KEY } from '../../lib/statefulset/switches/switch-flights.js';
import { eventually } from '../integration/raw-client.js';
import { statefulSet, StatefulSetBench } from '../integration/statefulset-fixture.js';

describe('taking back what a foreign writer was faster with', () => {
  let bench: StatefulSetBench;
  before(async () => {
    bench = await StatefulSetBench.start();
  });
  after(() => bench[Symbol.asyncDispose]());

  it('goes on when somebody else is faster again, even for a manager that tries nothing twice', async () => {
    const place = await bench.place();
    const gated = await bench.gated();
    const manager = bench.manager({ conflictRetries: 0 }, gated.nb);
    const { requests } = gated.gate;
    const isHeld = (): Promise<void> => eventually(() => requests.count('"transact"') === 1, 'the transaction');
    requests.shut();
    const running = manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1'));
    running.catch(() => undefined);
    await isHeld();
    await bench.insertPort(place, `foreign.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.1' });
    requests.open();
    // The next one is what takes the port back.
    requests.shut();
    await isHeld();
    await bench.raw.commit({
      op: 'update',
      table: 'Logical_Switch',
      where: [['_uuid', '==', ['uuid', place.switchUuid]]],
      row: { external_ids: ['map', [[GENERATION_KEY, '99-else']]] },
    });
    requests.open();
    const { errors } = await running;
    expect(errors[0]).to.include({ code: 'AddressInUse', pod: 'web-0' });
    expect(await bench.ipsOn(place)).to.deep.equal({ [`foreign.${place.namespace}`]: '10.16.1.1' });
  });

  it('a port that moved gets its former address again although a foreign port took that meanwhile; that is audited', async () => {
    const place = await bench.place();
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({ onDrift: 'readdress' }, nb);
    await manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1'));
    gate.requests.shut();
    const applied = manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.9'));
    await eventually(() => gate.requests.count('"transact"') === 1);
    await bench.insertPort(place, `first.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.9' });
    gate.replies.shut();
    gate.requests.open();
    await eventually(() => gate.replies.count('"result"') === 1);
    await bench.insertPort(place, `second.${place.namespace}`, { addresses: '0a:00:00:00:00:02 10.16.1.1' });
    await eventually(() => gate.replies.held.includes('second'));
    gate.replies.open();
    const { errors } = await applied;
    expect(errors.map(({ message }) => message)).to.have.length(1);
    expect(errors[0]!.message).to.contain('keeps its port with 10.16.1.1: 10.16.1.9 belongs to port first');
    expect((await bench.ipsOn(place))[`web-0.${place.namespace}`]).to.equal('10.16.1.1');
    const shared = manager.audit([place.logicalSwitch]).filter(({ kind }) => kind === 'shared-address');
    expect(shared).to.have.length(1).with.nested.property('[0].address', '10.16.1.1');
  });

  it('a port that moved goes when another manager has given its former address to another pod meanwhile', async () => {
    const { pods, errors } = await meanwhile(['10.16.1.1'], ['10.16.1.9'], '10.16.1.1');
    expect(errors.map(({ message }) => message)).to.have.length(1);
    expect(errors[0]!.message).to.contain('gets no port: 10.16.1.9 belongs to port first');
    expect(pods).to.deep.equal({ first: '10.16.1.9', 'other-0': '10.16.1.1' });
  });

  it('a port that moved goes when its former address has gone to a pod that can go nowhere else and is in nobody’s way', async () => {
    const { pods, errors } = await meanwhile(['10.16.1.1', '10.16.1.2'], ['10.16.1.9', '10.16.1.1'], '10.16.1.2');
    expect(errors.map(({ message }) => message)).to.have.length(1);
    expect(errors[0]!.message).to.contain('web-0').and.to.contain('gets no port: 10.16.1.9 belongs to port first');
    expect(pods).to.deep.equal({ first: '10.16.1.9', 'web-1': '10.16.1.1', 'other-0': '10.16.1.2' });
  });

  /** `web` moves from one pool to another, of which a foreign port has .9; before it looks, another manager gives away `given`. */
  async function meanwhile(
    before: readonly string[],
    after: readonly string[],
    given: string,
  ): Promise<{ readonly pods: Record<string, string>; readonly errors: readonly PortError[] }> {
    const place = await bench.place();
    const { namespace } = place;
    const { gate, nb } = await bench.gated();
    const manager = bench.manager({ onDrift: 'readdress' }, nb);
    await manager.apply(statefulSet('web', namespace, before.length, before));
    gate.requests.shut();
    const applied = manager.apply(statefulSet('web', namespace, after.length, after));
    await eventually(() => gate.requests.count('"transact"') === 1);
    await bench.insertPort(place, `first.${namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.9' });
    gate.replies.shut();
    gate.requests.open();
    await eventually(() => gate.replies.count('"result"') === 1);
    await bench.nb.tables.Logical_Switch_Port.until(
      ({ name, addresses }) => name === `web-0.${namespace}` && addresses.join().endsWith(' 10.16.1.9'),
    );
    const other = await bench.manager().apply(statefulSet('other', namespace, 1, [given]));
    expect(other.errors).to.deep.equal([]);
    await eventually(() => gate.replies.held.includes(`other-0.${namespace}`));
    gate.replies.open();
    const { errors } = await applied;
    expect(manager.audit([place.logicalSwitch]).filter(({ kind }) => kind === 'shared-address')).to.deep.equal([]);
    const ips = Object.entries(await bench.ipsOn(place));
    return {
      pods: Object.fromEntries(ips.map(([name, ip]): [string, string] => [name.replace(/\..*/, ''), ip])),
      errors,
    };
  }
});
