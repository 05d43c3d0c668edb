/** What commands share: where they print, whom they ask, and how they end. */
import type { InterruptSignal } from './interrupted-error.js';
import type { CommandInput } from './standard-input.js';

/** Where a command prints, and whom it asks. */
export interface CommandOutput {
  /** Prints results. */
  write(text: string): void;
  /** Prints errors, notes and questions. */
  writeError(text: string): void;
  /** Default: nothing to read, and nobody to ask. */
  readonly input?: CommandInput | undefined;
  /** Calls `listener` when the user wants the command to stop, once. Returns a function that stops listening. */
  readonly onInterrupt?: ((listener: (signal: InterruptSignal) => void) => () => void) | undefined;
}

/**
 * 0: done; 1: it failed; 2: the command line makes no sense; 3 and 4: as the help of the command says; 130 and 143: it
 * was stopped by SIGINT or SIGTERM, as shells number that.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130 | 143;
