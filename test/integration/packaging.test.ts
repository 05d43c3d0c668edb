/** Packs the package as for a release and uses it the way its users will. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

describe('the package', function () {
  this.timeout(120_000);
  let folder: string;
  let tarball: string;
  let files: readonly string[];

  /** A project with the package installed, and its dependencies linked from this checkout, so that no registry is asked. */
  function project(name: string, settings: object): string {
    const path = join(folder, name);
    mkdirSync(join(path, 'node_modules'), { recursive: true });
    symlinkSync(join(folder, 'package'), join(path, 'node_modules/ovn-northbound'));
    writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version: '1.0.0', private: true, ...settings }));
    return path;
  }

  async function runNode(cwd: string, file: string, text: string): Promise<string> {
    writeFileSync(join(cwd, file), text);
    const { stdout, stderr } = await run(process.execPath, [file], { cwd });
    return stdout + stderr;
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ovn-northbound-pack-'));
    // Runs the prepack script, which builds.
    await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT }).catch((error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`npm pack failed:\n${stdout}${stderr}`, { cause: error });
    });
    const packed = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    expect(packed).to.deep.equal([`ovn-northbound-${manifest.version}.tgz`]);
    tarball = join(folder, packed[0]!);
    await run('tar', ['-xzf', tarball, '-C', folder]);
    files = readdirSync(join(folder, 'package'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'package/').length));
    for (const dependency of Object.keys(manifest.dependencies)) {
      mkdirSync(join(folder, 'package/node_modules'), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', dependency), join(folder, 'package/node_modules', dependency));
    }
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('holds the library and its papers, and nothing else', () => {
    const outside = files.filter((file) => !file.startsWith('dist/')).sort();
    expect(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']).to.include.members(outside);
    expect(outside).to.include.members(['CHANGELOG.md', 'LICENSE', 'package.json']);
    expect(files).to.include.members([
      'dist/index.js',
      'dist/index.d.ts',
      'dist/testing/index.js',
      'dist/testing/index.d.ts',
    ]);
    expect(files.filter((file) => file.startsWith('dist/') && !/\.(js|d\.ts)$/.test(file))).to.deep.equal([]);
  });

  it('has every source of lib as code and as declarations, and no leftovers', () => {
    const sources = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => ['.js', '.d.ts'].map((suffix) => `dist/${path.replace(/\.ts$/, suffix)}`));
    expect(files.filter((file) => file.startsWith('dist/'))).to.have.members(sources);
  });

  it('points to no source map that is not there', () => {
    const pointing = files.filter(
      (file) =>
        file.startsWith('dist/') && readFileSync(join(folder, 'package', file), 'utf8').includes('sourceMappingURL'),
    );
    expect(pointing).to.deep.equal([]);
  });

  it('has the programs that it promises, and they start', async () => {
    for (const [name, path] of Object.entries(manifest.bin)) {
      const file = path.replace(/^\.\//, '');
      expect(files, `bin ${name}`).to.include(file);
      expect(readFileSync(join(folder, 'package', file), 'utf8')).to.match(/^#!\/usr\/bin\/env node\n/);
      const { stdout } = await run(process.execPath, [join(folder, 'package', file), '--help']);
      expect(stdout).to.include(name);
    }
  });

  it('can be imported by an ECMAScript module', async () => {
    const path = project('esm', { type: 'module' });
    const text = `
      import { OvsdbError } from 'ovn-northbound';
      import { Sandbox } from 'ovn-northbound/testing';
      console.log(typeof OvsdbError, typeof Sandbox.start);`;
    expect(await runNode(path, 'main.js', text)).to.equal('function function\n');
  });

  it('can be required by a CommonJS module', async () => {
    const path = project('cjs', {});
    const text = `
      const { OvsdbError } = require('ovn-northbound');
      const { Sandbox } = require('ovn-northbound/testing');
      console.log(typeof OvsdbError, typeof Sandbox.start);`;
    expect((await runNode(path, 'main.js', text)).split('\n')).to.include('function function');
  });

  it('gives one and the same error class through both doors', async () => {
    const path = project('doors', { type: 'module' });
    const text = `
      import { OvsdbError } from 'ovn-northbound';
      import { Sandbox } from 'ovn-northbound/testing';
      const error = await Sandbox.start({ schemas: '/no/such/file' }).catch((error) => error);
      console.log(error instanceof OvsdbError, error.code);`;
    expect(await runNode(path, 'main.js', text)).to.equal('true InvalidArgument\n');
  });

  const typescript = [
    { resolution: 'nodenext', type: 'module', options: { module: 'nodenext', moduleResolution: 'nodenext' } },
    {
      resolution: 'nodenext from CommonJS',
      type: 'commonjs',
      options: { module: 'nodenext', moduleResolution: 'nodenext' },
    },
    { resolution: 'bundler', type: 'module', options: { module: 'esnext', moduleResolution: 'bundler' } },
  ];
  for (const { resolution, type, options } of typescript) {
    it(`type-checks with the module resolution ${resolution}`, async () => {
      const path = project(`ts-${resolution.replace(/\W/g, '-')}`, { type });
      symlinkSync(join(ROOT, 'node_modules/@types'), join(path, 'node_modules/@types'));
      symlinkSync(join(ROOT, 'node_modules/undici-types'), join(path, 'node_modules/undici-types'));
      const compilerOptions = {
        ...options,
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
      };
      writeFileSync(join(path, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
      writeFileSync(
        join(path, 'main.ts'),
        `import { OvsdbError } from 'ovn-northbound';
         import { Sandbox, type SandboxOptions } from 'ovn-northbound/testing';
         const options: SandboxOptions = { tcp: true };
         export const start: () => Promise<Sandbox> = () => Sandbox.start(options);
         export const code: string = new OvsdbError('Code', 'message').code;
         // @ts-expect-error The types are real ones, not any.
         export const wrong: number = new OvsdbError('Code', 'message').code;`,
      );
      const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
      const { stdout } = await run(process.execPath, [compiler, '-p', path]).catch(
        (error: unknown) => error as { stdout: string },
      );
      expect(stdout).to.equal('');
    });
  }

  for (const [tool, args] of [
    ['publint', ['run', '--strict']],
    ['attw', ['--profile', 'esm-only', '--no-emoji']],
  ] as const) {
    it(`satisfies ${tool}`, async () => {
      const outcome = await run(join(ROOT, 'node_modules/.bin', tool), [...args, tarball], { cwd: folder }).then(
        () => 'satisfied',
        (error: unknown) => `${(error as { stdout: string }).stdout}\n${(error as { stderr: string }).stderr}`,
      );
      expect(outcome).to.equal('satisfied');
    });
  }
});
