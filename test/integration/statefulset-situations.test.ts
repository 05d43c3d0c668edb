import { expect } from 'chai';

import { PORT_KEYS as ADDRESS_KEYS } from '../../lib/statefulset/managed-port.js';
import { FAMILIES, StatefulSetBench, entryOf, pod, refusal, statefulSet } from './statefulset-fixture.js';

describe('the ports of StatefulSets', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  for (const family of FAMILIES) {
    const { entry } = family;

    describe(family.name, () => {
      it('situation 1: ports get the entries of the pool in sequence, in one transaction', async () => {
        const place = await bench.place(family);
        const manager = bench.manager();
        const set = statefulSet('web', place.namespace, 3, [entry(9), entry(7), entry(8)], { uid: 'set-1' });
        const { count, result } = await bench.transactionsOf(() => manager.apply(set));
        expect(count).to.equal(1);
        expect(result.errors).to.deep.equal([]);
        expect(result.outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created', 'created']);
        expect(result.outcomes.map(entryOf)).to.deep.equal([entry(9), entry(7), entry(8)]);
        const ports = await bench.portsOn(place);
        expect([...ports.keys()].sort()).to.deep.equal([0, 1, 2].map((n) => `web-${n}.${place.namespace}`));
        const row = ports.get(`web-1.${place.namespace}`)!;
        const [element = ''] = row['addresses'] as string[];
        const [mac = '', ...ips] = element.split(' ');
        expect(mac).to.match(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
        expect(ips.join(',')).to.equal(entry(7));
        const ids = Object.fromEntries(row['external_ids'] as [string, string][]);
        const [ip4, ip6] = [ips.find((ip) => !ip.includes(':')), ips.find((ip) => ip.includes(':'))];
        expect(ids).to.deep.equal({
          vendor: 'ovn-northbound',
          ls: place.logicalSwitch,
          pod: `${place.namespace}/web-1`,
          [ADDRESS_KEYS.statefulSet]: `${place.namespace}/web`,
          [ADDRESS_KEYS.ownerUid]: 'set-1',
          [ADDRESS_KEYS.ordinal]: '1',
          ...(ip4 !== undefined && { [ADDRESS_KEYS.ip4]: ip4 }),
          ...(ip6 !== undefined && { [ADDRESS_KEYS.ip6]: ip6 }),
          [ADDRESS_KEYS.mac]: mac,
          [ADDRESS_KEYS.version]: '1',
        });
      });

      it('situation 2: a pod that comes back gets its port as it was, and nothing is sent', async () => {
        const place = await bench.place(family);
        const set = statefulSet('web', place.namespace, 2, [entry(1), entry(2)]);
        const first = await bench.manager().apply(set);
        const before = await bench.versions();
        const fresh = bench.manager();
        const { count, result } = await bench.transactionsOf(() => fresh.apply(set));
        expect(count).to.equal(0);
        expect(result.outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused']);
        expect(result.outcomes.map((outcome) => ({ ...outcome, status: '' }))).to.deep.equal(
          first.outcomes.map((outcome) => ({ ...outcome, status: '' })),
        );
        expect(await bench.versions()).to.deep.equal(before);
      });

      it('situation 4, readdress: members swap their addresses in one transaction and keep their MACs', async () => {
        const place = await bench.place(family);
        const manager = bench.manager({ onDrift: 'readdress', portSecurity: true });
        const before = await manager.apply(statefulSet('web', place.namespace, 3, [entry(1), entry(2), entry(3)]));
        const turned = statefulSet('web', place.namespace, 3, [entry(3), entry(1), entry(2)]);
        const { count, result } = await bench.transactionsOf(() => manager.apply(turned));
        expect(count).to.equal(1);
        expect(result.outcomes.map(({ status }) => status)).to.deep.equal([
          'readdressed',
          'readdressed',
          'readdressed',
        ]);
        expect(result.outcomes.map(entryOf)).to.deep.equal([entry(3), entry(1), entry(2)]);
        expect(result.outcomes.map((outcome) => 'mac' in outcome && outcome.mac)).to.deep.equal(
          before.outcomes.map((outcome) => 'mac' in outcome && outcome.mac),
        );
        for (const row of (await bench.portsOn(place)).values()) {
          expect(row['port_security']).to.deep.equal(row['addresses']);
        }
        const again = await bench.transactionsOf(() => manager.apply(turned));
        expect(again.count).to.equal(0);
        expect(again.result.outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused', 'reused']);
      });

      it('situation 6: an ordinal beyond the pool gets nothing, the others are done; a longer pool makes it up', async () => {
        const place = await bench.place(family);
        const manager = bench.manager();
        const { outcomes, errors } = await manager.apply(
          statefulSet('web', place.namespace, 4, [entry(1), entry(2)].join(';')),
        );
        expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created', 'refused', 'refused']);
        expect(errors.map(({ code, pod }) => [code, pod])).to.deep.equal([
          ['PoolExhausted', 'web-2'],
          ['PoolExhausted', 'web-3'],
        ]);
        expect(errors[0]!.details).to.deep.equal({ ordinal: 2, poolLength: 2, missing: 2 });
        expect(errors[0]!.message).to.equal(
          `pod web-2 of ${place.namespace}/web gets no port: ip_pool has 2 addresses, ordinal 2 needs address number 3; ` +
            'extend ovn.kubernetes.io/ip_pool to at least 4',
        );
        const before = await bench.versions();
        const longer = [entry(1), entry(2), entry(3), entry(4)];
        const { count, result } = await bench.transactionsOf(() =>
          manager.apply(statefulSet('web', place.namespace, 4, longer)),
        );
        expect(count).to.equal(1);
        expect(result.outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused', 'created', 'created']);
        const after = await bench.versions();
        for (const n of [0, 1])
          expect(after.get(`web-${n}.${place.namespace}`)).to.equal(before.get(`web-${n}.${place.namespace}`));
        expect(Object.values(await bench.ipsOn(place))).to.deep.equal(longer);
      });

      it('situation 14: an entry that another port has in any way is refused, and never skipped', async () => {
        const place = await bench.place(family);
        const manager = bench.manager();
        const ip = (n: number): string => entry(n).split(',').at(-1)!;
        await bench.foreignPort(place, `plain.${place.namespace}`, { addresses: `0a:00:00:00:00:01 ${ip(1)}` });
        await bench.foreignPort(place, `dynamic.${place.namespace}`, {
          addresses: 'dynamic',
          dynamic_addresses: `0a:00:00:00:00:02 ${ip(2)}`,
        });
        await bench.foreignPort(place, `virtual.${place.namespace}`, {
          type: 'virtual',
          options: ['map', [['virtual-ip', ip(3)]]],
        });
        await manager.apply(statefulSet('other', place.namespace, 1, [entry(4)].join(';') + ';' + entry(100)));
        const before = await bench.versions();
        const pool = [1, 2, 3, 4, 5, 6].map(entry);
        const { outcomes, errors } = await manager.apply(statefulSet('web', place.namespace, 5, pool));
        expect(outcomes.map(({ status }) => status)).to.deep.equal([
          'refused',
          'refused',
          'refused',
          'refused',
          'created',
        ]);
        const owners = ['plain', 'dynamic', 'virtual', 'other-0'].map((name) => `${name}.${place.namespace}`);
        expect(errors.map(({ code }) => code)).to.deep.equal(Array(4).fill('AddressInUse'));
        expect(errors.map(({ details }) => details)).to.deep.equal(
          owners.map((port, i) => ({ ip: i === 3 ? entry(4).split(',')[0] : ip(i + 1), port, retained: i === 3 })),
        );
        expect(errors[0]!.message).to.contain(
          `pod web-0 of ${place.namespace}/web gets no port: ${ip(1)} belongs to port plain.`,
        );
        expect(entryOf(outcomes[4])).to.equal(entry(5));
        const after = await bench.versions();
        for (const port of owners) expect(after.get(port)).to.equal(before.get(port));
      });

      it('situation 16: without a pool an address is picked once and kept', async () => {
        const place = await bench.place(family);
        const manager = bench.manager();
        const set = statefulSet('web', place.namespace, 5);
        const first = await manager.apply(set);
        const picked = first.outcomes.map(entryOf);
        expect(new Set(picked).size).to.equal(5);
        expect(picked.every((each) => each!.split(',').length === family.cidr.split(',').length)).to.equal(true);
        const { count, result } = await bench.transactionsOf(() => bench.manager().apply(set));
        expect(count).to.equal(0);
        expect(result.outcomes.map(entryOf)).to.deep.equal(picked);
      });

      it('situation 18: a hundred cycles of deletion and return send nothing', async () => {
        const place = await bench.place(family);
        const manager = bench.manager();
        const set = statefulSet('web', place.namespace, 2, [entry(1), entry(2)], { uid: 'u' });
        const web0 = pod('web-0', place.namespace, {}, 'pod-1');
        const first = await manager.ensurePort(web0, set);
        const before = await bench.versions();
        const retained: string[] = [];
        manager.on('retained', ({ port }) => retained.push(port));
        const { count } = await bench.transactionsOf(async () => {
          for (let i = 0; i < 100; i++) {
            expect((await manager.podDeleted(web0)).retained).to.include({ port: first.port, mac: first.mac });
            const again = await manager.ensurePort(web0, set);
            expect(again).to.deep.equal({ ...first, status: 'reused' });
          }
        });
        expect(count).to.equal(0);
        expect(retained).to.have.length(100);
        expect(await bench.versions()).to.deep.equal(before);
      });

      it('situation 37: an override is checked like an entry of the pool', async () => {
        const place = await bench.place(family);
        const manager = bench.manager();
        const set = statefulSet('web', place.namespace, 3, [entry(1), entry(2), entry(3)]);
        const asked = (annotations: Record<string, string>) => () =>
          manager.ensurePort(pod('web-0', place.namespace, annotations), set);
        const address = 'ovn.kubernetes.io/ip_address';
        const mac = 'ovn.kubernetes.io/mac_address';
        await bench.foreignPort(place, `there.${place.namespace}`, {
          addresses: `0a:00:00:00:00:07 ${entry(50).replace(',', ' ')}`,
        });
        const before = await bench.versions();
        expect((await refusal('InvalidAddress', asked({ [address]: '10.16.0.300' }))).message).to.contain(
          '10.16.0.300',
        );
        await refusal('InvalidAddress', asked({ [address]: `${entry(5)},${entry(6)}` }));
        await refusal('InvalidAddress', asked({ [address]: '' }));
        await refusal('AddressOutOfSubnet', asked({ [address]: '192.0.2.1' }));
        await refusal('ReservedAddress', asked({ [address]: family.gateway }));
        const inUse = await refusal('AddressInUse', asked({ [address]: entry(50) }));
        expect(inUse.details.port).to.equal(`there.${place.namespace}`);
        await refusal('InvalidAddress', asked({ [mac]: '0a:58' }));
        await refusal('InvalidAddress', asked({ [mac]: '01:00:5e:00:00:01' }));
        const macInUse = await refusal('MacInUse', asked({ [mac]: '0A:00:00:00:00:07' }));
        expect(macInUse.details).to.deep.equal({ mac: '0a:00:00:00:00:07', port: `there.${place.namespace}` });
        expect(await bench.versions()).to.deep.equal(before);
        const made = await asked({ [address]: entry(60), [mac]: '0A:00:00:00:00:08' })();
        expect([entryOf(made), made.mac]).to.deep.equal([entry(60), '0a:00:00:00:00:08']);
      });
    });
  }
});
