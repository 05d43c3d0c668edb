/** Managers in several processes and a writer that knows nothing of them, all at once on one server; then the checks. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Sandbox } from '../../lib/testing/sandbox.js';
import { RawClient } from '../integration/raw-client.js';
import { Random } from '../random.js';
import { bundle } from './bundle.js';
import { Checker, type Tally } from './checker.js';
import { checkReports } from './check-reports.js';
import { LogFollower, type DatabaseLog } from './database-log.js';
import type { Execution, SetSpec } from './ledger.js';
import { ARENAS, Scenario } from './scenario.js';
import { WorkerProcess, type Mode } from './worker-process.js';

/** How long and how wild. */
export interface RaceOptions {
  /** Decides on operations and foreign writes; what comes first is up to the machine. */
  readonly seed: number;
  readonly operations: number;
  /** At least so long. Default 0. */
  readonly durationMs?: number;
  /** Default `managers`. */
  readonly mode?: Exclude<Mode, 'foreign'>;
  /** Told of what happens, now and then. */
  readonly log?: (line: string) => void;
  /** Folder for the database's file and the operations, for those who want to look for themselves. */
  readonly save?: string | undefined;
}

/** What happened. */
export interface RaceReport {
  /** What should not have. */
  readonly violations: readonly string[];
  readonly tally: Tally;
  /** How often calls ended with each status or error. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly operations: number;
  readonly foreignWrites: number;
  /** Managed ports that got an address which a foreign port had first. */
  readonly conflicts: number;
  /** Addresses that kept and foreign ports share at the end: foreign ports came second, or a kill came before the look. */
  readonly shared: number;
  readonly compactions: number;
  readonly durationMs: number;
}

const PROCESSES = 4;
/** Calls that each process has under way at once. */
const CALLS = 3;
const FOREIGN_REST_MS = 4;
const MOST_ROUNDS = 10;
/** Operations between two compactions of the database's file. */
const COMPACTED_AFTER = 1_000;

/** Runs it. */
export async function runRaces(options: RaceOptions): Promise<RaceReport> {
  const { seed, mode = 'managers', log = () => undefined } = options;
  using program = bundle('worker.ts');
  await using sandbox = await Sandbox.start();
  await prepare(sandbox.remote);
  await using follower = await LogFollower.start(databaseFile(sandbox));
  const workers = await Promise.all(
    Array.from({ length: PROCESSES }, async () => WorkerProcess.start(program.path, mode, sandbox.remote)),
  );
  const foreign = await WorkerProcess.start(program.path, 'foreign', sandbox.remote, seed);
  const scenario = new Scenario(new Random(seed));
  const executions: Execution[] = [];
  const started = performance.now();
  try {
    foreign.startWriting(FOREIGN_REST_MS);
    const lane = async (worker: WorkerProcess): Promise<void> => {
      while (executions.length < options.operations || performance.now() - started < (options.durationMs ?? 0)) {
        const running = worker.run(scenario.next());
        // Counted when it begins.
        const index = executions.length++;
        // The server does that by itself when its file has grown to some megabytes.
        if (index % COMPACTED_AFTER === COMPACTED_AFTER - 1) await sandbox.appctl('ovsdb-server/compact');
        executions[index] = await running;
        if (executions.length % 1000 === 0) log(`${executions.length} operations`);
      }
    };
    await Promise.all(workers.flatMap((worker) => Array.from({ length: CALLS }, async () => lane(worker))));
    const durationMs = performance.now() - started;
    const foreignWrites = await foreign.stopWriting();
    const settled = await settle(workers[0]!, scenario);
    const audited = await workers[1]!.audit();
    await follower.read();
    const all = [...executions, ...settled.all];
    await save(options.save, sandbox, all);
    const { checker, violations } = check(follower.log, all);
    if (mode === 'managers') violations.push(...checkRest(checker, scenario.manifests, settled, audited));
    return {
      violations,
      tally: checker.tally,
      outcomes: countOutcomes(all),
      operations: executions.length,
      foreignWrites,
      conflicts: checker.occupancy.conflicts.length,
      shared: checker.occupancy.shared().size,
      compactions: follower.log.compactions,
      durationMs,
    };
  } finally {
    await Promise.all([...workers, foreign].map(async (worker) => worker.kill()));
  }
}

/** The switches that the StatefulSets are on. */
export async function prepare(remote: string): Promise<void> {
  using raw = await RawClient.connect(remote);
  await raw.commit(
    { op: 'insert', table: 'NB_Global', row: {} },
    ...ARENAS.map(({ logicalSwitch }) => ({ op: 'insert', table: 'Logical_Switch', row: { name: logicalSwitch } })),
  );
}

/** Path of the database's file. */
export function databaseFile(sandbox: Sandbox): string {
  return join(sandbox.directory, 'OVN_Northbound.db');
}

/** Keeps what a run is judged by: the database's file, and what was asked and told. */
export async function save(
  directory: string | undefined,
  sandbox: Sandbox,
  executions: readonly Execution[],
): Promise<void> {
  if (directory === undefined) return;
  await mkdir(directory, { recursive: true });
  await copyFile(databaseFile(sandbox), join(directory, 'OVN_Northbound.db'));
  await writeFile(join(directory, 'operations.json'), JSON.stringify(executions, undefined, 1));
}

/** What became of {@link settle}. */
export interface Settled {
  readonly all: readonly Execution[];
  /** Those of the last round, which should have had nothing to do. */
  readonly last: readonly Execution[];
}

/**
 * Has each StatefulSet applied with its present manifest while nobody else writes, until nothing changes any more, and
 * then once more: what one gives up may be what another one waits for.
 */
export async function settle(worker: WorkerProcess, scenario: Scenario): Promise<Settled> {
  const all: Execution[] = [];
  const isStill = ({ end }: Execution): boolean =>
    end?.report.ports.every(({ status }) => status === 'reused' || status === 'refused') === true;
  for (let still = 0, rounds = 0; ; rounds++) {
    const round: Execution[] = [];
    for (const spec of scenario.manifests) round.push(await worker.run(scenario.operation('readdress', spec)));
    all.push(...round);
    still = round.every(isStill) ? still + 1 : 0;
    if (still === 2 || rounds === MOST_ROUNDS) return { all, last: round };
  }
}

/** Goes through the log and the reports. */
export function check(
  log: DatabaseLog,
  executions: readonly Execution[],
): { readonly checker: Checker; readonly violations: string[] } {
  const checker = new Checker(ARENAS, executions);
  for (const transaction of log.transactions) checker.transaction(transaction);
  return { checker, violations: [...checker.violations, ...checkReports(checker, ARENAS, executions)] };
}

/** What holds when nobody writes any more: see {@link settle}. */
export function checkRest(
  checker: Checker,
  manifests: readonly SetSpec[],
  { last }: Settled,
  audited: ReadonlyMap<string, readonly string[]>,
): string[] {
  const violations: string[] = [];
  for (const { operation, end } of last) {
    const { spec } = operation;
    if (end?.report.ports.length !== spec.replicas) violations.push(`${spec.name} has no answer for each of its pods`);
    for (const { port, status, ips } of end?.report.ports ?? []) {
      const entry = spec.pool?.[Number(/-(\d+)\./.exec(port)?.[1])];
      if (status !== 'refused' && entry !== undefined && ips.join() !== entry) {
        violations.push(`${port} has ${ips.join()}, and the pool says ${entry}`);
      }
    }
    if (checker.senders.has(operation.id)) violations.push(`${operation.spec.name}, applied again, sent something`);
  }
  const keys = new Set(manifests.map(({ namespace, name }) => `${namespace}/${name}`));
  for (const { name, owner } of checker.ports.values()) {
    if (owner !== undefined && !keys.has(owner.statefulSet)) violations.push(`${name} belongs to nobody`);
  }
  const shared = checker.occupancy.shared();
  for (const [address, ports] of shared) {
    if (audited.get(address)?.join() !== ports.join()) {
      violations.push(`${ports.join(' and ')} share ${address}, and the audit says ${String(audited.get(address))}`);
    }
  }
  for (const address of audited.keys()) if (!shared.has(address)) violations.push(`nobody shares ${address}`);
  return violations;
}

/** How often calls ended with each status or error. */
export function countOutcomes(executions: readonly Execution[]): Record<string, number> {
  const counts: Record<string, number> = { released: 0 };
  const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1);
  for (const { end } of executions) {
    if (end === undefined) count('killed');
    for (const { status, error } of end?.report.ports ?? [])
      count(error === undefined ? status : `refused ${error.code}`);
    counts['released']! += end?.report.released.length ?? 0;
    if (end?.report.error !== undefined) count(`failed ${end.report.error.code}`);
  }
  return counts;
}
