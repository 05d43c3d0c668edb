/**
 * Gets a fresh clone ready, then runs a command:
 *
 *   node .ci/bootstrap.mjs [--no-server | --server-for=ARGUMENT | --ovn] -- command [argument...]
 *
 * Installs the npm packages of the lock file, Open vSwitch's and OVN's programs (as root on a
 * Debian-like system; otherwise it prints the command to run and exits with code 3). With --ovn also those
 * of a whole OVN with its nodes; with --no-server, and with --server-for unless the command has that argument,
 * no programs. What is in place already is left alone, so a second run starts at once.
 * Plain Node, no packages.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MIN_NODE = [20, 19];
const EXIT_NO_SERVER = 3;
/** What private OVSDB servers and ovn-northd take. */
const SERVER = {
  purpose: 'private OVSDB servers',
  programs: ['ovsdb-server', 'ovsdb-tool', 'ovsdb-client', 'ovs-appctl', 'ovn-nbctl', 'ovn-northd', 'openssl'],
  schemas: ['ovn/ovn-nb.ovsschema'],
  packages: ['openvswitch-common', 'ovn-common', 'ovn-central', 'openssl'],
  /** Units that the packages would have systemd start. */
  units: ['ovn-central', 'ovn-northd', 'ovn-ovsdb-server-nb', 'ovn-ovsdb-server-sb'],
};
/** What the tests with real traffic take besides. */
const OVN = {
  purpose: 'an OVN in private network namespaces',
  programs: ['ovs-vswitchd', 'ovs-vsctl', 'ovn-controller', 'ovn-sbctl', 'ip', 'ping', 'ethtool', 'nsenter', 'unshare'],
  schemas: ['ovn/ovn-sb.ovsschema', 'openvswitch/vswitch.ovsschema'],
  packages: ['openvswitch-switch', 'ovn-host', 'iproute2', 'iputils-ping', 'ethtool', 'util-linux'],
  units: [
    ...['openvswitch-switch', 'ovs-vswitchd', 'ovsdb-server', 'ovs-record-hostname'],
    ...['ovn-host', 'ovn-controller'],
  ],
};
const SHARE = ['/usr/share', '/usr/local/share'];
const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_TEXT = '#!/bin/sh\n# Put here by the bootstrap of ovn-northbound while it installs packages.\nexit 101\n';
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'];

function say(text) {
  console.error(`[bootstrap] ${text}`);
}

function fail(text, code = 1) {
  say(text);
  process.exit(code);
}

function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** Runs a step quietly; its output is shown only when it fails. */
function step(what, command, args, env = {}) {
  say(what);
  const started = Date.now();
  const result = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    const outcome = result.error?.message ?? result.signal ?? `exit code ${result.status}`;
    throw new Error(`"${[command, ...args].join(' ')}" failed: ${outcome}`);
  }
  say(`  done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  fail(`Node ${MIN_NODE.join('.')} or newer is needed; this is Node ${process.versions.node} (${process.execPath}).`);
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** True when node_modules holds what the lock file asks for. Contents are compared: file times say nothing after a checkout. */
function packagesInstalled() {
  const wanted = readLock('package-lock.json');
  const found = readLock('node_modules/.package-lock.json');
  if (wanted === undefined) fail('package-lock.json is missing or broken; is this a complete checkout?');
  if (found === undefined) return false;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      (found[path] === undefined
        ? entry.optional === true
        : found[path].version === entry.version && found[path].integrity === entry.integrity),
  );
}

function installPackages() {
  if (packagesInstalled()) return;
  // With NODE_ENV=production npm would leave the development packages out.
  step('installing the npm packages of package-lock.json (npm ci)', 'npm', [
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
  ]);
}

function missingPieces({ programs, schemas }) {
  return [
    ...programs.filter((name) => !findProgram(name)),
    ...schemas.filter((file) => !SHARE.some((folder) => existsSync(join(folder, file)))),
  ];
}

function installPrograms({ purpose, packages, units, ...pieces }) {
  const missing = missingPieces(pieces);
  if (missing.length === 0) return;
  const basic = ['install', '-y', '--no-install-recommends'];
  // Those that are there already may serve somebody.
  const newUnits = units.filter((unit) => !existsSync(`/lib/systemd/system/${unit}.service`));
  if (process.getuid?.() !== 0 || !findProgram('apt-get')) {
    fail(
      `This needs the programs for ${purpose}, but these are missing: ${missing.join(', ')}.\n` +
        `On Debian or Ubuntu, run:\n\n  sudo apt-get update && sudo apt-get ${[...basic, ...packages].join(' ')}\n\n` +
        (newUnits.length === 0
          ? ''
          : `On systems with systemd these packages start daemons of Open vSwitch and OVN; to have only the programs, run after it:\n\n` +
            `  sudo systemctl disable --now ${newUnits.join(' ')}\n\n`) +
        `Then run this command again.`,
      EXIT_NO_SERVER,
    );
  }
  say(`missing: ${missing.join(', ')}`);
  // Packages that are there stay as they are: an upgrade could restart services that somebody relies on.
  const install = [...basic, '--no-upgrade', '-o', 'DPkg::Lock::Timeout=120', ...packages];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  withoutServiceStart(() => {
    step('updating the package lists (apt-get update)', 'apt-get', ['update'], env);
    step(`installing ${packages.join(', ')} (apt-get install)`, 'apt-get', install, env);
  });
  keepFromBoot(newUnits);
  const still = missingPieces(pieces);
  if (still.length > 0) fail(`After the installation these are still missing: ${still.join(', ')}`, EXIT_NO_SERVER);
}

/** Both sets at once where both are asked for: one command to print, one installation. */
function both(first, second) {
  const joined = { purpose: `${first.purpose} and ${second.purpose}` };
  for (const key of ['programs', 'schemas', 'packages', 'units']) joined[key] = [...first[key], ...second[key]];
  return joined;
}

/**
 * Only the programs are wanted: a policy-rc.d keeps the packages from starting an OVN control plane on
 * this machine. One that is there already is left alone, unless an earlier run was killed before it
 * could remove its own.
 */
function withoutServiceStart(install) {
  const ours = !existsSync(POLICY) || readFileSync(POLICY, 'utf8') === POLICY_TEXT;
  const ignore = () => undefined;
  // With a listener a signal does not end this process, so that the file is removed; it ends apt-get.
  for (const signal of SIGNALS) process.on(signal, ignore);
  try {
    if (ours) {
      writeFileSync(POLICY, POLICY_TEXT);
      chmodSync(POLICY, 0o755);
    }
    install();
  } finally {
    if (ours) rmSync(POLICY, { force: true });
    for (const signal of SIGNALS) process.off(signal, ignore);
  }
}

/** Units that this installation brought would start at the next boot. Without systemctl there is nothing to start them. */
function keepFromBoot(units) {
  const names = units.map((unit) => `${unit}.service`).filter((name) => existsSync(`/lib/systemd/system/${name}`));
  if (names.length === 0 || !findProgram('systemctl')) return;
  step(`keeping ${names.join(', ')} from starting at boot`, 'systemctl', ['disable', ...names]);
}

/** Runs the command in this terminal, hands signals on, and ends as it ended. */
function run([command, ...args]) {
  const path = [join(ROOT, 'node_modules/.bin'), process.env.PATH ?? ''].join(delimiter);
  const child = spawn(command === 'node' ? process.execPath : command, args, {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // Ctrl-C reaches the whole terminal; the child must not count it twice.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  child.once('error', (error) => fail(`"${command}" cannot be run: ${error.message}`, 127));
  child.once('exit', (code, signal) => process.exit(signal === null ? code : 128 + osConstants.signals[signal]));
}

const separator = process.argv.indexOf('--');
const options = process.argv.slice(2, separator === -1 ? undefined : separator);
const command = separator === -1 ? [] : process.argv.slice(separator + 1);
const serverFor = options.find((option) => option.startsWith('--server-for='))?.slice('--server-for='.length);
const unknown = options.filter((option) => !/^(--no-server|--server-for=.+|--ovn)$/.test(option));
if (command.length === 0 || unknown.length > 0) {
  fail('usage: node .ci/bootstrap.mjs [--no-server | --server-for=ARGUMENT | --ovn] -- command [argument...]', 2);
}
checkNode();
try {
  installPackages();
  const needsServer = !options.includes('--no-server') && (serverFor === undefined || command.includes(serverFor));
  if (needsServer) installPrograms(options.includes('--ovn') ? both(SERVER, OVN) : SERVER);
} catch (error) {
  fail(error.message);
}
run(command);
