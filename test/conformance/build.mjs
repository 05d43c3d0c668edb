/** Compiles the adapter, the embedded server and the part of the library that they use into a temporary folder. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Returns the file that `node` runs, a folder of programs in which `ovsdb-server` is the embedded server, and the
 * function that removes all of it. Types are not checked: the type check of the tests does that. Throws when the compiler
 * fails.
 *
 * @returns {{ readonly file: string, readonly embeddedPrograms: string, remove(): void }}
 */
export function buildAdapter() {
  const folder = mkdtempSync(join(tmpdir(), 'ovn-northbound-adapter-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { noEmit: false, noCheck: true, rootDir: ROOT, outDir: folder, types: ['node'] },
      files: ['adapter.ts', 'ovsdb-server.ts'].map((name) => join(ROOT, 'test/conformance', name)),
      include: [],
    };
    const configFile = join(folder, 'tsconfig.json');
    writeFileSync(configFile, JSON.stringify(config));
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { status } = spawnSync(process.execPath, [compiler, '-p', configFile], { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) throw new Error('the conformance adapter could not be compiled; see above');
    const programs = join(folder, 'programs');
    mkdirSync(programs);
    const server = [process.execPath, join(folder, 'test/conformance/ovsdb-server.js')].map(shellWord).join(' ');
    writeFileSync(join(programs, 'ovsdb-server'), `#!/bin/sh\nexec ${server} "$@"\n`, { mode: 0o755 });
    return { file: join(folder, 'test/conformance/adapter.js'), embeddedPrograms: programs, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A word as the shell and Python's shlex read it back. */
export function shellWord(word) {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}
