/**
 * A real cluster under steady writes while its members are killed, frozen, cut off and more, as a seed has it; then
 * the checks: every acknowledged write is there once, every definite failure is not, unknown outcomes were found out
 * correctly, and replicas and listeners hold what the database holds.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { ClusterSandbox } from '../../lib/testing/index.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { RawClient } from '../integration/raw-client.js';
import { chooseDisturbance, disturb, DISTURBANCES, type Disturbance } from './disturbances.js';
import { Ledger } from './ledger.js';
import { Observer } from './observer.js';
import { Random } from '../random.js';
import { verify } from './verify.js';
import { Lane, type LaneRows, type SharedRows } from './writer.js';

/** How long and how wild. */
export interface ChaosOptions {
  /** Decides on disturbances and writes. */
  readonly seed: number;
  /** At least so many disturbances. */
  readonly disturbances: number;
  /** At least so long. Default 0. */
  readonly durationMs?: number;
  /** See `ClusterSandboxOptions`. */
  readonly electionTimerMs: number;
  /** The longest that a disturbance lasts. */
  readonly longestMs: number;
  /** Told of what happens. */
  readonly log?: (line: string) => void;
}

/** What happened. */
export interface ChaosReport {
  readonly disturbances: Readonly<Record<Disturbance, number>>;
  readonly durationMs: number;
  readonly ledger: Ledger;
  readonly observers: readonly Observer[];
}

const WRITERS = 2;
const LANES_PER_WRITER = 3;
/** A lane rests for up to this long after a write. */
const REST_MS = 20;
/** How long a healthy cluster may go without a write of each writer. */
const PATIENCE_MS = 20_000;

/** Runs it. What the library did wrong is in `ledger.violations`; throws for what the test itself could not do. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, electionTimerMs, log = () => undefined } = options;
  const random = new Random(seed);
  const ledger = new Ledger();
  await using cluster = await ClusterSandbox.start({ electionTimerMs });
  const rows = await prepare(cluster);
  const leaderOnly = { remotes: cluster.tcpRemotes, leaderOnly: true };
  const observers = await Promise.all([
    Observer.connect('writer A', leaderOnly, ledger),
    Observer.connect('writer B', leaderOnly, ledger),
    Observer.connect('the reader', { ...leaderOnly, leaderOnly: false }, ledger),
  ]);
  const writers = observers.slice(0, WRITERS).map((observer, w) =>
    Array.from({ length: LANES_PER_WRITER }, (_, i) => {
      const name = `${'ab'.charAt(w)}${i}`;
      const own = rows.lanes[w * LANES_PER_WRITER + i]!;
      return new Lane(name, observer, { ...rows, own }, ledger, new Random(random.integer(0, 2 ** 32 - 1)));
    }),
  );
  const stop = new AbortController();
  const lanes = writers.flat().map(async (lane) => run(lane, stop.signal, ledger));
  const started = performance.now();
  const counts = Object.fromEntries(DISTURBANCES.map((what) => [what, 0])) as Record<Disturbance, number>;
  try {
    for (let n = 0; n < options.disturbances || performance.now() - started < (options.durationMs ?? 0); n++) {
      const what = chooseDisturbance(random);
      log(`${seconds(performance.now() - started)} ${what}`);
      await disturb(cluster, what, random, options.longestMs);
      counts[what]++;
      // Now and then the next one comes while the cluster still recovers from this.
      if (random.chance(0.2)) continue;
      await cluster.whole();
      if (!(await writersGoOn(writers))) {
        const states = observers.map(({ name, client }) => `${name} ${JSON.stringify(client.state)}`).join(', ');
        ledger.breach(`after "${what}" not every writer wrote within ${PATIENCE_MS} ms of a whole cluster: ${states}`);
        break;
      }
      await sleep(random.integer(0, 200));
    }
    const durationMs = performance.now() - started;
    await cluster.whole();
    stop.abort();
    await Promise.all(lanes);
    await verify(cluster, ledger, rows, observers);
    for (const observer of observers) for (const what of await observer.close()) ledger.breach(what);
    return { disturbances: counts, durationMs, ledger, observers };
  } finally {
    stop.abort();
    for (const { client } of observers) client.close();
  }
}

/** The rows that all share. The port keeps the table from being empty, which replicas must never show. */
async function prepare(cluster: ClusterSandbox): Promise<SharedRows & { readonly lanes: readonly LaneRows['own'][] }> {
  using raw = await RawClient.connect((await cluster.leader()).remote);
  const lanes = Array.from({ length: WRITERS * LANES_PER_WRITER }, (_, i) => ({
    op: 'insert',
    table: 'Logical_Switch',
    row: { name: `lane ${i}`, other_config: ['map', [['count', '0']]] },
  }));
  const [global, , ...switches] = await raw.commit(
    { op: 'insert', table: 'NB_Global', row: {} },
    { op: 'insert', table: 'Logical_Switch_Port', 'uuid-name': 'port', row: { name: 'first' } },
    { op: 'insert', table: 'Logical_Switch', row: { name: 'chaos', ports: ['named-uuid', 'port'] } },
    ...lanes,
  );
  const [logicalSwitch, ...own] = switches.map(({ uuid }) => uuid![1] as Uuid<'Logical_Switch'>);
  return { global: global!.uuid![1] as Uuid<'NB_Global'>, logicalSwitch: logicalSwitch!, lanes: own };
}

async function run(lane: Lane, signal: AbortSignal, ledger: Ledger): Promise<void> {
  while (!signal.aborted) {
    try {
      await lane.write();
    } catch (error) {
      ledger.breach(`a writer got what is no outcome: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
      return;
    }
    await sleep(REST_MS * Math.random());
  }
}

/** Waits until each writer has done a write more. */
async function writersGoOn(writers: readonly (readonly Lane[])[]): Promise<boolean> {
  const done = (lanes: readonly Lane[]): number => lanes.reduce((sum, lane) => sum + lane.done, 0);
  const before = writers.map(done);
  const deadline = performance.now() + PATIENCE_MS;
  while (!writers.every((lanes, i) => done(lanes) > before[i]!)) {
    if (performance.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}

/** `  12.3 s`. */
function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`;
}
