import { expect } from 'chai';

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
});
