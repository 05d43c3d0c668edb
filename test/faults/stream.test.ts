import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { ConnectFailedError, ConnectionLostError, InvalidArgumentError, TimeoutError } from '../../lib/errors.js';
import type { OvsdbError } from '../../lib/errors.js';
import { RpcSession } from '../../lib/rpc/session.js';
import { connectStream } from '../../lib/wire/connect-stream.js';
import type { Stream } from '../../lib/wire/stream.js';
import type { TlsOptions } from '../../lib/wire/tls.js';
import { ScriptedServer } from './scripted-server.js';
import { failure } from '../failure.js';

describe('a stream', () => {
  let directory: string;
  let server: Server;
  let stream: Stream;
  let peer: Socket;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'ovn-northbound-stream-'));
    const path = join(directory, 'sock');
    server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(path);
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    stream = await connectStream({ scheme: 'unix', path });
    [peer] = await accepted;
  });
  afterEach(() => {
    stream.close();
    peer.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('delivers what it was given, in order, however long the texts and however slow the peer', async () => {
    const received = createHash('sha256');
    const sent = createHash('sha256');
    let total = 0;
    let receivedBytes = 0;
    const done = new Promise<void>((resolve) => {
      peer.on('data', (chunk: Buffer) => {
        received.update(chunk);
        receivedBytes += chunk.length;
        if (receivedBytes === total) resolve();
      });
    });
    stream.start({ onData: () => undefined, onClose: () => undefined });
    for (const length of [1, 262_143, 5, 262_145, 1_000_000, 17, 262_144, 262_144, 3, 600_000]) {
      const text = String(length % 7).repeat(length);
      total += length;
      sent.update(text);
      stream.write(text);
      await new Promise(setImmediate);
    }
    peer.resume();
    await done;
    expect(received.digest('hex')).to.equal(sent.digest('hex'));
    expect(stream).to.include({ writableBytes: 0, bytesSent: total });
  });

  it('does not copy its whole backlog for each piece that leaves', async () => {
    stream.start({ onData: () => undefined, onClose: () => undefined });
    for (let i = 0; i < 96; i++) stream.write('x'.repeat(1_048_576));
    peer.resume();
    const before = process.cpuUsage();
    while (stream.writableBytes > 0) {
      stream.write('{}');
      await new Promise(setImmediate);
    }
    const { user, system } = process.cpuUsage(before);
    // With such copies it takes ten seconds, without them less than half a second.
    expect((user + system) / 1000).to.be.below(4000);
  });

  it('is over when the peer will send no more, also while the peer takes nothing', async () => {
    const closed = new Promise<OvsdbError>((resolve) => {
      stream.start({ onData: () => undefined, onClose: resolve });
    });
    for (let i = 0; i < 32; i++) stream.write('x'.repeat(1_048_576));
    await new Promise(setImmediate);
    peer.end();
    const error = await closed;
    expect(error).to.be.instanceOf(ConnectionLostError);
    expect(error.message).to.match(/the server at unix:.* closed the connection/);
  });

  it('delivers nothing while it is paused, and then goes on where it stopped', async () => {
    let text = '';
    let wanted = 0;
    let arrived = (): void => undefined;
    const receives = async (length: number): Promise<void> => {
      wanted = length;
      if (text.length < length) await new Promise<void>((resolve) => (arrived = resolve));
    };
    stream.pause();
    stream.start({
      onData: (chunk) => {
        text += chunk.toString();
        // Also from within the delivery, which then is the last one.
        if (text.length >= 5) stream.pause();
        if (text.length >= wanted) arrived();
      },
      onClose: () => undefined,
    });
    peer.write('first');
    const half = 'x'.repeat(1_000_000);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(text).to.equal('');
    stream.resume();
    await receives(5);
    peer.write(half + half);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(text).to.equal('first');
    expect(peer.writableLength).to.be.above(0);
    while (text.length < 5 + 2 * half.length) {
      stream.resume();
      await new Promise(setImmediate);
    }
    expect(text).to.equal(`first${half}${half}`);
  });

  it('loses nothing that arrives before the start when it is resumed then', async () => {
    peer.write('early');
    stream.pause();
    stream.resume();
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    const text = await new Promise<string>((resolve) => {
      stream.start({ onData: (chunk) => resolve(chunk.toString()), onClose: () => undefined });
    });
    expect(text).to.equal('early');
  });

  it('writes while it is paused', async () => {
    stream.start({ onData: () => undefined, onClose: () => undefined });
    stream.pause();
    stream.write('request');
    peer.resume();
    expect(String((await once(peer, 'data'))[0])).to.equal('request');
  });

  it('has no limit when the limit is longer than timers can be', async () => {
    const again = await connectStream(stream.remote, {}, { timeoutMs: Infinity });
    again.close();
  });
});

describe('a TLS stream', () => {
  let directory: string;
  let server: ScriptedServer;
  const file = (name: string): string => join(directory, name);
  const pem = (name: string): Buffer => readFileSync(file(name));
  const openssl = (...args: readonly string[]): Buffer =>
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });

  /** Two authorities, and certificates that carry no host name, as ovs-pki makes them. */
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'ovn-northbound-tls-'));
    const key = (name: string): readonly string[] => [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${name}.key`,
    ];
    for (const ca of ['ca', 'other-ca']) {
      openssl('req', '-x509', ...key(ca), '-out', `${ca}.pem`, '-days', '2', '-subj', `/CN=${ca}`);
    }
    for (const [name, ca] of [
      ['server', 'ca'],
      ['client', 'ca'],
      ['stranger', 'other-ca'],
    ] as const) {
      openssl('req', ...key(name), '-out', `${name}.csr`, '-subj', `/CN=${name} id:7fae0f8c`);
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        `${ca}.pem`,
        '-CAkey',
        `${ca}.key`,
        '-set_serial',
        '7',
        '-days',
        '2',
        '-out',
        `${name}.pem`,
      );
    }
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });
  beforeEach(async () => {
    const tls = { key: pem('server.key'), cert: pem('server.pem'), ca: pem('ca.pem'), requestCert: true };
    server = await ScriptedServer.start({}, { tls });
  });
  afterEach(async () => {
    await server.stop();
  });

  const own = (): TlsOptions => ({
    privateKeyFile: file('client.key'),
    certificateFile: file('client.pem'),
    caCertFile: file('ca.pem'),
  });

  async function echo(stream: Stream): Promise<{ reply: unknown; end: OvsdbError | undefined }> {
    let end: OvsdbError | undefined;
    const session = new RpcSession(stream, { onNotification: () => undefined, onClose: (error) => (end = error) });
    const reply = await session.request('echo', [1]).catch((error: unknown) => error);
    session.close();
    return { reply, end };
  }

  it('accepts a server by its authority alone, whatever its certificate is named', async () => {
    expect((await echo(await connectStream(server.remote, own()))).reply).to.deep.equal([1]);
  });

  it('takes PEM texts in place of files', async () => {
    const options = { privateKey: pem('client.key'), certificate: pem('client.pem').toString(), caCert: pem('ca.pem') };
    expect((await echo(await connectStream(server.remote, options))).reply).to.deep.equal([1]);
  });

  it('refuses the name when it is to be verified', async () => {
    const error = await failure(connectStream(server.remote, { ...own(), verify: 'host-name' }));
    expect(error).to.be.instanceOf(ConnectFailedError);
    expect(error.message).to.match(/verify: 'chain'/);
  });

  it('refuses a server of another authority', async () => {
    const error = await failure(connectStream(server.remote, { ...own(), caCertFile: file('other-ca.pem') }));
    expect(error).to.be.instanceOf(ConnectFailedError);
    expect(error.message).to.match(/not signed by the given authority.*caCert/);
  });

  for (const [what, options, words] of [
    ['without a client certificate', () => ({ caCertFile: file('ca.pem') }), /demands a client certificate/],
    [
      'with a certificate of another authority',
      () => ({ ...own(), privateKeyFile: file('stranger.key'), certificateFile: file('stranger.pem') }),
      /may have refused the client certificate \/.*stranger\.pem/,
    ],
  ] as const) {
    it(`that the server refuses after the handshake, ${what}, says so`, async () => {
      const { reply, end } = await echo(await connectStream(server.remote, options()));
      expect(reply).to.be.instanceOf(ConnectionLostError);
      expect(end?.message).to.match(words);
    });
  }

  it('reads its files anew for every connection', async () => {
    writeFileSync(file('rotated.pem'), pem('other-ca.pem'));
    const options = { ...own(), caCertFile: file('rotated.pem') };
    await failure(connectStream(server.remote, options));
    writeFileSync(file('rotated.pem'), pem('ca.pem'));
    (await connectStream(server.remote, options)).close();
  });

  const wrong: readonly (readonly [what: string, options: () => TlsOptions, reason: RegExp])[] = [
    ['no authority', () => ({}), /caCert or caCertFile is needed/],
    ['a key without a certificate', () => ({ caCert: 'x', privateKey: 'x' }), /certificate is missing/],
    ['both a text and a file', () => ({ ...own(), caCert: 'x' }), /caCert or caCertFile, not both/],
    [
      'a file that cannot be read',
      () => ({ ...own(), privateKeyFile: '/nonexistent' }),
      /privateKeyFile \/nonexistent/,
    ],
    ['a certificate that is no PEM', () => ({ ...own(), certificateFile: '/dev/null' }), /certificate is not usable/],
    ['a key that is no PEM', () => ({ ...own(), privateKeyFile: '/dev/null' }), /privateKey is not usable/],
    ['an authority that is no PEM', () => ({ ...own(), caCertFile: '/dev/null' }), /caCert holds no PEM/],
    ['the key of another certificate', () => ({ ...own(), privateKeyFile: file('stranger.key') }), /does not belong/],
  ];
  for (const [what, options, reason] of wrong) {
    it(`refuses ${what} and names the option`, async () => {
      const error = await failure(connectStream(server.remote, options()));
      expect(error).to.be.instanceOf(InvalidArgumentError);
      expect(error.message).to.match(reason);
    });
  }

  it('says so when the peer does not speak TLS', async () => {
    const plain = await ScriptedServer.start({
      onConnection: (peer) => {
        peer.send('{"id":null,"method":"x","params":[]}');
      },
    });
    try {
      const { host, port } = plain.remote as { host: string; port: number };
      const error = await failure(connectStream({ scheme: 'ssl', host, port }, own()));
      expect(error.message).to.match(/does not speak TLS.*tcp:/);
    } finally {
      await plain.stop();
    }
  });

  it('gives up a handshake that is never answered', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const error = await failure(connectStream({ scheme: 'ssl', host: '127.0.0.1', port }, own(), { timeoutMs: 50 }));
    expect(error).to.be.instanceOf(ConnectFailedError);
    expect(error.message).to.match(/no answer within 50 ms/);
    expect(error.cause).to.be.instanceOf(TimeoutError);
    mute.close();
  });
});
