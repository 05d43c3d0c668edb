import { expect } from 'chai';

import { frameDifference, frameOf, frameText, type Line, type Style } from '../../../../lib/bin/watch/frame.js';
import { fit, textWidth } from '../../../../lib/bin/watch/text-width.js';
import { Random } from '../../../random.js';
import { TerminalEmulator } from './terminal-emulator.js';

function plain(...texts: string[]): Line[] {
  return texts.map((text) => [{ text, style: 'plain' as const }]);
}

describe('a picture on a terminal', () => {
  it('is drawn anew as a whole, and then only where it differs', () => {
    const before = frameOf(plain('one line', 'another', ''), 20);
    expect(frameDifference(undefined, before, true)).to.equal('\x1b[0m\x1b[2J\x1b[1;1Hone line\x1b[2;1Hanother'); // prettier-ignore
    expect(frameDifference(before, before, true)).to.equal('');
    expect(frameDifference(before, frameOf(plain('one lime', 'another', ''), 20), true)).to.equal('\x1b[1;7Hm');
    expect(frameDifference(before, frameOf(plain('one', 'another', ''), 20), true)).to.equal('\x1b[1;5H\x1b[0m\x1b[K');
  });

  it('has colours, or none', () => {
    const frame = frameOf([[{ text: 'up', style: 'good' }, { text: ' x', style: 'plain' }]], 10); // prettier-ignore
    expect(frameDifference(undefined, frame, true)).to.include('\x1b[32mup\x1b[0m x');
    expect(frameDifference(undefined, frame, false)).to.include('Hup x');
  });

  it('is of ASCII alone where the terminal takes nothing else, in as many columns', () => {
    expect(frameText(frameOf(plain('a界é.e\u0301.😀|'), 12, false))).to.equal('a???.e.??|');
    expect(frameText(frameOf(plain('a界é.e\u0301.😀|'), 12))).to.equal('a界é.e\u0301.😀|');
  });

  it('has marks upon wide characters, too', () => {
    expect(frameText(frameOf(plain('か\u3099x'), 4))).to.equal('か\u3099x');
  });

  it('has no more marks upon a character than a language needs', () => {
    expect(frameText(frameOf(plain(`e${'\u0301'.repeat(500)}x`), 4))).to.equal(`e${'\u0301'.repeat(7)}x`);
  });

  it('comes about from any other one', () => {
    const styles: readonly Style[] = ['plain', 'good', 'chosen', 'dim'];
    const letters = ['a', 'b', ' ', ' ', ' ', '界', '한', 'é', 'e\u0301'];
    for (let seed = 1; seed <= 300; seed++) {
      const random = new Random(seed);
      const terminal = new TerminalEmulator(24, 3);
      let shown: ReturnType<typeof frameOf> | undefined;
      for (let step = 0; step < 6; step++) {
        const lines = Array.from({ length: 3 }, () =>
          Array.from({ length: random.integer(0, 4) }, () => ({
            text: Array.from({ length: random.integer(0, 8) }, () => letters[random.integer(0, letters.length - 1)]).join(''), // prettier-ignore
            style: styles[random.integer(0, styles.length - 1)]!,
          })),
        );
        const frame = frameOf(lines, 24);
        // The terminal in memory knows no combining characters.
        terminal.write(frameDifference(shown, frame, true).replaceAll('\u0301', ''));
        shown = frame;
        expect(terminal.text, `seed ${seed}`).to.equal(frameText(frame).replaceAll('\u0301', ''));
      }
    }
  });
});

describe('a text in a column', () => {
  it('is cut and filled up to its width, whatever it holds', () => {
    expect(fit('abc', 5, '…')).to.equal('abc  ');
    expect(fit('abc', 5, '…', 'right')).to.equal('  abc');
    expect(fit('abcdef', 5, '…')).to.equal('abcd…');
    expect(fit('世界世界', 5, '…')).to.equal('世界…');
    expect(fit('世界世界', 4, '…')).to.equal('世… ');
    expect(fit('a\x1b[2Jb', 20, '…').trim()).to.equal('a\\x1b[2Jb');
    expect(fit('abc', 0, '…')).to.equal('');
    expect([textWidth('e\u0301'), textWidth('한'), textWidth('▾…')]).to.deep.equal([1, 2, 2]);
    expect([textWidth('✅☕'), textWidth('🇩🇪'), textWidth('🌡⚠'), textWidth('\u1112\u1161\u11ab')]).to.deep.equal([4, 2, 2, 2]); // prettier-ignore
  });
});
