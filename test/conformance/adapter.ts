/**
 * Puts the library to cases that were written for the reference clients of Open vSwitch: a program with one
 * sub-command per kind of case, whose output is compared. It translates; what it shows is what the library does.
 */
import { runIdlCluster } from './idl-cluster.js';
import { runIdlPassive } from './idl-passive.js';
import { runIdl } from './idl.js';
import { runLock } from './lock.js';
import { runMonitor } from './monitor.js';
import { printError } from './output.js';
import { runReconnect } from './reconnect.js';
import { runTransact } from './transact.js';

const SUB_COMMANDS: Readonly<Record<string, ((args: string[]) => void | Promise<void>) | undefined>> = {
  idl: runIdl,
  idl_passive: runIdlPassive,
  'idl-cluster': runIdlCluster,
  transact: runTransact,
  monitor: runMonitor,
  lock: runLock,
  reconnect: runReconnect,
};

/** Takes `-tN`, `-t N`, `--timeout=N` or `--timeout N` from the front of the arguments. */
function takeTimeout(args: string[]): number | undefined {
  const [, attached] = /^(?:-t|--timeout=?)(.*)$/.exec(args[0] ?? '') ?? [];
  if (attached === undefined) return undefined;
  args.shift();
  const seconds = Number(attached === '' ? args.shift() : attached);
  return seconds > 0 ? seconds : undefined;
}

async function main(args: string[]): Promise<void> {
  const seconds = takeTimeout(args);
  if (seconds !== undefined) {
    setTimeout(() => {
      printError(`not done within ${seconds} s`);
      process.exit(1);
    }, seconds * 1000).unref();
  }
  const [name = '', ...rest] = args;
  const run = Object.hasOwn(SUB_COMMANDS, name) ? SUB_COMMANDS[name] : undefined;
  if (run === undefined) throw new Error(`unknown sub-command "${name}"`);
  await run(rest);
}

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  printError(
    error instanceof Error && process.env['ADAPTER_TRACE'] !== undefined ? String(error.stack) : String(error),
  );
  process.exit(1);
}
