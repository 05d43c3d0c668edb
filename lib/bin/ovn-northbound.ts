#!/usr/bin/env node
/** The command `ovn-northbound`. */
import { main } from './main.js';

void main(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
}).then((exitCode) => {
  process.exitCode = exitCode;
});
