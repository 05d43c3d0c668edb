/**
 * TLS for `ssl:` remotes. Servers of Open vSwitch ask for a client certificate and are known by their
 * certificate authority, not by their host name: the certificates that ovs-pki(8) makes carry no host
 * name at all. So the default is to verify the chain and leave the name alone.
 */

import type { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext, type ConnectionOptions, type SecureContextOptions } from 'node:tls';

import { InvalidArgumentError } from '../errors.js';
import type { SslRemote } from './remote.js';

/**
 * Keys and certificates, each either as PEM text or as the path of a PEM file. Files are read again for
 * every connection, so that rotated certificates are taken up on the next one.
 */
export interface TlsOptions {
  /** The client's private key, PEM. */
  readonly privateKey?: string | Buffer;
  /** Path of the client's private key. */
  readonly privateKeyFile?: string;
  /** The client's certificate, PEM, followed by intermediate ones if there are any. */
  readonly certificate?: string | Buffer;
  /** Path of the client's certificate. */
  readonly certificateFile?: string;
  /** Certificates of the authority that the server must be signed by, PEM. */
  readonly caCert?: string | Buffer;
  /** Path of the authority's certificates. */
  readonly caCertFile?: string;
  /**
   * `chain` (default): the server must be signed by the given authority, whatever name its certificate carries.
   * `host-name`: the certificate must be for the remote's host, too; without `caCert` the public authorities count.
   */
  readonly verify?: 'chain' | 'host-name';
}

/**
 * What `tls.connect` needs to reach `remote`, files read.
 *
 * @throws {@link InvalidArgumentError} that names the option when one is missing, contradictory or unreadable.
 */
export function tlsConnectionOptions(remote: SslRemote, options: TlsOptions): ConnectionOptions {
  const key = pem('privateKey', options.privateKey, options.privateKeyFile);
  const cert = pem('certificate', options.certificate, options.certificateFile);
  const ca = pem('caCert', options.caCert, options.caCertFile);
  const verify = options.verify ?? 'chain';
  if ((key === undefined) !== (cert === undefined)) {
    const missing = key === undefined ? 'privateKey' : 'certificate';
    throw new InvalidArgumentError(`tls: a private key and a certificate go together; ${missing} is missing`);
  }
  if (ca === undefined && verify === 'chain') {
    throw new InvalidArgumentError(
      'tls: caCert or caCertFile is needed, since without it a certificate of any public authority would do; ' +
        "for a server with a public certificate use verify: 'host-name'",
    );
  }
  return {
    host: remote.host,
    port: remote.port,
    rejectUnauthorized: true,
    secureContext: secureContext({ key, cert, ca }),
    // Server names are for DNS names only (RFC 6066 §3).
    ...(isIP(remote.host) === 0 ? { servername: remote.host } : {}),
    ...(verify === 'chain' ? { checkServerIdentity: () => undefined } : {}),
  };
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
function secureContext(parts: {
  readonly key: string | Buffer | undefined;
  readonly cert: string | Buffer | undefined;
  readonly ca: string | Buffer | undefined;
}): NonNullable<ConnectionOptions['secureContext']> {
  const { key, cert, ca } = parts;
  // Node takes an authority without any certificate in silence, and then trusts nobody.
  if (ca?.includes('-----BEGIN') === false) throw new InvalidArgumentError('tls: caCert holds no PEM certificate');
  const all: SecureContextOptions = { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) };
  attempt('caCert is not usable', all);
  if (key === undefined || cert === undefined) return createSecureContext(all);
  attempt('privateKey is not usable', { key });
  attempt('certificate is not usable', { cert });
  return attempt('privateKey does not belong to certificate', { ...all, key, cert });
}

function attempt(fault: string, options: SecureContextOptions): NonNullable<ConnectionOptions['secureContext']> {
  try {
    return createSecureContext(options);
  } catch (error) {
    throw new InvalidArgumentError(`tls: ${fault}: ${(error as Error).message}`, { cause: error });
  }
}
