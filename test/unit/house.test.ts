import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

const LIB = fileURLToPath(new URL('../../lib', import.meta.url));
/** Lowest first. Files directly in lib, the index apart, are the ground floor. */
const FLOORS = ['wire', 'rpc', 'schema', 'replica', 'transaction', 'client', 'ipam', 'nb', 'statefulset'];
/** Rooms that stand beside the tower: what they may import apart from their own files. */
const APART: Readonly<Record<string, readonly string[]>> = {
  ipam: ['errors.ts', 'ipaddr.js', 'node:crypto'],
  server: ['errors.ts', 'timer.ts', 'wire/', 'schema/', 'node:'],
  // Of the northbound client it needs the schema alone.
  testing: ['errors.ts', 'timer.ts', 'server/', 'nb/tables.ts', 'node:'],
};
const MAX_LINES = 400;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(LIB, path), 'utf8');
    return { path: path.split(sep).join('/'), text, imports: importsOf(path, text) };
  });

/** Paths within lib for relative imports, bare names for others. */
function importsOf(path: string, text: string): readonly string[] {
  const statements = text.matchAll(
    /^(?:import|export)\b[^;'"]*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm,
  );
  const dynamic = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  return [...statements, ...dynamic].map((match) => {
    const specifier = match[1] ?? match[2] ?? '';
    if (!specifier.startsWith('.')) return specifier;
    return relative(LIB, join(LIB, dirname(path), specifier))
      .split(sep)
      .join('/')
      .replace(/\.js$/, '.ts');
  });
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function floorOf(path: string): number {
  return roomOf(path) === '' ? -1 : FLOORS.indexOf(roomOf(path));
}

describe('the house', () => {
  it('has only rooms that are on the plan', () => {
    const rooms = new Set(sources.map(({ path }) => roomOf(path)));
    expect([...rooms]).to.include.members(['', 'server', 'testing']);
    expect(['', ...FLOORS, 'server', 'testing', 'bin']).to.include.members([...rooms]);
  });

  it('imports downwards only', () => {
    const breaches = sources
      .filter(({ path }) => path !== 'index.ts' && !['bin', 'server', 'testing'].includes(roomOf(path)))
      .flatMap(({ path, imports }) =>
        imports
          .filter((target) => target.endsWith('.ts'))
          .filter((target) => {
            const unplanned = target === 'index.ts' || (floorOf(target) === -1 && roomOf(target) !== '');
            return unplanned || floorOf(target) > floorOf(path);
          })
          .map((target) => `${path} imports ${target}`),
      );
    expect(breaches).to.deep.equal([]);
  });

  for (const [room, allowed] of Object.entries(APART)) {
    it(`lets ${room} import nothing but ${allowed.join(', ')} and itself`, () => {
      const breaches = sources
        .filter(({ path }) => roomOf(path) === room)
        .flatMap(({ path, imports }) =>
          imports
            .filter((target) => roomOf(target) !== room || !target.endsWith('.ts'))
            .filter(
              (target) => !allowed.some((name) => target === name || (/[:/]$/.test(name) && target.startsWith(name))),
            )
            .map((target) => `${path} imports ${target}`),
        );
      expect(breaches).to.deep.equal([]);
    });
  }

  it('uses only the run-time dependencies that package.json names', () => {
    const manifest = JSON.parse(readFileSync(join(LIB, '../package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const allowed = Object.keys(manifest.dependencies);
    const breaches = sources.flatMap(({ path, imports }) =>
      imports
        .filter((target) => !target.endsWith('.ts') && !target.startsWith('node:') && !allowed.includes(target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(breaches).to.deep.equal([]);
  });

  it('imports the parser of manifests only in the command', () => {
    const importers = sources.filter(({ imports }) => imports.includes('yaml')).map(({ path }) => path);
    expect(importers).to.deep.equal(['bin/ports/manifest.ts']);
  });

  it(`keeps every file within ${MAX_LINES} lines, the generated tables apart`, () => {
    const long = sources
      .filter(({ path }) => path !== 'nb/tables.ts')
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path} has ${lines} lines`);
    expect(long).to.deep.equal([]);
  });

  it('has no default exports', () => {
    const found = sources
      .filter(({ text }) => /^export\s+default\b|\bas\s+default\b/m.test(text))
      .map(({ path }) => path);
    expect(found).to.deep.equal([]);
  });

  it('names every export of its public doors', () => {
    const doors = sources.filter(({ path }) => path === 'index.ts' || path === 'testing/index.ts');
    expect(doors).to.have.lengthOf(2);
    expect(doors.filter(({ text }) => /^export\s+(type\s+)?\*/m.test(text)).map(({ path }) => path)).to.deep.equal([]);
  });
});
