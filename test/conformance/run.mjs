/**
 * Runs the conformance cases: `OVSDB_CONFORMANCE=<folder> npm run conformance -- [argument of its run.py...]`.
 * The adapter is compiled first, because each of the cases starts it anew.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { buildAdapter } from './build.mjs';

function fail(text) {
  console.error(text);
  process.exit(2);
}

const folder = process.env.OVSDB_CONFORMANCE ?? '';
if (folder === '') {
  fail('OVSDB_CONFORMANCE is not set: let it name the folder of the conformance cases, which holds run.py');
}
const runner = resolve(folder, 'run.py');
if (!existsSync(runner)) fail(`OVSDB_CONFORMANCE names ${folder}, and there is no run.py in it`);
for (const [program, args, why] of [
  ['python3', ['--version'], 'run.py is a Python program'],
  ['openssl', ['version'], 'run.py makes certificates with it'],
]) {
  if (spawnSync(program, args).status !== 0) fail(`${program} is not installed or does not run; ${why}`);
}

const adapter = buildAdapter();
let result;
try {
  const program = [process.execPath, adapter.file].map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ');
  result = spawnSync('python3', [runner, '--program', program, ...process.argv.slice(2)], { stdio: 'inherit' });
} finally {
  adapter.remove();
}
process.exit(result.status ?? 1);
