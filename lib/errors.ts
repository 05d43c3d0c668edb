/**
 * Every error that this library throws. They form one flat family: each is an
 * {@link OvsdbError} with a stable `code` to match on; `cause` keeps what lay below.
 * Messages say what was tried, on what, what came back and, where there is one, what to do.
 */

/** Base class of all errors of this library. Match on `code`, not on the message. */
export class OvsdbError extends Error {
  /** Stable, machine-readable name of what went wrong. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** A remote such as `tcp:127.0.0.1:6641` could not be understood. Code `InvalidRemote`. */
export class InvalidRemoteError extends OvsdbError {
  constructor(message: string) {
    super('InvalidRemote', message);
  }
}

/** An option given by the caller is missing or has no meaning. Code `InvalidArgument`. */
export class InvalidArgumentError extends OvsdbError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('InvalidArgument', message, options);
  }
}

/** No connection to any remote could be made. Code `ConnectFailed`. */
export class ConnectFailedError extends OvsdbError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('ConnectFailed', message, options);
  }
}

/** The connection ended while something was outstanding. Code `ConnectionLost`. */
export class ConnectionLostError extends OvsdbError {
  /** True when the request may have reached the server, so that its effect is unknown. */
  readonly sent: boolean;

  constructor(message: string, options: { sent: boolean; cause?: unknown }) {
    super('ConnectionLost', message, options);
    this.sent = options.sent;
  }
}

/** The client or session was closed by its owner. Code `Closed`. */
export class ClosedError extends OvsdbError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('Closed', message, options);
  }
}

/** Something took longer than its time-out allows. Code `Timeout`. */
export class TimeoutError extends OvsdbError {
  /** The limit that was exceeded, in milliseconds. */
  readonly timeoutMs: number;

  constructor(message: string, timeoutMs: number, options?: { cause?: unknown }) {
    super('Timeout', message, options);
    this.timeoutMs = timeoutMs;
  }
}

/** The peer broke the protocol: not JSON, not JSON-RPC, over a limit, inconsistent. Code `Protocol`. */
export class ProtocolError extends OvsdbError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('Protocol', message, options);
  }
}

/** The server answered a request with a JSON-RPC error (RFC 7047 §4). Code `Rpc`. */
export class RpcError extends OvsdbError {
  /** The OVSDB method that was asked for. */
  readonly method: string;
  /** The server's short error tag, for example `unknown database` or `canceled`. */
  readonly error: string;
  /** The server's explanation, where it gave one. */
  readonly details: string | undefined;

  constructor(method: string, error: string, details?: string) {
    super('Rpc', `${method} was refused by the server: ${error}${details === undefined ? '' : ` (${details})`}`);
    this.method = method;
    this.error = error;
    this.details = details;
  }
}

/** Why a server must not be followed now; see {@link ServerUnfitError}. */
export type UnfitReason = 'no-database' | 'not-joined' | 'disconnected' | 'not-leader' | 'stale' | 'relay';

/**
 * The server answered, but its database is of no use to this client now: it is not there, has not joined its cluster
 * yet, lost the cluster, is not the leader, is older than what the client has seen, or is a relay where a leader is
 * wanted. The client goes on to the next remote. Code `ServerUnfit`.
 */
export class ServerUnfitError extends OvsdbError {
  /** What is wrong with it. */
  readonly reason: UnfitReason;

  constructor(reason: UnfitReason, message: string) {
    super('ServerUnfit', message);
    this.reason = reason;
  }
}

/** A schema is malformed, or lacks the database, table or column that was asked for. Code `Schema`. */
export class SchemaError extends OvsdbError {
  readonly table: string | undefined;
  readonly column: string | undefined;

  constructor(message: string, where: { table?: string; column?: string; cause?: unknown } = {}) {
    super('Schema', message, where);
    this.table = where.table;
    this.column = where.column;
  }
}

/** A value breaks a rule of its column; nothing was sent. Code `Validation`. */
export class ValidationError extends OvsdbError {
  readonly table: string;
  readonly column: string;
  /** The value as the caller gave it. */
  readonly value: unknown;
  /** The rule it breaks, in words, for example `must be at most 4095`. */
  readonly rule: string;

  constructor(table: string, column: string, value: unknown, rule: string) {
    super('Validation', `${table}.${column}: ${printValue(value)} ${rule}`);
    this.table = table;
    this.column = column;
    this.value = value;
    this.rule = rule;
  }
}

/** A table or column that this client does not replicate was read. Code `NotMonitored`. */
export class NotMonitoredError extends OvsdbError {
  constructor(message: string) {
    super('NotMonitored', message);
  }
}

/** Prints a caller's value for a message: short, one line, never throws. */
export function printValue(value: unknown): string {
  let text: string;
  try {
    // undefined for what JSON has no form for, although the declaration does not say so.
    const json = JSON.stringify(value, (_key, v: unknown) => printable(v)) as string | undefined;
    text = isBareNumber(value) ? String(value) : (json ?? String(value).replace(/\s+/g, ' '));
  } catch {
    text = typeof value;
  }
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** What JSON would print as something else, or not at all. */
function printable(value: unknown): unknown {
  if (isBareNumber(value)) return String(value);
  return value instanceof Set || value instanceof Map ? [...(value as Iterable<unknown>)] : value;
}

/** True for numbers that JSON has no form for. */
function isBareNumber(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value));
}
