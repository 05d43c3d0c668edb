/**
 * Runs every program in examples/ as a user would, and checks what it prints, what it writes on the way, and what is in
 * the database when it has ended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { connectNorthbound, type RowChange } from '../../lib/index.js';
import { ClusterSandbox, EmbeddedServer, Sandbox } from '../../lib/testing/index.js';
import { KubernetesApiServer } from '../kubernetes/api-server/api-server.js';
import { statefulSetManifest } from '../kubernetes/api-server/manifests.js';
import { SimulatedCluster } from '../kubernetes/api-server/simulated-cluster.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;
const NAMES = [
  ...['quick-start', 'watching-ports', 'transactions-and-references', 'conflict-retry', 'statefulset-ports'],
  ...['custom-index', 'tls', 'follow-leader', 'controller', 'prometheus-metrics'],
];
const MAX_LINES = 80;
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const MAC = '[0-9a-f]{2}(?::[0-9a-f]{2}){5}';

/** A program that was started. */
class Program implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly #child;
  readonly #closed: Promise<[number | null, NodeJS.Signals | null]>;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, OVN_NB_DB: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#closed = once(this.#child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  }

  static example(name: string, remote?: string, env: NodeJS.ProcessEnv = {}): Program {
    const args = ['--import', 'tsx', join('examples', `${name}.ts`), ...(remote === undefined ? [] : [remote])];
    return new Program(args, env);
  }

  /** Resolves with what a pattern finds in stdout, now or as soon as it is printed. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const found = pattern.exec(this.stdout);
      if (found !== null) return found;
      if (performance.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(`${String(pattern)} was not printed, but:\n${this.stdout}\n${this.stderr}`);
      }
      await sleep(20);
    }
  }

  /** Waits for its end, or brings it about as Ctrl-C does; fails unless the exit code is the one expected. */
  async end({ by, code = 0 }: { readonly by?: 'SIGINT'; readonly code?: number } = {}): Promise<string> {
    if (by !== undefined) this.#child.kill(by);
    const [exitCode, signal] = await this.#closed;
    expect(signal ?? exitCode, `exit of the program, which printed:\n${this.stdout}\n${this.stderr}`).to.equal(code);
    return this.stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

/** A server, and what happens in its database. */
class Scene implements AsyncDisposable {
  readonly remote: string;
  readonly contents: () => Promise<string>;
  /** What the example changed: the changes of each transaction. */
  readonly journal: (readonly RowChange[])[] = [];
  readonly #stop: () => Promise<void>;
  readonly #nb;

  private constructor(server: Sandbox | EmbeddedServer, nb: Awaited<ReturnType<typeof Scene.connect>>) {
    this.remote = server.remote;
    this.contents =
      server instanceof Sandbox
        ? () => server.client('dump', 'OVN_Northbound')
        : () => Promise.resolve(JSON.stringify(server.dump()));
    this.#nb = nb;
    this.#stop = () => server.stop();
    nb.on('batch', ({ changes }) => this.journal.push(changes));
  }

  static connect(remotes: string) {
    return connectNorthbound({ remotes, onWarning: () => undefined });
  }

  static async open(kind: 'ovsdb-server' | 'embedded'): Promise<Scene> {
    const server = kind === 'embedded' ? await EmbeddedServer.start() : await Sandbox.start();
    const nb = await Scene.connect(server.remote);
    await nb.transact((tx) => {
      const port = tx.insert('Logical_Switch_Port', { name: 'somebody-elses', addresses: ['0a:00:00:00:00:01'] });
      tx.insert('Logical_Switch', { name: 'somebody-elses', ports: [port], external_ids: { keep: 'me' } });
    });
    return new Scene(server, nb);
  }

  get nb() {
    return this.#nb;
  }

  /** The changes of a table, in short: `insert NAME COLUMN...`, transaction by transaction, those without any left out. */
  async told(table: string, columns: readonly string[] = []): Promise<string[][]> {
    await this.caughtUp();
    return this.journal
      .map((changes) =>
        changes
          .filter((change) => change.table === table)
          .map(({ type, row }) =>
            [type, row['name'] as string, ...columns.map((column) => JSON.stringify(row[column]))].join(' '),
          )
          .sort(),
      )
      .filter((lines) => lines.length > 0);
  }

  /** Resolves when the journal has all that was committed before. */
  async caughtUp(): Promise<void> {
    await this.#nb.transact((tx) => tx.select('NB_Global', [], ['nb_cfg']));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#nb.close();
    await this.#stop();
  }
}

/** Runs an example that ends by itself and leaves nothing behind. */
async function runToEnd(scene: Scene, name: string, env?: NodeJS.ProcessEnv): Promise<string> {
  const before = await scene.contents();
  await using program = Program.example(name, env === undefined ? scene.remote : undefined, env);
  const printed = await program.end();
  expect(await scene.contents(), 'the database afterwards').to.equal(before);
  return printed;
}

describe('the examples', function () {
  this.timeout(TIMEOUT_MS + 5_000);

  it('are ten', () => {
    const files = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.ts') && file !== 'demo.ts');
    expect(files.sort()).to.deep.equal(NAMES.map((name) => `${name}.ts`).sort());
  });

  for (const name of NAMES) {
    it(`${name} is one file of ${MAX_LINES} lines or less, which a user can copy and run`, () => {
      const text = readFileSync(join(ROOT, 'examples', `${name}.ts`), 'utf8');
      expect(text.trimEnd().split('\n').length).to.be.at.most(MAX_LINES);
      const imported = Array.from(text.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g), ([, from, dynamic]) =>
        String(from ?? dynamic),
      );
      expect(imported).to.include('ovn-northbound');
      const strange = imported.filter((from) => from !== 'ovn-northbound' && !from.startsWith('node:'));
      expect(strange).to.deep.equal(name === 'controller' ? ['@kubernetes/client-node'] : []);
      // Node runs TypeScript by itself, where it does, without transforming anything.
      expect(text).not.to.match(/\b(?:await )?using [a-z]/);
      expect(text).to.include(`npx tsx ${name}.ts `).and.to.include(`npm run example ${name}\``);
    });
  }

  it('end with another exit code than 0 when they cannot connect', async () => {
    for (const name of NAMES) {
      await using program = Program.example(name, 'nowhere:1');
      await program.end({ code: 1 });
      expect(program.stderr, name).to.include('nowhere:1');
    }
  });

  for (const kind of ['ovsdb-server', 'embedded'] as const) {
    describe(`on ${kind}`, () => {
      it('quick-start: each step is told, done, and undone', async () => {
        await using scene = await Scene.open(kind);
        const printed = await runToEnd(scene, 'quick-start', { OVN_NB_DB: scene.remote });
        expect(printed.trimEnd().split('\n')).to.have.lengthOf(5);
        expect(printed).to.match(/^1\. connected to OVN_Northbound \d+\.\d+\.\d+ at unix:/m);
        expect(printed).to.match(new RegExp(`^2\\. committed a switch with a port; the port's row is ${UUID}$`, 'm'));
        expect(printed).to.match(/^3\. .*example-vm1: addresses 0a:58:0a:10:00:05 10\.16\.0\.5, up not known$/m);
        expect(printed).to.match(/^4\. changed: 0a:58:0a:10:00:05 10\.16\.0\.5 -> 0a:58:0a:10:00:06 10\.16\.0\.6$/m);
        expect(printed).to.match(/^5\. removed: the replica no longer has the port$/m);
        expect(await scene.told('Logical_Switch_Port', ['addresses'])).to.deep.equal([
          ['insert example-vm1 ["0a:58:0a:10:00:05 10.16.0.5"]'],
          ['update example-vm1 ["0a:58:0a:10:00:06 10.16.0.6"]'],
          ['delete example-vm1 ["0a:58:0a:10:00:06 10.16.0.6"]'],
        ]);
        expect(await scene.told('Logical_Switch')).to.deep.equal([
          ['insert example-switch'],
          ['delete example-switch'],
        ]);
      });

      it('quick-start: fails, and touches nothing, where its switch is there already', async () => {
        await using scene = await Scene.open(kind);
        await scene.nb.transact((tx) => tx.insert('Logical_Switch', { name: 'example-switch' }));
        const before = await scene.contents();
        await using program = Program.example('quick-start', scene.remote);
        await program.end({ code: 1 });
        expect(program.stderr).to.include('example-switch');
        expect(await scene.contents()).to.equal(before);
      });

      it('watching-ports: tells what is there, what others do, and ends on Ctrl-C', async () => {
        await using scene = await Scene.open(kind);
        await using program = Program.example('watching-ports', scene.remote);
        await program.printed(/^there {4}somebody-elses: 0a:00:00:00:00:01\n1 ports; watching .*Ctrl-C ends it$/m);
        const vm = await scene.nb.transact((tx) => {
          const vm = tx.insert('Logical_Switch_Port', { name: 'vm' });
          const uplink = tx.insert('Logical_Switch_Port', { name: 'uplink', type: 'router' });
          tx.insert('Logical_Switch', { name: 'shop', ports: [vm, uplink] });
          return vm;
        });
        await scene.nb.transact((tx) => tx.update('Logical_Switch_Port', vm, { addresses: ['dynamic'], up: true }));
        await scene.nb.transact((tx) => tx.delete('Logical_Switch', [['name', '==', 'shop']]));
        await program.printed(/^gone {5}vm\n.*rows: 1/m);
        const before = await scene.contents();
        const [, ...news] = (await program.end({ by: 'SIGINT' })).trimEnd().split('\n').slice(1);
        expect(news).to.deep.equal([
          ...['new      vm: no addresses', '         (update, rows: 1)'],
          ...['changed  vm: none -> dynamic', 'up       vm: not known -> true', '         (update, rows: 1)'],
          ...['gone     vm', '         (update, rows: 1)', 'stopped'],
        ]);
        expect(await scene.contents()).to.equal(before);
      });

      it('transactions-and-references: makes and moves rows together, and shows what is refused', async () => {
        await using scene = await Scene.open(kind);
        const printed = await runToEnd(scene, 'transactions-and-references');
        expect(printed).to.match(
          new RegExp(`^made router ${UUID}, two switches and three ports: one transaction$`, 'm'),
        );
        expect(printed).to.match(/^moved the port from example-blue to example-green$/m);
        expect(printed).to.match(/^changed 1 row; the server showed lost=a port on the way$/m);
        expect(printed).to.match(/^a port on no switch is refused: OrphanInsert, not-sent$/m);
        expect(printed).to.match(/^a tag that is too high is refused: Validation, not-sent$/m);
        expect(printed).to.match(/^a name that is taken is refused: \w+, failed\n.*constraint violation/m);
        await scene.caughtUp();
        const [made = [], moved = [], removed = [], ...more] = scene.journal;
        expect(more).to.deep.equal([]);
        expect(made.map(({ type, table, row }) => [type, table, row['name'] as string].join(' ')).sort()).to.deep.equal(
          [
            'insert Logical_Router example-router',
            'insert Logical_Router_Port example-gateway',
            ...['insert Logical_Switch example-blue', 'insert Logical_Switch example-green'],
            ...['insert Logical_Switch_Port example-uplink', 'insert Logical_Switch_Port example-vm'],
          ],
        );
        const vm = made.find(({ row }) => row['name'] === 'example-vm')?.row._uuid;
        const uplink = made.find(({ row }) => row['name'] === 'example-uplink')?.row._uuid;
        const portsOf = new Map(moved.map(({ row }) => [row['name'], row['ports']]));
        expect(portsOf).to.deep.equal(
          new Map([...portsOf.keys()].map((name) => [name, name === 'example-blue' ? [uplink] : [vm]])),
        );
        expect([...portsOf.keys()].sort()).to.deep.equal(['example-blue', 'example-green']);
        expect(removed.map(({ type }) => type)).to.deep.equal(Array<string>(6).fill('delete'));
      });

      it('conflict-retry: loses changes without verify, and none with it', async () => {
        await using scene = await Scene.open(kind);
        const printed = await runToEnd(scene, 'conflict-retry');
        expect(printed).to.match(/^without verify: the counter says 10 after 20 runs of the callback$/m);
        const [, runs, again] =
          /^with verify: {4}the counter says 20 after (\d+) runs of the callback\n {2}(\d+) runs came second/m.exec(
            printed,
          ) ?? [];
        expect(Number(again)).to.equal(Number(runs) - 20);
        expect(Number(again)).to.be.at.least(10);
        const counted = (await scene.told('Logical_Switch', ['external_ids'])).flat();
        const to = (n: number): string[] =>
          Array.from({ length: n }, (_, i) => `update example-counter {"n":"${i + 1}"}`);
        expect(counted).to.deep.equal([
          ...['insert example-counter {"n":"0"}', ...to(10), 'update example-counter {"n":"0"}', ...to(20)],
          'delete example-counter {"n":"20"}',
        ]);
      });

      it('statefulset-ports: ports are made, kept, found by another process, refused and released', async () => {
        await using scene = await Scene.open(kind);
        const printed = await runToEnd(scene, 'statefulset-ports');
        const seen = (pod: string, status: string): string[] =>
          Array.from(
            printed.matchAll(new RegExp(`^  ${pod} ${status}: (\\S+ ${MAC} row ${UUID})$`, 'gm')),
            ([, is = '']) => is,
          );
        for (const [ordinal, times] of [1, 2, 1].entries()) {
          const [made = '', ...others] = seen(`web-${ordinal}`, 'created');
          expect(made).to.match(new RegExp(`^10\\.16\\.0\\.${21 + ordinal} `));
          expect(others).to.deep.equal([]);
          expect(seen(`web-${ordinal}`, 'reused')).to.deep.equal(Array<string>(times).fill(made));
        }
        expect(printed).to.match(/^pod web-1 is deleted: web-1\.example-product is retained with 10\.16\.0\.22$/m);
        expect(printed).to.match(/^ {2}web-3 refused: PoolExhausted$/m);
        expect(printed).to.match(/^another one has a bad pool: 10\.99\.0\.1 is not in 10\.16\.0\.0\/24$/m);
        expect(seen('cache-\\d', 'created')).to.have.lengthOf(2);
        expect(printed).to.match(/^web is gone for good: released 10\.16\.0\.21, 10\.16\.0\.22, 10\.16\.0\.23$/m);
        const all = (type: string, set: string, ordinals: readonly number[]): string[] =>
          ordinals.map((ordinal) => `${type} ${set}-${ordinal}.example-product`);
        expect(await scene.told('Logical_Switch_Port')).to.deep.equal([
          ...[all('insert', 'web', [0, 1, 2]), all('insert', 'cache', [0, 1])],
          ...[all('delete', 'web', [0, 1, 2]), all('delete', 'cache', [0, 1])],
        ]);
      });

      it('custom-index: finds one among thousands, faster than by looking at each', async () => {
        await using scene = await Scene.open(kind);
        const printed = await runToEnd(scene, 'custom-index');
        expect(printed).to.match(/^by one key: {3}example-port-1234$/m);
        expect(printed).to.match(/^by two keys: {2}6 ports of tenant-7 in front, such as example-port-1107$/m);
        expect(printed).to.match(/^by member: {4}example-port-777 has dynamic 10\.16\.3\.9$/m);
        const [, byIndex, byScan] = /takes ([\d.]+) µs by index, ([\d.]+) µs by looking/.exec(printed) ?? [];
        expect(Number(byIndex)).to.be.below(Number(byScan));
        expect(printed).to.match(/^removed: the index finds 0 ports$/m);
        expect((await scene.told('Logical_Switch_Port')).map(({ length }) => length)).to.deep.equal([2_000, 2_000]);
      });

      it('prometheus-metrics: serves figures that are true, in the form that Prometheus reads', async () => {
        await using scene = await Scene.open(kind);
        const before = await scene.contents();
        await using program = Program.example('prometheus-metrics', scene.remote, { PORT: '0' });
        const [, url = ''] = await program.printed(/^figures of unix:\S+ at (http:\S+\/metrics), Ctrl-C ends it$/m);
        const response = await fetch(url);
        expect(response.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8');
        const page = await response.text();
        expectExposition(page);
        expect(page).to.include('\novn_northbound_stale_seconds 0\n');
        expect(page).to.include('\novn_northbound_rows{table="Logical_Switch"} 1\n');
        expect(page).to.include('\novn_northbound_transactions_total{outcome="committed"} 0\n');
        expect((await fetch(new URL('/other', url))).status).to.equal(404);
        const added = await scene.nb.transact((tx) => tx.insert('Logical_Switch', { name: 'another' }));
        while (!(await (await fetch(url)).text()).includes('rows{table="Logical_Switch"} 2\n')) await sleep(20);
        await scene.nb.transact((tx) => tx.delete('Logical_Switch', added));
        await program.end({ by: 'SIGINT' });
        expect(await scene.contents()).to.equal(before);
      });

      it('controller: ports of the pods come, stay while pods go, and stay when it ends', async () => {
        await using scene = await Scene.open(kind);
        const api = await KubernetesApiServer.start({ tls: true });
        try {
          await playController(scene, api);
        } finally {
          await api.stop();
        }
      });
    });
  }

  it('tls: connects, and shows what is refused and why', async () => {
    await using sandbox = await Sandbox.start({ ssl: true });
    const { tls, sslRemote: remote } = sandbox;
    const before = await sandbox.client('dump', 'OVN_Northbound');
    await using program = Program.example('tls', undefined, {
      OVN_NB_DB: remote,
      OVN_NB_PRIVATE_KEY: tls.privateKey,
      OVN_NB_CERTIFICATE: tls.certificate,
      OVN_NB_CA_CERT: tls.ca,
    });
    const lines = (await program.end()).trimEnd().split('\n');
    expect(lines[0]).to.match(new RegExp(`^connected to OVN_Northbound \\S+ at ${remote}$`));
    const said = (mistake: string): string => lines[lines.indexOf(`${mistake}:`) + 1] ?? '';
    expect(said('without certificates')).to.match(/^ {2}InvalidArgument: tls: /);
    expect(said('a file that is not there')).to.match(/^ {2}InvalidArgument: .*missing\.pem/);
    expect(said('an authority that did not sign the server')).to.match(/^ {2}ConnectFailed: .*not signed/);
    expect(said('a certificate that does not name the host')).to.match(/^ {2}ConnectFailed: .*for another name/);
    expect(await sandbox.client('dump', 'OVN_Northbound')).to.equal(before);
  });

  it('tls: takes arguments as well, and fails when the connection fails', async () => {
    await using sandbox = await Sandbox.start({ ssl: true });
    const { privateKey, certificate, ca } = sandbox.tls;
    const run = (authority: string): Program =>
      new Program(['--import', 'tsx', 'examples/tls.ts', sandbox.sslRemote, privateKey, certificate, authority]);
    await using good = run(ca);
    expect(await good.end()).to.match(/^connected to OVN_Northbound /);
    await using bad = run('missing.pem');
    await bad.end({ code: 1 });
    expect(bad.stderr).to.include('missing.pem');
  });

  it('follow-leader: goes on writing while leaders of a real cluster come and go', async () => {
    await using cluster = await ClusterSandbox.start();
    await using program = Program.example('follow-leader', cluster.remotes.join());
    await program.printed(/^beat {4}2 committed/m);
    await (await cluster.leader()).transferLeadership();
    await program.printed(/(^follow .*\n[^]*){2}^beat {4}/m);
    await (await cluster.leader()).kill();
    await program.printed(/(^follow .*\n[^]*){3}^beat {4}/m);
    expect(await cluster.nbctl('get', 'logical_switch', 'example-heartbeat', 'external_ids:beat')).to.match(/^"\d+"/);
    const printed = await program.end({ by: 'SIGINT' });
    const leaders = Array.from(
      printed.matchAll(/^follow {2}(\S+): leader ([0-9a-f]{4}), at entry \d+.* by a (\w+)$/gm),
    );
    expect(leaders.map(([, , , kind]) => kind)).to.deep.equal(['snapshot', ...leaders.slice(1).map(() => 'delta')]);
    const [, beat, found] = /^stopped after beat (\d+); the cluster has beat (\d+)$/m.exec(printed) ?? [];
    expect(found).to.equal(beat);
    expect(await cluster.nbctl('ls-list')).to.equal('');
  });

  it('follow-leader: the same on a cluster in memory', async () => {
    await using server = await EmbeddedServer.start({ members: 3 });
    await using program = Program.example('follow-leader', server.remote);
    await program.printed(/^beat {4}1 committed/m);
    server.failover({ crash: true });
    await program.printed(/(^follow .*\n[^]*){2}^beat {4}/m);
    const printed = await program.end({ by: 'SIGINT' });
    expect(printed).to.match(/^left {4}the server at .*member-1\.sock closed the connection$/m);
    expect(printed).to.match(/^stopped after beat (\d+); the cluster has beat \1$/m);
    expect(server.dump()).to.deep.equal({});
  });

  describe('npm run example', () => {
    const run = (...args: readonly string[]): Program => new Program(['.ci/example.mjs', ...args]);

    it('lists the examples, and refuses others', async () => {
      await using list = run();
      const printed = await list.end();
      for (const name of NAMES) expect(printed).to.match(new RegExp(`^${name} +[A-Z].*\\.$`, 'm'));
      await using unknown = run('quick-stop');
      await unknown.end({ code: 2 });
      expect(unknown.stderr).to.include('quick-stop').and.to.include('quick-start');
    });

    it('runs one on a private server, or on one in memory', async () => {
      await using real = run('quick-start');
      expect(await real.end()).to.match(/^\(on a private ovsdb-server .*\)\n\n1\. connected[^]*\n5\. removed/);
      await using embedded = run('quick-start', '--embedded');
      expect(await embedded.end()).to.match(
        /^\(on a northbound database in memory\)\n\n1\. connected[^]*\n5\. removed/,
      );
    });

    it('plays what others do for those that watch, and ends them', async () => {
      await using ports = run('watching-ports', '--embedded');
      expect(await ports.end()).to.match(/> ovn-nbctl lsp-del vm2\ngone {5}vm2\n.*\nstopped\n$/);
      await using leader = run('follow-leader', '--embedded');
      expect(await leader.end()).to.match(/> the leader is killed\n[^]*\nstopped after beat/);
      await using controller = run('controller', '--embedded');
      expect(await controller.end()).to.match(
        /> kubectl -n shop delete pod web-1\nretained [^]*\nstopped; the ports stay\n$/,
      );
    });

    it('passes the exit code of a failure on, and says why', async () => {
      await using tls = run('tls', '--embedded');
      await tls.end({ code: 1 });
      expect(tls.stderr).to.include('ovsdb-server');
      await using nowhere = run('quick-start', 'nowhere:1');
      await nowhere.end({ code: 1 });
    });
  });
});

/** What the test changes of a StatefulSet. */
interface ChangeableSpec {
  replicas: number;
  readonly template: { readonly metadata: { readonly annotations: Record<string, string> } };
}

async function playController(scene: Scene, api: KubernetesApiServer): Promise<void> {
  const { nb } = scene;
  await nb.transact((tx) => {
    tx.insert('Logical_Switch', { name: 'shop', other_config: { subnet: '10.16.0.0/24' } });
  });
  const cluster = new SimulatedCluster(api.objects);
  for (const name of ['shop', 'elsewhere']) api.objects.create('namespaces', '', { metadata: { name } });
  const annotations = { 'ovn.kubernetes.io/ip_pool': '10.16.0.21,10.16.0.22' };
  api.objects.create('statefulsets', 'shop', statefulSetManifest('web', { replicas: 2, annotations }));
  api.objects.create('statefulsets', 'elsewhere', statefulSetManifest('other', { replicas: 1, annotations }));
  await cluster.reconcile();
  const kubeconfig = join(dirname(scene.remote.slice('unix:'.length)), 'kubeconfig');
  await writeFile(kubeconfig, api.kubeconfig(), { mode: 0o600 });

  await using program = Program.example('controller', scene.remote, { KUBECONFIG: kubeconfig });
  await program.printed(/^watching {3}2 StatefulSets and 3 pods, Ctrl-C ends it$/m);
  const web1 = (): string => api.objects.get('pods', 'shop', 'web-1').metadata.uid;
  await program.printed(new RegExp(`^(?:created|reused) +web-1.shop 10.16.0.22 ${MAC} for pod ${web1()}$`, 'm'));
  const portOf = (pod: string) => nb.tables.Logical_Switch_Port.find({ name: `${pod}.shop` });
  const before = portOf('web-1');
  expect(before?.addresses.join()).to.match(new RegExp(`^${MAC} 10\\.16\\.0\\.22$`));

  // The pod comes back.
  api.objects.delete('pods', 'shop', 'web-1');
  await cluster.reconcile();
  await program.printed(/^retained {3}web-1\.shop 10\.16\.0\.22 /m);
  await program.printed(new RegExp(`^reused +web-1.shop 10.16.0.22 ${MAC} for pod ${web1()}$`, 'm'));
  const after = await nb.tables.Logical_Switch_Port.until((row) => Object.values(row.external_ids).includes(web1()));
  expect([after._uuid, after.addresses]).to.deep.equal([before?._uuid, before?.addresses]);

  // More pods than the pool has addresses, then a longer pool, while the watches end and begin anew.
  const change = (edit: (spec: ChangeableSpec) => void): void => {
    api.objects.update('statefulsets', 'shop', 'web', (set) => {
      edit(set['spec'] as ChangeableSpec);
      return set;
    });
  };
  change((spec) => (spec.replicas = 3));
  await cluster.reconcile();
  while (!program.stderr.includes('refused    PoolExhausted: pod web-2 of shop/web')) await sleep(20);
  expect(portOf('web-2')).to.equal(undefined);
  api.dropWatches('reset');
  change(({ template }) => (template.metadata.annotations['ovn.kubernetes.io/ip_pool'] = '10.16.0.21..10.16.0.23'));
  await program.printed(new RegExp(`^allocated  web-2.shop 10.16.0.23 ${MAC}$`, 'm'));

  const atTheEnd = await scene.contents();
  expect(await program.end({ by: 'SIGINT' })).to.match(/^stopped; the ports stay\n$/m);
  expect(await scene.contents()).to.equal(atTheEnd);
  expect(program.stdout + program.stderr).not.to.include('elsewhere');
  expect([...nb.tables.Logical_Switch_Port].map(({ name }) => name).sort()).to.deep.equal([
    ...['somebody-elses', 'web-0.shop', 'web-1.shop', 'web-2.shop'],
  ]);
}

/** Fails unless the page is in Prometheus' text format: each metric with its help and type, histograms cumulative. */
function expectExposition(page: string): void {
  expect(page).to.match(/\n$/);
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of page.trimEnd().split('\n')) {
    const [, kind, metric = '', text = ''] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? [];
    if (kind === 'TYPE') types.set(metric, text);
    if (kind !== undefined) continue;
    const [, name = '', labels = '', value] = /^([a-z_]+)(?:\{(\w+="[^"\\\n]*")\})? ([\d.e+-]+)$/.exec(line) ?? [];
    expect(value, line).to.be.a('string');
    expect(types.has(name) || types.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram', line).to.equal(true);
    expect(samples.has(name + labels), `${line} comes twice`).to.equal(false);
    expect(types.get(name) !== 'counter' || name.endsWith('_total'), line).to.equal(true);
    samples.set(name + labels, Number(value));
  }
  const buckets = [...samples].filter(([name]) => name.includes('_bucket'));
  const counts = buckets.map(([, count]) => count);
  expect(counts).to.deep.equal(counts.toSorted((a, b) => a - b));
  expect(buckets.at(-1)?.[0]).to.equal('ovn_northbound_transaction_seconds_bucketle="+Inf"');
  expect(samples.get('ovn_northbound_transaction_seconds_count')).to.equal(counts.at(-1));
}
