import { expect } from 'chai';

import { ChangeLog, logEntries, logLine } from '../../../../lib/bin/watch/change-log.js';
import { frameOf, frameText } from '../../../../lib/bin/watch/frame.js';
import { WatchModel } from '../../../../lib/bin/watch/model.js';
import { drawWatch, type LinkState } from '../../../../lib/bin/watch/renderer.js';
import { WatchView, type Key } from '../../../../lib/bin/watch/view.js';
import { keptRow, plainRow, switchRow, updated } from './rows.js';

const IN_SYNC: LinkState = { remote: 'tcp:10.0.0.5:6641', text: 'in sync', isCurrent: true };

/** A view of some ports, as it is seen and typed at. */
class Look {
  readonly model: WatchModel;
  readonly view: WatchView;
  readonly log = new ChangeLog();
  link: LinkState = IN_SYNC;
  size = { columns: 80, rows: 24 };
  isUnicode = true;

  constructor(model: WatchModel) {
    this.model = model;
    this.view = new WatchView(model);
  }

  get lines(): string[] {
    const { model, view, log, link, size, isUnicode } = this;
    const lines = drawWatch({ model, view, log, link }, { ...size, isUnicode });
    return frameText(frameOf(lines, size.columns)).split('\n');
  }

  /** The lines between the header and what stands below. */
  get body(): string[] {
    return this.lines.slice(3, 17).filter((line) => line !== '');
  }

  get chosen(): string | undefined {
    const { model, view, log, link, size, isUnicode } = this;
    const lines = drawWatch({ model, view, log, link }, { ...size, isUnicode });
    return lines
      .find(([span]) => span?.style === 'chosen')?.[0]
      ?.text.trim()
      .split(/ {2,}/)[0];
  }

  /** Names of keys, or texts to type. */
  press(...keys: readonly string[]): void {
    const names = ['up', 'down', 'pageup', 'pagedown', 'home', 'end', 'left', 'right', 'return', 'escape', 'backspace'];
    for (const key of keys) {
      const typed = names.includes(key) ? [{ name: key, ctrl: false, text: '\x1b' }] : Array.from(key, keyOf);
      for (const each of typed) this.view.press(each);
    }
  }
}

function keyOf(text: string): Key {
  return { name: text === ' ' ? 'space' : /[a-z]/i.test(text) ? text.toLowerCase() : undefined, ctrl: false, text };
}

const PORTS = [
  keptRow(0),
  keptRow(1, { up: false }),
  keptRow(2, { up: false, addresses: ['0a:00:00:00:00:12 10.16.0.99'] }),
  plainRow('vm1', { up: true, addresses: ['0a:00:00:00:00:01 10.16.0.5'] }),
  plainRow('to-router', { up: undefined, type: 'router', addresses: ['router'] }),
];

function product(): Look {
  const model = new WatchModel();
  model.load([switchRow('product', PORTS), switchRow('qa', [])], PORTS);
  return new Look(model);
}

describe('the picture of the live view', () => {
  it('fits 80 columns and 24 lines', () => {
    const look = product();
    look.press('down', 'down', 'down', 'down');
    const events = look.model.apply([updated(PORTS[0]!, { ...PORTS[0]!, up: false })]);
    look.log.add(...logEntries(events, new Date(2026, 0, 2, 3, 4, 5)));
    expect(look.lines).to.deep.equal([
      'ovn-northbound watch  tcp:10.0.0.5:6641                                  in sync',
      '2 switches, 1 StatefulSet, 5 ports, 1 up, 3 retained, 1 unknown, 1 drifting',
      'SWITCH / STATEFULSET / PORT     STATE    DRIFT IP              MAC',
      '▾ product  10.16.0.0/24         5 ports, 1 up, 3 retained, 1 unknown, 1 drifting',
      '  ▾ product/web                 3 ports, 3 retained, 1 drifting',
      '      0 web-0.product           retained       10.16.0.21      0a:00:00:00:00:10',
      '      1 web-1.product           retained       10.16.0.22      0a:00:00:00:00:11',
      '      2 web-2.product           retained drift 10.16.0.99      0a:00:00:00:00:12',
      '  ▾ other ports                 2 ports, 1 up, 1 unknown',
      '    to-router                   -              router          -',
      '    vm1                         up             10.16.0.5       0a:00:00:00:00:01',
      '▾ qa  10.16.0.0/24              0 ports',
      '',
      '',
      '',
      '',
      '',
      'web-2.product, kept for product/web; drift: was given 0a:00:00:00:00:12 10.16.0…',
      'LAST CHANGES',
      '03:04:05 product  web-0.product  down: retained for its pod',
      '',
      '',
      '',
      'q quit  ↑↓ PgUp PgDn move  Enter open/close  / find  s state  ? help',
    ]);
  });

  it('has as many lines and columns as the terminal, down to very few', () => {
    const look = product();
    for (let rows = 1; rows <= 60; rows++) {
      for (const columns of [1, 10, 40, 60, 79, 200]) {
        look.size = { columns, rows };
        expect(look.lines.length, `${columns}x${rows}`).to.equal(rows);
        look.press('?');
        expect(look.lines.length, `help, ${columns}x${rows}`).to.equal(rows);
        look.press('?');
      }
    }
  });

  it('says how to get help and out, however narrow the terminal is', () => {
    const look = product();
    look.isUnicode = false;
    for (const columns of [80, 60, 40]) {
      look.size = { columns, rows: 24 };
      for (let state = 0; state < 5; state++) {
        look.press('s');
        expect(look.lines.at(-1), `${columns} columns`).to.match(/^q quit .*\? help$/);
      }
    }
  });

  it('does with ASCII where it must', () => {
    const look = product();
    look.isUnicode = false;
    // eslint-disable-next-line no-control-regex -- the range of ASCII begins with them
    expect(look.lines.join('')).to.match(/^[\x00-\x7f]+$/);
    expect(look.body[1]).to.match(/^ {2}- product\/web/);
  });

  it('does not let a name play with the terminal', () => {
    const model = new WatchModel();
    const port = plainRow('\x1b[2Jport');
    model.load([switchRow('\x07switch', [port])], [port]);
    const { body } = new Look(model);
    expect(body[0]).to.match(/^▾ \\x07switch/);
    expect(body[2]).to.match(/^ {4}\\x1b\[2Jport/);
  });

  it('says what became of the connection', () => {
    const look = product();
    look.link = { ...IN_SYNC, text: 'connection lost, trying again', isCurrent: false };
    expect(look.lines[0]).to.match(/^ovn-northbound watch {2}tcp:10.0.0.5:6641 .* connection lost, trying again$/);
  });

  it('shows a switch that was asked for and is not there', () => {
    const model = new WatchModel(['nowhere']);
    const look = new Look(model);
    expect(look.lines[1]).to.equal('0 switches, 0 StatefulSets, 0 ports, no switch nowhere');
    expect(look.body).to.deep.equal(['no logical switches']);
  });
});

describe('keys in the live view', () => {
  it('move the line that is chosen, and the window with it', () => {
    const ports = Array.from({ length: 100 }, (_, i) => plainRow(`p${i}`));
    const model = new WatchModel();
    model.load([switchRow('big', ports)], ports);
    const look = new Look(model);
    expect([look.lines.length, look.chosen]).to.deep.equal([24, '▾ big']);
    look.press('end');
    expect(look.chosen).to.equal('p99');
    expect(look.body.at(-1)).to.match(/^ {4}p99 /);
    look.press('up', 'k');
    expect(look.chosen).to.equal('p97');
    look.press('pageup');
    expect(look.chosen).to.equal('p84');
    look.press('g', 'pagedown', ' ');
    expect(look.chosen).to.equal('p24');
    look.press('home', 'up');
    expect(look.chosen).to.equal('▾ big');
  });

  it('open and close', () => {
    const look = product();
    look.press('down', 'return');
    expect(look.body.map((line) => line.slice(0, 20).trim())).to.deep.equal([
      '▾ product  10.16.0.0',
      '▸ product/web',
      '▾ other ports',
      'to-router',
      'vm1',
      '▾ qa  10.16.0.0/24',
    ]);
    look.press('right', 'down', 'left');
    expect(look.chosen).to.equal('▾ product/web');
    look.press('left', 'left', 'left', 'down');
    expect(look.chosen).to.equal('▾ qa');
    look.press('o');
    expect(look.body).to.have.lengthOf(9);
    look.press('c');
    expect(look.body).to.have.lengthOf(4);
  });

  it('find names and addresses, and states', () => {
    const look = product();
    const names = (): string[] => look.body.flatMap((line) => /^ {4,}(?:\d+ )?([a-z]\S*)/.exec(line)?.[1] ?? []);
    look.press('/WEB 0.2');
    expect(look.lines.at(-1)).to.match(/^find: web 0\.2_ /);
    expect(names()).to.deep.equal(['web-0.product', 'web-1.product']);
    look.press('backspace', 'backspace', 'backspace', '99', 'return');
    expect(names()).to.deep.equal(['web-2.product']);
    expect(look.lines[1]).to.match(/shown "web 99": 1$/);
    look.press('escape', 's');
    expect(names()).to.deep.equal(['web-0.product', 'vm1']);
    look.press('sss');
    expect(names()).to.deep.equal(['web-2.product']);
    expect(look.lines[1]).to.match(/shown drifting: 1$/);
    look.press('/nothing');
    expect(look.body).to.deep.equal(['no port fits']);
    look.press('escape', 'escape');
    expect(names()).to.have.lengthOf(5);
  });

  it('look at the ports once for what was typed before they are drawn', () => {
    const look = product();
    const { revision } = look.model;
    look.press('/web-1');
    expect(look.model.revision).to.equal(revision);
    expect(look.lines[1]).to.match(/shown "web-1": 1$/);
    expect(look.model.revision).to.equal(revision + 1);
  });

  it('stay with the line that is chosen while ports come and go before it', () => {
    const ports = Array.from({ length: 50 }, (_, i) => plainRow(`p${i + 10}`));
    const model = new WatchModel();
    const before = switchRow('big', ports);
    model.load([before], ports);
    const look = new Look(model);
    look.press(...Array.from({ length: 30 }, () => 'down'));
    const height = (): number => look.body.findIndex((line) => line.includes(look.chosen ?? ''));
    const [chosen, at] = [look.chosen, height()];
    const more = Array.from({ length: 5 }, (_, i) => plainRow(`p${i}`));
    const after = switchRow('big', [...ports, ...more]);
    model.apply([updated(before, after), ...more.map((row) => ({ type: 'insert', table: 'Logical_Switch_Port', row: row as never }) as const)]); // prettier-ignore
    expect([look.chosen, height()]).to.deep.equal([chosen, at]);
    const row = ports.find(({ name }) => name === chosen);
    model.apply([{ type: 'delete', table: 'Logical_Switch_Port', row: row as never }]);
    expect(look.chosen).to.equal('p39');
  });

  it('end the view, or ask for more', () => {
    const look = product();
    const press = (name: string, ctrl: boolean): string => look.view.press({ name, ctrl, text: name });
    expect([press('q', false), press('c', true), press('z', true), press('l', true), press('x', false)]).to.deep.equal([
      'quit',
      'interrupt',
      'suspend',
      'redraw-all',
      'nothing',
    ]);
    look.press('/');
    expect([press('q', false), look.view.filterText, press('c', true)]).to.deep.equal(['draw', 'q', 'interrupt']);
  });
});

describe('the plain log', () => {
  it('has a line for each change, whose words can be taken apart', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    const [port, sw] = logEntries(
      [
        { logicalSwitch: 'my switch', subject: 'a\nb', text: 'up' },
        { logicalSwitch: 'x', subject: undefined, text: 'switch created' },
      ],
      at,
    );
    expect(logLine(port!)).to.equal('2026-01-02T03:04:05.678Z my\\x20switch a\\x0ab up\n');
    expect(logLine(sw!)).to.equal('2026-01-02T03:04:05.678Z x switch created\n');
  });
});
