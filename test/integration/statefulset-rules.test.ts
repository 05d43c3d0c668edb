import { expect } from 'chai';

import { InvalidArgumentError } from '../../lib/errors.js';
import { NorthboundError } from '../../lib/nb/northbound-error.js';
import { connectNorthbound } from '../../lib/nb/northbound.js';
import { PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import type { PortErrorCode } from '../../lib/statefulset/port-error.js';
import { GENERATION_KEY } from '../../lib/statefulset/switches/switch-flights.js';
import type { PodLike, StatefulSetLike } from '../../lib/statefulset/workload.js';
import { eventually } from './raw-client.js';
import { entryOf, pod, refusal, StatefulSetBench, statefulSet, type Place } from './statefulset-fixture.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };

describe('the rules for the ports of StatefulSets', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  /** Fails unless `act` leaves every row as it was and sends nothing. */
  async function unchanged<R>(act: () => R | Promise<R>): Promise<R> {
    const before = await bench.versions();
    const { count, result } = await bench.transactionsOf(act);
    expect(count).to.equal(0);
    expect(await bench.versions()).to.deep.equal(before);
    return result;
  }

  async function refuses<C extends PortErrorCode>(
    code: C,
    set: StatefulSetLike,
    options = {},
  ): ReturnType<typeof refusal<C>> {
    return unchanged(() => refusal(code, () => bench.manager(options).apply(set)));
  }

  describe('situation 3: a port of the pod’s name that somebody else made', () => {
    const foreign = async (): Promise<{ place: Place; uuid: string; set: StatefulSetLike }> => {
      const place = await bench.place(V4);
      const uuid = await bench.foreignPort(place, `web-0.${place.namespace}`, {
        addresses: '0A:00:00:00:00:01 10.16.1.77',
        external_ids: [
          'map',
          [
            ['vendor', 'kube-ovn'],
            ['theirs', 'stays'],
          ],
        ],
        options: ['map', [['requested-chassis', 'node1']]],
      });
      return { place, uuid, set: statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2') };
    };

    it('stays untouched; the others are done', async () => {
      const { place, set } = await foreign();
      const before = await bench.versions();
      const { outcomes, errors } = await bench.manager().apply(set);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['refused', 'created']);
      expect(errors[0]!.code).to.equal('PortOwnedByOther');
      expect(errors[0]!.details).to.deep.equal({ port: `web-0.${place.namespace}`, owner: 'kube-ovn' });
      expect(errors[0]!.message).to.contain('kube-ovn').and.contain('adopt: true');
      expect((await bench.versions()).get(`web-0.${place.namespace}`)).to.equal(before.get(`web-0.${place.namespace}`));
    });

    it('is taken over as it is with adopt', async () => {
      const { place, uuid, set } = await foreign();
      const { count, result } = await bench.transactionsOf(() => bench.manager({ adopt: true }).apply(set));
      expect(count).to.equal(1);
      expect(result.outcomes[0]).to.include({ status: 'adopted', uuid, ip4: '10.16.1.77', mac: '0a:00:00:00:00:01' });
      expect(result.outcomes[0]).to.have.deep.property('drift', { want: ['10.16.1.1'], have: ['10.16.1.77'] });
      const row = (await bench.portsOn(place)).get(`web-0.${place.namespace}`)!;
      expect(row['addresses']).to.deep.equal(['0A:00:00:00:00:01 10.16.1.77']);
      expect(row['external_ids']).to.deep.include(['theirs', 'stays']).and.deep.include(['vendor', 'ovn-northbound']);
      expect(row['external_ids']).to.deep.include([PORT_KEYS.statefulSet, `${place.namespace}/web`]);
      const again = await unchanged(() => bench.manager().apply(set));
      expect(again.outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused']);
    });

    it('cannot be taken over from another switch, nor without a plain address', async () => {
      const elsewhere = await bench.place(V4);
      const place = await bench.place(V4);
      await bench.foreignPort(elsewhere, `web-0.${place.namespace}`, { addresses: '0a:00:00:00:00:02 10.16.1.5' });
      await bench.foreignPort(place, `web-1.${place.namespace}`, { addresses: 'dynamic' });
      const { errors } = await unchanged(() =>
        bench.manager({ adopt: true }).apply(statefulSet('web', place.namespace, 2)),
      );
      expect(errors.map(({ code }) => code)).to.deep.equal(['PortOwnedByOther', 'PortOwnedByOther']);
      expect(errors[0]!.message).to.contain(`is not on switch "${place.logicalSwitch}"`);
      expect(errors[1]!.message).to.contain('its addresses are not one MAC with IP addresses');
    });
  });

  describe('situation 4: the pool was edited', () => {
    const edited = async (): Promise<{ place: Place; set: StatefulSetLike }> => {
      const place = await bench.place(V4);
      await bench.manager().apply(statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2'));
      return { place, set: statefulSet('web', place.namespace, 3, '10.16.1.2,10.16.1.3,10.16.1.4') };
    };

    it('keep: addresses stay, the drift is reported, new pods follow the new pool', async () => {
      const { place, set } = await edited();
      const manager = bench.manager();
      const drifted: unknown[] = [];
      manager.on('drift', ({ pod: name, drift }) => drifted.push([name, drift]));
      const before = await bench.versions();
      const { outcomes } = await manager.apply(set);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused', 'created']);
      expect(drifted).to.deep.equal([
        ['web-0', { want: ['10.16.1.2'], have: ['10.16.1.1'] }],
        ['web-1', { want: ['10.16.1.3'], have: ['10.16.1.2'] }],
      ]);
      for (const name of [`web-0.${place.namespace}`, `web-1.${place.namespace}`]) {
        expect((await bench.versions()).get(name)).to.equal(before.get(name));
      }
    });

    it('error: refuses the pods, and says what they keep', async () => {
      const { set } = await edited();
      const { outcomes, errors } = await bench.manager({ onDrift: 'error' }).apply(set);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['refused', 'refused', 'created']);
      expect(errors[0]!.code).to.equal('PoolDrift');
      expect(errors[0]!.message).to.match(
        /^pod web-0 of \S+ keeps its port with 10\.16\.1\.1: the pool, .* 10\.16\.1\.2/,
      );
    });

    it('readdress: a member that cannot move keeps its address, and so does who would have got that', async () => {
      const { place, set } = await edited();
      await bench.foreignPort(place, `there.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.3' });
      const { outcomes, errors } = await bench.manager({ onDrift: 'readdress' }).apply(set);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['refused', 'refused', 'created']);
      expect(errors.map(({ details }) => details)).to.deep.equal([
        { ip: '10.16.1.2', port: `web-1.${place.namespace}`, retained: true },
        { ip: '10.16.1.3', port: `there.${place.namespace}`, retained: false },
      ]);
      expect(Object.values(await bench.ipsOn(place)).sort()).to.deep.equal([
        '10.16.1.1',
        '10.16.1.2',
        '10.16.1.3',
        '10.16.1.4',
      ]);
    });

    it('readdress: moves one after the other along a chain of members', async () => {
      const { place, set } = await edited();
      const { count, result } = await bench.transactionsOf(() => bench.manager({ onDrift: 'readdress' }).apply(set));
      expect(count).to.equal(1);
      expect(result.outcomes.map(({ status }) => status)).to.deep.equal(['readdressed', 'readdressed', 'created']);
      expect(Object.values(await bench.ipsOn(place))).to.deep.equal(['10.16.1.2', '10.16.1.3', '10.16.1.4']);
    });
  });

  it('situation 7: a pool cut below an ordinal that has a port leaves the port', async () => {
    const place = await bench.place(V4);
    await bench.manager().apply(statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2'));
    const result = await unchanged(() => bench.manager().apply(statefulSet('web', place.namespace, 3, '10.16.1.1')));
    expect(result.outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused', 'refused']);
    expect(result.outcomes[1]).to.have.deep.property('drift', { want: [], have: ['10.16.1.2'] });
    expect(result.errors[0]).to.include({ code: 'PoolExhausted', pod: 'web-2' });
  });

  describe('situation 8: ordinals that start at 5', () => {
    it('relative: the first entry belongs to the first ordinal', async () => {
      const place = await bench.place(V4);
      const set = statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2', { start: 5 });
      const { outcomes } = await bench.manager().apply(set);
      expect(outcomes.map((outcome) => [outcome.pod, entryOf(outcome)])).to.deep.equal([
        ['web-5', '10.16.1.1'],
        ['web-6', '10.16.1.2'],
      ]);
      const below = await unchanged(() =>
        refusal('InvalidOrdinal', () => bench.manager().ensurePort(pod('web-4', place.namespace), set)),
      );
      expect(below.message).to.contain('below spec.ordinals.start, which is 5');
    });

    it('absolute: entry N belongs to ordinal N', async () => {
      const place = await bench.place(V4);
      const set = statefulSet('web', place.namespace, 3, '10.16.1.0..10.16.1.6', { start: 5 });
      const { outcomes, errors } = await bench.manager({ indexing: 'absolute' }).apply(set);
      expect(outcomes.map(entryOf)).to.deep.equal(['10.16.1.5', '10.16.1.6', undefined]);
      expect(errors[0]!.message)
        .to.contain('ip_pool has 7 addresses, ordinal 7 needs address number 8')
        .and.contain('at least 8');
    });
  });

  it('situation 9: a pod that is not of the StatefulSet gets nothing', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 3, '10.16.1.1,10.16.1.2,10.16.1.3');
    const strangers: unknown[] = [
      ...[
        'web',
        'web-',
        'web-01',
        'web--1',
        'web-0-0',
        'web-1x',
        'web-+1',
        'web-1.0',
        'web-4294967296',
        'db-0',
        'xweb-0',
      ].map((name) => pod(name, place.namespace)),
      pod('web-0', 'elsewhere'),
      {},
      { metadata: {} },
      { metadata: { name: 7, namespace: place.namespace } },
      null,
      'web-0',
    ];
    await unchanged(async () => {
      for (const stranger of strangers)
        await refusal('InvalidOrdinal', () => manager.ensurePort(stranger as PodLike, set));
    });
  });

  describe('situation 10: a malformed pool writes nothing, and every fault is listed', () => {
    const cases: readonly (readonly [string, string, readonly (readonly [number, string, RegExp])[]])[] = [
      ['a duplicate', '10.16.1.1,10.16.1.2,10.16.1.1', [[2, '10.16.1.1', /duplicate/]]],
      ['mixed families', '10.16.1.1,10.16.1.2,fd00::1', [[2, 'fd00::1', /";"/]]],
      ['an odd dual-stack entry', '10.16.1.1,10.16.1.2;10.16.1.3', [[0, '10.16.1.1,10.16.1.2', /two IPv4/]]],
      ['an empty entry', '10.16.1.1,,10.16.1.2', [[1, '', /empty/]]],
      ['a reversed range', '10.16.1.9..10.16.1.2', [[0, '10.16.1.9..10.16.1.2', /./]]],
      ['too many addresses', 'fd00::1..fd00::ffff:1', [[0, 'fd00::1..fd00::ffff:1', /65536/]]],
      [
        'several faults',
        '10.16.1.300, 10.16.01.1,10.16.1.1,10.16.1.1',
        [
          [0, '10.16.1.300', /300 is above 255/],
          [1, '10.16.01.1', /leading zero/],
          [3, '10.16.1.1', /duplicate/],
        ],
      ],
    ];
    for (const [what, pool, faults] of cases) {
      it(what, async () => {
        const place = await bench.place(V4);
        const error = await refuses('InvalidPool', statefulSet('web', place.namespace, 3, pool));
        expect(error.details.faults.map(({ index, token }) => [index, token])).to.deep.equal(
          faults.map(([index, token]) => [index, token]),
        );
        faults.forEach(([, token, reason], i) => {
          expect(error.details.faults[i]!.reason).to.match(reason);
          if (token !== '') expect(error.message).to.contain(token);
        });
        expect(error.message).to.match(
          new RegExp(`^StatefulSet ${place.namespace}/web gets no ports: ovn.kubernetes.io/ip_pool`),
        );
      });
    }
  });

  it('situation 11: entries outside the subnet, or reserved in it, are all listed, also those that are not needed yet', async () => {
    const place = await bench.place(V4);
    const pool = '10.16.1.1,192.0.2.1,10.16.0.0,10.16.3.255,10.16.4.1';
    const error = await refuses('AddressOutOfSubnet', statefulSet('web', place.namespace, 1, pool));
    expect(error.details.cidrs).to.deep.equal([V4.cidr]);
    expect(error.details.addresses.map(({ ip, index }) => [index, ip])).to.deep.equal([
      [1, '192.0.2.1'],
      [2, '10.16.0.0'],
      [3, '10.16.3.255'],
      [4, '10.16.4.1'],
    ]);
    expect(error.message).to.contain('10.16.0.0 is the network address of 10.16.0.0/22');
    const reserved = await refuses('ReservedAddress', statefulSet('web', place.namespace, 1, '10.16.0.0,10.16.3.255'));
    expect(reserved.message).to.contain('10.16.3.255 is the broadcast address of 10.16.0.0/22');
    const six = await bench.place({ cidr: 'fd00:1::/64' });
    await refuses('ReservedAddress', statefulSet('web', six.namespace, 1, 'fd00:1::'));
    await refuses('AddressOutOfSubnet', statefulSet('web', six.namespace, 1, 'fd00:2::5'));
    await refuses('AddressOutOfSubnet', statefulSet('web', six.namespace, 1, '10.16.1.1;fd00:1::5'));
  });

  it('situation 12: the gateway and the addresses of router ports are refused', async () => {
    const place = await bench.place(V4);
    const error = await refuses('ReservedAddress', statefulSet('web', place.namespace, 1, '10.16.0.1'));
    expect(error.message).to.contain('10.16.0.1 is the gateway of 10.16.0.0/22');
    const name = `lrp-${place.namespace}`;
    const row = { name, mac: '0a:00:00:00:00:99', networks: '10.16.1.1/22' };
    await bench.raw.commit(
      {
        op: 'insert',
        table: 'Logical_Router',
        row: { name: `router-${place.namespace}`, ports: ['named-uuid', 'lrp'] },
      },
      { op: 'insert', table: 'Logical_Router_Port', row, 'uuid-name': 'lrp' },
    );
    await bench.foreignPort(place, `to-${name}`, {
      type: 'router',
      addresses: 'router',
      options: ['map', [['router-port', name]]],
    });
    await bench.nb.tables.Logical_Router_Port.until((each) => each.name === name);
    const set = statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2');
    const { errors, outcomes } = await bench.manager().apply(set);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['refused', 'created']);
    expect(errors[0]!.code).to.equal('ReservedAddress');
    expect(errors[0]!.message).to.contain(`10.16.1.1 is the address of router port ${name}`);
    const mac = pod('web-0', place.namespace, {
      'ovn.kubernetes.io/ip_address': '10.16.1.9',
      'ovn.kubernetes.io/mac_address': '0a:00:00:00:00:99',
    });
    expect((await refusal('MacInUse', () => bench.manager().ensurePort(mac, set))).details.port).to.equal(name);
  });

  it('situation 13: an excluded address is an explicit choice, unless strictExclude forbids it', async () => {
    const place = await bench.place({ ...V4, exclude: ['10.16.1.1..10.16.1.9'] });
    const set = statefulSet('web', place.namespace, 1, '10.16.1.5');
    const error = await refuses('ReservedAddress', set, { strictExclude: true });
    expect(error.message).to.contain('10.16.1.5 is excluded from 10.16.0.0/22');
    expect((await bench.manager().apply(set)).outcomes.map(entryOf)).to.deep.equal(['10.16.1.5']);
    const asked = pod('db-0', place.namespace, { 'ovn.kubernetes.io/ip_address': '10.16.1.6' });
    await refusal('ReservedAddress', () =>
      bench.manager({ strictExclude: true }).ensurePort(asked, statefulSet('db', place.namespace, 1)),
    );
  });

  it('situation 15: a requested MAC address that another port has is refused', async () => {
    const place = await bench.place(V4);
    const set = statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2');
    const first = await bench.manager().ensurePort(pod('web-0', place.namespace), set);
    const asked = pod('web-1', place.namespace, { 'ovn.kubernetes.io/mac_address': first.mac.toUpperCase() });
    const error = await unchanged(() => refusal('MacInUse', () => bench.manager().ensurePort(asked, set)));
    expect(error.details).to.deep.equal({ mac: first.mac, port: `web-0.${place.namespace}` });
  });

  it('situation 16: picks all free addresses but none that is reserved, excluded or used, and says when none is left', async () => {
    for (const pick of ['random', 'sequential'] as const) {
      const place = await bench.place({ cidr: '10.9.0.0/28', gateway: '10.9.0.1', exclude: '10.9.0.2..10.9.0.3' });
      await bench.foreignPort(place, `there.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.9.0.7' });
      const { outcomes, errors } = await bench.manager({ pick }).apply(statefulSet('web', place.namespace, 12));
      const free = [4, 5, 6, 8, 9, 10, 11, 12, 13, 14].map((n) => `10.9.0.${n}`);
      const picked = outcomes.slice(0, 10).map(entryOf);
      if (pick === 'sequential') expect(picked).to.deep.equal(free);
      else expect(picked).to.have.members(free).and.not.deep.equal(free);
      expect(errors.map(({ code, pod: name }) => [code, name])).to.deep.equal([
        ['SubnetExhausted', 'web-10'],
        ['SubnetExhausted', 'web-11'],
      ]);
      expect(errors[0]!.details).to.deep.equal({ cidr: '10.9.0.0/28', total: 16n, used: 11n, excluded: 5n });
      expect(errors[0]!.message).to.contain('10.9.0.0/28').and.contain('enlarge the subnet');
    }
  });

  it('situation 16: takes the subnet of the switch where the caller gives none', async () => {
    const place = await bench.place(
      {},
      { subnet: '10.7.0.0/29', exclude_ips: '10.7.0.2..10.7.0.3', ipv6_prefix: 'fd00:7::' },
    );
    const { outcomes } = await bench.manager({ pick: 'sequential' }).apply(statefulSet('web', place.namespace, 4));
    expect(outcomes.map(entryOf)).to.deep.equal([
      '10.7.0.4,fd00:7::1',
      '10.7.0.5,fd00:7::2',
      '10.7.0.6,fd00:7::3',
      undefined,
    ]);
  });

  it('situation 16: a gateway and exclusions of the caller go with the subnet of the switch', async () => {
    const place = await bench.place(
      { gateway: '10.7.0.6', exclude: '10.7.0.2' },
      { subnet: '10.7.0.0/29', exclude_ips: '10.7.0.3', ipv6_prefix: 'fd00:7::' },
    );
    const manager = bench.manager({ pick: 'sequential' });
    const { outcomes, errors } = await manager.apply(statefulSet('web', place.namespace, 4));
    const ip4s = outcomes.map((outcome) => ('ip4' in outcome ? outcome.ip4 : undefined));
    expect(ip4s).to.deep.equal(['10.7.0.1', '10.7.0.4', '10.7.0.5', undefined]);
    expect(errors.map(({ code }) => code)).to.deep.equal(['SubnetExhausted']);
    await refuses('ReservedAddress', statefulSet('db', place.namespace, 1, '10.7.0.6'));
  });

  it('situation 17: no subnet for the namespace, or one that makes no sense', async () => {
    const unknown = await refuses('SubnetUnknown', statefulSet('web', 'nowhere', 1));
    expect(unknown.message).to.contain('namespace nowhere').and.contain('"subnets"');
    const bare = await bench.place({});
    expect((await refuses('SubnetUnknown', statefulSet('web', bare.namespace, 1))).message).to.contain(
      bare.logicalSwitch,
    );
    const broken = await bench.place({}, { subnet: '10.0.0.0/99' });
    expect((await refuses('InvalidSubnet', statefulSet('web', broken.namespace, 1))).message).to.contain(
      'other_config:subnet',
    );
    const place = await bench.place(V4);
    const malformed: readonly [object | null, RegExp][] = [
      [{ logicalSwitch: place.logicalSwitch, cidr: '10.0.0.0' }, /10\.0\.0\.0/],
      [{ logicalSwitch: place.logicalSwitch, cidr: '10.0.0.0/24', gateway: '10.9.0.1' }, /10\.9\.0\.1/],
      [{ logicalSwitch: place.logicalSwitch, cidr: 7 }, /"cidr":7/],
      [{ logicalSwitch: place.logicalSwitch, cidr: '10.0.0.0/24', exclude: [5] }, /"exclude":\[5\]/],
    ];
    for (const [subnet, text] of malformed) {
      const subnets = { [place.namespace]: subnet } as never;
      const error = await refuses('InvalidSubnet', statefulSet('web', place.namespace, 1), { subnets });
      expect(error.message).to.match(text).and.contain(`"subnets" for namespace ${place.namespace}`);
    }
    for (const subnet of [null, {}, { logicalSwitch: 5, cidr: '10.0.0.0/24' }]) {
      const subnets = { [place.namespace]: subnet } as never;
      await refuses('SubnetUnknown', statefulSet('web', place.namespace, 1), { subnets });
      await refuses('SubnetUnknown', statefulSet('web', place.namespace, 1), { subnets: () => subnet });
    }
  });

  it('situation 19: the deletion of a pod without a port is a no-op, and said to be one', async () => {
    const place = await bench.place(V4);
    const result = await unchanged(() => bench.manager().podDeleted(pod('web-0', place.namespace)));
    expect(result).to.deep.equal({ retained: undefined, stale: false });
    for (const nobody of [{}, null as never]) {
      const error = await bench
        .manager()
        .podDeleted(nobody)
        .catch((reason: unknown) => reason);
      expect(error)
        .to.be.an.instanceOf(InvalidArgumentError)
        .with.property('message')
        .that.matches(/metadata\.name/);
    }
  });

  describe('situation 22: release', () => {
    it('deletes only the ports of the StatefulSet, those beyond its replicas too', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager({ maxPortsPerTransaction: 2 });
      const released: string[] = [];
      manager.on('released', ({ port }) => released.push(port));
      await manager.apply(statefulSet('web', place.namespace, 5));
      await manager.apply(statefulSet('web-x', place.namespace, 1));
      await bench.foreignPort(place, `web-7.${place.namespace}`);
      const { count, result } = await bench.transactionsOf(() =>
        manager.release(statefulSet('web', place.namespace, 2)),
      );
      expect(count).to.equal(3);
      expect(result.released.map(({ pod: name }) => name)).to.deep.equal(['web-0', 'web-1', 'web-2', 'web-3', 'web-4']);
      expect(released).to.have.length(5);
      expect([...(await bench.portsOn(place)).keys()].sort()).to.deep.equal([
        `web-7.${place.namespace}`,
        `web-x-0.${place.namespace}`,
      ]);
      expect((await unchanged(() => manager.release(statefulSet('web', place.namespace, 2)))).released).to.deep.equal(
        [],
      );
    });

    it('leaves ports that a later incarnation has used', async () => {
      const place = await bench.place(V4);
      const manager = bench.manager();
      await manager.apply(statefulSet('web', place.namespace, 2, undefined, { uid: 'old' }));
      await manager.ensurePort(
        pod('web-0', place.namespace),
        statefulSet('web', place.namespace, 2, undefined, { uid: 'new' }),
      );
      const { released, skipped } = await manager.release(
        statefulSet('web', place.namespace, 2, undefined, { uid: 'old' }),
      );
      expect(released.map(({ pod: name }) => name)).to.deep.equal(['web-1']);
      expect(skipped.map(({ pod: name }) => name)).to.deep.equal(['web-0']);
    });
  });

  it('situation 22: ports on a switch that the client does not replicate are left, and said to be', async () => {
    const place = await bench.place(V4);
    const set = statefulSet('web', place.namespace, 2);
    await bench.manager().apply(set);
    await using narrow = await connectNorthbound({
      remotes: bench.sandbox.remote,
      onWarning: () => undefined,
      tables: {
        Logical_Switch: { columns: ['name', 'ports', 'other_config', 'external_ids'], where: [['name', '==', 'none']] },
        Logical_Switch_Port: true,
        Logical_Router_Port: true,
      },
    });
    const { released, skipped } = await bench.manager({}, narrow as never).release(set);
    expect(released).to.deep.equal([]);
    expect(skipped.map(({ pod: name }) => name)).to.deep.equal(['web-0', 'web-1']);
  });

  it('situation 22: a call for pods whose ports are being released waits, and makes new ones', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 2, '10.16.1.1,10.16.1.2');
    const first = await manager.apply(set);
    const [{ released }, { outcomes }] = await Promise.all([manager.release(set), manager.apply(set)]);
    expect(released).to.have.length(2);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['created', 'created']);
    const uuids = [...(await bench.portsOn(place)).values()].map((row) => row['_uuid']);
    expect(uuids).to.have.members(outcomes.map((outcome) => 'uuid' in outcome && outcome.uuid));
    for (const outcome of first.outcomes) expect(uuids).not.to.include('uuid' in outcome && outcome.uuid);
  });

  it('refuses time limits that are none', async () => {
    const place = await bench.place(V4);
    for (const timeoutMs of [-1, NaN, 'soon' as never]) {
      const applying = (): Promise<unknown> =>
        bench.manager().apply(statefulSet('web', place.namespace, 1), { timeoutMs });
      const failure = await unchanged(() => applying().catch((error: unknown) => error));
      expect(failure).to.have.property('code', 'InvalidArgument');
    }
  });

  it('situation 34: ports that share an address are listed and left alone', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    await manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1'));
    await bench.foreignPort(place, `a.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.1' });
    await bench.foreignPort(place, `b.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.16.1.2' });
    const findings = await unchanged(() => manager.audit([place.logicalSwitch]));
    const port = (name: string, owner?: string): object => ({ name: `${name}.${place.namespace}`, statefulSet: owner });
    const common = { kind: 'shared-address', logicalSwitch: place.logicalSwitch };
    expect(findings).to.have.length(2);
    expect(findings[0]).to.deep.include({
      ...common,
      address: '10.16.1.1',
      ports: [port('a'), port('web-0', `${place.namespace}/web`)],
    });
    expect(findings[1]).to.deep.include({
      ...common,
      address: '0a:00:00:00:00:01',
      ports: [port('a'), port('b')],
    });
    expect(() => manager.audit(['nowhere']))
      .to.throw(NorthboundError)
      .with.property('code', 'SwitchNotFound');
    expect(manager.audit().filter(({ logicalSwitch }) => logicalSwitch === place.logicalSwitch)).to.deep.equal(
      findings,
    );
    const { outcomes } = await unchanged(() => manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.1')));
    expect(outcomes[0]!.status).to.equal('reused');
  });

  it('situation 36: 1,200 replicas take three transactions of at most 500 ports, with an outcome for each', async () => {
    const place = await bench.place({ cidr: '10.32.0.0/16' });
    const manager = bench.manager();
    await bench.foreignPort(place, `there.${place.namespace}`, { addresses: '0a:00:00:00:00:01 10.32.2.10' });
    const set = statefulSet('web', place.namespace, 1200, '10.32.1.0..10.32.5.100');
    const before = bench.proxy.transactions.length;
    const { outcomes, errors } = await manager.apply(set);
    const sent = bench.proxy.transactions.slice(before) as { op: string; table: string }[][];
    const inserts = sent.map((operations) => operations.filter(({ op }) => op === 'insert').length);
    expect(inserts).to.deep.equal([499, 500, 125]);
    expect(outcomes.map(({ ordinal }) => ordinal)).to.deep.equal(Array.from({ length: 1200 }, (_, i) => i));
    expect(errors.map(({ code, pod: name }) => `${code} ${name ?? ''}`)).to.deep.equal([
      'AddressInUse web-266',
      ...Array.from({ length: 75 }, (_, i) => `PoolExhausted web-${1125 + i}`),
    ]);
    const again = await bench.transactionsOf(() => manager.apply(set));
    expect(again.count).to.equal(0);
  });

  describe('situation 38: the switch', () => {
    it('is missing', async () => {
      const place = await bench.place(V4);
      const subnets = { [place.namespace]: { ...V4, logicalSwitch: 'gone' } };
      const error = await refuses('SwitchNotFound', statefulSet('web', place.namespace, 1), { subnets });
      expect(error.message).to.contain('there is no logical switch "gone"');
    });

    it('has a namesake', async () => {
      const place = await bench.place(V4);
      await bench.raw.commit({ op: 'insert', table: 'Logical_Switch', row: { name: place.logicalSwitch } });
      await bench.nb.transact((tx) => tx.select('NB_Global', [], []));
      const error = await refuses('AmbiguousSwitch', statefulSet('web', place.namespace, 1));
      expect(error.details.uuids).to.have.length(2).and.include(place.switchUuid);
      const subnets = { [place.namespace]: { ...V4, logicalSwitch: place.switchUuid } };
      const { outcomes } = await bench.manager({ subnets }).apply(statefulSet('web', place.namespace, 1));
      expect(outcomes[0]!.status).to.equal('created');
      expect((await bench.portsOn(place)).size).to.equal(1);
    });

    it('is deleted while the transaction is on its way: no port is left over', async () => {
      const place = await bench.place(V4);
      await bench.manager().apply(statefulSet('db', place.namespace, 1));
      const ports = (await bench.raw.rows('Logical_Switch_Port')).size;
      const { gate, nb } = await bench.gated();
      gate.requests.shut();
      const applied = refusal('SwitchNotFound', () =>
        bench.manager({}, nb).apply(statefulSet('web', place.namespace, 3)),
      );
      await eventually(() => gate.requests.count('"transact"') === 1);
      const where = [['_uuid', '==', ['uuid', place.switchUuid]]];
      await bench.raw.commit({ op: 'delete', table: 'Logical_Switch', where });
      gate.requests.open();
      expect((await applied).details.logicalSwitch).to.equal(place.logicalSwitch);
      expect((await bench.raw.rows('Logical_Switch_Port')).size).to.equal(ports - 1);
    });
  });

  it('situation 39: a plan sends nothing, and apply then does what it said', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager({ maxPortsPerTransaction: 2 });
    const pool = '10.16.1.1..10.16.1.4';
    await manager.apply(statefulSet('web', place.namespace, 1, pool));
    const set = statefulSet('web', place.namespace, 6, pool, { uid: 'set' });
    const plan = await unchanged(() => manager.plan(set));
    expect(plan.outcomes.map(({ status }) => status)).to.deep.equal([
      'reused',
      'created',
      'created',
      'created',
      'refused',
      'refused',
    ]);
    expect(plan.outcomes.map((outcome) => 'uuid' in outcome && typeof outcome.uuid)).to.deep.equal([
      'string',
      'undefined',
      'undefined',
      'undefined',
      false,
      false,
    ]);
    const before = bench.proxy.transactions.length;
    const applied = await manager.apply(set);
    const sent = bench.proxy.transactions.slice(before);
    const shape = (transactions: readonly (readonly unknown[])[]): unknown =>
      transactions.map((operations) =>
        (operations as { op: string; table: string }[]).map(({ op, table }) => `${op} ${table}`),
      );
    expect(shape(plan.transactions)).to.deep.equal(shape(sent)).and.have.length(2);
    expect(applied.outcomes.map(({ status }) => status)).to.deep.equal(plan.outcomes.map(({ status }) => status));
    expect(applied.outcomes.map(entryOf)).to.deep.equal(plan.outcomes.map(entryOf));
    expect((await unchanged(() => manager.plan(set))).transactions).to.deep.equal([]);
  });

  it('follows addresses that a person gave a kept port', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const set = statefulSet('web', place.namespace, 1, '10.16.1.1');
    const { mac } = await manager.ensurePort(pod('web-0', place.namespace), set);
    await bench.sandbox.nbctl('lsp-set-addresses', `web-0.${place.namespace}`, `${mac} 10.16.1.50`);
    await bench.nb.tables.Logical_Switch_Port.until(
      ({ name, addresses }) => name === `web-0.${place.namespace}` && addresses[0]?.endsWith('.50') === true,
    );
    const kept = await manager.ensurePort(pod('web-0', place.namespace), set);
    expect(kept).to.deep.include({ ip4: '10.16.1.50', drift: { want: ['10.16.1.1'], have: ['10.16.1.50'] } });
    const other = await manager.ensurePort(
      pod('db-0', place.namespace),
      statefulSet('db', place.namespace, 1, '10.16.1.1'),
    );
    expect(entryOf(other)).to.equal('10.16.1.1');
    expect((await bench.transactionsOf(() => manager.apply(set))).count).to.equal(0);
  });

  it('gives nobody else the addresses of a kept port that somebody emptied or overwrote', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    const web = statefulSet('web', place.namespace, 1, '10.16.1.1');
    const { mac } = await manager.ensurePort(pod('web-0', place.namespace), web);
    const where = [['name', '==', `web-0.${place.namespace}`]];
    for (const addresses of ['unknown', 'dynamic', ['set', []]]) {
      await bench.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where, row: { addresses } });
      await bench.nb.transact((tx) => tx.select('NB_Global', [], []));
      for (const each of [manager, bench.manager()]) {
        const { errors } = await unchanged(() => each.apply(statefulSet('db', place.namespace, 1, '10.16.1.1')));
        expect(errors[0]).to.include({ code: 'AddressInUse', pod: 'db-0' });
        const asked = pod('db-0', place.namespace, { 'ovn.kubernetes.io/mac_address': mac });
        await unchanged(() => refusal('MacInUse', () => each.ensurePort(asked, statefulSet('db', place.namespace, 1))));
      }
      const kept = await manager.ensurePort(pod('web-0', place.namespace), web);
      expect(kept).to.include({ status: 'reused', ip4: '10.16.1.1', mac });
      expect(kept.drift, 'it has not the address that is noted').to.deep.equal({ want: ['10.16.1.1'], have: [] });
    }
    await bench.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where, row: { external_ids: ['map', []] } });
    await bench.nb.transact((tx) => tx.select('NB_Global', [], []));
    const { outcomes } = await manager.apply(statefulSet('db', place.namespace, 1, '10.16.1.1'));
    expect(outcomes.map(entryOf), 'once the port is not kept any more').to.deep.equal(['10.16.1.1']);
  });

  it('situation 37: a MAC address asked for a kept port is checked, and reported as drift', async () => {
    const place = await bench.place(V4);
    const set = statefulSet('web', place.namespace, 1, '10.16.1.1');
    const { mac } = await bench.manager().ensurePort(pod('web-0', place.namespace), set);
    const asking = (text: string): object => pod('web-0', place.namespace, { 'ovn.kubernetes.io/mac_address': text });
    const malformed = await unchanged(() =>
      refusal('InvalidAddress', () => bench.manager().ensurePort(asking('0a:58'), set)),
    );
    expect(malformed.message).to.contain('keeps its port with 10.16.1.1').and.contain('0a:58');
    const drift = { want: ['10.16.1.1', '0a:00:00:00:00:08'], have: ['10.16.1.1', mac] };
    for (const onDrift of ['keep', 'readdress'] as const) {
      const kept = await unchanged(() => bench.manager({ onDrift }).ensurePort(asking('0A:00:00:00:00:08'), set));
      expect(kept).to.deep.include({ status: 'reused', mac, drift });
    }
    const error = await unchanged(() =>
      refusal('PoolDrift', () => bench.manager({ onDrift: 'error' }).ensurePort(asking('0A:00:00:00:00:08'), set)),
    );
    expect(error.details).to.deep.equal(drift);
    expect((await unchanged(() => bench.manager().ensurePort(asking(mac.toUpperCase()), set))).drift).to.equal(
      undefined,
    );
  });

  it('makes a lost generation anew', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    await manager.apply(statefulSet('web', place.namespace, 1));
    const where = [['_uuid', '==', ['uuid', place.switchUuid]]];
    await bench.raw.commit({ op: 'update', table: 'Logical_Switch', where, row: { external_ids: ['map', []] } });
    await manager.apply(statefulSet('web', place.namespace, 2));
    const row = (await bench.raw.rows('Logical_Switch', where)).get(place.switchUuid)!;
    expect((row['external_ids'] as string[][]).map(([key]) => key)).to.deep.equal([GENERATION_KEY]);
  });

  it('refuses pods that are not a list, or that are strangers', async () => {
    const place = await bench.place(V4);
    const set = statefulSet('web', place.namespace, 1);
    for (const pods of [null, {}, 'web-0', pod('web-0', place.namespace)]) {
      const failure = await unchanged(() =>
        bench
          .manager()
          .apply(set, { pods } as never)
          .catch((error: unknown) => error),
      );
      expect(failure).to.have.property('code', 'InvalidArgument');
    }
    await unchanged(() =>
      refusal('InvalidOrdinal', () => bench.manager().apply(set, { pods: [pod('db-0', place.namespace)] })),
    );
  });

  it('refuses to work once it is closed', async () => {
    const place = await bench.place(V4);
    const manager = bench.manager();
    manager.close();
    const failure = await unchanged(() =>
      manager.apply(statefulSet('web', place.namespace, 1)).catch((error: unknown) => error),
    );
    expect(failure).to.have.property('code', 'Closed');
  });
});
