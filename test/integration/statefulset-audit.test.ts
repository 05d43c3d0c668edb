import { expect } from 'chai';

import type { AuditFinding } from '../../lib/statefulset/audit/audit-finding.js';
import { PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import type { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { refusal, StatefulSetBench, statefulSet, type Place } from './statefulset-fixture.js';

const V4 = { cidr: '10.16.0.0/22', gateway: '10.16.0.1' };

type Kind = AuditFinding['kind'];
type FindingOf<K extends Kind> = Extract<AuditFinding, { kind: K }>;

describe('situation 34: audit', () => {
  let bench: StatefulSetBench;
  let place: Place;
  let manager: StatefulSetPortManager;

  before(async () => (bench = await StatefulSetBench.start()));
  beforeEach(async () => {
    place = await bench.place(V4);
    manager = bench.manager();
  });
  after(async () => bench[Symbol.asyncDispose]());

  /** The findings on the test's switch, or on others, which must be of these kinds; nothing must be sent for them. */
  async function audit<K extends Kind>(kinds: readonly K[], on = [place.logicalSwitch]): Promise<FindingOf<K>[]> {
    const before = await bench.versions();
    const { count, result } = await bench.transactionsOf(() => manager.audit(on));
    expect(count).to.equal(0);
    expect(await bench.versions()).to.deep.equal(before);
    expect(result.map(({ kind }) => kind)).to.deep.equal(kinds);
    for (const { message } of result) expect(message).to.match(/^\S.*[^.\s]$/);
    return result as FindingOf<K>[];
  }

  const port = (name: string): string => `${name}.${place.namespace}`;

  /** Has another client change a port; resolves when the manager's replica shows it. */
  async function edit(name: string, change: { row?: object; mutations?: readonly unknown[] }): Promise<void> {
    const where = [['name', '==', name]];
    const uuid = bench.nb.tables.Logical_Switch_Port.find({ name })!._uuid;
    const before = bench.nb.tables.Logical_Switch_Port.get(uuid);
    const { row, mutations } = change;
    await bench.raw.commit(
      ...(row === undefined ? [] : [{ op: 'update', table: 'Logical_Switch_Port', where, row }]),
      ...(mutations === undefined ? [] : [{ op: 'mutate', table: 'Logical_Switch_Port', where, mutations }]),
    );
    await bench.nb.tables.Logical_Switch_Port.until((after) => after._uuid === uuid && after !== before);
  }

  /** Sets keys of `external_ids`, or deletes those that are undefined. */
  function editKeys(name: string, keys: Readonly<Record<string, string | undefined>>): Promise<void> {
    const given = Object.entries(keys).filter((pair) => pair[1] !== undefined);
    return edit(name, {
      mutations: [
        ['external_ids', 'delete', ['set', Object.keys(keys)]],
        ['external_ids', 'insert', ['map', given]],
      ],
    });
  }

  const webSet = (replicas = 1, pool = '10.16.1.1..10.16.1.9'): ReturnType<typeof statefulSet> =>
    statefulSet('web', place.namespace, replicas, pool);

  it('finds nothing on switches that are in order', async () => {
    await manager.apply(webSet(3));
    await manager.apply(statefulSet('db', place.namespace, 3));
    await bench.foreignPort(place, 'vm1', { addresses: '0a:00:00:00:00:01 10.16.2.1' });
    await audit([]);
  });

  it('finds addresses that ports share, until one of them is gone', async () => {
    await manager.apply(webSet(2));
    await bench.foreignPort(place, port('vm'), { addresses: '0a:00:00:00:00:01 10.16.1.2' });
    const [finding] = await audit(['shared-address']);
    expect(finding).to.deep.include({
      logicalSwitch: place.logicalSwitch,
      address: '10.16.1.2',
      ports: [
        { name: port('vm'), statefulSet: undefined },
        { name: port('web-1'), statefulSet: `${place.namespace}/web` },
      ],
    });
    await edit(port('vm'), { row: { addresses: '0a:00:00:00:00:01 10.16.2.1' } });
    await audit([]);
  });

  it('finds changed addresses: put back they are as noted, and left as they are the next apply notes them', async () => {
    const { outcomes } = await manager.apply(webSet(2));
    const mac = outcomes[1]?.status === 'refused' ? '' : outcomes[1]!.mac;
    await edit(port('web-1'), { row: { addresses: `${mac} 10.16.1.77` } });
    const [finding] = await audit(['changed-addresses']);
    expect(finding).to.deep.include({
      logicalSwitch: place.logicalSwitch,
      port: port('web-1'),
      statefulSet: `${place.namespace}/web`,
      noted: `${mac} 10.16.1.2`,
      have: [`${mac} 10.16.1.77`],
    });
    await edit(port('web-1'), { row: { addresses: finding!.noted } });
    await audit([]);
    await edit(port('web-1'), { row: { addresses: `${mac} 10.16.1.77` } });
    await manager.apply(webSet(2));
    await audit([]);
  });

  it('finds addresses that were taken from a port, which nothing but putting them back mends', async () => {
    await manager.apply(webSet(1));
    await edit(port('web-0'), { row: { addresses: ['set', []] } });
    const [finding] = await audit(['changed-addresses']);
    expect(finding).to.deep.include({ have: [] });
    await manager.apply(webSet(1));
    await audit(['changed-addresses']);
    await edit(port('web-0'), { row: { addresses: finding!.noted } });
    await audit([]);
  });

  it('finds ports whose keys make no kept port, and adopt takes them over again as they are', async () => {
    await manager.apply(webSet(1));
    await editKeys(port('web-0'), { [PORT_KEYS.mac]: undefined, [PORT_KEYS.ordinal]: 'zero' });
    const [finding] = await audit(['unreadable-port']);
    expect(finding!.keys).to.deep.equal([
      { key: PORT_KEYS.ordinal, value: 'zero', reason: 'is not an ordinal, such as 0 or 12' },
      { key: PORT_KEYS.mac, value: undefined, reason: 'is missing' },
    ]);
    const { errors } = await manager.apply(webSet(1));
    expect(errors.map(({ code }) => code)).to.deep.equal(['PortOwnedByOther']);
    await manager.adopt(webSet(1));
    await audit([]);
    expect((await manager.apply(webSet(1))).outcomes[0]).to.include({ status: 'reused', ip4: '10.16.1.1' });
  });

  it('finds kept ports of a wrong name, with the port that the pod has got since', async () => {
    await manager.apply(webSet(1));
    await edit(port('web-0'), { row: { name: port('renamed') } });
    const [finding] = await audit(['wrong-name']);
    expect(finding).to.deep.include({
      port: port('renamed'),
      statefulSet: `${place.namespace}/web`,
      pod: `${place.namespace}/web-0`,
      expected: port('web-0'),
      duplicates: [],
    });
    await manager.apply(statefulSet('web', place.namespace, 1, '10.16.1.5'));
    const [again] = await audit(['wrong-name']);
    expect(again!.duplicates).to.deep.equal([port('web-0')]);
  });

  it('finds kept ports on another switch than that of their namespace, until apply has moved them', async () => {
    await manager.apply(webSet(1));
    const next = await bench.place(V4);
    const former = place.logicalSwitch;
    bench.subnets[place.namespace] = { ...bench.subnets[place.namespace]!, logicalSwitch: next.logicalSwitch };
    const [finding] = await audit(['wrong-switch']);
    expect(finding).to.deep.include({ logicalSwitch: former, port: port('web-0'), expected: next.logicalSwitch });
    await manager.apply(webSet(1));
    await audit([], [former, next.logicalSwitch]);
  });

  it('finds kept ports outside the subnet of their namespace, until they are readdressed', async () => {
    await manager.apply(webSet(2));
    const { logicalSwitch } = place;
    bench.subnets[place.namespace] = { logicalSwitch, cidr: '10.17.0.0/24', gateway: '10.17.0.1' };
    const [finding] = await audit(['outside-subnet', 'outside-subnet']);
    expect(finding).to.deep.include({
      port: port('web-0'),
      addresses: [{ ip: '10.16.1.1', reason: 'is not in 10.17.0.0/24' }],
    });
    await manager.readdress(webSet(2, '10.17.0.2,10.17.0.3'));
    await audit([]);
  });

  it('finds kept ports with the address of a router that came later', async () => {
    await manager.apply(webSet(1));
    await bench.raw.commit(
      { op: 'insert', table: 'Logical_Router', row: { name: 'r', ports: ['named-uuid', 'p'] } },
      {
        op: 'insert',
        table: 'Logical_Router_Port',
        row: { name: port('lrp'), mac: '0a:00:00:00:00:09', networks: '10.16.1.1/22' },
        'uuid-name': 'p',
      },
    );
    await bench.nb.tables.Logical_Router_Port.until(({ name }) => name === port('lrp'));
    await bench.foreignPort(place, port('to-lrp'), {
      type: 'router',
      addresses: 'router',
      options: ['map', [['router-port', port('lrp')]]],
    });
    const [finding] = await audit(['outside-subnet']);
    expect(finding!.addresses).to.deep.equal([
      { ip: '10.16.1.1', reason: `is the address of router port ${port('lrp')}` },
    ]);
  });

  it('finds the ports of other systems, and each can be adopted in the way that its finding says', async () => {
    const made = { vendor: 'kube-ovn', pod: `${place.namespace}/web-0`, ls: place.logicalSwitch };
    const namespaceUnderscore = `${place.namespace}_web-1`;
    const own = `${place.namespace}-nic-web-2`;
    for (const [name, n, ids] of [
      [port('web-0'), 1, made],
      [namespaceUnderscore, 2, { pod: 'true', namespace: place.namespace }],
      [own, 3, { pod: `${place.namespace}/web-2` }],
    ] as const) {
      await bench.foreignPort(place, name, {
        addresses: `0a:00:00:00:00:0${n} 10.16.1.${n}`,
        external_ids: ['map', Object.entries(ids)],
      });
    }
    const findings = await audit(['foreign-port', 'foreign-port', 'foreign-port']);
    const byNaming = new Map(findings.map((finding) => [finding.naming, finding]));
    expect(byNaming.get('pod.namespace')).to.deep.include({
      port: port('web-0'),
      statefulSet: `${place.namespace}/web`,
      ordinal: 0,
      pod: `${place.namespace}/web-0`,
      vendor: 'kube-ovn',
      addresses: ['0a:00:00:00:00:01 10.16.1.1'],
    });
    expect(byNaming.get('namespace_pod')).to.include({ port: namespaceUnderscore, ordinal: 1, vendor: undefined });
    expect(byNaming.get('external_ids')).to.include({ port: own, ordinal: 2 });

    const adopted = async (existingName: Parameters<typeof manager.adopt>[1]): Promise<string[]> =>
      (await manager.adopt(webSet(3), existingName)).adopted.map(({ pod }) => pod);
    expect(await adopted({})).to.deep.equal(['web-0']);
    expect(await adopted({ existingName: 'namespace_pod' })).to.deep.equal(['web-1']);
    expect(await adopted({ existingName: (namespace, pod) => `${namespace}-nic-${pod}` })).to.deep.equal(['web-2']);
    await audit([]);
    expect((await manager.apply(webSet(3))).outcomes.map(({ status }) => status)).to.deep.equal(
      Array.from({ length: 3 }, () => 'reused'),
    );
  });

  it('finds several switches of the name that a namespace was given, until the uuid is given', async () => {
    const row = { name: place.logicalSwitch };
    const [inserted] = await bench.raw.commit({ op: 'insert', table: 'Logical_Switch', row });
    const uuid = inserted!.uuid![1];
    await bench.nb.tables.Logical_Switch.until(({ _uuid }) => _uuid === uuid);
    const [finding] = await audit(['ambiguous-switch']);
    expect(finding).to.deep.include({ logicalSwitch: place.logicalSwitch, namespaces: [place.namespace] });
    expect(finding!.uuids).to.have.members([place.switchUuid, uuid]);
    await refusal('AmbiguousSwitch', () => manager.apply(webSet(1)));
    bench.subnets[place.namespace] = { ...V4, logicalSwitch: place.switchUuid };
    await manager.apply(webSet(1));
    await audit([]);
  });

  it('of several switches tells one after the other, and knows what changes', async () => {
    const other = await bench.place(V4);
    await bench.foreignPort(other, `web-0.${other.namespace}`);
    await bench.foreignPort(place, port('web-10'));
    await bench.foreignPort(place, port('web-9'));
    const on = [other.logicalSwitch, place.switchUuid];
    const findings = await audit(['foreign-port', 'foreign-port', 'foreign-port'], on);
    expect(findings.map((finding) => finding.port)).to.deep.equal([
      port('web-9'),
      port('web-10'),
      `web-0.${other.namespace}`,
    ]);
    await edit(port('web-9'), { row: { name: port('vm9') } });
    expect(await audit(['foreign-port', 'foreign-port'], on)).to.deep.equal(findings.slice(1));
  });
});
