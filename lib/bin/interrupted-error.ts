/** Signals that ask a command to stop. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM';

/** A command was stopped by the user. */
export class InterruptedError extends Error {
  /** As shells number an end by a signal. */
  readonly exitCode: 130 | 143;

  constructor(signal: InterruptSignal) {
    super(`stopped by ${signal}`);
    this.name = 'InterruptedError';
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}
