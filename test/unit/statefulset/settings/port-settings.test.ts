import { expect } from 'chai';

import { InvalidArgumentError } from '../../../../lib/errors.js';
import { checkPortSettings, findSettingsFault } from '../../../../lib/statefulset/settings/port-settings.js';

const UUID = '5c7f5a3e-4c1b-4d7e-9f55-2f6f0b7f2a10';

describe('settings of a pod’s port', () => {
  it('may name everything, something or nothing, or come from a function', () => {
    checkPortSettings(undefined);
    checkPortSettings({});
    checkPortSettings(() => undefined);
    checkPortSettings({
      portSecurity: false,
      enabled: true,
      dhcpv4Options: UUID.toUpperCase(),
      dhcpv6Options: 'by-cidr',
      options: { 'requested-chassis': 'node1', qos_max_rate: undefined },
      parentName: 'vm1',
      tag: 4095,
      externalIds: { tier: 'front', obsolete: undefined, '': '' },
      portGroups: ['web', 'all'],
    });
    checkPortSettings({ dhcpv4Options: 'none', parentName: undefined, tag: undefined, portGroups: [] });
    checkPortSettings({ parentName: 'vm1', tag: 0 });
  });

  const cases: readonly (readonly [field: string | undefined, settings: unknown, says: string])[] = [
    [undefined, null, 'is null'],
    [undefined, 'fast', 'is "fast"'],
    [undefined, [], 'is []'],
    [undefined, Promise.resolve({}), 'is a promise'],
    ['portsecurity', { portsecurity: true }, 'there are only portSecurity, enabled'],
    ['portSecurity', { portSecurity: 'yes' }, 'is "yes"; it must be true or false'],
    ['enabled', { enabled: null }, 'is null; it must be true or false'],
    ['dhcpv4Options', { dhcpv4Options: '10.0.0.0/24' }, 'the uuid of a row of DHCP_Options'],
    ['dhcpv6Options', { dhcpv6Options: {} }, 'the uuid of a row of DHCP_Options'],
    ['options', { options: ['requested-chassis'] }, 'it must be an object'],
    ['options["requested-chassis"]', { options: { 'requested-chassis': 7 } }, 'is 7; keys and values must be texts'],
    ['options["a"]', { options: { a: 'nul \0' } }, 'without NUL'],
    ['options["a"]', { options: { a: '\ud800' } }, 'must be texts'],
    ['parentName', { parentName: '', tag: 1 }, 'the name of a port'],
    ['parentName', { tag: 1 }, 'given together'],
    ['tag', { parentName: 'vm1' }, 'given together'],
    ['tag', { parentName: 'vm1', tag: 4096 }, 'is 4096; it must be a whole number from 0 to 4095'],
    ['tag', { parentName: 'vm1', tag: 1.5 }, 'is 1.5'],
    ['tag', { parentName: 'vm1', tag: '7' }, 'is "7"'],
    ['externalIds', { externalIds: 'tier' }, 'it must be an object'],
    ['externalIds["vendor"]', { externalIds: { vendor: 'me' } }, 'a key that the manager keeps'],
    ['externalIds["ls"]', { externalIds: { ls: undefined } }, 'a key that the manager keeps'],
    ['externalIds["pod"]', { externalIds: { pod: 'x' } }, 'a key that the manager keeps'],
    ['externalIds["ovn-northbound/x"]', { externalIds: { 'ovn-northbound/x': '1' } }, 'a key that the manager keeps'],
    ['portGroups', { portGroups: 'web' }, 'a list of names'],
    ['portGroups', { portGroups: ['web', ''] }, 'a list of names'],
    ['portGroups', { portGroups: [7] }, 'a list of names'],
  ];
  for (const [field, settings, says] of cases) {
    it(`are refused, because of ${field ?? 'what they are'}: ${says}`, () => {
      expect(findSettingsFault(settings)).to.have.property('field', field);
      const where = field === undefined ? 'option port of' : `option port.${field} of`;
      expect(() => checkPortSettings(settings))
        .to.throw(InvalidArgumentError, where)
        .with.property('message')
        .that.contains(says);
    });
  }

  it('may have the name of a key that every object has', () => {
    const options = JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>;
    expect(findSettingsFault({ options })).to.equal(undefined);
    expect(findSettingsFault({ toString: true })).to.have.property('field', 'toString');
  });
});
