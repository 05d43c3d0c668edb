/**
 * Runs the conformance cases: `OVSDB_CONFORMANCE=<folder> npm run conformance -- [--embedded] [argument of its run.py...]`.
 * The adapter is compiled first, because each of the cases starts it anew. With `--embedded` the embedded server is in the
 * place of ovsdb-server, and the cases are, unless others are chosen, those of transactions, monitors and locks.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { buildAdapter, shellWord } from './build.mjs';

const EMBEDDED_FAMILIES = ['transact', 'monitor', 'lock'];

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
  const program = [process.execPath, adapter.file].map(shellWord).join(' ');
  const given = process.argv.slice(2);
  const args = given.filter((argument) => argument !== '--embedded');
  if (args.length < given.length) {
    args.push('--ovs-bin', adapter.embeddedPrograms);
    if (!args.includes('--family')) args.push(...EMBEDDED_FAMILIES.flatMap((family) => ['--family', family]));
  }
  result = spawnSync('python3', [runner, '--program', program, ...args], { stdio: 'inherit' });
} finally {
  adapter.remove();
}
process.exit(result.status ?? 1);
