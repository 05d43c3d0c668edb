/**
 * Compiles the workers to plain JavaScript in a temporary folder, so that what is measured is the present source without
 * a loader's time and memory: bundled as the package is, or module by module, where profiles are to name the files. Types
 * are stripped, not checked.
 */
import { mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Compiled sources. */
export interface Compiled {
  /** Folder that stands for `test/bench`. */
  readonly directory: string;
  remove(): void;
}

export async function compile(bundled: boolean): Promise<Compiled> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'ovn-northbound-bench-')));
  const modules = bundled
    ? sources('test/bench', '-worker.ts')
    : [...sources('lib', '.ts'), ...sources('test/bench', '.ts')];
  await build({
    absWorkingDir: ROOT,
    entryPoints: modules,
    outbase: ROOT,
    outdir: directory,
    bundle: bundled,
    // A floor that loads the library only when told to must not have it in its own file.
    splitting: bundled,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'error',
  });
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return {
    directory: join(directory, 'test/bench'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function sources(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(ROOT, folder, path));
}
