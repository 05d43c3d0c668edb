/** Asks before something is given up. */
import { InvalidArgumentError } from '../../errors.js';
import type { CommandOutput } from '../command-output.js';
import { readsStandardInput } from './command-line.js';
import type { PortsContext } from './database.js';

/** What is asked, and of whom. */
export interface Question {
  /** Lines that show what is at stake; printed before the question. */
  readonly details: string;
  /** The question itself, without the choice of answers. */
  readonly text: string;
}

/**
 * Throws `InvalidArgumentError` when nobody is there to be asked, and `--yes` was not given. What cannot be asked later
 * shall not be begun.
 */
export function requireAnswerable({ values, output }: PortsContext, what: string): void {
  if (values.yes === true) return;
  const isRead = readsStandardInput(values);
  if (output.input?.isTerminal === true && !isRead) return;
  const why = isRead ? 'is read for "-", so that nobody can answer there' : 'is no terminal to ask at';
  throw new InvalidArgumentError(
    `${what}, and standard input ${why}; nothing was changed. Look with --dry-run, then give --yes`,
  );
}

/**
 * Shows what is at stake on standard error and asks. Resolves with whether the answer is yes; the end of the input is a
 * no. Rejects with the reason of `signal`.
 */
export async function isConfirmed(
  output: CommandOutput,
  { details, text }: Question,
  signal: AbortSignal,
): Promise<boolean> {
  output.writeError(`${details}${text} [y/N] `);
  let answer: string | undefined;
  try {
    answer = await output.input?.readLine(signal);
  } finally {
    // Whoever answers ends the line; otherwise what comes next would stand behind the question.
    if (answer === undefined) output.writeError('\n');
  }
  return /^\s*y(es)?\s*$/i.test(answer ?? '');
}
