/**
 * TLS for `ssl:` and `pssl:` remotes. Servers of Open vSwitch ask for a client certificate and are known by their
 * certificate authority, not by their host name: the certificates that ovs-pki(8) makes carry no host
 * name at all. So the default is to verify the chain and leave the name alone.
 */

import type { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type * as Tls from 'node:tls';

import { InvalidArgumentError } from '../errors.js';
import type { SslRemote } from './remote.js';

type ConnectionOptions = Tls.ConnectionOptions;

const MIN_VERSION = 'TLSv1.2';

/**
 * Keys and certificates, each either as PEM text or as the path of a PEM file. Files are read again for
 * every connection, so that rotated certificates are taken up on the next one.
 */
export interface TlsOptions {
  /** This side's private key, PEM. */
  readonly privateKey?: string | Buffer;
  /** Path of this side's private key. */
  readonly privateKeyFile?: string;
  /** This side's certificate, PEM, followed by intermediate ones if there are any. */
  readonly certificate?: string | Buffer;
  /** Path of this side's certificate. */
  readonly certificateFile?: string;
  /** Certificates of the authority that the server must be signed by, PEM. */
  readonly caCert?: string | Buffer;
  /** Path of the authority's certificates. */
  readonly caCertFile?: string;
  /**
   * `chain` (default): the server must be signed by the given authority, whatever name its certificate carries.
   * `host-name`: the certificate must be for the remote's host, too; without `caCert` the public authorities count.
   * At `pssl:` remotes, where it is the server that connects, only `chain` has a meaning.
   */
  readonly verify?: 'chain' | 'host-name';
}

/** The module node:tls. Loaded when it is first used: to load it takes milliseconds, and few remotes are `ssl:`. */
export function nodeTls(): typeof Tls {
  return process.getBuiltinModule('node:tls');
}

/**
 * What `tls.connect` needs to reach `remote`, files read.
 *
 * @throws {@link InvalidArgumentError} that names the option when one is missing, contradictory or unreadable.
 */
export function tlsConnectionOptions(remote: SslRemote, options: TlsOptions): ConnectionOptions {
  const parts = readParts(options);
  const verify = options.verify ?? 'chain';
  if (parts.ca === undefined && verify === 'chain') {
    throw new InvalidArgumentError(
      'tls: caCert or caCertFile is needed, since without it a certificate of any public authority would do; ' +
        "for a server with a public certificate use verify: 'host-name'",
    );
  }
  return {
    host: remote.host,
    port: remote.port,
    rejectUnauthorized: true,
    secureContext: secureContext(parts),
    // Server names are for DNS names only (RFC 6066 §3).
    ...(isIP(remote.host) === 0 ? { servername: remote.host } : {}),
    ...(verify === 'chain' ? { checkServerIdentity: () => undefined } : {}),
  };
}

/**
 * What `tls.createServer` needs to listen at a `pssl:` remote, files read: the server that connects must show a
 * certificate of the given authority, whatever name it carries.
 *
 * @throws {@link InvalidArgumentError} as {@link tlsConnectionOptions}; here key, certificate and authority are all needed.
 */
export function tlsServerOptions(options: TlsOptions): Tls.TlsOptions {
  const parts = readParts(options);
  const { key, cert, ca } = parts;
  if (key === undefined || cert === undefined || ca === undefined) {
    const missing = ca === undefined ? 'caCert or caCertFile' : 'a private key with its certificate';
    throw new InvalidArgumentError(`tls: ${missing} is needed to listen at a pssl: remote`);
  }
  if (options.verify === 'host-name') {
    throw new InvalidArgumentError("tls: verify: 'host-name' has no meaning at a pssl: remote; leave it out");
  }
  secureContext(parts);
  return { key, cert, ca, minVersion: MIN_VERSION, requestCert: true, rejectUnauthorized: true };
}

/** Names the certificate that this side shows, for messages; undefined when it shows none. */
export function certificateName({ certificate, certificateFile }: TlsOptions): string | undefined {
  return certificateFile ?? (certificate === undefined ? undefined : 'tls.certificate');
}

/** Keys and certificates as they are now. */
interface TlsParts {
  readonly key: string | Buffer | undefined;
  readonly cert: string | Buffer | undefined;
  readonly ca: string | Buffer | undefined;
}

function readParts(options: TlsOptions): TlsParts {
  const key = pem('privateKey', options.privateKey, options.privateKeyFile);
  const cert = pem('certificate', options.certificate, options.certificateFile);
  const ca = pem('caCert', options.caCert, options.caCertFile);
  if ((key === undefined) !== (cert === undefined)) {
    const missing = key === undefined ? 'privateKey' : 'certificate';
    throw new InvalidArgumentError(`tls: a private key and a certificate go together; ${missing} is missing`);
  }
  return { key, cert, ca };
}

function pem(
  name: string,
  content: string | Buffer | undefined,
  path: string | undefined,
): string | Buffer | undefined {
  if (path === undefined) return content;
  if (content !== undefined) throw new InvalidArgumentError(`tls: give ${name} or ${name}File, not both`);
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InvalidArgumentError(`tls: cannot read ${name}File ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Checks the parts one by one first: OpenSSL's errors do not tell which of them is at fault. */
function secureContext({ key, cert, ca }: TlsParts): NonNullable<ConnectionOptions['secureContext']> {
  // Node takes an authority without any certificate in silence, and then trusts nobody.
  if (ca?.includes('-----BEGIN') === false) throw new InvalidArgumentError('tls: caCert holds no PEM certificate');
  const all: Tls.SecureContextOptions = { minVersion: MIN_VERSION, ...(ca === undefined ? {} : { ca }) };
  attempt('caCert is not usable', all);
  if (key === undefined || cert === undefined) return nodeTls().createSecureContext(all);
  attempt('privateKey is not usable', { key });
  attempt('certificate is not usable', { cert });
  return attempt('privateKey does not belong to certificate', { ...all, key, cert });
}

function attempt(fault: string, options: Tls.SecureContextOptions): NonNullable<ConnectionOptions['secureContext']> {
  try {
    return nodeTls().createSecureContext(options);
  } catch (error) {
    throw new InvalidArgumentError(`tls: ${fault}: ${(error as Error).message}`, { cause: error });
  }
}
