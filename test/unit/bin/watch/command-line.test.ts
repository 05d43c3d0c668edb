import { expect } from 'chai';

import { InvalidArgumentError } from '../../../../lib/errors.js';
import { parseWatchCommandLine } from '../../../../lib/bin/watch/command-line.js';
import { hasColours, isCapable, isKnownAscii, isUnicode } from '../../../../lib/bin/watch/process-terminal.js';

describe('the command line of watch', () => {
  const refusal = (...args: string[]): string => {
    try {
      parseWatchCommandLine(args, {});
    } catch (error) {
      if (error instanceof InvalidArgumentError) return error.message;
      throw error;
    }
    throw new Error('nothing was refused');
  };

  it('says where the database is, as that of ports does', () => {
    const remotesOf = (args: string[], environment = {}): unknown => parseWatchCommandLine(args, environment).connection.remotes; // prettier-ignore
    expect(remotesOf([])).to.equal('unix:/var/run/ovn/ovnnb_db.sock');
    expect(remotesOf([], { OVN_NB_DB: 'tcp:10.0.0.5:6641' })).to.equal('tcp:10.0.0.5:6641');
    expect(remotesOf(['--remote', 'tcp:10.0.0.6:6641'], { OVN_NB_DB: 'tcp:10.0.0.5:6641' })).to.equal('tcp:10.0.0.6:6641'); // prettier-ignore
    expect(remotesOf(['--db', 'tcp:10.0.0.6:6641'])).to.equal('tcp:10.0.0.6:6641');
  });

  it('says what to watch', () => {
    const { switches, files, isPlain, timeoutMs, indexing } = parseWatchCommandLine(
      ['--switch', 'a', '--switch', 'b', '-f', 'web.yaml', '--plain', '--timeout', '5', '--indexing', 'absolute'],
      {},
    );
    expect({ switches, files, isPlain, timeoutMs, indexing }).to.deep.equal({
      switches: ['a', 'b'],
      files: ['web.yaml'],
      isPlain: true,
      timeoutMs: 5000,
      indexing: 'absolute',
    });
  });

  it('is refused where it makes no sense', () => {
    expect(refusal('--nonsense')).to.include("'--nonsense'");
    expect(refusal('product')).to.include("'product'");
    expect(refusal('--remote', 'nonsense')).to.match(/^--remote: /);
    expect(refusal('--db', 'nonsense')).to.match(/^--db: /);
    expect(refusal('--db', 'unix:/a', '--remote', 'unix:/b')).to.equal('--remote and --db say the same; give one of them'); // prettier-ignore
    expect(refusal('--remote', 'ssl:10.0.0.5:6641')).to.match(/needs --ca-cert FILE/);
    expect(refusal('--timeout', 'x')).to.match(/^--timeout is "x"/);
    expect(refusal('--indexing', 'x')).to.match(/^--indexing is "x"/);
    expect(refusal('-f', '-', '-f', '-')).to.equal('"-", standard input, can be read only once');
  });
});

describe('the environment', () => {
  it('says what a terminal can do', () => {
    expect([{}, { TERM: '' }, { TERM: 'dumb' }, { TERM: 'xterm' }].map(isCapable)).to.deep.equal([false, false, false, true]); // prettier-ignore
    expect([{}, { NO_COLOR: '' }, { NO_COLOR: '1' }].map(hasColours)).to.deep.equal([true, true, false]);
    expect([{}, { LANG: 'C' }, { LANG: 'de_DE.utf8' }, { LC_ALL: 'C', LANG: 'C.UTF-8' }, { LC_CTYPE: 'C.UTF-8' }].map(isUnicode)).to.deep.equal([false, false, true, false, true]); // prettier-ignore
    expect([{}, { LANG: '' }, { LANG: 'C' }, { LC_ALL: 'C.UTF-8', LANG: 'C' }].map(isKnownAscii)).to.deep.equal([false, false, true, false]); // prettier-ignore
  });
});
