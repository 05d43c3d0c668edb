import { randomInt } from 'node:crypto';

import { expect } from 'chai';

import { Sandbox } from '../../lib/testing/sandbox.js';
import { duplicatesEver, RaceWorker } from '../integration/race.js';
import { RawClient } from '../integration/raw-client.js';
import { statefulSet } from '../integration/statefulset-fixture.js';

const REPLICAS = 40;
const subnets = { space: { logicalSwitch: 'arena', cidr: '10.1.0.0/22' } };

describe('a manager that is killed', () => {
  it('situation 30: at thirty random moments leaves nothing half done, and the next one carries on', async () => {
    await using sandbox = await Sandbox.start();
    using raw = await RawClient.connect(sandbox.remote);
    await raw.commit(
      { op: 'insert', table: 'NB_Global', row: { external_ids: ['map', [['round', 'x']]] } },
      { op: 'insert', table: 'Logical_Switch', row: { name: 'arena' } },
    );
    const command = { options: { subnets, maxPortsPerTransaction: 7 }, concurrently: false, after: 'x' };
    const seed = randomInt(2 ** 31);
    const random = mulberry(seed);
    let worker = await RaceWorker.start(sandbox.remote);
    // Starting a process takes longer than all the rest.
    const coming = [RaceWorker.start(sandbox.remote), RaceWorker.start(sandbox.remote)];
    let killedHalfway = 0;
    try {
      for (let round = 0; round < 30; round++) {
        const set = statefulSet(`s${round % 5}`, 'space', REPLICAS);
        if (round % 5 === 0)
          await raw.commit({ op: 'update', table: 'Logical_Switch', where: [], row: { ports: ['set', []] } });
        const cutShort = worker
          .run({ ...command, concurrently: round % 2 === 0, statefulSet: set })
          .catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, random() * 40));
        await worker.kill();
        await cutShort;
        const left = await portsOf(raw, `s${round % 5}`);
        if (left.size > 0 && left.size < REPLICAS) killedHalfway++;
        // A port is there as a whole or not at all.
        for (const [pod, { addresses, ids }] of left) {
          expect(addresses, `${pod}, seed ${seed}`).to.match(/^\S+ 10\.1\.\d+\.\d+$/);
          expect(ids.get('pod')).to.equal(`space/${pod}`);
        }
        worker = (await coming.shift())!;
        if (round < 28) coming.push(RaceWorker.start(sandbox.remote));
        const { outcomes } = await worker.run({ ...command, statefulSet: set });
        expect(outcomes.map(({ error }) => error)).to.deep.equal(Array(REPLICAS).fill(undefined));
        const whole = await portsOf(raw, `s${round % 5}`);
        expect(whole.size).to.equal(REPLICAS);
        for (const [pod, port] of left) expect(whole.get(pod), `${pod}, seed ${seed}`).to.deep.equal(port);
        const again = await worker.run({ ...command, statefulSet: set });
        expect(again).to.deep.equal({ outcomes });
        expect(await portsOf(raw, `s${round % 5}`)).to.deep.equal(whole);
      }
      expect(await duplicatesEver(sandbox)).to.deep.equal([]);
      expect(killedHalfway, `seed ${seed}`).to.be.greaterThan(0);
    } finally {
      await worker.kill();
      for (const next of coming) await (await next).kill();
    }
  }).timeout(120_000);
});

async function portsOf(
  raw: RawClient,
  name: string,
): Promise<
  Map<string, { readonly addresses: string; readonly ids: ReadonlyMap<string, string>; readonly version: unknown }>
> {
  const [result] = await raw.commit({
    op: 'select',
    table: 'Logical_Switch_Port',
    where: [['external_ids', 'includes', ['map', [['ovn-northbound/statefulset', `space/${name}`]]]]],
    columns: ['name', 'addresses', 'external_ids', '_version'],
  });
  return new Map(
    (result?.rows ?? []).map((row) => {
      const ids = new Map((row['external_ids'] as [string, [string, string][]])[1]);
      return [
        (row['name'] as string).replace('.space', ''),
        { addresses: row['addresses'] as string, ids, version: (row['_version'] as string[])[1] },
      ];
    }),
  );
}

/** Random numbers from 0 to 1 that a seed repeats. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
