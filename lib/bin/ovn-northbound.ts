#!/usr/bin/env node
/** The command `ovn-northbound`. */
import type { InterruptSignal } from './interrupted-error.js';
import { main } from './main.js';
import { commandInput } from './standard-input.js';

const SIGNALS: readonly InterruptSignal[] = ['SIGINT', 'SIGTERM'];

/** The first signal is the listener's; the next one ends the process as ever. */
function onInterrupt(listener: (signal: InterruptSignal) => void): () => void {
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, heard);
  };
  const heard = (signal: InterruptSignal): void => {
    stop();
    listener(signal);
  };
  for (const signal of SIGNALS) process.on(signal, heard);
  return stop;
}

let writeFailed = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has enough, such as head, changes nothing about what was done, nor about the exit code.
    if (error.code === 'EPIPE') return;
    writeFailed = true;
    process.exitCode = 1;
    if (stream === process.stdout) process.stderr.write(`ovn-northbound: cannot write the result: ${error.message}\n`);
  });
}

void main(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  // Made when it is asked for: to touch the standard input is to open it.
  get input() {
    return commandInput(process.stdin);
  },
  onInterrupt,
}).then((exitCode) => {
  process.exitCode = writeFailed ? 1 : exitCode;
});
