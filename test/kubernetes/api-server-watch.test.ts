import { expect } from 'chai';

import { Random } from '../random.js';
import { KubernetesApiServer } from './api-server/api-server.js';
import { podManifest } from './api-server/manifests.js';
import { RestClient } from './api-server/rest-client.js';
import type { WatchReader } from './api-server/rest-client.js';

const PODS = '/api/v1/namespaces/default/pods';
const ALL_PODS = '/api/v1/pods';

describe('the API server for tests: watches', () => {
  let server: KubernetesApiServer;
  let client: RestClient;
  let readers: WatchReader[];

  beforeEach(async () => {
    server = await KubernetesApiServer.start();
    client = new RestClient(server);
    readers = [];
  });

  afterEach(async () => {
    for (const reader of readers) reader.close();
    await server.close();
  });

  async function watch(path: string, query?: string): Promise<WatchReader> {
    const reader = await client.watch(path, query);
    readers.push(reader);
    return reader;
  }

  const since = (): string => `resourceVersion=${server.resourceVersion}`;
  const label = (name: string, app: string): Promise<unknown> =>
    client.patch(`${PODS}/${name}`, { metadata: { labels: { app } } });

  it('sends every change after a revision, with the objects whole, also those from before it was opened', async () => {
    const start = since();
    await client.post(PODS, podManifest('a'));
    const reader = await watch(ALL_PODS, start);
    await label('a', 'web');
    const { body: last } = await client.get(`${PODS}/a`);
    await client.delete(`${PODS}/a`);
    expect(await reader.take(1)).to.deep.equal(['ADDED a']);
    expect(await reader.next()).to.deep.equal({ type: 'MODIFIED', object: last });
    const deleted = await reader.next();
    expect(deleted.type).to.equal('DELETED');
    // The last state, with the revision of the deletion: where a client goes on from.
    expect(deleted.object.metadata).to.deep.equal({ ...last.metadata, resourceVersion: server.resourceVersion });
  });

  it('sends the present objects first where no revision, or "0", is given', async () => {
    for (const name of ['b', 'a']) await client.post(PODS, podManifest(name));
    for (const query of ['', 'resourceVersion=0']) {
      const reader = await watch(PODS, query);
      expect(await reader.take(2)).to.deep.equal(['ADDED a', 'ADDED b']);
    }
  });

  it('sends nothing from before a revision that is yet to come', async () => {
    const reader = await watch(PODS, `resourceVersion=${Number(server.resourceVersion) + 1}`);
    for (const name of ['a', 'b']) await client.post(PODS, podManifest(name));
    expect(await reader.take(1)).to.deep.equal(['ADDED b']);
  });

  it('sends one namespace, or one object, where that is asked for', async () => {
    const inDefault = await watch(PODS, since());
    const one = await watch(`${PODS}/b`, since());
    await client.post('/api/v1/namespaces/kube-system/pods', podManifest('a'));
    await client.post(PODS, podManifest('c'));
    await client.post(PODS, podManifest('b'));
    expect(await inDefault.take(2)).to.deep.equal(['ADDED c', 'ADDED b']);
    expect(await one.take(1)).to.deep.equal(['ADDED b']);
  });

  it('makes additions and deletions of objects that start and stop matching a selector', async () => {
    await client.post(PODS, podManifest('a'));
    const reader = await watch(PODS, `${since()}&labelSelector=app%3Dweb`);
    await label('a', 'web');
    await client.patch(`${PODS}/a`, { metadata: { annotations: { x: 'y' } } });
    await label('a', 'db');
    const leaving = server.resourceVersion;
    await client.delete(`${PODS}/a`);
    expect(await reader.take(2)).to.deep.equal(['ADDED a', 'MODIFIED a']);
    const gone = await reader.next();
    expect([gone.type, gone.object.metadata.resourceVersion]).to.deep.equal(['DELETED', leaving]);
    expect(gone.object.metadata.labels).to.deep.equal({ app: 'web' });
    await client.post(PODS, podManifest('b', { labels: { app: 'web' } }));
    expect(await reader.take(1)).to.deep.equal(['ADDED b']);
  });

  it('sends bookmarks of the present revision to those who asked for them', async () => {
    const asked = await watch(PODS, `${since()}&allowWatchBookmarks=true`);
    const silent = await watch(PODS, since());
    await client.post('/api/v1/namespaces', { metadata: { name: 'elsewhere' } });
    server.sendBookmarks();
    const { type, object } = await asked.next();
    expect(type).to.equal('BOOKMARK');
    expect(object).to.deep.equal({
      ...{ kind: 'Pod', apiVersion: 'v1' },
      metadata: { resourceVersion: server.resourceVersion, creationTimestamp: null },
    });
    await client.post(PODS, podManifest('a'));
    expect(await silent.take(1)).to.deep.equal(['ADDED a']);
  });

  it('marks the end of the initial events where they are asked for', async () => {
    await client.post(PODS, podManifest('a'));
    const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const reader = await watch(PODS, query);
    expect(await reader.take(1)).to.deep.equal(['ADDED a']);
    const { type, object } = await reader.next();
    expect(type).to.equal('BOOKMARK');
    expect(object.metadata.annotations).to.deep.equal({ 'k8s.io/initial-events-end': 'true' });
    const { status } = await client.get(`${PODS}?watch=true&sendInitialEvents=true`);
    expect(status).to.equal(422);
  });

  it('ends after timeoutSeconds, with a bookmark and a whole stream', async () => {
    const reader = await watch(PODS, `${since()}&allowWatchBookmarks=1&timeoutSeconds=1`);
    expect(await reader.ended).to.equal(undefined);
    expect(await reader.take(1)).to.deep.equal(['BOOKMARK']);
    expect(server.watches).to.deep.equal([]);
  });

  it('answers a forgotten revision with an ERROR event 410, or with HTTP 410 where it is told to', async () => {
    const start = since();
    await client.post(PODS, podManifest('a'));
    server.compact();
    const reader = await watch(PODS, start);
    const { type, object } = await reader.next();
    expect(type).to.equal('ERROR');
    expect(object).to.deep.include({ kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 });
    expect(await reader.ended).to.equal(undefined);
    server.expiredWatchAnswer = 'status';
    const { status, body } = await client.get(`${PODS}?watch=true&${start}`);
    expect([status, body['reason']]).to.deep.equal([410, 'Expired']);
    const { resourceVersion } = (await client.get(PODS)).body.metadata;
    await watch(PODS, `resourceVersion=${resourceVersion}`);
  });

  it('keeps open watches through a compaction, and ends them by an ERROR event on command', async () => {
    const reader = await watch(PODS, since());
    server.compact();
    await client.post(PODS, podManifest('a'));
    expect(await reader.take(1)).to.deep.equal(['ADDED a']);
    server.compact();
    expect(server.expireWatches()).to.equal(1);
    expect(await reader.take(1)).to.deep.equal(['ERROR 410']);
    expect(await reader.ended).to.equal(undefined);
  });

  it('sends other failures as ERROR events too', async () => {
    const reader = await watch(PODS, since());
    server.failWatches({ status: 500, message: 'etcd leader changed' });
    const { object } = await reader.next();
    expect(object).to.deep.include({ code: 500, reason: 'InternalError', message: 'etcd leader changed' });
  });

  it('drops watches whole, by a reset, and in the middle of an event', async () => {
    const open = async (): Promise<WatchReader> => watch(PODS, since());
    const ended = await open();
    expect(server.dropWatches('end')).to.equal(1);
    expect(await ended.ended).to.equal(undefined);
    const reset = await open();
    server.dropWatches('reset');
    expect(await reset.ended).to.include({ code: 'ECONNRESET' });
    const cut = await open();
    server.dropWatches('cut');
    expect(await cut.ended).to.include({ code: 'ECONNRESET' });
    expect(cut.text).to.match(/^\{"type":"MODIFIED","object":\{[^\n]*$/);
    expect(() => JSON.parse(cut.text) as unknown).to.throw(SyntaxError);
  });

  it('drops only the watches that are chosen', async () => {
    const pods = await watch(PODS, since());
    const namespaces = await watch('/api/v1/namespaces', since());
    expect(server.watches.map(({ resource }) => resource.plural)).to.deep.equal(['pods', 'namespaces']);
    expect(server.dropWatches('end', ({ resource }) => resource.plural === 'pods')).to.equal(1);
    await pods.ended;
    await client.post('/api/v1/namespaces', { metadata: { name: 'more' } });
    expect(await namespaces.take(1)).to.deep.equal(['ADDED more']);
  });

  it('holds watches back without a word, and sends what they missed afterwards', async () => {
    const reader = await watch(PODS, since());
    server.holdWatches();
    for (const name of ['a', 'b']) await client.post(PODS, podManifest(name));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(reader.lines).to.deep.equal([]);
    server.resumeWatches();
    expect(await reader.take(2)).to.deep.equal(['ADDED a', 'ADDED b']);
  });

  it('lets a reader that lists, watches and goes on after every drop miss nothing, and see nothing twice', async () => {
    const random = new Random(2026);
    const write = async (): Promise<void> => {
      const name = `pod-${random.below(8)}`;
      const there = server.objects.store.read({ resource: 'pods', namespace: 'default', name }) !== undefined;
      if (!there) await client.post(PODS, podManifest(name));
      else if (random.chance(0.3)) await client.delete(`${PODS}/${name}`);
      else await client.patch(`${PODS}/${name}`, { metadata: { annotations: { value: String(random.next()) } } });
    };
    const versions = new Map<string, string>();
    let last = server.resourceVersion;
    const follow = async (reader: WatchReader, upTo: string): Promise<void> => {
      while (Number(last) < Number(upTo)) {
        const { type, object } = await reader.next();
        const { name, resourceVersion } = object.metadata;
        expect(Number(resourceVersion)).to.be.greaterThan(Number(last));
        last = resourceVersion;
        expect(versions.has(name), `${type} ${name}`).to.equal(type !== 'ADDED');
        if (type === 'DELETED') versions.delete(name);
        else versions.set(name, resourceVersion);
      }
    };
    for (let round = 0; round < 20; round++) {
      const reader = await watch(PODS, `resourceVersion=${last}`);
      for (let writes = 0; writes < 10; writes++) await write();
      await follow(reader, server.resourceVersion);
      server.dropWatches(random.chance(0.5) ? 'reset' : 'end');
      for (let writes = 0; writes < 5; writes++) await write();
    }
    await follow(await watch(PODS, `resourceVersion=${last}`), server.resourceVersion);
    const listed = (await client.get(PODS)).body['items'] as { metadata: { name: string; resourceVersion: string } }[];
    expect(Object.fromEntries(versions)).to.deep.equal(
      Object.fromEntries(listed.map(({ metadata }) => [metadata.name, metadata.resourceVersion])),
    );
  });
});
