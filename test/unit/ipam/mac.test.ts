import { expect } from 'chai';
import { AddressError } from '../../../lib/ipam/errors.js';
import { canonicalMac, formatMac, parseMac, randomMac } from '../../../lib/ipam/mac.js';

describe('parseMac', () => {
  it('reads any letter case and returns lower case', () => {
    expect(parseMac('0A:58:0a:10:00:Ff')).to.equal('0a:58:0a:10:00:ff');
  });

  for (const text of [
    '',
    '0a:58:0a:10:00',
    '0a:58:0a:10:00:05:06',
    '0a-58-0a-10-00-05',
    '0a580a100005',
    'a:58:a:10:0:5',
    '0g:58:0a:10:00:05',
    ' 0a:58:0a:10:00:05',
    '0a:58:0a:10:00:5:',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseMac(text))
        .to.throw(AddressError, 'not a MAC address')
        .that.includes({ code: 'InvalidAddress', text });
      expect(canonicalMac(text)).to.equal(undefined);
    });
  }

  it('refuses what no port can have: multicast, broadcast, all zero', () => {
    expect(() => parseMac('01:00:5e:00:00:01')).to.throw(AddressError, 'multicast');
    expect(() => parseMac('ff:ff:ff:ff:ff:ff')).to.throw(AddressError, 'multicast');
    expect(() => parseMac('00:00:00:00:00:00')).to.throw(AddressError, 'all-zero');
    expect(canonicalMac('FF:ff:ff:ff:ff:ff')).to.equal('ff:ff:ff:ff:ff:ff');
  });
});

describe('randomMac', () => {
  it('is locally administered and unicast whatever the bytes are', () => {
    for (let byte = 0; byte < 256; byte++) {
      const mac = randomMac(() => new Uint8Array(6).fill(byte));
      const first = Number.parseInt(mac.slice(0, 2), 16);
      expect(first & 0x03, mac).to.equal(0x02);
      expect(parseMac(mac)).to.equal(mac);
    }
  });

  it('keeps the other 46 bits of its source', () => {
    expect(randomMac(() => Uint8Array.of(0xfd, 1, 2, 0xab, 0xff, 0))).to.equal('fe:01:02:ab:ff:00');
  });

  it('does not change the bytes it was given', () => {
    const bytes = new Uint8Array(6).fill(0xff);
    randomMac(() => bytes);
    expect([...bytes]).to.deep.equal([255, 255, 255, 255, 255, 255]);
  });

  it('differs from call to call by default', () => {
    expect(new Set(Array.from({ length: 100 }, () => randomMac())).size).to.equal(100);
  });
});

describe('formatMac', () => {
  it('prints six bytes and refuses any other number of them', () => {
    expect(formatMac(Uint8Array.of(0x0a, 0x58, 0, 1, 2, 0xff))).to.equal('0a:58:00:01:02:ff');
    expect(() => formatMac(new Uint8Array(5))).to.throw(AddressError, '6 bytes, not 5');
  });
});
