import { expect } from 'chai';

import type { ManagedPortRow } from '../../../../lib/statefulset/managed-port.js';
import type { ResolvedSettings } from '../../../../lib/statefulset/settings/resolve-settings.js';
import {
  changedColumns,
  changedExternalIds,
  newExternalIds,
  newPortColumns,
  replaceSecurity,
} from '../../../../lib/statefulset/settings/settings-columns.js';
import type { Uuid } from '../../../../lib/schema/uuid.js';

const DHCP = '5c7f5a3e-4c1b-4d7e-9f55-2f6f0b7f2a10' as Uuid<'DHCP_Options'>;
const ELEMENT = '0a:00:00:00:00:01 10.0.0.5';

const settings = (given: Partial<ResolvedSettings>): ResolvedSettings => ({
  portSecurity: undefined,
  columns: {},
  options: {},
  externalIds: {},
  portGroups: [],
  ...given,
});

const row = (columns: Partial<ManagedPortRow> = {}): ManagedPortRow => ({
  _uuid: '00000000-0000-4000-8000-000000000001' as Uuid<'Logical_Switch_Port'>,
  name: 'web-0.product',
  type: '',
  addresses: [ELEMENT],
  dynamic_addresses: undefined,
  port_security: [],
  options: {},
  up: undefined,
  external_ids: {},
  enabled: undefined,
  dhcpv4_options: undefined,
  dhcpv6_options: undefined,
  parent_name: undefined,
  tag: undefined,
  tag_request: undefined,
  ...columns,
});

describe('the columns of a new port', () => {
  it('are none where the settings name none', () => {
    expect(newPortColumns(settings({}), ELEMENT)).to.deep.equal({});
    expect(newPortColumns(settings({ portSecurity: false }), ELEMENT)).to.deep.equal({});
    expect(newExternalIds(settings({}))).to.deep.equal({});
  });

  it('are those that the settings name; keys to remove are left out', () => {
    const all = settings({
      portSecurity: true,
      columns: { enabled: false, dhcpv4_options: DHCP, parent_name: 'vm1', tag_request: 7 },
      options: { 'requested-chassis': 'node1', gone: undefined },
      externalIds: { tier: 'front', gone: undefined },
    });
    expect(newPortColumns(all, ELEMENT)).to.deep.equal({
      enabled: false,
      dhcpv4_options: DHCP,
      parent_name: 'vm1',
      tag_request: 7,
      port_security: [ELEMENT],
      options: { 'requested-chassis': 'node1' },
    });
    expect(newExternalIds(all)).to.deep.equal({ tier: 'front' });
  });
});

describe('what changes on a kept port', () => {
  const change = (present: Partial<ManagedPortRow>, wanted: Partial<ResolvedSettings>): unknown =>
    changedColumns(row(present), settings(wanted), ELEMENT);

  it('is nothing where the settings name nothing, whatever people made of it', () => {
    const edited = {
      port_security: ['x'],
      options: { a: '1' },
      enabled: false,
      dhcpv4_options: DHCP,
      parent_name: 'vm',
      tag_request: 3,
      external_ids: { b: '2' },
    };
    expect(change(edited, {})).to.equal(undefined);
    expect(changedExternalIds(row(edited), settings({}))).to.equal(undefined);
  });

  it('is nothing where everything is as the settings say', () => {
    const same = { dhcpv4_options: DHCP, parent_name: 'vm', tag_request: 3 };
    expect(change({ ...same, options: { a: '1', b: '2' } }, { columns: same, options: { a: '1' } })).to.equal(
      undefined,
    );
    expect(change({}, { columns: { dhcpv4_options: undefined }, options: { a: undefined } })).to.equal(undefined);
  });

  it('counts an empty column "enabled" as true', () => {
    expect(change({}, { columns: { enabled: true } })).to.equal(undefined);
    expect(change({}, { columns: { enabled: false } })).to.deep.equal({ enabled: false });
    expect(change({ enabled: false }, { columns: { enabled: true } })).to.deep.equal({ enabled: true });
  });

  it('is just the columns that differ', () => {
    expect(
      change(
        { dhcpv4_options: DHCP, parent_name: 'vm', tag_request: 3 },
        { columns: { dhcpv4_options: undefined, dhcpv6_options: DHCP, parent_name: 'vm', tag_request: 4 } },
      ),
    ).to.deep.equal({ dhcpv4_options: undefined, dhcpv6_options: DHCP, tag_request: 4 });
  });

  it('keeps the options that the settings do not name', () => {
    const wanted = { a: '2', c: undefined, d: '4' };
    expect(change({ options: { a: '1', b: 'theirs', c: '3' } }, { options: wanted })).to.deep.equal({
      options: { a: '2', b: 'theirs', d: '4' },
    });
  });

  it('sets port security where it is empty, leaves what people made of it, and empties it when told to', () => {
    expect(change({}, { portSecurity: true })).to.deep.equal({ port_security: [ELEMENT] });
    expect(change({ port_security: ['0a:00:00:00:00:01'] }, { portSecurity: true })).to.equal(undefined);
    expect(change({ port_security: ['0a:00:00:00:00:01'] }, { portSecurity: false })).to.deep.equal({
      port_security: [],
    });
    expect(change({}, { portSecurity: false })).to.equal(undefined);
  });

  it('says which external_ids to set and which to remove', () => {
    const present = row({ external_ids: { vendor: 'x', a: '1', b: '2', c: '3' } });
    const wanted = settings({ externalIds: { a: '1', b: undefined, c: '4', d: '5', e: undefined } });
    expect(changedExternalIds(present, wanted)).to.deep.equal({ set: { c: '4', d: '5' }, delete: ['b'] });
  });

  it('does not take what every object inherits for a key', () => {
    expect(change({}, { options: { constructor: undefined } })).to.equal(undefined);
    expect(change({}, { options: { constructor: 'x' } })).to.deep.equal({ options: { constructor: 'x' } });
  });
});

describe('the port security of a port that gets other addresses', () => {
  const OLD = '0a:00:00:00:00:01 10.0.0.5 fd00::5';
  const replace = (elements: readonly string[], oldElement: string, newElement: string): string[] | undefined =>
    replaceSecurity(row({ port_security: elements }), oldElement, newElement);

  it('follows, and nothing else in it changes', () => {
    expect(replace([OLD, '0a:00:00:00:00:99 10.0.0.99'], OLD, '0a:00:00:00:00:01 10.0.0.6 fd00::6')).to.deep.equal([
      '0a:00:00:00:00:01 10.0.0.6 fd00::6',
      '0a:00:00:00:00:99 10.0.0.99',
    ]);
  });

  it('follows in whatever way it is written', () => {
    expect(replace(['0A:00:00:00:00:01,FD00:0::5,10.0.0.5'], OLD, '0a:00:00:00:00:01 10.0.0.6')).to.deep.equal([
      '0a:00:00:00:00:01 10.0.0.6',
    ]);
  });

  it('keeps further addresses of the same element', () => {
    expect(
      replace(
        ['0a:00:00:00:00:01 10.0.0.5 192.168.0.0/24 10.0.0.77', 'VRRPv3 0a:00:00:00:00:01 00:00:5e:00:01:07 10.0.0.5'],
        '0a:00:00:00:00:01 10.0.0.5',
        '0a:00:00:00:00:02 10.0.0.6',
      ),
    ).to.deep.equal([
      '0a:00:00:00:00:02 10.0.0.6 192.168.0.0/24 10.0.0.77',
      'VRRPv3 0a:00:00:00:00:02 00:00:5e:00:01:07 10.0.0.6',
    ]);
  });

  it('names no address twice that it had already', () => {
    const present = ['0a:00:00:00:00:01 10.0.0.6 10.0.0.5', '0a:00:00:00:00:01 10.0.0.6'];
    expect(replace(present, '0a:00:00:00:00:01 10.0.0.5', '0a:00:00:00:00:01 10.0.0.6')).to.deep.equal([
      '0a:00:00:00:00:01 10.0.0.6',
    ]);
  });

  it('allows the new MAC address where it allowed the old one with any IP address', () => {
    expect(replace(['0a:00:00:00:00:01'], OLD, '0a:00:00:00:00:02 10.0.0.6')).to.deep.equal(['0a:00:00:00:00:02']);
    expect(replace(['0a:00:00:00:00:01'], OLD, '0a:00:00:00:00:01 10.0.0.6')).to.equal(undefined);
  });

  it('gets the second family with the first', () => {
    expect(
      replace(['0a:00:00:00:00:01 10.0.0.5'], '0a:00:00:00:00:01 10.0.0.5', '0a:00:00:00:00:01 10.0.0.6 fd00::6'),
    ).to.deep.equal(['0a:00:00:00:00:01 10.0.0.6 fd00::6']);
  });

  it('stays where it is empty, about others, or what nobody understands', () => {
    const given = ['0a:00:00:00:00:99 10.0.0.5', 'garbage', '10.0.0.5', ''];
    expect(replace([], OLD, '0a:00:00:00:00:01 10.0.0.6')).to.equal(undefined);
    expect(replace(given, OLD, '0a:00:00:00:00:01 10.0.0.6')).to.equal(undefined);
    expect(replace(['0a:00:00:00:00:01  10.0.0.5'], OLD, OLD)).to.equal(undefined);
  });
});
