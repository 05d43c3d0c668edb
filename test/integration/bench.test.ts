import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { Sandbox } from '../../lib/testing/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TINY = [
  ...['--ports=30', '--rounds=1', '--create=4', '--switch-sizes=3', '--changes=5'],
  ...['--replicas=6', '--sets=2', '--set-replicas=3', '--kept=20', '--growth=20', '--warm-up=20'],
];

async function bench(...args: readonly string[]): Promise<string> {
  const command = ['--expose-gc', '--import', 'tsx', 'test/bench/run.ts', ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT, timeout: 200_000 });
  return stdout;
}

describe('the benchmark', function () {
  this.timeout(240_000);
  let folder: string;
  let tarball: string;

  before(() => {
    // A package in place of this checkout's, which takes long to build and is another test's business.
    folder = mkdtempSync(join(tmpdir(), 'ovn-northbound-bench-test-'));
    mkdirSync(join(folder, 'package'));
    writeFileSync(
      join(folder, 'package/package.json'),
      '{ "name": "ovn-northbound", "type": "module", "main": "main.js" }',
    );
    writeFileSync(join(folder, 'package/main.js'), '');
    tarball = join(folder, 'package.tgz');
    execFileSync('tar', ['-czf', tarball, '-C', folder, 'package']);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('prints a table for each of its parts, with figures in every row', async () => {
    const output = await bench(...TINY, `--tarball=${tarball}`);
    expect(output).to.include('First synchronisation of 30 ports');
    expect(output).to.include('Creating 4 ports on one switch');
    expect(output).to.include('A change by another client');
    expect(output).to.include('the ports of StatefulSets');
    expect(output).to.include('one pod among many kept ports');
    expect(output).to.include('Reads of 30 ports');
    expect(output).to.include('In sync again after a reconnect with 30 ports');
    expect(output).to.include('A snapshot in chunks of different sizes');
    expect(output).to.include('Start of a program that imports the package');
    expect(output).to.match(/^ {2}embedded server, unix socket.* \d/m);
    expect(output).to.match(/^Bars: \d+ met, \d+ missed$/m);
    expect(output).to.match(/^ {2}first-sync +first sync of 30 ports: client CPU.* ≤ 1.15 × {2,}(met|missed)$/m);
    expect(output).not.to.match(/NaN|undefined/);
    expect(output.match(/^ {2}.*ovn-northbound.* \d/gm)).to.have.length.of.at.least(5);
  });

  it('measures how the cost grows when asked to', async () => {
    const output = await bench(...TINY, '--only=growth');
    expect(output).to.match(/^ {2}20 ports on one switch, ovn-northbound.* \d/m);
    expect(output).to.match(/^ {2}20 ports on 20 switches, ovn-northbound.* \d/m);
    expect(output).not.to.match(/NaN|undefined/);
  });

  it('puts its tables in their place in a document', async () => {
    const document = join(folder, 'document.md');
    const frame = (text: string): string =>
      `# Title\n\n<!-- measured: begin -->${text}<!-- measured: end -->\n\nMore.\n`;
    writeFileSync(document, frame('\n\nold\n\n'));
    const output = await bench(...TINY, '--only=reads', '--markdown', `--update=${document}`);
    expect(readFileSync(document, 'utf8')).to.equal(frame(`\n\n${output.trim()}\n\n`));
    expect(output).to.match(/^\| part +\| what +\| +measured \| +bar \| +\|$/m);
    expect(output).to.match(/^\| ovn-northbound +\|( .*\d.* \|){3}$/m);
  });

  it('has drivers that other harnesses can start', async () => {
    await using sandbox = await Sandbox.start();
    await sandbox.nbctl('ls-add', 'sw-0', '--', 'lsp-add', 'sw-0', 'port');
    const drive = async (name: string, ...args: readonly string[]): Promise<Record<string, unknown>> => {
      const command = ['--import', 'tsx', `test/bench/peers/ours-${name}.mjs`, sandbox.remote, ...args];
      const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT, timeout: 60_000 });
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    for (const mode of ['seq', 'pipe', 'batch']) {
      expect(await drive('write', 'sw-0', mode, '4', '2'))
        .to.have.property('per_s')
        .that.is.above(0);
    }
    expect(await drive('sync')).to.have.property('ports', 13);
    const watcher = spawn(process.execPath, ['--import', 'tsx', 'test/bench/peers/ours-watch.mjs', sandbox.remote], {
      cwd: ROOT,
    });
    const lines = createInterface({ input: watcher.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).to.equal('READY');
    for (const seq of ['7', '-1']) await sandbox.nbctl('set', 'Logical_Switch_Port', 'port', `options:seq="${seq}"`);
    expect((await lines.next()).value).to.match(/^7 \d+$/);
    expect((await lines.next()).value).to.match(/^-1 \d+$/);
    expect(await lines.next()).to.have.property('done', true);
  });

  it('prints the same as JSON for programs', async () => {
    const output = JSON.parse(await bench(...TINY, '--only=first-sync', '--json')) as {
      reports: { name: string; rows: { label: string; figures: Record<string, { median: number }> }[] }[];
    };
    const [report, ...others] = output.reports;
    expect(others).to.deep.equal([]);
    expect(report?.name).to.equal('first-sync');
    const counted = report?.rows.filter(({ label }) => /floor|ovn-northbound/.test(label)) ?? [];
    expect(counted.map(({ figures }) => figures['ports']?.median)).to.deep.equal([30, 30, 30]);
  });

  it('refuses arguments that it does not know', async () => {
    const failure = await bench('--only=nonsense').catch((error: unknown) => error as { stderr: string });
    expect(failure).to.have.property('stderr').that.includes('--only nonsense: there is no such part');
  });
});
