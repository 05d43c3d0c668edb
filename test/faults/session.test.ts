import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import {
  ConnectFailedError,
  ConnectionLostError,
  ProtocolError,
  TimeoutError,
  type OvsdbError,
} from '../../lib/errors.js';
import { RpcSession, type RpcSessionOptions } from '../../lib/rpc/session.js';
import type { Remote } from '../../lib/wire/remote.js';
import { connectStream } from '../../lib/wire/connect-stream.js';
import { ScriptedServer, type Peer, type Script } from './scripted-server.js';
import { failure } from '../failure.js';

describe('a session on a real socket', () => {
  let directory: string;
  let server: ScriptedServer | undefined;
  let session: RpcSession | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ovn-northbound-faults-'));
  });
  afterEach(async () => {
    session?.close();
    await server?.stop();
    session = server = undefined;
    rmSync(directory, { recursive: true });
  });

  interface Rig {
    readonly session: RpcSession;
    readonly peer: Peer;
    /** The error that ends the session. */
    readonly end: Promise<OvsdbError>;
    readonly notifications: string[];
  }

  async function rig(script: Script = {}, path?: string, options: Partial<RpcSessionOptions> = {}): Promise<Rig> {
    server = await ScriptedServer.start(script, path === undefined ? {} : { path });
    const stream = await connectStream(server.remote);
    const notifications: string[] = [];
    const end = new Promise<OvsdbError>((resolve) => {
      session = new RpcSession(stream, {
        onNotification: (method) => notifications.push(method),
        onClose: resolve,
        ...options,
      });
    });
    return { session: session!, peer: await server.nextPeer(), end, notifications };
  }

  for (const kind of ['tcp', 'unix'] as const) {
    const path = (): string | undefined => (kind === 'unix' ? join(directory, 'sock') : undefined);

    it(`sends the requests of one turn together over ${kind} and matches the replies`, async () => {
      const { session, peer } = await rig({}, path());
      let reads = 0;
      peer.socket.on('data', () => reads++);
      const replies = await Promise.all(Array.from({ length: 50 }, async (_, i) => session.request('echo', [i])));
      expect(replies).to.deep.equal(Array.from({ length: 50 }, (_, i) => [i]));
      expect(reads).to.equal(1);
    });

    it(`tells pending requests when the server ends the ${kind} connection`, async () => {
      const { session, end } = await rig({ onMessage: (_message, peer) => peer.end() }, path());
      const error = await failure(session.request('transact', []));
      expect(error).to.be.instanceOf(ConnectionLostError);
      expect(error).to.include({ sent: true, cause: await end });
      expect(error.message).to.match(/closed the connection/);
      expect(await failure(session.request('transact', []))).to.include({ sent: false });
    });

    it(`says so when the server dies in the middle of a message over ${kind}`, async () => {
      const { end, peer } = await rig({}, path());
      peer.send('{"id":null,"method":"upd');
      peer.end();
      expect((await end).message).to.match(/in the middle of a message \(24 bytes/);
    });
  }

  it('survives a reset', async () => {
    const { session, peer, end } = await rig();
    const pending = failure(session.request('transact', []));
    await sleep(20);
    peer.cut();
    expect((await end).message).to.match(/connection to tcp:127\.0\.0\.1:\d+ was lost: the server cut the connection/);
    expect(await pending).to.include({ sent: true });
  });

  it('answers the probes of the server', async () => {
    const { peer } = await rig({ onMessage: () => undefined });
    peer.send({ id: 'echo', method: 'echo', params: [] });
    while (peer.messages.length === 0) await sleep(1);
    expect(peer.messages).to.deep.equal([{ id: 'echo', result: [], error: null }]);
  });

  it('reads notifications that come byte by byte, cut within characters', async () => {
    const { peer, notifications } = await rig();
    for (const byte of Buffer.from('{"method":"größe😀","params":[],"id":null}')) {
      peer.send(Buffer.from([byte]));
      if (byte > 127) await sleep(2);
    }
    while (notifications.length === 0) await sleep(1);
    expect(notifications).to.deep.equal(['größe😀']);
  });

  it('ends on garbage with what was received', async () => {
    const { end } = await rig({ onConnection: (peer) => peer.send('220 mail.example ESMTP\r\n') });
    const error = await end;
    expect(error).to.be.instanceOf(ProtocolError);
    expect(error.message).to.match(/0x32: "220 mail\.example ESMTP/);
  });

  it('gives up a server that accepts and then stays silent', async () => {
    const { end, peer } = await rig({ onMessage: () => undefined }, undefined, { probeIntervalMs: 60 });
    expect((await end).message).to.match(/is silent/);
    expect(peer.messages.map(({ method }) => method)).to.deep.equal(['echo']);
  });

  it('keeps a healthy connection through a long stall of its own process', async () => {
    const { session, end } = await rig({}, undefined, { probeIntervalMs: 50 });
    let ended = false;
    void end.then(() => (ended = true));
    await sleep(60);
    const until = performance.now() + 300;
    while (performance.now() < until);
    await sleep(20);
    expect(ended).to.equal(false);
    expect(await session.request('echo', ['alive'])).to.deep.equal(['alive']);
  });

  it('takes a reply that arrived while the process was busy, although the time-out has passed', async () => {
    const { session } = await rig();
    await session.request('echo', []);
    // The server runs in this process, so its reply is made to wait in the socket by being sent first.
    const peer = server!.peers[0]!;
    const reply = session.request('slow', [], { timeoutMs: 300 });
    await sleep(5);
    peer.send({ id: 1, result: 'made it' });
    const until = performance.now() + 400;
    while (performance.now() < until);
    expect(await reply).to.equal('made it');
  });

  it('times out a request alone, and the session goes on', async () => {
    const { session } = await rig({ onMessage: ({ method, params }) => (method === 'echo' ? params : undefined) });
    expect(await failure(session.request('wait', [], { timeoutMs: 20 }))).to.be.instanceOf(TimeoutError);
    expect(await session.request('echo', [1])).to.deep.equal([1]);
  });

  it('keeps reading while the server does not read, and sends all when it does', async () => {
    const { session, peer, notifications } = await rig({ onMessage: ({ params }) => params?.length });
    peer.socket.pause();
    const reply = session.request('transact', ['x'.repeat(8_000_000)]);
    await sleep(20);
    expect(session.stats.bytesSent).to.be.lessThan(8_000_000);
    peer.send({ method: 'update3', params: [] });
    while (notifications.length === 0) await sleep(1);
    peer.socket.resume();
    expect(await reply).to.equal(1);
    expect(session.stats.bytesSent).to.be.greaterThan(8_000_000);
  });

  it('knows which of many requests had left when the connection is cut', async () => {
    const { session, peer } = await rig();
    peer.socket.pause();
    const big = failure(session.request('big', ['x'.repeat(8_000_000)]));
    await sleep(20);
    const waiting = failure(session.request('waiting', []));
    await sleep(5);
    peer.cut();
    expect(await big).to.include({ sent: true });
    expect(await waiting).to.include({ sent: false });
  });

  it('learns of an end that came before the session was made', async () => {
    server = await ScriptedServer.start();
    const stream = await connectStream(server.remote);
    (await server.nextPeer()).cut();
    await sleep(30);
    const end = new Promise<OvsdbError>((resolve) => {
      session = new RpcSession(stream, { onNotification: () => undefined, onClose: resolve });
    });
    expect(await end).to.be.instanceOf(ConnectionLostError);
  });

  describe('connecting', () => {
    const cases: readonly (readonly [what: string, remote: () => Remote, reason: RegExp])[] = [
      ['a port without a listener', () => ({ scheme: 'tcp', host: '127.0.0.1', port: 1 }), /refused.*--remote=ptcp:1/],
      ['a missing socket', () => ({ scheme: 'unix', path: join(directory, 'none') }), /no such socket.*path/],
      ['a file that is no socket', () => ({ scheme: 'unix', path: join(directory, 'file') }), /refused|not a socket/],
    ];
    for (const [what, remote, reason] of cases) {
      it(`to ${what} fails and says what to check`, async () => {
        writeFileSync(join(directory, 'file'), '');
        const error = await failure(connectStream(remote()));
        expect(error).to.be.instanceOf(ConnectFailedError);
        expect(error.message).to.match(reason);
        expect(error.cause).to.be.instanceOf(Error);
      });
    }

    it('rejects with the reason of the signal, before and during the attempt', async () => {
      server = await ScriptedServer.start();
      const reason = new Error('not any more');
      expect(await failure(connectStream(server.remote, {}, { signal: AbortSignal.abort(reason) }))).to.equal(reason);
      const controller = new AbortController();
      const attempt = failure(connectStream(server.remote, {}, { signal: controller.signal }));
      controller.abort(reason);
      expect(await attempt).to.equal(reason);
    });
  });
});
