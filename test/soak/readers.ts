/**
 * Everybody who reads one client: streams of changes that keep up and that fall behind, listeners, a further
 * monitor whose conditions change, and visitors who come, look and go.
 */
import type { NorthboundClient } from '../../lib/nb/northbound.js';
import type { RowData } from '../../lib/replica/row.js';
import type { Random } from '../random.js';
import { Fold, holdTheSame } from '../integration/fold.js';
import { pause, type Tally } from './tally.js';
import { SHARDS, type WriterClient } from './writer.js';

const TABLES = ['Logical_Switch', 'Logical_Switch_Port'] as const;
const LAG_MS = 150;
const LAGGARD_BATCHES = 10;
const CATCH_UP_MS = 20_000;
const LOCK = 'soak';

type ShardMonitor = Awaited<ReturnType<typeof monitorShard>>;

/** See the head of this file. */
export class Readers {
  readonly #nb: NorthboundClient;
  readonly #other: WriterClient;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #folds: readonly Fold[];
  readonly #closing = new AbortController();
  readonly #streams: readonly Promise<void>[];
  readonly #monitor: ShardMonitor;
  #shards: readonly number[] = [0];
  #lagging = false;

  private constructor(nb: NorthboundClient, other: WriterClient, random: Random, tally: Tally, monitor: ShardMonitor) {
    this.#nb = nb;
    this.#other = other;
    this.#random = random;
    this.#tally = tally;
    this.#monitor = monitor;
    const breach = (what: string): void => tally.breach(what);
    const keen = new Fold('the stream that keeps up', breach, holdTheSame);
    const late = new Fold('the stream that falls behind', breach, holdTheSame);
    this.#folds = [keen, late];
    this.#streams = [this.#read(keen, 1000), this.#read(late, LAGGARD_BATCHES)];
    nb.tables.Logical_Switch_Port.on('update', () => tally.count('events: update'));
    nb.on('overflow', () => tally.count('overflows'));
    nb.on('state', (state) => {
      if (state.name === 'synced') tally.count(`syncs: ${state.kind}`);
      else if (state.name === 'connecting') tally.count('connections tried');
    });
    nb.on('warning', ({ message }) => breach(`a warning: ${message}`));
  }

  static async start(nb: NorthboundClient, other: WriterClient, random: Random, tally: Tally): Promise<Readers> {
    return new Readers(nb, other, random, tally, await monitorShard(nb, 0));
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#lagging = true;
    await Promise.all([this.#moveShards(signal), this.#visit(signal), this.#contend(signal)]);
    this.#lagging = false;
  }

  /** Waits until every reader has caught up and compares what it knows with the replica. To be called while all is quiet. */
  async check(): Promise<void> {
    const deadline = performance.now() + CATCH_UP_MS;
    for (const fold of this.#folds) {
      let differences = this.#differences(fold);
      while (differences.length > 0 && performance.now() < deadline) {
        await pause(20, this.#closing.signal);
        differences = this.#differences(fold);
      }
      for (const difference of differences.slice(0, 3)) this.#tally.breach(difference);
    }
    const wanted = this.#nb.tables.Logical_Switch_Port.filter((row) => this.#isWanted(row.external_ids['shard']));
    const names = (rows: Iterable<{ readonly name: string }>): string =>
      [...rows]
        .map(({ name }) => name)
        .sort()
        .join();
    if (names(wanted) !== names(this.#monitor.tables.Logical_Switch_Port.values())) {
      this.#tally.breach(`the monitor of the shards ${this.#shards.join()} has other rows than the replica`);
    }
    if (this.#nb.lock(LOCK).held && this.#other.lock(LOCK).held) this.#tally.breach('two clients hold the lock');
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#streams);
    for (const { batches, changes } of this.#folds) {
      for (const [cause, count] of Object.entries(batches)) this.#tally.count(`batches: ${cause}`, count);
      this.#tally.count('row changes', changes);
    }
    this.#monitor.close();
  }

  async #read(fold: Fold, maxBatches: number): Promise<void> {
    try {
      for await (const batch of this.#nb.changes({ maxBatches, signal: this.#closing.signal })) {
        fold.add(batch);
        if (this.#lagging && maxBatches === LAGGARD_BATCHES) await pause(LAG_MS, this.#closing.signal);
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#tally.failed('a stream of changes', error, []);
    }
  }

  #differences(fold: Fold): string[] {
    // The streams carry every table of the client; the others have no rows here.
    return fold.compare(TABLES.map((table) => [table, this.#nb.tables[table].values() as Iterable<RowData>] as const));
  }

  async #moveShards(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#shards = [this.#random.integer(0, SHARDS - 1), this.#random.integer(0, SHARDS - 1)];
      const where = this.#shards.map((shard) => ['external_ids', 'includes', { shard: String(shard) }] as const);
      await this.#monitor
        .setConditions({ Logical_Switch_Port: where })
        .then(() => this.#tally.count('conditions set'))
        .catch((error: unknown) => this.#tally.failed('setConditions', error, []));
      await pause(this.#random.integer(200, 1500), signal);
    }
  }

  #isWanted(shard: string | undefined): boolean {
    return shard !== undefined && this.#shards.includes(Number(shard));
  }

  /** What comes and goes must leave nothing behind. */
  async #visit(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const visit = AbortSignal.any([signal, AbortSignal.timeout(2_000)]);
      try {
        let batches = 0;
        for await (const batch of this.#nb.changes({ signal: visit })) {
          if (batch.changes.length > 0 && ++batches === 3) break;
        }
        const monitor = await monitorShard(this.#nb, this.#random.integer(0, SHARDS - 1), visit);
        monitor.close();
        await this.#nb.synced({ signal: visit });
        this.#tally.count('visits');
      } catch (error) {
        if (visit.aborted && error === visit.reason) this.#tally.count('visits cut short');
        else this.#tally.failed('a visitor', error, []);
      }
      await pause(this.#random.integer(100, 1000), signal);
    }
  }

  /** Two clients ask for a lock, steal it and give it back. */
  async #contend(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const lock = this.#random.pick([this.#nb, this.#other]).lock(LOCK);
      const stop = lock.once('locked', () => this.#tally.count('locks held'));
      switch (this.#random.weighted({ wait: 2, steal: 1, unlock: 1 })) {
        case 'wait':
          break;
        case 'steal':
          // Whether it worked shows in the event; what is asked of a closed client is of no interest.
          void lock.steal({ signal }).catch(() => undefined);
          break;
        case 'unlock':
          void lock.unlock();
          break;
      }
      await pause(this.#random.integer(50, 500), signal);
      stop();
    }
  }
}

async function monitorShard(nb: NorthboundClient, shard: number, signal?: AbortSignal) {
  return nb.monitor({
    tables: {
      Logical_Switch_Port: {
        columns: ['name', 'external_ids'],
        where: [['external_ids', 'includes', { shard: String(shard) }]],
      },
    },
    signal,
  });
}
