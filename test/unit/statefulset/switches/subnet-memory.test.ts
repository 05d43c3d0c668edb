import { expect } from 'chai';

import { parseSubnet, type Subnet } from '../../../../lib/ipam/subnet.js';
import { SubnetMemory } from '../../../../lib/statefulset/switches/subnet-memory.js';

const NONE = {};

describe('SubnetMemory', () => {
  let reads: number;
  const subnet = (): Subnet => {
    reads++;
    return parseSubnet({ cidr: '10.0.0.0/24' });
  };
  beforeEach(() => (reads = 0));

  it('hands back the same subnet while everything that it comes from is the same', () => {
    const memory = new SubnetMemory();
    const first = memory.of('a', { cidr: ['10.0.0.0/24'], exclude: ['10.0.0.5', '10.0.0.6'] }, NONE, subnet);
    const again = memory.of('a', { cidr: ['10.0.0.0/24'], exclude: ['10.0.0.5', '10.0.0.6'] }, NONE, subnet);
    expect([again === first, reads]).to.deep.equal([true, 1]);
  });

  it('reads again what differs in any part, and keeps namespaces apart', () => {
    const memory = new SubnetMemory();
    const given = { cidr: '10.0.0.0/24', gateway: '10.0.0.1', exclude: ['10.0.0.5'] };
    memory.of('a', given, NONE, subnet);
    memory.of('a', { ...given, cidr: '10.0.0.0/25' }, NONE, subnet);
    memory.of('a', { ...given, gateway: ['10.0.0.1'] }, NONE, subnet);
    memory.of('a', { ...given, exclude: ['10.0.0.5', '10.0.0.6'] }, NONE, subnet);
    memory.of('a', { cidr: given.cidr }, NONE, subnet);
    memory.of('a', { cidr: given.cidr }, {}, subnet);
    memory.of('b', { cidr: given.cidr }, NONE, subnet);
    expect(reads).to.equal(7);
  });

  it('notices that the caller has changed a list in its place', () => {
    const memory = new SubnetMemory();
    const exclude = ['10.0.0.5'];
    memory.of('a', { cidr: '10.0.0.0/24', exclude }, NONE, subnet);
    exclude[0] = '10.0.0.9';
    memory.of('a', { cidr: '10.0.0.0/24', exclude }, NONE, subnet);
    expect(reads).to.equal(2);
  });

  it('remembers no failure', () => {
    const memory = new SubnetMemory();
    const fail = (): never => {
      throw new Error('malformed');
    };
    expect(() => memory.of('a', { cidr: 'x' }, NONE, fail)).to.throw('malformed');
    expect(memory.of('a', { cidr: 'x' }, NONE, subnet)).to.have.property('v4');
  });
});
