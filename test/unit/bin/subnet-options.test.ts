import { expect } from 'chai';

import { givenSubnets, subnetsByName } from '../../../lib/bin/ports/subnet-options.js';
import { InvalidArgumentError, OvsdbError } from '../../../lib/errors.js';

const file = (text: string): { file: string; text: string } => ({ file: 'subnets.yaml', text });

describe('--subnet', () => {
  it('names the switch of a namespace', () => {
    expect(givenSubnets(['product=ls1', 'qa=ls2'], undefined)).to.deep.equal({
      product: { logicalSwitch: 'ls1' },
      qa: { logicalSwitch: 'ls2' },
    });
  });

  it('says CIDR, gateway and excluded addresses, one or several', () => {
    const option =
      'product=ls1,cidr=10.16.0.0/24,fd00::/64,gateway=10.16.0.1,exclude=10.16.0.2..10.16.0.9,exclude=fd00::5';
    expect(givenSubnets([option], undefined)).to.deep.equal({
      product: {
        logicalSwitch: 'ls1',
        cidr: ['10.16.0.0/24', 'fd00::/64'],
        gateway: '10.16.0.1',
        exclude: ['10.16.0.2..10.16.0.9', 'fd00::5'],
      },
    });
  });

  it('names DHCP options', () => {
    expect(givenSubnets(['product=ls1,dhcpv4Options=by-cidr'], undefined)).to.deep.equal({
      product: { logicalSwitch: 'ls1', dhcpv4Options: 'by-cidr' },
    });
  });

  const wrong: [string, string, string][] = [
    ['without a switch', 'product', 'names no namespace and switch'],
    ['without a namespace', '=ls1', 'names no namespace and switch'],
    ['with an empty switch', 'product=,cidr=10.16.0.0/24', 'names no namespace and switch'],
    ['with an unknown word', 'product=ls1,mask=24', 'has an unknown "mask"'],
    ['with a value of nothing', 'product=ls1,10.16.0.0/24', 'has "10.16.0.0/24" without saying what that is'],
    ['with an empty value', 'product=ls1,cidr=', 'gives nothing for cidr'],
    ['with two values where there is one', 'product=ls1,dhcpv4Options=a,b', 'gives several dhcpv4Options'],
  ];
  for (const [what, option, reason] of wrong) {
    it(`is refused ${what}`, () => {
      expect(() => givenSubnets([option], undefined))
        .to.throw(InvalidArgumentError)
        .with.property('message')
        .that.includes(`--subnet "${option}" ${reason}; write it as NAMESPACE=SWITCH`);
    });
  }

  it('is refused a second time for a namespace', () => {
    expect(() => givenSubnets(['a=x', 'a=y'], undefined)).to.throw(InvalidArgumentError, 'is the second one');
  });
});

describe('--subnets', () => {
  it('is a map by namespace, as YAML or JSON; --subnet goes before it', () => {
    const product = { logicalSwitch: 'ls1', cidr: ['10.16.0.0/24'], gateway: '10.16.0.1' };
    const given = givenSubnets(['qa=ls9'], file(JSON.stringify({ product, qa: { logicalSwitch: 'ls2' } })));
    expect(given).to.deep.equal({ product, qa: { logicalSwitch: 'ls9' } });
    expect(givenSubnets([], file('product:\n  logicalSwitch: ls1\n'))).to.deep.equal({
      product: { logicalSwitch: 'ls1' },
    });
  });

  const wrong: [string, string, string][] = [
    ['a list', '- product', 'there must be one map, by namespace'],
    ['several documents', 'a: {logicalSwitch: x}\n---\nb: {logicalSwitch: y}', 'there must be one map, by namespace'],
    ['no map of a namespace', 'product: ls1', 'namespace product has "ls1" instead of a map'],
    ['no switch', 'product: {cidr: 10.16.0.0/24}', 'namespace product needs logicalSwitch'],
    ['an unknown key', 'product: {logicalSwitch: x, mask: 24}', 'namespace product has an unknown "mask"'],
    ['a number', 'product: {logicalSwitch: x, cidr: 10}', 'cidr of namespace product is 10, not a text or a list'],
    ['no YAML', 'product: [', 'subnets.yaml is not YAML'],
  ];
  for (const [what, text, reason] of wrong) {
    it(`is refused with ${what}`, () => {
      expect(() => givenSubnets([], file(text)))
        .to.throw(OvsdbError, reason)
        .with.property('code', 'File');
    });
  }
});

describe('the default of a namespace', () => {
  it('is the switch of its name', () => {
    const subnets = subnetsByName({ product: { logicalSwitch: 'ls1' } });
    expect(subnets('product')).to.deep.equal({ logicalSwitch: 'ls1' });
    expect(subnets('qa')).to.deep.equal({ logicalSwitch: 'qa' });
    expect(subnets('constructor')).to.deep.equal({ logicalSwitch: 'constructor' });
  });
});
