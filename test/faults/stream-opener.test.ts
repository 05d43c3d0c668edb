import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import { expect } from 'chai';

import {
  ClosedError,
  ConnectFailedError,
  ConnectionLostError,
  InvalidArgumentError,
  type OvsdbError,
} from '../../lib/errors.js';
import { makePki, type SandboxTls } from '../../lib/testing/pki.js';
import type { PassiveSslRemote, PassiveTcpRemote } from '../../lib/wire/remote.js';
import { streamOpener, type StreamOpener } from '../../lib/wire/stream-opener.js';
import { connectStream } from '../../lib/wire/connect-stream.js';
import type { Stream } from '../../lib/wire/stream.js';
import type { TlsOptions } from '../../lib/wire/tls.js';
import { failure } from '../failure.js';
import { freePort } from '../free-port.js';

/** What a stream receives, and how it ends. */
class Consumer {
  text = '';
  readonly ended: Promise<OvsdbError>;
  #wanted: { readonly length: number; readonly resolve: () => void } | undefined;

  constructor(stream: Stream) {
    this.ended = new Promise((resolve) => {
      stream.start({
        onData: (chunk) => {
          this.text += chunk.toString();
          if (this.#wanted !== undefined && this.text.length >= this.#wanted.length) this.#wanted.resolve();
        },
        onClose: resolve,
      });
    });
  }

  async receives(text: string): Promise<void> {
    if (this.text.length < text.length) {
      await new Promise<void>((resolve) => (this.#wanted = { length: text.length, resolve }));
    }
    expect(this.text).to.equal(text);
  }
}

describe('a stream opener', () => {
  let opener: StreamOpener;
  let directory: string;
  let remote: PassiveTcpRemote;
  const callers: Socket[] = [];
  const streams: Stream[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'ovn-northbound-opener-'));
    opener = streamOpener();
    remote = { scheme: 'ptcp', port: await freePort(), host: '127.0.0.1' };
  });
  afterEach(() => {
    opener.close();
    for (const stream of streams.splice(0)) stream.close();
    for (const caller of callers.splice(0)) caller.destroy();
    rmSync(directory, { recursive: true });
  });

  async function open(...args: Parameters<StreamOpener['open']>): Promise<Stream> {
    const stream = await opener.open(...args);
    streams.push(stream);
    return stream;
  }

  /** Connects as a server would, again and again until somebody listens. */
  async function call(where: { port: number; host?: string | undefined } | { path: string } = remote): Promise<Socket> {
    for (;;) {
      const socket = connect('path' in where ? where : { port: where.port, host: where.host ?? '127.0.0.1' });
      socket.on('error', () => undefined);
      callers.push(socket);
      const connected = await new Promise((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      });
      if (connected === true) return socket;
    }
  }

  it('waits for the server at a passive remote, and carries bytes both ways', async () => {
    const opened = open(remote);
    const server = await call();
    const stream = await opened;
    expect(stream.remote).to.equal(remote);
    server.write('hello');
    await new Consumer(stream).receives('hello');
    stream.write('answer');
    expect(String((await once(server, 'data'))[0])).to.equal('answer');
  });

  it('goes on listening after a connection ended, and says which one that was', async () => {
    const first = open(remote);
    const server = await call();
    const consumer = new Consumer(await first);
    server.end();
    const error = await consumer.ended;
    expect(error).to.be.instanceOf(ConnectionLostError);
    expect(error.message).to.match(
      /^the server that connected to ptcp:\d+:127\.0\.0\.1 from 127\.0\.0\.1:\d+ closed the connection$/,
    );
    await call();
    await open(remote);
  });

  it('ends a connection for a newer one, which the next call resolves with', async () => {
    const first = open(remote);
    const older = await call();
    const consumer = new Consumer(await first);
    const newer = await call();
    newer.write('newer');
    const error = await consumer.ended;
    expect(error).to.be.instanceOf(ConnectionLostError);
    expect(error.message).to.match(/was replaced by a newer one from 127\.0\.0\.1:\d+/);
    if (!older.closed) await once(older, 'close');
    await new Consumer(await open(remote)).receives('newer');
  });

  it('tells of a replacement that came before the stream was started', async () => {
    const first = open(remote);
    const older = await call();
    const stream = await first;
    await call();
    await once(older, 'close');
    expect((await new Consumer(stream).ended).message).to.match(/replaced by a newer one/);
  });

  it('does not hand out a connection that ended while nobody wanted it', async () => {
    const first = open(remote);
    await call();
    const consumer = new Consumer(await first);
    const gone = await call();
    await consumer.ended;
    gone.resetAndDestroy();
    await once(gone, 'close');
    // The reset is in the other socket's queue by now, and read within a turn of the event loop.
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    const next = open(remote);
    (await call()).write('alive');
    await new Consumer(await next).receives('alive');
  });

  it('ends the wait on abort, and still listens for the next call', async () => {
    const reason = new Error('enough');
    expect(await failure(opener.open(remote, {}, { signal: AbortSignal.abort(reason) }))).to.equal(reason);
    const signal = AbortSignal.timeout(30);
    // The time limit is one for connecting, and there is nothing to connect to.
    expect(await failure(opener.open(remote, {}, { signal, timeoutMs: 1 }))).to.equal(signal.reason);
    const server = await call();
    server.write('later');
    await new Consumer(await open(remote)).receives('later');
  });

  it('refuses a second call while one waits', async () => {
    const waiting = failure(opener.open(remote));
    expect(await failure(opener.open(remote))).to.be.instanceOf(InvalidArgumentError);
    opener.close();
    await waiting;
  });

  it('stops listening when it is closed, and lets go of who waits, but not of open streams', async () => {
    const first = open(remote);
    const server = await call();
    const consumer = new Consumer(await first);
    const waiting = failure(opener.open(remote));
    opener.close();
    expect(await waiting).to.be.instanceOf(ClosedError);
    expect(await failure(opener.open(remote))).to.be.instanceOf(ClosedError);
    server.write('still here');
    await consumer.receives('still here');
    const refused = connect({ port: remote.port, host: '127.0.0.1' });
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
  });

  it('stops listening when another remote is opened', async () => {
    const waiting = failure(opener.open(remote));
    const path = join(directory, 'active');
    const server = createServer().listen(path);
    await once(server, 'listening');
    await open({ scheme: 'unix', path });
    expect((await waiting).message).to.match(/unix:.* took its place/);
    const refused = connect({ port: remote.port, host: '127.0.0.1' });
    await once(refused, 'error');
    server.close();
  });

  it('says so when the port is taken, and listens once it is free', async () => {
    const other = createServer().listen(remote.port, '127.0.0.1');
    await once(other, 'listening');
    const error = await failure(opener.open(remote));
    expect(error).to.be.instanceOf(ConnectFailedError);
    expect(error.message).to.match(/^listening at ptcp:\d+:127\.0\.0\.1 failed: the port is taken\. /);
    other.close();
    await once(other, 'close');
    const opened = open(remote);
    await call();
    await opened;
  });

  it('says so when the address is not one of this machine', async () => {
    const error = await failure(opener.open({ ...remote, host: '192.0.2.1' }));
    expect(error.message).to.match(/no such address/);
  });

  it('listens at all IPv4 addresses without a host, and at IPv6 ones, too, with ::', async () => {
    const { port } = remote;
    const ipv4 = open({ scheme: 'ptcp', port });
    await call({ port, host: '127.0.0.2' });
    await ipv4;
    for (const host of ['::1', '127.0.0.3']) {
      const both = open({ scheme: 'ptcp', port, host: '::' });
      await call({ port, host });
      await both;
    }
  });

  describe('at a Unix socket', () => {
    let path: string;
    beforeEach(() => {
      path = join(directory, 'sock');
    });

    it('waits for the server, and takes the socket away when it is closed', async () => {
      const opened = open({ scheme: 'punix', path });
      await call({ path });
      await opened;
      opener.close();
      expect(existsSync(path)).to.equal(false);
    });

    it('replaces a socket that a process left behind', async () => {
      const other = createServer().listen(`${path}.first`);
      await once(other, 'listening');
      renameSync(`${path}.first`, path);
      other.close();
      await once(other, 'close');
      expect(existsSync(path)).to.equal(true);
      const opened = open({ scheme: 'punix', path });
      await call({ path });
      await opened;
    });

    it('leaves a socket alone at which somebody listens', async () => {
      const other = createServer((socket) => socket.destroy()).listen(path);
      await once(other, 'listening');
      const error = await failure(opener.open({ scheme: 'punix', path }));
      expect(error.message).to.match(/the path is taken/);
      await once(connect({ path }), 'connect');
      other.close();
    });

    it('leaves a file of another kind alone', async () => {
      writeFileSync(path, 'content');
      const error = await failure(opener.open({ scheme: 'punix', path }));
      expect(error.message).to.match(/the path is taken\. Only a socket/);
      expect(readFileSync(path, 'utf8')).to.equal('content');
    });

    it('says so when there is no such directory', async () => {
      const error = await failure(opener.open({ scheme: 'punix', path: join(directory, 'none', 'sock') }));
      expect(error.message).to.match(/permission denied, or no such directory/);
    });
  });

  describe('with TLS', () => {
    let pki: string;
    let tls: SandboxTls;
    let ssl: PassiveSslRemote;
    before(async () => {
      pki = mkdtempSync(join(tmpdir(), 'ovn-northbound-opener-tls-'));
      tls = await makePki(pki, false);
    });
    after(() => {
      rmSync(pki, { recursive: true });
    });
    beforeEach(() => {
      ssl = { ...remote, scheme: 'pssl' };
    });

    const own = (): TlsOptions => ({
      privateKeyFile: tls.serverPrivateKey,
      certificateFile: tls.serverCertificate,
      caCertFile: tls.ca,
    });

    /** Connects as a server with a certificate would, or with none. */
    async function callTls(key?: string, cert?: string): Promise<TLSSocket> {
      const raw = await call();
      const socket = connectTls({
        socket: raw,
        ca: readFileSync(tls.ca),
        checkServerIdentity: () => undefined,
        ...(key === undefined || cert === undefined ? {} : { key: readFileSync(key), cert: readFileSync(cert) }),
      });
      socket.on('error', () => undefined);
      callers.push(socket);
      return socket;
    }

    it('takes a server with a certificate of the authority', async () => {
      const opened = open(ssl, own());
      const server = await callTls(tls.privateKey, tls.certificate);
      server.write('over TLS');
      await new Consumer(await opened).receives('over TLS');
    });

    it('refuses a certificate of another authority, and says so', async () => {
      const opened = failure(opener.open(ssl, own()));
      await callTls(tls.roguePrivateKey, tls.rogueCertificate);
      const error = await opened;
      expect(error).to.be.instanceOf(ConnectFailedError);
      expect(error.message).to.match(
        /^a connection to pssl:\S+ from 127\.0\.0\.1:\d+ was not accepted: the server's certificate is not signed/,
      );
    });

    it('refuses a server without a certificate, and says so', async () => {
      const opened = failure(opener.open(ssl, own()));
      await callTls();
      expect((await opened).message).to.match(/showed no certificate.*--certificate/);
    });

    it('says so when the peer does not speak TLS', async () => {
      const opened = failure(opener.open(ssl, own()));
      (await call()).write('{"id":1,"method":"echo","params":[]}');
      expect((await opened).message).to.match(/does not speak TLS.*ptcp:/);
    });

    it('survives a peer that is gone in the middle of the handshake', async () => {
      const opened = failure(opener.open(ssl, own()));
      const peer = await call();
      // The head of a TLS record, whose rest never comes.
      peer.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
      setImmediate(() => peer.resetAndDestroy());
      expect((await opened).message).to.match(/was not accepted: the server cut the connection/);
      const next = open(ssl, own());
      await callTls(tls.privateKey, tls.certificate);
      await next;
    });

    it('does not end a connection for one that is refused', async () => {
      const opened = open(ssl, own());
      const server = await callTls(tls.privateKey, tls.certificate);
      const consumer = new Consumer(await opened);
      const stranger = await callTls(tls.roguePrivateKey, tls.rogueCertificate);
      await once(stranger, 'close');
      server.write('undisturbed');
      await consumer.receives('undisturbed');
    });

    it('reads its files again for every connection', async () => {
      const caCertFile = join(directory, 'ca.pem');
      writeFileSync(caCertFile, readFileSync(tls.rogueCa));
      const opened = failure(opener.open(ssl, { ...own(), caCertFile }));
      await callTls(tls.privateKey, tls.certificate);
      await opened;
      const next = open(ssl, { ...own(), caCertFile });
      writeFileSync(caCertFile, readFileSync(tls.ca));
      await callTls(tls.privateKey, tls.certificate);
      await next;
    });

    it('lets no handshake keep the process alive after it is closed', async () => {
      const opened = failure(opener.open(ssl, own()));
      const mute = await call();
      const ended = once(mute, 'close');
      opener.close();
      await Promise.all([ended, opened]);
    });

    const wrong: readonly (readonly [what: string, options: () => TlsOptions, reason: RegExp])[] = [
      ['no certificate', () => ({ caCertFile: tls.ca }), /private key with its certificate is needed/],
      [
        'no authority',
        () => ({ privateKeyFile: tls.privateKey, certificateFile: tls.certificate }),
        /caCert or caCertFile is needed/,
      ],
      ['a name to verify', () => ({ ...own(), verify: 'host-name' as const }), /no meaning at a pssl: remote/],
    ];
    for (const [what, options, reason] of wrong) {
      it(`refuses ${what}, before it listens`, async () => {
        const error = await failure(opener.open(ssl, options()));
        expect(error).to.be.instanceOf(InvalidArgumentError);
        expect(error.message).to.match(reason);
      });
    }
  });
});

describe('connecting to a passive remote', () => {
  it('is refused, with the reason', async () => {
    const error = await failure(connectStream({ scheme: 'ptcp', port: 6640 }));
    expect(error).to.be.instanceOf(InvalidArgumentError);
    expect(error.message).to.match(/ptcp:6640: it is a place to listen at/);
  });
});
