import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

const BOOTSTRAP = fileURLToPath(new URL('../../.ci/bootstrap.mjs', import.meta.url));

/** Runs the bootstrap; with a signal, sends it as soon as the command has written something. */
async function bootstrap(
  args: readonly string[],
  signal?: NodeJS.Signals,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, [BOOTSTRAP, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  if (signal !== undefined) {
    await once(child.stdout, 'data');
    child.kill(signal);
  }
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, output };
}

describe('the bootstrap', () => {
  const ready = ['--', 'node', '-e'];

  it('passes arguments on and ends with the exit code of the command', async () => {
    const { code, output } = await bootstrap([
      ...ready,
      'console.log(process.argv.slice(1)); process.exit(5)',
      'a b',
      '--no-server',
    ]);
    expect(output).to.equal("[ 'a b', '--no-server' ]\n");
    expect(code).to.equal(5);
  });

  it('hands signals on to the command and waits for it', async () => {
    const script =
      "process.on('SIGTERM', () => { console.log('bye'); process.exit(7); }); setInterval(() => {}, 1000); console.log('up');";
    const { code, output } = await bootstrap([...ready, script], 'SIGTERM');
    expect(output).to.equal('up\nbye\n');
    expect(code).to.equal(7);
  });

  it('ends as a shell does when a signal ended the command', async () => {
    const { code } = await bootstrap([...ready, "console.log('up'); setInterval(() => {}, 1000)"], 'SIGINT');
    expect(code).to.equal(128 + 2);
  });

  it('says what to install where it cannot do so itself: with --ovn also the programs of a node', async () => {
    // Without apt-get in its path it installs nothing.
    const env = { ...process.env, PATH: '/nonexistent' };
    const plain = await bootstrap(['--', 'node'], undefined, env);
    expect(plain.code).to.equal(3);
    expect(plain.output).to.match(/private OVSDB servers, but these are missing: .*ovn-nbctl/);
    expect(plain.output).to.match(/sudo apt-get install .* ovn-central openssl\n/);
    const whole = await bootstrap(['--ovn', '--', 'node'], undefined, env);
    expect(whole.code).to.equal(3);
    expect(whole.output).to.match(/network namespaces, but these are missing: .*ovn-nbctl.*ovn-controller/);
    expect(whole.output).to.match(/sudo apt-get install .* ovn-central openssl openvswitch-switch ovn-host /);
  });

  it('installs programs only for the argument that needs them', async () => {
    const env = { ...process.env, PATH: '/nonexistent' };
    const command = ['--server-for=--real', '--', 'node', '-e', 'console.log(process.argv.slice(1))', '--'];
    expect(await bootstrap([...command, 'really'], undefined, env)).to.deep.equal({
      code: 0,
      output: "[ 'really' ]\n",
    });
    expect((await bootstrap([...command, '--real'], undefined, env)).code).to.equal(3);
  });

  it('says what is wrong with its arguments, or that the command is not there', async () => {
    expect(await bootstrap(['--no-sever', '--', 'node'])).to.deep.include({ code: 2 });
    expect((await bootstrap([])).output).to.include('usage: ');
    const absent = await bootstrap(['--', 'no-such-command']);
    expect(absent.code).to.equal(127);
    expect(absent.output).to.include('"no-such-command" cannot be run');
  });
});
