import { expect } from 'chai';
import fc from 'fast-check';

import { readPortSecurity } from '../../lib/nb/port-security.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { addressElement, type ManagedPortRow } from '../../lib/statefulset/managed-port.js';
import { findSettingsFault } from '../../lib/statefulset/settings/port-settings.js';
import type { ResolvedSettings, SettledColumns } from '../../lib/statefulset/settings/resolve-settings.js';
import {
  changedColumns,
  changedExternalIds,
  newExternalIds,
  newPortColumns,
  replaceSecurity,
  type ExternalIdsChange,
  type SettingsColumns,
} from '../../lib/statefulset/settings/settings-columns.js';

const uuid = fc.constantFrom(
  '00000000-0000-4000-8000-000000000001' as Uuid<'DHCP_Options'>,
  '00000000-0000-4000-8000-000000000002' as Uuid<'DHCP_Options'>,
);
const key = fc.constantFrom('a', 'b', 'constructor', '__proto__', '');
const keys = fc.dictionary(key, fc.constantFrom('1', '2'));
const wantedKeys = fc.dictionary(key, fc.constantFrom('1', '2', undefined));

const octet = fc.integer({ min: 1, max: 6 });
const ip4 = octet.map((n) => `10.0.0.${n}`);
const ip6 = octet.map((n) => `fd00::${n}`);
const mac = octet.map((n) => `0a:00:00:00:00:0${n}`);
const ips = fc.oneof(
  fc.record({ ip4, ip6: fc.constant(undefined) }),
  fc.record({ ip4: fc.constant(undefined), ip6 }),
  fc.record({ ip4, ip6 }),
);
const addresses = fc.tuple(mac, ips).map(([own, pair]) => ({ ...pair, mac: own }));
const securityElement = fc
  .tuple(
    fc.constantFrom('', 'VRRPv3 '),
    mac,
    fc.array(fc.oneof(ip4, ip6, fc.constant('10.9.0.0/16')), { maxLength: 3 }),
  )
  .map(([keyword, own, words]) => `${keyword}${[own, ...words].join(' ')}`);

const rows: fc.Arbitrary<ManagedPortRow> = fc
  .record({
    port_security: fc.uniqueArray(securityElement, { maxLength: 3 }),
    options: keys,
    external_ids: keys,
    enabled: fc.option(fc.boolean(), { nil: undefined }),
    dhcpv4_options: fc.option(uuid, { nil: undefined }),
    dhcpv6_options: fc.option(uuid, { nil: undefined }),
    parent_name: fc.constantFrom('vm1', 'vm2', undefined),
    tag_request: fc.constantFrom(0, 7, undefined),
  })
  .map((columns) => ({
    _uuid: '00000000-0000-4000-8000-000000000009' as Uuid<'Logical_Switch_Port'>,
    name: 'web-0.product',
    type: '',
    addresses: [],
    dynamic_addresses: undefined,
    up: undefined,
    tag: undefined,
    ...columns,
  }));

const settings: fc.Arbitrary<ResolvedSettings> = fc.record({
  portSecurity: fc.constantFrom(true, false, undefined),
  columns: fc.record<SettledColumns>(
    {
      enabled: fc.boolean(),
      dhcpv4_options: fc.option(uuid, { nil: undefined }),
      dhcpv6_options: fc.option(uuid, { nil: undefined }),
      parent_name: fc.constantFrom('vm1', 'vm2'),
      tag_request: fc.constantFrom(0, 7),
    },
    { requiredKeys: [] },
  ),
  options: wantedKeys,
  externalIds: wantedKeys,
  portGroups: fc.constant([]),
});

function written(row: ManagedPortRow, columns: SettingsColumns = {}, ids?: ExternalIdsChange): ManagedPortRow {
  const kept = Object.entries(row.external_ids).filter(([name]) => ids?.delete.includes(name) !== true);
  const external_ids = Object.fromEntries([...kept, ...Object.entries(ids?.set ?? {})]);
  return { ...row, ...columns, external_ids };
}

describe('settings of ports, whatever they and the port are', () => {
  it('are in force once what they change is written, and change nothing that they do not name', () => {
    fc.assert(
      fc.property(rows, settings, addresses, (row, wanted, own) => {
        const element = addressElement(own);
        const after = written(row, changedColumns(row, wanted, element), changedExternalIds(row, wanted));
        expect(changedColumns(after, wanted, element)).to.equal(undefined);
        expect(changedExternalIds(after, wanted)).to.equal(undefined);
        for (const [column, value] of Object.entries(wanted.columns)) {
          const present = after[column as keyof SettledColumns];
          expect(column === 'enabled' ? (present ?? true) : present).to.equal(value);
        }
        for (const column of Object.keys(row) as (keyof ManagedPortRow)[]) {
          if (column in wanted.columns || ['options', 'external_ids', 'port_security'].includes(column)) continue;
          expect(after[column]).to.equal(row[column]);
        }
        for (const [map, named] of [
          ['options', wanted.options],
          ['external_ids', wanted.externalIds],
        ] as const) {
          const rest = (all: object): [string, unknown][] =>
            Object.entries(all).filter(([name]) => !Object.hasOwn(named, name));
          expect(rest(after[map])).to.deep.equal(rest(row[map]));
          for (const [name, value] of Object.entries(named)) {
            expect(Object.entries(after[map]).find(([each]) => each === name)?.[1]).to.equal(value);
          }
        }
      }),
    );
  });

  it('are in force on a port that was made with them', () => {
    fc.assert(
      fc.property(rows, settings, addresses, (row, wanted, own) => {
        const element = addressElement(own);
        const empty: SettingsColumns = { port_security: [], options: {} };
        const blank = { enabled: undefined, dhcpv4_options: undefined, dhcpv6_options: undefined };
        const bare = { ...row, ...empty, ...blank, parent_name: undefined, tag_request: undefined, external_ids: {} };
        const made = { ...bare, ...newPortColumns(wanted, element), external_ids: newExternalIds(wanted) };
        expect(changedColumns(made, wanted, element)).to.equal(undefined);
        expect(changedExternalIds(made, wanted)).to.equal(undefined);
      }),
    );
  });

  it('let a port send from its new addresses wherever it could from its old ones, and touch no other element', () => {
    fc.assert(
      fc.property(rows, addresses, addresses, (row, before, after) => {
        const [old, now] = [addressElement(before), addressElement(after)];
        const secured = { ...row, port_security: [...new Set([old, ...row.port_security])] };
        const replaced = replaceSecurity(secured, old, now) ?? secured.port_security;
        expect(replaced).to.include(now);
        for (const element of secured.port_security) {
          const read = readPortSecurity(element);
          if (!('mac' in read) || read.mac !== before.mac) expect(replaced).to.include(element);
        }
        for (const element of replaced) expect(readPortSecurity(element).kind).not.to.equal('invalid');
      }),
    );
  });

  it('find the fault of anything without failing', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withDate: true }), (value) => {
        const fault = findSettingsFault(value);
        expect(fault === undefined || fault.reason.length > 0).to.equal(true);
      }),
    );
  });
});
