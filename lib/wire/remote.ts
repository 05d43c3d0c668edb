/**
 * Remotes: the texts by which Open vSwitch's programs name the other end of a connection, see ovsdb(7),
 * "Connection Methods". Active ones, `unix:`, `tcp:` and `ssl:`, say where a server listens; passive
 * ones, `punix:`, `ptcp:` and `pssl:`, where this client listens for a server that calls it.
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

/** Listens on a Unix domain socket; `path` as in {@link UnixRemote}. */
export interface PassiveUnixRemote {
  readonly scheme: 'punix';
  readonly path: string;
}

/** Listens for plain TCP. */
export interface PassiveTcpRemote {
  readonly scheme: 'ptcp';
  readonly port: number;
  /** The address to listen on, as in {@link TcpRemote}. Without it all IPv4 addresses; `::` takes IPv6 as well. */
  readonly host?: string | undefined;
}

/** Listens for TLS over TCP; `port` and `host` as in {@link PassiveTcpRemote}. */
export interface PassiveSslRemote {
  readonly scheme: 'pssl';
  readonly port: number;
  readonly host?: string | undefined;
}

/** Where a database server listens. */
export type ActiveRemote = UnixRemote | TcpRemote | SslRemote;

/** Where this client listens for a database server that connects to it. */
export type PassiveRemote = PassiveUnixRemote | PassiveTcpRemote | PassiveSslRemote;

/** One end of a connection to a database server. */
export type Remote = ActiveRemote | PassiveRemote;

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

const ACCEPTED =
  'expected unix:PATH, tcp:HOST[:PORT] or ssl:HOST[:PORT], with an IPv6 HOST in brackets, ' +
  'or, to listen for the server, punix:PATH, ptcp:PORT[:HOST] or pssl:PORT[:HOST]';
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

/** True for remotes at which this client listens, and the server connects. */
export function isPassive(remote: Remote): remote is PassiveRemote {
  return remote.scheme === 'punix' || remote.scheme === 'ptcp' || remote.scheme === 'pssl';
}

/** True for remotes on this machine by their kind: Unix domain sockets, whose peers cannot vanish unseen. */
export function isLocal(remote: Remote): boolean {
  return remote.scheme === 'unix' || remote.scheme === 'punix';
}

/**
 * Reads one remote; commas belong to it. See {@link parseRemotes} for lists. A passive remote may also be
 * written `ptcp:HOST:PORT`, as Open vSwitch's Python library has it.
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
    case 'punix':
      return { scheme, path: parseUnixPath(given, rest) };
    case 'tcp':
    case 'ssl':
      return { scheme, ...parseHostAndPort(given, rest) };
    case 'ptcp':
    case 'pssl':
      return { scheme, ...parsePassive(given, rest) };
    default:
      throw invalid(given, `unknown scheme ${scheme}:; ${ACCEPTED}`);
  }
}

/** Prints a remote so that {@link parseRemote} reads it back; the port is always written. */
export function formatRemote(remote: Remote): string {
  const { scheme } = remote;
  if (scheme === 'unix' || scheme === 'punix') return `${scheme}:${remote.path}`;
  const { port, host = '' } = remote;
  const bracketed = host.includes(':') ? `[${host}]` : host;
  if (scheme === 'tcp' || scheme === 'ssl') return `${scheme}:${bracketed}:${port}`;
  return host === '' ? `${scheme}:${port}` : `${scheme}:${port}:${bracketed}`;
}

function parseUnixPath(text: string, path: string): string {
  if (path === '') throw invalid(text, `the path is empty; ${ACCEPTED}`);
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

/** `[PORT][:HOST]`, or `HOST:PORT`. */
function parsePassive(text: string, rest: string): { port: number; host?: string } {
  const [, digits, host] = /^(\d*)(?::(.+))?$/s.exec(rest) ?? [];
  if (digits === undefined) {
    // A host alone would leave open which port the server is to call.
    if (!/(?:\]|^[^:]+):\d+$/.test(rest)) throw invalid(text, `a port, or a port and a host, must follow; ${ACCEPTED}`);
    return parseHostAndPort(text, rest);
  }
  if (host === undefined) return { port: parsePort(text, digits === '' ? undefined : digits) };
  return { port: parsePort(text, digits), host: parseHost(text, host) };
}

function parseHostAndPort(text: string, rest: string): { host: string; port: number } {
  if (rest.startsWith('[')) {
    const [, host, port] = /^(\[[^[\]]*\])(?::(.*))?$/s.exec(rest) ?? [];
    if (host === undefined) throw invalid(text, `unbalanced brackets, or text after them; ${ACCEPTED}`);
    return { host: parseHost(text, host), port: parsePort(text, port) };
  }
  const colon = rest.indexOf(':');
  if (colon !== rest.lastIndexOf(':')) return { host: parseHost(text, rest), port: DEFAULT_PORT };
  const host = parseHost(text, colon < 0 ? rest : rest.slice(0, colon));
  return { host, port: parsePort(text, colon < 0 ? undefined : rest.slice(colon + 1)) };
}

/** A host name or an address; IPv6 with or without brackets. */
function parseHost(text: string, host: string): string {
  const bracketed = /^\[(.*)\]$/s.exec(host)?.[1];
  if (bracketed !== undefined) {
    if (!isIPv6(bracketed)) throw invalid(text, `${printValue(bracketed)} in brackets is not an IPv6 address`);
    return bracketed;
  }
  if (host === '') throw invalid(text, `the host is missing; ${ACCEPTED}`);
  if (host.includes(':')) {
    if (!isIPv6(host)) throw invalid(text, `${printValue(host)} is not an IPv6 address; ${ACCEPTED}`);
  } else if (!/^[^\s,/[\]%]+$/.test(host)) {
    throw invalid(text, `${printValue(host)} is not a host name; ${ACCEPTED}`);
  }
  return host;
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
