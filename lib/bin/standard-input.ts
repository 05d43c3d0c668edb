/** What a command reads from: a manifest that is piped in, or the answers of somebody at a terminal. */
import { createInterface } from 'node:readline';
import { addAbortSignal, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** Standard input, as a command sees it. */
export interface CommandInput {
  /** Whether somebody is there to answer questions. */
  readonly isTerminal: boolean;
  /** Everything up to its end. Rejects as the stream fails, and with the reason of `signal`. */
  readAll(signal: AbortSignal): Promise<string>;
  /** The next line without its end; undefined at the end of the input. Rejects with the reason of `signal`. */
  readLine(signal: AbortSignal): Promise<string | undefined>;
}

/** A command's input from a stream, such as `process.stdin`. */
export function commandInput(stream: Readable & { readonly isTTY?: boolean | undefined }): CommandInput {
  return {
    isTerminal: stream.isTTY === true,
    readAll: (signal) => readAll(stream, signal),
    readLine: (signal) => readLine(stream, signal),
  };
}

async function readAll(stream: Readable, signal: AbortSignal): Promise<string> {
  // Destroys the stream, since one that is still open would keep the process alive.
  addAbortSignal(signal, stream);
  try {
    return await text(stream);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function readLine(stream: Readable, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    // The terminal stays as it is, with its own line editing, and Ctrl-C stays a signal to the process.
    const lines = createInterface({ input: stream, terminal: false });
    const end = (): void => {
      signal.removeEventListener('abort', stop);
      lines.close();
      // Otherwise an open terminal keeps the process alive.
      stream.pause();
    };
    const stop = (): void => {
      reject(signal.reason);
      end();
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    lines.once('line', (line) => {
      resolve(line);
      end();
    });
    lines.once('close', () => {
      resolve(undefined);
      end();
    });
  });
}
