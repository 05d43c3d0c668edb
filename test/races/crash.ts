/**
 * Managers that are killed again and again, between any two messages and at any moment, and whose successors go on with
 * the work; beside them a writer that knows nothing of them. Then the checks.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { Sandbox } from '../../lib/testing/sandbox.js';
import { Random } from '../random.js';
import { bundle } from './bundle.js';
import type { Tally } from './checker.js';
import { LogFollower } from './database-log.js';
import { KillGate, type KilledAt } from './kill-gate.js';
import type { Execution } from './ledger.js';
import { check, checkRest, countOutcomes, databaseFile, prepare, save, settle } from './races.js';
import { Scenario } from './scenario.js';
import { WorkerProcess } from './worker-process.js';

/** How long and how wild. */
export interface CrashOptions {
  /** Decides on operations, foreign writes and where processes are killed; what comes first is up to the machine. */
  readonly seed: number;
  readonly kills: number;
  /** At least so long. Default 0. */
  readonly durationMs?: number;
  /** Told of what happens, now and then. */
  readonly log?: (line: string) => void;
  /** Folder for the database's file and the operations, for those who want to look for themselves. */
  readonly save?: string | undefined;
}

/** What happened. */
export interface CrashReport {
  /** What should not have. */
  readonly violations: readonly string[];
  /** How often a process was killed where. */
  readonly kills: Readonly<Record<string, number>>;
  readonly tally: Tally;
  /** How often calls ended with each status or error. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly operations: number;
  readonly foreignWrites: number;
  /** Managed ports that got an address which a foreign port had first. */
  readonly conflicts: number;
  /** Addresses that kept and foreign ports share at the end: foreign ports came second, or a kill came before the look. */
  readonly shared: number;
  readonly durationMs: number;
}

/** Managers that live at the same time. */
const LANES = 2;
/** Calls that one has under way at once. */
const CALLS = 2;
/** Started ahead: starting a process takes longer than all the rest. */
const SPARE = 2;
const FOREIGN_REST_MS = 25;
/** The last message at which one is killed, and the longest time after which one is. */
const MOST_MESSAGES = 12;
const MOST_OWN_MESSAGES = 6;
const LONGEST_MS = 30;

interface Recruit {
  readonly worker: WorkerProcess;
  readonly gate: KillGate;
}

/** Runs it. */
export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const { seed, log = () => undefined } = options;
  using program = bundle('worker.ts');
  await using sandbox = await Sandbox.start();
  await prepare(sandbox.remote);
  await using follower = await LogFollower.start(databaseFile(sandbox));
  const foreign = await WorkerProcess.start(program.path, 'foreign', sandbox.remote, seed);
  const random = new Random(seed);
  const scenario = new Scenario(random);
  const executions: Execution[] = [];
  const kills: Record<string, number> = {};
  let begun = 0;
  let ended = false;
  const recruit = async (): Promise<Recruit> => {
    const gate = await KillGate.start(sandbox.remote);
    return { gate, worker: await WorkerProcess.start(program.path, 'managers', gate.remote) };
  };
  const spare = Array.from({ length: SPARE }, recruit);
  const retire = async ({ worker, gate }: Recruit): Promise<void> => {
    await worker.kill();
    await gate[Symbol.asyncDispose]();
  };
  const started = performance.now();

  /** One manager's life: it repeats what its predecessor was killed at, and goes on until it is killed itself. */
  async function live({ worker, gate }: Recruit, unfinished: readonly Execution[]): Promise<Execution[]> {
    const killed = new Promise<KilledAt | 'at any moment'>((resolve) => {
      const kill = (at: KilledAt | 'at any moment'): void => {
        if (worker.isKilled) return;
        void worker.kill();
        resolve(at);
      };
      if (random.chance(0.75)) {
        const when = random.chance(0.5) ? 'before' : 'after';
        const ownOnly = random.chance(0.7);
        gate.arm({ message: random.integer(1, ownOnly ? MOST_OWN_MESSAGES : MOST_MESSAGES), ownOnly, when }, kill);
      } else void sleep(random.integer(0, LONGEST_MS)).then(() => kill('at any moment'));
    });
    const left: Execution[] = [];
    const again = [...unfinished];
    const call = async (): Promise<void> => {
      while (!worker.isKilled) {
        const repeated = again.pop()?.operation;
        const execution = await worker.run(repeated === undefined ? scenario.next() : scenario.again(repeated));
        executions.push(execution);
        if (execution.end === undefined) left.push(execution);
      }
    };
    await Promise.all(Array.from({ length: CALLS }, call));
    const at = await killed;
    kills[at] = (kills[at] ?? 0) + 1;
    return left;
  }

  async function lane(): Promise<void> {
    let unfinished: Execution[] = [];
    while (!ended) {
      if (begun >= options.kills && performance.now() - started >= (options.durationMs ?? 0)) break;
      begun++;
      if (begun % 100 === 0) log(`${begun} kills`);
      const next = (await spare.shift())!;
      spare.push(recruit());
      try {
        unfinished = await live(next, unfinished);
      } finally {
        await retire(next);
      }
    }
  }

  try {
    foreign.startWriting(FOREIGN_REST_MS);
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        try {
          await lane();
        } finally {
          ended = true;
        }
      }),
    );
    const durationMs = performance.now() - started;
    const foreignWrites = await foreign.stopWriting();
    const last = (await spare[0])!.worker;
    const settled = await settle(last, scenario);
    const audited = await last.audit();
    await follower.read();
    const all = [...executions, ...settled.all];
    await save(options.save, sandbox, all);
    const { checker, violations } = check(follower.log, all);
    violations.push(...checkRest(checker, scenario.manifests, settled, audited));
    return {
      violations,
      kills,
      tally: checker.tally,
      outcomes: countOutcomes(all),
      operations: executions.length,
      foreignWrites,
      conflicts: checker.occupancy.conflicts.length,
      shared: checker.occupancy.shared().size,
      durationMs,
    };
  } finally {
    ended = true;
    await foreign.kill();
    for (const each of await Promise.allSettled(spare)) if (each.status === 'fulfilled') await retire(each.value);
  }
}
