/** Bytes that arrive late, in odd portions, or not at all. */
import { expect } from 'chai';

import { connectStream } from '../../lib/wire/connect-stream.js';
import type { OpenStream } from '../../lib/wire/stream.js';
import { byteByByte, delayed, FaultLine, glued, type Portions } from './fault-line.js';
import { FaultServer } from './fault-server.js';
import { failure } from '../failure.js';
import { leavingNothing, Scene, verify } from './scene.js';
import { ScriptedServer } from './scripted-server.js';
import { formatRemote } from '../../lib/wire/remote.js';

describe('a connection', function () {
  this.timeout(90_000);
  let server: FaultServer;

  before(async () => {
    server = await FaultServer.start();
  });
  after(() => server[Symbol.asyncDispose]());
  afterEach(() => server.stopWriting());

  /** A client whose connections all have these portions; `chunks` gets what arrives at it. */
  async function rig(portions: () => Portions, chunks: Buffer[], probeIntervalMs = 0): Promise<Scene<FaultLine>> {
    const relay = await FaultLine.start(server.remote);
    relay.plan = () => ({ portions });
    const openStream: OpenStream = async (...args) => {
      const stream = await connectStream(...args);
      const start = stream.start.bind(stream);
      stream.start = (handlers) => {
        start({
          onClose: (error) => handlers.onClose(error),
          onData: (chunk) => {
            chunks.push(chunk);
            handlers.onData(chunk);
          },
        });
      };
      return stream;
    };
    return Scene.start(server, relay, { openStream, probeIntervalMs });
  }

  const cases: readonly {
    readonly what: string;
    readonly portions: () => Portions;
    /** Is it what arrived at the client? */
    readonly arrived: (chunks: readonly Buffer[]) => boolean;
    readonly probeIntervalMs?: number;
  }[] = [
    {
      what: 'whose bytes arrive one by one',
      portions: byteByByte,
      arrived: (chunks) => chunks.filter(({ length }) => length === 1).length > chunks.length * 0.8,
    },
    {
      what: 'whose messages arrive glued together',
      portions: glued(15),
      arrived: (chunks) => chunks.some((chunk) => chunk.toString().split('"method":"update3"').length > 2),
    },
    {
      what: 'whose bytes arrive late, but within the probe interval',
      portions: delayed(60),
      arrived: (chunks) => chunks.length > 0,
      probeIntervalMs: 600,
    },
  ];
  for (const { what, portions, arrived, probeIntervalMs } of cases) {
    it(`${what} is used as any other`, async () => {
      await leavingNothing(async () => {
        const chunks: Buffer[] = [];
        await using scene = await rig(portions, chunks, probeIntervalMs);
        server.startWriting(40);
        scene.startWriting();
        await scene.until(() => scene.count('done') >= 5, 'five writes are done');
        // Also from the start of another one.
        scene.relay.cut();
        await scene.until(
          () => scene.states.at(-1)?.name === 'synced' && scene.count('done') >= 10,
          'ten writes are done',
        );
        await verify(scene);
        expect(arrived(chunks)).to.equal(true);
        expect(scene.losses.filter((code) => code !== 'ConnectionLost')).to.deep.equal([]);
        expect(scene.relay.accepted).to.equal(2);
        expect(scene.count('unknown')).to.be.at.most(1);
      });
    });
  }

  for (const [direction, what] of [
    ['toClient', 'the server sends'],
    ['toServer', 'the client sends'],
  ] as const) {
    it(`that suddenly swallows what ${what} is given up by the probe, and writes go on over another`, async () => {
      await leavingNothing(async () => {
        const relay = await FaultLine.start(server.remote);
        await using scene = await Scene.start(server, relay, { probeIntervalMs: 60 });
        if (direction === 'toClient') server.startWriting();
        scene.startWriting();
        await scene.until(() => scene.count('done') >= 3, 'three writes are done');
        const startedAt = performance.now();
        relay.break(direction, 'silence');
        await scene.until(() => scene.losses.length > 0, 'it noticed');
        const noticedMs = performance.now() - startedAt;
        const before = scene.count('done');
        await scene.until(() => scene.count('done') > before + 3, 'three more writes are done');
        await verify(scene);
        expect(noticedMs).to.be.at.least(55);
        // On a busy machine a sound server may be silent for so short a time as well.
        expect(new Set(scene.losses)).to.deep.equal(new Set(['ConnectionLost']));
        const [loss] = scene.states.filter((state) => state.name === 'backoff');
        expect(loss!.error.message).to.match(/is silent: nothing came for \d+ ms, and a probe was not answered/);
        expect(scene.count('unknown')).to.be.at.most(scene.losses.length);
      });
    });

    it(`that swallows what ${what} from some byte of start-up on is given up, wherever that is`, async () => {
      await leavingNothing(async () => {
        const positions = Array.from({ length: 24 }, (_, i) => 1 + i * (direction === 'toClient' ? 67 : 29));
        const scenes: Scene<FaultLine>[] = [];
        try {
          for (let i = 0; i < 4; i++) {
            const relay = await FaultLine.start(server.remote);
            scenes.push(await Scene.start(server, relay, { probeIntervalMs: 40, backoff: { minMs: 5, maxMs: 5 } }));
          }
          server.startWriting();
          for (const [part, scene] of scenes.entries()) {
            const own = positions.filter((_, i) => i % scenes.length === part);
            scene.relay.plan = (connection) => {
              const afterBytes = own[connection - 1];
              return afterBytes === undefined ? {} : { break: { direction, afterBytes, how: 'silence' } };
            };
            // What is swallowed of a transaction shows only after its time, because the updates keep coming.
            scene.startWriting(100);
            scene.relay.cut();
          }
          for (const scene of scenes) {
            const { relay } = scene;
            await scene.until(
              () => relay.accepted > positions.length / scenes.length + 1,
              'all positions had their turn',
            );
          }
          await verify(...scenes);
          for (const { relay, losses } of scenes) {
            expect(relay.broken).to.equal(positions.length / scenes.length);
            expect(new Set(losses)).to.deep.equal(new Set(['ConnectionLost']));
          }
        } finally {
          for (const scene of scenes) await scene[Symbol.asyncDispose]();
        }
      });
    });
  }

  it('over which updates keep coming, but no request gets through, is given up once a write had no answer in time', async () => {
    await leavingNothing(async () => {
      const relay = await FaultLine.start(server.remote);
      await using scene = await Scene.start(server, relay, { probeIntervalMs: 500 });
      server.startWriting();
      expect(await scene.write()).to.equal('done');
      relay.break('toServer', 'silence');
      expect(await scene.write(50)).to.equal('unknown');
      await scene.until(() => scene.losses.length > 0, 'it noticed');
      expect(await scene.write()).to.equal('done');
      await verify(scene);
      const [loss] = scene.states.filter((state) => state.name === 'backoff');
      expect(loss!.error.message).to.match(/answers no requests any more/);
    });
  });

  it('to a server that accepts and says nothing is given up in time, and the next remote is taken', async () => {
    await leavingNothing(async () => {
      const mute = await ScriptedServer.start({ onMessage: () => undefined });
      try {
        const relay = await FaultLine.start(server.remote);
        await using scene = await Scene.start(server, relay, {
          remotes: [formatRemote(mute.remote), relay.remote],
          shuffle: false,
          connectTimeoutMs: 1_000,
        });
        expect(mute.peers).to.have.lengthOf(1);
        server.startWriting();
        scene.startWriting();
        for (let round = 1; round <= 3; round++) {
          const synced = scene.states.filter(({ name }) => name === 'synced').length;
          relay.cut();
          await scene.until(
            () => scene.states.filter(({ name }) => name === 'synced').length > synced,
            'in sync again',
          );
          expect(mute.peers).to.have.lengthOf(round + 1);
        }
        await verify(scene);
        expect(scene.losses).to.deep.equal(Array.from({ length: 3 }, () => ['ConnectionLost', 'Timeout']).flat());
        expect(mute.peers.every(({ socket }) => socket.destroyed)).to.equal(true);
      } finally {
        await mute.stop();
      }
    });
  });

  it('that is refused is tried again, with pauses that grow to the longest, and the writes wait', async () => {
    await leavingNothing(async () => {
      const relay = await FaultLine.start(server.remote);
      await using scene = await Scene.start(server, relay, { backoff: { minMs: 4, maxMs: 32 } });
      server.startWriting();
      scene.startWriting();
      await scene.until(() => scene.count('done') >= 3, 'three writes are done');
      relay.refusing = true;
      relay.cut();
      await scene.until(() => scene.losses.length >= 10, 'ten attempts failed');
      const tooLate = scene.write(1);
      expect(await tooLate).to.equal('not-sent');
      expect(scene.client.state).not.to.have.property('name', 'synced');
      expect(scene.client.tables.Counter.find({ name: scene.name })).not.to.equal(undefined);
      const pauses = scene.states.flatMap((state) => (state.name === 'backoff' ? [state.delayMs] : []));
      relay.refusing = false;
      await scene.until(() => scene.states.at(-1)?.name === 'synced', 'in sync again');
      await verify(scene);
      expect(Math.max(...pauses)).to.be.within(24, 32);
      expect(pauses.slice(-4).every((pause) => pause >= 24)).to.equal(true);
      expect(scene.count('unknown')).to.be.at.most(1);
    });
  });

  it('that is closed while the client waits for the next attempt, however long that would be, leaves nothing', async () => {
    await leavingNothing(async () => {
      const relay = await FaultLine.start(server.remote);
      await using scene = await Scene.start(server, relay, { backoff: { minMs: 60_000, maxMs: 60_000 } });
      relay.refusing = true;
      relay.cut();
      await scene.until(() => scene.states.some((state) => state.name === 'backoff' && state.delayMs > 0), 'it waits');
      const pending = [scene.write(), failure(scene.client.synced())] as const;
      scene.client.close();
      expect(await pending[0]).to.equal('not-sent');
      expect(await pending[1]).to.include({ code: 'Closed' });
    });
  });

  it('that is closed at any moment of start-up settles what waits, and leaves nothing', async () => {
    await leavingNothing(async () => {
      for (let afterBytes = 0; afterBytes < 1600; afterBytes += 67) {
        const relay = await FaultLine.start(server.remote);
        await using scene = await Scene.start(server, relay);
        relay.plan = () => ({ break: { direction: 'toClient', afterBytes, how: 'silence' } });
        relay.cut();
        await scene.until(
          () => relay.broken === 1 || scene.states.at(-1)?.name === 'synced',
          'it hangs, or is in sync',
        );
        const pending = scene.states.at(-1)?.name === 'synced' ? [] : [scene.write(), failure(scene.client.synced())];
        scene.client.close();
        expect(await Promise.all(pending.slice(0, 1))).to.deep.equal(pending.slice(0, 1).map(() => 'not-sent'));
        for (const error of await Promise.all(pending.slice(1))) expect(error).to.include({ code: 'Closed' });
        expect(scene.client.metrics().transactions).to.include({ inFlight: 0, waiting: 0 });
      }
    });
  });
});
