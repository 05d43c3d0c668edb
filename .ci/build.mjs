/**
 * Builds dist from lib, from scratch: what was removed from lib does not linger, and a failed build leaves the old dist.
 *
 * The code is bundled into one file that all entry points share, so that there is one of each class, and the packages
 * that the library needs at run time are built in. Both are for who imports it: a file for each module takes Node
 * twice as long as all of it in one, and Node looks through the text of every CommonJS package that a module imports
 * for the names of its exports, which for two of the three takes longer than all the rest. White space goes, names
 * stay: what a stack trace says can be found in lib.
 *
 * Declarations are as TypeScript makes them, those apart that no entry point leads to.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENTRY_POINTS = ['index', 'testing/index', 'bin/ovn-northbound'];
const BUILT_IN = ['eventemitter3', 'ipaddr.js', 'json-rpc-2.0'];

const require = createRequire(import.meta.url);
const { dependencies } = require('../package.json');

/** Puts the licence of each package that is built in before its code, as the licence asks. */
const licences = {
  name: 'licences',
  setup({ onLoad }) {
    for (const name of BUILT_IN) {
      const folder = join(ROOT, 'node_modules', name);
      const { version } = require(join(folder, 'package.json'));
      const main = require.resolve(name);
      onLoad({ filter: new RegExp(`^${main.replace(/[.\\/]/g, '\\$&')}$`) }, () => ({
        contents: `/*! ${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}*/\n${readFileSync(main, 'utf8')}`,
      }));
    }
  },
};

/**
 * esbuild makes `var Client = class _Client` of a class that names itself, and `_Client` is what errors and consoles
 * would show. Its own option for that, keepNames, costs a call for each function that is made.
 */
function withClassNames(text) {
  const renamed = new Map([...text.matchAll(/\bvar (\w+)=class (_\1)\b/g)].map(([, name, given]) => [given, name]));
  return text.replace(/(?<![\w$#.])_\w+/g, (word) => renamed.get(word) ?? word);
}

function compileDeclarations(outDir) {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--noEmitOnError', '--outDir', outDir];
  const { status } = spawnSync(process.execPath, [compiler, ...args], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('The types are wrong.');
  const reached = new Set();
  const reach = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/\b(?:from |import\()["'](\..*?)\.js["']/g)) {
      reach(join(dirname(file), `${target}.d.ts`));
    }
  };
  for (const name of ENTRY_POINTS.filter((name) => !name.startsWith('bin/'))) reach(join(outDir, `${name}.d.ts`));
  for (const path of readdirSync(outDir, { recursive: true }).map((path) => join(outDir, path))) {
    if (path.endsWith('.d.ts') && !reached.has(path)) rmSync(path);
  }
}

const fresh = mkdtempSync(join(ROOT, '.build-'));
try {
  compileDeclarations(fresh);
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRY_POINTS.map((name) => `lib/${name}.ts`),
    outbase: 'lib',
    outdir: fresh,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: Object.keys(dependencies).filter((name) => !BUILT_IN.includes(name)),
    plugins: [licences],
    legalComments: 'inline',
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
    write: false,
  });
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, withClassNames(text));
  }
  chmodSync(join(fresh, 'bin/ovn-northbound.js'), 0o755);
  chmodSync(fresh, 0o755);
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  renameSync(fresh, join(ROOT, 'dist'));
} catch (error) {
  rmSync(fresh, { recursive: true, force: true });
  console.error(error.message);
  process.exitCode = 1;
}
