/** Picks the verb of the command line and turns its outcome into an exit code. */
import { InvalidArgumentError, OvsdbError } from '../errors.js';
import { GENERATE_HELP, GENERATE_SUMMARY, generate } from './generate-command.js';

/** Where a command prints. */
export interface CommandOutput {
  /** Prints results. */
  write(text: string): void;
  /** Prints errors and notes. */
  writeError(text: string): void;
}

/** 0: done; 1: it failed; 2: the command line makes no sense. */
export type ExitCode = 0 | 1 | 2;

interface Verb {
  readonly summary: string;
  readonly help: string;
  /** @throws InvalidArgumentError for a command line that makes no sense. */
  readonly run: (args: readonly string[], output: CommandOutput) => Promise<void>;
}

const VERBS: ReadonlyMap<string, Verb> = new Map([
  ['generate', { summary: GENERATE_SUMMARY, help: GENERATE_HELP, run: generate }],
]);

/** Runs the command line `args` (without the program's name). Never throws for what a user can cause. */
export async function main(args: readonly string[], output: CommandOutput): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    output.write(help());
    return 0;
  }
  const verb = name === undefined ? undefined : VERBS.get(name);
  if (verb === undefined) {
    output.writeError(name === undefined ? help() : `ovn-northbound: there is no command ${name}\n\n${help()}`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    output.write(verb.help);
    return 0;
  }
  try {
    await verb.run(rest, output);
    return 0;
  } catch (error) {
    if (!(error instanceof OvsdbError)) throw error;
    output.writeError(`ovn-northbound ${name ?? ''}: ${error.message}\n`);
    if (!(error instanceof InvalidArgumentError)) return 1;
    output.writeError(`Try: ovn-northbound ${name ?? ''} --help\n`);
    return 2;
  }
}

function help(): string {
  const verbs = [...VERBS].map(([name, verb]) => `  ${name.padEnd(12)}${verb.summary}\n`).join('');
  return `Usage: ovn-northbound COMMAND [OPTION]...\n\nCommands:\n${verbs}\nHelp on a command: ovn-northbound COMMAND --help\n`;
}
