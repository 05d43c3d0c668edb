/** The terminal that the process was started at. */
import { emitKeypressEvents } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Terminal, TerminalEvents } from './terminal.js';
import type { Key } from './view.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A process that was stopped goes on where it was; one that could not be, because nobody would wake it, at once. */
const STOP_MS = 50;

/** Can the cursor be placed on a terminal of this kind? */
export function isCapable({ TERM: term }: Environment): boolean {
  return term !== undefined && term !== '' && term !== 'dumb';
}

/** Shall there be colours? See no-color.org. */
export function hasColours({ NO_COLOR: noColour }: Environment): boolean {
  return noColour === undefined || noColour === '';
}

/** Does the locale say that a terminal takes UTF-8? */
export function isUnicode({ LC_ALL: all, LC_CTYPE: characters, LANG: language }: Environment): boolean {
  return /utf-?8/i.test(all || characters || language || '');
}

/** Does the locale say that it does not? Where there is none, as in most containers, it most likely does. */
export function isKnownAscii(environment: Environment): boolean {
  const { LC_ALL: all, LC_CTYPE: characters, LANG: language } = environment;
  return Boolean(all || characters || language) && !isUnicode(environment);
}

/** `input` may be something else than a terminal; then there are no keys. */
export function processTerminal(input: ReadStream, output: WriteStream, environment: Environment): Terminal {
  return {
    // A terminal that does not know its size says 0.
    get columns() {
      return output.columns || 80;
    },
    get rows() {
      return output.rows || 24;
    },
    hasColours: hasColours(environment),
    isUnicode: isUnicode(environment),
    write: (text) => output.write(text),
    on: (event, listener) => listen(input, output, event, listener),
    readKeys: (listener) => readKeys(input, listener),
    suspend: () =>
      new Promise((resolve) => {
        // Windows has no such signal.
        if (process.platform !== 'win32') process.kill(0, 'SIGTSTP');
        setTimeout(resolve, STOP_MS);
      }),
  };
}

function listen<E extends keyof TerminalEvents>(
  input: ReadStream,
  output: WriteStream,
  event: E,
  listener: TerminalEvents[E],
): () => void {
  if (event === 'lost') {
    output.on('error', listener);
    // What is read from something else may well end.
    if (!input.isTTY) return () => output.off('error', listener);
    input.on('end', listener);
    input.on('error', listener);
    return () => {
      output.off('error', listener);
      input.off('end', listener);
      input.off('error', listener);
    };
  }
  if (event === 'continue') {
    process.on('SIGCONT', listener);
    return () => process.off('SIGCONT', listener);
  }
  output.on(event, listener);
  return () => output.off(event, listener);
}

function readKeys(input: ReadStream, listener: (key: Key) => void): () => void {
  if (!input.isTTY) return () => undefined;
  const heard = (text: string | undefined, key: { name?: string; ctrl: boolean; sequence?: string }): void => {
    listener({ name: key.name, ctrl: key.ctrl, text: text ?? key.sequence ?? '' });
  };
  emitKeypressEvents(input);
  input.setRawMode(true);
  input.on('keypress', heard);
  input.resume();
  return () => {
    input.off('keypress', heard);
    try {
      input.setRawMode(false);
    } catch {
      // There is no terminal any more that could be put right.
    }
    // One that is read keeps the process alive.
    input.pause();
  };
}
