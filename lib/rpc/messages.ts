/**
 * OVSDB's messages are those of JSON-RPC 1.0 (RFC 7047 §4): no `jsonrpc` member, `id` null in
 * notifications, and errors that are a text or an OVSDB error object. This file tells incoming ones
 * apart and carries requests and replies to and from the JSON-RPC 2.0 shapes of json-rpc-2.0.
 */

import type { JSONRPCRequest, JSONRPCResponse } from 'json-rpc-2.0';

import { printValue, ProtocolError, RpcError } from '../errors.js';
import { parseJson } from '../wire/json.js';

/** A message from the server, by kind. */
export type IncomingMessage =
  | { readonly kind: 'reply'; readonly id: unknown; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly error: unknown }
  | { readonly kind: 'request'; readonly id: unknown; readonly method: string; readonly params: readonly unknown[] }
  | { readonly kind: 'notification'; readonly method: string; readonly params: readonly unknown[] };

/** Code that JSON-RPC 2.0 leaves to implementations; OVSDB's errors have no numbers. */
const SERVER_ERROR_CODE = -32_000;

/**
 * Parses a message, or a part of one.
 *
 * @param mayHoldUnsafeIntegers - As in {@link parseJson}.
 * @throws {@link ProtocolError} when it is no JSON.
 */
export function parseMessage(text: string, mayHoldUnsafeIntegers: boolean): unknown {
  try {
    return parseJson(text, mayHoldUnsafeIntegers);
  } catch (error) {
    const start = `${printValue(text.slice(0, 80))}${text.length > 80 ? ` (first 80 of ${text.length} characters)` : ''}`;
    const message = `the server sent a message that is not JSON: ${(error as Error).message}; it begins ${start}`;
    throw new ProtocolError(message, { cause: error });
  }
}

/**
 * Tells what kind of message `value` is, by what it holds: a missing member counts as null, a result
 * makes a reply, an error an error, and of what has a method, an id makes a request. What has an id and
 * nothing else is a reply whose result is null.
 *
 * @throws {@link ProtocolError} when it is no message of JSON-RPC 1.0.
 */
export function classifyMessage(value: unknown): IncomingMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError(`expected a JSON-RPC message and got ${printValue(value)}`);
  }
  const { id = null, method = null, params = null, result = null, error = null } = value as Record<string, unknown>;
  if (result !== null) return { kind: 'reply', id, result };
  if (error !== null) return { kind: 'error', id, error };
  if (method === null && id !== null) return { kind: 'reply', id, result };
  if (typeof method !== 'string' || !(params === null || Array.isArray(params))) {
    throw new ProtocolError(
      `expected a JSON-RPC message, with a method and an array of params, and got ${printValue(value)}`,
    );
  }
  const list = (params ?? []) as readonly unknown[];
  return id === null ? { kind: 'notification', method, params: list } : { kind: 'request', id, method, params: list };
}

/** The JSON-RPC 1.0 form of a request or notification of json-rpc-2.0. */
export function toWireRequest({ method, params, id }: JSONRPCRequest): object {
  // The server closes the connection on any other member, and on params that are not an array.
  return { method, params: (params ?? []) as unknown, id: id ?? null };
}

/** The JSON-RPC 1.0 form of an answer to a request of the server. */
export function toWireReply(id: unknown, result: unknown, error: unknown): object {
  return { id, result, error };
}

/** The json-rpc-2.0 form of a reply or error of the server; OVSDB's own error is kept in `data`. */
export function toJsonRpcResponse(
  id: number,
  message: Extract<IncomingMessage, { kind: 'reply' | 'error' }>,
): JSONRPCResponse {
  if (message.kind === 'reply') return { jsonrpc: '2.0', id, result: message.result };
  const { error } = message;
  return { jsonrpc: '2.0', id, error: { code: SERVER_ERROR_CODE, message: tagOf(error), data: error } };
}

/** Longest part of a server's error that is shown: the syntax that it complains of may be a whole transaction. */
const MAX_SHOWN_LENGTH = 1000;

/**
 * Turns the error of a reply, a text or an object `{error, details, syntax}`, into an {@link RpcError}. Texts of more
 * than 1000 characters are cut.
 */
export function toRpcError(method: string, error: unknown): RpcError {
  const { details, syntax } = membersOf(error);
  const explanation = [
    typeof details === 'string' ? shown(details) : undefined,
    typeof syntax === 'string' ? `syntax: ${shown(syntax)}` : undefined,
  ].filter((text) => text !== undefined);
  return new RpcError(method, tagOf(error), explanation.length === 0 ? undefined : explanation.join('; '));
}

function tagOf(error: unknown): string {
  const tag = typeof error === 'string' ? error : membersOf(error).error;
  return typeof tag === 'string' ? shown(tag) : printValue(error);
}

function shown(text: string): string {
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}... (${text.length} characters)` : text;
}

function membersOf(error: unknown): Record<string, unknown> {
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
}
