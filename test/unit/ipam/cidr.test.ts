import { expect } from 'chai';
import { parseIp } from '../../../lib/ipam/address.js';
import { cidrAround, cidrContains, cidrHosts, cidrSize, parseCidr, reservedKind } from '../../../lib/ipam/cidr.js';
import { AddressError } from '../../../lib/ipam/errors.js';

describe('parseCidr', () => {
  it('knows the ends of a network', () => {
    const cidr = parseCidr('10.16.0.0/22');
    expect([cidr.family, cidr.prefixLength, cidr.first.text, cidr.last.text, cidr.text]).to.deep.equal([
      4,
      22,
      '10.16.0.0',
      '10.16.3.255',
      '10.16.0.0/22',
    ]);
    expect(cidrSize(cidr)).to.equal(1024n);
    expect(cidrSize(parseCidr('FD00:0::/64'))).to.equal(1n << 64n);
    expect(parseCidr('FD00:0::/64').text).to.equal('fd00::/64');
  });

  it('names the network that an address inside it probably means', () => {
    expect(() => parseCidr('10.16.0.5/24')).to.throw(AddressError, 'did you mean 10.16.0.0/24?');
    expect(() => parseCidr('fd00::5/64')).to.throw(AddressError, 'did you mean fd00::/64?');
  });

  for (const text of [
    '10.16.0.0',
    '10.16.0.0/',
    '10.16.0.0/33',
    '10.16.0.0/024',
    '10.16.0.0/-1',
    '10.16.0.0/255.0.0.0',
    'fd00::/129',
    '/24',
    '10.0/8',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseCidr(text))
        .to.throw(AddressError)
        .that.includes({ text });
    });
  }
});

describe('cidrContains', () => {
  it('goes exactly from the first address to the last', () => {
    const cidr = parseCidr('10.16.4.0/23');
    const inside = ['10.16.3.255', '10.16.4.0', '10.16.5.255', '10.16.6.0'].map((ip) =>
      cidrContains(cidr, parseIp(ip)),
    );
    expect(inside).to.deep.equal([false, true, true, false]);
  });

  it('keeps the families apart, also where the numbers are equal', () => {
    expect(cidrContains(parseCidr('0.0.0.0/0'), parseIp('::1'))).to.equal(false);
  });
});

describe('the reserved addresses of a network', () => {
  const kinds = (cidr: string, ...ips: string[]): (string | undefined)[] =>
    ips.map((ip) => reservedKind(parseCidr(cidr), parseIp(ip)));

  it('are network and broadcast in IPv4, down to a /30', () => {
    expect(kinds('10.0.0.0/24', '10.0.0.0', '10.0.0.1', '10.0.0.255')).to.deep.equal([
      'network',
      undefined,
      'broadcast',
    ]);
    expect(kinds('10.0.0.0/30', '10.0.0.0', '10.0.0.3')).to.deep.equal(['network', 'broadcast']);
  });

  it('do not exist in a /31 (RFC 3021) and a /32', () => {
    expect(kinds('10.0.0.0/31', '10.0.0.0', '10.0.0.1')).to.deep.equal([undefined, undefined]);
    expect(kinds('10.0.0.0/32', '10.0.0.0')).to.deep.equal([undefined]);
  });

  it('are the Subnet-Router anycast address in IPv6, down to a /126, and no broadcast', () => {
    expect(kinds('fd00::/64', 'fd00::', 'fd00::ffff:ffff:ffff:ffff')).to.deep.equal(['anycast', undefined]);
    expect(kinds('fd00::/126', 'fd00::', 'fd00::3')).to.deep.equal(['anycast', undefined]);
    expect(kinds('fd00::/127', 'fd00::', 'fd00::1')).to.deep.equal([undefined, undefined]);
  });

  it('are left out of the hosts', () => {
    const hosts = (text: string): string[] => Object.values(cidrHosts(parseCidr(text))).map((ip) => ip.text);
    expect(hosts('10.0.0.0/30')).to.deep.equal(['10.0.0.1', '10.0.0.2']);
    expect(hosts('10.0.0.0/31')).to.deep.equal(['10.0.0.0', '10.0.0.1']);
    expect(hosts('10.0.0.7/32')).to.deep.equal(['10.0.0.7', '10.0.0.7']);
    expect(hosts('fd00::/126')).to.deep.equal(['fd00::1', 'fd00::3']);
  });
});

describe('cidrAround', () => {
  it('finds the network of an address', () => {
    expect(cidrAround(parseIp('10.16.7.9'), 22).text).to.equal('10.16.4.0/22');
    expect(cidrAround(parseIp('10.16.7.9'), 0).text).to.equal('0.0.0.0/0');
    expect(cidrAround(parseIp('fd00::1:2:3:4'), 64).text).to.equal('fd00::/64');
  });
});
