/** Starts workers, tells them what to do, and kills them. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import type { Execution, Operation, Report } from './ledger.js';

/** With managers; with managers that nothing guards, as a control; with the writer that knows nothing of them. */
export type Mode = 'managers' | 'unguarded' | 'foreign';

/** What a worker is told. */
export type WorkerCommand =
  | { readonly type: 'run'; readonly operation: Operation }
  | { readonly type: 'audit' }
  | { readonly type: 'write'; readonly restMs: number }
  | { readonly type: 'stop' };

/** What a worker says. */
export type WorkerAnswer =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: string; readonly at: number; readonly report: Report }
  | { readonly type: 'audited'; readonly shared: readonly (readonly [string, readonly string[]])[] }
  | { readonly type: 'stopped'; readonly writes: number };

/** See the head of this file. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<string, (answer: WorkerAnswer | undefined) => void>();
  #killed = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit').then(() => {
      for (const resolve of this.#waiting.values()) resolve(undefined);
      this.#waiting.clear();
    });
    child.on('message', (answer: WorkerAnswer) => {
      const key = answer.type === 'done' ? answer.id : answer.type;
      this.#waiting.get(key)?.(answer);
      this.#waiting.delete(key);
    });
  }

  /** Starts the program at `path` and waits until it is connected. */
  static async start(path: string, mode: Mode, remote: string, seed = 0): Promise<WorkerProcess> {
    const worker = new WorkerProcess(fork(path, [mode, remote, String(seed)], { execArgv: [] }));
    if ((await worker.#answer('ready')) === undefined) throw new Error(`a worker (${mode}) ended before it was ready`);
    return worker;
  }

  /** Was it told to end? */
  get isKilled(): boolean {
    return this.#killed;
  }

  /** Has an operation carried out; it has no end when the process is killed meanwhile. */
  async run(operation: Operation): Promise<Execution> {
    const execution: Execution = { operation, startedAt: Date.now() };
    const answer = await this.#ask({ type: 'run', operation }, operation.id);
    if (answer?.type === 'done') execution.end = { at: answer.at, report: answer.report };
    return execution;
  }

  /** Addresses that several ports have, as a manager's audit lists them. */
  async audit(): Promise<Map<string, readonly string[]>> {
    const answer = await this.#ask({ type: 'audit' }, 'audited');
    return new Map(answer?.type === 'audited' ? answer.shared : []);
  }

  /** Has the writer write until {@link stopWriting}. */
  startWriting(restMs: number): void {
    this.#child.send({ type: 'write', restMs } satisfies WorkerCommand);
  }

  /** Resolves with how often it wrote. */
  async stopWriting(): Promise<number> {
    const answer = await this.#ask({ type: 'stop' }, 'stopped');
    return answer?.type === 'stopped' ? answer.writes : 0;
  }

  /** Sends SIGKILL at once; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#killed = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #ask(command: WorkerCommand, key: string): Promise<WorkerAnswer | undefined> {
    const answer = this.#answer(key);
    // One that has been killed is past listening.
    if (this.#child.connected) this.#child.send(command, () => undefined);
    return answer;
  }

  async #answer(key: string): Promise<WorkerAnswer | undefined> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return undefined;
    return new Promise((resolve) => this.#waiting.set(key, resolve));
  }
}
