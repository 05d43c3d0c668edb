import { expect } from 'chai';

import { PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import type { PortSettings, PortSettingsSource } from '../../lib/statefulset/settings/port-settings.js';
import { FAMILIES, pod, refusal, StatefulSetBench, statefulSet } from './statefulset-fixture.js';
import { map, settingsActions, without, type Wire } from './statefulset-settings-fixture.js';

const DUAL = FAMILIES[2]!;

describe('settings of the ports of StatefulSets', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  const { portOf, edit, insert, group, apply } = settingsActions(() => bench);

  interface Case {
    readonly name: string;
    readonly settings: PortSettings;
    /** Other values of the same settings. */
    readonly other: PortSettings;
    readonly columns: (row: Wire) => Wire;
    readonly otherColumns: (row: Wire) => Wire;
  }

  const cases: readonly Case[] = [
    {
      name: 'enabled',
      settings: { enabled: false },
      other: { enabled: true },
      columns: () => ({ enabled: false }),
      otherColumns: () => ({ enabled: true }),
    },
    {
      name: 'port security',
      settings: { portSecurity: true },
      other: { portSecurity: false },
      columns: ({ addresses }) => ({ port_security: addresses }),
      otherColumns: () => ({ port_security: [] }),
    },
    {
      name: 'options',
      settings: { options: { 'requested-chassis': 'node1', gone: '1' } },
      other: { options: { 'requested-chassis': 'node2', gone: undefined } },
      columns: () => ({
        options: [
          ['gone', '1'],
          ['requested-chassis', 'node1'],
        ],
      }),
      otherColumns: () => ({ options: [['requested-chassis', 'node2']] }),
    },
    {
      name: 'parent and tag',
      settings: { parentName: 'settings-vm', tag: 7 },
      other: { parentName: 'settings-vm', tag: 0 },
      columns: () => ({ parent_name: 'settings-vm', tag_request: 7 }),
      otherColumns: () => ({ parent_name: 'settings-vm', tag_request: 0 }),
    },
  ];

  before(async () => {
    const place = await bench.place(DUAL);
    await bench.foreignPort(place, 'settings-vm');
  });

  for (const { name, settings, other, columns, otherColumns } of cases) {
    describe(name, () => {
      it('is there from the creation on, and needs no further transaction', async () => {
        const place = await bench.place(DUAL);
        expect(await apply(place, settings)).to.deep.equal({ count: 1, statuses: ['created'], codes: [] });
        const row = await portOf(place, 'web-0');
        expect(row).to.deep.include(columns(row));
        expect(await apply(place, settings)).to.deep.equal({ count: 0, statuses: ['reused'], codes: [] });
      });

      it('is changed by one transaction that touches no other column', async () => {
        const place = await bench.place(DUAL);
        await apply(place, settings);
        const before = await portOf(place, 'web-0');
        expect(await apply(place, other)).to.include({ count: 1 });
        const row = await portOf(place, 'web-0');
        const changed = otherColumns(row);
        expect(row).to.deep.include(changed);
        expect(without(row, ...Object.keys(changed))).to.deep.equal(without(before, ...Object.keys(changed)));
        expect((await apply(place, other)).count).to.equal(0);
      });

      it('stays as people made it where no setting names it', async () => {
        const place = await bench.place(DUAL);
        await apply(place, settings);
        const before = await bench.versions();
        expect((await apply(place, undefined)).count).to.equal(0);
        expect((await apply(place, { externalIds: {} })).count).to.equal(0);
        expect(await bench.versions()).to.deep.equal(before);
      });
    });
  }

  it('keep what people made of the other columns, and of other keys', async () => {
    const place = await bench.place(DUAL);
    const settings: PortSettings = { options: { a: '1' }, externalIds: { tier: 'front' }, portSecurity: true };
    await apply(place, settings);
    const made = await portOf(place, 'web-0');
    const ids = Object.fromEntries(made['external_ids'] as [string, string][]);
    await edit(place, 'web-0', {
      options: map({ a: '1', theirs: 'stays' }),
      external_ids: map({ ...ids, theirs: 'stays' }),
      port_security: '0a:00:00:00:00:77 192.168.7.7',
      enabled: false,
      tag_request: 9,
    });
    const edited = await portOf(place, 'web-0');
    expect((await apply(place, settings)).count).to.equal(0);
    expect((await apply(place, { ...settings, options: { a: '2' }, externalIds: { tier: 'back' } })).count).to.equal(1);
    const row = await portOf(place, 'web-0');
    expect(row['options']).to.deep.equal([
      ['a', '2'],
      ['theirs', 'stays'],
    ]);
    expect(Object.fromEntries(row['external_ids'] as [string, string][])).to.deep.equal({
      ...ids,
      tier: 'back',
      theirs: 'stays',
    });
    expect(without(row, 'options', 'external_ids')).to.deep.equal(without(edited, 'options', 'external_ids'));
  });

  it('set and remove external_ids, but never those of the manager', async () => {
    const place = await bench.place(DUAL);
    await apply(place, { externalIds: { tier: 'front', gone: 'soon' } });
    const before = Object.fromEntries((await portOf(place, 'web-0'))['external_ids'] as [string, string][]);
    expect(before).to.include({ tier: 'front', gone: 'soon', [PORT_KEYS.statefulSet]: `${place.namespace}/web` });
    await apply(place, { externalIds: { gone: undefined } });
    const { gone, ...rest } = before;
    expect(gone).to.equal('soon');
    const after = Object.fromEntries((await portOf(place, 'web-0'))['external_ids'] as [string, string][]);
    expect(after).to.deep.equal(rest);
    const error = await refusal('InvalidSettings', () =>
      bench
        .manager({ port: () => ({ externalIds: { [PORT_KEYS.ip4]: '10.0.0.1' } }) })
        .ensurePort(pod('web-1', place.namespace), statefulSet('web', place.namespace, 2)),
    );
    expect(error.details).to.deep.equal({ field: `externalIds["${PORT_KEYS.ip4}"]` });
  });

  it('come from a function of the pod, and are written together with the uid of a new pod', async () => {
    const place = await bench.place(DUAL);
    const port: PortSettingsSource = ({ ordinal, pod: name, namespace, statefulSet: set }) => ({
      options: { 'requested-chassis': `node${ordinal}` },
      externalIds: { whose: `${namespace} ${set} ${name}` },
    });
    await apply(place, port, { replicas: 2 });
    expect((await portOf(place, 'web-1'))['options']).to.deep.equal([['requested-chassis', 'node1']]);
    const moved: PortSettingsSource = (subject) => ({ ...port(subject), options: { 'requested-chassis': 'node9' } });
    const manager = bench.manager({ port: moved });
    const { count, result } = await bench.transactionsOf(() =>
      manager.ensurePort(pod('web-1', place.namespace, {}, 'uid-2'), statefulSet('web', place.namespace, 2)),
    );
    expect(count).to.equal(1);
    expect(result).to.include({ status: 'reused', refreshed: true });
    const row = await portOf(place, 'web-1');
    expect(row['options']).to.deep.equal([['requested-chassis', 'node9']]);
    expect(row['external_ids'])
      .to.deep.include([PORT_KEYS.podUid, 'uid-2'])
      .and.deep.include(['whose', `${place.namespace} web web-1`]);
  });

  it('refuse only the pod that they make no sense for; the addresses of others are not affected', async () => {
    const place = await bench.place(DUAL);
    const { count, statuses, codes } = await apply(
      place,
      ({ ordinal }) => (ordinal === 1 ? { parentName: 'nobody', tag: 1 } : { enabled: false }),
      { replicas: 3 },
    );
    expect({ count, statuses, codes }).to.deep.equal({
      count: 1,
      statuses: ['created', 'refused', 'created'],
      codes: ['InvalidSettings'],
    });
    expect([...(await bench.portsOn(place)).keys()].sort()).to.deep.equal([
      `web-0.${place.namespace}`,
      `web-2.${place.namespace}`,
    ]);
  });

  it('that refuse a port keep the others from its address', async () => {
    const place = await bench.place(DUAL);
    const [a, b] = [DUAL.entry(1), DUAL.entry(2)];
    await apply(place, undefined, { replicas: 2, pool: `${a};${b}` });
    const port: PortSettingsSource = ({ ordinal }) => (ordinal === 0 ? { portGroups: ['no such group'] } : undefined);
    const swapped = { replicas: 2, pool: `${b};${a}`, onDrift: 'readdress' } as const;
    expect(await apply(place, port, swapped)).to.deep.equal({
      count: 0,
      statuses: ['refused', 'refused'],
      codes: ['PortGroupNotFound', 'AddressInUse'],
    });
    expect(await bench.ipsOn(place)).to.deep.equal({
      [`web-0.${place.namespace}`]: a,
      [`web-1.${place.namespace}`]: b,
    });
  });

  it('are part of a plan, which is empty when nothing differs', async () => {
    const place = await bench.place(DUAL);
    const set = statefulSet('web', place.namespace, 1);
    await apply(place, { options: { a: '1' } });
    const manager = bench.manager({ port: { options: { a: '1' }, enabled: false } });
    const { count, result } = await bench.transactionsOf(() => manager.plan(set));
    expect(count).to.equal(0);
    expect(result.outcomes[0]).to.include({ status: 'reused', refreshed: true });
    const updates = result.transactions.flat().filter(({ op }) => op !== 'wait');
    expect(updates.map(({ op, table, row }) => ({ op, table, row }))).to.deep.equal([
      { op: 'update', table: 'Logical_Switch_Port', row: { enabled: false } },
    ]);
    await manager.apply(set);
    expect(manager.plan(set).transactions).to.deep.equal([]);
  });

  it('are given to a port that is taken over, which keeps the rest of what it had', async () => {
    const place = await bench.place(DUAL);
    const { name, members } = await group();
    await bench.foreignPort(place, `web-0.${place.namespace}`, {
      addresses: '0a:00:00:00:00:01 10.16.1.77',
      options: map({ a: '1', b: '2' }),
      external_ids: map({ theirs: 'stays' }),
      port_security: '0a:00:00:00:00:01',
    });
    const settings: PortSettings = {
      portSecurity: true,
      options: { a: '7' },
      externalIds: { tier: 'front' },
      portGroups: [name],
    };
    expect(await apply(place, settings, { adopt: true })).to.deep.equal({ count: 1, statuses: ['adopted'], codes: [] });
    const row = await portOf(place, 'web-0');
    expect(row).to.deep.include({
      addresses: ['0a:00:00:00:00:01 10.16.1.77'],
      port_security: ['0a:00:00:00:00:01'],
      options: [
        ['a', '7'],
        ['b', '2'],
      ],
    });
    expect(row['external_ids']).to.deep.include(['theirs', 'stays']).and.deep.include(['tier', 'front']);
    expect(await members()).to.deep.equal([`web-0.${place.namespace}`]);
    expect((await apply(place, settings)).count).to.equal(0);
  });

  it('are given to the port that takes the place of an earlier incarnation’s', async () => {
    const place = await bench.place(DUAL);
    const { name, members } = await group();
    const port: PortSettings = { options: { a: '1' }, portGroups: [name] };
    const set = (uid: string): ReturnType<typeof statefulSet> =>
      statefulSet('web', place.namespace, 1, DUAL.entry(1), { uid });
    await bench.manager({ port }).apply(set('first'));
    await edit(place, 'web-0', { options: map({ a: '1', theirs: 'goes' }) });
    const before = await portOf(place, 'web-0');
    await bench.manager({ port, onRecreate: 'fresh' }).apply(set('second'));
    const row = await portOf(place, 'web-0');
    expect(row['_uuid']).not.to.equal(before['_uuid']);
    expect(row['options']).to.deep.equal([['a', '1']]);
    expect(await members()).to.deep.equal([`web-0.${place.namespace}`]);
  });

  it('go along to another switch: port security follows, DHCP options are those of the new subnet', async () => {
    const [from, to] = [
      await bench.place({ cidr: '10.50.0.0/24', gateway: '10.50.0.1' }),
      await bench.place({ cidr: '10.51.0.0/24', gateway: '10.51.0.1' }),
    ];
    const [here, there] = [
      await insert('DHCP_Options', { cidr: '10.50.0.0/24' }),
      await insert('DHCP_Options', { cidr: '10.51.0.0/24' }),
    ];
    const { name, members } = await group();
    const port: PortSettings = { dhcpv4Options: 'by-cidr', portSecurity: true, portGroups: [name] };
    await apply(from, port);
    const before = await portOf(from, 'web-0');
    expect(before).to.include({ dhcpv4_options: here });
    bench.subnets[from.namespace] = bench.subnets[to.namespace]!;
    expect(await apply(from, port)).to.deep.equal({ count: 1, statuses: ['moved'], codes: [] });
    const row = (await bench.portsOn(to)).get(`web-0.${from.namespace}`)!;
    expect(row).to.include({ _uuid: before['_uuid'], dhcpv4_options: there });
    expect(row['addresses']).to.match(/ 10\.51\.0\.\d+$/);
    expect(row['port_security']).to.deep.equal(row['addresses']);
    expect(await members()).to.deep.equal([`web-0.${from.namespace}`]);
    expect((await apply(from, port)).count).to.equal(0);
  });

  describe('port security of a port that gets another address', () => {
    it('follows, and keeps the elements that people added', async () => {
      const place = await bench.place(DUAL);
      await apply(place, { portSecurity: true }, { pool: DUAL.entry(1) });
      const before = await portOf(place, 'web-0');
      const [element] = before['addresses'] as string[];
      await edit(place, 'web-0', { port_security: ['set', [element, '0a:00:00:00:00:77 192.168.7.7']] });
      for (const [settings, entry] of [
        [{ portSecurity: true }, DUAL.entry(2)],
        [undefined, DUAL.entry(3)],
      ] as const) {
        await apply(place, settings, { pool: entry, onDrift: 'readdress' });
        const row = await portOf(place, 'web-0');
        const [moved] = row['addresses'] as string[];
        expect(moved).to.equal(`${element!.split(' ')[0]!} ${entry.replace(',', ' ')}`);
        expect(row['port_security']).to.have.members([moved, '0a:00:00:00:00:77 192.168.7.7']);
        expect(without(row, 'addresses', 'port_security', 'external_ids')).to.deep.equal(
          without(before, 'addresses', 'port_security', 'external_ids'),
        );
      }
    });
  });
});
