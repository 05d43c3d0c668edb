import { expect } from 'chai';

import { ProgressLine, progressText } from '../../../lib/bin/progress-line.js';
import { TerminalEmulator } from './watch/terminal-emulator.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !condition() && performance.now() < end;) await pause(5);
}

describe('the text of the progress line', () => {
  it('has count, rate and time', () => {
    const text = (count: number, total: number | undefined, elapsedMs: number): string =>
      progressText({ what: 'applying product/web', unit: 'ports', count, total, elapsedMs });
    expect(text(1200, 5000, 2000)).to.equal('applying product/web: 1200 of 5000 ports, 600/s, 2 s');
    expect(text(0, 5000, 65_000)).to.equal('applying product/web: 0 of 5000 ports, 1:05 min');
    expect(text(3, undefined, 2000)).to.equal('applying product/web: 3 ports, 1.5/s, 2 s');
    expect(text(0, undefined, 400)).to.equal('applying product/web: 0 s');
  });
});

describe('the progress line', () => {
  it('shows nothing of quick work', () => {
    const written: string[] = [];
    const task = new ProgressLine({ columns: 80, write: (text) => void written.push(text) }).begin('planning', 10);
    for (let i = 1; i <= 10; i++) task.reach(i);
    task.end();
    expect(written).to.deep.equal([]);
  });

  it('comes by itself, makes room for other texts, comes back, and is gone at the end', async () => {
    const terminal = new TerminalEmulator(30, 2);
    const line = new ProgressLine({ columns: 30, write: (text) => terminal.write(text) });
    const task = line.begin('reading a database of a long name');
    await until(() => terminal.text !== '\n');
    expect(terminal.text).to.equal('reading a database of a long\n');
    line.clear();
    expect(terminal.text).to.equal('\n');
    task.describe('applying');
    task.advance(7);
    await until(() => terminal.lines[0] !== '');
    expect(terminal.lines[0]).to.match(/^applying: 7 ports, \d+(\.\d)?\/s, \d s$/);
    task.end();
    expect(terminal.text).to.equal('\n');
    await pause(300);
    expect(terminal.text).to.equal('\n');
  });

  it('is there at once where it is said so, and for the work around it afterwards', () => {
    const terminal = new TerminalEmulator(60, 1);
    const line = new ProgressLine({ columns: 60, write: (text) => terminal.write(text) });
    const outer = line.begin('outer', 2);
    const inner = line.begin('inner');
    inner.show();
    expect(terminal.text).to.equal('inner: 0 s');
    inner.end();
    outer.show();
    expect(terminal.text).to.equal('outer: 0 of 2 ports, 0 s');
    line.close();
    expect(terminal.text).to.equal('');
  });
});
