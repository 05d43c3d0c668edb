/** Words for what can go wrong with a socket: what happened, and what to check. */

import { ConnectFailedError } from '../errors.js';
import { formatRemote, isPassive, type ActiveRemote, type PassiveRemote, type Remote } from './remote.js';

/** What is known of the peer of a connection beyond its remote. */
export interface PeerDescription {
  /** Name of the certificate that was shown to it, where one was. */
  readonly certificate?: string | undefined;
  /** Where a server that connected to a passive remote did so from. */
  readonly address?: string | undefined;
}

/** Turns the error of a failed connection attempt into one for people; `cause` keeps the original. */
export function connectFailure(remote: ActiveRemote, error: Error, certificate?: string): ConnectFailedError {
  return failed(`connecting to ${formatRemote(remote)} failed`, explain(remote, error, certificate), error);
}

/** The error of a passive remote at which this process cannot listen. */
export function listenFailure(remote: PassiveRemote, error: Error): ConnectFailedError {
  return failed(`listening at ${formatRemote(remote)} failed`, explainListening(remote, error), error);
}

/** The error of a server that connected to a passive remote, but with which TLS did not come about. */
export function acceptFailure(remote: PassiveRemote, error: Error, peer: PeerDescription): ConnectFailedError {
  const what = `a connection to ${formatRemote(remote)} from ${peer.address ?? 'somewhere'} was not accepted`;
  return failed(what, explain(remote, error, peer.certificate), error);
}

/** Says how an open connection ended; `error` is undefined when the peer closed it in an orderly way. */
export function lossReason(
  remote: Remote,
  error: Error | undefined,
  { certificate, address, bytesReceived }: PeerDescription & { readonly bytesReceived: number },
): string {
  const name = formatRemote(remote);
  const caller = `the server that connected to ${name}${address === undefined ? '' : ` from ${address}`}`;
  const [what, hint] = error === undefined ? ['', ''] : explain(remote, error, certificate);
  const loss =
    error === undefined
      ? `${isPassive(remote) ? caller : `the server at ${name}`} closed the connection`
      : `the connection to ${isPassive(remote) ? caller : name} was lost: ${what}`;
  if (error !== undefined && alertOf(error) !== undefined) return `${loss}. ${hint}`;
  // With TLS 1.3 the client's handshake is over before the server has looked at its certificate.
  return remote.scheme === 'ssl' && bytesReceived === 0
    ? `${loss}. Nothing was received on it: the server may have refused the client certificate ` +
        `${certificate === undefined ? '(none was given; check' : `${certificate} (check`} tls.privateKey and ` +
        'tls.certificate, and the CA certificate that the server was given)'
    : loss;
}

type Explanation = readonly [what: string, hint: string];

function failed(trial: string, [what, hint]: Explanation, cause: Error): ConnectFailedError {
  return new ConnectFailedError(`${trial}: ${what}${hint === '' ? '' : `. ${hint}`}`, { cause });
}

function explain(remote: Remote, error: Error, certificate: string | undefined): Explanation {
  const code = codeOf(error);
  switch (code) {
    case 'ECONNREFUSED':
      return [
        'connection refused',
        `Is ovsdb-server running and listening there, that is with ${listenOption(remote)}?`,
      ];
    case 'ENOENT':
      return ['there is no such socket', 'Is the path right and ovsdb-server running?'];
    case 'EACCES':
    case 'EPERM':
      return ['permission denied', 'May this user write to the socket and search its directories?'];
    case 'ENOTSOCK':
      return ['the path is not a socket', 'Is the path right?'];
    case 'ETIMEDOUT':
      return ['no answer', 'Is a firewall in between, or the host down?'];
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ['the host cannot be reached', 'Is the address right, and is there a route to it?'];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['the host name cannot be resolved', 'Is it spelt right, and does name resolution work on this machine?'];
    case 'ECONNRESET':
    case 'EPIPE':
      return remote.scheme === 'ssl' || remote.scheme === 'pssl'
        ? [
            'the server cut the connection',
            'Does it speak TLS on that port, and does it accept the client certificate?',
          ]
        : ['the server cut the connection', ''];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [error.message, "The certificate is for another name; verify: 'chain' leaves the name unchecked."];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return [
        `the server's certificate is not signed by the given authority (${error.message})`,
        'Is tls.caCert the certificate of the authority that signed the server, for example cacert.pem of ovs-pki?',
      ];
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return [
        `the server's certificate is not valid now (${error.message})`,
        "Check its dates and this machine's clock.",
      ];
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return ['the server showed no certificate', 'Was it started with --private-key and --certificate?'];
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return ['the TLS handshake took too long', 'Does the server connect with ssl:, as it must?'];
    case 'ERR_SSL_HTTP_REQUEST':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return remote.scheme === 'pssl'
        ? ['the peer does not speak TLS', 'Should the remote be ptcp: instead of pssl:?']
        : ['the peer does not speak TLS', 'Should the remote be tcp: instead of ssl:?'];
    default:
      return (
        explainAlert(error, certificate) ?? [error.message === '' ? (code ?? error.name) : error.message.trim(), '']
      );
  }
}

/** What a TLS alert of the server means, see RFC 8446 §6.2. */
function explainAlert(error: Error, certificate: string | undefined): Explanation | undefined {
  const alert = alertOf(error);
  if (alert === undefined) return undefined;
  if (alert.includes('certificate') || alert === 'unknown ca') {
    if (certificate === undefined) {
      return ['the server demands a client certificate', 'Give tls.privateKey and tls.certificate.'];
    }
    const hint =
      alert === 'certificate expired'
        ? 'Renew it; its file is read again for the next connection.'
        : 'It must be signed by an authority that the server was given with --ca-cert.';
    return [`the server refused the client certificate ${certificate} (${alert})`, hint];
  }
  return [
    `the server refused the TLS handshake (${alert})`,
    'Are tls.privateKey and tls.certificate given, and signed by an authority that the server knows?',
  ];
}

/** The name of the TLS alert that the peer sent, for example `unknown ca`. */
function alertOf(error: Error): string | undefined {
  return /_ALERT_(.+)$/
    .exec(codeOf(error) ?? '')?.[1]
    ?.toLowerCase()
    .replaceAll('_', ' ');
}

function explainListening(remote: PassiveRemote, error: Error): Explanation {
  const code = codeOf(error);
  switch (code) {
    case 'EADDRINUSE':
      return remote.scheme === 'punix'
        ? ['the path is taken', 'Only a socket at which nobody listens any more is replaced; choose another path.']
        : ['the port is taken', 'Does another process, or another client of this one, listen there?'];
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['this machine has no such address', 'Without a host all IPv4 addresses are listened at.'];
    case 'EACCES':
    case 'EPERM':
      return remote.scheme === 'punix'
        ? // Node reports a missing directory so, too.
          ['permission denied, or no such directory', 'May this user create files there?']
        : ['permission denied', 'Ports below 1024 are for privileged processes.'];
    default:
      return [error.message === '' ? (code ?? error.name) : error.message.trim(), ''];
  }
}

function listenOption(remote: Remote): string {
  switch (remote.scheme) {
    case 'unix':
      return `--remote=punix:${remote.path}`;
    case 'tcp':
    case 'ssl':
      return `--remote=p${remote.scheme}:${remote.port}`;
    default:
      return `--remote=${formatRemote(remote)}`;
  }
}

/** The code of an error; where several addresses were tried, that of the first. */
function codeOf(error: Error): string | undefined {
  if ('code' in error && typeof error.code === 'string') return error.code;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return first instanceof Error ? codeOf(first) : undefined;
}
