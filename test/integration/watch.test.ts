/** The live view as a program of its own, on a real server and a real terminal. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { TerminalEmulator } from '../unit/bin/watch/terminal-emulator.js';
import { PortsScene } from './ports-command-scene.js';
import { eventually } from './raw-client.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = [process.execPath, '--import', 'tsx', join(ROOT, 'lib/bin/ovn-northbound.ts')];
const ENVIRONMENT = { TERM: 'xterm', LC_ALL: 'C.UTF-8' };

describe('the program ovn-northbound watch', function () {
  this.timeout(120_000);
  let scene: PortsScene;
  let runs = 0;
  const children: ChildProcess[] = [];
  // Those of a test that failed: a view goes on for as long as it has a terminal.
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  before(async () => {
    scene = await PortsScene.start();
    const file = await scene.manifest({ replicas: 3, pool: '10.16.0.21,10.16.0.22,10.16.0.23' });
    expect((await scene.run('apply', '-f', file)).exitCode).to.equal(0);
    await scene.setPort('web-0.product', { up: true });
    await scene.addPort('product', 'vm1', { addresses: '0a:00:00:00:00:01 10.16.0.99', up: false });
  });
  after(() => scene[Symbol.asyncDispose]());

  /** A program on a terminal of its own, of 80 columns and 24 lines. */
  function onTerminal(args: readonly string[], environment: Record<string, string> = {}) {
    const file = join(scene.sandbox.directory, `terminal-${++runs}`);
    const words = [...PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
    const command = `stty rows 24 cols 80; tty > ${file}.tty; echo $$ > ${file}.pid; exec ${words}`;
    const env = { ...process.env, OVN_NB_DB: scene.sandbox.remote, ...ENVIRONMENT, ...environment };
    const child = spawn('script', ['--quiet', '--return', '--echo', 'never', '--command', command, '/dev/null'], {
      cwd: ROOT,
      env: { ...env, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    children.push(child);
    const terminal = new TerminalEmulator(80, 24);
    const written = { raw: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.raw += text;
      terminal.write(text);
    });
    const ended = once(child, 'close').then(([exitCode]) => exitCode as number);
    return {
      terminal,
      written,
      ended,
      child,
      pid: () => Number(readFileSync(`${file}.pid`, 'utf8')),
      resize: (columns: number, rows: number) =>
        void execFileSync('stty', ['-F', readFileSync(`${file}.tty`, 'utf8').trim(), 'cols', String(columns), 'rows', String(rows)]), // prettier-ignore
      type: (text: string) => void child.stdin.write(text),
      shows: (what: string | RegExp) =>
        eventually(
          () => (typeof what === 'string' ? terminal.text.includes(what) : what.test(terminal.text)),
          `${String(what)} on the screen, which shows\n${terminal.text}`,
        ),
    };
  }

  /** The program without a terminal. */
  function piped(...args: readonly string[]) {
    const [program = '', ...rest] = [...PROGRAM, ...args];
    const env = { ...process.env, OVN_NB_DB: scene.sandbox.remote };
    const child = spawn(program, rest, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    const printed = { out: '', err: '' };
    child.stdout.on('data', (data: Buffer) => (printed.out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (printed.err += data.toString()));
    const ended = once(child, 'close').then(([exitCode]) => exitCode as number);
    return { child, printed, ended };
  }

  function expectRestored({ isOtherScreen, isCursorShown, wraps }: TerminalEmulator): void {
    expect({ isOtherScreen, isCursorShown, wraps }).to.deep.equal({ isOtherScreen: false, isCursorShown: true, wraps: true }); // prettier-ignore
  }

  it('shows what is there and what changes, writes little, and is left with q', async () => {
    const { terminal, written, ended, shows, type } = onTerminal(['watch', '--switch', 'product']);
    await shows(/web-0\.product +up +10\.16\.0\.21/);
    expect(terminal.text).to.match(/^1 switch, 1 StatefulSet, 4 ports, 1 up, 2 retained, 1 down$/m);
    expect([terminal.isOtherScreen, terminal.isCursorShown]).to.deep.equal([true, false]);
    const { length } = written.raw;
    expect(length).to.be.below(3000);
    await scene.setPort('web-1.product', { up: true });
    await shows(/web-1\.product +up /);
    await shows(/^\d\d:\d\d:\d\d product {2}web-1\.product {2}up$/m);
    expect(written.raw.length - length).to.be.below(400);
    await scene.setPort('web-2.product', { addresses: '0a:00:00:00:00:02 10.16.0.77' });
    await shows(/web-2\.product +retained drift 10\.16\.0\.77/);
    type('/vm');
    await shows('shown "vm": 1');
    expect(terminal.text).to.not.match(/ {2}1 web-1/);
    type('\x1b');
    await shows(/ {2}1 web-1/);
    type('q');
    expect(await ended).to.equal(0);
    expectRestored(terminal);
  });

  it('shows that the connection is lost, and what changed meanwhile', async () => {
    const { terminal, ended, shows, type } = onTerminal(['watch']);
    await shows(/in sync$/m);
    await scene.sandbox.kill();
    await shows(/connection lost, (trying again|connecting)$/m);
    expect(terminal.text, 'what was there last').to.include('web-0.product');
    await scene.sandbox.restart();
    await shows(/in sync$/m);
    await shows('in sync again with');
    type('q');
    expect(await ended).to.equal(0);
    await scene[Symbol.asyncDispose]();
    scene = await PortsScene.start();
    await scene.addPort('product', 'vm1', { addresses: '0a:00:00:00:00:01 10.16.0.99', up: false });
  });

  it('compares ports with the pools of a manifest', async () => {
    const file = await scene.manifest({ name: 'db', namespace: 'qa', replicas: 2, pool: '10.17.0.21,10.17.0.22' });
    expect((await scene.run('apply', '-f', file)).exitCode).to.equal(0);
    const edited = await scene.manifest({ name: 'db', namespace: 'qa', replicas: 2, pool: '10.17.0.21,10.17.0.32' });
    const { terminal, ended, shows, type } = onTerminal(['watch', '-f', edited]);
    await shows(/db-1\.qa +retained drift 10\.17\.0\.22/);
    expect(terminal.text).to.match(/db-0\.qa +retained {7}10\.17\.0\.21/);
    type('s\x1b[B\x1b[B\x1b[B'.replace('s', 'ssss'));
    await shows('drift: the pool says 10.17.0.32, has ');
    type('q');
    expect(await ended).to.equal(0);
    expect((await scene.run('release', '--namespace', 'qa', '--yes')).exitCode).to.equal(0);
  });

  it('fits itself to another size', async () => {
    const { terminal, ended, shows, resize, type } = onTerminal(['watch'], { NO_COLOR: '1' });
    await shows('vm1');
    resize(50, 10);
    await eventually(() => terminal.lines[9]?.startsWith('q quit') === true, 'the keys in the last line');
    expect(terminal.lines.slice(10).join('')).to.equal('');
    expect(Math.max(...terminal.lines.map((line) => line.length))).to.be.at.most(50);
    type('q');
    expect(await ended).to.equal(0);
  });

  it('writes no colours where nobody wants them', async () => {
    const { written, ended, shows, type } = onTerminal(['watch'], { NO_COLOR: '1' });
    await shows('vm1');
    type('q');
    expect(await ended).to.equal(0);
    // eslint-disable-next-line no-control-regex -- colours are set by control characters
    expect(written.raw).to.not.match(/\x1b\[[\d;]*3\d(;\d+)*m/);
  });

  for (const [what, end, expected] of [
    ['Ctrl-C', ({ type }) => type('\x03'), 130],
    ['SIGTERM', ({ pid }) => void process.kill(pid(), 'SIGTERM'), 143],
    ['SIGHUP', ({ pid }) => void process.kill(pid(), 'SIGHUP'), 129],
  ] as readonly [string, (run: ReturnType<typeof onTerminal>) => void, number][]) {
    it(`gives the terminal back at ${what}, with exit code ${expected}`, async () => {
      const run = onTerminal(['watch']);
      await run.shows('vm1');
      end(run);
      expect(await run.ended).to.equal(expected);
      expectRestored(run.terminal);
    });
  }

  it('goes on after Ctrl-Z where nobody could wake it', async () => {
    const { terminal, written, ended, shows, type } = onTerminal(['watch']);
    await shows('vm1');
    type('\x1a');
    await eventually(() => written.raw.split('\x1b[?1049h').length === 3, 'the screen taken again');
    await shows('vm1');
    type('q');
    expect(await ended).to.equal(0);
    expectRestored(terminal);
  });

  it('ends when its terminal is gone', async () => {
    const { child, ended, shows, pid } = onTerminal(['watch']);
    await shows('vm1');
    const stat = `/proc/${pid()}/stat`;
    child.kill('SIGKILL');
    await ended;
    // Who inherits it may take its time to look.
    const hasEnded = (): boolean => !existsSync(stat) || / Z /.test(readFileSync(stat, 'utf8'));
    await eventually(hasEnded, 'the end of the program');
  });

  it('prints a line for each change without a terminal, until a signal', async () => {
    const { child, printed, ended } = piped('watch');
    await eventually(() => printed.out.includes('in sync'), 'the first line');
    await scene.addPort('qa', 'vm2', { addresses: '0a:00:00:00:00:03 10.17.0.9' });
    await scene.setPort('vm2', { up: true });
    await eventually(() => printed.out.includes(' up\n'), 'the lines');
    child.kill('SIGTERM');
    expect(await ended).to.equal(143);
    expect(printed.out.replaceAll(/^\S+Z /gm, '').split('\n')).to.deep.equal([
      `in sync with ${scene.sandbox.remote}: 2 logical switches, 1 port, 1 down`,
      'qa vm2 created, has 10.17.0.9',
      'qa vm2 up',
      '',
    ]);
    expect(printed.err).to.equal('');
  });

  it('ends quietly when nobody reads its lines any more', async () => {
    const { child, printed, ended } = piped('watch', '--switch', 'product');
    await eventually(() => printed.out.includes('in sync'), 'the first line');
    expect(printed.out).to.match(/: 1 logical switch, /);
    child.stdout.destroy();
    const change = setInterval(() => void scene.setPort('vm1', { external_ids: ['map', [['at', String(Math.random())]]] }), 50); // prettier-ignore
    expect(await ended).to.equal(0);
    clearInterval(change);
    expect(printed.err).to.equal('');
  });

  it('fails where there is no server, and shows on a terminal that it tries', async () => {
    const args = ['watch', '--timeout', '1.5', '--remote', `unix:${scene.sandbox.directory}/nobody`];
    const { written, ended, terminal } = onTerminal(args);
    expect(await ended).to.equal(1);
    expect(terminal.isOtherScreen).to.equal(false);
    expect(written.raw).to.match(/connecting to unix:.*: 0 s/);
    expect(terminal.text).to.match(/ovn-northbound watch: connecting to .* failed/s);
    const { printed, ended: alsoEnded } = piped(...args);
    expect(await alsoEnded).to.equal(1);
    expect(printed.err).to.match(/^note: .*\novn-northbound watch: .*\n$/);
  });

  it('is refused with a command line that makes no sense', async () => {
    const { printed, ended } = piped('watch', '--remote', 'nonsense');
    expect(await ended).to.equal(2);
    expect(printed.err).to.match(/^ovn-northbound watch: --remote: .*\nTry: ovn-northbound watch --help\n$/);
  });
});

describe('long work on a terminal', function () {
  this.timeout(120_000);

  it('shows how far it has come, and leaves nothing behind', async () => {
    await using scene = await PortsScene.start();
    await scene.addSwitch('many', { subnet: '10.64.0.0/16' });
    const file = await scene.manifest({ name: 'big', namespace: 'many', replicas: 16000 });
    const words = [...PROGRAM, 'ports', 'apply', '-f', file].map((word) => `'${word}'`).join(' ');
    const out = join(scene.sandbox.directory, 'applied');
    const child = spawn(
      'script',
      ['--quiet', '--return', '--command', `stty cols 80; ${words} > ${out}`, '/dev/null'],
      {
        cwd: ROOT,
        env: { ...process.env, OVN_NB_DB: scene.sandbox.remote, ...ENVIRONMENT },
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    const terminal = new TerminalEmulator(80, 24);
    let raw = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      raw += text;
      terminal.write(text);
    });
    expect((await once(child, 'close'))[0]).to.equal(0);
    expect(raw).to.match(/\r(planning|applying) many\/big: \d+ of 16000 ports/);
    expect(terminal.text.trim()).to.equal('');
    expect(readFileSync(out, 'utf8')).to.match(/many\/big: 16000 created\n$/);
  });
});
