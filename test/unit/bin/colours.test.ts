import { expect } from 'chai';

import { printsColours } from '../../../lib/bin/colours.js';

describe('colours', () => {
  it('are for terminals that can show them', () => {
    expect(printsColours({ TERM: 'xterm' }, true)).to.equal(true);
    expect(printsColours({ TERM: 'xterm' }, false)).to.equal(false);
    expect(printsColours({ TERM: 'dumb' }, true)).to.equal(false);
    expect(printsColours({}, true)).to.equal(false);
  });

  it('are left out with NO_COLOR, unless it is empty', () => {
    expect(printsColours({ TERM: 'xterm', NO_COLOR: '1' }, true)).to.equal(false);
    expect(printsColours({ TERM: 'xterm', NO_COLOR: '' }, true)).to.equal(true);
  });

  it('are as FORCE_COLOR says, whatever else is set', () => {
    expect(printsColours({ FORCE_COLOR: '1' }, false)).to.equal(true);
    expect(printsColours({ FORCE_COLOR: 'true', NO_COLOR: '1' }, false)).to.equal(true);
    for (const forced of ['0', 'false']) {
      expect(printsColours({ FORCE_COLOR: forced, TERM: 'xterm' }, true), forced).to.equal(false);
    }
    expect(printsColours({ FORCE_COLOR: '', TERM: 'xterm' }, true)).to.equal(true);
  });
});
