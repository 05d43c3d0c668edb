/** A private ovsdb-server on a copy of a database file. */
import { copyFileSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { runProgram, toolEnvironment } from '../../lib/testing/executable.js';
import { OvsdbProcess } from '../../lib/testing/ovsdb-process.js';
import { SandboxHome } from '../../lib/testing/sandbox-home.js';

/** A file of a million ports takes its time. */
const START_MS = 300_000;
const CONTROL_TIMEOUT_S = 60;

/** See the head of this file. */
export class BenchServer implements AsyncDisposable {
  readonly remote: string;
  readonly #home: SandboxHome;
  readonly #process: OvsdbProcess;
  readonly #file: string;

  private constructor(home: SandboxHome) {
    this.#home = home;
    this.#process = new OvsdbProcess({ directory: home.directory, startTimeoutMs: START_MS });
    home.killNow = () => this.#process.killNow();
    this.remote = `unix:${this.#process.socketPath}`;
    this.#file = join(home.directory, 'nb.db');
  }

  /** Resolves when the server answers, so when it has read the file. */
  static async start(databaseFile: string): Promise<BenchServer> {
    const home = await SandboxHome.make(new Error('benchmark server started here').stack ?? '');
    const server = new BenchServer(home);
    try {
      copyFileSync(databaseFile, server.#file);
      await server.#process.start([server.#file]);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The most memory that the server had so far, in MB. */
  get peakMb(): number {
    return peakMbOf(this.pid);
  }

  /** Ends the server and starts it again with the same database. */
  async restart(): Promise<void> {
    await this.#process.stop();
    await this.#process.start([this.#file]);
  }

  /** Has the server close every connection. */
  async dropConnections(): Promise<void> {
    const args = [`--timeout=${CONTROL_TIMEOUT_S}`, `--target=${this.#process.controlPath}`, 'ovsdb-server/reconnect'];
    await runProgram('ovs-appctl', args, { env: toolEnvironment(), timeoutMs: CONTROL_TIMEOUT_S * 1000 });
  }

  /** Ends the server and removes its files; `keep` may copy the database's before. Idempotent. */
  async stop(keep: (databaseFile: string) => void = () => undefined): Promise<void> {
    await this.#process.stop();
    keep(this.#file);
    await this.#home.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The most memory that a process had so far, in MB; NaN where there is no /proc. */
export function peakMbOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return NaN;
  }
}
