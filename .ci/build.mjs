/**
 * Builds dist from lib, from scratch: what was removed from lib does not linger, and a failed build leaves the old dist.
 *
 * The code is bundled into one file that all entry points share, so that there is one of each class, and the packages
 * that the library needs at run time are built in. Both are for who imports it: a file for each module takes Node
 * twice as long as all of it in one, and Node looks through the text of every CommonJS package that a module imports
 * for the names of its exports, which for two of the three takes longer than all the rest. White space and what syntax
 * can say in fewer letters go, names stay: the functions of a stack trace can be found in lib, its line numbers cannot.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, transform } from 'esbuild';

import { pruneDeclarations } from './declarations.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOORS = ['index', 'testing/index'];
const ENTRY_POINTS = [...DOORS, 'bin/ovn-northbound'];
const BUILT_IN = ['eventemitter3', 'ipaddr.js', 'json-rpc-2.0'];
/** The one part of json-rpc-2.0 that is used: a CommonJS package is built in whole, and half of it is for servers. */
const PARTS = { 'json-rpc-2.0': 'json-rpc-2.0/dist/client.js' };

const require = createRequire(import.meta.url);
const { dependencies } = require('../package.json');

/** What is built in is minified whole, names too; before it stands its licence, as the licence asks. */
const builtIn = {
  name: 'built-in',
  setup({ onLoad }) {
    for (const name of BUILT_IN) {
      const folder = join(ROOT, 'node_modules', name);
      const { version } = require(join(folder, 'package.json'));
      const main = realpathSync(require.resolve(PARTS[name] ?? name));
      const licence = `/*! ${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}*/\n`;
      const files = new RegExp(`^${realpathSync(folder).replace(/[.\\/]/g, '\\$&')}/`);
      onLoad({ filter: files }, async ({ path }) => {
        const { code } = await transform(readFileSync(path, 'utf8'), { minify: true, legalComments: 'none' });
        return { contents: (path === main ? licence : '') + code };
      });
    }
  },
};

/**
 * esbuild makes `var Client = class _Client` of a class that names itself, and `_Client` is what errors and consoles
 * would show. Its own option for that, keepNames, costs a call for each function that is made.
 */
function withClassNames(text) {
  const renamed = new Map(
    [...text.matchAll(/(?<=\bvar |,\s?)(\w+)=class (_\1)\b/g)].map(([, name, given]) => [given, name]),
  );
  return text.replace(/(?<![\w$#.])_\w+/g, (word) => renamed.get(word) ?? word);
}

function compileDeclarations(outDir) {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--noEmitOnError', '--outDir', outDir];
  const { status } = spawnSync(process.execPath, [compiler, ...args], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('The types are wrong.');
  pruneDeclarations(
    outDir,
    DOORS.map((name) => join(outDir, `${name}.d.ts`)),
  );
}

const fresh = mkdtempSync(join(ROOT, '.build-'));
try {
  compileDeclarations(fresh);
  const { metafile, outputFiles } = await build({
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
    alias: PARTS,
    plugins: [builtIn],
    legalComments: 'inline',
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    logLevel: 'warning',
    metafile: true,
    write: false,
  });
  for (const path of Object.keys(metafile.inputs)) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
    if (name !== undefined && !BUILT_IN.includes(name))
      throw new Error(`${name} would be built in without its licence.`);
  }
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
