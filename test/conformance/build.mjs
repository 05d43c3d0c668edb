/** Compiles the adapter and the part of the library that it uses into a temporary folder. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Returns the file that `node` runs, and the function that removes the folder. Types are not checked: the type check
 * of the tests does that. Throws when the compiler fails.
 *
 * @returns {{ readonly file: string, remove(): void }}
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
      files: [join(ROOT, 'test/conformance/adapter.ts')],
      include: [],
    };
    const configFile = join(folder, 'tsconfig.json');
    writeFileSync(configFile, JSON.stringify(config));
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { status } = spawnSync(process.execPath, [compiler, '-p', configFile], { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) throw new Error('the conformance adapter could not be compiled; see above');
    return { file: join(folder, 'test/conformance/adapter.js'), remove };
  } catch (error) {
    remove();
    throw error;
  }
}
