/** What the adapter writes: whole lines, at once, because the runner reads them while the adapter runs. */
import { writeSync } from 'node:fs';

/** Ends the adapter: the case's arguments or the server leave nothing else to do. */
export class FatalError extends Error {}

/** Writes one line to stdout. */
export function print(line: string): void {
  write(1, `${line}\n`);
}

/** Writes one line to stderr. */
export function printError(line: string): void {
  write(2, `${line}\n`);
}

/** Writes one line of a numbered step to stdout. */
export function printStep(step: number, line: string): void {
  print(`${String(step).padStart(3, '0')}: ${line}`);
}

function write(descriptor: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      // A reader that is slow; it will take the rest.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
