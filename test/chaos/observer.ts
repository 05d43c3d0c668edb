/** A client of the cluster under test, with everything that listens to it. */
import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import type { NorthboundTables } from '../../lib/nb/tables.js';
import type { SelectionOf } from '../../lib/client/client-options.js';
import type { RowData } from '../../lib/replica/row.js';
import { Fold } from '../integration/fold.js';
import type { Ledger } from './ledger.js';

export const TABLES = ['NB_Global', 'Logical_Switch', 'Logical_Switch_Port', 'Address_Set'] as const;
export type ChaosSelection = SelectionOf<NorthboundTables, typeof TABLES>;
export type ChaosClient = NorthboundClient<ChaosSelection>;

/** See the head of this file. */
export class Observer {
  readonly name: string;
  readonly client: ChaosClient;
  /** Listens to the event `batch`. */
  readonly events: Fold;
  /** Reads the stream of changes. */
  readonly stream: Fold;
  /** How often the client came into sync, by kind and method. */
  readonly syncs: Record<string, number> = {};
  overflows = 0;
  readonly #streamEnded: Promise<void>;

  private constructor(name: string, client: ChaosClient, ledger: Ledger) {
    this.name = name;
    this.client = client;
    const breach = (what: string): void => ledger.breach(what);
    this.events = new Fold(`the events of ${name}`, breach);
    this.stream = new Fold(`the stream of ${name}`, breach);
    this.events.begin(this.#tables());
    client.on('batch', (batch) => {
      this.events.add(batch);
      this.#checkNotEmpty(ledger);
    });
    client.on('overflow', () => this.overflows++);
    client.on('state', (state) => {
      if (state.name === 'synced') this.#noteSync(`${state.kind} by ${state.method}`);
    });
    this.#streamEnded = this.#read().catch((error: unknown) => breach(`the stream of ${name} threw: ${String(error)}`));
  }

  static async connect(
    name: string,
    options: { readonly remotes: readonly string[]; readonly leaderOnly: boolean },
    ledger: Ledger,
  ): Promise<Observer> {
    const client = await connectNorthbound({
      ...options,
      tables: TABLES,
      backoff: { minMs: 20, maxMs: 300 },
      connectTimeoutMs: 1_000,
      schemaTimeoutMs: 2_000,
      probeIntervalMs: 1_000,
      onWarning: ({ code, message }) => {
        // That the installed OVN is older than the types is no fault of anybody here.
        if (code !== 'SchemaLacks') ledger.breach(`${name} warned: ${message}`);
      },
    });
    return new Observer(name, client, ledger);
  }

  /** Waits until this holds of the replica. */
  async until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        stop();
        resolve(condition());
      };
      const timer = setTimeout(finish, timeoutMs);
      const stop = this.client.on('batch', () => {
        if (condition()) finish();
      });
      if (condition()) finish();
    });
  }

  /** Closes the client and returns in what its listeners differ from its replica. */
  async close(): Promise<string[]> {
    this.client.close();
    await this.#streamEnded;
    return [...this.events.compare(this.#tables()), ...this.stream.compare(this.#tables())];
  }

  async #read(): Promise<void> {
    for await (const batch of this.client.changes()) this.stream.add(batch);
  }

  #tables(): (readonly [string, Iterable<RowData>])[] {
    return TABLES.map((table) => [table, this.client.tables[table].values() as Iterable<RowData>] as const);
  }

  /** These tables have rows from before the first client to after the last. */
  #checkNotEmpty(ledger: Ledger): void {
    for (const table of ['NB_Global', 'Logical_Switch', 'Logical_Switch_Port'] as const) {
      if (this.client.tables[table].size === 0) ledger.breach(`${table} was empty at ${this.name}`);
    }
  }

  #noteSync(kind: string): void {
    this.syncs[kind] = (this.syncs[kind] ?? 0) + 1;
  }
}
