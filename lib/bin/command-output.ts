/** What commands share: where they print, whom they ask, and how they end. */
import type { InterruptSignal } from './interrupted-error.js';
import type { ProgressLine } from './progress-line.js';
import type { CommandInput } from './standard-input.js';
import type { Terminal } from './watch/terminal.js';

/** Where a command prints, and whom it asks. */
export interface CommandOutput {
  /** Prints results. */
  write(text: string): void;
  /** Prints errors, notes and questions. */
  writeError(text: string): void;
  /** Default: nothing to read, and nobody to ask. */
  readonly input?: CommandInput | undefined;
  /**
   * Calls `listener` when the user wants the command to stop, once: at SIGINT and SIGTERM, or the signals named. Returns a
   * function that stops listening.
   */
  readonly onInterrupt?:
    ((listener: (signal: InterruptSignal) => void, signals?: readonly InterruptSignal[]) => () => void) | undefined;
  /** Calls `listener` when nobody reads what is written any more. */
  readonly onClosed?: ((listener: () => void) => void) | undefined;
  /** The terminal that results are printed on, if it is one that can be drawn on. */
  readonly terminal?: Terminal | undefined;
  /** How results may look to whoever reads them. Default: plain, and nobody is at a terminal. */
  readonly look?: Look | undefined;
  /** Tells somebody at a terminal how far long work has come. */
  readonly progress?: ProgressLine | undefined;
}

/** How results may look. */
export interface Look {
  readonly hasColours: boolean;
  readonly isTerminal: boolean;
  /** Of the terminal. Default: 80. */
  readonly columns?: number | undefined;
  /** Is it known that characters beyond ASCII cannot be shown? */
  readonly isAscii?: boolean | undefined;
}

/**
 * 0: done; 1: it failed; 2: the command line makes no sense; 3 and 4: as the help of the command says; 129, 130 and
 * 143: it was stopped by SIGHUP, SIGINT or SIGTERM, as shells number that.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 129 | 130 | 143;
