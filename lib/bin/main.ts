/** Picks the verb of the command line and turns its outcome into an exit code. */
import { InvalidArgumentError, OvsdbError } from '../errors.js';
import type { CommandOutput, ExitCode } from './command-output.js';
import { GENERATE_HELP, GENERATE_SUMMARY, generate } from './generate-command.js';
import { InterruptedError } from './interrupted-error.js';
import { PORTS_HELP, PORTS_SUMMARY, ports } from './ports/ports-command.js';

interface Verb {
  readonly summary: string;
  readonly help: string;
  /**
   * Throws `InvalidArgumentError` for a command line that makes no sense, other `OvsdbError`s for what failed, and
   * `InterruptedError`.
   */
  readonly run: (args: readonly string[], output: CommandOutput) => Promise<ExitCode>;
}

const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['generate', { summary: GENERATE_SUMMARY, help: GENERATE_HELP, run: (args, output) => done(generate(args, output)) }],
  ['ports', { summary: PORTS_SUMMARY, help: PORTS_HELP, run: ports }],
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
    return await verb.run(rest, output);
  } catch (error) {
    if (error instanceof InterruptedError) {
      output.writeError(`ovn-northbound ${name ?? ''}: ${error.message}\n`);
      return error.exitCode;
    }
    if (!(error instanceof OvsdbError)) throw error;
    output.writeError(`ovn-northbound ${name ?? ''}: ${error.message}\n`);
    if (!(error instanceof InvalidArgumentError)) return 1;
    output.writeError(`Try: ovn-northbound ${name ?? ''} --help\n`);
    return 2;
  }
}

async function done(work: Promise<void>): Promise<ExitCode> {
  await work;
  return 0;
}

function help(): string {
  const verbs = [...VERBS].map(([name, verb]) => `  ${name.padEnd(12)}${verb.summary}\n`).join('');
  return `Usage: ovn-northbound COMMAND [OPTION]...\n\nCommands:\n${verbs}\nHelp on a command: ovn-northbound COMMAND --help\n`;
}
