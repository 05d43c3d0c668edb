/**
 * A private corner of the machine: a mount, a network and a process namespace (namespaces(7)), in which
 * network namespaces can be made at will, see ip-netns(8).
 *
 * Names of network namespaces live in a mount that nobody else sees, so two runs cannot collide. All
 * processes live under one first process that ends when its standard input does: when the corner is
 * stopped, or the host process is gone for whatever reason, the kernel ends every process in it, and with
 * the last process the namespaces, their interfaces and their addresses are gone too.
 */
import { execFile, spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

import { findExecutable, requireExecutable, toolEnvironment } from '../../lib/testing/executable.js';

/** Without root, a user namespace of its own makes the caller root in the corner. */
const IS_ROOT = process.getuid?.() === 0;

const UNSHARE = [
  ...(IS_ROOT ? [] : ['--user', '--map-root-user']),
  ...['--mount', '--net', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
];

// `ip netns` needs a folder for names; where it cannot be made, all of /var/run gets a private one.
const FIRST_PROCESS = `
mkdir -p /var/run/netns 2>/dev/null && mount -t tmpfs tmpfs /var/run/netns ||
  { mount -t tmpfs tmpfs /var/run/ && mkdir /var/run/netns; } || exit 1
echo ready
while read -r _; do :; done
`;

const START_TIMEOUT_MS = 20_000;
const RUN_TIMEOUT_MS = 30_000;

/** How a program is run. */
export interface RunSettings {
  /** Network namespace to run in. Default: the corner's own, which has nothing but a loopback interface. */
  readonly in?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default 30,000 ms; then it is killed. */
  readonly timeoutMs?: number;
}

/** How a program ended. */
export interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is running: its output can be read, and it is asked to end by closing its input. */
export type RunningProgram = ChildProcessByStdio<Writable, Readable, null>;

/** See the head of this file. */
export class PrivateNamespaces implements AsyncDisposable {
  readonly #holder: ChildProcess;
  readonly #gone: Promise<unknown>;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.#gone = once(holder, 'exit').catch(() => undefined);
  }

  /** Makes the corner. Rejects when the caller may not: it takes root, or unprivileged user namespaces. */
  static async start(): Promise<PrivateNamespaces> {
    const holder = spawn(requireExecutable('unshare'), [...UNSHARE, 'sh', '-c', FIRST_PROCESS], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      cwd: '/',
      env: toolEnvironment(),
    });
    const corner = new PrivateNamespaces(holder);
    holder.stdin.on('error', () => undefined);
    let complaint = '';
    holder.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
    const outcome = await Promise.race([
      once(holder.stdout, 'data', { signal: timeout }).then(() => 'ready', String),
      once(holder, 'close').then(() => 'it ended at once'),
    ]);
    if (outcome === 'ready') return corner;
    await corner.stop();
    throw new Error(
      `Private namespaces could not be made (unshare ${UNSHARE.join(' ')}): ${complaint.trim() || outcome}. ` +
        `The tests with real traffic need root (CAP_SYS_ADMIN), or a kernel that allows unprivileged user namespaces.`,
    );
  }

  /** Makes a network namespace. Its loopback interface is up. */
  async addNetwork(name: string): Promise<void> {
    await this.run('ip', ['netns', 'add', name]);
    await this.run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  }

  /** Deletes a network namespace, with its interfaces and their peers. */
  async deleteNetwork(name: string): Promise<void> {
    await this.run('ip', ['netns', 'del', name]);
  }

  /** Runs a program to its end; resolves with its output. Rejects when it fails. */
  async run(program: string, args: readonly string[], settings: RunSettings = {}): Promise<string> {
    const { code, stdout, stderr } = await this.try(program, args, settings);
    if (code === 0) return stdout;
    const where = settings.in === undefined ? '' : ` in ${settings.in}`;
    throw new Error(`"${[program, ...args].join(' ')}"${where} failed with ${code}: ${stderr.trim() || stdout.trim()}`);
  }

  /** As {@link run}, for a program whose failure is an answer. */
  async try(program: string, args: readonly string[], settings: RunSettings = {}): Promise<Ending> {
    const [command, enter] = this.#enter(program, args, settings);
    const options = { env: settings.env ?? toolEnvironment(), timeout: settings.timeoutMs ?? RUN_TIMEOUT_MS };
    return new Promise((resolve) => {
      execFile(command, enter, { ...options, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
        const { code } = error ?? { code: 0 };
        resolve({ code: typeof code === 'number' ? code : -1, stdout, stderr: stderr || (error?.message ?? '') });
      });
    });
  }

  /** Starts a program. What it still runs when the corner is stopped is ended then. */
  spawn(program: string, args: readonly string[], settings: RunSettings = {}): RunningProgram {
    const [command, enter] = this.#enter(program, args, settings);
    return spawn(command, enter, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: settings.env ?? toolEnvironment(),
    });
  }

  /** Ends all processes in the corner and resolves when they are gone. Idempotent. */
  async stop(): Promise<void> {
    this.#holder.stdin?.destroy();
    if (this.#holder.exitCode === null && this.#holder.signalCode === null) await this.#gone;
    this.#holder.stdout?.destroy();
    this.#holder.stderr?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #enter(program: string, args: readonly string[], settings: RunSettings): readonly [string, string[]] {
    const { pid } = this.#holder;
    if (pid === undefined || this.#holder.exitCode !== null || this.#holder.signalCode !== null) {
      throw new Error(`Cannot run ${program}: its namespaces are gone`);
    }
    const network = settings.in === undefined ? [] : [requireExecutable('ip'), 'netns', 'exec', settings.in];
    return [
      requireExecutable('nsenter'),
      [
        ...(IS_ROOT ? [] : ['--user', '--preserve-credentials']),
        ...[`--target=${pid}`, '--mount', '--net', `--pid=/proc/${pid}/ns/pid_for_children`, '--'],
        ...network,
        findExecutable(program) ?? program,
        ...args,
      ],
    ];
  }
}
