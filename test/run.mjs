/**
 * Runs the tests: `node test/run.mjs [--no-typecheck] [mocha argument or test file...]`.
 * First the type check of the library, tests and examples, then mocha over the files given, or else over all.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const given = process.argv.slice(2);
const args = given.filter((argument) => argument !== '--no-typecheck');

/** Returns whether the program succeeded. */
function run(script, ...rest) {
  const { status } = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...rest], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  return status === 0;
}

let passed = true;
if (!given.includes('--no-typecheck')) {
  console.log('type check (lib, test, examples)');
  passed = run('typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit');
  console.log(passed ? '  no errors' : '  FAILED: see above; the tests run all the same');
}
const files = args.some((argument) => argument.endsWith('.test.ts')) ? [] : ['test/**/*.test.ts'];
passed = run('mocha/bin/mocha.js', ...args, ...files) && passed;
process.exit(passed ? 0 : 1);
