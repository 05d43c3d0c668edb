import { expect } from 'chai';

import { NotMonitoredError } from '../../../../lib/errors.js';
import { parseSubnet } from '../../../../lib/ipam/subnet.js';
import { PORT_KEYS } from '../../../../lib/statefulset/managed-port.js';
import { PortError, type PortErrorCode } from '../../../../lib/statefulset/port-error.js';
import type { PortSettingsSource, SettingsSubject } from '../../../../lib/statefulset/settings/port-settings.js';
import { portGroupsToLeave, resolveSettings } from '../../../../lib/statefulset/settings/resolve-settings.js';
import type { Site } from '../../../../lib/statefulset/switches/site.js';
import type { ManagerClient } from '../../../../lib/statefulset/switches/switch-index.js';
import { podOfOrdinal, readWorkload } from '../../../../lib/statefulset/workload.js';

type Values = Readonly<Record<string, unknown>>;

/** A table that answers as a replica's does. */
class FakeTable {
  readonly rows: readonly Values[];

  constructor(rows: readonly Values[]) {
    this.rows = rows;
  }

  get(uuid: string): Values | undefined {
    return this.rows.find((row) => row['_uuid'] === uuid);
  }

  filter(predicate: (row: Values) => boolean): Values[] {
    return this.rows.filter(predicate);
  }

  findAll(match: Values): Values[] {
    const meets = (present: unknown, wanted: unknown): boolean =>
      Array.isArray(present) && Array.isArray(wanted)
        ? wanted.every((member) => present.includes(member))
        : present === wanted;
    return this.filter((row) => Object.entries(match).every(([column, wanted]) => meets(row[column], wanted)));
  }

  find(match: Values): Values | undefined {
    return this.findAll(match)[0];
  }
}

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const [V4, V6, TWIN_A, TWIN_B, WEB, ALL] = [1, 2, 3, 4, 5, 6].map(uuid) as [string, ...string[]] & string[];

const workload = readWorkload({ metadata: { namespace: 'product', name: 'web' } });
const pod = podOfOrdinal(workload, 0);

const port = (columns: Values = {}): Values => ({
  _uuid: uuid(100),
  name: 'web-0.product',
  addresses: ['0a:00:00:00:00:01 10.0.0.5'],
  external_ids: {
    [PORT_KEYS.statefulSet]: 'product/web',
    [PORT_KEYS.pod]: 'product/web-0',
    [PORT_KEYS.ordinal]: '0',
    [PORT_KEYS.mac]: '0a:00:00:00:00:01',
    [PORT_KEYS.ip4]: '10.0.0.5',
  },
  ...columns,
});

function client(tables: Readonly<Record<string, readonly Values[]>> = {}): ManagerClient {
  const all: Readonly<Record<string, readonly Values[]>> = {
    Logical_Switch_Port: [],
    DHCP_Options: [
      { _uuid: V4, cidr: '10.0.0.0/24' },
      { _uuid: V6, cidr: 'FD00:0::/64' },
      { _uuid: TWIN_A, cidr: '10.9.0.0/16' },
      { _uuid: TWIN_B, cidr: '10.9.0.0/16' },
      { _uuid: uuid(99), cidr: 'garbage' },
    ],
    Port_Group: [
      { _uuid: WEB, name: 'web', ports: [uuid(100)] },
      { _uuid: ALL, name: 'all', ports: [] },
    ],
    ...tables,
  };
  return {
    tables: Object.fromEntries(Object.entries(all).map(([table, rows]) => [table, new FakeTable(rows)])),
  } as unknown as ManagerClient;
}

const site = (cidr: string, more: Partial<Site> = {}): Site =>
  ({ logicalSwitch: { name: 'product' }, subnet: parseSubnet({ cidr }), ...more }) as Site;

const HERE = site('10.0.0.0/24,fd00::/64');

function resolve(
  source: PortSettingsSource | undefined,
  where = HERE,
  nb = client(),
  portSecurity = false,
): ReturnType<typeof resolveSettings> {
  return resolveSettings(nb, source, { portSecurity }, where, workload, pod);
}

function refusal<C extends PortErrorCode>(code: C, act: () => unknown): PortError<C> {
  try {
    act();
  } catch (error) {
    if (error instanceof PortError && error.code === code) return error as PortError<C>;
    throw error;
  }
  throw new Error(`nothing was refused, though ${code} was expected`);
}

describe('the settings of one pod', () => {
  const NOTHING = { portSecurity: undefined, columns: {}, options: {}, externalIds: {}, portGroups: [] };

  it('are nothing where nobody says anything', () => {
    expect(resolve(undefined)).to.deep.equal(NOTHING);
    expect(resolve({})).to.deep.equal(NOTHING);
    expect(resolve(() => undefined)).to.deep.equal(NOTHING);
  });

  it('take port security from the manager where they say nothing of it themselves', () => {
    expect(resolve({}, HERE, client(), true).portSecurity).to.equal(true);
    expect(resolve({ portSecurity: false }, HERE, client(), true).portSecurity).to.equal(false);
    expect(resolve({ portSecurity: true }).portSecurity).to.equal(true);
  });

  it('come from a function that is told whose they are', () => {
    const asked: SettingsSubject[] = [];
    const settings = resolve((subject) => {
      asked.push(subject);
      return { enabled: false, options: { a: '1' }, externalIds: { b: undefined } };
    });
    expect(asked).to.deep.equal([{ namespace: 'product', statefulSet: 'web', pod: 'web-0', ordinal: 0 }]);
    expect(settings).to.deep.equal({
      ...NOTHING,
      columns: { enabled: false },
      options: { a: '1' },
      externalIds: { b: undefined },
    });
  });

  it('are refused when the function fails, or answers with what makes no sense', () => {
    const cause = new Error('no such tier');
    const failed = refusal('InvalidSettings', () =>
      resolve(() => {
        throw cause;
      }),
    );
    expect(failed.message).to.equal(
      'pod web-0 of product/web gets no port: the function that gives its settings failed: no such tier',
    );
    expect(failed).to.include({ cause, pod: 'web-0' });
    const tagged = refusal('InvalidSettings', () => resolve(() => ({ parentName: 'vm1', tag: 5000 })));
    expect(tagged.details).to.deep.equal({ field: 'tag' });
    expect(tagged.message).to.contain('its setting tag is 5000; it must be a whole number from 0 to 4095');
    const promised = refusal('InvalidSettings', () => resolve((() => Promise.resolve({})) as never));
    expect(promised.details).to.deep.equal({ field: 'port' });
    refusal('InvalidSettings', () => resolve((() => null) as never));
  });

  it('say of a kept port that it stays', () => {
    const nb = client({ Logical_Switch_Port: [port()] });
    const { message } = refusal('PortGroupNotFound', () => resolve({ portGroups: ['x'] }, HERE, nb));
    expect(message).to.contain('pod web-0 of product/web keeps its port with 10.0.0.5: there is no port group');
  });

  describe('DHCP options', () => {
    it('may be a row’s uuid, in capitals too', () => {
      expect(resolve({ dhcpv4Options: V4, dhcpv6Options: V6!.toUpperCase() }).columns).to.deep.equal({
        dhcpv4_options: V4,
        dhcpv6_options: V6,
      });
    });

    it('may be found by the CIDR of the subnet, however the row writes it', () => {
      expect(resolve({ dhcpv4Options: 'by-cidr', dhcpv6Options: 'by-cidr' }).columns).to.deep.equal({
        dhcpv4_options: V4,
        dhcpv6_options: V6,
      });
    });

    it('are not looked for by the CIDR of a family that the subnet lacks', () => {
      const settings = { dhcpv4Options: 'by-cidr', dhcpv6Options: 'by-cidr' };
      expect(resolve(settings, site('10.0.0.0/24')).columns).to.deep.equal({ dhcpv4_options: V4 });
    });

    it('come from the namespace’s subnet where the pod’s settings name none, and may be taken away', () => {
      const here = { ...HERE, dhcpv4Options: 'by-cidr', dhcpv6Options: V6 };
      expect(resolve(undefined, here).columns).to.deep.equal({ dhcpv4_options: V4, dhcpv6_options: V6 });
      expect(resolve({ dhcpv4Options: 'none', dhcpv6Options: 'none' }, here).columns).to.deep.equal({
        dhcpv4_options: undefined,
        dhcpv6_options: undefined,
      });
    });

    it('are refused when there is no such row', () => {
      const byUuid = refusal('DhcpOptionsNotFound', () => resolve({ dhcpv4Options: uuid(77) }));
      expect(byUuid.details).to.deep.equal({ dhcpOptions: uuid(77) });
      const byCidr = refusal('DhcpOptionsNotFound', () => resolve({ dhcpv4Options: 'by-cidr' }, site('10.7.0.0/24')));
      expect(byCidr.details).to.deep.equal({ dhcpOptions: '10.7.0.0/24' });
    });

    it('are refused when the row is for the other family', () => {
      const { details, message } = refusal('InvalidSettings', () => resolve({ dhcpv6Options: V4 }));
      expect(details).to.deep.equal({ field: 'dhcpv6Options' });
      expect(message).to.contain('which is for 10.0.0.0/24, not IPv6');
    });

    it('are refused when several rows have the CIDR, unless the port has one of them', () => {
      const there = site('10.9.0.0/16');
      const { details } = refusal('AmbiguousDhcpOptions', () => resolve({ dhcpv4Options: 'by-cidr' }, there));
      expect(details).to.deep.equal({ cidr: '10.9.0.0/16', uuids: [TWIN_A, TWIN_B] });
      const nb = client({ Logical_Switch_Port: [port({ dhcpv4_options: TWIN_B })] });
      expect(resolve({ dhcpv4Options: 'by-cidr' }, there, nb).columns).to.deep.equal({ dhcpv4_options: TWIN_B });
    });
  });

  describe('a nested port', () => {
    const nested = { parentName: 'vm1', tag: 7 };

    it('has a parent and a tag request', () => {
      const nb = client({ Logical_Switch_Port: [{ name: 'vm1' }] });
      expect(resolve(nested, HERE, nb).columns).to.deep.equal({ parent_name: 'vm1', tag_request: 7 });
    });

    it('is refused when its parent does not exist, or is itself', () => {
      const { details, message } = refusal('InvalidSettings', () => resolve(nested));
      expect(details).to.deep.equal({ field: 'parentName' });
      expect(message).to.contain('there is no port of that name');
      const nb = client({ Logical_Switch_Port: [port()] });
      refusal('InvalidSettings', () => resolve({ parentName: 'web-0.product', tag: 1 }, HERE, nb));
    });

    it('that is kept may outlive its parent', () => {
      const nb = client({ Logical_Switch_Port: [port({ parent_name: 'vm1' })] });
      expect(resolve(nested, HERE, nb).columns).to.deep.equal({ parent_name: 'vm1', tag_request: 7 });
    });
  });

  describe('port groups', () => {
    it('are found by name, each once', () => {
      expect(resolve({ portGroups: ['web', 'all', 'web'] }).portGroups).to.deep.equal([WEB, ALL]);
    });

    it('are refused when one does not exist', () => {
      const { details } = refusal('PortGroupNotFound', () => resolve({ portGroups: ['web', 'wbe'] }));
      expect(details).to.deep.equal({ portGroup: 'wbe' });
    });

    it('to leave are those that the port is in, of those that still exist', () => {
      const nb = client({ Logical_Switch_Port: [port()] });
      const row = port() as never;
      const kept = { row, statefulSet: 'product/web', ordinal: 3, pod: 'product/web-3' } as never;
      const asked: SettingsSubject[] = [];
      const groups = portGroupsToLeave(
        nb,
        (subject) => {
          asked.push(subject);
          return { portGroups: ['web', 'all', 'gone'] };
        },
        kept,
      );
      expect(groups).to.deep.equal([WEB]);
      expect(asked).to.deep.equal([{ namespace: 'product', statefulSet: 'web', pod: 'web-3', ordinal: 3 }]);
      expect(portGroupsToLeave(nb, undefined, kept)).to.deep.equal([]);
    });
  });

  it('name the table that the client has to replicate for them', () => {
    const tables = {
      get DHCP_Options(): never {
        throw new NotMonitoredError('not there');
      },
      get Port_Group(): never {
        throw new NotMonitoredError('not there');
      },
      Logical_Switch_Port: new FakeTable([]),
    };
    const nb = { tables } as unknown as ManagerClient;
    expect(resolve({ enabled: true }, HERE, nb).columns).to.deep.equal({ enabled: true });
    for (const [settings, table, field] of [
      [{ dhcpv4Options: V4 }, 'DHCP_Options', 'dhcpv4Options'],
      [{ dhcpv6Options: 'by-cidr' }, 'DHCP_Options', 'dhcpv6Options'],
      [{ portGroups: ['web'] }, 'Port_Group', 'portGroups'],
    ] as const) {
      const error = refusal('InvalidSettings', () => resolve(settings, HERE, nb));
      expect(error.details).to.deep.equal({ field });
      expect(error.message).to.contain(`needs the table ${table}, which this client does not replicate`);
    }
  });
});
