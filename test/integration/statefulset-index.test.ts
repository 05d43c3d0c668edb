import { randomInt } from 'node:crypto';

import { expect } from 'chai';

import { parseSubnet } from '../../lib/ipam/subnet.js';
import { SwitchIndexes } from '../../lib/statefulset/switches/switch-index.js';
import { StatefulSetBench } from './statefulset-fixture.js';

const NETWORK = parseSubnet({ cidr: '10.5.0.0/28' }).v4!;
const MACS = [1, 2, 3, 4].map((n) => `0a:00:00:00:00:0${n}`);
const IPS = Array.from({ length: 8 }, (_, i) => `10.5.0.${i + 1}`);

describe('the index of a switch', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  it('that followed all changes equals one made anew, whatever others do to the ports, and over reconnects', async () => {
    const places = [await bench.place({}), await bench.place({})] as const;
    const { gate, nb } = await bench.gated();
    const followed = new SwitchIndexes(nb);
    const seen = (indexes: SwitchIndexes): unknown =>
      places.map(({ switchUuid }) => {
        const index = indexes.of(switchUuid as never);
        const space = index.space(NETWORK);
        return {
          ips: IPS.map((ip) =>
            index
              .owners(ip)
              .map(({ name }) => name)
              .sort(),
          ),
          macs: MACS.map((mac) =>
            index
              .owners(mac)
              .map(({ name }) => name)
              .sort(),
          ),
          routers: [...index.routerAddresses()].sort(),
          free: [space.freeCount, space.usedCount, space.firstFree()?.text],
        };
      });
    seen(followed);
    await bench.raw.commit(
      { op: 'insert', table: 'Logical_Router', row: { name: 'r', ports: ['named-uuid', 'p'] } },
      {
        op: 'insert',
        table: 'Logical_Router_Port',
        row: { name: 'lrp', mac: '0a:00:00:00:00:09', networks: '10.5.0.1/28' },
        'uuid-name': 'p',
      },
    );
    const ports: string[] = [];
    const pick = <T>(items: readonly T[]): T => items[randomInt(items.length)]!;
    const where = (uuid: string): unknown => [['_uuid', '==', ['uuid', uuid]]];
    const address = (): string =>
      pick([`${pick(MACS)} ${pick(IPS)}`, `${pick(MACS)} ${pick(IPS)} ${pick(IPS)}`, 'dynamic', 'unknown', 'router']);
    const steps: Record<string, () => Promise<unknown>> = {
      add: async () =>
        ports.push(await bench.insertPort(pick(places), `port${ports.length}`, { addresses: address() })),
      readdress: () =>
        bench.raw.commit({
          op: 'update',
          table: 'Logical_Switch_Port',
          where: where(pick(ports)),
          row: { addresses: address() },
        }),
      dynamic: () =>
        bench.raw.commit({
          op: 'update',
          table: 'Logical_Switch_Port',
          where: where(pick(ports)),
          row: { dynamic_addresses: pick([['set', []], `${pick(MACS)} ${pick(IPS)}`]) },
        }),
      type: () =>
        bench.raw.commit({
          op: 'update',
          table: 'Logical_Switch_Port',
          where: where(pick(ports)),
          row: {
            type: pick(['', 'router', 'virtual']),
            options: [
              'map',
              [
                ['virtual-ip', pick(IPS)],
                ['router-port', 'lrp'],
              ],
            ],
          },
        }),
      move: async () => {
        const [from, to] = pick([places, [...places].reverse()]) as typeof places;
        const [uuid] = [...(await bench.portsOn(from)).values()].map((row) => row['_uuid'] as string);
        if (uuid === undefined) return;
        const mutate = (place: typeof from, mutator: string): object => ({
          op: 'mutate',
          table: 'Logical_Switch',
          where: where(place.switchUuid),
          mutations: [['ports', mutator, ['uuid', uuid]]],
        });
        await bench.raw.commit(mutate(from, 'delete'), mutate(to, 'insert'));
      },
      remove: async () => {
        const place = pick(places);
        const [uuid] = [...(await bench.portsOn(place)).values()].map((row) => row['_uuid'] as string);
        if (uuid === undefined) return;
        const mutations = [['ports', 'delete', ['uuid', uuid]]];
        await bench.raw.commit({ op: 'mutate', table: 'Logical_Switch', where: where(place.switchUuid), mutations });
      },
    };
    await steps['add']!();
    for (let i = 0; i < 150; i++) {
      const cut = i % 25 === 24;
      // While it is away, several things happen.
      if (cut) gate.requests.shut();
      if (cut) gate.replies.shut();
      const taken: string[] = [];
      for (let n = cut ? 4 : 1; n > 0; n--) {
        const name = pick(['add', ...Object.keys(steps)]);
        taken.push(name);
        await steps[name]!();
      }
      if (cut) {
        const left = new Promise<void>((resolve) => nb.once('state', () => resolve()));
        gate.cut();
        await left;
      }
      await nb.transact((tx) => tx.select('NB_Global', [], []));
      const anew = new SwitchIndexes(nb);
      expect(seen(followed), `after ${taken.join()}`).to.deep.equal(seen(anew));
      anew.close();
    }
    followed.close();
  });
});
