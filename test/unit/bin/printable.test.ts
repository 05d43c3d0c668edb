import { expect } from 'chai';

import { main } from '../../../lib/bin/main.js';
import { openNorthbound } from '../../../lib/bin/open-northbound.js';
import { printable, printableLines } from '../../../lib/bin/printable.js';
import { publish, type StateMessage } from '../../../lib/diagnostics.js';

describe('what is printed of texts of unknown origin', () => {
  it('is the text, where it does nothing to a terminal', () => {
    for (const text of ['plain – text', '漢字', 'e\u0301', '😀', '']) expect(printable(text)).to.equal(text);
  });

  it('has no control characters, and nothing that turns or hides what is written', () => {
    expect(printable('\x1b[2J\x07\x7f\x9b\n\t')).to.equal('\\x1b[2J\\x07\\x7f\\x9b\\x0a\\x09');
    expect(printable('a\u202eb\u2066c\u200bd\ufeffe\u00adf')).to.equal('a\\u202eb\\u2066c\\u200bd\\ufeffe\\xadf');
    expect(printable('\u2028\u2029\u{e0041}\ud800')).to.equal('\\u2028\\u2029\\u{e0041}\\ud800');
    expect(printableLines('one\x1b\ntwo\u202e')).to.equal('one\\x1b\ntwo\\u202e');
  });

  it('is safe in the errors of a command', async () => {
    let err = '';
    await main(['watch', '--\x1b[2J'], { write: () => undefined, writeError: (text) => (err += text) });
    expect(err).to.match(/^ovn-northbound watch: Unknown option '--\\x1b\[2J'\nTry: /);
  });

  it('is safe in what a server is told to have said', async () => {
    let err = '';
    const output = { write: () => undefined, writeError: (text: string) => void (err += text) };
    const connection = { remotes: 'tcp:127.0.0.1:1', tls: {}, leaderOnly: true };
    await openNorthbound({ connection, timeoutMs: 1000, signal: new AbortController().signal, output }, (options) => {
      options.onWarning?.({ code: 'SchemaExtra', message: 'warned\u202e' } as never);
      publish('state', () => ({ name: 'backoff', error: new Error('refused: \x1b[2J') }) as unknown as StateMessage);
      return Promise.resolve();
    });
    expect(err).to.equal('note: warned\\u202e\nnote: refused: \\x1b[2J; trying again for up to 1 s\n');
  });
});
