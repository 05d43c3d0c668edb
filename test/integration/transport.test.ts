import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { ConnectFailedError, ConnectionLostError, type OvsdbError } from '../../lib/errors.js';
import { RpcSession } from '../../lib/rpc/session.js';
import { Sandbox, type SandboxTls } from '../../lib/testing/index.js';
import { runProgram } from '../../lib/testing/executable.js';
import { parseRemote } from '../../lib/wire/remote.js';
import { streamOpener, type StreamOpener } from '../../lib/wire/stream-opener.js';
import { connectStream } from '../../lib/wire/connect-stream.js';
import type { Stream } from '../../lib/wire/stream.js';
import type { TlsOptions } from '../../lib/wire/tls.js';
import { failure } from '../failure.js';
import { freePort } from '../free-port.js';

/** Asks which databases there are; resolves with the answer, or with why the session ended without one. */
async function listDatabases(stream: Stream): Promise<unknown> {
  let end: OvsdbError | undefined;
  const session = new RpcSession(stream, { onNotification: () => undefined, onClose: (error) => (end = error) });
  try {
    return await session.request('list_dbs', []);
  } catch (error) {
    return end ?? error;
  } finally {
    session.close();
  }
}

describe('an ovsdb-server that connects to the client', function () {
  // It pauses for longer after each attempt in vain.
  this.timeout(180_000);
  let opener: StreamOpener;
  let port: number;

  beforeEach(async () => {
    opener = streamOpener();
    port = await freePort();
  });
  afterEach(() => {
    opener.close();
  });

  it('is served at ptcp:, also after it was restarted', async () => {
    const remote = parseRemote(`ptcp:${port}:127.0.0.1`);
    const opened = opener.open(remote);
    await using sandbox = await Sandbox.start({ serverArguments: [`--remote=tcp:127.0.0.1:${port}`] });
    const stream = await opened;
    let end: (error: OvsdbError) => void;
    const ended = new Promise<OvsdbError>((resolve) => (end = resolve));
    const session = new RpcSession(stream, { onNotification: () => undefined, onClose: (error) => end(error) });
    expect(await session.request('list_dbs', [])).to.include('OVN_Northbound');
    await sandbox.restart();
    expect((await ended).message).to.match(/^the server that connected to ptcp:.* closed the connection/);
    expect(await listDatabases(await opener.open(remote))).to.include('OVN_Northbound');
  });

  it('is served at punix:, where a killed server left its socket behind', async () => {
    await using killed = await Sandbox.start();
    await using sandbox = await Sandbox.start();
    await killed.kill();
    const path = killed.remote.slice('unix:'.length);
    expect(existsSync(path)).to.equal(true);
    const opened = opener.open(parseRemote(`punix:${path}`));
    await sandbox.appctl('ovsdb-server/add-remote', `unix:${path}`);
    expect(await listDatabases(await opened)).to.include('OVN_Northbound');
  });

  it('is served at pssl:, when its certificate is of the authority', async () => {
    await using sandbox = await Sandbox.start({ ssl: true, serverArguments: [`--remote=ssl:127.0.0.1:${port}`] });
    const remote = parseRemote(`pssl:${port}:127.0.0.1`);
    const { ca, rogueCa, serverPrivateKey, serverCertificate } = sandbox.tls;
    const own = { privateKeyFile: serverPrivateKey, certificateFile: serverCertificate, caCertFile: ca };
    const error = await failure(opener.open(remote, { ...own, caCertFile: rogueCa }));
    expect(error).to.be.instanceOf(ConnectFailedError);
    expect(error.message).to.match(/was not accepted: the server's certificate is not signed by the given authority/);
    expect(await listDatabases(await opener.open(remote, own))).to.include('OVN_Northbound');
  });

  it('may refuse the certificate at pssl:, which the error names', async () => {
    await using sandbox = await Sandbox.start({ ssl: true, serverArguments: [`--remote=ssl:127.0.0.1:${port}`] });
    const { ca, roguePrivateKey, rogueCertificate } = sandbox.tls;
    const own = { privateKeyFile: roguePrivateKey, certificateFile: rogueCertificate, caCertFile: ca };
    const error = await failure(opener.open(parseRemote(`pssl:${port}:127.0.0.1`), own));
    expect(error.message).to.match(/refused the client certificate .*rogue\.pem \(unknown ca\)/);
  });
});

describe('a client certificate', () => {
  let sandbox: Sandbox;
  let tls: SandboxTls;
  let own: TlsOptions & { readonly privateKeyFile: string; readonly certificateFile: string };

  before(async () => {
    sandbox = await Sandbox.start({ ssl: true });
    tls = sandbox.tls;
    own = {
      privateKeyFile: join(sandbox.directory, 'own-key.pem'),
      certificateFile: join(sandbox.directory, 'own.pem'),
      caCertFile: tls.ca,
    };
  });
  after(async () => {
    await sandbox.stop();
  });

  function rotate(privateKey: string, certificate: string): void {
    copyFileSync(privateKey, own.privateKeyFile);
    copyFileSync(certificate, own.certificateFile);
  }
  const ask = async (options: TlsOptions): Promise<unknown> =>
    listDatabases(await connectStream(parseRemote(sandbox.sslRemote), options));

  it('that is replaced on disk is used from the next connection on', async () => {
    rotate(tls.roguePrivateKey, tls.rogueCertificate);
    expect(await ask(own)).to.be.instanceOf(ConnectionLostError);
    rotate(tls.privateKey, tls.certificate);
    expect(await ask(own)).to.include('OVN_Northbound');
    rotate(tls.roguePrivateKey, tls.rogueCertificate);
    expect(await ask(own)).to.be.instanceOf(ConnectionLostError);
  });

  it('of an authority that the server does not know is named when it is refused', async () => {
    rotate(tls.roguePrivateKey, tls.rogueCertificate);
    expect(((await ask(own)) as Error).message).to.match(
      /was lost: the server refused the client certificate \/.*own\.pem \(unknown ca\)\. It must be signed by/,
    );
  });

  it('that has expired is named when it is refused', async () => {
    const file = (name: string): string => join(sandbox.directory, name);
    const subject = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-subj', '/CN=expired'];
    await runProgram('openssl', ['req', ...subject, '-keyout', file('expired.key'), '-out', file('expired.csr')]);
    const issuer = ['-CA', tls.ca, '-CAkey', file('ca-key.pem'), '-set_serial', '9', '-days', '-1'];
    await runProgram('openssl', ['x509', '-req', '-in', file('expired.csr'), ...issuer, '-out', file('expired.pem')]);
    rotate(file('expired.key'), file('expired.pem'));
    expect(((await ask(own)) as Error).message).to.match(
      /refused the client certificate \/.*own\.pem \(certificate expired\)\. Renew it/,
    );
  });

  it('that was not given is asked for', async () => {
    expect(((await ask({ caCertFile: tls.ca })) as Error).message).to.match(
      /the server demands a client certificate\. Give tls\.privateKey and tls\.certificate/,
    );
  });
});
