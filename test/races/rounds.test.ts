import { expect } from 'chai';

import { Sandbox } from '../../lib/testing/sandbox.js';
import { bundle, type Bundle } from './bundle.js';
import { duplicatesEver, RoundWorker, type Command, type Report } from './rounds.js';
import { RawClient } from '../integration/raw-client.js';
import { statefulSet } from '../integration/statefulset-fixture.js';

type Round = (round: number) => readonly [Command['statefulSet'], Command['statefulSet']];

const subnets = {
  space: { logicalSwitch: 'arena', cidr: '10.1.0.0/28', gateway: '10.1.0.1' },
};
const POOL = [4, 5, 6, 7, 8, 9].map((n) => `10.1.0.${n}`);
/** Of the /28, all but network, broadcast and gateway. */
const FREE = 13;

const overlappingPools: Round = (n) => [
  statefulSet(`a${n}`, 'space', 6, POOL),
  statefulSet(`b${n}`, 'space', 6, [...POOL].reverse()),
];
const samePods: Round = (n) => [statefulSet(`c${n}`, 'space', 6, POOL), statefulSet(`c${n}`, 'space', 6, POOL)];
const samePickedPods: Round = (n) => [statefulSet(`d${n}`, 'space', 6), statefulSet(`d${n}`, 'space', 6)];
const nearlyFull: Round = (n) => [statefulSet(`e${n}`, 'space', 8), statefulSet(`f${n}`, 'space', 8)];
const ROUNDS = [overlappingPools, samePods, samePickedPods, nearlyFull] as const;

describe('two processes that race for the addresses of one switch', () => {
  let program: Bundle;

  before(() => (program = bundle('rounds-worker.ts')));
  after(() => program[Symbol.dispose]());

  interface Race {
    readonly sandbox: Sandbox;
    readonly reports: readonly (readonly [Report, Report])[];
    /** Names and addresses of the ports after each round. */
    readonly ports: readonly ReadonlyMap<string, string>[];
  }

  async function race(
    rounds: number,
    mode: 'guarded' | 'unguarded',
    look: (race: Race) => Promise<void>,
  ): Promise<void> {
    await using sandbox = await Sandbox.start();
    using raw = await RawClient.connect(sandbox.remote);
    await raw.commit(
      { op: 'insert', table: 'NB_Global', row: {} },
      { op: 'insert', table: 'Logical_Switch', row: { name: 'arena' } },
    );
    const [left, right] = await Promise.all([
      RoundWorker.start(program.path, sandbox.remote, mode),
      RoundWorker.start(program.path, sandbox.remote, mode),
    ]);
    await using one = left;
    await using two = right;
    const reports: [Report, Report][] = [];
    const ports: Map<string, string>[] = [];
    for (let round = 0; round < rounds; round++) {
      const [first, second] = ROUNDS[round % ROUNDS.length]!(round);
      const after = String(round);
      const common = { options: { subnets }, concurrently: round % 8 < 4, after };
      const running = Promise.all([
        one.run({ ...common, statefulSet: first }),
        two.run({ ...common, statefulSet: second }),
      ]);
      // What both wait for: the switch is empty, and the round begins.
      await raw.commit(
        { op: 'update', table: 'Logical_Switch', where: [], row: { ports: ['set', []] } },
        { op: 'update', table: 'NB_Global', where: [], row: { external_ids: ['map', [['round', after]]] } },
      );
      reports.push(await running);
      const rows = [...(await raw.rows('Logical_Switch_Port')).values()];
      ports.push(new Map(rows.map((row) => [row['name'] as string, (row['addresses'] as string[]).join()])));
      expect(ports[round]!.size, 'names are unique').to.equal(rows.length);
    }
    await look({ sandbox, reports, ports });
  }

  it('never give one out twice in 200 rounds, and every pod has exactly one port', async () => {
    await race(200, 'guarded', async ({ sandbox, reports, ports }) => {
      expect(await duplicatesEver(sandbox)).to.deep.equal([]);
      const wins = ({ outcomes }: Report): boolean => outcomes.some(({ address }) => address !== undefined);
      const contested = reports.filter(([first, second]) => wins(first) && wins(second));
      expect(contested.length, 'rounds in which both got something').to.be.greaterThan(100);
      reports.forEach(([first, second], round) => {
        const made = [...first.outcomes, ...second.outcomes].filter(({ address }) => address !== undefined);
        for (const { pod, address } of made) expect(ports[round]!.get(`${pod}.space`), pod).to.equal(address);
        const errors = [...first.outcomes, ...second.outcomes].flatMap(({ error }) => error ?? []);
        const kind = ROUNDS[round % ROUNDS.length];
        if (kind === samePods || kind === samePickedPods) {
          expect(first).to.deep.equal(second);
          expect([ports[round]!.size, errors]).to.deep.equal([6, []]);
        } else if (kind === overlappingPools) {
          expect([ports[round]!.size, errors]).to.deep.equal([6, Array(6).fill('AddressInUse')]);
        } else {
          expect([ports[round]!.size, errors]).to.deep.equal([FREE, Array(3).fill('SubnetExhausted')]);
        }
      });
    });
  }).timeout(180_000);

  it('both come through with 300 calls in flight each', async () => {
    await using sandbox = await Sandbox.start();
    using raw = await RawClient.connect(sandbox.remote);
    await raw.commit(
      { op: 'insert', table: 'NB_Global', row: { external_ids: ['map', [['round', '0']]] } },
      { op: 'insert', table: 'Logical_Switch', row: { name: 'arena' } },
    );
    const [left, right] = await Promise.all([
      RoundWorker.start(program.path, sandbox.remote),
      RoundWorker.start(program.path, sandbox.remote),
    ]);
    await using one = left;
    await using two = right;
    const common = {
      options: { subnets: { space: { logicalSwitch: 'arena', cidr: '10.1.0.0/20' } } },
      concurrently: true,
      after: '0',
    };
    const reports = await Promise.all([
      one.run({ ...common, statefulSet: statefulSet('a', 'space', 300) }),
      two.run({ ...common, statefulSet: statefulSet('b', 'space', 300) }),
    ]);
    expect(reports.flatMap(({ outcomes }) => outcomes.flatMap(({ error }) => error ?? []))).to.deep.equal([]);
    expect((await raw.rows('Logical_Switch_Port')).size).to.equal(600);
    expect(await duplicatesEver(sandbox)).to.deep.equal([]);
  }).timeout(180_000);

  it('do give addresses out twice when nothing guards them', async () => {
    await race(24, 'unguarded', async ({ sandbox }) => {
      expect(await duplicatesEver(sandbox)).not.to.deep.equal([]);
    });
  }).timeout(90_000);
});
