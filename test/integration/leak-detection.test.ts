/** Runs mocha on small test files that leak something, and expects the run to fail with the reason. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SANDBOX = JSON.stringify(join(ROOT, 'lib/testing/index.ts'));

describe('the test run', function () {
  this.timeout(120_000);
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'ovn-northbound-leaks-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(body: string): { status: number | null; output: string } {
    const file = join(folder, 'leak.test.mts');
    writeFileSync(file, body);
    const mocha = join(ROOT, 'node_modules/mocha/bin/mocha.js');
    const args = [mocha, '--no-config', '--import=tsx', '--timeout=60000', '--require', './test/setup.ts', file];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }

  it('passes when nothing is left behind', () => {
    const { status, output } = run(`
      import { Sandbox } from ${SANDBOX};
      it('tidies up', async () => { await using sandbox = await Sandbox.start(); });`);
    expect(output).to.include('1 passing');
    expect(status).to.equal(0);
  });

  it('fails when a sandbox is not stopped, and names the place', () => {
    const { status, output } = run(`
      import { Sandbox } from ${SANDBOX};
      it('forgets', async () => { await Sandbox.start(); });`);
    expect(output).to.match(/The tests leaked:\s+sandbox \S+ovnsb-\d+-\w+ was not stopped/);
    expect(output).to.include('leak.test.mts:3');
    expect(output).to.match(/child process left running: ovsdb-server \d+/);
    expect(status).not.to.equal(0);
  });

  it('fails when a promise is rejected and nobody looks', () => {
    const { status, output } = run(`
      it('shrugs', (done) => { void Promise.reject(new Error('overlooked')); setTimeout(done, 10); });`);
    expect(output).to.include('overlooked');
    expect(status).not.to.equal(0);
  });

  it('fails when a handle keeps the process alive', () => {
    const { status, output } = run(`
      import { createServer } from 'node:net';
      it('keeps listening', (done) => { createServer().listen(0, '127.0.0.1', done); });`);
    expect(output).to.include('keep the process alive: ');
    expect(output).to.include('TCPServerWrap');
    expect(status).to.equal(1);
  });
});
