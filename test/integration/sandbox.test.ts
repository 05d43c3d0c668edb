import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { OvsdbError } from '../../lib/errors.js';
import { runProgram } from '../../lib/testing/executable.js';
import { isOvsdbServerInstalled, Sandbox, type SandboxSchema } from '../../lib/testing/index.js';
import { liveSandboxes } from '../../lib/testing/live.js';

const ZOO: SandboxSchema = {
  name: 'Zoo',
  version: '1.0.0',
  tables: { Animal: { columns: { name: { type: 'string' } }, isRoot: true } },
};

/** True while the process runs; a zombie that waits to be reaped does not. */
function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, timeoutMs = 30_000): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (!condition() && Date.now() < end) await sleep(5);
  return condition();
}

async function rejection(promise: Promise<unknown>): Promise<OvsdbError> {
  try {
    await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(OvsdbError);
    return error as OvsdbError;
  }
  throw new Error('expected a rejection');
}

describe('Sandbox', function () {
  this.timeout(180_000);

  it('finds the installed server', () => {
    expect(isOvsdbServerInstalled()).to.equal(true);
  });

  it('serves the northbound database on a unix socket and leaves nothing behind', async () => {
    const sandbox = await Sandbox.start();
    const { directory, pid } = sandbox;
    expect(sandbox.databases).to.deep.equal(['OVN_Northbound']);
    expect(sandbox.remote).to.equal(`unix:${join(directory, 'db.sock')}`);
    await sandbox.nbctl('ls-add', 'sw0');
    expect(await sandbox.nbctl('ls-list')).to.match(/^[0-9a-f-]{36} \(sw0\)\n$/);
    await sandbox.stop();
    await sandbox.stop();
    expect(existsSync(directory)).to.equal(false);
    expect(runs(pid!)).to.equal(false);
    expect(liveSandboxes()).to.deep.equal([]);
    expect((await rejection(sandbox.nbctl('ls-list'))).code).to.equal('SandboxState');
    expect((await rejection(sandbox.restart())).code).to.equal('SandboxState');
  });

  it('is stopped at the end of its scope by await using', async () => {
    let directory: string;
    {
      await using sandbox = await Sandbox.start({ schemas: ZOO });
      directory = sandbox.directory;
      expect(existsSync(directory)).to.equal(true);
    }
    expect(existsSync(directory)).to.equal(false);
  });

  it('keeps contents and ports across a restart and across a crash', async () => {
    await using sandbox = await Sandbox.start({ tcp: true, tcp6: true, ssl: true });
    await sandbox.nbctl('ls-add', 'sw0');
    const before = [sandbox.tcpRemote, sandbox.tcp6Remote, sandbox.sslRemote];
    expect(new Set(before.map((remote) => remote.replace(/.*:/, '')))).to.have.property('size', 3);
    const first = sandbox.pid;
    await sandbox.restart();
    expect(sandbox.pid).not.to.equal(first);
    await sandbox.kill();
    expect(sandbox.pid).to.equal(undefined);
    await sandbox.restart();
    expect([sandbox.tcpRemote, sandbox.tcp6Remote, sandbox.sslRemote]).to.deep.equal(before);
    for (const remote of before.slice(0, 2)) {
      expect(await runProgram('ovn-nbctl', [`--db=${remote}`, '--timeout=15', 'ls-list'])).to.include('(sw0)');
    }
  });

  it('lets TLS clients of its own CA in and others not', async () => {
    await using sandbox = await Sandbox.start({ schemas: ZOO, ssl: true });
    const { tls, sslRemote } = sandbox;
    const list = async (key: string, certificate: string): Promise<string> =>
      runProgram('ovsdb-client', ['--timeout=15', '-p', key, '-c', certificate, '-C', tls.ca, 'list-dbs', sslRemote]);
    expect(await list(tls.privateKey, tls.certificate)).to.include('Zoo');
    expect((await rejection(list(tls.roguePrivateKey, tls.rogueCertificate))).code).to.equal('SandboxCommand');
  });

  for (const hostNames of [false, true]) {
    it(`shows a certificate that ${hostNames ? 'names' : 'does not name'} its host`, async () => {
      await using sandbox = await Sandbox.start({ schemas: ZOO, ssl: hostNames ? { hostNames } : true });
      const outcome = await new Promise<string>((resolve) => {
        const socket: TLSSocket = connectTls(
          {
            host: '127.0.0.1',
            port: Number(sandbox.sslRemote.replace(/.*:/, '')),
            ca: readFileSync(sandbox.tls.ca),
            key: readFileSync(sandbox.tls.privateKey),
            cert: readFileSync(sandbox.tls.certificate),
          },
          () => {
            socket.destroy();
            resolve('authorized');
          },
        );
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
      expect(outcome).to.equal(hostNames ? 'authorized' : 'ERR_TLS_CERT_ALTNAME_INVALID');
    });
  }

  it('freezes and thaws the server', async () => {
    await using sandbox = await Sandbox.start({ schemas: ZOO });
    await sandbox.pause();
    const socket = connect(sandbox.remote.slice('unix:'.length));
    await once(socket, 'connect');
    socket.write('{"method":"echo","params":["hi"],"id":1}');
    const answer = once(socket, 'data');
    expect(await Promise.race([answer, sleep(100, 'silence')])).to.equal('silence');
    sandbox.resume();
    expect(String((await answer)[0])).to.include('"hi"');
    socket.destroy();
    await sandbox.pause();
    await sandbox.restart();
    expect(await sandbox.client('list-dbs')).to.include('Zoo');
    await sandbox.pause();
  });

  it('adds, converts and removes databases on the running server', async () => {
    await using sandbox = await Sandbox.start({ schemas: ['/usr/share/ovn/ovn-nb.ovsschema', ZOO] });
    expect(sandbox.databases).to.have.members(['OVN_Northbound', 'Zoo']);
    expect(await sandbox.addDatabase({ ...ZOO, name: 'Farm' })).to.equal('Farm');
    expect((await sandbox.client('list-dbs')).trim().split('\n')).to.include.members(['OVN_Northbound', 'Zoo', 'Farm']);
    expect((await rejection(sandbox.addDatabase(ZOO))).message).to.include('already has a database Zoo');
    await sandbox.convert({ ...ZOO, name: 'Farm', version: '2.0.0' });
    expect(await sandbox.client('get-schema-version', 'Farm')).to.equal('2.0.0\n');
    await sandbox.removeDatabase('Zoo');
    await sandbox.restart();
    expect((await sandbox.client('list-dbs')).trim().split('\n').sort()).to.deep.equal([
      'Farm',
      'OVN_Northbound',
      '_Server',
    ]);
    expect(await sandbox.client('get-schema-version', 'Farm')).to.equal('2.0.0\n');
    expect((await rejection(sandbox.removeDatabase('Zoo'))).message).to.include('it has OVN_Northbound, Farm');
  });

  it('says what a tool or the server answered', async () => {
    await using sandbox = await Sandbox.start();
    const error = await rejection(sandbox.nbctl('lsp-add', 'nowhere', 'p'));
    expect(error.code).to.equal('SandboxCommand');
    expect(error.message).to.match(/ovn-nbctl .*lsp-add nowhere p failed \(exit code 1\): .*nowhere/);
    expect(await sandbox.appctl('ovsdb-server/list-dbs')).to.include('OVN_Northbound');
    expect(() => sandbox.tcpRemote).to.throw(OvsdbError, 'without the option tcp');
    expect(() => sandbox.tls).to.throw(OvsdbError, 'without the option ssl');
  });

  it('cleans up after a start that fails', async () => {
    const broken = await rejection(
      Sandbox.start({ schemas: { ...ZOO, tables: { Animal: { columns: { x: { type: 'fur' } } } } } }),
    );
    expect(broken.code).to.equal('SandboxCommand');
    expect(broken.message).to.include('fur');
    const refused = await rejection(Sandbox.start({ schemas: ZOO, serverArguments: ['--no-such-option'] }));
    expect(refused.code).to.equal('SandboxStart');
    expect(refused.message).to.include('no-such-option');
    const nameless = await rejection(Sandbox.start({ schemas: { ...ZOO, name: '../zoo' } }));
    expect(nameless.message).to.include('no usable database name');
    const missing = await rejection(Sandbox.start({ schemas: '/no/such.ovsschema' }));
    expect(missing.message).to.include('/no/such.ovsschema');
    expect(liveSandboxes()).to.deep.equal([]);
  });

  it('reports a port that is taken when it restarts', async () => {
    await using sandbox = await Sandbox.start({ schemas: ZOO, tcp: true });
    await sandbox.kill();
    const blocker = createServer().listen(Number(sandbox.tcpRemote.replace(/.*:/, '')), '127.0.0.1');
    await once(blocker, 'listening');
    const error = await rejection(sandbox.restart());
    expect(error.message).to.include('Address already in use');
    expect(sandbox.pid).to.equal(undefined);
    blocker.close();
    await once(blocker, 'close');
    await sandbox.restart();
  });

  it('uses a short folder when TMPDIR is too long for a unix socket', async () => {
    const long = mkdtempSync(join(tmpdir(), 'x'.repeat(100)));
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = long;
    try {
      await using sandbox = await Sandbox.start({ schemas: ZOO });
      expect(sandbox.directory).to.match(/^\/tmp\/ovnsb-/);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      rmSync(long, { recursive: true });
    }
  });
});

describe('Sandbox, when its host process ends', function () {
  this.timeout(90_000);
  const entry = fileURLToPath(new URL('../../lib/testing/index.ts', import.meta.url));

  /** Runs a script that starts a sandbox, and waits for the folder and pid that it prints. */
  async function host(
    rest: string,
    first = '',
  ): Promise<{ child: ChildProcess; directory: string; pid: number; ended: Promise<unknown[]> }> {
    const script = `
      import { Sandbox } from ${JSON.stringify(entry)};
      const sandbox = await Sandbox.start();
      ${first}
      console.log(sandbox.directory + ' ' + sandbox.pid);
      ${rest}`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [directory = '', pid = ''] = line.toString().trim().split(' ');
    expect(directory).to.match(/ovnsb-/);
    return { child, directory, pid: Number(pid), ended };
  }

  const stay = 'setInterval(() => {}, 1000);';
  const endings: { how: string; script: string; signal?: NodeJS.Signals; code?: number }[] = [
    { how: 'has nothing left to do', script: '', code: 0 },
    { how: 'calls process.exit', script: 'process.exit(3);', code: 3 },
    { how: 'throws', script: "setTimeout(() => { throw new Error('on purpose'); }, 1);", code: 1 },
    { how: 'gets SIGINT', script: stay, signal: 'SIGINT' },
    { how: 'gets SIGTERM', script: stay, signal: 'SIGTERM' },
    { how: 'gets SIGHUP', script: stay, signal: 'SIGHUP' },
    { how: 'gets SIGKILL', script: stay, signal: 'SIGKILL' },
    { how: 'gets SIGKILL while the server is paused', script: `await sandbox.pause(); ${stay}`, signal: 'SIGKILL' },
  ];
  for (const { how, script, signal, code } of endings) {
    it(`is gone when the host ${how}`, async () => {
      const { child, directory, pid, ended } = await host(script);
      if (signal !== undefined) child.kill(signal);
      expect(await ended).to.deep.equal([code ?? null, signal ?? null]);
      expect(await until(() => !runs(pid)), 'the server ends').to.equal(true);
      expect(await until(() => !existsSync(directory)), 'the folder goes').to.equal(true);
    });
  }

  it('leaves a host with a SIGTERM listener of its own to it', async () => {
    const { child, directory, pid, ended } = await host(
      stay,
      `process.on('SIGTERM', async () => { await sandbox.nbctl('ls-add', 'late'); await sandbox.stop(); process.exit(7); });`,
    );
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([7, null]);
    expect(runs(pid)).to.equal(false);
    expect(existsSync(directory)).to.equal(false);
  });
});
