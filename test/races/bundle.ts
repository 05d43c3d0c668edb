/**
 * Worker programs as one file of plain JavaScript each: a process that is started and killed hundreds of times must not
 * spend a second on a loader. Types are stripped, not checked.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildSync } from 'esbuild';

/** A program that `node` can run. */
export interface Bundle extends Disposable {
  readonly path: string;
}

/** Bundles a program of this folder, with all that it imports; the file goes when the bundle is disposed of. */
export function bundle(file: string): Bundle {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'ovn-northbound-races-')));
  const path = join(directory, file.replace(/\.ts$/, '.cjs'));
  buildSync({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
  });
  return { path, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
