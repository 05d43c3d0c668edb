/**
 * A private public-key infrastructure for TLS tests, made with openssl: a CA with a server and a client
 * certificate, and a rogue CA with a client certificate that the server must refuse. As with
 * certificates from ovs-pki(8), the default server certificate carries no host name.
 */
import { join } from 'node:path';

import { runProgram } from './executable.js';

/** Paths of PEM files. Private keys are not encrypted. */
export interface SandboxTls {
  /** The CA that signed the server's and the client's certificate. */
  readonly ca: string;
  /** The client's private key and certificate, which the server accepts. */
  readonly privateKey: string;
  readonly certificate: string;
  /** The private key and certificate that the server shows. */
  readonly serverPrivateKey: string;
  readonly serverCertificate: string;
  /** A CA that signed neither, and a client key and certificate from it, which the server refuses. */
  readonly rogueCa: string;
  readonly roguePrivateKey: string;
  readonly rogueCertificate: string;
}

const DAYS = '3650';

/**
 * Makes the files in an existing folder.
 * @param hostNames - True: the server certificate names 127.0.0.1, ::1 and localhost. False: it has a
 * common name that matches no host.
 */
export async function makePki(directory: string, hostNames: boolean): Promise<SandboxTls> {
  const file = (name: string): string => join(directory, name);
  const make = async (name: string, subject: string, extensions: readonly string[], issuer?: string): Promise<void> => {
    const signer = issuer === undefined ? [] : ['-CA', file(`${issuer}.pem`), '-CAkey', file(`${issuer}-key.pem`)];
    await runProgram('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', DAYS],
      ...['-subj', `/CN=${subject}`, '-keyout', file(`${name}-key.pem`), '-out', file(`${name}.pem`)],
      ...extensions.flatMap((extension) => ['-addext', extension]),
      ...signer,
    ]);
  };
  const authority = ['keyUsage=critical,keyCertSign,cRLSign'];
  const leaf = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'];
  const serverNames = hostNames ? ['subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost'] : [];
  await Promise.all([make('ca', 'sandbox CA', authority), make('rogue-ca', 'rogue CA', authority)]);
  await Promise.all([
    make('server', 'ovnnb id:sandbox', [...leaf, 'extendedKeyUsage=serverAuth,clientAuth', ...serverNames], 'ca'),
    make('client', 'sandbox client', [...leaf, 'extendedKeyUsage=clientAuth'], 'ca'),
    make('rogue', 'rogue client', [...leaf, 'extendedKeyUsage=clientAuth'], 'rogue-ca'),
  ]);
  return {
    ca: file('ca.pem'),
    privateKey: file('client-key.pem'),
    certificate: file('client.pem'),
    serverPrivateKey: file('server-key.pem'),
    serverCertificate: file('server.pem'),
    rogueCa: file('rogue-ca.pem'),
    roguePrivateKey: file('rogue-key.pem'),
    rogueCertificate: file('rogue.pem'),
  };
}
