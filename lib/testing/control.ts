/**
 * Commands to a running server over its control socket, as ovs-appctl(8) sends them: JSON-RPC 1.0, one
 * request a connection. Without a process per command, a cluster can be asked about itself often.
 */
import { connect } from 'node:net';

import { OvsdbError, printValue } from '../errors.js';
import { clearTimeout, setTimeout } from '../timer.js';

const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * Runs one command and returns its output.
 * @param path - The control socket.
 * Throws {@link OvsdbError} with code `SandboxCommand`: nobody listens there, no answer in time, or the server refused.
 */
export async function control(
  path: string,
  command: string,
  args: readonly string[] = [],
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const fail = (what: string, cause?: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      const text = [command, ...args].join(' ');
      reject(new OvsdbError('SandboxCommand', `"${text}" to ${path} failed: ${what}`, { cause }));
    };
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    let received = '';
    socket.setEncoding('utf8');
    socket.once('error', (error) => fail(error.message, error));
    socket.once('close', () => fail('the server closed the connection without an answer'));
    socket.once('connect', () => socket.write(JSON.stringify({ id: 0, method: command, params: args })));
    socket.on('data', (chunk: string) => {
      received += chunk;
      const reply = parse(received);
      if (reply === undefined) return;
      if (typeof reply.error === 'string') {
        fail(reply.error.trim());
        return;
      }
      if (typeof reply.result !== 'string') {
        fail(`an answer without a text: ${printValue(reply)}`);
        return;
      }
      clearTimeout(timer);
      socket.removeAllListeners('close');
      socket.destroy();
      resolve(reply.result);
    });
  });
}

/** Undefined while the text is not complete: one reply is all that comes. */
function parse(text: string): { result?: unknown; error?: unknown } | undefined {
  try {
    return JSON.parse(text) as { result?: unknown; error?: unknown };
  } catch {
    return undefined;
  }
}
