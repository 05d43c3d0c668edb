import { expect } from 'chai';

import { movablePorts, type Move } from '../../../../lib/statefulset/plan/readdressing.js';

/** Moves of ports that each have one address: `{ port: 'from to' }`; `others` holds who else has which address. */
function movable(
  moves: Record<string, string>,
  others: Record<string, string> = {},
  first: [string, string][] = [],
): string[] {
  const map = new Map<string, Move>();
  for (const [port, text] of Object.entries(moves)) {
    const [from = '', to = ''] = text.split(' ');
    map.set(port, { have: { ip4: from, ip6: undefined }, want: { ip4: to, ip6: undefined } });
  }
  const owners = new Map([
    ...Object.entries(others),
    ...Array.from(map, ([port, { have }]) => [have.ip4 ?? '', port] as const),
  ]);
  const wanted = [
    ...first.map(([port, ip4]) => [port, { ip4, ip6: undefined }] as const),
    ...Array.from(map, ([port, { want }]) => [port, want] as const),
  ];
  const view = {
    routerPort: (ip: string) => (ip === 'router' ? 'lrp' : undefined),
    holder: (ip: string, isExcepted: (port: string) => boolean = () => false) => {
      const port = owners.get(ip);
      return port === undefined || isExcepted(port) ? undefined : { port, retained: false };
    },
  };
  return [...movablePorts(map, wanted, view)];
}

describe('movablePorts', () => {
  it('lets ports swap, move round in a ring and along a chain', () => {
    expect(movable({ p0: 'a b', p1: 'b a' })).to.deep.equal(['p0', 'p1']);
    expect(movable({ p0: 'a b', p1: 'b c', p2: 'c a' })).to.deep.equal(['p0', 'p1', 'p2']);
    expect(movable({ p0: 'a b', p1: 'b c', p2: 'c free' })).to.deep.equal(['p0', 'p1', 'p2']);
  });

  it('keeps back whoever waits for one that cannot move, however long the chain', () => {
    expect(movable({ p0: 'a b', p1: 'b c', p2: 'c theirs', q0: 'x y' }, { theirs: 'foreign' })).to.deep.equal(['q0']);
    expect(movable({ p0: 'a b', p1: 'b router' })).to.deep.equal([]);
    expect(movable({ p0: 'theirs a', p1: 'a b', p2: 'b stays' }, { stays: 'kept' })).to.deep.equal([]);
  });

  it('gives an address that two want to the first', () => {
    expect(movable({ p0: 'a x', p1: 'b x' })).to.deep.equal(['p0']);
    expect(movable({ p0: 'a x', p1: 'b a' }, {}, [['new', 'x']])).to.deep.equal([]);
  });

  it('takes time in proportion to the number of ports, also along a chain of 20,000 that is stuck at its end', () => {
    const moves = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`p${i}`, `${i} ${i + 1}`]));
    const start = performance.now();
    expect(movable(moves, { '20000': 'foreign' })).to.deep.equal([]);
    // A quadratic way would take minutes.
    expect(performance.now() - start).to.be.lessThan(5_000);
  });
});
