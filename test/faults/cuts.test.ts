/** A connection that breaks at every byte, and in every way, while the client and others write. */
import { expect } from 'chai';

import { eventually } from '../integration/raw-client.js';
import { FaultLine, type Break, type Direction } from './fault-line.js';
import { FaultServer } from './fault-server.js';
import { leavingNothing, Scene, verify } from './scene.js';

const CLIENTS = 4;
/** So far beyond start-up connections are broken, too: transactions and updates are under way there. */
const BEYOND_BYTES = 800;

for (const [model, resync] of [
  ['standalone', 'snapshot'],
  ['clustered', 'delta'],
] as const) {
  describe(`a connection to a ${model} server that breaks`, function () {
    this.timeout(60_000);
    let server: FaultServer;

    before(async () => {
      server = await FaultServer.start(model);
    });
    after(() => server[Symbol.asyncDispose]());
    afterEach(() => server.stopWriting());

    /** Bytes that have passed when a client is in sync for the first time. */
    async function handshake(): Promise<Record<Direction, number>> {
      await using scene = await Scene.start(server, await FaultLine.start(server.remote));
      return { ...scene.relay.passed };
    }

    /**
     * Breaks the connections of one client one after the other, each after as many bytes as the next position says.
     * The scene ends with a sound connection.
     */
    async function sweep(
      scene: Scene<FaultLine>,
      direction: Direction,
      how: Break,
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
      // A reset may be faster than the client, which then sees no connection at all.
      expect(
        scene.losses.filter((code) => code !== 'ConnectionLost' && !(how === 'reset' && code === 'ConnectFailed')),
      ).to.deep.equal([]);
    }

    /** Sweeps over all these positions with several clients at once. */
    async function sweepAll(direction: Direction, how: Break, step: number): Promise<void> {
      await leavingNothing(async () => {
        const scenes: Scene<FaultLine>[] = [];
        try {
          for (let i = 0; i < CLIENTS; i++) {
            const relay = await FaultLine.start(server.remote);
            scenes.push(await Scene.start(server, relay, { backoff: { minMs: 1, maxMs: 1 } }));
          }
          server.startWriting();
          const { [direction]: length } = await handshake();
          const positions = Array.from({ length: Math.ceil((length + BEYOND_BYTES) / step) }, (_, i) => i * step);
          await Promise.all(
            scenes.map((scene, i) =>
              sweep(
                scene,
                direction,
                how,
                positions.filter((_, at) => at % CLIENTS === i),
              ),
            ),
          );
          await verify(...scenes);
          const kinds = scenes.flatMap(({ states }) =>
            states.map((state) => (state.name === 'synced' ? state.kind : '')),
          );
          expect(kinds.filter((kind) => kind === resync)).to.have.lengthOf.above(10);
          expect(scenes.every((scene) => scene.count('done') > 0)).to.equal(true);
        } finally {
          for (const scene of scenes) await scene[Symbol.asyncDispose]();
        }
      });
    }

    const WHERE = { toClient: 'what the server sends', toServer: 'what the client sends' } as const;
    for (const direction of ['toClient', 'toServer'] as const) {
      it(`after every byte of ${WHERE[direction]}, from the first on, loses and doubles no write`, async () => {
        await sweepAll(direction, 'close', 1);
      });

      for (const how of model === 'standalone' ? (['reset', 'half-close'] as const) : []) {
        it(`by a ${how} in many places of ${WHERE[direction]} loses and doubles no write`, async () => {
          await sweepAll(direction, how, 7);
        });
      }
    }
  });
}
