import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { Sandbox } from '../../lib/testing/index.js';
import { cellsOf, documentOf, PortsScene, type Wanted } from './ports-command-scene.js';
import { asSandbox, onRealServer } from './test-server.js';

const POOL = '10.16.0.21,10.16.0.22,10.16.0.23';
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

describe('ovn-northbound ports', () => {
  let scene: PortsScene;
  before(async () => {
    scene = await PortsScene.start();
  });
  afterEach(() => scene.clear());
  after(() => scene[Symbol.asyncDispose]());

  /** The manifest's StatefulSets have all their ports. */
  async function applied(...wanted: readonly Wanted[]): Promise<string> {
    const file = await scene.manifest(...wanted);
    const { exitCode, err } = await scene.run('apply', '-f', file);
    expect([exitCode, err]).to.deep.equal([0, '']);
    return file;
  }

  describe('plan', () => {
    it('says what apply would do, and sends nothing (exit code 4)', async () => {
      const file = await scene.manifest({ replicas: 2, pool: POOL });
      const before = await scene.versions();
      const { exitCode, out, err } = await scene.run('plan', '-f', file);
      expect([exitCode, err]).to.deep.equal([4, '']);
      expect(cellsOf(out)).to.deep.equal([
        ['STATEFULSET', 'ORDINAL', 'PORT', 'STATUS', 'IP', 'MAC', 'NOTE'],
        ['product/web', '0', 'web-0.product', 'create', '10.16.0.21', '(any)', '-'],
        ['product/web', '1', 'web-1.product', 'create', '10.16.0.22', '(any)', '-'],
        ['product/web: create 2'],
      ]);
      expect(await scene.run('apply', '-f', file, '--dry-run')).to.deep.equal({ exitCode, out, err });
      expect(await scene.versions()).to.deep.equal(before);
    });

    it('does not name an address that would be another one when it is applied', async () => {
      const file = await scene.manifest({ replicas: 1 });
      expect(cellsOf((await scene.run('plan', '-f', file)).out)[1]).to.deep.equal(
        ['product/web', '0', 'web-0.product', 'create', '(any)', '(any)', '-'], // prettier-ignore
      );
      const { statefulSets } = await scene.json('plan', '-f', file);
      const [{ outcomes, transactions }] = statefulSets as [{ outcomes: object[]; transactions: unknown[] }];
      expect(outcomes[0]).to.include({ status: 'created', ip4: null, mac: null, uuid: null });
      expect(transactions).to.have.lengthOf(1);
    });

    it('refuses an address that another StatefulSet of the manifest has first, as apply does', async () => {
      const first = { name: 'a', replicas: 2, pool: '10.16.0.31,10.16.0.32' };
      const second = { name: 'b', replicas: 2, pool: '10.16.0.33,10.16.0.32' };
      // The same addresses on another switch clash with none.
      const elsewhere = { name: 'c', namespace: 'far', replicas: 2, pool: '10.16.0.31,10.16.0.32' };
      await scene.addSwitch('far', { subnet: '10.16.0.0/24' });
      const file = await scene.manifest(first, second, elsewhere);
      const statuses = ({ out }: { out: string }): string[] =>
        cellsOf(out).slice(1, 7).map((cells) => `${cells[2]} ${cells[3]}`); // prettier-ignore
      const plan = await scene.run('plan', '-f', file);
      expect(plan.exitCode).to.equal(3);
      expect(plan.err).to.match(/^pod b-1 of product\/b gets no port: 10\.16\.0\.32 goes to pod a-1 of product\/a, /);
      expect(statuses(plan)).to.deep.equal([
        'a-0.product create',
        'a-1.product create',
        'b-0.product create',
        'b-1.product refuse',
        'c-0.far create',
        'c-1.far create',
      ]);
      const applied = await scene.run('apply', '-f', file);
      expect(applied.exitCode).to.equal(3);
      expect(statuses(applied)).to.deep.equal(
        statuses(plan).map((line) => line.replace(/create$/, 'created').replace(/refuse$/, 'refused')),
      );
    });

    it('has nothing to say when all is there (exit code 0)', async () => {
      const file = await applied({ replicas: 2, pool: POOL });
      const { exitCode, out } = await scene.run('plan', '-f', file);
      expect(exitCode).to.equal(0);
      expect(out).to.match(/^product\/web: keep 2; nothing to do$/m);
    });

    it('tells of drift, which is nothing to do', async () => {
      await applied({ replicas: 1, pool: POOL });
      const file = await scene.manifest({ replicas: 1, pool: '10.16.0.99' });
      const { exitCode, out } = await scene.run('plan', '-f', file);
      expect(exitCode).to.equal(0);
      expect(cellsOf(out)[1]?.at(-1)).to.equal('the pool says 10.16.0.99');
    });
  });

  describe('apply', () => {
    it('makes the ports, prints them, and does nothing the second time', async () => {
      const file = await scene.manifest({ replicas: 2, pool: POOL }, { name: 'db', namespace: 'qa', replicas: 1 });
      const first = await scene.run('apply', '-f', file);
      expect([first.exitCode, first.err]).to.deep.equal([0, '']);
      const [, web0, web1, db0, ...summary] = cellsOf(first.out);
      expect([web0, web1].map((cells) => cells?.slice(0, 5))).to.deep.equal([
        ['product/web', '0', 'web-0.product', 'created', '10.16.0.21'],
        ['product/web', '1', 'web-1.product', 'created', '10.16.0.22'],
      ]);
      expect(db0?.slice(0, 4)).to.deep.equal(['qa/db', '0', 'db-0.qa', 'created']);
      expect(web0?.[5]).to.match(MAC);
      expect(summary).to.deep.equal([['product/web: 2 created'], ['qa/db: 1 created']]);
      expect(await scene.ports()).to.include({ 'web-0.product': '10.16.0.21', 'web-1.product': '10.16.0.22' });
      const before = await scene.versions();
      const second = await scene.run('apply', '-f', file);
      expect([second.exitCode, second.out.match(/reused/g)?.length]).to.deep.equal([0, 5]);
      expect(await scene.versions()).to.deep.equal(before);
    });

    it('prints one document with --json', async () => {
      const file = await scene.manifest({ replicas: 2, pool: '10.16.0.21' });
      const run = await scene.run('apply', '-f', file, '--json');
      const { statefulSets, ...document } = documentOf(run);
      expect(document).to.deep.equal({ command: 'apply', exitCode: 3, error: null, dryRun: false });
      const [{ outcomes, ...set }] = statefulSets as [{ outcomes: Record<string, unknown>[] }];
      expect(set).to.deep.equal({
        statefulSet: 'product/web',
        released: [],
        warnings: [],
        error: null,
        transactions: null,
      });
      const port = await scene.port('web-0.product');
      const [mac] = String((port?.['addresses'] as string[])[0]).split(' ');
      const { error, ...refused } = outcomes[1]!;
      const none = { ip4: null, ip6: null, mac: null, uuid: null, refreshed: false, stale: false, drift: null };
      expect(outcomes[0]).to.deep.equal({
        ...none,
        ordinal: 0,
        pod: 'web-0',
        port: 'web-0.product',
        status: 'created',
        ip4: '10.16.0.21',
        mac,
        uuid: port?.['_uuid'],
        error: null,
      });
      expect(refused).to.deep.equal({ ...none, ordinal: 1, pod: 'web-1', port: 'web-1.product', status: 'refused' });
      expect(error).to.deep.include({ code: 'PoolExhausted', details: { ordinal: 1, poolLength: 1, missing: 1 } });
    });

    it('says why pods get no port, and makes the others (exit code 3)', async () => {
      const file = await scene.manifest({ replicas: 30, pool: '10.16.0.21' });
      const { exitCode, out, err } = await scene.run('apply', '-f', file);
      expect(exitCode).to.equal(3);
      expect(cellsOf(out)[2]).to.deep.equal([
        'product/web',
        '1',
        'web-1.product',
        'refused',
        '-',
        '-',
        'PoolExhausted',
      ]);
      expect(out).to.match(/^product\/web: 1 created, 29 refused$/m);
      expect(err).to.match(/^pod web-1 of product\/web gets no port: /);
      expect(err).to.match(/^and 9 more of the same StatefulSet$/m);
      expect(await scene.ports()).to.deep.equal({ 'web-0.product': '10.16.0.21' });
    });

    it('goes on with the other StatefulSets when one gets none at all (exit code 3)', async () => {
      const file = await scene.manifest(
        { name: 'bad', pool: '10.99.0.1' },
        { name: 'lost', namespace: 'nowhere' },
        { replicas: 1, pool: POOL },
      );
      const { exitCode, out, err } = await scene.run('apply', '-f', file);
      expect(exitCode).to.equal(3);
      expect(err).to.match(/^StatefulSet product\/bad gets no ports: 10\.99\.0\.1 is not in 10\.16\.0\.0\/24$/m);
      expect(err).to.match(/^StatefulSet nowhere\/lost gets no ports: there is no logical switch "nowhere"/m);
      expect(out).to.match(/^product\/bad: not applied\nnowhere\/lost: not applied\nproduct\/web: 1 created$/m);
      expect(await scene.ports()).to.deep.equal({ 'web-0.product': '10.16.0.21' });
    });

    it('changes nothing when a manifest is malformed, wherever (exit code 1)', async () => {
      const good = await scene.manifest({ replicas: 1, pool: POOL });
      const bad = await scene.manifest({ name: 'db', replicas: -1 });
      const before = await scene.versions();
      const { exitCode, out, err } = await scene.run('apply', '-f', good, '-f', bad);
      expect([exitCode, out]).to.deep.equal([1, '']);
      expect(err).to.include('spec.replicas is -1');
      expect(await scene.versions()).to.deep.equal(before);
    });

    it('reads a manifest from standard input, and passes over other kinds with a note', async () => {
      const text = 'kind: Service\n---\nkind: StatefulSet\nmetadata: {name: web, namespace: product}\n';
      const { exitCode, err } = await scene.pipe(text, 'apply', '-f', '-');
      expect([exitCode, err]).to.deep.equal([0, 'note: passed over: 1 Service\n']);
      expect(Object.keys(await scene.ports())).to.deep.equal(['web-0.product']);
    });

    it('notes the uids of pods that stand beside, and heeds the addresses that they ask for', async () => {
      const annotations = {
        'ovn.kubernetes.io/ip_address': '10.16.0.77',
        'ovn.kubernetes.io/mac_address': '02:00:00:00:00:77',
      };
      const pod = { kind: 'Pod', metadata: { name: 'web-0', namespace: 'product', uid: 'p1', annotations } };
      const file = await scene.manifest({ replicas: 1 }, pod);
      expect(cellsOf((await scene.run('plan', '-f', file)).out)[1]).to.include.members([
        '10.16.0.77',
        '02:00:00:00:00:77',
      ]);
      expect((await scene.run('apply', '-f', file)).exitCode).to.equal(0);
      const port = await scene.port('web-0.product');
      expect(port?.['addresses']).to.deep.equal(['02:00:00:00:00:77 10.16.0.77']);
      expect(port?.['external_ids']).to.deep.include(['ovn-northbound/pod-uid', 'p1']);
    });

    it('notes a --subnet for a namespace that no StatefulSet is in', async () => {
      const file = await scene.manifest({ replicas: 1 });
      const { exitCode, err } = await scene.run('plan', '-f', file, '--subnet', 'prodcut=qa', '--subnet', 'product=qa');
      expect([exitCode, err]).to.deep.equal([4, 'note: --subnet: no StatefulSet is in namespace prodcut\n']);
    });

    it('takes the switch and subnet of a namespace from --subnet and --subnets', async () => {
      await scene.addSwitch('bare');
      const file = await scene.manifest({ name: 'a', namespace: 'one' }, { name: 'b', namespace: 'two' });
      const subnets = join(scene.sandbox.directory, 'subnets.yaml');
      await writeFile(subnets, 'one: {logicalSwitch: bare, cidr: 10.20.0.0/30, gateway: 10.20.0.1}\n');
      const option = 'two=bare,cidr=10.21.0.0/30,fd00:21::/64,gateway=10.21.0.1,fd00:21::1';
      const { exitCode } = await scene.run('apply', '-f', file, '--subnets', subnets, '--subnet', option);
      expect(exitCode).to.equal(0);
      const { 'a-0.one': a, 'b-0.two': b } = await scene.ports();
      expect(a).to.equal('10.20.0.2');
      expect(b).to.match(/^10\.21\.0\.2,fd00:21:/);
    });

    it('goes by the rules that are given', async () => {
      await scene.addSwitch('rules', { subnet: '10.30.0.0/24', exclude_ips: '10.30.0.2..10.30.0.9' });
      const subnet = ['--subnet', 'product=rules'];
      const file = await scene.manifest({ replicas: 2, start: 1, pool: '10.30.0.5,10.30.0.6,10.30.0.7' });
      const strict = await scene.run('apply', '-f', file, ...subnet, '--strict-exclude');
      expect(strict.exitCode).to.equal(3);
      expect(strict.err).to.include('is excluded from 10.30.0.0/24');
      const rules = ['--vendor', 'acme', '--port-security', '--indexing', 'absolute'];
      expect((await scene.run('apply', '-f', file, ...subnet, ...rules)).exitCode).to.equal(0);
      expect(await scene.ports()).to.deep.equal({ 'web-1.product': '10.30.0.6', 'web-2.product': '10.30.0.7' });
      const port = await scene.port('web-1.product');
      expect(port?.['port_security']).to.deep.equal(port?.['addresses']);
      expect(port?.['external_ids']).to.deep.include(['vendor', 'acme']);
      const picked = await scene.manifest({ name: 'low', replicas: 1 });
      await scene.run('apply', '-f', picked, ...subnet, '--pick', 'sequential');
      expect((await scene.ports())['low-0.product']).to.equal('10.30.0.10');
      // Without its vendor they are somebody else's.
      const foreign = await scene.run('apply', '-f', file, ...subnet);
      expect([foreign.exitCode, cellsOf(foreign.out)[1]?.at(-1)]).to.deep.equal([3, 'PortOwnedByOther']);
      const own = [...subnet, '--vendor', 'acme'];
      const drift = await scene.run('apply', '-f', file, ...own, '--on-drift', 'error');
      expect(drift.exitCode).to.equal(3);
      expect(drift.err).to.include('pod web-1 of product/web keeps its port with 10.30.0.6');
      const recreated = await scene.manifest({ replicas: 2, start: 1, uid: 'u1' });
      await scene.run('apply', '-f', recreated, ...own);
      const another = await scene.manifest({ replicas: 2, start: 1, uid: 'u2' });
      const rejected = await scene.run('apply', '-f', another, ...own, '--on-recreate', 'reject');
      expect([rejected.exitCode, cellsOf(rejected.out)[1]?.at(-1)]).to.deep.equal([3, 'OwnerMismatch']);
    });

    it('gets on with rivals: several at once make their ports, and no address comes twice', async () => {
      const names = Array.from({ length: 8 }, (_, i) => `rival${i}`);
      const files = await Promise.all(names.map((name) => scene.manifest({ name, replicas: 10 })));
      const subnet = ['--subnet', 'product=product,cidr=10.16.0.0/25'];
      const runs = await Promise.all(files.map((file) => scene.run('apply', '-f', file, ...subnet)));
      expect(runs.map(({ exitCode, err }) => [exitCode, err])).to.deep.equal(names.map(() => [0, '']));
      const ips = Object.values(await scene.ports());
      expect([ips.length, new Set(ips).size]).to.deep.equal([80, 80]);
    });

    onRealServer(() => {
      it('prints what was done when it fails on the way (exit code 1)', async () => {
        const first = { name: 'first', pool: '10.16.0.31' };
        await applied(first);
        const port = await scene.port('first-0.product');
        const meanwhile = (): Promise<void> => asSandbox(scene.sandbox).pause();
        const more = await scene.manifest(
          first,
          { name: 'second', replicas: 0 },
          { name: 'third', pool: '10.16.0.33' },
        );
        await scene.run('apply', '-f', await scene.manifest({ name: 'second', pool: '10.16.0.32' }));
        const args = ['apply', '-f', more, '--on-scale-down', 'release', '--timeout', '3', '--json'];
        const { statefulSets, ...document } = documentOf(await scene.ask({ answer: 'y', meanwhile }, ...args));
        asSandbox(scene.sandbox).resume();
        expect(document).to.include({ exitCode: 1 });
        const [done, stopped, ...rest] = statefulSets as { outcomes: object[]; error: object | null }[];
        expect(rest).to.deep.equal([]);
        expect(done?.outcomes[0]).to.include({ status: 'reused', uuid: port?.['_uuid'] });
        expect(stopped?.error).to.include({ code: 'OutcomeUnknown' });
      });

      it('reaches a server over TLS', async () => {
        await using sandbox = await Sandbox.start({ ssl: true });
        const { privateKey, certificate, ca } = sandbox.tls;
        const tls = ['--private-key', privateKey, '--certificate', certificate, '--ca-cert', ca];
        expect((await scene.run('list', '--db', sandbox.sslRemote, ...tls)).exitCode).to.equal(0);
        const { exitCode, err } = await scene.run('list', '--db', sandbox.sslRemote, '--timeout', '0.5');
        expect(exitCode).to.equal(2);
        expect(err).to.match(/^ovn-northbound ports: ssl:.* needs --ca-cert FILE, /);
      });
    });

    it('warns of a pool that stands where it has no effect', async () => {
      const metadata = { name: 'web', namespace: 'product', annotations: { 'ovn.kubernetes.io/ip_pool': POOL } };
      const file = await scene.manifest({ kind: 'StatefulSet', metadata });
      const { exitCode, err } = await scene.run('apply', '-f', file);
      expect(exitCode).to.equal(0);
      expect(err).to.include('move it to spec.template.metadata.annotations');
    });
  });

  describe('list', () => {
    beforeEach(async () => {
      await applied({ replicas: 2, pool: POOL }, { name: 'api', replicas: 1 }, { name: 'db', namespace: 'qa' });
      await scene.addPort('qa', 'router');
      await scene.setPort('web-1.product', { up: true });
    });

    const portsOf = async (...args: string[]): Promise<unknown[]> => {
      const { ports } = await scene.json('list', ...args);
      return (ports as { port: string }[]).map(({ port }) => port);
    };

    it('prints all kept ports, by StatefulSet and ordinal, and no others', async () => {
      const { exitCode, out, err } = await scene.run('list');
      expect([exitCode, err]).to.deep.equal([0, '']);
      const cells = cellsOf(out);
      expect(cells[0]).to.deep.equal(['STATEFULSET', 'ORDINAL', 'PORT', 'SWITCH', 'IP', 'MAC', 'UP']);
      expect(cells.slice(1).map((row) => row[2])).to.deep.equal(['api-0.product', 'web-0.product', 'web-1.product', 'db-0.qa']); // prettier-ignore
      expect(cells[3]?.slice(3, 5)).to.deep.equal(['product', '10.16.0.22']);
      expect(cells[3]?.at(-1)).to.equal('up');
    });

    it('prints those that are selected', async () => {
      expect(await portsOf('--statefulset', 'product/web')).to.deep.equal(['web-0.product', 'web-1.product']);
      expect(await portsOf('--statefulset', 'product/web', '--statefulset', 'qa/db')).to.have.lengthOf(3);
      expect(await portsOf('-n', 'qa')).to.deep.equal(['db-0.qa']);
      expect(await portsOf('--switch', 'qa')).to.deep.equal(['db-0.qa']);
      expect(await portsOf('--switch', 'qa', '-n', 'product')).to.deep.equal([]);
      expect(await portsOf('-f', await scene.manifest({ name: 'api' }))).to.deep.equal(['api-0.product']);
      expect(await portsOf('--all')).to.have.lengthOf(4);
    });

    it('says it on standard error when there are none, which is no failure', async () => {
      expect(await scene.run('list', '-n', 'nobody')).to.deep.equal({
        exitCode: 0,
        out: '',
        err: 'no ports are kept for these\n',
      });
    });

    it('prints one document with --json', async () => {
      const { ports, ...document } = await scene.json('list', '--statefulset', 'product/web');
      expect(document).to.deep.equal({ command: 'list', exitCode: 0, error: null });
      const row = await scene.port('web-1.product');
      expect((ports as unknown[])[1]).to.deep.equal({
        statefulSet: 'product/web',
        ordinal: 1,
        pod: 'web-1',
        port: 'web-1.product',
        mac: String((row?.['addresses'] as string[])[0]).split(' ')[0],
        ip4: '10.16.0.22',
        ip6: null,
        uuid: row?.['_uuid'],
        logicalSwitch: 'product',
        up: true,
        vendor: 'ovn-northbound',
        ownerUid: null,
        podUid: null,
      });
    });

    it('fails for a switch that is not there (exit code 1), and for selectors that make no sense (2)', async () => {
      const unknown = await scene.run('list', '--switch', 'nope');
      expect(unknown.exitCode).to.equal(1);
      expect(unknown.err).to.include('nope');
      expect(await scene.run('list', '--statefulset', 'web')).to.include({ exitCode: 2, out: '' });
      expect((await scene.run('list', '--all', '-n', 'qa')).exitCode).to.equal(2);
    });
  });

  describe('audit', () => {
    it('finds nothing where all is well (exit code 0)', async () => {
      await applied({ replicas: 2, pool: POOL });
      expect(await scene.run('audit')).to.deep.equal({ exitCode: 0, out: 'nothing found\n', err: '' });
    });

    it('prints what it finds (exit code 4), and sends nothing', async () => {
      await applied({ replicas: 1, pool: POOL });
      await scene.addPort('product', 'vm', { addresses: '02:00:00:00:00:01 10.16.0.21' });
      await scene.addPort('qa', 'db-0.qa', { addresses: '02:00:00:00:00:02 10.17.0.5' });
      const before = await scene.versions();
      const { exitCode, out } = await scene.run('audit');
      expect(exitCode).to.equal(4);
      expect(cellsOf(out).map((cells) => cells.slice(0, 2))).to.deep.equal([
        ['SWITCH', 'KIND'],
        ['product', 'shared-address'],
        ['qa', 'foreign-port'],
        ['2 findings'],
      ]);
      const { findings } = await scene.json('audit', '--switch', 'product');
      expect(findings).to.have.lengthOf(1);
      expect((findings as object[])[0]).to.include({ kind: 'shared-address', logicalSwitch: 'product', address: '10.16.0.21' }); // prettier-ignore
      const [foreign] = (await scene.json('audit', '--kind', 'foreign-port'))['findings'] as object[];
      expect(foreign).to.include({ port: 'db-0.qa', vendor: null });
      expect((await scene.json('audit', '--kind', 'wrong-name'))['findings']).to.deep.equal([]);
      expect((await scene.json('audit', '-n', 'qa'))['findings']).to.have.lengthOf(1);
      expect((await scene.json('audit', '--statefulset', 'product/other'))['findings']).to.deep.equal([]);
      expect(await scene.versions()).to.deep.equal(before);
    });

    it('finds ports on a wrong switch only where the right one is given', async () => {
      const file = await scene.manifest({ replicas: 1 });
      await scene.run('apply', '-f', file, '--subnet', 'product=qa');
      expect((await scene.run('audit')).exitCode).to.equal(0);
      const { findings } = await scene.json('audit', '--subnet', 'product=product');
      expect((findings as { kind: string }[]).map(({ kind }) => kind)).to.include('wrong-switch');
    });

    it('is refused with a kind or a switch that is not there', async () => {
      const { exitCode, err } = await scene.run('audit', '--kind', 'mess');
      expect([exitCode, err]).to.satisfy(
        ([code, text]: [number, string]) => code === 2 && text.includes('shared-address'),
      );
      expect((await scene.run('audit', '--switch', 'nope')).exitCode).to.equal(1);
    });
  });

  describe('capacity', () => {
    it('counts the addresses of a pool', async () => {
      await applied({ replicas: 2, pool: POOL });
      await scene.addPort('product', 'vm', { addresses: '02:00:00:00:00:01 10.16.0.24' });
      const file = await scene.manifest({ replicas: 1, pool: `${POOL},10.16.0.24,10.16.0.25` });
      const { exitCode, out, err } = await scene.run('capacity', '-f', file);
      expect([exitCode, err]).to.deep.equal([0, '']);
      expect(cellsOf(out)).to.deep.equal([
        ['STATEFULSET', 'SOURCE', 'SIZE', 'ASSIGNED', 'RETAINED', 'UNAVAILABLE', 'FREE', 'FIRST WITHOUT'],
        ['product/web', 'pool', '5', '1', '1', '1', '2', 'web-3'],
      ]);
    });

    it('tells of pods that have no address (exit code 3)', async () => {
      const file = await scene.manifest({ replicas: 4, pool: POOL }, { name: 'lost', namespace: 'nowhere' });
      const { exitCode, err } = await scene.run('capacity', '-f', file);
      expect(exitCode).to.equal(3);
      expect(err).to.match(/^product\/web: there is no address for pod web-3$/m);
      expect(err).to.match(/^StatefulSet nowhere\/lost gets no ports: /m);
    });

    it('writes figures beyond 2^53 in full with --json', async () => {
      const file = await scene.manifest({ replicas: 1 });
      const { out } = await scene.run(
        'capacity',
        '-f',
        file,
        '--subnet',
        'product=qa,cidr=fd00::/64,gateway=fd00::1',
        '--json',
      );
      const [, size, , free] = /"size":(\d+),.*"unavailable":(\d+),"free":(\d+),/.exec(out) ?? [];
      expect(BigInt(size ?? 0) > 2n ** 63n).to.equal(true);
      expect(size).to.equal(free);
      expect(size).to.not.match(/000000$/);
    });

    it('says that it needs the manifest (exit code 2)', async () => {
      const { exitCode, err } = await scene.run('capacity');
      expect(exitCode).to.equal(2);
      expect(err).to.include(
        'capacity needs the manifest of the StatefulSets (-f FILE): their replicas and pools stand there',
      );
    });
  });

  describe('adopt', () => {
    const kubeOvn = { vendor: 'kube-ovn', pod: 'product/web-0' };
    beforeEach(async () => {
      const external_ids = ['map', Object.entries(kubeOvn)];
      await scene.addPort('product', 'web-0.product', { addresses: '02:00:00:00:00:01 10.16.0.21', external_ids });
    });

    it('says what it would take over with --dry-run, and sends nothing (exit code 4)', async () => {
      const file = await scene.manifest({ replicas: 2, pool: '10.16.0.30,10.16.0.31' });
      const before = await scene.versions();
      const { exitCode, out, err } = await scene.run('adopt', '-f', file, '--dry-run');
      expect(exitCode).to.equal(4);
      expect(cellsOf(out)).to.deep.equal([
        ['STATEFULSET', 'ORDINAL', 'PORT', 'FORMER NAME', 'FORMER VENDOR', 'IP', 'MAC', 'NOTE'],
        ['product/web', '0', 'web-0.product', 'the same', 'kube-ovn', '10.16.0.21', '02:00:00:00:00:01', 'the pool says 10.16.0.30'], // prettier-ignore
        ['1 port would be adopted'],
      ]);
      expect(err).to.equal('product/web: no port to adopt for web-1\n');
      expect(await scene.versions()).to.deep.equal(before);
    });

    it('takes over, with the addresses that they have, and has nothing to do the second time', async () => {
      const file = await scene.manifest({ replicas: 1, pool: POOL });
      const { statefulSets, ...document } = await scene.json('adopt', '-f', file);
      expect(document).to.deep.equal({ command: 'adopt', exitCode: 0, error: null, dryRun: false });
      const row = await scene.port('web-0.product');
      expect(statefulSets).to.deep.equal([
        {
          statefulSet: 'product/web',
          adopted: [
            {
              statefulSet: 'product/web',
              ordinal: 0,
              pod: 'web-0',
              port: 'web-0.product',
              ip4: '10.16.0.21',
              ip6: null,
              mac: '02:00:00:00:00:01',
              uuid: row?.['_uuid'],
              formerName: 'web-0.product',
              formerVendor: 'kube-ovn',
              drift: null,
            },
          ],
          missing: [],
          errors: [],
          error: null,
        },
      ]);
      expect(row?.['external_ids']).to.deep.include(['vendor', 'ovn-northbound']);
      expect(await scene.run('adopt', '-f', file)).to.deep.equal({ exitCode: 0, out: 'nothing to adopt\n', err: '' });
    });

    it('takes over ports of other names, and says which it cannot (exit code 3)', async () => {
      await scene.addPort('qa', 'qa_db-0', { addresses: '02:00:00:00:00:02 10.17.0.5' });
      await scene.addPort('qa', 'qa_db-1', { addresses: 'dynamic' });
      const file = await scene.manifest({ name: 'db', namespace: 'qa', replicas: 2 });
      const { exitCode, out, err } = await scene.run('adopt', '-f', file, '--existing-name', 'namespace_pod');
      expect(exitCode).to.equal(3);
      expect(cellsOf(out)[1]?.slice(2, 4)).to.deep.equal(['db-0.qa', 'qa_db-0']);
      expect(err).to.match(/^pod db-1 of qa\/db /);
      expect(Object.keys(await scene.ports())).to.deep.equal(['db-0.qa', 'qa_db-1', 'web-0.product']);
      expect((await scene.run('adopt', '-f', file, '--existing-name', 'podish')).exitCode).to.equal(2);
    });
  });

  describe('failures', () => {
    it('are told from wrong command lines, which leave standard output empty', async () => {
      const file = await scene.manifest({ replicas: 1 });
      for (const args of [
        [],
        ['destroy'],
        ['apply'],
        ['list', 'web'],
        ['apply', '-f', file, '--timeout', 'soon'],
        ['apply', '-f', '-', '-f', '-'],
        ['apply', '-f', '-', '--subnets', '-'],
        ['apply', '-f', file, '--subnet', 'x'],
        ['list', '--db', 'http://nb', '--json'],
      ]) {
        const { exitCode, out, err } = await scene.run(...args);
        expect([args, exitCode]).to.deep.equal([args, 2]);
        expect([out, err.split('\n').at(-2)]).to.deep.equal(['', 'Try: ovn-northbound ports --help']);
      }
    });

    it('say which file cannot be read', async () => {
      const { exitCode, err } = await scene.run('apply', '-f', '/nonexistent.yaml');
      expect(exitCode).to.equal(1);
      expect(err).to.match(/^ovn-northbound ports: cannot read \/nonexistent\.yaml: ENOENT/);
      expect((await scene.run('list', '-f', '-')).err).to.include('cannot read standard input: there is none');
    });

    it('say that the server cannot be reached, at once and again when the time is over', async () => {
      const remote = `unix:${scene.sandbox.directory}/nobody`;
      const { exitCode, err } = await scene.run('list', '--db', remote, '--timeout', '1.5');
      expect(exitCode).to.equal(1);
      const [note, error] = err.split('\n');
      expect(note).to.match(/^note: connecting to unix:.*nobody failed.*; trying again for up to 1\.5 s$/);
      expect(error).to.match(/^ovn-northbound ports: .*nobody/);
    });

    it('are in the document with --json', async () => {
      const run = await scene.run(
        'list',
        '--db',
        `unix:${scene.sandbox.directory}/nobody`,
        '--timeout',
        '1.5',
        '--json',
      );
      const { error, ...document } = documentOf(run);
      expect(document).to.deep.equal({ command: 'list', exitCode: 1 });
      expect(error).to.include({ code: 'ConnectFailed', details: null });
    });

    it('have help beside them', async () => {
      const { exitCode, out, err } = await scene.run('--help');
      expect([exitCode, err]).to.deep.equal([0, '']);
      expect(out).to.match(/^Usage: ovn-northbound ports plan/);
      expect(out.split('\n').filter((line) => line.length > 120)).to.deep.equal([]);
      expect(await scene.run('apply', '--help')).to.deep.equal({ exitCode, out, err });
    });
  });
});
