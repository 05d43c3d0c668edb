import { expect } from 'chai';
import { AddressError } from '../../../lib/ipam/errors.js';
import {
  formatPortSecurity,
  parsePortSecurity,
  readPortSecurity,
  type PortSecurity,
} from '../../../lib/nb/port-security.js';

const MAC = '80:fa:5b:06:72:b7';

describe('an element of port_security', () => {
  const forms: [string, PortSecurity][] = [
    [MAC, { kind: 'host', mac: MAC, ips: [] }],
    [`${MAC} 192.168.1.10/24`, { kind: 'host', mac: MAC, ips: [{ ip: '192.168.1.10', prefixLength: 24 }] }],
    [
      `${MAC} 192.168.1.10 fd00::/64 10.0.0.0/0`,
      {
        kind: 'host',
        mac: MAC,
        ips: [{ ip: '192.168.1.10' }, { ip: 'fd00::', prefixLength: 64 }, { ip: '10.0.0.0', prefixLength: 0 }],
      },
    ],
    [`VRRPv3 ${MAC}`, { kind: 'vrrpv3', mac: MAC, virtualMacs: [], ips: [] }],
    [
      `VRRPv3 ${MAC} 00:00:5e:00:01:00/40 00:00:5e:00:02:07 10.0.0.1`,
      {
        kind: 'vrrpv3',
        mac: MAC,
        virtualMacs: [{ mac: '00:00:5e:00:01:00', prefixLength: 40 }, { mac: '00:00:5e:00:02:07' }],
        ips: [{ ip: '10.0.0.1' }],
      },
    ],
  ];
  for (const [text, element] of forms) {
    it(`is read and printed: ${text}`, () => {
      expect(parsePortSecurity(text)).to.deep.equal(element);
      expect(formatPortSecurity(element)).to.equal(text);
    });
  }

  it('may be separated by commas, and have a dotted mask', () => {
    expect(parsePortSecurity(`${MAC.toUpperCase()}, 10.0.0.4/255.255.255.0,FD00::0004`)).to.deep.equal({
      kind: 'host',
      mac: MAC,
      ips: [{ ip: '10.0.0.4', prefixLength: 24 }, { ip: 'fd00::4' }],
    });
  });

  const refused: [string, RegExp][] = [
    ['', /a MAC address must come first/],
    ['10.0.0.4', /a MAC address must come first/],
    ['VRRPv3', /after "VRRPv3"/],
    [`VRRPv3 10.0.0.4`, /after "VRRPv3"/],
    [`vrrpv3 ${MAC}`, /a MAC address must come first/],
    [`${MAC} garbage`, /"garbage" is not an IP address/],
    [`${MAC} ${MAC}`, /is not an IP address/],
    [`${MAC} 10.0.0.4/33`, /has a mask that is none/],
    [`${MAC} 10.0.0.4/255.0.255.0`, /has a mask that is none/],
    [`${MAC} 10.0.0.4/`, /has a mask that is none/],
    [`${MAC} fd00::/129`, /has a mask that is none/],
    [`${MAC} fd00::/255.255.0.0`, /has a mask that is none/],
    ['01:00:5e:00:00:01', /multicast/],
    [`VRRPv3 ${MAC} 0a:00:00:00:00:01`, /not a virtual MAC address/],
    [`VRRPv3 ${MAC} 00:00:5e:00:03:01`, /not a virtual MAC address/],
    [`VRRPv3 ${MAC} 00:00:5e:00:01:00/39`, /shorter than \/40/],
    [`VRRPv3 ${MAC} 00:00:5e:00:01:00/49`, /has a mask that is none/],
    [`VRRPv3 ${MAC} 00:00:5e:00:01:00`, /virtual router id 0/],
    [`VRRPv3 ${MAC} 00:00:5e:00:01:07/44`, /bits set behind its mask/],
  ];
  for (const [text, reason] of refused) {
    it(`is refused for writing: ${JSON.stringify(text)}`, () => {
      expect(() => parsePortSecurity(text))
        .to.throw(AddressError, reason)
        .that.includes({ text });
    });
  }

  it('is not printed with anything that OVN would not read', () => {
    expect(() => formatPortSecurity({ kind: 'host', mac: MAC, ips: [{ ip: '10.0.0.4', prefixLength: 64 }] })).to.throw(
      AddressError,
      'has a mask that is none',
    );
    expect(() => formatPortSecurity({ kind: 'host', mac: 'x', ips: [] })).to.throw(AddressError, 'not a MAC address');
  });

  it('yields what can be understood when a database holds rubbish', () => {
    const text = `${MAC} 10.0.0.4 oops fd00::4/200 fd00::5`;
    expect(readPortSecurity(text)).to.deep.equal({
      kind: 'invalid',
      text,
      reason: '"oops" is not an IP address',
      mac: MAC,
      ips: [{ ip: '10.0.0.4' }, { ip: 'fd00::5' }],
    });
    expect(readPortSecurity('')).to.deep.include({ kind: 'invalid', ips: [] });
  });
});
