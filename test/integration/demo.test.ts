/** Plays the demo as a user would, with all kinds of manifests, in memory, on private servers, and on ones that hold data. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import { buildSync } from 'esbuild';

import { connectNorthbound } from '../../lib/index.js';
import { EmbeddedServer, Sandbox } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { RawClient } from './raw-client.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;
/** As in a pipe of somebody who has set nothing. */
const PLAIN = { NO_COLOR: undefined, FORCE_COLOR: undefined, npm_lifecycle_event: undefined };

/** The program as one file of plain JavaScript: it is started so often that a loader would cost more than all the rest. */
let program: string;

interface Played {
  /** Exit code, or the name of the signal that ended the process. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

interface PlayOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
  /** Sees all that was printed so far, each time there is more. */
  readonly onOutput?: (stdout: string, demo: { kill: (signal: NodeJS.Signals) => void; hangUp: () => void }) => void;
}

async function run(
  command: readonly string[],
  { env = {}, cwd = ROOT, input, onOutput }: PlayOptions = {},
): Promise<Played> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...PLAIN, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  // One that reads nothing may be gone before it is written to.
  child.stdin.on('error', () => undefined).end(input);
  let stdout = '';
  let stderr = '';
  const demo = { kill: (signal: NodeJS.Signals) => void child.kill(signal), hangUp: () => void child.stdout.destroy() };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onOutput?.(stdout, demo);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code: signal ?? code ?? 'unknown', stdout, stderr };
}

function play(args: readonly string[], options?: PlayOptions): Promise<Played> {
  return run([process.execPath, program, 'demo', ...args], options);
}

/** Plays it at a terminal of its own. */
function playOnTerminal(env: NodeJS.ProcessEnv): Promise<Played> {
  const command = `'${process.execPath}' '${program}' demo`;
  return run(['script', '--quiet', '--return', '--echo', 'never', '--command', command, '/dev/null'], { env });
}

function statefulSet(name: string, replicas: number | string, pool?: string, start?: number): string {
  return JSON.stringify({
    kind: 'StatefulSet',
    metadata: { name, namespace: 'data' },
    spec: {
      replicas,
      ...(start !== undefined && { ordinals: { start } }),
      template: { metadata: { annotations: pool === undefined ? {} : { 'ovn.kubernetes.io/ip_pool': pool } } },
    },
  });
}

function expectSuccess({ code, stdout, stderr }: Played): void {
  expect(code, `${stdout}\n${stderr}`).to.equal(0);
  expect(stdout).to.match(/^All [0-9]+ promises were kept\.$/m);
  expect(stdout).not.to.contain('✗');
  expect(stderr).to.equal('');
}

/** A text without its line breaks. */
function flowing(text: string): string {
  return text.replace(/\s+/g, ' ');
}

describe('the demo', function () {
  this.timeout(TIMEOUT_MS + 5_000);
  let folder: string;
  let made = 0;
  /** Writes a manifest of several documents. */
  const manifest = (...documents: readonly string[]): string => {
    const path = join(folder, `manifest-${++made}.yaml`);
    writeFileSync(path, documents.join('\n---\n'));
    return path;
  };
  const emptyFolder = (name: string): string => {
    const path = join(folder, `${name}-${++made}`);
    mkdirSync(path);
    return path;
  };
  /** A PATH with Node alone, and programs of these names and contents. */
  const pathWith = (programs: Readonly<Record<string, string>> = {}): string => {
    const path = emptyFolder('path');
    symlinkSync(process.execPath, join(path, 'node'));
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(path, name), text, { mode: 0o755 });
    return path;
  };
  /** An ovn-nbctl that takes its time, so that the demo can be met at its last step. */
  const slowNbctl = (): string => pathWith({ 'ovn-nbctl': '#!/bin/sh\nexec /bin/sleep 60\n' });

  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'demo-')));
    program = join(folder, 'ovn-northbound.cjs');
    buildSync({
      entryPoints: [join(ROOT, 'lib/bin/ovn-northbound.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      logLevel: 'error',
    });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [where, args, said] of [
    ['in memory', [], 'in memory: an OVSDB server in this process'],
    ['on an ovsdb-server of its own', ['--real'], 'a private ovsdb-server'],
  ] as const) {
    it(`plays the sample ${where}, in plain text when not on a terminal, in 80 columns`, async () => {
      const played = await play(args);
      expectSuccess(played);
      const { stdout } = played;
      expect(stdout).to.contain(said).and.not.contain('\u001b');
      expect(stdout.split('\n').filter((line) => line.length > 80)).to.deep.equal([]);
      for (const [ordinal, ip] of ['10.16.0.21', '10.16.0.22', '10.16.0.23'].entries()) {
        const rows = stdout.split('\n').filter((line) => line.startsWith(`   web-${ordinal}.product  ${ip} `));
        expect(rows.length, `tables with web-${ordinal}`).to.equal(5);
        expect(new Set(rows), `one port for web-${ordinal} from beginning to end`).to.have.lengthOf(1);
      }
      expect(stdout).to.match(/web-3\.product +- +- +refused: PoolExhausted/);
      expect(stdout).to.contain('3 pods gone, 3 ports kept, 0 transactions sent');
      expect(stdout).to.contain('✓ the replica holds the same 6 ports as the server');
      expect(stdout).to.contain('✓ ovn-nbctl shows the same 6 ports as the server');
    });
  }

  it('needs no program but Node', async () => {
    const played = await play([], { env: { PATH: pathWith() } });
    expectSuccess(played);
    expect(played.stdout).to.contain('ovn-nbctl is not installed here, so it was not asked');
    expect(played.stdout).to.contain('✓ the replica holds the same 6 ports as the server');
  });

  it('plays the manifest that it prints, and that is the one of the examples', async () => {
    const { code, stdout } = await play(['--print-manifest']);
    expect(code).to.equal(0);
    expect(stdout).to.equal(readFileSync(join(ROOT, 'examples/StatefulSet.yaml'), 'utf8'));
    const piped = await play(['--file', '-'], { input: stdout });
    expectSuccess(piped);
    expect(piped.stdout).to.contain('product/web: 3 pods, pool 10.16.0.21,10.16.0.22,10.16.0.23');
  });

  for (const [what, documents, args] of [
    ['more replicas than the pool has entries', [statefulSet('db', 5, '10.1.2.3,10.1.2.4')], []],
    ['no replicas', [statefulSet('db', 0, '10.1.2.3,10.1.2.4')], []],
    ['ordinals that do not start at 0', [statefulSet('db', 2, '10.1.2.3..10.1.2.6', 5)], []],
    ['a dual-stack pool of one entry', [statefulSet('db', 1, '10.1.2.3,fd00::3')], []],
    ['an IPv6 pool', [statefulSet('db', 2, 'fd00::3,fd00::4')], []],
    ['several StatefulSets, one without a pool', [statefulSet('a', 2, '10.1.2.3,10.1.2.4'), statefulSet('b', 3)], []],
    ['a pool as large as its subnet', [statefulSet('db', 2, '10.1.2.1,10.1.2.2')], ['--subnet', '10.1.2.0/30']],
    ['a pool too large to be used up', [statefulSet('db', 2, '10.1.0.0/16')], ['--subnet', '10.0.0.0/8']],
    ['a dual-stack subnet without a pool', [statefulSet('db', 2)], ['--subnet', '10.1.2.0/24,fd00::/64']],
    ['a name too long for the table', [statefulSet(`d${'b'.repeat(50)}`, 2, '10.1.2.3,10.1.2.4')], []],
  ] as const) {
    it(`tells a true story with ${what}`, async () => {
      expectSuccess(await play(['--file', manifest(...documents), ...args]));
    });
  }

  for (const [what, document, message] of [
    ['that is not YAML', 'a: [1\n b: }', 'is not YAML'],
    ['without a StatefulSet', 'kind: Service', 'no StatefulSet in it, only 1 Service'],
    ['that is empty', '', 'no StatefulSet in it'],
    ['whose pool is malformed', statefulSet('db', 1, '10.1.2.3,10.1.2.3,nonsense'), 'nonsense'],
    ['whose pool leaves the subnet', statefulSet('db', 1, '10.1.2.3,10.9.9.9'), '10.9.9.9 is not in 10.1.2.0/24'],
    ['with more replicas than a demo should make', statefulSet('db', 999_999), '10000 at most'],
    [
      'with two pools that overlap',
      `${statefulSet('a', 1, '10.1.2.3,10.1.2.4')}\n---\n${statefulSet('b', 1, '10.1.2.4,10.1.2.5')}`,
      'the pools of data/a and data/b both hold 10.1.2.4',
    ],
    ['with a broken alias', 'kind: *nothing', 'nothing'],
    ['whose replicas are no number', statefulSet('db', 'three'), 'spec.replicas is "three"'],
    ['whose namespace is a number', 'kind: StatefulSet\nmetadata: { name: db, namespace: 7 }', 'namespace is 7'],
    ['whose spec is a text', 'kind: StatefulSet\nmetadata: { name: db }\nspec: three', 'spec is "three"'],
    ['that has a StatefulSet twice', `${statefulSet('db', 1)}\n---\n${statefulSet('db', 1)}`, 'holds it twice'],
  ] as const) {
    it(`says what is wrong with a manifest ${what}, and exits with 1`, async () => {
      const { code, stderr } = await play(['--file', manifest(document)]);
      expect(stderr).to.contain(message);
      expect(stderr, 'no stack').not.to.match(/^ +at /m);
      expect(code).to.equal(1);
    });
  }

  it('says what is wrong with the command line, and exits with 2', async () => {
    for (const [args, message] of [
      [['--colour'], "Unknown option '--colour'"],
      [['--subnet', '10.1.2.0/33'], 'the prefix length must be a number from 0 to 32'],
      [['--subnet', '10.1.2.0/24,10.1.3.0/24'], 'one CIDR of IPv4 and one of IPv6'],
      [['--keep'], '--keep needs --remote'],
      [['--ca-cert', 'ca.pem'], 'need --remote ssl:'],
      [['--remote', 'ssl:127.0.0.1:6641'], '--ca-cert'],
      [['--remote', 'ptcp:6641'], 'waits for the server'],
      [['--remote', 'nonsense'], '--remote: '],
      [['--real', '--remote', 'tcp:127.0.0.1:6641'], 'give one of them'],
    ] as const) {
      const { code, stderr } = await play(args);
      expect(stderr).to.contain(message).and.contain('Try: ovn-northbound demo --help');
      expect(code, args.join(' ')).to.equal(2);
    }
  });

  it('says once that it cannot be written', async () => {
    const { code, stderr } = await run(['sh', '-c', '"$0" "$@" > /dev/full', process.execPath, program, 'demo']);
    expect([code, stderr.split('\n').length], stderr).to.deep.equal([1, 2]);
    expect(stderr).to.match(/^ovn-northbound: cannot write the result: ENOSPC/);
  });

  it('says which manifest cannot be read', async () => {
    const { code, stderr } = await play(['--file', join(folder, 'absent.yaml')]);
    expect(stderr).to.contain('absent.yaml').and.contain('no such file');
    expect(code).to.equal(1);
  });

  describe('at a terminal', () => {
    it('has colours, unless they are not wanted', async () => {
      const { code, stdout } = await playOnTerminal({ TERM: 'xterm', LC_ALL: 'C.UTF-8' });
      expect(code, stdout).to.equal(0);
      expect(stdout).to.contain('\u001b[32m✓\u001b[0m').and.contain('\u001b[1m1. The ports are made');
      for (const env of [{ TERM: 'xterm', NO_COLOR: '1' }, { TERM: 'dumb' }, { TERM: 'xterm', FORCE_COLOR: '0' }]) {
        const plain = await playOnTerminal(env);
        expect([plain.code, plain.stdout.includes('\u001b')], JSON.stringify(env)).to.deep.equal([0, false]);
      }
    });

    it('is of ASCII where the locale has nothing else', async () => {
      const { code, stdout } = await playOnTerminal({ TERM: 'xterm', LC_ALL: 'C' });
      expect([code, /[^\0-\x7f]/.exec(stdout)?.[0]], stdout).to.deep.equal([0, undefined]);
      expect(stdout).to.contain('\u001b[32mok\u001b[0m 3 ports, each with');
    });

    it('has them elsewhere when they are asked for', async () => {
      const { stdout } = await play([], { env: { FORCE_COLOR: '1' } });
      expect(stdout).to.contain('\u001b[32m✓\u001b[0m');
    });
  });

  describe('what to try next', () => {
    /** The commands of the last paragraph. */
    const commandsOf = ({ stdout }: Played): string[] =>
      (stdout.split('\nTry next:\n')[1] ?? '')
        .split('\n')
        .flatMap((line) => /^ {2}(\S.*?)(?: {2}.*)?$/.exec(line)?.[1] ?? []);

    it('works as it is printed, in a checkout', async function () {
      this.timeout(180_000);
      const played = await run(['npm', 'run', 'demo']);
      expect(played.code, played.stderr).to.equal(0);
      const commands = commandsOf(played);
      expect(commands[0]).to.equal('npm run demo -- --real');
      expect(commands).to.include('npm run demo -- --file examples/StatefulSet.yaml');
      expect(commands.length).to.be.at.least(3);
      for (const command of commands) {
        const { code, stderr } = await run(['sh', '-c', command]);
        expect(code, `${command}\n${stderr}`).to.equal(0);
      }
    });

    it('names the installed command elsewhere', async () => {
      const commands = commandsOf(await play([]));
      expect(commands).to.include('npx ovn-northbound demo --real');
      expect(commands.filter((command) => !command.startsWith('npx ovn-northbound '))).to.deep.equal([]);
    });
  });

  for (const [where, args] of [
    ['in memory', []],
    ['on a server of its own', ['--real']],
  ] as const) {
    it(`leaves nothing behind ${where}, whatever ends it`, async () => {
      for (const [signal, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
        ['SIGHUP', 129],
      ] as const) {
        const temporary = emptyFolder('tmp');
        let whileItRuns: string[] | undefined;
        const played = await play(args, {
          env: { TMPDIR: temporary, PATH: slowNbctl() },
          onOutput: (stdout, demo) => {
            if (whileItRuns !== undefined || !stdout.includes('8. Others')) return;
            whileItRuns = readdirSync(temporary);
            demo.kill(signal);
            demo.kill(signal);
          },
        });
        expect(whileItRuns, 'folders while it runs').to.have.lengthOf(1);
        expect(played.stderr).to.contain(`stopped by ${signal}`);
        expect(played.code, signal).to.equal(code);
        expect(readdirSync(temporary), `after ${signal}`).to.deep.equal([]);
      }
    });
  }

  describe('on a database that others use', () => {
    let sandbox: Sandbox;
    const contents = (): Promise<string> => sandbox.client('dump', 'OVN_Northbound');

    beforeEach(async () => {
      sandbox = await Sandbox.start({ tcp: true });
      await sandbox.nbctl('ls-add', 'product', '--', 'lsp-add', 'product', 'vm1');
      await sandbox.nbctl('lsp-set-addresses', 'vm1', '0a:00:00:00:00:01 10.16.0.21');
    });
    afterEach(() => sandbox.stop());

    it('works on a switch of its own and leaves the database as it was', async () => {
      const before = await contents();
      const played = await play(['--remote', sandbox.tcpRemote]);
      expectSuccess(played);
      expect(played.stdout).to.match(/on logical switch demo-product-[0-9a-f]{6}/);
      expect(flowing(played.stdout)).to.contain('Nothing of the demo is left.');
      expect(await contents()).to.equal(before);
    });

    it('tells the truth while another client writes', async () => {
      await using nb = await connectNorthbound({ remotes: sandbox.remote });
      const finished = new AbortController();
      let written = 0;
      const others = (async (): Promise<void> => {
        while (!finished.signal.aborted) {
          const n = written++;
          await nb.transact((tx) => {
            const port = tx.insert('Logical_Switch_Port', { name: `vm-${n}`, external_ids: { pod: 'product/web-0' } });
            tx.insert('Logical_Switch', { name: `other-${n}`, ports: [port] });
          });
        }
      })();
      const played = await play(['--remote', sandbox.remote]);
      finished.abort();
      await others;
      expectSuccess(played);
      expect(written).to.be.above(10);
      expect(nb.tables.Logical_Switch.filter(({ name }) => name.startsWith('other-'))).to.have.lengthOf(written);
      expect(nb.tables.Logical_Switch.filter(({ name }) => name.startsWith('demo-'))).to.deep.equal([]);
    });

    it('does not claim what is not so: crosses and exit code 1 when somebody else writes its ports', async () => {
      using raw = await RawClient.connect(sandbox.remote);
      let writes = 0;
      const meddle = (): Promise<unknown> => {
        const mutations = [
          ['external_ids', 'delete', ['set', ['meddler']]],
          ['external_ids', 'insert', ['map', [['meddler', String(writes++)]]]],
        ];
        const where = [['name', '==', 'web-1.product']];
        return raw.commit({ op: 'mutate', table: 'Logical_Switch_Port', where, mutations });
      };
      // Right before each look that the demo takes.
      await using proxy = await ClientProxy.start(sandbox.remote);
      proxy.onRequest = (message) => {
        if (message.method !== 'transact' || !JSON.stringify(message).includes('"_version"')) return 'pass';
        return meddle();
      };
      const { code, stdout } = await play(['--remote', proxy.remote]);
      expect(flowing(stdout)).to.match(/✗ the server's _version [^✓✗]* but these changed: web-1\.product/);
      const [, last = ''] = flowing(stdout).split(/[1-9][0-9]* of [0-9]+ promises were NOT kept: /);
      expect(last, 'again at the end').to.contain('✗ ').and.not.contain('✓');
      expect(code).to.equal(1);
      expect(await sandbox.nbctl('ls-list')).not.to.include('demo-');
    });

    it('cleans up when it is interrupted, also when that is said twice', async () => {
      const before = await contents();
      let isSent = false;
      const { code, stderr } = await play(['--remote', sandbox.remote], {
        env: { PATH: slowNbctl() },
        onOutput: (stdout, demo) => {
          if (isSent || !stdout.includes('8. Others')) return;
          isSent = true;
          demo.kill('SIGINT');
          demo.kill('SIGTERM');
        },
      });
      expect(stderr).to.contain('cleaning up').and.contain('Nothing of the demo is left');
      expect([130, 143]).to.include(code);
      expect(await contents()).to.equal(before);
    });

    it('cleans up when nobody reads what it prints any more', async () => {
      const before = await contents();
      let hungUp!: () => void;
      const isHungUp = new Promise<void>((resolve) => (hungUp = resolve));
      await using proxy = await ClientProxy.start(sandbox.remote);
      proxy.onRequest = async (message) => {
        if (JSON.stringify(message).includes('"_version"')) await isHungUp;
        return 'pass';
      };
      const { code, stderr } = await play(['--remote', proxy.remote], {
        onOutput: (stdout, demo) => {
          if (!stdout.includes('1. The ports')) return;
          demo.hangUp();
          hungUp();
        },
      });
      expect(stderr).to.contain('nobody reads');
      expect(code).to.equal(1);
      expect(await contents()).to.equal(before);
    });

    it('cleans up after an error', async () => {
      const before = await contents();
      const file = manifest(statefulSet('db', 3, '10.1.2.3,10.9.9.9'));
      const { code } = await play(['--remote', sandbox.remote, '--file', file]);
      expect(code).to.equal(1);
      expect(await contents()).to.equal(before);
    });

    it('refuses to work beside ports of the same StatefulSet', async () => {
      await sandbox.nbctl('lsp-add', 'product', 'web-7.product');
      const before = await contents();
      const { code, stderr } = await play(['--remote', sandbox.remote]);
      expect(stderr).to.contain('web-7.product').and.contain('--file');
      expect(code).to.equal(1);
      expect(await contents()).to.equal(before);
    });

    it('leaves its switch there with --keep, and says how to look at it and to remove it', async () => {
      const played = await play(['--remote', sandbox.remote, '--keep']);
      expectSuccess(played);
      const shown = await sandbox.nbctl('show');
      expect(shown).to.match(/\(demo-product-[0-9a-f]{6}\)/);
      for (const ordinal of [0, 1, 2, 3]) expect(shown).to.contain(`port web-${ordinal}.product`);
      expect(played.stdout).to.match(/^ {2}npx ovn-northbound watch --remote unix:\S+ --switch demo-product-/m);
      const [removal = ''] = /ovn-nbctl --db=\S+ ls-del \S+/.exec(played.stdout) ?? [];
      expect((await run(['sh', '-c', removal])).code).to.equal(0);
      expect(await sandbox.nbctl('show')).not.to.contain('demo-');
    });

    it('names a remote that it cannot reach, and exits with 1', async () => {
      const { code, stderr } = await play(['--remote', `unix:${folder}/nothing.sock`]);
      expect(stderr).to.contain('nothing.sock');
      expect(code).to.equal(1);
    });
  });

  it('works on an embedded server that others use', async () => {
    await using server = await EmbeddedServer.start();
    // The row of NB_Global would be made by ovn-nbctl, as it is by every call of it.
    server.seed({
      NB_Global: [{}],
      Logical_Switch: [{ name: 'product', ports: ['vm1'] }],
      Logical_Switch_Port: [{ name: 'vm1' }],
    });
    const before = server.dump();
    expectSuccess(await play(['--remote', server.remote]));
    expect(server.dump()).to.deep.equal(before);
    expect(server.transactions.length).to.be.above(10);
  });

  it('follows the leader of a cluster', async () => {
    await using server = await EmbeddedServer.start({ members: 3 });
    server.seed({ NB_Global: [{}] });
    server.failover();
    const before = server.dump();
    const { code, stdout, stderr } = await play(['--remote', server.remote]);
    expect(code, `${stdout}${stderr}`).to.equal(0);
    // Of a member that does not lead, a note is all that is said.
    expect(stderr).to.match(/^(note: .* is not the leader .*\n)?$/);
    expect(server.dump()).to.deep.equal(before);
  });

  it('works over TLS with a client certificate', async () => {
    await using sandbox = await Sandbox.start({ ssl: true });
    const { privateKey, certificate, ca } = sandbox.tls;
    const files = ['--private-key', privateKey, '--certificate', certificate, '--ca-cert', ca];
    const played = await play(['--remote', sandbox.sslRemote, ...files]);
    expectSuccess(played);
    expect(played.stdout).to.contain('✓ ovn-nbctl shows the same 6 ports');
    expect(await sandbox.nbctl('show')).to.equal('');
  });
});
