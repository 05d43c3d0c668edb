/** A connection that breaks at every byte, and in every way, while the client and others write. */
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';

import { expect } from 'chai';

import { parseRemote, type SslRemote } from '../../lib/wire/remote.js';
import { tlsConnectionOptions } from '../../lib/wire/tls.js';
import { eventually } from '../integration/raw-client.js';
import { onRealServer } from '../integration/test-server.js';
import { FaultLine, type Break, type Direction } from './fault-line.js';
import { FaultServer } from './fault-server.js';
import { leavingNothing, Scene, verify } from './scene.js';

const CLIENTS = 4;
/** So far beyond start-up connections are broken, too: transactions and updates are under way there. */
const BEYOND_BYTES = 800;

/** In many places, so far apart; not a multiple of any record's length, so that no part of a record is always spared. */
const TLS_STEPS = { close: 23, reset: 61 } as const;
/** TLS connections are closed at every byte of so many at the start, and of so many on both sides of where the handshake ends. */
const TLS_DENSE_BYTES = { start: 100, end: 12 } as const;
/** Signatures of the server are not all of the same length, and so is what it sends until the handshake is over. */
const SIGNATURE_VARIANCE_BYTES = 8;
const WHERE = { toClient: 'what the server sends', toServer: 'what the client sends' } as const;

/** Says what is wrong with how the connections of a client ended, of which those after the first broke at `positions`. */
type CheckLosses = (scene: Scene<FaultLine>, positions: readonly number[]) => void;

/** How the connections of a test break, and what clients notice. */
interface Sweep {
  readonly direction: Direction;
  readonly how: Break;
  /** After how many bytes, when a client is in sync after `length`. */
  readonly positions: (length: number) => readonly number[];
  /** How clients get in sync again. */
  readonly resync: string;
  readonly checkLosses: CheckLosses;
}

/** Every `step`th of the positions from 0 to `length` and some way beyond. */
function every(step: number, length: number): number[] {
  return Array.from({ length: Math.ceil((length + BEYOND_BYTES) / step) }, (_, i) => i * step);
}

/** Bytes that have passed when a client is in sync for the first time. */
async function startUp(server: FaultServer): Promise<Record<Direction, number>> {
  await using scene = await Scene.start(server, await FaultLine.start(server.remote));
  return { ...scene.relay.passed };
}

/**
 * Breaks the connections of one client one after the other, each after as many bytes as the next position says.
 * The scene ends with a sound connection.
 */
async function sweep(
  scene: Scene<FaultLine>,
  { direction, how, checkLosses }: Sweep,
  positions: readonly number[],
): Promise<void> {
  const { relay } = scene;
  const first = relay.accepted;
  relay.plan = (connection) => {
    const afterBytes = positions[connection - first];
    return afterBytes === undefined ? {} : { break: { direction, afterBytes, how } };
  };
  relay.cut();
  scene.startWriting();
  for (let done = first; done - first <= positions.length; done = relay.accepted) {
    await eventually(() => relay.accepted > done, `another connection after ${done - first}`);
  }
  expect(relay.broken).to.equal(positions.length);
  expect(scene.losses).to.have.lengthOf.at.least(positions.length + 1);
  checkLosses(scene, positions);
}

/** Sweeps over all these positions with several clients at once. */
async function sweepAll(server: FaultServer, plan: Sweep): Promise<void> {
  await leavingNothing(async () => {
    const scenes: Scene<FaultLine>[] = [];
    try {
      for (let i = 0; i < CLIENTS; i++) {
        const relay = await FaultLine.start(server.remote);
        scenes.push(await Scene.start(server, relay, { backoff: { minMs: 1, maxMs: 1 } }));
      }
      server.startWriting();
      const { [plan.direction]: length } = await startUp(server);
      const positions = plan.positions(length);
      await Promise.all(
        scenes.map((scene, i) =>
          sweep(
            scene,
            plan,
            positions.filter((_, at) => at % CLIENTS === i),
          ),
        ),
      );
      await verify(...scenes);
      const kinds = scenes.flatMap(({ states }) => states.map((state) => (state.name === 'synced' ? state.kind : '')));
      expect(kinds.filter((kind) => kind === plan.resync)).to.have.lengthOf.above(10);
      expect(scenes.every((scene) => scene.count('done') > 0)).to.equal(true);
    } finally {
      for (const scene of scenes) await scene[Symbol.asyncDispose]();
    }
  });
}

for (const [model, resync] of [
  ['standalone', 'snapshot'],
  ['clustered', 'delta'],
] as const) {
  describe(`a connection to a ${model} server that breaks`, function () {
    this.timeout(180_000);
    let server: FaultServer;

    before(async () => {
      server = await FaultServer.start(model);
    });
    after(() => server[Symbol.asyncDispose]());
    afterEach(() => server.stopWriting());

    async function breakEvery(step: number, direction: Direction, how: Break): Promise<void> {
      const checkLosses: CheckLosses = ({ losses }) => {
        // A reset may be faster than the client, which then sees no connection at all.
        expect(
          losses.filter((code) => code !== 'ConnectionLost' && !(how === 'reset' && code === 'ConnectFailed')),
        ).to.deep.equal([]);
      };
      await sweepAll(server, { direction, how, positions: (length) => every(step, length), resync, checkLosses });
    }

    for (const direction of ['toClient', 'toServer'] as const) {
      it(`after every byte of ${WHERE[direction]}, from the first on, loses and doubles no write`, async () => {
        await breakEvery(1, direction, 'close');
      });

      for (const how of model === 'standalone' ? (['reset', 'half-close'] as const) : []) {
        it(`by a ${how} in many places of ${WHERE[direction]} loses and doubles no write`, async () => {
          await breakEvery(7, direction, how);
        });
      }
    }
  });
}

onRealServer(() => {
  describe('a TLS connection that breaks', function () {
    this.timeout(180_000);
    let server: FaultServer;
    /** Bytes that have passed when the handshake is over for the client, which has not sent its own last part then. */
    let handshake: Record<Direction, number>;

    before(async () => {
      server = await FaultServer.start('standalone-tls');
      await using relay = await FaultLine.start(server.remote);
      const socket = connectTls(tlsConnectionOptions(parseRemote(relay.remote) as SslRemote, server.tls!));
      await once(socket, 'secureConnect');
      handshake = { ...relay.passed };
      socket.destroy();
    });
    after(() => server[Symbol.asyncDispose]());
    afterEach(() => server.stopWriting());

    /** The codes that a client may report of a connection that broke after so many bytes. */
    function codesAt(direction: Direction, position: number): readonly string[] {
      // The server answers nothing until it has the client's first message, whose length is fixed; what the client
      // sends after that it sends when the handshake is over for it.
      if (direction === 'toServer') return [position <= handshake.toServer ? 'ConnectFailed' : 'ConnectionLost'];
      const beyond = position - handshake.toClient;
      if (Math.abs(beyond) <= SIGNATURE_VARIANCE_BYTES) return ['ConnectFailed', 'ConnectionLost'];
      return [beyond < 0 ? 'ConnectFailed' : 'ConnectionLost'];
    }

    for (const direction of ['toClient', 'toServer'] as const) {
      const checkLosses: CheckLosses = ({ lossPerConnection: [first, ...codes] }, positions) => {
        expect(first).to.equal('ConnectionLost');
        expect(codes).to.have.lengthOf(positions.length);
        const wrong = positions.flatMap((position, i) =>
          codesAt(direction, position).includes(codes[i]!) ? [] : [`${codes[i]} after ${position} bytes`],
        );
        expect(wrong, `with a handshake of ${handshake[direction]} bytes`).to.deep.equal([]);
        expect(new Set(codes)).to.have.all.keys('ConnectFailed', 'ConnectionLost');
      };

      it(`at any byte of the start, in many places beyond, of ${WHERE[direction]} loses and doubles no write`, async () => {
        const isDense = (position: number): boolean =>
          position < TLS_DENSE_BYTES.start || Math.abs(position - handshake[direction]) <= TLS_DENSE_BYTES.end;
        const positions = (length: number): number[] =>
          every(1, length).filter((position) => position % TLS_STEPS.close === 0 || isDense(position));
        await sweepAll(server, { direction, how: 'close', positions, resync: 'snapshot', checkLosses });
      });

      it(`by a reset in many places of ${WHERE[direction]}, from the first byte on, loses and doubles no write`, async () => {
        const positions = (length: number): number[] => every(TLS_STEPS.reset, length);
        await sweepAll(server, { direction, how: 'reset', positions, resync: 'snapshot', checkLosses });
      });
    }
  });
});
