/**
 * Remotes: the texts by which Open vSwitch's programs name a database server, see ovsdb(7),
 * "Connection Methods". Only the active methods `unix:`, `tcp:` and `ssl:` are taken; a server that
 * should call the client (`ptcp:` and its kin) is refused.
 */

import { Buffer } from 'node:buffer';
import { isIPv6 } from 'node:net';

import { InvalidRemoteError, printValue } from '../errors.js';

/** A Unix domain socket on this machine. A relative path counts from the process's working directory. */
export interface UnixRemote {
  readonly scheme: 'unix';
  readonly path: string;
}

/** Plain TCP. `host` is a DNS name, an IPv4 address, or an IPv6 address without brackets (`%scope` allowed). */
export interface TcpRemote {
  readonly scheme: 'tcp';
  readonly host: string;
  readonly port: number;
}

/** TLS over TCP; `host` as in {@link TcpRemote}. */
export interface SslRemote {
  readonly scheme: 'ssl';
  readonly host: string;
  readonly port: number;
}

/** Where a database server listens. */
export type Remote = UnixRemote | TcpRemote | SslRemote;

/** Servers of one database, in the order given, and the cluster that they must belong to, if one was named. */
export interface RemoteList {
  readonly remotes: readonly Remote[];
  /** Uuid from a `cid:` element, lower case: servers of another cluster are to be refused. */
  readonly clusterId: string | undefined;
}

/** IANA's port for OVSDB (RFC 7047 §7), used when a remote names none. */
export const DEFAULT_PORT = 6640;

/** `sun_path` of Linux holds 108 bytes, the last of which is a NUL. */
const MAX_UNIX_PATH_BYTES = 107;

const ACCEPTED = 'expected unix:PATH, tcp:HOST[:PORT] or ssl:HOST[:PORT], with an IPv6 HOST in brackets';
const CLUSTER_ID = /^cid:([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/i;
/** A comma starts a new element only in front of a scheme, since unix paths may hold commas. */
const ELEMENT_SEPARATOR = /\s*,\s*(?=[a-z]+:)/;

/**
 * Reads a list of remotes, for example `tcp:10.0.0.1:6641,tcp:10.0.0.2:6641`. Blanks around the
 * elements are allowed. An element `cid:UUID` pins the cluster id instead of naming a server.
 * An array may be given instead of commas; its elements may be lists themselves.
 *
 * @throws {@link InvalidRemoteError} when the list names no server, an element is not understood, or
 * two different cluster ids are given.
 */
export function parseRemotes(text: string | readonly string[]): RemoteList {
  const texts: readonly unknown[] = Array.isArray(text) ? text : [text];
  const remotes: Remote[] = [];
  let clusterId: string | undefined;
  for (const item of texts) {
    if (typeof item !== 'string') throw invalid(item, ACCEPTED);
    for (const element of item.trim().split(ELEMENT_SEPARATOR)) {
      if (!element.startsWith('cid:')) {
        remotes.push(parseRemote(element));
        continue;
      }
      const id = CLUSTER_ID.exec(element)?.[1]?.toLowerCase();
      if (id === undefined) throw invalid(element, 'expected cid: and the uuid of a cluster');
      if (clusterId !== undefined && clusterId !== id) {
        throw invalid(item, `two cluster ids were given, ${clusterId} and ${id}; give one`);
      }
      clusterId = id;
    }
  }
  if (remotes.length === 0) throw invalid(text, `it names no server; ${ACCEPTED}`);
  return { remotes, clusterId };
}

/**
 * Reads one remote; commas belong to it. See {@link parseRemotes} for lists.
 *
 * @throws {@link InvalidRemoteError} that names the text and the forms that are accepted.
 */
export function parseRemote(text: string): Remote {
  const given: unknown = text;
  if (typeof given !== 'string' || given.trim() === '') throw invalid(given, ACCEPTED);
  const [, scheme, rest] = /^\s*([a-z]+):(.*?)\s*$/s.exec(given) ?? [];
  if (scheme === undefined || rest === undefined) throw invalid(given, ACCEPTED);
  switch (scheme) {
    case 'unix':
      return { scheme, path: parseUnixPath(given, rest) };
    case 'tcp':
    case 'ssl':
      return { scheme, ...parseHostAndPort(given, rest) };
    case 'punix':
    case 'ptcp':
    case 'pssl':
      throw invalid(
        given,
        `${scheme}: listens, and this client only connects; name the server with ${scheme.slice(1)}: instead`,
      );
    default:
      throw invalid(given, `unknown scheme ${scheme}:; ${ACCEPTED}`);
  }
}

/** Prints a remote so that {@link parseRemote} reads it back; the port is always written. */
export function formatRemote(remote: Remote): string {
  if (remote.scheme === 'unix') return `unix:${remote.path}`;
  const host = remote.host.includes(':') ? `[${remote.host}]` : remote.host;
  return `${remote.scheme}:${host}:${String(remote.port)}`;
}

function parseUnixPath(text: string, path: string): string {
  if (path === '') throw invalid(text, 'the path is empty; expected unix:PATH');
  if (path.includes('\0')) throw invalid(text, 'the path holds a NUL character');
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_UNIX_PATH_BYTES) {
    throw invalid(
      text,
      `the path has ${bytes} bytes and a Unix socket's address holds at most ${MAX_UNIX_PATH_BYTES}; ` +
        'use a shorter path, a symbolic link, or a path relative to the working directory',
    );
  }
  return path;
}

function parseHostAndPort(text: string, rest: string): { host: string; port: number } {
  if (rest.startsWith('[')) {
    const [, host, port] = /^\[([^[\]]*)\](?::(.*))?$/s.exec(rest) ?? [];
    if (host === undefined) throw invalid(text, `unbalanced brackets, or text after them; ${ACCEPTED}`);
    if (!isIPv6(host)) throw invalid(text, `${printValue(host)} in brackets is not an IPv6 address`);
    return { host, port: parsePort(text, port) };
  }
  const colon = rest.indexOf(':');
  if (colon !== rest.lastIndexOf(':')) {
    if (!isIPv6(rest)) throw invalid(text, `${printValue(rest)} is not an IPv6 address; ${ACCEPTED}`);
    return { host: rest, port: DEFAULT_PORT };
  }
  const host = colon < 0 ? rest : rest.slice(0, colon);
  if (host === '') throw invalid(text, `the host is missing; ${ACCEPTED}`);
  if (!/^[^\s,/[\]%]+$/.test(host)) throw invalid(text, `${printValue(host)} is not a host name; ${ACCEPTED}`);
  return { host, port: parsePort(text, colon < 0 ? undefined : rest.slice(colon + 1)) };
}

function parsePort(text: string, digits: string | undefined): number {
  if (digits === undefined) return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65_535) throw invalid(text, `${printValue(digits)} is not a port from 1 to 65535`);
  return port;
}

function invalid(text: unknown, why: string): InvalidRemoteError {
  return new InvalidRemoteError(`cannot use ${printValue(text)} as a remote: ${why}`);
}
