/**
 * One ovsdb-server process: spawn, wait until it answers, signal, end. It knows nothing of schemas and
 * databases; those are arguments. Its files are `<name>.sock`, `.ctl` and `.log` in one folder.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { OvsdbError } from '../errors.js';
import { clearTimeout, setTimeout } from '../timer.js';
import { requireExecutable, toolEnvironment } from './executable.js';

/** Where an {@link OvsdbProcess} keeps its files, and how patient it is. */
export interface OvsdbProcessOptions {
  /** Folder for the socket, control socket and log. Its path must be short (unix sockets: 107 bytes). */
  directory: string;
  /** Base name of the files. Default `db`. */
  name?: string;
  /** How long the server may take until its first answer. Default 10,000 ms. */
  startTimeoutMs?: number;
}

/** Signals that end an ovsdb-server. SIGKILL, SIGABRT and SIGSEGV leave it no time to say goodbye. */
export type EndingSignal = 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGABRT' | 'SIGSEGV';

interface Running {
  readonly child: ChildProcess;
  /** Resolves with words such as `exit code 1`, when the process is gone. */
  readonly gone: Promise<string>;
}

const POLL_MS = 2;
/** How long an orderly end may take before SIGKILL follows. */
const GRACE_MS = 3_000;

/** One ovsdb-server process. Its own handle is the only way by which it is signalled. */
export class OvsdbProcess {
  readonly socketPath: string;
  readonly controlPath: string;
  readonly logPath: string;
  readonly #directory: string;
  readonly #startTimeoutMs: number;
  #running: Running | undefined;
  #logStart = 0;

  constructor(options: OvsdbProcessOptions) {
    const file = join(options.directory, options.name ?? 'db');
    this.socketPath = `${file}.sock`;
    this.controlPath = `${file}.ctl`;
    this.logPath = `${file}.log`;
    this.#directory = options.directory;
    this.#startTimeoutMs = options.startTimeoutMs ?? 10_000;
  }

  /** Process id, undefined while no server runs. */
  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /**
   * Starts the server with further arguments (remotes, database files) and resolves when it answers a
   * `list_dbs` request on its unix socket. Throws {@link OvsdbError} with code `SandboxStart`, whose
   * message holds the end of the server's log; nothing runs then.
   */
  async start(args: readonly string[]): Promise<void> {
    if (this.#running !== undefined) {
      throw new OvsdbError('SandboxStart', `ovsdb-server is already running with pid ${this.pid ?? 'unknown'}`);
    }
    const executable = requireExecutable('ovsdb-server');
    for (const path of [this.socketPath, this.controlPath]) rmSync(path, { force: true });
    const log = openSync(this.logPath, 'a');
    this.#logStart = statSync(this.logPath).size;
    let child: ChildProcess;
    try {
      child = spawn(
        executable,
        [
          '--no-chdir',
          '-vsyslog:off',
          '-vconsole:info',
          `--unixctl=${this.controlPath}`,
          `--remote=punix:${this.socketPath}`,
          ...args,
        ],
        // A session of its own: Ctrl-C at the host's terminal must not end the server under the host's feet.
        {
          stdio: ['ignore', log, log],
          detached: true,
          cwd: this.#directory,
          env: toolEnvironment({ OVS_RUNDIR: this.#directory }),
        },
      );
    } finally {
      closeSync(log);
    }
    const gone = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? 'unknown'}`));
    });
    const running: Running = { child, gone };
    this.#running = running;
    void gone.then(() => {
      if (this.#running === running) this.#running = undefined;
    });
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), this.#startTimeoutMs);
    const outcome = await Promise.race([gone, answers(this.socketPath, stop.signal)]);
    clearTimeout(timer);
    stop.abort();
    // A listener that fails is retried by the server, not fatal to it; the caller needs it now.
    const listens = !this.#log().includes('listen failed');
    if (outcome === true && listens) {
      child.unref();
      return;
    }
    await this.kill('SIGKILL');
    const what =
      outcome === true
        ? 'cannot listen where it was asked to'
        : outcome === false
          ? `gave no answer within ${this.#startTimeoutMs} ms`
          : `ended at once (${outcome})`;
    throw new OvsdbError('SandboxStart', `ovsdb-server ${what}. Its log says: ${this.#logTail()}`);
  }

  /** Ends the server in order (SIGTERM; SIGKILL if it lingers) and waits until it is gone. Idempotent. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const timer = setTimeout(() => this.killNow(), GRACE_MS);
    try {
      await this.kill('SIGTERM');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a signal that ends the server (also when it is paused) and waits until it is gone. Idempotent. */
  async kill(signal: EndingSignal): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.child.ref();
    running.child.kill(signal);
    running.child.kill('SIGCONT');
    await running.gone;
    this.#running = undefined;
  }

  /** Sends SIGKILL without waiting. */
  killNow(): void {
    this.#running?.child.kill('SIGKILL');
  }

  /** Freezes the server (SIGSTOP): its sockets stay open and nothing is answered. Resolves when it is frozen. */
  async pause(): Promise<void> {
    const child = this.#mustRun('pause').child;
    child.kill('SIGSTOP');
    // The signal takes effect at the target's next schedule; /proc tells when.
    for (let tries = 0; tries < 500 && processState(child.pid) === 'running'; tries++) await sleep(POLL_MS);
  }

  /** Lets a frozen server go on (SIGCONT). */
  resume(): void {
    this.#mustRun('resume').child.kill('SIGCONT');
  }

  /**
   * The port that the kernel chose for a listener given as port zero. `target` is the listener's text
   * after `ptcp:` or `pssl:`, for example `0:127.0.0.1`. Read from the server's log.
   */
  chosenPort(target: string): number {
    const lines = this.#log().split('\n');
    const found = lines.findLast((line) => line.includes(`|${target}: listening on port `));
    const port = /listening on port (\d+)/.exec(found ?? '')?.[1];
    if (port === undefined) {
      throw new OvsdbError(
        'SandboxStart',
        `ovsdb-server does not listen on ${target}. Its log says: ${this.#logTail()}`,
      );
    }
    return Number(port);
  }

  #mustRun(verb: string): Running {
    if (this.#running === undefined) {
      throw new OvsdbError(
        'SandboxState',
        `Cannot ${verb} ovsdb-server: it is not running. Its log says: ${this.#logTail()}`,
      );
    }
    return this.#running;
  }

  #log(): string {
    return readFileSync(this.logPath).subarray(this.#logStart).toString();
  }

  #logTail(): string {
    try {
      return this.#log().trim().split('\n').slice(-5).join('\n') || 'nothing';
    } catch {
      return 'nothing (no log file)';
    }
  }
}

/** Asks until the server answers (true) or the signal aborts (false). */
async function answers(socketPath: string, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await askOnce(socketPath, signal)) return true;
    await sleep(POLL_MS);
  }
  return false;
}

/** One connection, one `list_dbs` request: true when any answer came back. */
async function askOnce(socketPath: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    const finish = (answered: boolean): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answered);
    };
    const onAbort = (): void => finish(false);
    signal.addEventListener('abort', onAbort);
    socket.once('connect', () => socket.write('{"method":"list_dbs","params":[],"id":0}'));
    socket.once('data', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
  });
}

function processState(pid: number | undefined): 'running' | 'stopped' | 'unknown' {
  try {
    const stat = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'T' ? 'stopped' : 'running';
  } catch {
    return 'unknown';
  }
}
