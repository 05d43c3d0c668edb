import { expect } from 'chai';

import { entryOf, StatefulSetBench, statefulSet } from './statefulset-fixture.js';

const HOSTS = [1, 2, 3, 4, 5, 6].map((n) => `10.8.0.${n}`);

describe('onRecreate fresh: a StatefulSet that is made anew in a subnet that its ports fill', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  it('gets new ports with the addresses that the old ones give up', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/29' });
    const set = (uid: string): ReturnType<typeof statefulSet> =>
      statefulSet('web', place.namespace, HOSTS.length, undefined, { uid });
    const { outcomes: first } = await bench.manager().apply(set('first'));
    const { count, result } = await bench.transactionsOf(() =>
      bench.manager({ onRecreate: 'fresh' }).apply(set('second')),
    );
    expect(count).to.equal(1);
    expect(result.errors).to.deep.equal([]);
    expect(result.outcomes.map(({ status }) => status)).to.deep.equal(HOSTS.map(() => 'created'));
    expect(result.outcomes.map(entryOf).sort()).to.deep.equal(HOSTS);
    const macs = new Set([...first, ...result.outcomes].map((outcome) => 'mac' in outcome && outcome.mac));
    expect(macs.size, 'MAC addresses').to.equal(2 * HOSTS.length);
  });

  it('gets no port with an address that a foreign port has as well', async () => {
    const place = await bench.place({ cidr: '10.8.0.0/29' });
    const set = (uid: string): ReturnType<typeof statefulSet> =>
      statefulSet('web', place.namespace, HOSTS.length, undefined, { uid });
    await bench.manager().apply(set('first'));
    await bench.foreignPort(place, `foreign.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.8.0.3' });
    const { errors } = await bench.manager({ onRecreate: 'fresh' }).apply(set('second'));
    expect(errors.map(({ code }) => code)).to.deep.equal(['SubnetExhausted']);
  });
});
