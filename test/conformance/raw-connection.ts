/** The second connection of a case: requests as they stand, and their replies. */
import { RpcSession, type RpcSessionOptions } from '../../lib/rpc/session.js';
import { parseJson } from '../../lib/wire/json.js';
import { streamOpener } from '../../lib/wire/stream-opener.js';
import { FatalError } from './output.js';
import type { Place } from './place.js';

/** Longest wait for one of several servers to accept the connection. */
const CONNECT_TIMEOUT_MS = 2000;

/** Connects to the first server that answers, or, at a passive remote, waits until one calls. */
export async function openSession(
  { remotes, tls }: Place,
  handlers: Partial<Pick<RpcSessionOptions, 'onNotification' | 'onClose'>> = {},
): Promise<RpcSession> {
  let failure: unknown;
  for (const remote of remotes) {
    const opener = streamOpener();
    try {
      const stream = await opener.open(remote, tls, { timeoutMs: CONNECT_TIMEOUT_MS });
      return new RpcSession(stream, { onNotification: () => undefined, onClose: () => undefined, ...handlers });
    } catch (error) {
      failure = error;
    } finally {
      opener.close();
    }
  }
  throw new FatalError(`no server could be reached: ${String(failure)}`);
}

/** The elements of a text that holds a JSON array, integers in full. */
export function parseArray(text: string): unknown[] {
  let value: unknown;
  try {
    value = parseJson(text, true);
  } catch (error) {
    throw new FatalError(`"${text}" is not JSON: ${String(error)}`);
  }
  if (!Array.isArray(value)) throw new FatalError(`"${text}" is not an array`);
  return value as unknown[];
}
