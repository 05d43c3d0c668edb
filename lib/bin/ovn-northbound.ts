#!/usr/bin/env node
/** The command `ovn-northbound`. */
import { printsColours } from './colours.js';
import type { InterruptSignal } from './interrupted-error.js';
import { main } from './main.js';
import { ProgressLine } from './progress-line.js';
import { commandInput } from './standard-input.js';
import { isCapable, isKnownAscii, processTerminal } from './watch/process-terminal.js';

const { stdout, stderr } = process;

/** The first signal is the listener's; the next one ends the process as ever. */
function onInterrupt(
  listener: (signal: InterruptSignal) => void,
  signals: readonly InterruptSignal[] = ['SIGINT', 'SIGTERM'],
): () => void {
  const stop = (): void => {
    for (const signal of signals) process.off(signal, heard);
  };
  const heard = (signal: InterruptSignal): void => {
    stop();
    listener(signal);
  };
  for (const signal of signals) process.on(signal, heard);
  return stop;
}

let writeFailed = false;
const onClosed: (() => void)[] = [];
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has enough, such as head, changes nothing about what was done, nor about the exit code.
    if (error.code === 'EPIPE') {
      if (stream === stdout) for (const listener of onClosed.splice(0)) listener();
      return;
    }
    // The terminal is gone, and whoever looked at it.
    if (error.code === 'EIO' && stream.isTTY) return;
    // Once is enough: each of the writes that follow fails as well.
    if (writeFailed) return;
    writeFailed = true;
    process.exitCode = 1;
    if (stream === stdout) stderr.write(`ovn-northbound: cannot write the result: ${error.message}\n`);
  });
}

const progress = stderr.isTTY && isCapable(process.env) ? new ProgressLine(stderr) : undefined;
const hasScreen = stdout.isTTY && isCapable(process.env);

void main(process.argv.slice(2), {
  write: (text) => {
    progress?.clear();
    stdout.write(text);
  },
  writeError: (text) => {
    progress?.clear();
    stderr.write(text);
  },
  // Made when it is asked for: to touch the standard input is to open it.
  get input() {
    return commandInput(process.stdin);
  },
  onInterrupt,
  onClosed: (listener) => void onClosed.push(listener),
  get terminal() {
    return hasScreen ? processTerminal(process.stdin, stdout, process.env) : undefined;
  },
  look: {
    hasColours: printsColours(process.env, stdout.isTTY),
    isTerminal: hasScreen,
    columns: stdout.isTTY ? stdout.columns : undefined,
    isAscii: stdout.isTTY && isKnownAscii(process.env),
  },
  progress,
}).then((exitCode) => {
  process.exitCode = writeFailed ? 1 : exitCode;
});
