import { expect } from 'chai';

import { ClientProxy } from '../faults/client-proxy.js';
import { cellsOf, documentOf, PortsScene } from './ports-command-scene.js';
import { asSandbox, onRealServer } from './test-server.js';

const POOL = '10.16.0.21,10.16.0.22,10.16.0.23';
const THREE = { 'web-0.product': '10.16.0.21', 'web-1.product': '10.16.0.22', 'web-2.product': '10.16.0.23' };

describe('ovn-northbound ports, giving up addresses', () => {
  let scene: PortsScene;
  let web: string;
  before(async () => {
    scene = await PortsScene.start();
    web = await scene.manifest({ replicas: 3, pool: POOL });
  });
  beforeEach(async () => {
    expect((await scene.run('apply', '-f', web)).exitCode).to.equal(0);
  });
  afterEach(() => scene.clear());
  after(() => scene[Symbol.asyncDispose]());

  /** Fails when anything was written. */
  async function unchanged<R>(act: () => Promise<R>): Promise<R> {
    const before = await scene.versions();
    const result = await act();
    expect(await scene.versions(), 'what the server has').to.deep.equal(before);
    return result;
  }

  describe('release', () => {
    it('shows what would go and asks, and deletes it after a yes', async () => {
      await scene.setPort('web-2.product', { up: true });
      const { exitCode, out, err } = await scene.ask({ answer: 'y' }, 'release', '-f', web);
      expect(exitCode).to.equal(0);
      const [header, ...lines] = cellsOf(err);
      expect(header).to.deep.equal(['STATEFULSET', 'ORDINAL', 'PORT', 'SWITCH', 'IP', 'MAC', 'UP']);
      expect(lines.slice(0, 3).map((cells) => [cells[2], cells[4], cells.at(-1)])).to.deep.equal([
        ['web-0.product', '10.16.0.21', '-'],
        ['web-1.product', '10.16.0.22', '-'],
        ['web-2.product', '10.16.0.23', 'up'],
      ]);
      expect(err).to.match(/^1 of them is up: a pod is using it\.$/m);
      expect(err).to.match(/\nRelease 3 ports of 1 StatefulSet\? \[y\/N\] $/);
      expect(out).to.match(/^web-0\.product of product\/web released, 10\.16\.0\.21 free$/m);
      expect(out).to.match(/^3 ports released$/m);
      expect(await scene.ports()).to.deep.equal({});
    });

    it('does not let a name play with the terminal', async () => {
      await scene.setPort('web-2.product', { name: 'web\x1b[2J\u202e' });
      const { err, out } = await scene.ask({ answer: 'y' }, 'release', '-f', web);
      expect(err).to.include(' web\\x1b[2J\\u202e ').and.not.include('\x1b');
      expect(out).to.match(/^web\\x1b\[2J\\u202e of product\/web released/m);
    });

    for (const [what, answer] of [
      ['a no', 'n'],
      ['an empty answer', ''],
      ['a word that is no yes', 'yesterday'],
      ['the end of the input', undefined],
    ] as const) {
      it(`changes nothing after ${what} (exit code 4)`, async () => {
        const run = await unchanged(() => scene.ask({ answer }, 'release', '--statefulset', 'product/web'));
        expect(run).to.include({ exitCode: 4, isAsked: true, out: 'nothing was released\n' });
      });
    }

    it('changes nothing without a terminal and without --yes (exit code 2)', async () => {
      const run = await unchanged(() => scene.run('release', '--all'));
      expect(run.exitCode).to.equal(2);
      expect(run.err).to.include('standard input is no terminal to ask at; nothing was changed');
      const piped = await unchanged(() => scene.pipe('y\n', 'release', '--all'));
      expect(piped.exitCode).to.equal(2);
    });

    it('does not ask with --yes', async () => {
      const run = await scene.ask({ answer: 'n' }, 'release', '--all', '--yes');
      expect(run).to.include({ exitCode: 0, isAsked: false, err: '' });
      expect(await scene.ports()).to.deep.equal({});
    });

    it('shows what would go with --dry-run, and neither asks nor sends (exit code 4)', async () => {
      const run = await unchanged(() => scene.run('release', '--all', '--dry-run'));
      expect([run.exitCode, run.err]).to.deep.equal([4, '']);
      expect(cellsOf(run.out).at(-1)).to.deep.equal(['3 ports would be released']);
      const { released, left, dryRun } = await unchanged(() => scene.json('release', '--all', '--dry-run'));
      expect([dryRun, (released as unknown[]).length, left]).to.deep.equal([true, 3, []]);
    });

    it('has nothing to do where nothing is kept (exit code 0)', async () => {
      const run = await unchanged(() => scene.ask({ answer: 'y' }, 'release', '-n', 'qa'));
      expect(run).to.deep.equal({ exitCode: 0, out: 'nothing to release\n', err: '', isAsked: false });
    });

    it('must be told which ports (exit code 2)', async () => {
      const run = await unchanged(() => scene.run('release', '--yes'));
      expect(run.exitCode).to.equal(2);
      expect(run.err).to.include('say which ports: -f, --statefulset, --namespace, --switch or --all');
    });

    it('deletes only what is selected, and no port of anybody else', async () => {
      await scene.addPort('product', 'vm', { addresses: '02:00:00:00:00:01 10.16.0.99' });
      const other = await scene.manifest({ name: 'db', namespace: 'qa', pool: '10.17.0.5' });
      await scene.run('apply', '-f', other);
      const document = documentOf(await scene.run('release', '--switch', 'product', '--yes', '--json'));
      expect(Object.keys(document)).to.deep.equal(['command', 'exitCode', 'error', 'dryRun', 'released', 'left']);
      expect((document['released'] as { port: string }[]).map(({ port }) => port)).to.deep.equal(Object.keys(THREE));
      expect(await scene.ports()).to.deep.equal({ 'db-0.qa': '10.17.0.5', vm: '10.16.0.99' });
    });

    it('leaves what a StatefulSet with another uid used last', async () => {
      await scene.run('apply', '-f', await scene.manifest({ replicas: 2, pool: POOL, uid: 'new' }));
      await scene.run('apply', '-f', await scene.manifest({ replicas: 1, start: 2, pool: '10.16.0.23', uid: 'old' }));
      const old = await scene.manifest({ replicas: 3, pool: POOL, uid: 'old' });
      const { exitCode, err } = await scene.run('release', '-f', old, '--yes');
      expect(exitCode).to.equal(0);
      expect(err).to.include('web-0.product stays: another StatefulSet of this name (uid new) used it last; ');
      expect(Object.keys(await scene.ports())).to.deep.equal(['web-0.product', 'web-1.product']);
    });

    it('leaves what changed since it was shown, and says so (exit code 4)', async () => {
      const meanwhile = async (): Promise<void> => {
        // A pod came up; a port was made anew under its name; and there is one that nobody was shown.
        await scene.setPort('web-0.product', { up: true });
        await scene.deletePort('web-1.product');
        await scene.run('apply', '-f', await scene.manifest({ replicas: 4, pool: `${POOL},10.16.0.24` }));
      };
      const run = await scene.ask({ answer: 'yes', meanwhile }, 'release', '--statefulset', 'product/web', '--json');
      const { released, left } = documentOf(run) as Record<string, { port: string; reason: string }[]>;
      expect(run.exitCode).to.equal(4);
      expect(released?.map(({ port }) => port)).to.deep.equal(['web-2.product']);
      expect(left?.map(({ port, reason }) => [port, reason])).to.deep.equal([
        ['web-0.product', 'changed'],
        ['web-1.product', 'changed'],
      ]);
      expect(run.err).to.match(/ web-0\.product stays: it changed since it was shown\nweb-1\.product stays: /);
      expect(Object.keys(await scene.ports())).to.deep.equal(['web-0.product', 'web-1.product', 'web-3.product']);
    });

    it('changes nothing when it is stopped at the question (exit code 130)', async () => {
      const run = await unchanged(() =>
        scene.ask({ answer: 'y', meanwhile: (interrupt) => interrupt('SIGINT') }, 'release', '--all', '--json'),
      );
      const { error, ...document } = documentOf(run);
      expect(document).to.deep.equal({ command: 'release', exitCode: 130 });
      expect(error).to.include({ code: 'Interrupted' });
      expect(run.err).to.match(/\? \[y\/N\] \nnothing was changed\novn-northbound ports: stopped by SIGINT\n$/);
    });

    it('says that something may have been sent when it is stopped later', async () => {
      await using proxy = await ClientProxy.start(scene.sandbox.remote);
      const meanwhile = (interrupt: (signal: 'SIGTERM') => void): void => {
        proxy.onRequest = ({ method }) => {
          if (method !== 'transact') return 'pass';
          interrupt('SIGTERM');
          return 'drop';
        };
      };
      const run = await scene.ask({ answer: 'y', meanwhile }, 'release', '--all', '--db', proxy.remote, '--json');
      const document = documentOf(run);
      expect(document['error']).to.include({ code: 'Interrupted' });
      expect((document['left'] as object[])[0]).to.include({ port: 'web-0.product', reason: 'failed' });
      expect(run.exitCode).to.equal(143);
      expect(run.err).to.match(
        /what was sent by then stays; the same command goes on from there\novn-northbound ports: /,
      );
    });

    onRealServer(() => {
      it('fails when the server does not answer in time (exit code 1)', async () => {
        const meanwhile = (): Promise<void> => asSandbox(scene.sandbox).pause();
        const run = await scene.ask({ answer: 'y', meanwhile }, 'release', '--all', '--timeout', '3', '--json');
        asSandbox(scene.sandbox).resume();
        const document = documentOf(run);
        expect([run.exitCode, document['released']]).to.deep.equal([1, []]);
        expect(document['error']).to.include({ code: 'OutcomeUnknown' });
        expect(run.err).to.include('list shows which of them are still kept');
      });
    });

    it('deletes a thousand ports, some hundreds in one transaction', async function () {
      this.timeout(180_000);
      const many = await scene.manifest({ name: 'many', replicas: 1200 });
      const big = ['--subnet', 'product=product,cidr=10.32.0.0/16'];
      expect((await scene.run('apply', '-f', many, ...big)).exitCode).to.equal(0);
      const { released } = await scene.json('release', '-f', many, '--yes');
      expect(released).to.have.lengthOf(1200);
      expect(await scene.ports()).to.deep.equal(THREE);
    });
  });

  describe('apply and readdress', () => {
    it('ask before ports beyond the replicas are deleted, and delete those that were shown', async () => {
      const file = await scene.manifest({ replicas: 1, pool: POOL });
      const args = ['apply', '-f', file, '--on-scale-down', 'release'];
      const planned = await unchanged(() => scene.run('plan', ...args.slice(1)));
      expect(planned.exitCode).to.equal(4);
      expect(planned.out).to.match(/^product\/web: keep 1, release 2$/m);
      expect((await unchanged(() => scene.run(...args))).exitCode).to.equal(2);
      const no = await unchanged(() => scene.ask({ answer: 'n' }, ...args));
      expect(no).to.include({ exitCode: 4, out: 'nothing was changed\n' });
      expect(no.err)
        .to.match(/ {2}deleted\n/)
        .and.match(/Give up 2 ports and addresses\? \[y\/N\] $/);
      const meanwhile = (): Promise<void> => scene.setPort('web-1.product', { up: true });
      const yes = await scene.ask({ answer: 'y', meanwhile }, ...args);
      expect(yes.exitCode).to.equal(4);
      expect(yes.out).to.match(/^product\/web {2}2 +web-2\.product {2}released/m);
      expect(yes.err).to.include('web-1.product stays: it changed since it was shown');
      expect(Object.keys(await scene.ports())).to.deep.equal(['web-0.product', 'web-1.product']);
    });

    it('keep ports beyond the replicas of pods that still exist', async () => {
      const pod = { kind: 'Pod', metadata: { name: 'web-2', namespace: 'product' } };
      const file = await scene.manifest({ replicas: 1, pool: POOL }, pod);
      const run = await scene.run('apply', '-f', file, '--on-scale-down', 'release', '--yes', '--json');
      const [{ released }] = documentOf(run)['statefulSets'] as [{ released: { port: string }[] }];
      expect(released.map(({ port }) => port)).to.deep.equal(['web-1.product']);
      expect(Object.keys(await scene.ports())).to.deep.equal(['web-0.product', 'web-2.product']);
    });

    it('ask before a port gets another address', async () => {
      const file = await scene.manifest({ replicas: 3, pool: '10.16.0.21,10.16.0.23,10.16.0.22' });
      expect((await unchanged(() => scene.run('readdress', '-f', file))).exitCode).to.equal(2);
      expect((await unchanged(() => scene.run('readdress', '-f', file, '--dry-run'))).exitCode).to.equal(4);
      const run = await scene.ask({ answer: 'y' }, 'readdress', '-f', file);
      expect(run.exitCode).to.equal(0);
      const [, first, second] = cellsOf(run.err);
      expect([first?.[2], first?.[4], first?.at(-1)]).to.deep.equal(['web-1.product', '10.16.0.22', 'gets 10.16.0.23']);
      expect([second?.[2], second?.[4], second?.at(-1)]).to.deep.equal([
        'web-2.product',
        '10.16.0.23',
        'gets 10.16.0.22',
      ]);
      expect(await scene.ports()).to.deep.equal({
        ...THREE,
        'web-1.product': '10.16.0.23',
        'web-2.product': '10.16.0.22',
      });
    });

    it('ask for no address that another StatefulSet of the manifest gets first', async () => {
      await scene.run('apply', '-f', await scene.manifest({ name: 'api', pool: '10.16.0.51' }));
      const edited = await scene.manifest({ pool: '10.16.0.60' }, { name: 'api', pool: '10.16.0.60' });
      const { exitCode, isAsked, err } = await scene.ask({ answer: 'y' }, 'readdress', '-f', edited);
      expect([exitCode, isAsked]).to.deep.equal([3, true]);
      expect(err).to.include('Give up 1 port or address?');
      expect(err).to.include(
        'pod api-0 of product/api keeps its port with 10.16.0.51: 10.16.0.60 belongs to port web-0',
      );
      expect(await scene.ports()).to.include({ 'web-0.product': '10.16.0.60', 'api-0.product': '10.16.0.51' });
    });

    it('give pods that run the addresses of an edited pool, whatever they were told that they have', async () => {
      const annotations = { 'ovn.kubernetes.io/allocated': 'true', 'ovn.kubernetes.io/ip_address': '10.16.0.21' };
      const pod = { kind: 'Pod', metadata: { name: 'web-0', namespace: 'product', uid: 'p1', annotations } };
      const edited = await scene.manifest({ pool: '10.16.0.41' }, pod);
      const { exitCode, isAsked } = await scene.ask({ answer: 'y' }, 'readdress', '-f', edited);
      expect([exitCode, isAsked]).to.deep.equal([0, true]);
      expect(await scene.ports()).to.include({ 'web-0.product': '10.16.0.41', 'web-1.product': '10.16.0.22' });
    });

    it('ask before ports move to another switch, as after a slip in --subnet', async () => {
      const file = await scene.manifest({ replicas: 1 });
      const { exitCode, err } = await unchanged(() => scene.run('apply', '-f', file, '--subnet', 'product=qa'));
      expect(exitCode).to.equal(2);
      expect(err).to.include('apply would give up 1 port or address');
      const run = await scene.ask({ answer: 'y' }, 'apply', '-f', file, '--subnet', 'product=qa');
      expect(run.exitCode).to.equal(0);
      expect(run.err).to.include("moves to the namespace's switch, gets any other address");
      expect((await scene.ports())['web-0.product']).to.match(/^10\.17\.0\./);
    });

    it('ask before the ports of an earlier StatefulSet are replaced', async () => {
      await scene.run('apply', '-f', await scene.manifest({ replicas: 3, pool: POOL, uid: 'old' }));
      const before = await scene.port('web-0.product');
      const file = await scene.manifest({ replicas: 2, pool: POOL, uid: 'new' });
      const args = ['apply', '-f', file, '--on-recreate', 'fresh'];
      expect((await unchanged(() => scene.run(...args))).exitCode).to.equal(2);
      const run = await scene.ask({ answer: 'y' }, ...args);
      expect(run.exitCode).to.equal(0);
      const fates = cellsOf(run.err).slice(1, 4).map((cells) => [cells[2], cells.at(-1)]); // prettier-ignore
      expect(fates).to.deep.equal([
        ['web-0.product', 'deleted, and made anew'],
        ['web-1.product', 'deleted, and made anew'],
        ['web-2.product', 'deleted'],
      ]);
      const after = await scene.port('web-0.product');
      expect(after?.['_uuid']).not.to.equal(before?.['_uuid']);
      expect(await scene.ports()).to.deep.equal({ 'web-0.product': '10.16.0.21', 'web-1.product': '10.16.0.22' });
    });

    it('do nothing to a StatefulSet whose ports changed since they were shown (exit code 4)', async () => {
      const file = await scene.manifest({ replicas: 2, pool: '10.16.0.31,10.16.0.22' });
      const meanwhile = async (): Promise<void> => {
        await scene.run(
          'readdress',
          '-f',
          await scene.manifest({ replicas: 2, pool: '10.16.0.41,10.16.0.42' }),
          '--yes',
        );
      };
      const run = await scene.ask({ answer: 'y', meanwhile }, 'readdress', '-f', file);
      expect(run.exitCode).to.equal(4);
      expect(run.out).to.equal('product/web: not applied\n');
      expect(run.err).to.include(
        'product/web: its ports changed since they were shown; look again, and repeat the command',
      );
      expect(await scene.ports()).to.include({ 'web-0.product': '10.16.0.41', 'web-1.product': '10.16.0.42' });
    });

    it('do not ask where nothing is given up', async () => {
      const file = await scene.manifest({ replicas: 4, pool: `${POOL},10.16.0.24` });
      const run = await scene.ask({ answer: 'n' }, 'apply', '-f', file, '--on-scale-down', 'release');
      expect(run).to.include({ exitCode: 0, isAsked: false });
      expect(Object.keys(await scene.ports())).to.have.lengthOf(4);
    });
  });

  describe('prune', () => {
    it('must be told where the manifests are complete (exit code 2)', async () => {
      const { exitCode, err } = await unchanged(() => scene.run('prune', '-f', web, '--yes'));
      expect(exitCode).to.equal(2);
      expect(err).to.include('say where they are complete: --namespace, --switch or --all');
    });

    it('leaves the ports of all pods that stand in the manifests, also where their StatefulSet is gone', async () => {
      await scene.run(
        'apply',
        '-f',
        await scene.manifest({ name: 'gone', replicas: 2, pool: '10.16.0.51,10.16.0.52' }),
      );
      const pods = ['web-2', 'gone-0'].map((name) => ({ kind: 'Pod', metadata: { name, namespace: 'product' } }));
      const file = await scene.manifest({ replicas: 1, pool: POOL }, ...pods);
      const run = await scene.run('prune', '-f', file, '-n', 'product', '--yes', '--json');
      const { released, left } = documentOf(run) as Record<string, { port: string; reason: string }[]>;
      expect(released?.map(({ port }) => port)).to.deep.equal(['gone-1.product', 'web-1.product']);
      expect(left?.map(({ port, reason }) => [port, reason])).to.deep.equal([
        ['gone-0.product', 'pod-exists'],
        ['web-2.product', 'pod-exists'],
      ]);
      expect([run.exitCode, run.err]).to.deep.equal([
        0,
        'gone-0.product stays: its pod product/gone-0 stands in the manifest\n' +
          'web-2.product stays: its pod product/web-2 stands in the manifest\n',
      ]);
    });

    it('deletes, after a question, what no StatefulSet of the manifests needs there, and what is not up', async () => {
      await scene.run('apply', '-f', await scene.manifest({ name: 'db', namespace: 'qa', pool: '10.17.0.5' }));
      await scene.run('apply', '-f', await scene.manifest({ name: 'api', replicas: 2, pool: '10.16.0.51,10.16.0.52' }));
      await scene.run('apply', '-f', await scene.manifest({ name: 'far', pool: '10.16.0.61' }), '--vendor', 'acme');
      await scene.setPort('api-1.product', { up: true });
      const file = await scene.manifest({ replicas: 2, pool: POOL });
      const args = ['prune', '-f', file, '-n', 'product'];
      const dry = await unchanged(() => scene.run(...args, '--dry-run'));
      expect(dry.exitCode).to.equal(4);
      expect(cellsOf(dry.out).slice(1, -1).map((cells) => cells[2])).to.deep.equal(['api-0.product', 'web-2.product']); // prettier-ignore
      expect((await unchanged(() => scene.run(...args))).exitCode).to.equal(2);
      expect((await unchanged(() => scene.ask({ answer: 'n' }, ...args))).exitCode).to.equal(4);
      const run = await scene.ask({ answer: 'y' }, ...args);
      expect([run.exitCode, run.isAsked]).to.deep.equal([0, true]);
      expect(Object.keys(await scene.ports())).to.deep.equal([
        'api-1.product',
        'db-0.qa',
        'far-0.product',
        'web-0.product',
        'web-1.product',
      ]);
      const all = await scene.run('prune', '-f', file, '--all', '--yes', '--json');
      expect((documentOf(all)['released'] as { port: string }[]).map(({ port }) => port)).to.deep.equal(['db-0.qa']);
      expect((await scene.run('prune', '-f', file, '--all', '--yes')).out).to.equal('nothing to release\n');
    });
  });
});
