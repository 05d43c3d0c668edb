import { expect } from 'chai';

import { RouterAddresses, type RouterPortRow } from '../../../../lib/statefulset/switches/router-addresses.js';

/** Router ports by name, and the changes that were told. */
class Routers {
  readonly rows = new Map<string, RouterPortRow>();
  readonly told: string[] = [];
  readonly addresses = new RouterAddresses(
    (name) => this.rows.get(name),
    (address, isThere) => this.told.push(`${isThere ? '+' : '-'}${address}`),
  );

  set(name: string, mac: string, ...networks: string[]): void {
    this.rows.set(name, { name, mac, networks });
    this.addresses.routerPortChanged(name);
  }

  connect(switchPort: string, name: string): void {
    this.addresses.connect(switchPort as never, name);
  }

  disconnect(switchPort: string): void {
    this.addresses.disconnect(switchPort as never);
  }

  /** What was told since the last time. */
  news(): string[] {
    return this.told.splice(0);
  }
}

describe('RouterAddresses', () => {
  it('shows the networks and the MAC address of the router ports that are connected, in canonical text', () => {
    const routers = new Routers();
    routers.set('a', '0A:00:00:00:00:01', '10.0.0.1/24', 'FD00:0::1/64', 'nonsense');
    routers.set('b', '0a:00:00:00:00:02', '10.0.1.1/24');
    routers.connect('p1', 'a');
    expect([...routers.addresses.names]).to.deep.equal([
      ['10.0.0.1', 'a'],
      ['fd00::1', 'a'],
      ['0a:00:00:00:00:01', 'a'],
    ]);
  });

  it('waits for a router port that does not exist yet, and forgets one that is gone', () => {
    const routers = new Routers();
    routers.connect('p1', 'a');
    expect(routers.addresses.names.size).to.equal(0);
    routers.set('a', '0a:00:00:00:00:01', '10.0.0.1/24');
    expect(routers.news()).to.deep.equal(['+10.0.0.1', '+0a:00:00:00:00:01']);
    routers.rows.delete('a');
    routers.addresses.routerPortChanged('a');
    expect(routers.news()).to.deep.equal(['-10.0.0.1', '-0a:00:00:00:00:01']);
    expect(routers.addresses.names.size).to.equal(0);
  });

  it('tells only of addresses that differ when a router port changes', () => {
    const routers = new Routers();
    routers.set('a', '0a:00:00:00:00:01', '10.0.0.1/24', '10.0.0.2/24');
    routers.connect('p1', 'a');
    routers.news();
    routers.set('a', '0a:00:00:00:00:01', '10.0.0.2/16', '10.0.0.3/24');
    expect(routers.news()).to.deep.equal(['-10.0.0.1', '+10.0.0.3']);
  });

  it('keeps an address until the last of the router ports that share it has gone', () => {
    const routers = new Routers();
    for (const name of ['a', 'b', 'c']) {
      routers.set(name, '0a:00:00:00:00:01', '10.0.0.1/24');
      routers.connect(`p-${name}`, name);
    }
    expect(routers.news()).to.deep.equal(['+10.0.0.1', '+0a:00:00:00:00:01']);
    routers.disconnect('p-b');
    routers.disconnect('p-a');
    expect(routers.news()).to.deep.equal([]);
    expect(routers.addresses.names.get('10.0.0.1')).to.equal('c');
    routers.disconnect('p-c');
    expect(routers.news().sort()).to.deep.equal(['-0a:00:00:00:00:01', '-10.0.0.1']);
  });

  it('keeps the addresses while another port of the switch goes to the same router port', () => {
    const routers = new Routers();
    routers.set('a', '0a:00:00:00:00:01', '10.0.0.1/24');
    routers.connect('p1', 'a');
    routers.connect('p2', 'a');
    routers.disconnect('p1');
    expect([...routers.addresses.names.keys()]).to.deep.equal(['10.0.0.1', '0a:00:00:00:00:01']);
  });

  it('follows a switch port from one router port to another', () => {
    const routers = new Routers();
    routers.set('a', '0a:00:00:00:00:01', '10.0.0.1/24');
    routers.set('b', '0a:00:00:00:00:02', '10.0.0.2/24');
    routers.connect('p1', 'a');
    routers.connect('p1', 'b');
    expect([...routers.addresses.names.values()]).to.deep.equal(['b', 'b']);
    routers.disconnect('p1');
    routers.disconnect('p1');
    expect(routers.addresses.names.size).to.equal(0);
  });
});
