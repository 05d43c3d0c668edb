import { expect } from 'chai';
import { parseIp } from '../../../lib/ipam/address.js';
import { AddressError } from '../../../lib/ipam/errors.js';
import { formatIpRangeList } from '../../../lib/ipam/range.js';
import {
  classifyAddress,
  parseSubnet,
  subnetFromOtherConfig,
  unavailableRanges,
  type Subnet,
} from '../../../lib/ipam/subnet.js';

const classify = (subnet: Subnet, ...ips: string[]): string[] => ips.map((ip) => classifyAddress(subnet, parseIp(ip)));

describe('parseSubnet', () => {
  it('takes one CIDR, or one of each family as a list or with a comma', () => {
    expect(parseSubnet({ cidr: '10.16.0.0/24' }).v4?.cidr.text).to.equal('10.16.0.0/24');
    for (const cidr of [
      '10.16.0.0/24,fd00:10:16::/64',
      ' fd00:10:16::/64 , 10.16.0.0/24',
      ['10.16.0.0/24', 'fd00:10:16::/64'],
    ]) {
      const { v4, v6 } = parseSubnet({ cidr });
      expect([v4?.cidr.text, v6?.cidr.text]).to.deep.equal(['10.16.0.0/24', 'fd00:10:16::/64']);
    }
  });

  it('has no key for a family that it does not have', () => {
    expect(parseSubnet({ cidr: '10.16.0.0/24' })).to.have.all.keys('v4');
    expect(parseSubnet({ cidr: 'fd00::/64' })).to.have.all.keys('v6');
  });

  it('keeps gateway and excluded addresses by family', () => {
    const { v4, v6 } = parseSubnet({
      cidr: '10.16.0.0/24,fd00::/64',
      gateway: '10.16.0.1,fd00::1',
      exclude: ['10.16.0.9', '10.16.0.2..10.16.0.8', 'fd00::2..fd00::f'],
    });
    expect([v4?.gateway?.text, v4?.gatewayAssumed, v6?.gateway?.text]).to.deep.equal(['10.16.0.1', false, 'fd00::1']);
    expect([formatIpRangeList(v4!.excluded), formatIpRangeList(v6!.excluded)]).to.deep.equal([
      '10.16.0.2..10.16.0.9',
      'fd00::2..fd00::f',
    ]);
  });

  it('reads excluded addresses from one text as well', () => {
    const { v4 } = parseSubnet({ cidr: '10.16.0.0/24', exclude: '10.16.0.9 10.16.0.2..10.16.0.3' });
    expect(formatIpRangeList(v4!.excluded)).to.equal('10.16.0.2..10.16.0.3 10.16.0.9');
  });

  it('assumes no gateway', () => {
    expect(parseSubnet({ cidr: '10.16.0.0/24' }).v4).to.not.have.property('gateway');
  });

  const cidr = '10.16.0.0/24';
  const refused: [string, Parameters<typeof parseSubnet>[0], RegExp][] = [
    ['no CIDR', { cidr: [] }, /needs a CIDR/],
    ['an empty CIDR', { cidr: '' }, /prefix length is missing/],
    ['host bits in the CIDR', { cidr: '10.16.0.1/24' }, /did you mean 10\.16\.0\.0\/24/],
    ['two CIDRs of one family', { cidr: '10.16.0.0/24,10.17.0.0/24' }, /second IPv4 CIDR beside 10\.16\.0\.0\/24/],
    ['a CIDR of multicast addresses', { cidr: 'ff02::/64' }, /not a subnet for ports.*multicast/],
    ['everything as a CIDR', { cidr: '0.0.0.0/0' }, /not a subnet for ports/],
    ['a malformed gateway', { cidr, gateway: '10.16.0' }, /3 of 4 parts/],
    ['two gateways of one family', { cidr, gateway: ['10.16.0.1', '10.16.0.2'] }, /second IPv4 gateway/],
    [
      'a gateway outside the CIDR',
      { cidr, gateway: '10.17.0.1' },
      /"10\.17\.0\.1": the gateway is outside 10\.16\.0\.0\/24/,
    ],
    ['a gateway without a CIDR', { cidr, gateway: '10.16.0.1,fd00::1' }, /"fd00::1": the gateway has no IPv6 CIDR/],
    ['the network address as gateway', { cidr, gateway: '10.16.0.0' }, /network address/],
    ['the broadcast address as gateway', { cidr, gateway: '10.16.0.255' }, /broadcast address/],
    ['the anycast address as gateway', { cidr: 'fd00::/64', gateway: 'fd00::' }, /anycast address/],
    ['a reversed exclusion', { cidr, exclude: ['10.16.0.9..10.16.0.2'] }, /reversed range/],
    ['an exclusion outside the CIDR', { cidr, exclude: ['10.16.0.250..10.16.1.5'] }, /not inside 10\.16\.0\.0\/24/],
    ['an exclusion of another family', { cidr, exclude: 'fd00::5' }, /not inside/],
  ];
  for (const [what, options, reason] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => parseSubnet(options)).to.throw(AddressError, reason);
    });
  }
});

describe('subnetFromOtherConfig', () => {
  it('finds nothing on a switch without IPAM', () => {
    expect(subnetFromOtherConfig({})).to.equal(undefined);
    expect(subnetFromOtherConfig({ mac_only: 'true', exclude_ips: '10.0.0.1' })).to.equal(undefined);
  });

  it('keeps the first host address for the router, as OVN does', () => {
    const { v4 } = subnetFromOtherConfig({ subnet: '192.168.0.0/24' })!;
    expect([v4?.cidr.text, v4?.gateway?.text, v4?.gatewayAssumed]).to.deep.equal([
      '192.168.0.0/24',
      '192.168.0.1',
      true,
    ]);
  });

  it('reads a subnet as loosely as ovn-northd', () => {
    expect(subnetFromOtherConfig({ subnet: '192.168.0.77/24' })?.v4?.cidr.text).to.equal('192.168.0.0/24');
    expect(subnetFromOtherConfig({ subnet: '192.168.0.0/255.255.254.0' })?.v4?.cidr.text).to.equal('192.168.0.0/23');
    expect(subnetFromOtherConfig({ subnet: '192.168.0.6/31' })?.v4?.gateway?.text).to.equal('192.168.0.7');
    expect(subnetFromOtherConfig({ subnet: '192.168.0.6/32' })?.v4).to.not.have.property('gateway');
  });

  it('takes an ipv6_prefix as a /64', () => {
    const { v4, v6 } = subnetFromOtherConfig({ ipv6_prefix: 'BEF0:1234:a890:5678::' })!;
    expect([v4, v6?.cidr.text, v6?.gateway, v6?.gatewayAssumed]).to.deep.equal([
      undefined,
      'bef0:1234:a890:5678::/64',
      undefined,
      false,
    ]);
    expect(subnetFromOtherConfig({ ipv6_prefix: 'aef0::/64' })?.v6?.cidr.text).to.equal('aef0::/64');
  });

  it('ignores excluded addresses outside the subnet and cuts those that reach beyond it', () => {
    const { v4 } = subnetFromOtherConfig({
      subnet: '192.168.0.0/24',
      exclude_ips: '10.0.0.1 192.168.0.250..192.168.1.9 192.168.0.4 fd00::1',
    })!;
    expect(formatIpRangeList(v4!.excluded)).to.equal('192.168.0.4 192.168.0.250..192.168.0.255');
  });

  const refused: [Record<string, string>, RegExp][] = [
    [{ subnet: '192.168.0.0' }, /other_config:subnet of switch "product": not a CIDR/],
    [{ subnet: '192.168.0.0/255.0.255.0' }, /the mask has holes/],
    [{ subnet: 'fd00::/64' }, /ipv6_prefix/],
    [{ subnet: '' }, /other_config:subnet/],
    [
      { subnet: '192.168.0.0/24', exclude_ips: '192.168.0.9..192.168.0.2' },
      /other_config:exclude_ips of switch "product": a reversed range/,
    ],
    [{ ipv6_prefix: '10.0.0.0' }, /other_config:ipv6_prefix of switch "product": not an IPv6 prefix/],
    [{ ipv6_prefix: 'fd00::1' }, /did you mean fd00::\?/],
    [{ ipv6_prefix: 'fd00::/48' }, /must be \/64/],
    [{ ipv6_prefix: 'fd00::/64/64' }, /must be \/64/],
  ];
  for (const [otherConfig, reason] of refused) {
    it(`refuses ${JSON.stringify(otherConfig)} and names the key`, () => {
      expect(() => subnetFromOtherConfig(otherConfig, 'switch "product"')).to.throw(AddressError, reason);
    });
  }
});

describe('classifyAddress', () => {
  const subnet = parseSubnet({
    cidr: '10.16.0.0/24,fd00::/64',
    gateway: '10.16.0.1,fd00::1',
    exclude: '10.16.0.0..10.16.0.9 fd00::2',
  });

  it('tells what an address is reserved for', () => {
    expect(
      classify(subnet, '10.16.0.0', '10.16.0.1', '10.16.0.9', '10.16.0.10', '10.16.0.255', '10.16.1.0'),
    ).to.deep.equal(['network', 'gateway', 'excluded', 'ok', 'broadcast', 'outside']);
    expect(classify(subnet, 'fd00::', 'fd00::1', 'fd00::2', 'fd00::3', 'fd00:0:0:1::')).to.deep.equal([
      'anycast',
      'gateway',
      'excluded',
      'ok',
      'outside',
    ]);
  });

  it('puts a family without a network outside', () => {
    expect(classify(parseSubnet({ cidr: '10.16.0.0/24' }), 'fd00::1')).to.deep.equal(['outside']);
  });

  it('treats the address that OVN keeps for the router as the gateway', () => {
    const fromSwitch = subnetFromOtherConfig({ subnet: '10.16.0.0/24', exclude_ips: '10.16.0.4' })!;
    expect(classify(fromSwitch, '10.16.0.1', '10.16.0.2', '10.16.0.4')).to.deep.equal(['gateway', 'ok', 'excluded']);
  });
});

describe('unavailableRanges', () => {
  it('joins reserved, gateway and excluded addresses', () => {
    const { v4, v6 } = parseSubnet({
      cidr: '10.16.0.0/24,fd00::/64',
      gateway: '10.16.0.1',
      exclude: '10.16.0.2 10.16.0.9',
    });
    expect(formatIpRangeList(unavailableRanges(v4!))).to.equal('10.16.0.0..10.16.0.2 10.16.0.9 10.16.0.255');
    expect(formatIpRangeList(unavailableRanges(v6!))).to.equal('fd00::');
  });
});
