/**
 * Many faults, chosen at random, one after the other and together, at several clients of one server. The seed that
 * chose them is in the test's name; `FAULTS_SEED` sets it.
 */
import { expect } from 'chai';

import { Random } from '../random.js';
import { byteByByte, delayed, FaultLine, glued, type LinePlan } from './fault-line.js';
import { FaultServer } from './fault-server.js';
import { leavingNothing, Scene, verify } from './scene.js';

const CLIENTS = 3;
const CONNECTIONS = 30;
/** Beyond start-up there are transactions and updates. */
const LONGEST_BYTES = 6_000;

const { FAULTS_SEED } = process.env;
const seed = FAULTS_SEED === undefined ? Math.floor(Math.random() * 1e9) : Number(FAULTS_SEED);

function choosePlan(random: Random): LinePlan {
  const kind = random.weighted({ plain: 6, bytes: 1, glued: 2, delayed: 2 });
  const delayMs = random.integer(1, 15);
  const portions = { plain: undefined, bytes: byteByByte, glued: glued(delayMs), delayed: delayed(delayMs) }[kind];
  return {
    ...(portions === undefined ? {} : { portions }),
    break: {
      direction: random.pick(['toServer', 'toClient']),
      afterBytes: Math.floor(random.next() ** 2 * LONGEST_BYTES),
      how: random.weighted({ close: 4, reset: 3, 'half-close': 3, silence: 1 }),
    },
  };
}

/** Something that happens besides, with a client that is connected or not. */
function disturb(random: Random, { relay, client }: Scene<FaultLine>): void {
  const what = random.weighted({ nothing: 6, garbage: 2, reconnect: 2, refuse: 1, setRemotes: 1 });
  if (what === 'garbage') relay.inject(Buffer.from([0xff]));
  else if (what === 'reconnect') client.reconnect('the test asked for it');
  else if (what === 'setRemotes') client.setRemotes([relay.remote, 'unix:/nonexistent']);
  else if (what === 'refuse') {
    relay.refusing = true;
    const stop = client.on('state', ({ name }) => {
      if (name !== 'backoff' || random.chance(0.6)) return;
      relay.refusing = false;
      stop();
    });
  }
}

for (const model of ['standalone', 'clustered'] as const) {
  describe(`a storm of faults at clients of a ${model} server`, function () {
    this.timeout(180_000);
    let server: FaultServer;

    before(async () => {
      server = await FaultServer.start(model);
    });
    after(() => server[Symbol.asyncDispose]());
    afterEach(() => server.stopWriting());

    it(`neither loses nor doubles a write, and leaves every replica right (seed ${seed})`, async () => {
      await leavingNothing(async () => {
        const scenes: Scene<FaultLine>[] = [];
        try {
          for (let i = 0; i < CLIENTS; i++) {
            const relay = await FaultLine.start(server.remote);
            const times = { connectTimeoutMs: 300, schemaTimeoutMs: 300, snapshotTimeoutMs: 300 };
            scenes.push(await Scene.start(server, relay, { probeIntervalMs: 40, ...times }));
          }
          server.startWriting(10);
          for (const [i, scene] of scenes.entries()) {
            const random = new Random(seed + i);
            scene.relay.plan = (connection) => (connection > CONNECTIONS ? {} : choosePlan(random));
            scene.client.on('state', () => {
              // Not from within the event, but at some point of what follows it.
              if (scene.relay.accepted <= CONNECTIONS) setImmediate(() => disturb(random, scene));
            });
            scene.startWriting(100);
            scene.relay.cut();
          }
          await Promise.all(
            scenes.map((scene) => scene.until(() => scene.relay.accepted > CONNECTIONS, 'the storm is over', 40_000)),
          );
          for (const { relay } of scenes) relay.refusing = false;
          await verify(...scenes);
          for (const scene of scenes) {
            expect(scene.losses).to.have.lengthOf.at.least(CONNECTIONS);
            expect(scene.count('done')).to.be.above(0);
          }
        } finally {
          for (const scene of scenes) await scene[Symbol.asyncDispose]();
        }
      });
    });
  });
}
