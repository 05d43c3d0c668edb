/** The command as a program of its own: signals, pipes and a real terminal. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { documentOf, PortsScene } from './ports-command-scene.js';
import { eventually } from './raw-client.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = [process.execPath, '--import', 'tsx', join(ROOT, 'lib/bin/ovn-northbound.ts'), 'ports'];

describe('the program ovn-northbound ports', function () {
  this.timeout(180_000);
  let scene: PortsScene;
  let file: string;
  before(async () => {
    scene = await PortsScene.start();
    file = await scene.manifest({ replicas: 2, pool: '10.16.0.21,10.16.0.22' });
  });
  after(() => scene[Symbol.asyncDispose]());

  /** A child and what it has printed so far. */
  function start(command: readonly string[], stdout: 'pipe' | number = 'pipe') {
    const [program = '', ...args] = command;
    const env = { ...process.env, OVN_NB_DB: scene.sandbox.remote };
    const child: ChildProcess = spawn(program, args, { cwd: ROOT, env, stdio: ['pipe', stdout, 'pipe'] });
    const printed = { out: '', err: '' };
    child.stdout?.on('data', (data: Buffer) => (printed.out += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (printed.err += data.toString()));
    const ended = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number, ...printed }));
    return { child, printed, ended };
  }

  async function run(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
    const { child, ended } = start([...PROGRAM, ...args]);
    child.stdin?.end();
    return ended;
  }

  /** The same on a terminal of its own: what is printed comes on standard output, in the order in which it is seen. */
  function onTerminal(...args: string[]): ReturnType<typeof start> {
    const quoted = [...PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
    return start(['script', '--quiet', '--return', '--echo', 'never', '--command', quoted, '/dev/null']);
  }

  it('finds the database by OVN_NB_DB, and ends with the exit code', async () => {
    expect((await run('plan', '-f', file)).exitCode).to.equal(4);
    const applied = await run('apply', '-f', file, '--json');
    expect([applied.exitCode, applied.err]).to.deep.equal([0, '']);
    expect(documentOf(applied)).to.include({ command: 'apply', exitCode: 0 });
    expect((await run('list', '--on-drift')).exitCode).to.equal(2);
    expect(Object.keys(await scene.ports())).to.deep.equal(['web-0.product', 'web-1.product']);
  });

  it('reads a manifest that is piped in', async () => {
    const { child, ended } = start([...PROGRAM, 'plan', '-f', '-']);
    child.stdin?.end('{kind: StatefulSet, metadata: {name: web, namespace: product}}');
    const { exitCode, out } = await ended;
    expect([exitCode, out]).to.satisfy(([code, text]: [number, string]) => code === 0 && text.includes('keep 1'));
  });

  it('does not mind a reader that has enough', async () => {
    const { child, ended } = start([...PROGRAM, 'list']);
    child.stdout?.destroy();
    const { exitCode, err } = await ended;
    expect([exitCode, err]).to.deep.equal([0, '']);
  });

  it('fails when its result cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const { child, ended } = start([...PROGRAM, 'list'], full);
    closeSync(full);
    child.stdin?.end();
    const { exitCode, err } = await ended;
    expect(exitCode).to.equal(1);
    expect(err).to.match(/^ovn-northbound: cannot write the result: ENOSPC/);
  });

  it('can be stopped while it waits for a server', async () => {
    const { child, printed, ended } = start([...PROGRAM, 'list', '--db', `unix:${scene.sandbox.directory}/nobody`]);
    await eventually(() => printed.err.includes('trying again'), 'the note', 30_000);
    child.kill('SIGTERM');
    const { exitCode, err } = await ended;
    expect(exitCode).to.equal(143);
    expect(err).to.match(/nothing was changed\novn-northbound ports: stopped by SIGTERM\n$/);
  });

  it('can be stopped while it reads a manifest', async () => {
    const { child, ended } = start([...PROGRAM, 'plan', '-f', '-']);
    // More than what waits in a pipe: once it is written, it is being read.
    await new Promise((resolve) => child.stdin?.write('# a manifest without end\n'.repeat(100_000), resolve));
    child.kill('SIGINT');
    const { exitCode, err } = await ended;
    expect([exitCode, err]).to.deep.equal([130, 'nothing was changed\novn-northbound ports: stopped by SIGINT\n']);
  });

  it('does not ask at a terminal where a manifest was typed', async () => {
    const { child, ended } = onTerminal('release', '-f', '-');
    child.stdin?.write('{kind: StatefulSet, metadata: {name: web, namespace: product}}\n\x04');
    const { exitCode, out } = await ended;
    expect(exitCode).to.equal(2);
    expect(out).to.include('standard input is read for "-", so that nobody can answer there; nothing was changed');
    expect(Object.keys(await scene.ports())).to.deep.equal(['web-0.product', 'web-1.product']);
  });

  it('asks on a terminal, and is stopped there by Ctrl-C without a change', async () => {
    const before = await scene.versions();
    const { child, printed, ended } = onTerminal('release', '--all');
    await eventually(() => printed.out.includes('[y/N] '), 'the question', 30_000);
    child.stdin?.write('\x03');
    const { exitCode, out } = await ended;
    expect(exitCode).to.equal(130);
    expect(out).to.match(/Release 2 ports of 1 StatefulSet\? .*\r\nnothing was changed\r\n.*stopped by SIGINT\r\n$/s);
    expect(await scene.versions()).to.deep.equal(before);
  });

  it('does on a terminal what the answer says, and ends by itself', async () => {
    const { child, printed, ended } = onTerminal('release', '--statefulset', 'product/web');
    await eventually(() => printed.out.includes('[y/N] '), 'the question', 30_000);
    child.stdin?.write('y\n');
    const { exitCode, out } = await ended;
    expect(exitCode).to.equal(0);
    expect(out).to.match(/2 ports released\r\n$/);
    expect(await scene.ports()).to.deep.equal({});
  });
});
