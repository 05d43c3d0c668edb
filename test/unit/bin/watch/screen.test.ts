import { EventEmitter, once } from 'node:events';

import { expect } from 'chai';

import { FRAME_MS, Screen } from '../../../../lib/bin/watch/screen.js';
import type { Terminal } from '../../../../lib/bin/watch/terminal.js';
import { TerminalEmulator } from './terminal-emulator.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !condition() && performance.now() < end;) await pause(5);
}

/** A terminal in memory, which takes texts as long as `isFast`. */
function fakeTerminal(): {
  terminal: Terminal;
  seen: TerminalEmulator;
  writes: string[];
  events: EventEmitter;
  state: { isFast: boolean; columns: number };
} {
  // prettier-ignore
  const events = new EventEmitter();
  const seen = new TerminalEmulator(40, 3);
  const writes: string[] = [];
  const state = { isFast: true, columns: 40 };
  const terminal: Terminal = {
    get columns() {
      return state.columns;
    },
    rows: 3,
    hasColours: true,
    isUnicode: true,
    write: (text) => {
      writes.push(text);
      seen.write(text);
      return state.isFast;
    },
    on: (event, listener) => {
      events.on(event, listener);
      return () => events.off(event, listener);
    },
    readKeys: () => () => undefined,
    suspend: () => Promise.resolve(),
  };
  return { terminal, seen, writes, events, state };
}

describe('the screen', () => {
  it('takes the terminal, and gives it back as it was', () => {
    const { terminal, seen, events } = fakeTerminal();
    const screen = new Screen(terminal, () => [[{ text: 'hello', style: 'plain' }]]);
    screen.open();
    expect([seen.isOtherScreen, seen.isCursorShown, seen.wraps, seen.text]).to.deep.equal([true, false, false, 'hello\n\n']); // prettier-ignore
    screen.close();
    screen.close();
    expect([seen.isOtherScreen, seen.isCursorShown, seen.wraps]).to.deep.equal([false, true, true]);
    expect(events.eventNames()).to.deep.equal([]);
  });

  it('draws some ten times a second at most, and what is there last', async () => {
    const { terminal, seen, writes } = fakeTerminal();
    let count = 0;
    const screen = new Screen(terminal, () => [[{ text: `count ${count}`, style: 'plain' }]]);
    screen.open();
    const before = writes.length;
    const end = performance.now() + 5.5 * FRAME_MS;
    while (performance.now() < end) {
      count++;
      screen.request();
      await pause(1);
    }
    await until(() => seen.lines[0] === `count ${count}`);
    expect(writes.length - before).to.be.within(2, 8);
    expect(seen.lines[0]).to.equal(`count ${count}`);
    const drawn = writes.length;
    screen.request();
    await pause(2 * FRAME_MS);
    expect(writes.length, 'nothing differs').to.equal(drawn);
    screen.close();
  });

  it('waits for a terminal that is slow, and then draws what there is by then', async () => {
    const { terminal, seen, writes, events, state } = fakeTerminal();
    let text = 'first';
    const screen = new Screen(terminal, () => [[{ text, style: 'plain' }]]);
    state.isFast = false;
    screen.open();
    const before = writes.length;
    for (text of ['second', 'third']) {
      screen.request();
      await pause(1.5 * FRAME_MS);
    }
    expect([writes.length, seen.lines[0]]).to.deep.equal([before, 'first']);
    state.isFast = true;
    events.emit('drain');
    await until(() => seen.lines[0] === 'third');
    expect([writes.length, seen.lines[0]]).to.deep.equal([before + 1, 'third']);
    screen.close();
  });

  it('draws all of it when the size is another one, and after a stop', async () => {
    const { terminal, writes, events, state } = fakeTerminal();
    const widths: number[] = [];
    const screen = new Screen(terminal, ({ columns }) => {
      widths.push(columns);
      return [[{ text: 'x', style: 'plain' }]];
    });
    screen.open();
    state.columns = 20;
    events.emit('resize');
    await until(() => widths.length === 2);
    expect([widths, writes.at(-1)]).to.deep.equal([[40, 20], '\x1b[0m\x1b[2J\x1b[1;1Hx']);
    setTimeout(() => events.emit('continue'), 1);
    await once(events, 'continue');
    await until(() => widths.length === 3);
    expect(writes.slice(-2)).to.deep.equal(['\x1b[?1049h\x1b[?25l\x1b[?7l', '\x1b[0m\x1b[2J\x1b[1;1Hx']);
    screen.close();
  });
});
