import { expect } from 'chai';
import { AddressError } from '../../../lib/ipam/errors.js';
import {
  formatPortAddress,
  parsePortAddress,
  parsePortAddresses,
  readPortAddress,
  type PortAddress,
} from '../../../lib/nb/addresses.js';

const MAC = '80:fa:5b:06:72:b7';

describe('an element of addresses', () => {
  const forms: [string, PortAddress][] = [
    [MAC, { kind: 'static', mac: MAC, ips: [] }],
    [`${MAC} 10.0.0.4 20.0.0.4`, { kind: 'static', mac: MAC, ips: ['10.0.0.4', '20.0.0.4'] }],
    [
      `${MAC} fdaa:15f2:72cf:0:f816:3eff:fe20:3f41`,
      { kind: 'static', mac: MAC, ips: ['fdaa:15f2:72cf:0:f816:3eff:fe20:3f41'] },
    ],
    [`${MAC} 10.0.0.4 fd00::4`, { kind: 'static', mac: MAC, ips: ['10.0.0.4', 'fd00::4'] }],
    ['unknown', { kind: 'unknown' }],
    ['router', { kind: 'router' }],
    ['dynamic', { kind: 'dynamic', ips: [] }],
    ['dynamic 192.168.0.1', { kind: 'dynamic', ips: ['192.168.0.1'] }],
    ['dynamic 2001::1', { kind: 'dynamic', ips: ['2001::1'] }],
    ['dynamic 192.168.0.1 2001::1', { kind: 'dynamic', ips: ['192.168.0.1', '2001::1'] }],
    [`${MAC} dynamic`, { kind: 'dynamic', mac: MAC, ips: [] }],
  ];
  for (const [text, address] of forms) {
    it(`is read and printed: ${text}`, () => {
      expect(parsePortAddress(text)).to.deep.equal(address);
      expect(readPortAddress(text)).to.deep.equal(address);
      expect(formatPortAddress(address)).to.equal(text);
    });
  }

  it('comes out in canonical text', () => {
    const address = parsePortAddress('80:FA:5B:06:72:B7  10.0.0.4\tFD00:0::0004 ');
    expect(address).to.deep.equal({ kind: 'static', mac: MAC, ips: ['10.0.0.4', 'fd00::4'] });
    expect(formatPortAddress({ kind: 'static', mac: MAC.toUpperCase(), ips: ['FD00:0::4'] })).to.equal(
      `${MAC} fd00::4`,
    );
  });
});

describe('writing an element of addresses', () => {
  const refused: [string, RegExp][] = [
    ['', /empty/],
    ['garbage', /neither a MAC address first/],
    ['10.0.0.4', /neither a MAC address first/],
    ['Unknown', /neither a MAC address first/],
    ['unknown 10.0.0.4', /neither a MAC address first/],
    [' router', /neither a MAC address first/],
    [`10.0.0.4 ${MAC}`, /neither a MAC address first/],
    [`${MAC} garbage`, /"garbage" is not an IP address/],
    [`${MAC} 10.0.0.300`, /"10\.0\.0\.300" is not an IP address/],
    [`${MAC} 10.0.0.4,10.0.0.5`, /"10\.0\.0\.4,10\.0\.0\.5" is not an IP address/],
    [`${MAC} 10.0.0.4/24`, /prefix length has no meaning/],
    [`${MAC} 10.0.0.4/33x`, /is not an IP address/],
    [`${MAC},10.0.0.4`, /neither a MAC address first/],
    [`${MAC} 10.0.0.4 10.0.0.4`, /10\.0\.0\.4 is there twice/],
    [`${MAC} fd00::4 FD00::0004`, /fd00::4 is there twice/],
    [`${MAC} 224.0.0.1`, /multicast/],
    [`${MAC} 0.0.0.0`, /this network/],
    [`${MAC} ${MAC}`, /is not an IP address/],
    [`${MAC} dynamic 10.0.0.4`, /nothing but a MAC address may come before "dynamic"/],
    [`${MAC} 10.0.0.4 dynamic`, /nothing but a MAC address may come before "dynamic"/],
    ['01:00:5e:00:00:01 10.0.0.4', /multicast MAC/],
    ['00:00:00:00:00:00', /all-zero MAC/],
    ['0:fa:5b:6:72:b7', /not a MAC address/],
    ['dynamic garbage', /"garbage" is not an IP address/],
    ['dynamic 10.0.0.4 10.0.0.5', /one IPv4 address, one IPv6 address, or one of each in this order/],
    ['dynamic 2001::1 192.168.0.1', /in this order/],
    ['dynamic 192.168.0.1 2001::1 2001::2', /in this order/],
    ['dynamic 255.255.255.255', /limited broadcast/],
  ];
  for (const [text, reason] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parsePortAddress(text))
        .to.throw(AddressError, reason)
        .that.includes({ code: 'InvalidAddress', text });
    });
  }

  it('refuses to print what it would refuse to read', () => {
    expect(() => formatPortAddress({ kind: 'static', mac: 'garbage', ips: [] })).to.throw(
      AddressError,
      'not a MAC address',
    );
    expect(() => formatPortAddress({ kind: 'static', mac: MAC, ips: ['10.0.0'] })).to.throw(
      AddressError,
      '3 of 4 parts',
    );
    expect(() => formatPortAddress({ kind: 'static', mac: MAC, ips: ['fd00::1', 'FD00::1'] })).to.throw(
      AddressError,
      'twice',
    );
    expect(() => formatPortAddress({ kind: 'dynamic', mac: MAC, ips: ['10.0.0.1'] })).to.throw(AddressError, 'dynamic');
  });
});

describe('the whole set of addresses', () => {
  it('may hold several static elements and one dynamic one', () => {
    const kinds = parsePortAddresses([MAC, 'dynamic', 'unknown', '0a:00:00:00:00:01 10.0.0.1'], '').map(
      ({ kind }) => kind,
    );
    expect(kinds).to.deep.equal(['static', 'dynamic', 'unknown', 'static']);
  });

  it('holds "router" only on a port of that type', () => {
    expect(parsePortAddresses(['router'], 'router')).to.deep.equal([{ kind: 'router' }]);
    expect(() => parsePortAddresses(['router'], '')).to.throw(AddressError, 'only a port of type "router"');
  });

  it('holds no second dynamic element', () => {
    expect(() => parsePortAddresses(['dynamic', `${MAC} dynamic`], '')).to.throw(
      AddressError,
      'second dynamic element',
    );
  });
});

describe('reading what a database holds', () => {
  it('drops prefix lengths, as OVN does', () => {
    expect(readPortAddress(`${MAC} 10.0.0.4/24 fd00::4/64`)).to.deep.equal({
      kind: 'static',
      mac: MAC,
      ips: ['10.0.0.4', 'fd00::4'],
    });
    expect(readPortAddress(`${MAC} 10.0.0.4/255.255.255.0`)).to.include({ kind: 'static' });
  });

  it('takes blanks and short bytes where OVN takes them', () => {
    expect(readPortAddress(`  ${MAC}   10.0.0.4\n`)).to.deep.equal({ kind: 'static', mac: MAC, ips: ['10.0.0.4'] });
    expect(readPortAddress('0:fa:5b:6:72:b7 10.0.0.4')).to.deep.equal({
      kind: 'static',
      mac: '00:fa:5b:06:72:b7',
      ips: ['10.0.0.4'],
    });
  });

  it('lets MAC addresses pass that no port should have', () => {
    expect(readPortAddress('FF:ff:ff:ff:ff:ff')).to.deep.equal({ kind: 'static', mac: 'ff:ff:ff:ff:ff:ff', ips: [] });
  });

  it('saves what it can from a broken element', () => {
    const text = `${MAC} 10.0.0.4 garbage fd00::4`;
    expect(readPortAddress(text)).to.deep.equal({
      kind: 'invalid',
      text,
      reason: '"garbage" is not an IP address',
      mac: MAC,
      ips: ['10.0.0.4', 'fd00::4'],
    });
    expect(readPortAddress('10.0.0.4 x')).to.deep.include({ kind: 'invalid', ips: ['10.0.0.4'] });
    expect(readPortAddress('dynamic 10.0.0.4 10.0.0.5')).to.deep.include({
      kind: 'invalid',
      ips: ['10.0.0.4', '10.0.0.5'],
    });
  });

  it('never throws', () => {
    for (const text of [
      '',
      ' ',
      '/',
      ':',
      '::',
      'dynamic ',
      'dynamic /',
      `${MAC} `,
      `${MAC} /24`,
      `${MAC} ::/x`,
      `${MAC}x`,
      '\u0000',
      'é'.repeat(500),
    ]) {
      expect(readPortAddress(text), JSON.stringify(text)).to.have.property('kind');
    }
  });
});
