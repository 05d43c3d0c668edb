import { expect } from 'chai';
import { InvalidPoolError, type PoolFault } from '../../../lib/ipam/errors.js';
import { MAX_POOL_ADDRESSES, parsePool } from '../../../lib/ipam/pool.js';

/** The entries as text: `10.0.0.1`, `fd00::1` or `10.0.0.1+fd00::1`. */
function entries(text: string): string[] {
  return parsePool(text).entries.map(({ v4, v6 }) => [v4?.text, v6?.text].filter((ip) => ip !== undefined).join('+'));
}

function faults(text: string): readonly PoolFault[] {
  try {
    parsePool(text);
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidPoolError);
    return (error as InvalidPoolError).faults;
  }
  throw new Error(`${text} was accepted`);
}

/** The one fault that a pool is expected to have. */
function fault(text: string): string {
  const all = faults(text);
  expect(all).to.have.lengthOf(1);
  return `${all[0]!.index} ${all[0]!.token}: ${all[0]!.reason}`;
}

describe('the entries of a pool', () => {
  it('stand in the order of the text', () => {
    expect(entries('10.0.0.9,10.0.0.2,10.0.0.5')).to.deep.equal(['10.0.0.9', '10.0.0.2', '10.0.0.5']);
    expect(entries('10.0.0.9;10.0.0.2')).to.deep.equal(['10.0.0.9', '10.0.0.2']);
  });

  it('may be one address', () => {
    expect(entries('10.0.0.9')).to.deep.equal(['10.0.0.9']);
    expect(entries('FD00::0009')).to.deep.equal(['fd00::9']);
  });

  it('are dual-stack with a comma between semicolons', () => {
    expect(entries('10.0.0.1,fd00::1;10.0.0.2,fd00::2')).to.deep.equal(['10.0.0.1+fd00::1', '10.0.0.2+fd00::2']);
  });

  it('are one dual-stack entry when two items of different families stand alone', () => {
    expect(entries('10.0.0.1,fd00::1')).to.deep.equal(['10.0.0.1+fd00::1']);
    expect(entries(' fd00::1 , 10.0.0.1 ')).to.deep.equal(['10.0.0.1+fd00::1']);
  });

  it('are two when two items of one family stand alone', () => {
    expect(entries('10.0.0.1,10.0.0.2')).to.deep.equal(['10.0.0.1', '10.0.0.2']);
    expect(entries('fd00::1,fd00::2')).to.deep.equal(['fd00::1', 'fd00::2']);
  });

  it('may be of different families between semicolons', () => {
    expect(entries('10.0.0.1;fd00::1;10.0.0.2,fd00::2')).to.deep.equal(['10.0.0.1', 'fd00::1', '10.0.0.2+fd00::2']);
  });

  it('come in place of a range or CIDR, in order', () => {
    expect(entries('10.0.0.9,10.0.0.2..10.0.0.4,10.0.0.1')).to.deep.equal([
      '10.0.0.9',
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.1',
    ]);
    expect(entries('10.0.0.255..10.0.1.1')).to.deep.equal(['10.0.0.255', '10.0.1.0', '10.0.1.1']);
    expect(entries('fd00::fffe..fd00::1:0')).to.deep.equal(['fd00::fffe', 'fd00::ffff', 'fd00::1:0']);
    expect(entries('10.0.0.0/30;fd00::/126')).to.deep.equal(['10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2', 'fd00::3']);
    expect(entries('10.0.0.8/31,10.0.0.7/32')).to.deep.equal(['10.0.0.8', '10.0.0.9', '10.0.0.7']);
  });

  it('lose the blanks around them', () => {
    expect(entries('\t10.0.0.1 ,\n 10.0.0.3 .. 10.0.0.4 ')).to.deep.equal(['10.0.0.1', '10.0.0.3', '10.0.0.4']);
  });

  it('remember the token that they come from', () => {
    const { entries: all } = parsePool('10.0.0.9, 10.0.0.2..10.0.0.3');
    expect(all.map(({ index, token }) => [index, token])).to.deep.equal([
      [0, '10.0.0.9'],
      [1, '10.0.0.2..10.0.0.3'],
      [1, '10.0.0.2..10.0.0.3'],
    ]);
  });

  it('have no key for a family that they do not have', () => {
    expect(parsePool('10.0.0.1').entries[0]).to.have.all.keys('v4', 'index', 'token');
    expect(parsePool('fd00::1').entries[0]).to.have.all.keys('v6', 'index', 'token');
  });
});

describe('a pool is refused', () => {
  it('when it is empty, or one of its entries is', () => {
    expect(fault('')).to.equal('0 : an empty entry');
    expect(fault('  ')).to.equal('0 : an empty entry');
    expect(fault('10.0.0.1,')).to.equal('1 : an empty entry');
    expect(fault('10.0.0.1,,10.0.0.2')).to.equal('1 : an empty entry');
    expect(fault('10.0.0.1,fd00::1;')).to.equal('1 : an empty entry');
    expect(fault('10.0.0.1,;10.0.0.2')).to.match(/^0 10\.0\.0\.1,: .*empty entry/);
    expect(faults(';')).to.have.lengthOf(2);
  });

  it('when an entry is not an address', () => {
    expect(fault('10.0.0.1,product')).to.equal('1 product: not an IP address');
    expect(fault('010.0.0.1')).to.match(/leading zero/);
    expect(fault('10.0.0.1 10.0.0.2')).to.match(/blank/);
    expect(fault('10.0.0.1-10.0.0.5')).to.match(/a range is written a\.\.b/);
    expect(fault('fd00::1%eth0')).to.match(/zone id/);
    expect(fault('::ffff:10.0.0.1')).to.match(/IPv4-mapped/);
  });

  it('when an address is there twice', () => {
    expect(fault('10.0.0.1,10.0.0.2,10.0.0.1')).to.equal(
      '2 10.0.0.1: duplicate: 10.0.0.1 is in entry 0 "10.0.0.1" already',
    );
    expect(fault('fd00::1,FD00:0:0::0001')).to.match(/^1 FD00:0:0::0001: duplicate: fd00::1 is in entry 0/);
    expect(fault('10.0.0.1..10.0.0.9,10.0.0.5')).to.match(/^1 10\.0\.0\.5: duplicate/);
    expect(fault('10.0.0.0/24,10.0.0.250..10.0.1.3')).to.match(
      /duplicate: 10\.0\.0\.250 \(and 4 more of its addresses\)/,
    );
    expect(fault('10.0.0.1,fd00::1;10.0.0.2,fd00::1')).to.match(/^1 .*duplicate: fd00::1/);
  });

  it('when families mix without a semicolon', () => {
    expect(fault('10.0.0.1,fd00::1,10.0.0.2')).to.match(/^1 fd00::1: IPv6 among IPv4/);
    expect(faults('10.0.0.1,fd00::1,10.0.0.2,fd00::2').map(({ index }) => index)).to.deep.equal([1, 3]);
    expect(fault('fd00::1,fd00::2,10.0.0.1')).to.match(/^2 10\.0\.0\.1: IPv4 among IPv6/);
  });

  it('when a dual-stack entry is not one address of each family', () => {
    expect(fault('10.0.0.1,10.0.0.2;10.0.0.3')).to.match(/^0 .*two IPv4 addresses in a dual-stack entry/);
    expect(fault('fd00::1,fd00::2;fd00::3')).to.match(/two IPv6 addresses/);
    expect(fault('10.0.0.1,fd00::1,10.0.0.2;10.0.0.3')).to.match(/3 items in a dual-stack entry/);
    expect(fault('10.0.0.1..10.0.0.2,fd00::1..fd00::2')).to.match(
      /two single addresses, not 10\.0\.0\.1\.\.10\.0\.0\.2/,
    );
    expect(fault('10.0.0.1,fd00::/126')).to.match(/write the pairs one by one/);
  });

  it('when a range runs backwards or from one family to the other', () => {
    expect(fault('10.0.0.9..10.0.0.5')).to.match(/reversed range: did you mean 10\.0\.0\.5\.\.10\.0\.0\.9/);
    expect(fault('10.0.0.9..fd00::1')).to.match(/from one address family to the other/);
    expect(fault('10.0.0.9..')).to.match(/end of the range/);
  });

  it('when a CIDR has host bits', () => {
    expect(fault('10.0.0.5/24')).to.match(/did you mean 10\.0\.0\.0\/24\?/);
  });

  it('when no port can have an address of it', () => {
    expect(fault('224.0.0.1')).to.match(/multicast/);
    expect(fault('223.255.255.250..224.0.0.3')).to.match(/the range holds a multicast address/);
    expect(fault('127.0.0.1')).to.match(/loopback/);
    expect(fault('::')).to.match(/unspecified/);
  });

  it('with every fault listed, in the order of the text', () => {
    const all = faults('10.0.0.1, 10.16.0.300 ,,10.0.0.9..10.0.0.2,10.0.0.1,fd00::1,10.1');
    expect(all.map(({ index, token }) => [index, token])).to.deep.equal([
      [1, '10.16.0.300'],
      [2, ''],
      [3, '10.0.0.9..10.0.0.2'],
      [4, '10.0.0.1'],
      [5, 'fd00::1'],
      [6, '10.1'],
    ]);
  });
});

describe('the size of a pool', () => {
  it(`goes up to ${MAX_POOL_ADDRESSES} addresses`, () => {
    const all = parsePool('10.0.0.0..10.0.255.255').entries;
    expect(all).to.have.lengthOf(65_536);
    expect(all.at(-1)?.v4?.text).to.equal('10.0.255.255');
    expect(fault('10.0.0.0..10.1.0.0')).to.match(/65537 addresses: a pool may hold 65536/);
  });

  it('is counted over all entries, and both families', () => {
    expect(fault('10.0.0.0..10.0.255.255,10.9.0.1')).to.match(/^1 10\.9\.0\.1: 1 address, 65537 with those before it/);
    expect(fault('10.0.0.0..10.0.255.254;10.9.0.1,fd00::1')).to.match(/^1 10\.9\.0\.1,fd00::1: 2 addresses, 65537/);
  });

  it('is known from the ends of a range, without listing it', () => {
    // Listing any of these would take longer than the machine lives.
    expect(fault('fd00::/8')).to.match(/addresses: a pool may hold/);
    expect(fault('1.0.0.0..126.255.255.255')).to.match(/addresses: a pool may hold/);
    expect(fault('fd00::..fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')).to.match(/addresses: a pool may hold/);
    expect(faults('::2..1::,2::..3::,4::..5::')).to.have.lengthOf(3);
  });
});

describe('InvalidPoolError', () => {
  it('names the pool and every fault in its message', () => {
    expect(() => parsePool('10.0.0.1,10.16.0.300,', 'ip_pool of product/web'))
      .to.throw(
        InvalidPoolError,
        'ip_pool of product/web is not valid: entry 1 "10.16.0.300": not an IPv4 address: 300 is above 255; entry 2 "": an empty entry',
      )
      .that.includes({ code: 'InvalidPool', name: 'InvalidPoolError' });
  });

  it('keeps its message readable when there are very many faults', () => {
    try {
      parsePool(Array.from({ length: 5000 }, (_, i) => `bad${i}`).join(','));
      expect.fail('was accepted');
    } catch (error) {
      expect(error).to.be.instanceOf(InvalidPoolError);
      const { faults: all, message } = error as InvalidPoolError;
      expect(all).to.have.lengthOf(5000);
      expect(message).to.match(/entry 49 "bad49": not an IP address; and 4950 more \(see faults\)$/);
    }
  });
});
