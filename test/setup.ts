/**
 * Root hooks of the test run. A test that leaves a sandbox, a server process, a sandbox folder, an open
 * handle or an unhandled rejection behind fails the run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { liveSandboxes } from '../lib/testing/live.js';

const EXIT_GRACE_MS = 2_000;

function failOnRejection(reason: unknown): void {
  throw reason instanceof Error ? reason : new Error(`Unhandled rejection with ${String(reason)}`);
}

/** Those of a process that had the same id and was killed are not ours. */
const foldersBefore = new Set(sandboxFolders());

export const mochaHooks = {
  beforeAll(): void {
    // mocha listens to this event and so silences it; what is thrown here fails the test that is running.
    process.on('unhandledRejection', failOnRejection);
  },

  afterAll(): void {
    watchForOpenHandles();
    const leaks = [
      ...liveSandboxes().map(({ directory, startedAt }) => `sandbox ${directory} was not stopped; ${startedAt}`),
      ...childServers().map((child) => `child process left running: ${child}`),
      ...sandboxFolders()
        .filter((folder) => !foldersBefore.has(folder))
        .map((folder) => `sandbox folder left behind: ${folder}`),
    ];
    if (leaks.length > 0) throw new Error(`The tests leaked:\n${leaks.join('\n')}`);
  },
};

/** Names and pids of this process's running OVSDB or OVN children. Empty where there is no /proc. */
export function childServers(): readonly string[] {
  return listFolder('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      const stat = /^\d+ \((.*)\) (\S) (\d+) /s.exec(readFile(`/proc/${pid}/stat`));
      const [, name = '', state, parent] = stat ?? [];
      return parent === String(process.pid) && state !== 'Z' && /^(ovsdb|ovn|ovs)-/.test(name)
        ? [`${name} ${pid}`]
        : [];
    });
}

function sandboxFolders(): readonly string[] {
  return listFolder(tmpdir()).filter((name) => name.startsWith(`ovnsb-${process.pid}-`));
}

/** The timers themselves keep nothing alive: they only fire when something else does. */
function watchForOpenHandles(): void {
  const report = (): void => {
    const handles = process.getActiveResourcesInfo().join(', ');
    console.error(`The tests are done, but these handles keep the process alive: ${handles}`);
    // mocha sets the exit code in an exit listener of its own, added before this one.
    process.once('exit', () => (process.exitCode = 1));
    process.exit();
  };
  // Twice, since a process that stood still for so long has not yet seen what ended meanwhile.
  setTimeout(() => setTimeout(report, EXIT_GRACE_MS).unref(), EXIT_GRACE_MS).unref();
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Empty when the file is gone, as the files of an ending process are. */
function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
