/**
 * Compiles the library and the benchmark to plain JavaScript in a temporary folder, so that what is measured
 * is the present source without a loader's time and memory. Types are stripped, not checked.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Compiled sources. */
export interface Compiled {
  /** Folder that stands for `test/bench`. */
  readonly directory: string;
  remove(): void;
}

export function compile(): Compiled {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'ovn-northbound-bench-')));
  for (const folder of ['lib', 'test/bench']) {
    for (const path of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts')) continue;
      const { outputText } = ts.transpileModule(readFileSync(join(ROOT, folder, path), 'utf8'), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
      });
      const output = join(directory, folder, path.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(output), { recursive: true });
      writeFileSync(output, outputText);
    }
  }
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return {
    directory: join(directory, 'test/bench'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
