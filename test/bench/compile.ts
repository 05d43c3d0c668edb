/**
 * Compiles the library and the benchmark to plain JavaScript in a temporary folder, so that what is measured
 * is the present source without a loader's time and memory. Types are stripped, not checked.
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

export async function compile(): Promise<Compiled> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'ovn-northbound-bench-')));
  const sources = ['lib', 'test/bench'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => join(ROOT, folder, path)),
  );
  await build({
    absWorkingDir: ROOT,
    entryPoints: sources,
    outbase: ROOT,
    outdir: directory,
    // What tsconfig.json says of the shipped code.
    target: 'es2022',
    format: 'esm',
    logLevel: 'error',
  });
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return {
    directory: join(directory, 'test/bench'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
