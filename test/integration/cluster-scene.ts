/**
 * A cluster, a client that follows it, and someone who takes notes of everything: where the client was, what it told its
 * listeners, and what became of each write. In the end the notes are compared with what the cluster holds.
 */
import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ClientOptions } from '../../lib/client/client-options.js';
import type { ClientState, ClientWarning } from '../../lib/client/client-state.js';
import type { RowData } from '../../lib/replica/row.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import type { ClusterMember, ClusterSandbox, SandboxSchema } from '../../lib/testing/index.js';
import { TransactionError } from '../../lib/transaction/transaction-error.js';
import { Fold } from './fold.js';
import { comparable, RawClient } from './raw-client.js';

/** Names of items may be taken twice, so that a write that took effect twice can be seen. */
export const SHELF: SandboxSchema = {
  name: 'Shelf',
  version: '1.0.0',
  tables: {
    Item: {
      columns: { name: { type: 'string' }, note: { type: 'string' } },
      isRoot: true,
    },
    Mark: {
      columns: { external_ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } } },
      isRoot: true,
    },
  },
};

export type ShelfClient = OvsdbClient<UntypedTables, Record<'Item' | 'Mark', string>>;

/**
 * A member that does not answer is given up quickly, and all is tried again quickly; but a machine that stalls for a
 * moment is not to pass for one that is gone.
 */
export const QUICK = { probeIntervalMs: 1_000, connectTimeoutMs: 3_000, backoff: { minMs: 50, maxMs: 400 } } as const;

export function connectShelf(
  remotes: readonly string[],
  options: Partial<ClientOptions<UntypedTables>> = {},
): Promise<ShelfClient> {
  const connected = OvsdbClient.connect({
    remotes,
    database: 'Shelf',
    tables: ['Item', 'Mark'],
    ...QUICK,
    ...options,
  });
  return connected as unknown as Promise<ShelfClient>;
}

/** Fills the shelf with so much that the cluster keeps a history of further changes. */
export async function fill(cluster: ClusterSandbox, count = 300): Promise<void> {
  const { remote } = await cluster.leader();
  using raw = await RawClient.connect(remote, 'Shelf');
  const items = Array.from({ length: count }, (_, i) => ({
    op: 'insert',
    table: 'Item',
    row: { name: `old-${i}`, note: 'x'.repeat(100) },
  }));
  await raw.commit(...items, { op: 'insert', table: 'Mark', row: {} });
  // The history loses a transaction that is as big as the database as soon as another follows.
  await raw.commit({ op: 'update', table: 'Item', where: [['name', '==', 'old-0']], row: { note: 'first' } });
}

/** Waits until the client follows this member, or for the first that fits; returns how long that took. */
export async function follows(
  client: ShelfClient,
  fits: (state: Extract<ClientState, { name: 'synced' }>) => boolean,
  timeoutMs = 20_000,
): Promise<number> {
  const begun = performance.now();
  await new Promise<void>((resolve, reject) => {
    const done = (state: ClientState): boolean => state.name === 'synced' && fits(state);
    const finish = (): void => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`the client is not where it was expected to be: ${JSON.stringify(client.state)}`));
    }, timeoutMs);
    const stop = client.on('state', (state) => {
      if (done(state)) finish();
    });
    if (done(client.state)) finish();
  });
  return Math.round(performance.now() - begun);
}

/** Resolves once the client is in a state that fits, as from now on. */
export async function reaches(client: ShelfClient, fits: (state: ClientState) => boolean): Promise<ClientState> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`the client did not get where it was expected to be: ${JSON.stringify(client.state)}`));
    }, 20_000);
    const stop = client.on('state', (state) => {
      if (!fits(state)) return;
      clearTimeout(timer);
      stop();
      resolve(state);
    });
  });
}

/** Takes notes of what a client does and tells. */
export class Witness {
  readonly client: ShelfClient;
  readonly states: ClientState[] = [];
  readonly warnings: ClientWarning[] = [];
  /** What listeners were told and should not have been. */
  readonly faults: string[] = [];
  readonly #events = new Fold('the events', (what) => this.faults.push(what));

  constructor(client: ShelfClient) {
    this.client = client;
    this.#events.begin(this.#tables());
    client.on('state', (state) => this.states.push(state));
    client.on('warning', (warning) => this.warnings.push(warning));
    client.on('batch', (batch) => this.#events.add(batch));
  }

  /** Kinds of the syncs so far. */
  get syncs(): string[] {
    return this.states.flatMap((state) => (state.name === 'synced' ? [state.kind] : []));
  }

  /** Names of the states so far. */
  get names(): string[] {
    return this.states.map(({ name }) => name);
  }

  /** Fails if listeners know anything else than readers, or readers anything else than the cluster's leader. */
  async check(cluster: ClusterSandbox): Promise<void> {
    expect(this.faults, 'events that do not fit on those before').to.deep.equal([]);
    expect(this.#events.compare(this.#tables()), 'what listeners know').to.deep.equal([]);
    const { remote } = await cluster.leader();
    using raw = await RawClient.connect(remote, 'Shelf');
    for (const [table, rows] of this.#tables()) {
      const read = rows.map((row): [string, unknown] => [row._uuid, comparable(row)]);
      expect(new Map(read), `the replica of ${table}`).to.deep.equal(await raw.rows(table));
    }
  }

  #tables(): (readonly [table: string, rows: readonly RowData[]])[] {
    return (['Item', 'Mark'] as const).map((table) => [table, [...this.client.tables[table]]]);
  }
}

/** Writes one item after another, each once, and knows what became of them. */
export class Writer {
  readonly #client: ShelfClient;
  readonly #prefix = randomUUID().slice(0, 8);
  readonly #timeoutMs: number;
  readonly done: string[] = [];
  readonly failed: string[] = [];
  readonly unknown: string[] = [];
  readonly errors: TransactionError[] = [];
  /** Longest time between two writes that were acknowledged. */
  longestGapMs = 0;
  #lastAt = performance.now();
  #stopping = false;
  readonly #running: Promise<void>;

  constructor(client: ShelfClient, timeoutMs = 15_000) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#running = this.#run();
  }

  /** Resolves when the next write that is begun from now on has been acknowledged. */
  async next(): Promise<void> {
    const count = this.done.length + 2;
    const deadline = performance.now() + 20_000;
    while (this.done.length < count) {
      if (performance.now() > deadline) throw new Error('no write was acknowledged within 20 s');
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** Fails if a write is there twice, one that was acknowledged is missing, or one is there that was not done. */
  async check(cluster: ClusterSandbox): Promise<void> {
    const { remote } = await cluster.leader();
    using raw = await RawClient.connect(remote, 'Shelf');
    const counts = new Map<string, number>();
    for (const { name } of (await raw.rows('Item')).values()) {
      counts.set(name as string, (counts.get(name as string) ?? 0) + 1);
    }
    const missing = this.done.filter((name) => !counts.has(name));
    const double = [...this.done, ...this.unknown].filter((name) => (counts.get(name) ?? 0) > 1);
    const undone = this.failed.filter((name) => counts.has(name));
    expect({ missing, double, undone }).to.deep.equal({ missing: [], double: [], undone: [] });
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#stopping; n++) {
      const name = `${this.#prefix}-${n}`;
      try {
        await this.#client.transact((tx) => tx.insert('Item', { name }), { timeoutMs: this.#timeoutMs });
        this.done.push(name);
        const now = performance.now();
        this.longestGapMs = Math.max(this.longestGapMs, Math.round(now - this.#lastAt));
        this.#lastAt = now;
      } catch (error) {
        if (!(error instanceof TransactionError)) throw error;
        this.errors.push(error);
        (error.outcome === 'unknown' ? this.unknown : this.failed).push(name);
      }
      // Leaves the machine to others as well. And a server remembers 100 transactions: whoever is away for a moment
      // still gets the difference.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Members of the cluster other than this one. */
export function others(cluster: ClusterSandbox, member: ClusterMember): ClusterMember[] {
  return cluster.members.filter((each) => each !== member);
}

/** Waits for another leader than this. */
export async function successor(
  cluster: ClusterSandbox,
  former: ClusterMember,
  timeoutMs = 15_000,
): Promise<ClusterMember> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const leader = await cluster.leader();
    if (leader !== former) return leader;
    if (performance.now() > deadline) throw new Error(`${former.name} still leads after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Has the leader hand over and returns the next one. A leader may fail to, and may be the next one itself. */
export async function handOver(cluster: ClusterSandbox): Promise<ClusterMember> {
  for (let tries = 1; ; tries++) {
    const former = await cluster.leader();
    await former.transferLeadership();
    try {
      return await successor(cluster, former, 3_000);
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}
