/** A terminal as the live view needs it; {@link file://./process-terminal.ts} makes one of the process's streams. */
import type { Key } from './view.js';

/** Things that happen to a terminal. */
export interface TerminalEvents {
  /** It has another size. */
  resize: () => void;
  /** It takes texts again. */
  drain: () => void;
  /** Nobody is there any more: its window was closed, or the connection to it is gone. */
  lost: () => void;
  /** The process goes on after a stop, and others may have written meanwhile. */
  continue: () => void;
}

/** See the head of this file. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  readonly hasColours: boolean;
  /** May characters beyond ASCII be written? */
  readonly isUnicode: boolean;
  /** Writes a text. False when it is slow: wait for `drain`. */
  write(text: string): boolean;
  /** Returns a function that stops it. */
  on<E extends keyof TerminalEvents>(event: E, listener: TerminalEvents[E]): () => void;
  /** Has each key given to `listener` at once, and not shown. Returns a function that stops it. */
  readKeys(listener: (key: Key) => void): () => void;
  /** Stops the process and those that it was started with, as Ctrl-Z does. Resolves when it goes on. */
  suspend(): Promise<void>;
}
