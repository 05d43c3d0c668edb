/** Words for what can go wrong with a socket: what happened, and what to check. */

import { ConnectFailedError } from '../errors.js';
import { formatRemote, type Remote } from './remote.js';

/** Turns the error of a failed connection attempt into one for people; `cause` keeps the original. */
export function connectFailure(remote: Remote, error: Error): ConnectFailedError {
  const code = codeOf(error);
  const [what, hint] = explain(remote, code, error);
  const message = `connecting to ${formatRemote(remote)} failed: ${what}`;
  return new ConnectFailedError(hint === '' ? message : `${message}. ${hint}`, { cause: error });
}

/** Says how an open connection ended; `error` is undefined when the peer closed it in an orderly way. */
export function lossReason(remote: Remote, error: Error | undefined, bytesReceived: number): string {
  const what =
    error === undefined
      ? `the server at ${formatRemote(remote)} closed the connection`
      : `the connection to ${formatRemote(remote)} was lost: ${explain(remote, codeOf(error), error)[0]}`;
  // With TLS 1.3 the client's handshake is over before the server has looked at its certificate.
  return remote.scheme === 'ssl' && bytesReceived === 0
    ? `${what}. Nothing was received on it: the server may have refused the client certificate ` +
        '(check tls.privateKey and tls.certificate, and the CA certificate that the server was given)'
    : what;
}

function explain(remote: Remote, code: string | undefined, error: Error): readonly [what: string, hint: string] {
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
      return remote.scheme === 'ssl'
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
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return ['the peer does not speak TLS', 'Should the remote be tcp: instead of ssl:?'];
    default:
      return code?.includes('_ALERT_') === true
        ? [
            `the server refused the TLS handshake (${error.message.trim()})`,
            'Are tls.privateKey and tls.certificate given, and signed by an authority that the server knows?',
          ]
        : [error.message === '' ? (code ?? error.name) : error.message.trim(), ''];
  }
}

function listenOption(remote: Remote): string {
  switch (remote.scheme) {
    case 'unix':
      return `--remote=punix:${remote.path}`;
    case 'tcp':
    case 'ssl':
      return `--remote=p${remote.scheme}:${remote.port}`;
  }
}

/** The code of an error; where several addresses were tried, that of the first. */
function codeOf(error: Error): string | undefined {
  if ('code' in error && typeof error.code === 'string') return error.code;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return first instanceof Error ? codeOf(first) : undefined;
}
