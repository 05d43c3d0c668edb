/** Packs the package as for a release and uses it the way its users will. */
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
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';
import { build } from 'esbuild';

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

  it('has the code of its doors and its program, and what they share, in a handful of files', () => {
    const code = files.filter((file) => file.endsWith('.js'));
    const doors = ['dist/index.js', 'dist/testing/index.js', 'dist/bin/ovn-northbound.js'];
    expect(code).to.include.members(doors);
    const shared = code.filter((file) => !doors.includes(file));
    expect(shared.filter((file) => !/^dist\/chunk-\w+\.js$/.test(file))).to.deep.equal([]);
    expect(shared.length).to.be.within(1, 3);
  });

  it('has all declarations that its doors lead to, and only those of sources of lib', () => {
    const declarations = files.filter((file) => file.endsWith('.d.ts'));
    const sources = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
    const strangers = declarations.filter(
      (file) => !sources.includes(file.slice('dist/'.length).replace('.d.ts', '.ts')),
    );
    expect(strangers).to.deep.equal([]);
    const missing = declarations.flatMap((file) =>
      Array.from(readFileSync(join(folder, 'package', file), 'utf8').matchAll(/["'](\.{1,2}\/[^"']*)\.js["']/g))
        .map(([, target]) => join(dirname(file), `${target!}.d.ts`))
        .filter((target) => !declarations.includes(target)),
    );
    expect(missing).to.deep.equal([]);
    const internal = declarations.filter((file) =>
      readFileSync(join(folder, 'package', file), 'utf8').includes('@internal'),
    );
    expect(internal).to.deep.equal([]);
  });

  it('takes no more than 1 MB, unpacked', () => {
    const bytes = files.reduce((sum, file) => sum + statSync(join(folder, 'package', file)).size, 0);
    expect(bytes).to.be.below(1_000_000);
  });

  it('has the licence of each package that is built in', () => {
    const code = files
      .filter((file) => file.endsWith('.js'))
      .map((file) => readFileSync(join(folder, 'package', file), 'utf8'))
      .join('\n');
    const builtIn = new Set(Array.from(code.matchAll(/\/\*! (\S+) \d/g), ([, name]) => name!));
    // The build fails on any other that it would build in.
    expect([...builtIn]).to.have.members(['eventemitter3', 'ipaddr.js', 'json-rpc-2.0']);
    for (const name of builtIn) {
      expect(code).to.include(`/*! ${name} ${manifest.dependencies[name]!}\n`);
      expect(code).to.include(readFileSync(join(ROOT, 'node_modules', name, 'LICENSE'), 'utf8'));
    }
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
      const { stdout: version } = await run(process.execPath, [join(folder, 'package', file), '--version']);
      expect(version).to.equal(`${name} ${manifest.version}\n`);
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

  it('can be bundled by esbuild, and the bundle runs', async () => {
    const path = project('bundle', { type: 'module' });
    writeFileSync(
      join(path, 'main.ts'),
      `import { connectNorthbound } from 'ovn-northbound';
       import { EmbeddedServer } from 'ovn-northbound/testing';
       const server = await EmbeddedServer.start();
       const nb = await connectNorthbound({ remotes: server.remote });
       await nb.transact((tx) => tx.insert('Logical_Switch', { name: 'bundled' }));
       console.log(nb.tables.Logical_Switch.find({ name: 'bundled' })?.name);
       nb.close();
       await server.stop();`,
    );
    for (const format of ['esm', 'minified'] as const) {
      const outfile = join(path, `${format}.mjs`);
      await build({
        absWorkingDir: path,
        entryPoints: ['main.ts'],
        bundle: true,
        platform: 'node',
        format: 'esm',
        minify: format === 'minified',
        outfile,
        logLevel: 'silent',
      });
      // Elsewhere, where it finds no packages.
      const lonely = join(folder, `${format}.mjs`);
      writeFileSync(lonely, readFileSync(outfile));
      const { stdout, stderr } = await run(process.execPath, [lonely], { cwd: folder });
      expect(stdout + stderr, format).to.equal('bundled\n');
    }
  });

  it('runs nothing when it is installed, and neither does what it needs', () => {
    for (const path of ['', ...Object.keys(manifest.dependencies).map((name) => `node_modules/${name}`)]) {
      const file = join(folder, 'package', path, 'package.json');
      const { scripts = {} } = JSON.parse(readFileSync(file, 'utf8')) as { scripts?: Readonly<Record<string, string>> };
      const run = Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name));
      expect(run, file).to.deep.equal([]);
    }
  });

  it('loads what it needs, and nothing more, when it is imported', async () => {
    const path = project('loads', { type: 'module' });
    writeFileSync(
      join(path, 'hooks.js'),
      `import { writeSync } from 'node:fs';
       export async function load(url, context, next) {
         if (url.startsWith('file:')) writeSync(1, 'file ' + url + '\\n');
         return next(url, context);
       }`,
    );
    const text = `
      import { register } from 'node:module';
      // Loads the tables of a language, and must wait until something is sorted.
      Intl.Collator = function () { throw new Error('made on import'); };
      const before = new Set(process.moduleLoadList);
      if (process.argv[2] === 'files') register('./hooks.js', import.meta.url);
      await import('ovn-northbound');
      if (process.argv[2] === 'files') process.exit();
      for (const name of process.moduleLoadList) if (!before.has(name)) console.log(name);`;
    const loaded = await runNode(path, 'main.js', text);
    const modules = Array.from(loaded.matchAll(/^NativeModule (.*)$/gm), ([, name]) => name!);
    expect(modules).to.include('net');
    // The lexer looks through CommonJS modules for their exports, which takes longer than to load all of the library.
    const heavy =
      /^(tls|_tls_\w+|crypto|https?|http2|dns|dgram|child_process|worker_threads|readline|internal\/(crypto|deps)\/.*)$/;
    expect(modules.filter((name) => heavy.test(name))).to.deep.equal([]);

    const { stdout } = await run(process.execPath, ['main.js', 'files'], { cwd: path });
    const loadedFiles = Array.from(stdout.matchAll(/^file (.*)$/gm), ([, url]) => fileURLToPath(url!));
    const names = loadedFiles.map((file) => relative(join(realpathSync(folder), 'package'), file));
    expect(names).to.include('dist/index.js');
    expect(names.filter((name) => !/^dist\/(index|chunk-\w+)\.js$/.test(name))).to.deep.equal([]);
    expect(names.length).to.be.at.most(4);
  });

  it('gives classes and functions the names that they are exported under, as errors and consoles show them', async () => {
    const path = project('names', { type: 'module' });
    const text = `
      import * as library from 'ovn-northbound';
      import * as testing from 'ovn-northbound/testing';
      for (const [name, value] of [...Object.entries(library), ...Object.entries(testing)])
        if (typeof value === 'function' && value.name !== name) console.log(value.name, 'for', name);
      console.log(new library.TimeoutError('late', 1).name, Object.keys(library).length > 20);`;
    expect(await runNode(path, 'main.js', text)).to.equal('TimeoutError true\n');
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
