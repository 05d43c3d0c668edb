/** Two workers that begin each round at the same moment, and what the database's own log says of it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import type { StatefulSetPortManagerOptions } from '../../lib/statefulset/manager-options.js';
import type { StatefulSetLike } from '../../lib/statefulset/workload.js';
import type { Sandbox } from '../../lib/testing/sandbox.js';
import { LogFollower, type LoggedRow } from './database-log.js';
import { databaseFile } from './races.js';

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
export class RoundWorker implements AsyncDisposable {
  readonly process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.process = child;
  }

  /** Starts the program at `path`. */
  static async start(path: string, remote: string, mode: 'guarded' | 'unguarded' = 'guarded'): Promise<RoundWorker> {
    const child = fork(path, [remote, mode], { execArgv: [] });
    await once(child, 'message');
    return new RoundWorker(child);
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

/** Goes through every transaction in the server's database file, and returns each address that two ports ever shared. */
export async function duplicatesEver(sandbox: Sandbox): Promise<Duplicate[]> {
  await using follower = await LogFollower.start(databaseFile(sandbox));
  await follower.read();
  const owners = new Map<string, Map<string, string>>();
  const duplicates = new Map<string, Duplicate>();
  for (const { changes } of follower.log.transactions) {
    const ports = changes.filter(({ table }) => table === 'Logical_Switch_Port');
    for (const { uuid, before } of ports) for (const address of addressesOf(before)) owners.get(address)?.delete(uuid);
    for (const { uuid, after } of ports) {
      for (const address of addressesOf(after)) {
        owners.set(address, (owners.get(address) ?? new Map<string, string>()).set(uuid, after?.name ?? ''));
      }
    }
    for (const address of ports.flatMap(({ after }) => addressesOf(after))) {
      const sharing = [...(owners.get(address)?.values() ?? [])];
      if (sharing.length > 1) duplicates.set(address, { address, ports: sharing });
    }
  }
  return [...duplicates.values()];
}

function addressesOf(row: LoggedRow | undefined): string[] {
  return row?.addresses.flatMap((element) => element.split(' ')) ?? [];
}
