/**
 * Finding and running the programs of Open vSwitch and OVN. A plain user's PATH on Debian has no
 * /usr/sbin, where ovsdb-server lives, so the usual system folders are searched after PATH.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { OvsdbError } from '../errors.js';

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const NORTHBOUND_SCHEMAS = ['/usr/share/ovn/ovn-nb.ovsschema', '/usr/local/share/ovn/ovn-nb.ovsschema'];
const INSTALL_COMMAND = 'apt-get install -y --no-install-recommends openvswitch-common ovn-common ovn-central openssl';

/** Path of a program, searched in PATH and then in the system folders; undefined when it is not there. */
export function findExecutable(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...folders, ...SYSTEM_FOLDERS]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Path of a program that must be there. Throws {@link OvsdbError} with code `SandboxMissing`. */
export function requireExecutable(name: string): string {
  const path = findExecutable(name);
  if (path === undefined) throw missing(`the program ${name} was not found in PATH or /usr/sbin`);
  return path;
}

/** Path of the installed OVN's northbound schema. Throws {@link OvsdbError} with code `SandboxMissing`. */
export function requireNorthboundSchema(): string {
  const path = NORTHBOUND_SCHEMAS.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw missing(`the northbound schema was not found (looked for ${NORTHBOUND_SCHEMAS.join(' and ')})`);
  }
  return path;
}

/** True when ovsdb-server and ovsdb-tool are installed, so that `Sandbox.start` can work. */
export function isOvsdbServerInstalled(): boolean {
  return findExecutable('ovsdb-server') !== undefined && findExecutable('ovsdb-tool') !== undefined;
}

/** How {@link runProgram} runs a program. */
export interface RunOptions {
  /** Variables set on top of the environment, see {@link toolEnvironment}. */
  env?: NodeJS.ProcessEnv;
  /** The program is killed after this long. Default 20,000 ms. */
  timeoutMs?: number;
}

/**
 * Runs a program to its end and returns what it wrote to stdout.
 * Throws {@link OvsdbError} with code `SandboxCommand`, whose message holds the command and its stderr.
 */
export async function runProgram(name: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const path = requireExecutable(name);
  const timeoutMs = options.timeoutMs ?? 20_000;
  return new Promise((resolve, reject) => {
    const settings = {
      env: options.env ?? toolEnvironment(),
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 1 << 30,
    };
    execFile(path, [...args], settings, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      const outcome =
        error.killed === true
          ? `did not finish within ${timeoutMs} ms`
          : `failed (${error.signal ?? `exit code ${error.code ?? 'unknown'}`})`;
      const command = [name, ...args].join(' ');
      reject(
        new OvsdbError('SandboxCommand', `${command} ${outcome}: ${stderr.trim() || 'no message'}`, { cause: error }),
      );
    });
  });
}

/** The environment without the variables that would send OVS or OVN tools to another database, plus `extra`. */
export function toolEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(OVN|OVS)_/.test(name));
  return { ...Object.fromEntries(kept), ...extra };
}

function missing(what: string): OvsdbError {
  return new OvsdbError(
    'SandboxMissing',
    `A sandbox needs Open vSwitch's and OVN's programs, but ${what}. ` +
      `On Debian and Ubuntu they are in the packages openvswitch-common, ovn-common and ovn-central: ` +
      `run "sudo apt-get update && sudo ${INSTALL_COMMAND}" ` +
      `(to keep the packages from starting services of their own, put a policy-rc.d that exits with 101 in place first).`,
  );
}
