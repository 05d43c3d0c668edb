/** The controller as the process that a container runs: flags, kubeconfig, health pages, signals, kill -9. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { Fixture } from './controller-fixture.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join('examples', 'kubernetes-controller', 'src', 'main.ts');
const THREE = { 'web-0': '10.16.0.21', 'web-1': '10.16.0.22', 'web-2': '10.16.0.23' };

class ControllerProcess {
  readonly child: ChildProcess;
  output = '';

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
      cwd: ROOT,
      env: { ...process.env, OVN_NB_REMOTE: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  /** Where its health pages are; undefined until it says so. */
  get url(): string | undefined {
    return /health and metrics are at (http:[^"]+)/.exec(this.output)?.[1];
  }

  /** Status and text of one of its pages; status 0 when nobody answers. */
  async page(path: string): Promise<{ readonly status: number; readonly text: string }> {
    if (this.url === undefined) return { status: 0, text: '' };
    try {
      const response = await fetch(`${this.url}${path}`, { headers: { connection: 'close' } });
      return { status: response.status, text: await response.text() };
    } catch {
      return { status: 0, text: '' };
    }
  }

  /** Sends a signal; resolves with the exit code, or the signal that ended it. */
  async end(signal?: NodeJS.Signals): Promise<number | string> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode ?? 'signal';
    const ended = once(this.child, 'close');
    if (signal !== undefined) this.child.kill(signal);
    const [code, by] = (await ended) as [number | null, NodeJS.Signals | null];
    return code ?? by ?? 'unknown';
  }
}

describe("the Kubernetes controller's process", function () {
  this.timeout(180_000);
  const processes: ControllerProcess[] = [];
  let fixture: Fixture;
  let args: readonly string[];

  before(async () => {
    fixture = await Fixture.start({ ssl: true });
    const kubeconfig = join(fixture.sandbox.directory, 'kubeconfig.yaml');
    await writeFile(kubeconfig, fixture.server.kubeconfig(), { mode: 0o600 });
    const { sslRemote, tls } = fixture.sandbox;
    const files = ['--nb-private-key', tls.privateKey, '--nb-certificate', tls.certificate, '--nb-ca-cert', tls.ca];
    args = ['--kubeconfig', kubeconfig, '--listen', '127.0.0.1:0', '--nb-remote', sslRemote, ...files];
  });

  after(async () => {
    await Promise.all(processes.map((controller) => controller.end('SIGKILL')));
    await fixture[Symbol.asyncDispose]();
  });

  function start(...more: readonly string[]): ControllerProcess {
    const controller = new ControllerProcess(more.length > 0 ? more : args);
    processes.push(controller);
    return controller;
  }

  async function untilReady(controller: ControllerProcess): Promise<void> {
    let status = 0;
    const polling = setInterval(() => void controller.page('/readyz').then((page) => (status = page.status)), 30);
    try {
      await fixture
        .until('the process is ready', () => status === 200, 60_000)
        .catch((error: unknown) => {
          throw new Error(`${String(error)}\n${controller.output}`);
        });
    } finally {
      clearInterval(polling);
    }
  }

  it('does its work, answers the kubelet and Prometheus, and ends with code 0 at SIGTERM', async () => {
    const controller = start();
    await untilReady(controller);
    fixture.addSet('web', { replicas: 3, pool: '10.16.0.21,10.16.0.22,10.16.0.23' });
    await fixture.untilTold(THREE);
    expect(await controller.page('/healthz')).to.deep.equal({ status: 200, text: 'ok\n' });
    expect((await controller.page('/other')).status).to.equal(404);
    const { text } = await controller.page('/metrics');
    expect(text).to.include('\novn_statefulset_statefulsets 1\n').and.to.include('\novn_statefulset_pods 3\n');
    for (const line of text.trim().split('\n')) expect(line).to.match(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+ [0-9.]+)$/);
    const startedAt = performance.now();
    expect(await controller.end('SIGTERM'), controller.output).to.equal(0);
    expect(performance.now() - startedAt).to.be.lessThan(5_000);
    for (const line of controller.output.trim().split('\n'))
      expect(JSON.parse(line)).to.include.keys('time', 'level', 'message');
  });

  it('goes on after kill -9 in the middle of its work', async () => {
    const ports = fixture.ports();
    const killed = start();
    await untilReady(killed);
    fixture.editPool('web', '10.16.0.21..10.16.0.40');
    fixture.scale('web', 9);
    await fixture.until('it has begun', () => Object.keys(fixture.ports()).length > 3);
    expect(await killed.end('SIGKILL')).to.equal('SIGKILL');
    const controller = start();
    await fixture.until('all are told', () => Object.values(fixture.told()).filter(Boolean).length === 9, 60_000);
    expect(fixture.ports()).to.include(ports);
    expect(Object.values(fixture.ips())).to.deep.equal(Array.from({ length: 9 }, (_, i) => `10.16.0.${21 + i}`));
    expect(await controller.end('SIGTERM'), controller.output).to.equal(0);
  });

  it('waits for a database that is not there yet, says so, and can be stopped meanwhile', async () => {
    const kubeconfig = args.slice(0, 2);
    const controller = start(...kubeconfig, '--nb-remote', 'unix:/nowhere/nb.sock', '--listen', '127.0.0.1:0');
    let page = await controller.page('/readyz');
    for (let i = 0; i < 2_000 && page.status === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      page = await controller.page('/readyz');
    }
    expect(page).to.deep.equal({ status: 503, text: 'waiting for the northbound database\n' });
    expect((await controller.page('/healthz')).status).to.equal(200);
    expect(await controller.end('SIGTERM'), controller.output).to.equal(0);
  });

  it('ends and says why when its command line is wrong (2), or its kubeconfig is not there (1)', async () => {
    const wrong = start('--nb-remote', 'tcp:127.0.0.1:1', '--on-delete', 'drop');
    const missing = start('--nb-remote', fixture.sandbox.remote, '--kubeconfig', '/nowhere/kubeconfig');
    expect(await Promise.all([wrong.end(), missing.end()])).to.deep.equal([2, 1]);
    expect(wrong.output).to.include('--on-delete is "drop"; it must be keep or release');
    expect(missing.output).to.include('/nowhere/kubeconfig');
  });
});
