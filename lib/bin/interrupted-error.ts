/** Signals that ask a command to stop. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A command was stopped by the user. */
export class InterruptedError extends Error {
  /** As shells number an end by a signal. */
  readonly exitCode: 129 | 130 | 143;

  constructor(signal: InterruptSignal) {
    super(`stopped by ${signal}`);
    this.name = 'InterruptedError';
    this.exitCode = EXIT_CODES[signal];
  }
}
