/** Where a case's server is, and the keys for it. */
import { formatRemote, parseRemotes, type Remote } from '../../lib/wire/remote.js';
import type { TlsOptions } from '../../lib/wire/tls.js';
import { FatalError } from './output.js';

/** One or several remotes and what it takes to talk to them. */
export interface Place {
  readonly remotes: readonly Remote[];
  readonly tls: TlsOptions;
  /** What the case calls a remote that the library prints as `name`. */
  nameOf(name: string): string;
}

/**
 * Takes a case's remotes, and, where the first is `ssl:`, key, certificate and authority from the front of `args`.
 * Passive ones are written `ptcp:HOST:PORT` in cases.
 */
export function takePlace(list: string, args: string[]): Place {
  let tls: TlsOptions = {};
  if (list.startsWith('ssl:')) {
    const [privateKeyFile, certificateFile, caCertFile] = args.splice(0, 3);
    if (privateKeyFile === undefined || certificateFile === undefined || caCertFile === undefined) {
      throw new FatalError('an ssl: remote needs a private key, a certificate and the certificate of the authority');
    }
    tls = { privateKeyFile, certificateFile, caCertFile };
  }
  const given = list.split(/,(?=[a-z]+:)/);
  const names = new Map<string, string>();
  const remotes = given.flatMap((text) => {
    const parsed = parseRemotes(text.replace(/^(ptcp|pssl):(.*\D):(\d+)$/, '$1:$3:$2')).remotes;
    for (const remote of parsed) names.set(formatRemote(remote), text);
    return parsed;
  });
  return { remotes, tls, nameOf: (name) => names.get(name) ?? name };
}
