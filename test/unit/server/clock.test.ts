import { expect } from 'chai';

import { manualClock } from '../../../lib/server/clock.js';
import { InvalidArgumentError } from '../../../lib/errors.js';

describe('a manual clock', () => {
  it('stands still until it is moved, and then rings in order, each alarm at its time', () => {
    const clock = manualClock();
    const rung: [string, number][] = [];
    clock.schedule(() => rung.push(['late', clock.now()]), 20);
    clock.schedule(() => rung.push(['latest', clock.now()]), 20);
    clock.schedule(() => {
      rung.push(['early', clock.now()]);
      clock.schedule(() => rung.push(['chained', clock.now()]), 5);
    }, 10);
    clock.schedule(() => rung.push(['never', clock.now()]), 31);
    clock.advance(9);
    expect(rung).to.deep.equal([]);
    clock.advance(21);
    expect(rung).to.deep.equal([['early', 10], ['chained', 15], ['late', 20], ['latest', 20]]); // prettier-ignore
    expect(clock.now()).to.equal(30);
    expect(clock.pending).to.equal(1);
  });

  it('does not ring what was called off', () => {
    const clock = manualClock();
    const callOff = clock.schedule(() => expect.fail(), 1);
    callOff();
    clock.advance(5);
    expect(clock.pending).to.equal(0);
  });

  it('does not go backwards', () => {
    expect(() => manualClock().advance(-1)).to.throw(InvalidArgumentError, 'give 0 or more');
    expect(() => manualClock().advance(NaN)).to.throw(InvalidArgumentError);
  });
});
