/** `ovn-northbound ports`: the ports that are kept for StatefulSets, for operators and their scripts. */
import { InvalidArgumentError, OvsdbError } from '../../errors.js';
import { stringifyJson } from '../../wire/json.js';
import { InterruptedError } from '../interrupted-error.js';
import type { CommandOutput, ExitCode } from '../command-output.js';
import { adopt } from './adopt-command.js';
import { apply } from './apply-command.js';
import { parseCommandLine, type SubCommandName } from './command-line.js';
import type { PortsContext } from './database.js';
import { audit, capacity, list } from './list-commands.js';
import { prune, release } from './release-commands.js';
import { errorJson, type Report } from './report.js';
import { printable } from '../printable.js';

export { PORTS_HELP, PORTS_SUMMARY } from './help.js';

const SUB_COMMANDS: Readonly<Record<SubCommandName, (context: PortsContext) => Promise<Report>>> = {
  plan: apply,
  apply,
  readdress: apply,
  adopt,
  list,
  audit,
  capacity,
  release,
  prune,
};

/**
 * Runs the command. Throws `InvalidArgumentError` for a command line that makes no sense, other `OvsdbError`s for
 * what fails, and `InterruptedError`; what was done by then is printed before.
 */
export async function ports(args: readonly string[], output: CommandOutput): Promise<ExitCode> {
  const { name, values } = parseCommandLine(args);
  const interruption = new AbortController();
  const stopListening = output.onInterrupt?.((signal) => interruption.abort(new InterruptedError(signal)));
  const context: PortsContext = { name, values, output, signal: interruption.signal, hasBegun: false };
  let report: Report;
  try {
    report = await SUB_COMMANDS[name](context);
  } catch (failure) {
    // A wrong command line has no result, and what is no error of ours is a fault of the program.
    const isOurs = failure instanceof OvsdbError || failure instanceof InterruptedError;
    if (failure instanceof InvalidArgumentError || !isOurs) throw failure;
    report = { text: '', json: {}, complaints: [], exitCode: 1, failure };
  } finally {
    stopListening?.();
  }
  const { failure } = report;
  const exitCode = failure instanceof InterruptedError ? failure.exitCode : report.exitCode;
  if (values.json === true) {
    const error = failure === undefined ? null : errorJson(failure);
    output.write(`${stringifyJson({ command: name, exitCode, error, ...report.json })}\n`);
  } else {
    output.write(report.text);
  }
  for (const complaint of report.complaints) output.writeError(`${printable(complaint)}\n`);
  if (failure === undefined) return exitCode;
  if (failure instanceof InterruptedError) {
    const begun = 'what was sent by then stays; the same command goes on from there';
    output.writeError(`${context.hasBegun ? begun : 'nothing was changed'}\n`);
  }
  throw failure as Error;
}
