import { expect } from 'chai';
import { parseIp } from '../../../lib/ipam/address.js';
import { AddressError } from '../../../lib/ipam/errors.js';
import {
  formatIpRange,
  formatIpRangeList,
  mergeRanges,
  parseIpRange,
  parseIpRangeList,
  rangeContains,
  rangesOverlap,
  unassignableReason,
} from '../../../lib/ipam/range.js';

describe('parseIpRange', () => {
  it('reads one address and a range, with or without blanks around the dots', () => {
    expect(formatIpRange(parseIpRange('10.0.0.4'))).to.equal('10.0.0.4');
    expect(formatIpRange(parseIpRange('10.0.0.4 .. 10.0.0.9'))).to.equal('10.0.0.4..10.0.0.9');
    expect(formatIpRange(parseIpRange('FD00::1..fd00:0::9'))).to.equal('fd00::1..fd00::9');
  });

  it('says which end is wrong', () => {
    expect(() => parseIpRange('10.0.0.4..10.0.0.300')).to.throw(
      AddressError,
      'end of the range: not an IPv4 address: 300',
    );
    expect(() => parseIpRange('..10.0.0.3')).to.throw(AddressError, 'start of the range: empty');
    expect(() => parseIpRange('10.0.0.1..10.0.0.2..10.0.0.3')).to.throw(AddressError, 'end of the range');
    expect(() => parseIpRange('10.0.0.1...10.0.0.2')).to.throw(AddressError, 'end of the range');
  });

  it('refuses a range that runs backwards or changes family', () => {
    expect(() => parseIpRange('10.0.0.9..10.0.0.4')).to.throw(AddressError, 'did you mean 10.0.0.4..10.0.0.9?');
    expect(() => parseIpRange('10.0.0.9..fd00::1')).to.throw(AddressError, 'from one address family to the other');
  });
});

describe('parseIpRangeList', () => {
  it('reads exclude_ips as OVN documents it and prints it again', () => {
    const text = '192.168.0.4 192.168.0.30..192.168.0.60 192.168.0.110..192.168.0.120';
    expect(formatIpRangeList(parseIpRangeList(text))).to.equal(text);
    expect(formatIpRangeList(parseIpRangeList('  10.0.0.1,10.0.0.4 .. 10.0.0.5\n'))).to.equal(
      '10.0.0.1 10.0.0.4..10.0.0.5',
    );
    expect(parseIpRangeList(' ')).to.deep.equal([]);
  });

  it('refuses a list with one bad element', () => {
    expect(() => parseIpRangeList('10.0.0.1 10.0.0')).to.throw(AddressError, '3 of 4 parts');
  });
});

describe('mergeRanges', () => {
  const merge = (text: string): string => formatIpRangeList(mergeRanges(parseIpRangeList(text)));

  it('sorts, joins what overlaps or touches, and keeps gaps', () => {
    expect(merge('10.0.0.9 10.0.0.1..10.0.0.4 10.0.0.3..10.0.0.6 10.0.0.7')).to.equal('10.0.0.1..10.0.0.7 10.0.0.9');
    expect(merge('10.0.0.1..10.0.0.9 10.0.0.3')).to.equal('10.0.0.1..10.0.0.9');
  });

  it('never joins across families', () => {
    expect(merge('255.255.255.255 :: ::1')).to.equal('255.255.255.255 ::..::1');
  });
});

describe('ranges', () => {
  it('hold their ends and nothing of the other family', () => {
    const range = parseIpRange('0.0.0.4..0.0.0.6');
    const held = ['0.0.0.3', '0.0.0.4', '0.0.0.6', '0.0.0.7', '::5'].map((ip) => rangeContains(range, parseIp(ip)));
    expect(held).to.deep.equal([false, true, true, false, false]);
  });

  it('overlap from one address in common', () => {
    const overlap = (a: string, b: string): boolean => rangesOverlap(parseIpRange(a), parseIpRange(b));
    expect(overlap('10.0.0.1..10.0.0.4', '10.0.0.4..10.0.0.9')).to.equal(true);
    expect(overlap('10.0.0.1..10.0.0.4', '10.0.0.5..10.0.0.9')).to.equal(false);
    expect(overlap('0.0.0.1', '::1')).to.equal(false);
  });
});

describe('unassignableReason', () => {
  const reason = (text: string): string | undefined => unassignableReason(parseIpRange(text));

  it('names what no port can have', () => {
    expect(reason('0.0.0.0')).to.match(/this network/);
    expect(reason('127.0.0.1')).to.match(/loopback/);
    expect(reason('239.1.2.3')).to.match(/multicast/);
    expect(reason('255.255.255.255')).to.match(/limited broadcast/);
    expect(reason('::')).to.match(/unspecified/);
    expect(reason('::1')).to.match(/loopback/);
    expect(reason('ff02::1')).to.match(/multicast/);
    expect(reason('223.255.255.0..224.0.0.0')).to.match(/the range holds a multicast address/);
  });

  it('leaves everything else alone', () => {
    for (const text of [
      '1.0.0.0',
      '126.255.255.255',
      '128.0.0.0',
      '223.255.255.255',
      '240.0.0.1',
      '169.254.1.1',
      '::2',
      'fe80::1',
      'fd00::1',
    ]) {
      expect(reason(text), text).to.equal(undefined);
    }
  });
});
