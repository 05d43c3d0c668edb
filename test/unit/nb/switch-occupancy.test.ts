import { expect } from 'chai';

import { SwitchOccupancy } from '../../../lib/nb/switch-occupancy.js';

describe('SwitchOccupancy', () => {
  it('names another port that has an address, however many have it and whoever comes and goes', () => {
    const occupancy = new SwitchOccupancy();
    const ip = '10.0.0.1';
    const holder = (port: string, address = ip): string | undefined =>
      occupancy.clash(['10.0.0.9', address], port)?.name;
    occupancy.set('a', 'port-a', [ip, 'fd00::1']);
    expect(holder('a')).to.equal(undefined);
    expect(holder('x')).to.equal('port-a');
    occupancy.set('b', 'port-b', [ip]);
    expect(holder('a')).to.equal('port-b');
    expect(holder('b')).to.equal('port-a');
    occupancy.delete('a');
    expect(holder('b')).to.equal(undefined);
    expect(holder('b', 'fd00::1')).to.equal(undefined);
    occupancy.set('b', 'port-b', []);
    expect(holder('x')).to.equal(undefined);
    occupancy.delete('unknown');
  });
});
