/** The controller's copy of the cluster: lists, watches, and everything that can go wrong with them. */
import { setTimeout as sleep } from 'node:timers/promises';

import { KubeConfig } from '@kubernetes/client-node';
import { expect } from 'chai';

import { KubeApi } from '../../examples/kubernetes-controller/src/kube-api.js';
import { KubeError } from '../../examples/kubernetes-controller/src/kube-error.js';
import type { KubeObject } from '../../examples/kubernetes-controller/src/kube-objects.js';
import { Reflector, type ReflectorOptions } from '../../examples/kubernetes-controller/src/reflector.js';
import { KubernetesApiServer } from './api-server/api-server.js';
import { podManifest } from './api-server/manifests.js';

const PODS = '/api/v1/pods';

describe("the controller's reflector", function () {
  this.timeout(180_000);
  let server: KubernetesApiServer;
  let api: KubeApi;
  let stop: AbortController;
  let running: Promise<void>[];
  let changes: string[];

  before(async () => {
    server = await KubernetesApiServer.start({ tls: true });
  });

  after(() => server.close());

  beforeEach(() => {
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig());
    api = new KubeApi(config, { timeoutMs: 2_000 });
    stop = new AbortController();
    running = [];
    changes = [];
    server.clearFaults();
    for (const pod of server.objects.store.scan('pods')) remove(pod.metadata.name);
  });

  afterEach(async () => {
    stop.abort(new Error('the test is over'));
    await Promise.all(running);
    api.close();
  });

  function add(name: string): void {
    server.objects.create('pods', 'default', podManifest(name));
  }

  function remove(name: string): void {
    server.objects.delete('pods', 'default', name, { gracePeriodSeconds: 0 });
  }

  function label(name: string, value: string): void {
    server.objects.overwrite('pods', 'default', name, (pod) => {
      pod.metadata.annotations = { mark: value };
    });
  }

  function reflect(options: Partial<ReflectorOptions<KubeObject, KubeObject>> = {}): Reflector<KubeObject, KubeObject> {
    const reflector = new Reflector<KubeObject, KubeObject>({
      api,
      path: PODS,
      keep: (raw) => raw,
      onChange: ({ key, before, now }) => {
        const what = before === undefined ? 'add' : now === undefined ? 'delete' : 'update';
        changes.push(`${what} ${key.slice('default/'.length)}`);
      },
      log: () => undefined,
      backOff: { minMs: 5, maxMs: 40 },
      ...options,
    });
    running.push(reflector.run(stop.signal));
    return reflector;
  }

  async function until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!condition()) {
      if (performance.now() > deadline)
        throw new Error(`it did not come to this: ${what}; changes: ${changes.join(', ')}`);
      await sleep(2);
    }
  }

  const told = (...expected: string[]): Promise<void> =>
    until(() => changes.join() === expected.join(), expected.join(', '));
  const watching = (): Promise<void> => until(() => server.watches.length === 1, 'a watch');

  it('lists what is there, in parts, and follows what comes, changes and goes', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) add(name);
    const { length } = server.requests;
    const reflector = reflect({ pageSize: 2 });
    expect(reflector.isSynced).to.equal(false);
    await reflector.synced;
    expect([...reflector.objects.keys()].sort()).to.deep.equal(
      ['a', 'b', 'c', 'd', 'e'].map((name) => `default/${name}`),
    );
    expect(server.requests.slice(length).filter(({ attributes }) => attributes.verb === 'list')).to.have.lengthOf(3);
    await watching();
    changes = [];
    add('f');
    label('a', '1');
    remove('b');
    await told('add f', 'update a', 'delete b');
    expect(reflector.objects.get('default/a')?.metadata.annotations).to.deep.equal({ mark: '1' });
  });

  for (const how of ['end', 'reset', 'cut'] as const) {
    it(`goes on where it was when the watch is dropped (${how}): nothing is lost, told twice or listed again`, async () => {
      add('a');
      reflect();
      await watching();
      label('a', '1');
      await told('add a', 'update a');
      const { length } = server.requests;
      server.dropWatches(how);
      label('a', '2');
      add('b');
      remove('a');
      await told('add a', 'update a', 'update a', 'add b', 'delete a');
      await watching();
      expect(server.requests.slice(length).map(({ attributes }) => attributes.verb)).to.not.include('list');
    });
  }

  for (const answer of ['event', 'status'] as const) {
    it(`lists anew when its place is forgotten (410 as ${answer}), and tells what happened meanwhile`, async () => {
      server.expiredWatchAnswer = answer;
      for (const name of ['a', 'b', 'c']) add(name);
      reflect();
      await watching();
      changes = [];
      await server.stop();
      remove('a');
      label('b', '1');
      remove('c');
      add('c');
      add('d');
      server.compact();
      await server.start();
      // c was made anew: another object under the same name.
      await until(() => changes.length >= 5, 'five changes');
      await watching();
      expect(changes).to.have.members(['delete a', 'update b', 'delete c', 'add c', 'add d']);
      expect(changes.indexOf('delete c')).to.be.lessThan(changes.indexOf('add c'));
    });
  }

  it('lists anew when the watch expires in the middle of it', async () => {
    add('a');
    reflect();
    await watching();
    server.holdWatches();
    add('b');
    server.compact();
    server.expireWatches();
    await told('add a', 'add b');
  });

  it('moves its place on with bookmarks, so that a compaction of older changes does not matter', async () => {
    add('a');
    reflect();
    await watching();
    server.objects.create('namespaces', '', { metadata: { name: `other-${Date.now()}` } });
    server.compact();
    server.sendBookmarks();
    await sleep(20);
    const { length } = server.requests;
    server.dropWatches('end');
    add('b');
    await told('add a', 'add b');
    expect(server.requests.slice(length).map(({ attributes }) => attributes.verb)).to.deep.equal(['watch']);
  });

  it('lists anew when the server knows less than it does, as after a restore from a copy', async () => {
    let answers = 0;
    const scripted: ReflectorOptions<KubeObject, KubeObject>['api'] = {
      request: () => {
        answers += 1;
        const items = answers === 1 ? [object('a', 'u1', '900')] : [object('b', 'u2', '100')];
        return Promise.resolve({ metadata: { resourceVersion: answers === 1 ? '900' : '100' }, items } as never);
      },
      watch: (_path, { query, signal }) =>
        query['resourceVersion'] === '900'
          ? Promise.reject(new KubeError('too large', { status: 504, reason: 'ResourceVersionTooLarge' }))
          : new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    reflect({ api: scripted });
    await until(() => changes.length === 3, 'three changes');
    expect(changes).to.deep.equal(['add a', 'delete a', 'add b']);
  });

  it('survives 500, 429 with Retry-After, 403, resets, hanging requests, and a server that is away', async () => {
    add('a');
    const waits: number[] = [];
    const log = (_level: string, _message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (typeof fields['waitMs'] === 'number') waits.push(fields['waitMs']);
    };
    server.fail({ answer: { status: 500 } });
    server.fail({ answer: { status: 403 } });
    server.fail({ answer: 'reset' });
    server.fail({ answer: { status: 429, retryAfterSeconds: 1 } });
    server.fail({ answer: 'hang' });
    const reflector = reflect({ log });
    await reflector.synced;
    await watching();
    expect(waits).to.have.lengthOf(5);
    expect(
      waits.some((wait) => wait >= 1000),
      'as long as Retry-After says',
    ).to.equal(true);
    await server.restart({ downMs: 50 });
    add('b');
    await told('add a', 'add b');
  });

  it('lists anew when a watch ends with an error that is not about its age: the same place would bring it again', async () => {
    let lists = 0;
    const from: unknown[] = [];
    const scripted: ReflectorOptions<KubeObject, KubeObject>['api'] = {
      request: () => {
        lists += 1;
        return Promise.resolve({ metadata: { resourceVersion: String(lists) }, items: [] } as never);
      },
      watch: (_path, { query, signal }, onEvent) => {
        from.push(query['resourceVersion']);
        if (from.length > 2)
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        const code = from.length === 1 ? 429 : 500;
        onEvent({ type: 'ERROR', object: { kind: 'Status', code, message: 'no' } as never });
        return Promise.resolve();
      },
    };
    reflect({ api: scripted });
    await until(() => from.length === 3, 'a third watch');
    expect(from).to.deep.equal(['1', '1', '2']);
  });

  it('makes a pause when each watch breaks soon after its list, though it brought something', async () => {
    let lists = 0;
    const scripted: ReflectorOptions<KubeObject, KubeObject>['api'] = {
      request: () => {
        lists += 1;
        return Promise.resolve({ metadata: { resourceVersion: '1' }, items: [] } as never);
      },
      watch: (_path, _details, onEvent) => {
        onEvent({ type: 'ADDED', object: object('a', 'u1', '2') as never });
        onEvent({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } as never });
        return Promise.resolve();
      },
    };
    const startedAt = performance.now();
    reflect({ api: scripted, backOff: { minMs: 20, maxMs: 40 } });
    await until(() => lists >= 5, 'five lists');
    expect(performance.now() - startedAt, 'four pauses of 10 ms or more').to.be.at.least(40);
  });

  it('makes a pause when a server ends each watch at once', async () => {
    let starts = 0;
    const scripted: ReflectorOptions<KubeObject, KubeObject>['api'] = {
      request: () => Promise.resolve({ metadata: { resourceVersion: '1' }, items: [] } as never),
      watch: () => {
        starts += 1;
        return Promise.resolve();
      },
    };
    const startedAt = performance.now();
    reflect({ api: scripted, backOff: { minMs: 20, maxMs: 40 } });
    await until(() => starts >= 5, 'five watches');
    expect(performance.now() - startedAt, 'four pauses of 10 ms or more').to.be.at.least(40);
  });

  it('gives up a watch that goes on for longer than it was asked to: its connection is dead', async () => {
    add('a');
    // A second for the watch, and the allowance for its end, which the request itself is told of here.
    const impatient: ReflectorOptions<KubeObject, KubeObject>['api'] = {
      request: (method, path, details) => api.request(method, path, details),
      watch: (path, details, onEvent) => api.watch(path, { ...details, longestMs: 200 }, onEvent),
    };
    reflect({ api: impatient });
    await watching();
    server.holdWatches();
    label('a', '1');
    await told('add a', 'update a');
  });

  it('ends when it is told to, in the middle of a watch or of a pause', async () => {
    reflect();
    await watching();
    stop.abort(new Error('enough'));
    await Promise.all(running);
    await until(() => server.watches.length === 0, 'no watch');
  });

  function object(name: string, uid: string, resourceVersion: string): KubeObject {
    return { metadata: { name, namespace: 'default', uid, resourceVersion } };
  }
});
