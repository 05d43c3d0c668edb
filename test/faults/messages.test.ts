/** Messages that are lost, come twice, or should not have come at all, while the client and others write. */
import { expect } from 'chai';

import type { ConnectionOptions } from '../../lib/client/client-options.js';
import { ClientProxy } from './client-proxy.js';
import { FaultServer } from './fault-server.js';
import { leavingNothing, Scene, verify } from './scene.js';
import type { ClientMessage } from './scripted-server.js';

const MONITOR = 'ovn-northbound:Faults';
const ABSENT = '01234567-89ab-4def-8123-456789abcdef';
const MAX_MESSAGE_BYTES = 100_000;
/** For what never comes; a busy machine may need several attempts for what does. */
const SHORT = { connectTimeoutMs: 100, schemaTimeoutMs: 100, snapshotTimeoutMs: 100 };

/** Requests of a start-up, in order; the same method may be asked of `_Server` and of the database. */
const STEPS = [
  ['get_schema', '_Server'],
  ['monitor_cond_since', '_Server'],
  ['set_db_change_aware', undefined],
  ['get_schema', 'Faults'],
  ['monitor_cond_since', 'Faults'],
  ['transact', 'Faults'],
] as const;
type Step = (typeof STEPS)[number];

describe('with messages', function () {
  this.timeout(90_000);
  let server: FaultServer;
  let cluster: FaultServer;

  before(async () => {
    server = await FaultServer.start();
    cluster = await FaultServer.start('clustered');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await server.stopWriting();
    await cluster.stopWriting();
  });

  /** Runs `body` with a client in sync, while others write; then the client must write again, and all must be right. */
  async function play(
    body: (scene: Scene<ClientProxy>) => Promise<void>,
    options: Partial<ConnectionOptions> = {},
    at = server,
  ): Promise<void> {
    await leavingNothing(async () => {
      await using scene = await Scene.start(at, await ClientProxy.start(at.remote), {
        maxMessageBytes: MAX_MESSAGE_BYTES,
        ...options,
      });
      at.startWriting();
      await body(scene);
      scene.relay.onRequest = scene.relay.onReply = () => 'pass';
      expect(await scene.write()).to.equal('done');
      await verify(scene);
    });
  }

  function isStep({ method, params = [] }: ClientMessage, [name, database]: Step): boolean {
    return method === name && (database === undefined || params[0] === database);
  }

  /** Does something to the reply to the next request of this kind, once. Resolves to the requests that were seen. */
  function replyOnce(
    { relay }: Scene<ClientProxy>,
    step: Step,
    change: (reply: ClientMessage) => ReturnType<ClientProxy['onReply']>,
  ): { seen: boolean } {
    const done = { seen: false };
    let id: unknown;
    relay.onRequest = (message) => {
      if (isStep(message, step) && !done.seen) id ??= message.id;
      return 'pass';
    };
    relay.onReply = (reply) => {
      if (done.seen || id === undefined || reply.method !== undefined || reply.id !== id) return 'pass';
      done.seen = true;
      return change(reply);
    };
    return done;
  }

  /** Goes through a start-up, or for a transaction just through that, until something was done to a message. */
  async function goThrough(scene: Scene<ClientProxy>, [method]: Step, writeMs: number): Promise<void> {
    if (method === 'transact') {
      await scene.write(writeMs);
      return;
    }
    const synced = scene.states.length;
    scene.relay.cut();
    await scene.until(
      () => scene.states.slice(synced).some(({ name }) => name === 'synced'),
      'in sync after the message that was tampered with',
    );
  }

  /** Of a step of the start-up that never ended, and maybe of others that were slow. */
  function expectTimeouts({ losses }: Scene<ClientProxy>): void {
    expect(losses.slice(0, 2)).to.deep.equal(['ConnectionLost', 'Timeout']);
    expect(new Set(losses.slice(1))).to.deep.equal(new Set(['Timeout']));
  }

  for (const step of STEPS) {
    const what = step.filter((part) => part !== undefined).join(' ');
    const isWrite = step[0] === 'transact';

    it(`a request that is lost (${what}) is given up in time, and no write is made of it`, () =>
      play(async (scene) => {
        let lost = 0;
        scene.relay.onRequest = (message) => (isStep(message, step) && lost++ === 0 ? 'drop' : 'pass');
        await goThrough(scene, step, 50);
        expect(lost).to.be.at.least(1);
        expect([...scene.outcomes.values()]).to.deep.equal(isWrite ? ['unknown'] : []);
        if (isWrite) expect(scene.losses).to.deep.equal([]);
        else expectTimeouts(scene);
      }, SHORT));

    it(`a reply that is lost (${what}) is given up in time, and the write is in force once`, () =>
      play(async (scene) => {
        const done = replyOnce(scene, step, () => 'drop');
        await goThrough(scene, step, 50);
        expect(done.seen).to.equal(true);
        expect([...scene.outcomes.values()]).to.deep.equal(isWrite ? ['unknown'] : []);
        if (!isWrite) expectTimeouts(scene);
        else {
          expect(scene.losses).to.deep.equal([]);
          expect(await server.raw.rows('Write', [['name', '==', `${scene.name}: 0`]])).to.have.lengthOf(1);
        }
      }, SHORT));

    it(`a reply that comes twice (${what}) counts once`, () =>
      play(async (scene) => {
        const done = replyOnce(scene, step, (reply) => ({ text: JSON.stringify(reply).repeat(2) }));
        await goThrough(scene, step, 5_000);
        expect(done.seen).to.equal(true);
        expect(scene.losses).to.deep.equal(isWrite ? [] : ['ConnectionLost']);
        await scene.until(() => scene.client.metrics().traffic.strayReplies === 1, 'the repetition was counted');
      }));
  }

  /** A standalone server's updates carry no id of a transaction, which alone tells a change of a set that comes twice. */
  const REPEATED = { clustered: ['insert', 'modify', 'delete'], standalone: ['insert', 'delete'] } as const;
  for (const model of ['standalone', 'clustered'] as const) {
    for (const kind of REPEATED[model]) {
      it(`that are an update of a ${model} server which comes twice (${kind}), the session ends, and the next one is in sync`, () =>
        play(
          async (scene) => {
            let repeated = false;
            scene.relay.onReply = (message) => {
              if (repeated || message.method !== 'update3' || message.params?.[0] !== MONITOR) return 'pass';
              const { Note = {} } = message.params[2] as { Note?: Record<string, object> };
              const rows = Object.values(Note);
              if (rows.length === 0 || !rows.every((row) => kind in row)) return 'pass';
              repeated = true;
              return { text: JSON.stringify(message).repeat(2) };
            };
            await scene.until(() => scene.losses.length > 0, 'the session has ended');
            expect(scene.losses).to.deep.equal(['Protocol']);
          },
          {},
          model === 'standalone' ? server : cluster,
        ));
    }
  }

  const update = (tables: unknown): object => ({ id: null, method: 'update3', params: [MONITOR, ABSENT, tables] });
  const note = (row: unknown): object => update({ Note: { [ABSENT]: row } });
  const FATAL: Readonly<Record<string, object | string | Buffer>> = {
    'invalid UTF-8': Buffer.from('{"id":null,"method":"\xff\xfe","params":[]}', 'latin1'),
    'what is not JSON': '{"id":null,}',
    'what is no object': '[]',
    'what is another protocol': 'HTTP/1.1 400 Bad Request\r\n\r\n',
    'an update for an unknown table': update({ Nonsense: {} }),
    'a change of an unknown row': note({ modify: { text: 'x' } }),
    'a delete of an unknown row': note({ delete: null }),
    'a row of wrong types': note({ insert: { text: 5 } }),
    'a row that is none': note(['insert']),
    'rows that are none': update({ Note: 'rows' }),
    'tables that are none': update([]),
    'an update for a row that has no uuid': update({ Note: { nonsense: { insert: { text: 'x' } } } }),
    'deep nesting': `{"id":null,"method":"x","params":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    'an oversized message': { id: null, method: 'x', params: ['x'.repeat(MAX_MESSAGE_BYTES)] },
    'a message that never ends': `{"id":null,"method":"x","params":["${'x'.repeat(MAX_MESSAGE_BYTES)}`,
  };
  for (const [what, message] of Object.entries(FATAL)) {
    it(`that are ${what}, the session ends with a clear error, and the next one is in sync`, () =>
      play(async (scene) => {
        scene.startWriting();
        await scene.until(() => scene.count('done') > 0, 'it writes');
        scene.relay.inject(message);
        await scene.until(() => scene.states.at(-1)?.name === 'synced', 'in sync again');
        expect(scene.losses).to.deep.equal(['Protocol']);
        const [loss] = scene.states.filter((state) => state.name === 'backoff');
        expect(loss!.error.message).to.have.lengthOf.within(20, 600);
        expect(scene.count('unknown')).to.be.at.most(1);
      }));
  }

  const HARMLESS: Readonly<Record<string, object>> = {
    'an unknown notification': { id: null, method: 'news', params: [1] },
    'an unknown request': { id: 7, method: 'news', params: [1] },
    'a reply to an unknown id': { id: 987_654, result: {}, error: null },
    'an error for an unknown id': { id: 'nobody', result: null, error: 'what?' },
    'what has neither a result nor a method': { id: 1 },
    'an update for an unknown monitor': { id: null, method: 'update3', params: ['x', ABSENT, { Note: 5 }] },
    'a lock that nobody asked for': { id: null, method: 'locked', params: ['x'] },
    'the cancellation of an unknown monitor': { id: null, method: 'monitor_canceled', params: ['x'] },
  };
  it('that concern nobody, the session goes on', () =>
    play(async (scene) => {
      const answers: unknown[] = [];
      // A real server takes answers to what it did not ask for amiss.
      scene.relay.onRequest = (message) => (message.method === undefined ? (answers.push(message), 'drop') : 'pass');
      scene.startWriting();
      for (const message of Object.values(HARMLESS)) {
        const before = scene.count('done');
        scene.relay.inject(message);
        await scene.until(() => scene.count('done') > before + 2, 'it writes on');
      }
      await scene.until(() => answers.length > 0, 'the request has its answer');
      expect(scene.states).to.deep.equal([]);
      expect(answers).to.deep.equal([{ id: 7, result: null, error: 'unknown method' }]);
      expect(scene.client.metrics().traffic.strayReplies).to.equal(3);
      expect(scene.count('unknown')).to.equal(0);
    }));

  it('that change a column which there is not, the row stays as it is', () =>
    play(async (scene) => {
      const counter = (await scene.client.tables.Counter.until(({ name }) => name === scene.name))._uuid;
      scene.relay.inject(update({ Counter: { [counter]: { modify: { nonsense: 1 } } } }));
      expect(await scene.write()).to.equal('done');
      expect(scene.states).to.deep.equal([]);
    }));

  const ODD_REPLIES: Readonly<Record<string, (id: unknown) => object>> = {
    'a result and an error': (id) => ({ id, result: [{}, {}], error: 'both' }),
    'a result that is an error': (id) => ({ id, result: { error: 'x', details: 'y' }, error: null }),
    'too few results': (id) => ({ id, result: [], error: null }),
    'results that are none': (id) => ({ id, result: [1, 2], error: null }),
    'neither a result nor an error': (id) => ({ id, result: null, error: null }),
  };
  for (const [what, reply] of Object.entries(ODD_REPLIES)) {
    it(`that answer a write with ${what}, it is not taken for done, and not done again`, () =>
      play(async (scene) => {
        const done = replyOnce(scene, ['transact', 'Faults'], ({ id }) => ({ text: JSON.stringify(reply(id)) }));
        expect(await scene.write()).to.equal('unknown');
        expect(done.seen).to.equal(true);
        // What such a server says else is not to be trusted.
        await scene.until(() => scene.losses.includes('Protocol'), 'the session has ended');
      }));

    for (const step of STEPS.slice(0, -1)) {
      if (step[0] === 'set_db_change_aware' || (step[0] === 'get_schema' && what.startsWith('a result and'))) continue;
      it(`that answer ${step.join(' ')} with ${what}, another session is made`, () =>
        play(async (scene) => {
          const done = replyOnce(scene, step, ({ id }) => ({ text: JSON.stringify(reply(id)) }));
          await goThrough(scene, step, 0);
          expect(done.seen).to.equal(true);
          expect(scene.client.state).to.include({ name: 'synced', method: 'monitor_cond_since' });
        }));
    }
  }
});
