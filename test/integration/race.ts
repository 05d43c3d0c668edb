/** Worker processes that race for addresses, and the database's own log, which tells whether one was ever given twice. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { StatefulSetPortManagerOptions } from '../../lib/statefulset/manager-options.js';
import type { StatefulSetLike } from '../../lib/statefulset/workload.js';
import type { Sandbox } from '../../lib/testing/sandbox.js';

const WORKER = fileURLToPath(new URL('./race-worker.ts', import.meta.url));

/** What a worker is to do. */
export interface Command {
  readonly options: StatefulSetPortManagerOptions;
  readonly statefulSet: StatefulSetLike;
  /** One `ensurePort` for each pod, all at once, instead of `apply`. */
  readonly concurrently: boolean;
  /** What `external_ids:round` of NB_Global must be before it begins. */
  readonly after: string;
}

/** What became of it. */
export interface Report {
  readonly outcomes: readonly { readonly pod: string; readonly address?: string; readonly error?: string }[];
}

/** A manager in another process. */
export class RaceWorker implements AsyncDisposable {
  readonly process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.process = child;
  }

  static async start(remote: string, mode: 'guarded' | 'unguarded' = 'guarded'): Promise<RaceWorker> {
    const child = fork(WORKER, [remote, mode], { execArgv: ['--import=tsx'] });
    await once(child, 'message');
    return new RaceWorker(child);
  }

  /** Rejects when the process ends before it answers. */
  run(command: Command): Promise<Report> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('the worker ended'));
      this.process.once('exit', onExit);
      this.process.once('message', (report) => {
        this.process.off('exit', onExit);
        resolve(report as Report);
      });
      this.process.send(command);
    });
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** An address that two ports had at the same time. */
export interface Duplicate {
  readonly address: string;
  readonly ports: readonly string[];
}

interface LoggedRow {
  readonly name?: string;
  readonly addresses?: string | readonly [string, readonly string[]];
}

/** Goes through every transaction in the server's database file, and returns each address that two ports ever shared. */
export async function duplicatesEver(sandbox: Sandbox): Promise<Duplicate[]> {
  const log = await readFile(join(sandbox.directory, 'OVN_Northbound.db'), 'utf8');
  const names = new Map<string, string>();
  const addresses = new Map<string, readonly string[]>();
  const owners = new Map<string, Set<string>>();
  const duplicates = new Map<string, Duplicate>();
  for (const line of log.split('\n')) {
    // Between the records stand their lengths and hashes.
    if (!line.startsWith('{"')) continue;
    const { Logical_Switch_Port: ports = {} } = JSON.parse(line) as {
      Logical_Switch_Port?: Record<string, LoggedRow | null>;
    };
    const touched = new Set<string>();
    for (const [uuid, row] of Object.entries(ports)) {
      if (row !== null && row.addresses === undefined) continue;
      for (const ip of addresses.get(uuid) ?? []) owners.get(ip)?.delete(uuid);
      addresses.delete(uuid);
      if (row?.name !== undefined) names.set(uuid, row.name);
      if (row === null || row.addresses === undefined) continue;
      const elements = typeof row.addresses === 'string' ? [row.addresses] : row.addresses[1];
      const ips = elements.flatMap((element) => element.split(' '));
      addresses.set(uuid, ips);
      for (const ip of ips) {
        owners.set(ip, (owners.get(ip) ?? new Set()).add(uuid));
        touched.add(ip);
      }
    }
    for (const address of touched) {
      const sharing = [...(owners.get(address) ?? [])];
      if (sharing.length > 1)
        duplicates.set(address, { address, ports: sharing.map((uuid) => names.get(uuid) ?? uuid) });
    }
  }
  return [...duplicates.values()];
}
