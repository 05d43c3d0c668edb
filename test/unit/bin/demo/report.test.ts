import { expect } from 'chai';

import { Report } from '../../../../lib/bin/demo/report.js';

function reportTo(lines: string[], hasColours = false, signal = new AbortController().signal): Report {
  const write = (text: string): void => void lines.push(...text.slice(0, -1).split('\n'));
  return new Report({ write, look: { hasColours, isTerminal: false } }, signal);
}

describe('the report of the demo', () => {
  it('wraps texts at 80 columns, each at the column where it began', () => {
    const lines: string[] = [];
    const report = reportTo(lines);
    report.check(true, 'word '.repeat(40).trim());
    report.facts([['Name', 'word '.repeat(40).trim()]]);
    expect(lines.filter((line) => line.length > 80)).to.deep.equal([]);
    expect(lines.filter((line) => line.length > 74)).to.have.lengthOf.at.least(4);
    expect(lines[0]).to.match(/^ {3}✓ word/);
    expect(lines[1]).to.match(/^ {5}word/);
    expect(lines[3]).to.match(/^Name {7}word/);
    expect(lines[4]).to.match(/^ {11}word/);
  });

  it('is as narrow as the terminal', () => {
    const lines: string[] = [];
    const write = (text: string): void => void lines.push(...text.slice(0, -1).split('\n'));
    const look = { hasColours: false, isTerminal: false, columns: 50 };
    const report = new Report({ write, look }, new AbortController().signal);
    report.check(true, 'word '.repeat(40).trim());
    report.table(['PORT', 'IP'], [{ cells: ['n'.repeat(70), '10.0.0.1'] }]);
    report.commands('Next:', [['c'.repeat(20), 'p'.repeat(30)]]);
    expect(Math.max(...lines.map((line) => line.length))).to.equal(50);
  });

  it('has marks of ASCII where nothing else can be shown', () => {
    const lines: string[] = [];
    const write = (text: string): void => void lines.push(...text.slice(0, -1).split('\n'));
    const look = { hasColours: false, isTerminal: true, isAscii: true };
    const report = new Report({ write, look }, new AbortController().signal);
    report.check(true, 'one');
    report.check(false, 'two');
    report.table(['PORT'], [{ cells: ['n'.repeat(90)] }]);
    expect(lines.slice(0, 2)).to.deep.equal(['   ok one', '   NO two']);
    expect(lines[3]).to.match(/^ {3}n+~$/);
  });

  it('counts promises, and says at the end again which were not kept', () => {
    const lines: string[] = [];
    const report = reportTo(lines);
    report.check(true, 'one', 'nothing');
    report.check(false, 'two', 'it was three');
    report.skip('four');
    expect([report.kept, report.broken]).to.deep.equal([1, ['two, but it was three']]);
    report.summary();
    expect(lines).to.deep.equal([
      '   ✓ one',
      '   ✗ two, but it was three',
      '   - four',
      '',
      '1 of 2 promises were NOT kept:',
      '   ✗ two, but it was three',
    ]);
  });

  it('cuts names, not addresses, where a table would be too wide', () => {
    const lines: string[] = [];
    reportTo(lines).table(
      ['PORT', 'IP', 'MAC', 'ROW'],
      [{ cells: ['n'.repeat(70), '10.0.0.1', '0a:00:00:00:00:01', '12345678'] }, { cells: ['short', '', '', 'none'] }],
    );
    expect(lines.map((line) => line.length)).to.deep.equal([75, 80, 76, 0]);
    expect(lines[1]).to.match(/^ {3}n+… {2}10\.0\.0\.1 {2}0a:00:00:00:00:01 {2}12345678$/);
  });

  it('shows the beginning and the end of a long table', () => {
    const lines: string[] = [];
    reportTo(lines).table(
      ['N'],
      Array.from({ length: 100 }, (_, n) => ({ cells: [String(n)] })),
    );
    expect(lines.map((line) => line.trim())).to.deep.equal(
      ['N', '0', '1', '2', '3', '4', '5', '... 88 more', '94', '95', '96', '97', '98', '99', ''], // prettier-ignore
    );
  });

  it('writes no control characters but its own colours', () => {
    const lines: string[] = [];
    const report = reportTo(lines, true);
    report.note('evil\u001b[2Jtext');
    report.quote('evil\u0007');
    report.check(true, 'fine');
    expect(lines).to.deep.equal(['   evil\\x1b[2Jtext', '     evil\\x07', '   \u001b[32m✓\u001b[0m fine']);
  });

  it('ends between two steps when it is told to', async () => {
    const ending = new AbortController();
    const lines: string[] = [];
    const report = reportTo(lines, false, ending.signal);
    await report.step('First', 'because');
    ending.abort(new Error('enough'));
    const second = await report.step('Second', 'because').catch((error: unknown) => error);
    expect(second).to.equal(ending.signal.reason);
    expect(lines).to.deep.equal(['', '1. First', '   because', '']);
  });
});
