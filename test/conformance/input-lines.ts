import { createInterface } from 'node:readline';

/** Calls back for each line of stdin. Stdin does not keep the process alive. */
export function onInputLine(callback: (line: string) => void): void {
  createInterface({ input: process.stdin }).on('line', callback);
  if ('unref' in process.stdin) (process.stdin as { unref(): void }).unref();
}
