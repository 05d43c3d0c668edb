/** Plays the demo as a user would, with all kinds of manifests, on private servers and on ones that hold data already. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { connectNorthbound } from '../../lib/index.js';
import { Sandbox } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { RawClient } from './raw-client.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;

interface Played {
  /** Exit code, or the name of the signal that ended the process. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the demo. `onOutput` sees all that it has printed so far, each time there is more. */
async function play(
  args: readonly string[],
  onOutput?: (stdout: string, interrupt: () => void) => void,
): Promise<Played> {
  const child = spawn(process.execPath, ['--import', 'tsx', join('examples', 'demo.ts'), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onOutput?.(stdout, () => child.kill('SIGINT'));
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code: signal ?? code ?? 'unknown', stdout, stderr };
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

describe('the demo', function () {
  this.timeout(TIMEOUT_MS + 5_000);
  let folder: string;
  let manifests = 0;
  /** Writes a manifest of several documents. */
  const manifest = (...documents: readonly string[]): string => {
    const path = join(folder, `manifest-${++manifests}.yaml`);
    writeFileSync(path, documents.join('\n---\n'));
    return path;
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'demo-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('plays the StatefulSet of the examples, in plain text when not on a terminal', async () => {
    const played = await play([]);
    expectSuccess(played);
    expect(played.stdout).not.to.contain('\u001b');
    for (const [ordinal, ip] of ['10.16.0.21', '10.16.0.22', '10.16.0.23'].entries()) {
      const lines = played.stdout.split('\n').filter((line) => line.includes(` web-${ordinal}.product `));
      const rows = lines.filter((line) => line.includes(ip)).map((line) => line.trim());
      expect(rows.length, `tables with web-${ordinal}`).to.equal(5);
      expect(new Set(rows), `one port for web-${ordinal} from beginning to end`).to.have.lengthOf(1);
    }
    expect(played.stdout).to.match(/web-3\.product +- +- +refused: PoolExhausted/);
    expect(played.stdout).to.contain('3 pods gone, 3 ports kept, 0 transactions sent');
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
  ] as const) {
    it(`tells a true story with ${what}`, async () => {
      expectSuccess(await play(['--file', manifest(...documents), ...args]));
    });
  }

  for (const [what, document, message] of [
    ['that is not YAML', 'a: [1\n b: }', 'is not YAML'],
    ['without a StatefulSet', 'kind: Service', 'holds no StatefulSet, only Service'],
    ['that is empty', '', 'holds no StatefulSet'],
    ['whose pool is malformed', statefulSet('db', 1, '10.1.2.3,10.1.2.3,nonsense'), 'nonsense'],
    ['whose pool leaves the subnet', statefulSet('db', 1, '10.1.2.3,10.9.9.9'), '10.9.9.9 is not in 10.1.2.0/24'],
    ['with more replicas than a demo should make', statefulSet('db', 1_000_000), '10000 at most'],
    [
      'with two pools that overlap',
      `${statefulSet('a', 1, '10.1.2.3,10.1.2.4')}\n---\n${statefulSet('b', 1, '10.1.2.4,10.1.2.5')}`,
      'the pools of data/a and data/b both hold 10.1.2.4',
    ],
    ['with a broken alias', 'kind: *nothing', 'nothing'],
    ['whose replicas are no number', statefulSet('db', 'three'), 'spec.replicas of data/db is "three"'],
    ['whose namespace is a number', 'kind: StatefulSet\nmetadata: { name: db, namespace: 7 }', 'namespace of db is 7'],
    ['whose spec is a text', 'kind: StatefulSet\nmetadata: { name: db }\nspec: three', 'spec is "three"'],
    ['that has a StatefulSet twice', `${statefulSet('db', 1)}\n---\n${statefulSet('db', 1)}`, 'data/db twice'],
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
      [['--subnet', '10.1.2.0/33'], 'is not a CIDR'],
      [['--keep'], '--keep needs --remote'],
      [['--remote', 'ssl:127.0.0.1:6641'], '--private-key'],
    ] as const) {
      const { code, stderr } = await play(args);
      expect(stderr).to.contain(message);
      expect(code, args.join(' ')).to.equal(2);
    }
  });

  it('prints its options with --help', async () => {
    const { code, stdout } = await play(['--help']);
    expect(stdout).to.contain('Usage: npm run demo').and.contain('--remote');
    expect(code).to.equal(0);
  });

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
      expect(played.stdout).to.match(/on switch demo-product-[0-9a-f]{6}/);
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
      expect(stdout).to.match(/✗ .*_version.* but these changed: web-1\.product/);
      expect(stdout).to.match(/^[1-9][0-9]* promises were NOT kept\.$/m);
      expect(code).to.equal(1);
      expect(await sandbox.nbctl('ls-list')).not.to.include('demo-');
    });

    it('cleans up when it is interrupted', async () => {
      const before = await contents();
      let interrupted = false;
      const { code, stderr } = await play(['--remote', sandbox.remote], (stdout, interrupt) => {
        if (interrupted || !stdout.includes('2. All pods')) return;
        interrupted = true;
        interrupt();
      });
      expect(stderr).to.contain('stopped before its end').and.contain('Nothing of the demo is left');
      expect(code).to.equal(130);
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

    it('leaves its switch there with --keep', async () => {
      expectSuccess(await play(['--remote', sandbox.remote, '--keep']));
      const shown = await sandbox.nbctl('show');
      expect(shown).to.match(/\(demo-product-[0-9a-f]{6}\)/);
      for (const ordinal of [0, 1, 2, 3]) expect(shown).to.contain(`port web-${ordinal}.product`);
    });

    it('names a remote that it cannot reach, and exits with 1', async () => {
      const { code, stderr } = await play(['--remote', `unix:${folder}/nothing.sock`]);
      expect(stderr).to.contain('nothing.sock');
      expect(code).to.equal(1);
    });
  });

  it('works over TLS with a client certificate', async () => {
    await using sandbox = await Sandbox.start({ ssl: true });
    const { privateKey, certificate, ca } = sandbox.tls;
    const files = ['--private-key', privateKey, '--certificate', certificate, '--ca-cert', ca];
    expectSuccess(await play(['--remote', sandbox.sslRemote, ...files]));
    expect(await sandbox.nbctl('show')).to.equal('');
  });
});
