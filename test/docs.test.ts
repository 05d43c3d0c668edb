/**
 * Compiles every TypeScript block of the guides and README.md files, and checks what they name. A block fenced as
 * "ts continued" goes on from the block above it in the same document; every other block is a program of its own.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { expect } from 'chai';
import ts from 'typescript';

import { ROOT, snippetsOf, type Snippet } from './snippets.js';

const GUIDES = join(ROOT, 'docs');

function documents(): readonly string[] {
  const own = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].map((name) => join(ROOT, name));
  const guides = readdirSync(GUIDES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('api'))
    .map((path) => join(GUIDES, path));
  const examples = join(ROOT, 'examples');
  const readmes = readdirSync(examples)
    .map((name) => join(examples, name, 'README.md'))
    .filter((path) => existsSync(path));
  return [...own, ...guides, ...readmes];
}

/** What the compiler finds wrong, as `document:line: message`. */
function faultsOf(snippets: readonly Snippet[]): readonly string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, ROOT);
  const settings = { ...options, moduleDetection: ts.ModuleDetectionKind.Force };
  const disk = ts.createCompilerHost(settings);
  const byName = new Map(snippets.map((snippet) => [snippet.fileName, snippet]));
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => byName.has(name) || disk.fileExists(name),
    readFile: (name) => byName.get(name)?.text ?? disk.readFile(name),
    getSourceFile: (name, language, onError, fresh) => {
      const snippet = byName.get(name);
      return snippet === undefined
        ? disk.getSourceFile(name, language, onError, fresh)
        : ts.createSourceFile(name, snippet.text, language);
    },
  };
  const program = ts.createProgram({
    rootNames: [...byName.keys()],
    options: settings,
    host,
  });
  return [...byName.values()].flatMap((snippet) => {
    const file = program.getSourceFile(snippet.fileName);
    if (file === undefined) return [`${snippet.document}: not compiled`];
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start, messageText }) => {
        const line = snippet.lines[file.getLineAndCharacterOfPosition(start ?? 0).line] ?? 0;
        return `${snippet.document}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      },
    );
  });
}

describe('the documentation', () => {
  it('has only TypeScript blocks that compile', function () {
    this.timeout(180_000);
    const snippets = documents().flatMap(snippetsOf);
    expect(snippets, 'TypeScript blocks').not.to.have.lengthOf(0);
    expect(faultsOf(snippets).join('\n')).to.equal('');
  });

  it('links only to files that exist', () => {
    const broken = documents().flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !existsSync(join(path, '..', target)))
        .map((target) => `${relative(ROOT, path)} links to ${target}`),
    );
    expect(broken).to.deep.equal([]);
  });

  it('links only to headings that exist', () => {
    const broken = documents().flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)/g)]
        .filter(([, file = '', heading = '']) => {
          const target = file === '' ? path : join(path, '..', file);
          return existsSync(target) && !anchorsOf(target).includes(heading);
        })
        .map(([, file = '', heading = '']) => `${relative(ROOT, path)} links to ${file}#${heading}`),
    );
    expect(broken).to.deep.equal([]);
  });

  it('lists every guide in its index, and says at the beginning of each what one can do after it', () => {
    const index = readFileSync(join(GUIDES, 'README.md'), 'utf8');
    const guides = readdirSync(GUIDES).filter((name) => name.endsWith('.md') && name !== 'README.md');
    expect(guides.filter((name) => !index.includes(`](${name})`))).to.deep.equal([]);
    const accounts = ['guarantees.md', 'performance.md'];
    const opening = /^# .+\n\nAfter this page you /;
    const tasks = guides.filter((name) => !accounts.includes(name));
    expect(tasks.filter((name) => !opening.test(readFileSync(join(GUIDES, name), 'utf8')))).to.deep.equal([]);
  });

  it('names only files that exist', () => {
    const missing = documents().flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/`((?:lib|test|examples)\/[\w./-]+)`/g)]
        .map((match) => match[1] ?? '')
        .filter((file) => !existsSync(join(ROOT, file)))
        .map((file) => `${relative(ROOT, path)} names ${file}`),
    );
    expect(missing).to.deep.equal([]);
  });

  it('names for every situation the tests that have its number in their names', () => {
    const guide = readFileSync(join(ROOT, 'docs/statefulset-ports.md'), 'utf8');
    const guarantees = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8');
    const row = (text: string, n: number): string => new RegExp(`^\\| ${n} +\\|.*$`, 'm').exec(text)?.[0] ?? '';
    const isShownBy = (n: number, path: string): boolean =>
      new RegExp(`\\b(?:it|describe)\\(\\s*['"\`]situation ${n}[:,]`).test(readFileSync(join(ROOT, path), 'utf8'));
    const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.test.ts'))
      .map((path) => join('test', path));
    const faults = Array.from({ length: 40 }, (_, i) => i + 1).flatMap((n) => {
      const named = [...row(guarantees, n).matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)]
        .map((match) => match[1] ?? '')
        .sort();
      const showing = tests.filter((path) => isShownBy(n, path)).sort();
      return [
        ...(row(guide, n) === '' ? [`situation ${n} is not explained`] : []),
        ...(showing.length === 0 ? [`situation ${n} has no test`] : []),
        ...(named.join() === showing.join()
          ? []
          : [`situation ${n} is shown by ${showing.join()}, not ${named.join()}`]),
      ];
    });
    expect(faults).to.deep.equal([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const missing = documents().flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\bnpm run ([\w:-]+)/g)]
        .map((match) => match[1] ?? '')
        .filter((script) => !(script in scripts))
        .map((script) => `${relative(ROOT, path)} names npm run ${script}`),
    );
    expect(missing).to.deep.equal([]);
  });

  it('explains every code of a warning', () => {
    const [, codes = ''] =
      /readonly code: ([^;]+);/.exec(readFileSync(join(ROOT, 'lib/client/client-state.ts'), 'utf8')) ?? [];
    const declared = [...codes.matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');
    expect(declared).to.include('SchemaLacks');
    const guide = readFileSync(join(ROOT, 'docs/connecting.md'), 'utf8');
    expect(declared.filter((code) => !guide.includes(`| \`${code}\` `))).to.deep.equal([]);
  });

  it('explains every error code that the library can throw', () => {
    const guide = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
    const codes = errorCodes();
    expect(codes).to.include.members([
      'ConnectFailed',
      'OrphanInsert',
      'PortNotFound',
      'PoolExhausted',
      'SandboxStart',
      'EmbeddedListen',
      'Interrupted',
    ]);
    expect(codes).to.not.include('SchemaLacks', 'a warning');
    expect(codes.filter((code) => !guide.includes(`| \`${code}\` `))).to.deep.equal([]);
    const listed = [...guide.matchAll(/^\| `(\w+)` /gm)].map((match) => match[1] ?? '');
    expect(
      listed.filter((code) => !codes.includes(code)),
      'codes that nothing throws',
    ).to.deep.equal([]);
  });
});

/** The headings of a document as links name them. */
function anchorsOf(path: string): readonly string[] {
  const text = readFileSync(path, 'utf8').replace(/^\s*```[^]*?^\s*```$/gm, '');
  return [...text.matchAll(/^#+ +(.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/**
 * Every code that an error of lib is made with: literals given to constructors, the declared families, and what the
 * commands print as a code.
 */
function errorCodes(): readonly string[] {
  const lib = join(ROOT, 'lib');
  const text = readdirSync(lib, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && path !== join('nb', 'tables.ts'))
    .map((path) => readFileSync(join(lib, path), 'utf8'))
    .join('\n');
  const block = (start: string, end: string): string => {
    const from = text.indexOf(start);
    expect(from, start).to.be.above(-1);
    return text.slice(from, text.indexOf(end, from));
  };
  const families = [
    block('export type TransactionErrorCode', "';\n"),
    block('export type NorthboundErrorCode', "';\n"),
    block('export interface PortErrorDetails', '\n}'),
  ];
  const commands = readdirSync(join(lib, 'bin'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(lib, 'bin', path), 'utf8'))
    .join('\n');
  const found = [
    ...commands.matchAll(/\bcode: '([A-Z]\w+)'/g),
    ...text.matchAll(/\bsuper\(\s*'([A-Z]\w+)'/g),
    ...text.matchAll(/\bnew (?:Ovsdb|Transaction|Northbound|Port)Error(?:<[^>]*>)?\(\s*'([A-Z]\w+)'/g),
    ...families.flatMap((family) => [...family.matchAll(/\| '([A-Z]\w+)'/g), ...family.matchAll(/^ {2}([A-Z]\w+):/gm)]),
  ];
  return [...new Set(found.map((match) => match[1] ?? ''))];
}
