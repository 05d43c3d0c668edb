import { expect } from 'chai';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import type { PortSettings, PortSettingsSource } from '../../lib/statefulset/settings/port-settings.js';
import { eventually } from './raw-client.js';
import { FAMILIES, pod, refusal, StatefulSetBench, statefulSet } from './statefulset-fixture.js';
import { settingsActions, without } from './statefulset-settings-fixture.js';

const DUAL = FAMILIES[2]!;

describe('settings of the ports of StatefulSets that refer to other rows', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  const { portOf, insert, group, apply } = settingsActions(() => bench);

  describe('DHCP options', () => {
    it('of the namespace’s subnet are found by its CIDR, for each family', async () => {
      const place = await bench.place({ ...DUAL, cidr: '10.40.0.0/24,fd00:40::/64', gateway: '10.40.0.1,fd00:40::1' });
      const v4 = await insert('DHCP_Options', { cidr: '10.40.0.0/24' });
      const v6 = await insert('DHCP_Options', { cidr: 'fd00:40:0::/64' });
      await apply(place, undefined);
      expect(await portOf(place, 'web-0')).to.deep.include({ dhcpv4_options: undefined, dhcpv6_options: undefined });
      const before = await portOf(place, 'web-0');
      const subnet = bench.subnets[place.namespace]!;
      bench.subnets[place.namespace] = { ...subnet, dhcpv4Options: 'by-cidr', dhcpv6Options: 'by-cidr' };
      expect((await apply(place, undefined)).count).to.equal(1);
      const row = await portOf(place, 'web-0');
      expect(row).to.include({ dhcpv4_options: v4, dhcpv6_options: v6 });
      expect(without(row, 'dhcpv4_options', 'dhcpv6_options')).to.deep.equal(
        without(before, 'dhcpv4_options', 'dhcpv6_options'),
      );
      expect((await apply(place, undefined)).count).to.equal(0);
      const own: PortSettingsSource = { dhcpv4Options: 'none' };
      expect((await apply(place, own, { replicas: 2 })).count).to.equal(1);
      for (const name of ['web-0', 'web-1']) {
        expect(await portOf(place, name)).to.include({ dhcpv4_options: undefined, dhcpv6_options: v6 });
      }
    });

    it('that do not exist are refused: the database would drop the reference without a word', async () => {
      const place = await bench.place({ ...DUAL, cidr: '10.41.0.0/24', gateway: '10.41.0.1' });
      const uuid = await insert('DHCP_Options', { cidr: '10.41.0.0/24' });
      await apply(place, { dhcpv4Options: uuid });
      expect(await portOf(place, 'web-0')).to.include({ dhcpv4_options: uuid });
      const where = [['_uuid', '==', ['uuid', uuid]]];
      await bench.raw.commit({ op: 'delete', table: 'DHCP_Options', where });
      await eventually(() => bench.nb.tables.DHCP_Options.get(uuid as never) === undefined);
      expect(await portOf(place, 'web-0')).to.include({ dhcpv4_options: undefined });
      const byUuid = await apply(place, { dhcpv4Options: uuid }, { replicas: 2 });
      expect(byUuid).to.deep.equal({
        count: 0,
        statuses: ['refused', 'refused'],
        codes: ['DhcpOptionsNotFound', 'DhcpOptionsNotFound'],
      });
      expect((await apply(place, { dhcpv4Options: 'by-cidr' })).codes).to.deep.equal(['DhcpOptionsNotFound']);
      await insert('DHCP_Options', { cidr: '10.41.0.0/24' });
      await insert('DHCP_Options', { cidr: '10.41.0.0/24' });
      expect((await apply(place, { dhcpv4Options: 'by-cidr' })).codes).to.deep.equal(['AmbiguousDhcpOptions']);
    });

    it('that are deleted while the port is being written are noticed', async () => {
      const place = await bench.place({ ...DUAL, cidr: '10.42.0.0/24', gateway: '10.42.0.1' });
      const uuid = await insert('DHCP_Options', { cidr: '10.42.0.0/24' });
      await apply(place, undefined);
      const { gate, nb } = await bench.gated();
      gate.requests.shut();
      const port = ({ ordinal }: { readonly ordinal: number }): PortSettings =>
        ordinal < 2 ? { dhcpv4Options: uuid } : {};
      // One that is there, and two that are made.
      const applying = bench.manager({ port }, nb).apply(statefulSet('web', place.namespace, 3));
      await eventually(() => gate.requests.count('"transact"') === 1);
      await bench.raw.commit({ op: 'delete', table: 'DHCP_Options', where: [['_uuid', '==', ['uuid', uuid]]] });
      gate.requests.open();
      const { outcomes, errors } = await applying;
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['refused', 'refused', 'created']);
      expect(errors.map(({ code }) => code)).to.deep.equal(['DhcpOptionsNotFound', 'DhcpOptionsNotFound']);
      expect([...(await bench.portsOn(place)).keys()].sort()).to.deep.equal([
        `web-0.${place.namespace}`,
        `web-2.${place.namespace}`,
      ]);
    });

    it('of a subnet that are none are refused for the whole namespace', async () => {
      const place = await bench.place(DUAL);
      bench.subnets[place.namespace] = { ...bench.subnets[place.namespace]!, dhcpv4Options: '10.0.0.0/24' };
      const { message } = await refusal('InvalidSubnet', () => apply(place, undefined));
      expect(message).to.contain('dhcpv4Options is "10.0.0.0/24"');
    });
  });

  describe('port groups', () => {
    it('are joined on creation, by all ports of a transaction at once', async () => {
      const place = await bench.place(DUAL);
      const [one, two] = [await group(), await group()];
      const port: PortSettingsSource = ({ ordinal }) => ({
        portGroups: ordinal === 0 ? [one.name] : [one.name, two.name],
      });
      expect((await apply(place, port, { replicas: 3 })).count).to.equal(1);
      const [w0, w1, w2] = [0, 1, 2].map((n) => `web-${n}.${place.namespace}`);
      expect(await one.members()).to.deep.equal([w0, w1, w2]);
      expect(await two.members()).to.deep.equal([w1, w2]);
      expect((await apply(place, port, { replicas: 3 })).count).to.equal(0);
    });

    it('are joined again by a port that somebody took out, and by nobody else', async () => {
      const place = await bench.place(DUAL);
      const { name, members } = await group();
      const uuid = await bench.foreignPort(place, `foreign.${place.namespace}`);
      await apply(place, { portGroups: [name] }, { replicas: 2 });
      const seen = bench.nb.tables.Port_Group.find({ name });
      const row = { ports: ['uuid', uuid] };
      await bench.raw.commit({ op: 'update', table: 'Port_Group', where: [['name', '==', name]], row });
      await bench.nb.tables.Port_Group.until((each) => each.name === name && each !== seen);
      const before = await bench.versions();
      expect((await apply(place, { portGroups: [name] }, { replicas: 2 })).count).to.equal(1);
      expect(await members()).to.deep.equal(['foreign', 'web-0', 'web-1'].map((each) => `${each}.${place.namespace}`));
      // A weak reference is not part of the port's row.
      expect(await bench.versions()).to.deep.equal(before);
    });

    it('are not left by a port whose settings name them no more', async () => {
      const place = await bench.place(DUAL);
      const { name, members } = await group();
      await apply(place, { portGroups: [name] });
      expect((await apply(place, { portGroups: [] })).count).to.equal(0);
      expect(await members()).to.deep.equal([`web-0.${place.namespace}`]);
    });

    it('are kept on teardown, with nothing sent', async () => {
      const place = await bench.place(DUAL);
      const { name, members } = await group();
      const manager = bench.manager({ port: { portGroups: [name] } });
      await manager.apply(statefulSet('web', place.namespace, 1));
      const { count, result } = await bench.transactionsOf(() => manager.podDeleted(pod('web-0', place.namespace)));
      expect(count).to.equal(0);
      expect(result.retained).to.include({ pod: 'web-0' });
      expect(await members()).to.have.lengthOf(1);
    });

    it('are left on teardown where that is wanted, and joined again on return', async () => {
      const place = await bench.place(DUAL);
      const { name, members } = await group();
      const other = await group();
      const manager = bench.manager({ port: { portGroups: [name] }, portGroupsOnTeardown: 'leave' });
      const set = statefulSet('web', place.namespace, 2);
      await manager.apply(set);
      const byHand = await portOf(place, 'web-0');
      await bench.raw.commit({
        op: 'mutate',
        table: 'Port_Group',
        where: [['name', '==', other.name]],
        mutations: [['ports', 'insert', ['uuid', byHand['_uuid']]]],
      });
      const torn = await bench.transactionsOf(() => manager.podDeleted(pod('web-0', place.namespace)));
      expect(torn.count).to.equal(1);
      expect(await members()).to.deep.equal([`web-1.${place.namespace}`]);
      expect(await other.members()).to.deep.equal([`web-0.${place.namespace}`]);
      expect((await bench.transactionsOf(() => manager.podDeleted(pod('web-0', place.namespace)))).count).to.equal(0);
      const back = await bench.transactionsOf(() => manager.ensurePort(pod('web-0', place.namespace), set));
      expect(back.count).to.equal(1);
      expect(back.result.status).to.equal('reused');
      expect(await members()).to.have.lengthOf(2);
      expect(without(await portOf(place, 'web-0'))).to.deep.equal(without(byHand));
    });

    it('lose a port that is released, by themselves', async () => {
      const place = await bench.place(DUAL);
      const { name, members } = await group();
      const manager = bench.manager({ port: { portGroups: [name] } });
      const set = statefulSet('web', place.namespace, 2);
      await manager.apply(set);
      expect(await members()).to.have.lengthOf(2);
      expect((await bench.transactionsOf(() => manager.release(set))).count).to.equal(1);
      expect(await members()).to.deep.equal([]);
    });

    it('that do not exist refuse the pods that are to join them', async () => {
      const place = await bench.place(DUAL);
      const { name, members } = await group();
      const port: PortSettingsSource = ({ ordinal }) => ({ portGroups: ordinal === 0 ? [name] : [name, 'nobody'] });
      expect(await apply(place, port, { replicas: 2 })).to.deep.equal({
        count: 1,
        statuses: ['created', 'refused'],
        codes: ['PortGroupNotFound'],
      });
      expect(await members()).to.deep.equal([`web-0.${place.namespace}`]);
    });

    it('need the table Port_Group replicated', async () => {
      const place = await bench.place(DUAL);
      const tables = ['NB_Global', 'Logical_Switch', 'Logical_Switch_Port', 'Logical_Router_Port'] as const;
      const nb = await connectNorthbound({ remotes: bench.sandbox.remote, tables, onWarning: () => undefined });
      try {
        const manager = (port: PortSettings): ReturnType<typeof bench.manager> => bench.manager({ port }, nb as never);
        const set = statefulSet('web', place.namespace, 1);
        const { errors } = await manager({ portGroups: ['any'] }).apply(set);
        expect(errors[0]).to.have.property('code', 'InvalidSettings');
        expect(errors[0]!.message).to.contain('needs the table Port_Group, which this client does not replicate');
        const { outcomes } = await manager({ enabled: true }).apply(set);
        expect(outcomes[0]).to.have.property('status', 'created');
      } finally {
        nb.close();
      }
    });
  });
});
