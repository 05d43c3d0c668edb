import { expect } from 'chai';

import type { StatefulSetPortManagerOptions } from '../../lib/statefulset/manager-options.js';
import { MAC_ADDRESS_ANNOTATION } from '../../lib/statefulset/workload.js';
import { FAMILIES, pod, StatefulSetBench, statefulSet, type Place } from './statefulset-fixture.js';

const V4 = FAMILIES[0]!;
const MAC = '0a:00:00:00:00:09';

describe('members of a StatefulSet that are to swap addresses, while one of them is refused', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  /** Two members that have the first two addresses; then the pool is turned round. Sends nothing, and nothing changes. */
  async function refused(
    macs: readonly (string | undefined)[],
    options: Partial<StatefulSetPortManagerOptions>,
    prepare: (place: Place) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<string[]> {
    const place = await bench.place(V4);
    const { namespace } = place;
    await bench.manager().apply(statefulSet('web', namespace, 2, [V4.entry(1), V4.entry(2)], { uid: 'first' }));
    await prepare(place);
    const before = await bench.versions();
    const pods = macs.map((mac, n) =>
      pod(`web-${n}`, namespace, mac === undefined ? {} : { [MAC_ADDRESS_ANNOTATION]: mac }),
    );
    const turned = statefulSet('web', namespace, 2, [V4.entry(2), V4.entry(1)], { uid: 'second' });
    const { count, result } = await bench.transactionsOf(() => bench.manager(options).apply(turned, { pods }));
    expect(count).to.equal(0);
    expect(await bench.versions()).to.deep.equal(before);
    return result.errors.map(({ code }) => code);
  }

  it('keep them when the MAC address that one asks for is malformed', async () => {
    const codes = ['InvalidAddress', 'AddressInUse'];
    expect(await refused(['zz'], { onDrift: 'readdress' })).to.deep.equal(codes);
    expect(await refused(['zz'], { onRecreate: 'fresh' })).to.deep.equal(codes);
  });

  it('keep them when somebody else has the MAC address that one asks for', async () => {
    const taken = (place: Place): Promise<unknown> =>
      bench.foreignPort(place, `f.${place.namespace}`, { addresses: MAC });
    expect(await refused([MAC], { onRecreate: 'fresh' }, taken)).to.deep.equal(['MacInUse', 'AddressInUse']);
  });

  it('keep them when both ask for the same MAC address', async () => {
    expect(await refused([MAC, MAC], { onRecreate: 'fresh' })).to.have.members(['AddressInUse', 'AddressInUse']);
  });

  it('swap them when both ask for MAC addresses that they can have', async () => {
    const place = await bench.place(V4);
    const { namespace } = place;
    await bench.manager().apply(statefulSet('web', namespace, 2, [V4.entry(1), V4.entry(2)], { uid: 'first' }));
    const pods = [MAC, '0a:00:00:00:00:0a'].map((mac, n) =>
      pod(`web-${n}`, namespace, { [MAC_ADDRESS_ANNOTATION]: mac }),
    );
    const turned = statefulSet('web', namespace, 2, [V4.entry(2), V4.entry(1)], { uid: 'second' });
    const { errors } = await bench.manager({ onRecreate: 'fresh' }).apply(turned, { pods });
    expect(errors).to.deep.equal([]);
    expect(await bench.ipsOn(place)).to.deep.equal({
      [`web-0.${namespace}`]: V4.entry(2),
      [`web-1.${namespace}`]: V4.entry(1),
    });
  });
});
