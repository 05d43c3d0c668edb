/** What importing the package adds to the start of Node, and how big the package is: packed, unpacked and used as users do. */
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { bar } from './bars.js';
import type { Context } from './context.js';
import { interleave } from './interleave.js';
import { column, spreadColumn, type Report, type ReportRow } from './report.js';
import type { Figures } from './statistics.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAME = 'ovn-northbound';
/** A start is short and its time scatters: so many times the rounds of the others. */
const ROUNDS_FACTOR = 4;
const run = promisify(execFile);

const PROGRAMS = { bare: 'floor: bare Node', library: `import of ${NAME}` } as const;
type Program = keyof typeof PROGRAMS;
const REPORT = `
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ wallMs: performance.now(), cpuMs: (user + system) / 1000 }));
`;

export async function measureStartUp({ options }: Context): Promise<Report> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ovn-northbound-bench-package-')));
  try {
    const unpackedBytes = await install(options.tarball ?? (await pack(folder)), folder);
    writeFileSync(join(folder, 'bare.mjs'), REPORT);
    // What is imported and never used is loaded all the same.
    writeFileSync(join(folder, 'library.mjs'), `import '${NAME}';\n${REPORT}`);
    // Whatever Node is told to load besides would be measured too.
    const env = { ...process.env, NODE_OPTIONS: '' };
    const rounds = ROUNDS_FACTOR * options.rounds;
    const kinds = Object.keys(PROGRAMS) as Program[];
    const runs = await interleave(kinds, { rounds, quietMs: options.quietMs }, async (kind) => {
      const { stdout } = await run(process.execPath, [`${kind}.mjs`], { cwd: folder, env });
      return JSON.parse(stdout) as Figures;
    });
    const rows = kinds.map((kind): ReportRow => {
      const floor = runs.get('bare') ?? [];
      const more = (own: Figures, name: string, round: number): number =>
        (own[name] ?? NaN) - (floor[round]?.[name] ?? NaN);
      const own = (runs.get(kind) ?? []).map((figures, round) => ({
        ...figures,
        moreWallMs: more(figures, 'wallMs', round),
        moreCpuMs: more(figures, 'cpuMs', round),
        unpackedMb: kind === 'library' ? unpackedBytes / 1e6 : NaN,
      }));
      return { label: PROGRAMS[kind], runs: own };
    });
    const library = rows.find(({ label }) => label === PROGRAMS.library);
    return {
      name: 'start-up',
      title: 'Start of a program that imports the package',
      columns: [
        spreadColumn('time', 'wallMs', 0, 'ms'),
        column('more than the floor', 'moreWallMs', 1, 'ms'),
        spreadColumn('CPU', 'cpuMs', 0, 'ms'),
        column('more than the floor', 'moreCpuMs', 1, 'ms'),
        column('package unpacked', 'unpackedMb', 2, 'MB'),
      ],
      rows,
      bars: [
        bar('import of the package: more than bare Node', library, {
          figure: 'moreWallMs',
          atMost: 25,
          unit: 'ms',
          decimals: 1,
        }),
        bar('package unpacked', library, { figure: 'unpackedMb', atMost: 1, unit: 'MB' }),
      ],
      notes: [
        'From the start of the process until the imports are done; the package as npm packs it, with its dependencies.',
        `Medians of ${rounds} interleaved runs; those of the differences are of pairs of runs.`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Packs this checkout, which builds it. Returns the path of the tarball. */
async function pack(folder: string): Promise<string> {
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT });
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
}

/** Installs a packed package in a folder, with this checkout's dependencies. Returns its size in bytes. */
async function install(tarball: string, folder: string): Promise<number> {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  await run('tar', ['-xzf', tarball, '-C', modules]);
  const place = join(modules, NAME);
  // npm unpacks every tarball into a folder of this name.
  symlinkSync(join(modules, 'package'), place);
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
  for (const name of Object.keys(dependencies)) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  return sizeOf(join(modules, 'package'));
}

/** Size of all files in a folder, in bytes. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
