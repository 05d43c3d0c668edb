import { expect } from 'chai';
import {
  canonicalIp,
  compareIp,
  ipFromValue,
  ipKey,
  maxIpValue,
  parseIp,
  tryParseIp,
} from '../../../lib/ipam/address.js';
import { AddressError } from '../../../lib/ipam/errors.js';

describe('parseIp', () => {
  it('reads dotted decimal IPv4', () => {
    expect(parseIp('10.16.0.5')).to.deep.equal({ family: 4, value: 0x0a100005n, text: '10.16.0.5' });
    expect(parseIp('0.0.0.0').value).to.equal(0n);
    expect(parseIp('255.255.255.255').value).to.equal(0xffffffffn);
  });

  const spellings: [string, string][] = [
    ['::', '::'],
    ['FD00::0A', 'fd00::a'],
    ['fd00:0:0:0:0:0:0:1', 'fd00::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['1::2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['::1.2.3.4', '::102:304'],
    ['1:2:3:4:5:6:255.255.0.1', '1:2:3:4:5:6:ffff:1'],
  ];
  for (const [text, canonical] of spellings) {
    it(`prints ${text} as ${canonical}`, () => {
      expect(parseIp(text).text).to.equal(canonical);
      expect(canonicalIp(text)).to.equal(canonical);
    });
  }

  const refused: [string, RegExp][] = [
    ['', /empty/],
    ['010.0.0.1', /"010" has a leading zero/],
    ['10.0.0.00', /leading zero/],
    ['10.1', /2 of 4 parts/],
    ['167772161', /1 of 4 parts/],
    ['1.2.3.4.5', /5 of 4 parts/],
    ['0x0a.0.0.1', /"0x0a" is not a decimal number/],
    ['10.16.0.300', /300 is above 255/],
    ['10.16.0.1000', /1000 is above 255/],
    ['10..0.1', /a part is empty/],
    ['10.0.0.1 ', /blank/],
    ['10.0.0.1/24', /prefix length/],
    ['product', /not an IP address/],
    ['１0.0.0.1', /not an IP address/],
    ['fd00::1%eth0', /zone id/],
    ['fd00::1/64', /prefix length/],
    ['fd00:: 1', /blank/],
    ['fd00::1::2', /not an IPv6 address/],
    ['fd00::12345', /not an IPv6 address/],
    ['1:2:3:4:5:6:7', /not an IPv6 address/],
    ['1:2:3:4:5:6:7:8:9', /not an IPv6 address/],
    ['1:2:3:4:5:6:7:8::', /not an IPv6 address/],
    ['1:2:3:4:5:6:7:1.2.3.4', /not an IPv6 address/],
    [':1:2:3:4:5:6:7', /not an IPv6 address/],
    ['1:2:3:4:5:6:7:', /not an IPv6 address/],
    [':::', /not an IPv6 address/],
    ['::g', /not an IPv6 address/],
    ['::01.2.3.4', /not an IPv6 address/],
    ['::1.2.3', /not an IPv6 address/],
    ['::ffff:1.2.3.4', /IPv4-mapped/],
    ['::ffff:102:304', /IPv4-mapped/],
    ['0:0:0:0:0:FFFF:0:0', /IPv4-mapped/],
  ];
  for (const [text, reason] of refused) {
    it(`refuses ${JSON.stringify(text)} and says why`, () => {
      expect(() => parseIp(text))
        .to.throw(AddressError, reason)
        .that.includes({ code: 'InvalidAddress', text });
      expect(tryParseIp(text)).to.equal(undefined);
      expect(canonicalIp(text)).to.equal(undefined);
    });
  }
});

describe('ipFromValue', () => {
  it('refuses a number that the family does not have', () => {
    expect(() => ipFromValue(4, 1n << 32n)).to.throw(AddressError, 'out of range for IPv4');
    expect(() => ipFromValue(6, 1n << 128n)).to.throw(AddressError, 'out of range for IPv6');
    expect(() => ipFromValue(4, -1n)).to.throw(AddressError, 'out of range');
  });

  it('makes no IPv4-mapped address either', () => {
    expect(() => ipFromValue(6, 0xffff_0000_0001n)).to.throw(AddressError, 'IPv4-mapped');
  });

  it('prints the highest addresses', () => {
    expect(ipFromValue(4, maxIpValue(4)).text).to.equal('255.255.255.255');
    expect(ipFromValue(6, maxIpValue(6)).text).to.equal('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
  });
});

describe('the order of addresses', () => {
  it('puts IPv4 first and then goes by number, not by text', () => {
    const texts = ['fd00::10', '10.0.0.10', 'fd00::9', '10.0.0.9', '::1'];
    const sorted = texts.map(parseIp).sort(compareIp).map(ipKey);
    expect(sorted).to.deep.equal(['10.0.0.9', '10.0.0.10', '::1', 'fd00::9', 'fd00::10']);
  });
});
