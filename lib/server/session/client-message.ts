/** Messages of clients, told apart as ovsdb-server does it (RFC 7047 §4). */
import { ProtocolError } from '../../errors.js';
import { parseJson } from '../../wire/json.js';
import { decodeUtf8, type Frame } from '../../wire/framer.js';
import type { Json } from '../database/json-text.js';

/** What a client sent. */
export type ClientMessage =
  | { readonly kind: 'request'; readonly id: Json; readonly method: string; readonly params: readonly Json[] }
  | { readonly kind: 'notification'; readonly method: string; readonly params: readonly Json[] }
  /** The answer to a question for a sign of life. */
  | { readonly kind: 'alive' };

const MEMBERS = new Set(['method', 'params', 'id', 'result', 'error']);
/** Strings with these the server does not read: NUL, and one half of a surrogate pair. */
const UNREADABLE = /\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[dD][c-fC-F])/;
/** Numbers that may be too large or too small for the server, and strings that look so. */
const EXTREME = /[[,:\s]-?[\d.]+[eE][-+]?0*[1-9]\d\d|\d{200}/;
const SMALLEST_NORMAL = 2 ** -1022;
const PAIRS = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\\\/g;

/** Reads a message. Throws `ProtocolError` for what makes ovsdb-server end the connection. */
export function readClientMessage({ bytes, mayHoldUnsafeIntegers }: Frame): ClientMessage {
  const text = decodeUtf8(bytes);
  if (text.includes('\\u') && UNREADABLE.test(text.replace(PAIRS, ''))) {
    throw new ProtocolError('a string holds a NUL character or half a surrogate pair');
  }
  let json: unknown;
  try {
    json = parseJson(text, mayHoldUnsafeIntegers);
  } catch (error) {
    throw new ProtocolError('a message is no JSON', { cause: error });
  }
  if (EXTREME.test(text) && holdsExtreme(json)) throw new ProtocolError('a number is outside of the range of doubles');
  return classify(json as { readonly [member: string]: Json });
}

function classify(message: { readonly [member: string]: Json }): ClientMessage {
  for (const member of Object.keys(message)) {
    if (!MEMBERS.has(member)) throw new ProtocolError(`a message has the unknown member ${member}`);
  }
  const { method = null, params = null, id = null, result = null, error = null } = message;
  if (result !== null || error !== null) {
    // Of answers, only that to a sign of life was asked for.
    if (id === 'echo' && error === null && method === null) return { kind: 'alive' };
    throw new ProtocolError('an answer came that nothing was asked for');
  }
  if (typeof method !== 'string' || !Array.isArray(params)) {
    throw new ProtocolError('a message has no method, or no array of params');
  }
  const list = params as readonly Json[];
  return id === null ? { kind: 'notification', method, params: list } : { kind: 'request', id, method, params: list };
}

/** Does it hold a real number that the server does not read: beyond the range, or so small that it lost precision? */
function holdsExtreme(json: unknown): boolean {
  if (typeof json === 'number') return json !== 0 && !(Math.abs(json) >= SMALLEST_NORMAL && Number.isFinite(json));
  return typeof json === 'object' && json !== null && Object.values(json).some(holdsExtreme);
}
