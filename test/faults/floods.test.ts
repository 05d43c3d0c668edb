/** Servers that send without end, or take nothing: what a client keeps of that in memory is bounded. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ConnectionOptions } from '../../lib/client/client-options.js';
import { DIAGNOSTICS_CHANNELS, type StateMessage } from '../../lib/diagnostics.js';
import { formatRemote } from '../../lib/wire/remote.js';
import { failure } from '../failure.js';
import { eventually } from '../integration/raw-client.js';
import { ClientProxy } from './client-proxy.js';
import { FaultServer } from './fault-server.js';
import { leavingNothing, Scene, verify } from './scene.js';
import { ScriptedServer, type Peer } from './scripted-server.js';

const MEBIBYTE = 1_048_576;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory that is really in use, inside and outside of the heap. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Writes `chunk` until the other side has closed the connection or `limitBytes` are sent; resolves with their number. */
async function flood({ socket }: Peer, chunk: Buffer, limitBytes: number): Promise<number> {
  let sent = 0;
  while (!socket.destroyed && sent < limitBytes) {
    sent += chunk.length;
    const isRoom = socket.write(Uint8Array.from(chunk));
    await new Promise<void>((resolve) => {
      if (isRoom) setImmediate(resolve);
      else {
        socket.once('drain', resolve);
        socket.once('close', () => resolve());
      }
    });
  }
  return sent;
}

describe('memory stays bounded', function () {
  this.timeout(180_000);

  /** A server that does `serve` to each client, and a client that gives up soon. */
  async function connectTo(
    serve: (peer: Peer) => void,
    options: Partial<ConnectionOptions>,
  ): Promise<Error & Record<string, unknown>> {
    const server = await ScriptedServer.start({ onMessage: () => undefined, onConnection: serve });
    try {
      return await failure(
        OvsdbClient.connect({
          remotes: formatRemote(server.remote),
          database: 'Faults',
          tables: ['Note'],
          backoff: { minMs: 5, maxMs: 5 },
          ...options,
        }),
      );
    } finally {
      await server.stop();
    }
  }

  for (const [what, begin] of [
    ['a text that never ends', '{"id":null,"method":"x","params":["'],
    ['a list that never ends', '{"id":null,"method":"x","params":["",'],
    ['a name that never ends', '{"'],
  ] as const) {
    it(`when a server sends ${what}: the session ends soon after the longest message that is accepted`, async () => {
      await leavingNothing(async () => {
        const before = usedBytes();
        const sent: number[] = [];
        const floods: Promise<unknown>[] = [];
        let most = 0;
        const enough = new AbortController();
        const errors: (string | undefined)[] = [];
        const note = (message: unknown): unknown => errors.push((message as StateMessage).error?.message);
        subscribe(DIAGNOSTICS_CHANNELS.state, note);
        const chunk = Buffer.from((begin.includes(',"",') ? '1,' : 'x').repeat(32_768));
        const reason = new Error('three floods');
        const error = await connectTo(
          (peer) => {
            peer.send(begin);
            floods.push(
              flood(peer, chunk, 64 * MEBIBYTE).then((bytes) => {
                if (sent.push(bytes) === 3) enough.abort(reason);
              }),
            );
            most = Math.max(most, usedBytes());
          },
          { maxMessageBytes: 2 * MEBIBYTE, readyTimeoutMs: 60_000, signal: enough.signal },
        );
        await Promise.all(floods);
        unsubscribe(DIAGNOSTICS_CHANNELS.state, note);
        expect(error).to.equal(reason);
        const [first, ...others] = errors.filter((text) => text !== undefined && text !== reason.message);
        expect(first).to.match(/message longer than 2097152 bytes; .*raise maxMessageBytes/);
        expect(others).to.have.lengthOf.above(1);
        // What is in the buffers of the system comes on top.
        expect(Math.max(...sent)).to.be.within(2 * MEBIBYTE, 16 * MEBIBYTE);
        expect(Math.max(most, usedBytes()) - before).to.be.below(16 * MEBIBYTE);
      });
    });
  }

  it('when a server floods it with unknown notifications, which it passes over while it writes on', async () => {
    await leavingNothing(async () => {
      await using server = await FaultServer.start();
      await using scene = await Scene.start(server, await ClientProxy.start(server.remote), { probeIntervalMs: 500 });
      scene.startWriting();
      const text = JSON.stringify({ id: null, method: 'news', params: ['x'.repeat(150)] }).repeat(500);
      const { traffic } = scene.client.metrics();
      const arrived = (): number => scene.client.metrics().traffic.bytesReceived - traffic.bytesReceived;
      const used: number[] = [];
      for (let sent = 0; sent < 40 * MEBIBYTE; sent += text.length) {
        scene.relay.inject(text);
        await eventually(() => arrived() >= sent - MEBIBYTE, 'the flood arrives');
        if (sent % (4 * MEBIBYTE) < text.length) used.push(usedBytes());
      }
      const done = scene.count('done');
      await scene.until(() => scene.count('done') > done, 'it writes on');
      await verify(scene);
      expect(scene.losses).to.deep.equal([]);
      expect(Math.max(...used) - used[0]!).to.be.below(8 * MEBIBYTE);
    });
  });

  it('when a server floods it with replies that nobody waits for', async () => {
    await leavingNothing(async () => {
      await using server = await FaultServer.start();
      await using scene = await Scene.start(server, await ClientProxy.start(server.remote));
      const before = usedBytes();
      let id = 1_000_000;
      for (let round = 0; round < 40; round++) {
        const replies = Array.from(
          { length: 2500 },
          () => `{"id":${id++},"result":["${'x'.repeat(60)}"],"error":null}`,
        );
        scene.relay.inject(replies.join(''));
        const stray = (round + 1) * 2500;
        await eventually(() => scene.client.metrics().traffic.strayReplies === stray, 'the replies have arrived');
      }
      expect(usedBytes() - before).to.be.below(8 * MEBIBYTE);
      expect(await scene.write()).to.equal('done');
      await verify(scene);
      expect(scene.losses).to.deep.equal([]);
    });
  });

  it('when a server never reads: writes beyond the limits are refused at once, the others end as not sent or unknown', async () => {
    await leavingNothing(async () => {
      await using server = await FaultServer.start();
      const relay = await ClientProxy.start(server.remote);
      await using scene = await Scene.start(server, relay, {
        maxTransactionsInFlight: 10,
        maxTransactionsWaiting: 20,
        probeIntervalMs: 200,
      });
      relay.stopReading();
      const before = usedBytes();
      const big = 'x'.repeat(MEBIBYTE);
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          scene.client
            .transact((tx) => tx.insert('Write', { name: `${i} ${big}` }), { timeoutMs: 300 })
            .then(
              () => 'done',
              (error: unknown) => String((error as { outcome?: string }).outcome),
            ),
        ),
      );
      expect(usedBytes() - before).to.be.below(64 * MEBIBYTE);
      expect(outcomes.filter((outcome) => outcome === 'not-sent')).to.have.lengthOf.at.least(170);
      expect(new Set(outcomes)).to.deep.equal(new Set(['not-sent', 'unknown']));
      await scene.until(() => scene.losses.length > 0, 'it has left the server');
      relay.cut();
      await scene.until(() => scene.states.at(-1)?.name === 'synced', 'in sync again');
      expect(await scene.write()).to.equal('done');
      await verify(scene);
    });
  });
});
