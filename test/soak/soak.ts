/**
 * Runs a client for a long time under change and bad weather, and weighs the process again and again. Time goes in
 * rounds: everybody is at work; then all stop, everything is brought to the same size and compared with the
 * server, and only then is the heap measured. So what is left over is what was leaked.
 */
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import { ClusterSandbox } from '../../lib/testing/cluster-sandbox.js';
import { Random } from '../random.js';
import { Gate } from '../faults/gate.js';
import { comparable, RawClient } from '../integration/raw-client.js';
import type { SoakOptions } from './options.js';
import { Readers } from './readers.js';
import { pause, Tally } from './tally.js';
import { judge, type Sample, type Verdict } from './verdict.js';
import { Weather } from './weather.js';
import { Workloads } from './workloads.js';
import { Writer } from './writer.js';

const MAX_ROUND_MS = 15_000;
const ROUNDS_OF_A_SHORT_RUN = 12;
const READY_MS = 60_000;

/** What a run has found. */
export interface SoakResult {
  readonly samples: readonly Sample[];
  readonly verdict: Verdict;
  readonly tally: Tally;
}

/** `onSample` is told of each sample as it is taken. Needs the process to run with `--expose-gc`. */
export async function soak(options: SoakOptions, onSample: (sample: Sample) => void): Promise<SoakResult> {
  const durationMs = options.minutes * 60_000;
  const roundMs = Math.min(MAX_ROUND_MS, durationMs / ROUNDS_OF_A_SHORT_RUN);
  const tally = new Tally();
  const random = new Random(options.seed);
  const samples: Sample[] = [];
  const leaked: number[][] = [];
  // A cluster of one keeps the history that lets clients catch up by differences.
  await using cluster = await ClusterSandbox.start({ members: 1 });
  const member = await cluster.leader();
  await using gate = await Gate.start(member.remote);
  const writer = await Writer.connect([member.remote], random, tally);
  await writer.makeSwitches(options.switches);
  await writer.level(options.ports);
  const nb = await connectNorthbound({ remotes: gate.remote, backoff: { minMs: 20, maxMs: 500 }, onWarning: ignore });
  const readers = await Readers.start(nb, writer.client, random, tally);
  const workloads = await Workloads.start(nb, random, tally);
  const weather = new Weather(nb, gate, member, random, tally);
  try {
    // Once, a Map doubles its capacity when many of its keys are replaced, and a row that was changed takes a little more
    // than one from the snapshot. That is no leak, so it is over with before anything is weighed.
    await writer.renew(options.ports);
    const startedAt = performance.now();
    const elapsedMs = (): number => performance.now() - startedAt;
    while (elapsedMs() < durationMs) {
      const stop = new AbortController();
      const actors = [
        writer.run(options.changesPerSecond, stop.signal),
        workloads.run(stop.signal),
        readers.run(stop.signal),
        weather.run(roundMs, stop.signal),
      ];
      await pause(roundMs, stop.signal);
      stop.abort();
      await Promise.all(actors);
      await Promise.all([nb.synced({ timeoutMs: READY_MS }), writer.client.synced({ timeoutMs: READY_MS })]);
      await writer.level(options.ports);
      await workloads.level();
      await compareWithServer(nb, member.remote, tally);
      await readers.check();
      leaked.push(Array.from({ length: options.leakKib * 128 }, (_, i) => i + 0.5));
      const sample = await weigh(elapsedMs());
      samples.push(sample);
      onSample(sample);
    }
  } finally {
    workloads.close();
    await readers.close();
    nb.close();
    writer.client.close();
  }
  const verdict = judge(samples, durationMs, options.maxGrowthPercent);
  return { samples, verdict: { ...verdict, faults: [...tally.breaches, ...verdict.faults] }, tally };
}

/** The installed server may have an older schema. */
function ignore(): void {
  return undefined;
}

/** Breaches when the replica is not what the server has. */
async function compareWithServer(nb: NorthboundClient, remote: string, tally: Tally): Promise<void> {
  // When the reply is here, so is everything that was committed before it.
  await nb.transact((tx) => tx.select('NB_Global', [], []), { timeoutMs: READY_MS });
  using raw = await RawClient.connect(remote);
  for (const table of ['Logical_Switch', 'Logical_Switch_Port'] as const) {
    const expected = await raw.rows(table);
    const rows = nb.tables[table];
    if (rows.size !== expected.size) {
      tally.breach(`${table} has ${rows.size} rows in the replica and ${expected.size} at the server`);
    }
    let different = 0;
    for (const row of rows.values()) {
      const found = comparable(row);
      const wanted = expected.get(row._uuid);
      const same = wanted !== undefined && Object.keys(wanted).every((column) => equal(found[column], wanted[column]));
      if (!same) different++;
    }
    if (different > 0) tally.breach(`${different} rows of ${table} are not what the server has`);
  }
  tally.count('comparisons with the server');
}

function equal(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

async function weigh(atMs: number): Promise<Sample> {
  if (globalThis.gc === undefined) throw new Error('run node with --expose-gc, or memory cannot be measured');
  // What one collection makes unreachable, by finalisers and weak references, goes with the next.
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().length;
  return { atMs, heapBytes: heapUsed, externalBytes: external, rssBytes: rss, handles };
}
