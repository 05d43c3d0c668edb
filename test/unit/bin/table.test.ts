import { expect } from 'chai';

import { counted, formatTable } from '../../../lib/bin/ports/table.js';

describe('formatTable', () => {
  it('lines columns up, leaves the last one as it is, and shows empty cells', () => {
    const table = formatTable(['A', 'LONG HEADER', 'NOTE'], [['longer', 'x', ''], ['b', '', 'words and words']]); // prettier-ignore
    expect(table).to.equal('A       LONG HEADER  NOTE\nlonger  x            -\nb       -            words and words\n');
  });

  it('counts columns of the terminal, not characters or UTF-16 units', () => {
    expect(
      formatTable(
        ['A', 'B'],
        [
          ['😀', 'x'],
          ['ab', 'y'],
          ['漢字', 'z'],
          ['e\u0301', '1'],
        ],
      ),
    ).to.equal('A     B\n😀    x\nab    y\n漢字  z\ne\u0301     1\n');
  });

  it('does not let a name play with the terminal', () => {
    expect(formatTable(['A'], [['\u001b[31mred\n\u009b']])).to.equal('A\n\\x1b[31mred\\x0a\\x9b\n');
  });
});

describe('counted', () => {
  it('takes the word that goes with the number', () => {
    expect([counted(0, 'port'), counted(1, 'port'), counted(2, 'port'), counted(1n, 'port')]).to.deep.equal([
      '0 ports',
      '1 port',
      '2 ports',
      '1 port',
    ]);
    expect([counted(1, 'address', 'addresses'), counted(2, 'address', 'addresses')]).to.deep.equal([
      '1 address',
      '2 addresses',
    ]);
  });
});
