/** The programs in the documents. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A program in a document: a TypeScript block, with those that continue it. */
export interface Snippet {
  /** A file name that does not exist on disk, next to package.json so that imports resolve. */
  readonly fileName: string;
  readonly document: string;
  text: string;
  /** For every line of the text, its line in the document, counted from one. */
  readonly lines: number[];
}

/**
 * The programs of a document. A block fenced as "ts continued" goes on from the block above it; every other one is a
 * program of its own.
 */
export function snippetsOf(path: string): readonly Snippet[] {
  const document = relative(ROOT, path);
  const found: Snippet[] = [];
  let open: Snippet | undefined;
  let indent = '';
  readFileSync(path, 'utf8')
    .split('\n')
    .forEach((line, index) => {
      if (open !== undefined) {
        if (line.trim() === '```') {
          open = undefined;
        } else {
          open.text += `${line.startsWith(indent) ? line.slice(indent.length) : line}\n`;
          open.lines.push(index + 1);
        }
        return;
      }
      const fence = /^(\s*)```(?:ts|typescript)(\s+continued)?\s*$/.exec(line);
      if (fence === null) {
        if (/^\s*```(?:ts|typescript)\b/.test(line))
          throw new Error(`${document}:${index + 1}: unknown fence ${line.trim()}`);
        return;
      }
      indent = fence[1] ?? '';
      const previous = found.at(-1);
      if (fence[2] !== undefined) {
        if (previous === undefined) throw new Error(`${document}:${index + 1}: nothing above to continue from`);
        open = previous;
        return;
      }
      open = {
        fileName: join(ROOT, `snippet-${document.replace(/\W/g, '-')}-${index + 1}.ts`),
        document,
        text: '',
        lines: [],
      };
      found.push(open);
    });
  if (open !== undefined) throw new Error(`${document}: a code block is not closed`);
  return found;
}
