/**
 * Packs what `npm run build` made, installs it as a new user would, in an empty folder, and uses it there on the oldest
 * and the newest Node of each line that is supported, and the one at hand: as an ECMAScript module, as CommonJS, and by
 * its command. The Nodes come from the npm registry, as packages that hold nothing but the program.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VERSIONS = ['20.19.0', '20', '22.12.0', '22', '24'];
const NODE_PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const QUIET = ['--silent', '--no-audit', '--no-fund', '--ignore-scripts'];

const USE = `
  const server = await EmbeddedServer.start();
  const nb = await connectNorthbound({ remotes: server.remote });
  await nb.transact((tx) => tx.insert('Logical_Switch', { name: 'product' }));
  console.log(nb.tables.Logical_Switch.find({ name: 'product' }).name);
  nb.close();
  await server.stop();`;
const PROGRAMS = {
  'main.mjs': `
    import { connectNorthbound } from 'ovn-northbound';
    import { EmbeddedServer } from 'ovn-northbound/testing';
    ${USE}`,
  'main.cjs': `
    const { connectNorthbound } = require('ovn-northbound');
    const { EmbeddedServer } = require('ovn-northbound/testing');
    (async () => {${USE}})();`,
};

const folder = mkdtempSync(join(tmpdir(), 'ovn-northbound-try-'));

function inFolder(path, program, ...args) {
  return execFileSync(program, args, {
    cwd: join(folder, path),
    encoding: 'utf8',
    stdio: 'pipe',
    timeout: 120_000,
  });
}

function emptyProject(name) {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'package.json'), '{ "private": true }');
  return name;
}

function expectEqual(found, wanted, what) {
  if (found !== wanted) throw new Error(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(found)}`);
}

try {
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  const user = emptyProject('user');
  inFolder(user, 'npm', 'install', ...QUIET, join(folder, tarball));
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(folder, user, name), text);
  const nodes = VERSIONS.map((version) => {
    const home = emptyProject(`node-${version}`);
    inFolder(home, 'npm', 'install', ...QUIET, `${NODE_PACKAGE}@${version}`);
    return join(folder, home, 'node_modules', NODE_PACKAGE, 'bin/node');
  });
  for (const node of [process.execPath, ...nodes]) {
    const version = inFolder(user, node, '--version').trim();
    for (const name of Object.keys(PROGRAMS))
      expectEqual(inFolder(user, node, name), 'product\n', `${name}, ${version}`);
    const command = 'node_modules/ovn-northbound/dist/bin/ovn-northbound.js';
    const demo = inFolder(user, node, command, 'demo');
    expectEqual(/^All \d+ promises were kept\.$/m.test(demo), true, `ovn-northbound demo, ${version}`);
    console.log(`${version}: import, require and the command work`);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
