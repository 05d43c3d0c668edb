/** Picks the verb of the command line and turns its outcome into an exit code. */
import { InvalidArgumentError, OvsdbError } from '../errors.js';
import type { CommandOutput, ExitCode } from './command-output.js';
import { DEMO_HELP, DEMO_SUMMARY, demo } from './demo/demo-command.js';
import { GENERATE_HELP, GENERATE_SUMMARY, generate } from './generate-command.js';
import { programHelp } from './help.js';
import { InterruptedError } from './interrupted-error.js';
import { nearestCommand } from './nearest-command.js';
import { PORTS_HELP, PORTS_SUMMARY, ports } from './ports/ports-command.js';
import { printable, printableLines } from './printable.js';
import { packageVersion } from './package-version.js';
import { WATCH_HELP, WATCH_SUMMARY, watch } from './watch/watch-command.js';

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
  ['demo', { summary: DEMO_SUMMARY, help: DEMO_HELP, run: demo }],
  ['watch', { summary: WATCH_SUMMARY, help: WATCH_HELP, run: watch }],
  ['generate', { summary: GENERATE_SUMMARY, help: GENERATE_HELP, run: (args, output) => done(generate(args, output)) }],
  ['ports', { summary: PORTS_SUMMARY, help: PORTS_HELP, run: ports }],
]);

/** Runs the command line `args` (without the program's name). Never throws for what a user can cause. */
export async function main(args: readonly string[], output: CommandOutput): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h') {
    output.write(help());
    return 0;
  }
  if (name === '--version' || name === '-V') {
    output.write(`ovn-northbound ${packageVersion()}\n`);
    return 0;
  }
  if (name === 'help') return main(rest[0] === undefined ? ['--help'] : [rest[0], '--help'], output);
  const verb = VERBS.get(name);
  if (verb === undefined) {
    const nearest = nearestCommand(name, VERBS.keys());
    const advice = nearest === undefined ? help() : `Did you mean ${nearest}? All commands: ovn-northbound --help\n`;
    output.writeError(`ovn-northbound: there is no command ${printable(name)}\n${advice}`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    output.write(verb.help);
    return 0;
  }
  try {
    return await verb.run(rest, output);
  } catch (error) {
    output.progress?.close();
    if (error instanceof InterruptedError) {
      output.writeError(`ovn-northbound ${name}: ${error.message}\n`);
      return error.exitCode;
    }
    if (!(error instanceof OvsdbError)) throw error;
    output.writeError(`ovn-northbound ${name}: ${printableLines(error.message)}\n`);
    if (!(error instanceof InvalidArgumentError)) return 1;
    output.writeError(`Try: ovn-northbound ${name} --help\n`);
    return 2;
  }
}

async function done(work: Promise<void>): Promise<ExitCode> {
  await work;
  return 0;
}

function help(): string {
  return programHelp(Array.from(VERBS, ([name, { summary }]) => [name, summary] as const));
}
