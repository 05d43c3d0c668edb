import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { findExecutable } from '../../lib/testing/executable.js';
import { PrivateNamespaces } from './private-namespaces.js';
import { requireOvn } from './requirements.js';

const MODULE = new URL('private-namespaces.ts', import.meta.url).href;

/** Number of processes in a process namespace. */
function processesIn(namespace: string): number {
  return readdirSync('/proc').filter((entry) => {
    try {
      return readlinkSync(`/proc/${entry}/ns/pid`) === namespace;
    } catch {
      return false;
    }
  }).length;
}

describe('real traffic: private namespaces', function () {
  this.timeout(180_000);

  it('two at once do not see each other, and nobody else sees them', async () => {
    await using one = await PrivateNamespaces.start();
    await using other = await PrivateNamespaces.start();
    for (const namespaces of [one, other]) {
      await namespaces.addNetwork('same');
      expect((await namespaces.run('ip', ['netns', 'list'])).trim()).to.equal('same');
      expect(await namespaces.run('ip', ['-br', 'link'], { in: 'same' })).to.match(/^lo .*\n$/);
    }
    await one.deleteNetwork('same');
    expect((await other.run('ip', ['netns', 'list'])).trim()).to.equal('same');
  });

  it('a program that fails is told with its output', async () => {
    await using namespaces = await PrivateNamespaces.start();
    const error = await namespaces.run('ip', ['link', 'show', 'nothing']).then(String, String);
    expect(error).to.match(/"ip link show nothing" failed with 1: .*nothing/);
  });

  it('what still runs in them ends when they are stopped', async () => {
    const namespaces = await PrivateNamespaces.start();
    await namespaces.addNetwork('pod');
    const inside = (await namespaces.run('readlink', ['/proc/self/ns/pid'])).trim();
    const sleeper = namespaces.spawn('sh', ['-c', 'sleep 1000 & echo up; sleep 1000'], { in: 'pod' });
    await once(sleeper.stdout, 'data');
    expect(processesIn(inside), 'the first process, the shell, and what it runs').to.be.greaterThan(2);
    await namespaces.stop();
    expect(processesIn(inside)).to.equal(0);
    if (sleeper.exitCode === null && sleeper.signalCode === null) await once(sleeper, 'exit');
    await namespaces.stop();
    expect(() => namespaces.spawn('true', [])).to.throw('Cannot run true: its namespaces are gone');
  });

  it('nothing in them outlives the process that made them, also when that is killed', async () => {
    const script = `
      import { PrivateNamespaces } from ${JSON.stringify(MODULE)};
      const namespaces = await PrivateNamespaces.start();
      await namespaces.addNetwork('pod');
      const sleeper = namespaces.spawn('sh', ['-c', 'echo up; sleep 1000'], { in: 'pod' });
      await new Promise((resolve) => sleeper.stdout.once('data', resolve));
      console.log(await namespaces.run('readlink', ['/proc/self/ns/pid']));`;
    const host = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = (await once(host.stdout, 'data')) as [Buffer];
    const inside = chunk.toString().trim();
    expect(processesIn(inside)).to.be.greaterThan(1);
    host.kill('SIGKILL');
    await once(host, 'exit');
    while (processesIn(inside) > 0) await sleep(10);
  });
});

describe('real traffic: what it needs', () => {
  it('is all there, or the error says which package to install', () => {
    expect(Object.keys(requireOvn())).to.deep.equal(['nb', 'sb', 'vswitch']);
    const without = (name: string): string | undefined =>
      name === 'ovn-controller' || name === 'ping' ? undefined : findExecutable(name);
    expect(() => requireOvn(without)).to.throw(
      /need ovn-controller, ping: run "npm run test:ovn" as root.*or "apt-get install ovn-host iputils-ping"/,
    );
  });
});
