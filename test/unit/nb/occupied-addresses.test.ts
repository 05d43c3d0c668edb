import { expect } from 'chai';
import { parseIp, ipKey } from '../../../lib/ipam/address.js';
import { occupiedAddresses, type PortAddressColumns } from '../../../lib/nb/occupied-addresses.js';

const port = (columns: Partial<PortAddressColumns>): PortAddressColumns => ({
  type: '',
  addresses: [],
  options: {},
  ...columns,
});

describe('occupiedAddresses', () => {
  it('finds nothing on a port without addresses, or with unknown and router ones', () => {
    expect(occupiedAddresses(port({}))).to.deep.equal({ ips: [], macs: [] });
    expect(occupiedAddresses(port({ addresses: ['unknown'] }))).to.deep.equal({ ips: [], macs: [] });
    expect(occupiedAddresses(port({ type: 'router', addresses: ['router'] }))).to.deep.equal({ ips: [], macs: [] });
  });

  it('finds MAC and IPs of the elements', () => {
    expect(occupiedAddresses(port({ addresses: ['0A:00:00:00:00:01 10.0.0.1 FD00::1'] }))).to.deep.equal({
      ips: ['10.0.0.1', 'fd00::1'],
      macs: ['0a:00:00:00:00:01'],
    });
    expect(occupiedAddresses(port({ addresses: ['0a:00:00:00:00:01'] }))).to.deep.equal({
      ips: [],
      macs: ['0a:00:00:00:00:01'],
    });
  });

  it('gives IPs as the keys that parsed addresses have', () => {
    const { ips } = occupiedAddresses(port({ addresses: ['0a:00:00:00:00:01 FD00:0:0:0::000A'] }));
    expect(ips).to.deep.equal([ipKey(parseIp('fd00::a'))]);
  });

  it('counts what ovn-northd gave and what was asked of it, once', () => {
    const dynamic = port({
      addresses: ['dynamic 10.0.0.5', 'unknown'],
      dynamic_addresses: '0a:00:00:00:00:02 10.0.0.5 fd00::2',
    });
    expect(occupiedAddresses(dynamic)).to.deep.equal({ ips: ['10.0.0.5', 'fd00::2'], macs: ['0a:00:00:00:00:02'] });
  });

  it('lists no address twice', () => {
    const twice = port({ addresses: ['0a:00:00:00:00:01 10.0.0.1 10.0.0.1'] });
    expect(occupiedAddresses(twice)).to.deep.equal({ ips: ['10.0.0.1'], macs: ['0a:00:00:00:00:01'] });
    const spread = port({
      addresses: ['0a:00:00:00:00:01 10.0.0.1', '0a:00:00:00:00:01 10.0.0.2', '0a:00:00:00:00:03 10.0.0.1'],
    });
    expect(occupiedAddresses(spread)).to.deep.equal({
      ips: ['10.0.0.1', '10.0.0.2'],
      macs: ['0a:00:00:00:00:01', '0a:00:00:00:00:03'],
    });
  });

  it('counts the virtual IP of a virtual port, and of no other', () => {
    const options = { 'virtual-ip': '10.0.0.9', 'virtual-parents': 'a,b' };
    const addresses = ['0a:00:00:00:00:01 10.0.0.1'];
    expect(occupiedAddresses(port({ type: 'virtual', addresses, options })).ips).to.deep.equal([
      '10.0.0.1',
      '10.0.0.9',
    ]);
    expect(occupiedAddresses(port({ type: '', addresses, options })).ips).to.deep.equal(['10.0.0.1']);
    expect(occupiedAddresses(port({ type: 'virtual', options })).ips).to.deep.equal(['10.0.0.9']);
    expect(occupiedAddresses(port({ type: 'virtual', options: { 'virtual-ip': 'junk' } })).ips).to.deep.equal([]);
  });

  it('counts what can be made out of a broken element', () => {
    const broken = port({ addresses: ['0a:00:00:00:00:01 oops 10.0.0.1/24', 'rubbish'] });
    expect(occupiedAddresses(broken)).to.deep.equal({ ips: ['10.0.0.1'], macs: ['0a:00:00:00:00:01'] });
  });
});
