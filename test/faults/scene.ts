/**
 * A client to whose connection something happens while it writes and others write, and everything that must hold
 * afterwards: no write lost or done twice, the replica equal to the server's contents, the same for whoever only
 * listened, nothing left over.
 */
import { getEventListeners } from 'node:events';

import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ConnectionOptions } from '../../lib/client/client-options.js';
import type { ClientState } from '../../lib/client/client-state.js';
import type { RowData } from '../../lib/replica/row.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import { Fold } from '../integration/fold.js';
import { comparable, eventually } from '../integration/raw-client.js';
import type { FaultServer } from './fault-server.js';
import type { Relay } from './relay.js';

const TABLES = ['Note', 'Counter'] as const;
type Client = OvsdbClient<UntypedTables, Record<(typeof TABLES)[number], string>>;
type Outcome = 'done' | 'failed' | 'not-sent' | 'unknown';
/** How a write went; `pending` while it is under way. */
type Fate = Outcome | 'pending';

let scenes = 0;

/** See the head of this file. */
export class Scene<R extends Relay> implements AsyncDisposable {
  readonly name: string = `client ${scenes++}`;
  readonly server: FaultServer;
  readonly relay: R;
  readonly client: Client;
  /** States since the first sync. */
  readonly states: ClientState[] = [];
  /** How the client's writes went. */
  readonly outcomes = new Map<string, Fate>();
  readonly #breaches: string[] = [];
  readonly #events: Fold;
  readonly #stream: Fold;
  readonly #streamEnded: Promise<void>;
  readonly #signal = new AbortController().signal;
  #writing: Promise<void> | undefined;
  #stopping = false;
  #done = 0;

  private constructor(server: FaultServer, relay: R, client: Client) {
    this.server = server;
    this.relay = relay;
    this.client = client;
    const breach = (what: string): number => this.#breaches.push(what);
    this.#events = new Fold('events', breach);
    this.#stream = new Fold('stream', breach);
    this.#events.begin(this.#tables());
    client.on('batch', (batch) => this.#events.add(batch));
    client.on('state', (state) => this.states.push(state));
    client.on('warning', ({ message }) => breach(`warning: ${message}`));
    this.#streamEnded = this.#read();
  }

  /** Connects over `relay`, which the scene then owns, and waits for the first sync. */
  static async start<R extends Relay>(
    server: FaultServer,
    relay: R,
    options: Partial<ConnectionOptions> = {},
  ): Promise<Scene<R>> {
    const client = await OvsdbClient.connect({
      remotes: relay.remote,
      tls: server.tls,
      database: server.database,
      tables: TABLES,
      backoff: { minMs: 5, maxMs: 20 },
      probeIntervalMs: 0,
      ...options,
    });
    const scene = new Scene(server, relay, client);
    await server.raw.commit({ op: 'insert', table: 'Counter', row: { name: scene.name, value: 0 } });
    return scene;
  }

  /** Begins to write, one transaction after the other. */
  startWriting(timeoutMs = 20_000): void {
    this.#stopping = false;
    this.#writing ??= this.#write(timeoutMs);
  }

  /** One write, noted. Resolves with its outcome. */
  async write(timeoutMs = 20_000): Promise<Outcome> {
    const name = `${this.name}: ${this.outcomes.size}`;
    this.outcomes.set(name, 'pending');
    const outcome = await this.#insert(name, timeoutMs);
    this.outcomes.set(name, outcome);
    if (outcome !== 'done') return outcome;
    this.#done++;
    const counter = this.client.tables.Counter.find({ name: this.name });
    if (!(Number(counter?.value) >= this.#done))
      this.#breaches.push(`${name} is done, and the replica does not show it`);
    return outcome;
  }

  /** Why connections ended, as error codes, in order. */
  get losses(): string[] {
    return this.states.flatMap((state) => (state.name === 'backoff' ? [codeOf(state.error)] : []));
  }

  /** As {@link losses}, but one for each connection, also where two states tell of its end. */
  get lossPerConnection(): string[] {
    const errors = this.states.flatMap((state) => (state.name === 'backoff' ? [state.error] : []));
    return [...new Set(errors)].map(codeOf);
  }

  /** How many of the writes went that way. */
  count(outcome: Fate): number {
    return [...this.outcomes.values()].filter((each) => each === outcome).length;
  }

  /** Resolves when this has become true of the client's states; what is true already counts. */
  async until(condition: () => boolean, what: string, withinMs?: number): Promise<void> {
    await eventually(condition, what, withinMs).catch((error: unknown) => {
      const states = this.states.slice(-10).map(({ name }) => name);
      throw new Error(`${this.name}, whose last states were ${states.join(' ')}`, { cause: error });
    });
  }

  /** Ends {@link startWriting}. */
  async stopWriting(): Promise<void> {
    this.#stopping = true;
    await this.#writing;
    this.#writing = undefined;
  }

  /** The replica, the writes, what listeners know, and what is left over; closes the client. See {@link verify}. */
  async check(rows: ReadonlyMap<string, unknown>, writes: readonly unknown[]): Promise<void> {
    for (const table of TABLES) {
      const replicated = this.#rows(table).map((row) => [row._uuid, comparable(row)] as const);
      expect(new Map(replicated), `${table} of ${this.name}`).to.deep.equal(rows.get(table));
    }
    this.#checkWrites(writes);
    this.client.close();
    await this.#streamEnded;
    const differences = [...this.#events.compare(this.#tables()), ...this.#stream.compare(this.#tables())];
    expect([...this.#breaches, ...differences]).to.deep.equal([]);
    await eventually(() => this.relay.connections === 0, `${this.name}: every connection is closed`);
    expect(getEventListeners(this.#signal, 'abort'), 'listeners on the signal').to.deep.equal([]);
    const { inFlight, waiting } = this.client.metrics().transactions;
    expect({ inFlight, waiting }).to.deep.equal({ inFlight: 0, waiting: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.client.close();
    await this.stopWriting().catch(() => undefined);
    await this.server.raw.commit({ op: 'delete', table: 'Counter', where: [['name', '==', this.name]] });
    await this.relay[Symbol.asyncDispose]();
  }

  async #write(timeoutMs: number): Promise<void> {
    while (!this.#stopping) {
      await this.write(timeoutMs);
      await new Promise(setImmediate);
    }
  }

  async #insert(name: string, timeoutMs: number): Promise<Outcome> {
    try {
      await this.client.transact(
        (tx) => {
          tx.insert('Write', { name });
          tx.mutate('Counter', [['name', '==', this.name]], { value: { add: 1 } });
        },
        { timeoutMs, signal: this.#signal },
      );
      return 'done';
    } catch (error) {
      const { outcome } = error as { outcome?: Outcome };
      if (outcome === undefined) throw error;
      return outcome;
    }
  }

  async #read(): Promise<void> {
    for await (const batch of this.client.changes()) this.#stream.add(batch);
  }

  #checkWrites(names: readonly unknown[]): void {
    const found = new Map<unknown, number>();
    for (const name of names) found.set(name, (found.get(name) ?? 0) + 1);
    const wrong: string[] = [];
    let present = 0;
    for (const [name, outcome] of this.outcomes) {
      const times = found.get(name) ?? 0;
      present += times;
      const right = outcome === 'done' ? times === 1 : outcome === 'unknown' ? times <= 1 : times === 0;
      if (!right) wrong.push(`${name} is ${outcome}, and ${times} times in the database`);
    }
    expect(wrong).to.deep.equal([]);
    expect(this.client.tables.Counter.find({ name: this.name })).to.include({ value: present });
  }

  #tables(): (readonly [table: string, rows: readonly RowData[]])[] {
    return TABLES.map((table) => [table, this.#rows(table)]);
  }

  #rows(table: (typeof TABLES)[number]): readonly RowData[] {
    return [...this.client.tables[table].values()];
  }
}

/**
 * Ends all writing on a server, waits until the replicas of all these scenes are up to date, and checks everything; then
 * closes their clients.
 */
export async function verify(...scenes: readonly Scene<Relay>[]): Promise<void> {
  const { server } = scenes[0]!;
  await Promise.all([server.stopWriting(), ...scenes.map((scene) => scene.stopWriting())]);
  // A replica that has what is written last has everything.
  const [{ uuid } = {}] = await server.raw.commit({ op: 'insert', table: 'Note', row: { text: 'the last' } });
  const limits = { timeoutMs: 30_000 };
  await Promise.all(scenes.map(({ client }) => client.tables.Note.until(({ _uuid }) => _uuid === uuid![1], limits)));
  const rows = new Map<string, unknown>();
  for (const table of TABLES) rows.set(table, await server.raw.rows(table));
  const writes = [...(await server.raw.rows('Write')).values()].map(({ name }) => name);
  for (const scene of scenes) await scene.check(rows, writes);
  await server.raw.commit({ op: 'delete', table: 'Note', where: [['text', '==', 'the last']] });
}

/** Runs `body`, after which the process must have no more sockets and timers than before. */
export async function leavingNothing(body: () => Promise<void>): Promise<void> {
  // The test runner's own timer starts with the first wait.
  await new Promise(setImmediate);
  const before = resources();
  await body();
  // What has just been closed goes within a turn or two.
  const deadline = performance.now() + 5_000;
  while (resources() !== before && performance.now() < deadline) await new Promise(setImmediate);
  expect(resources(), 'sockets and timers').to.equal(before);
}

function resources(): string {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => /Wrap|Timeout/.test(kind))
    .sort()
    .join(' ');
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}
