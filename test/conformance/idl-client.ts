/**
 * The library's client as a case drives it: what the server sends is held back except while the case waits for a
 * change or for a transaction, and each change is counted.
 */
import type { ErasedClientOptions } from '../../lib/client/client-options.js';
import type { ClientState } from '../../lib/client/client-state.js';
import { OvsdbClient } from '../../lib/client/client.js';
import type { RowChange } from '../../lib/replica/replica.js';
import type { RowData } from '../../lib/replica/row.js';
import type { ColumnSchema } from '../../lib/schema/schema.js';
import type { ColumnValue, UntypedTables } from '../../lib/schema/types.js';
import type { Transaction } from '../../lib/transaction/builder.js';
import type { Resolved } from '../../lib/transaction/pending.js';
import { formatRemote } from '../../lib/wire/remote.js';
import type { ConditionChange } from './conditions.js';
import { Gate } from './gate.js';
import { printError } from './output.js';
import type { Place } from './place.js';
import type { Registered } from './registered.js';
import type { RowReader } from './row-text.js';

/** A client that is handed out before it is connected, so that it can be given conditions or be told to reconnect. */
class EarlyClient extends OvsdbClient {
  static make(options: ErasedClientOptions): EarlyClient {
    return new EarlyClient(options);
  }

  begin(): Promise<void> {
    return this.start();
  }
}

/** See the head of this file. */
export class IdlClient implements RowReader {
  readonly registered: Registered;
  readonly #client: EarlyClient;
  readonly #gate = new Gate();
  readonly #onRowChange: (change: RowChange) => void;
  /** Columns that were fetched on demand, by table and uuid of their row. */
  readonly #fetched = new Map<string, Record<string, ColumnValue>>();
  #started = false;
  #failure: unknown;
  #changes = 0;
  #syncs = 0;
  #wake: () => void = () => undefined;
  #remote = '';
  #everSynced = false;
  /** Row changes of a synchronisation that is not complete. */
  #unsynced: RowChange[] = [];
  /** The count of changes at which a row last changed, by uuid. */
  readonly #changedAt = new Map<string, number>();
  /** The newest conditions by table, those that the client has not been told, and those that the server has not. */
  readonly #conditions = new Map<string, string>();
  readonly #untold = new Map<string, ConditionChange>();
  readonly #unacknowledged = new Set<string>();
  /** Tables whose conditions the server has been told and not acknowledged. */
  readonly #awaited = new Set<string>();

  /** `onRowChange` is told of changes as the reference clients tell them. */
  constructor(
    place: Place,
    registered: Registered,
    { leaderOnly, onRowChange }: { leaderOnly: boolean; onRowChange?: (change: RowChange) => void },
  ) {
    this.registered = registered;
    this.#onRowChange = onRowChange ?? (() => undefined);
    const tables: Record<string, { columns: string[] }> = {};
    for (const [name, { columns, fetched }] of registered.tables) {
      tables[name] = { columns: [...columns.keys()].filter((column) => !fetched.has(column)) };
    }
    this.#client = EarlyClient.make({
      database: registered.schema.name,
      remotes: place.remotes.map(formatRemote),
      tls: place.tls,
      schema: registered.schema,
      tables,
      leaderOnly,
      shuffle: false,
      // The case has its own time limit.
      readyTimeoutMs: Infinity,
      openStream: this.#gate.openStream,
      onWarning: ({ message }) => printError(message),
    });
    this.#client.on('state', (state, previous) => this.#onState(state, previous));
    this.#client.on('batch', ({ changes }) => this.#onBatch(changes));
  }

  /** Changes whenever the replica may have: it was synchronised, or an update was applied. */
  get changes(): number {
    return this.#changes;
  }

  get synced(): boolean {
    return this.#client.state.name === 'synced';
  }

  /** The remote that the client is, or was last, connected to. */
  get remote(): string {
    return this.#remote;
  }

  /** Lets the server's messages in until there have been other than `changes` changes. */
  async waitForChange(changes: number): Promise<void> {
    if (this.#changes !== changes) return;
    const syncs = this.#syncs;
    await this.#letInUntil((hadArrived) => {
      if (this.#changes === changes) return false;
      // An update that new conditions bring about is followed by the answer to them.
      return this.#awaited.size === 0 || hadArrived || this.#syncs !== syncs;
    });
  }

  /** Lets the server's messages in until it has acknowledged all conditions. */
  async waitForConditions(): Promise<void> {
    await this.#letInUntil(() => this.#unacknowledged.size === 0);
  }

  /** Runs a transaction, and lets the server's messages in meanwhile. Rejects as `OvsdbClient.transact`. */
  async transact<R>(callback: (tx: Transaction<UntypedTables>) => R): Promise<Resolved<R>> {
    const done = this.#client.transact(callback, { retries: 0 });
    done.catch(() => undefined);
    try {
      // The transaction leaves before anything that comes in can change what it was made of.
      await nextTurn();
      this.#release();
      return await done;
    } finally {
      this.#gate.hold();
    }
  }

  reconnect(): void {
    if (this.#started) this.#client.reconnect('the case asks for it');
  }

  /** Takes a table's new condition; false when the server applies the same already. */
  setCondition(change: ConditionChange): boolean {
    const { table, text } = change;
    if ((this.#conditions.get(table) ?? '[true]') === text) return this.#unacknowledged.has(table);
    this.#conditions.set(table, text);
    this.#untold.set(table, change);
    this.#unacknowledged.add(table);
    return true;
  }

  /** Keeps a value that was fetched on demand for as long as the row is there. Counts as a change. */
  keepFetched(table: string, uuid: string, column: string, value: ColumnValue): void {
    const key = `${table} ${uuid}`;
    this.#fetched.set(key, { ...this.#fetched.get(key), [column]: value });
    this.#changed();
  }

  rows(table: string): Iterable<RowData> {
    return this.registered.tables.has(table) ? (this.#client.tables[table] as Iterable<RowData>) : [];
  }

  /** The rows of a table, those first that have not changed for longest. */
  rowsByAge(table: string): readonly RowData[] {
    const age = ({ _uuid }: RowData): number => this.#changedAt.get(_uuid) ?? 0;
    return [...this.rows(table)].sort((a, b) => age(a) - age(b));
  }

  columns(table: string): ReadonlyMap<string, ColumnSchema> | undefined {
    return this.registered.tables.get(table)?.columns;
  }

  value(table: string, row: RowData, column: string): { readonly value: ColumnValue } | undefined {
    const known = this.registered.tables.get(table);
    const schema = known?.columns.get(column);
    if (known === undefined || schema === undefined) return undefined;
    if (Object.hasOwn(row, column)) return { value: row[column] };
    const fetched = this.#fetched.get(`${table} ${row._uuid}`);
    if (fetched !== undefined && Object.hasOwn(fetched, column)) return { value: fetched[column] };
    // So has a column that the server lacks, and, to the Python client, a set that is still to be fetched.
    return known.fetched.has(column) && schema.kind === 'scalar' ? undefined : { value: schema.defaultValue };
  }

  row(table: string, uuid: string): RowData | undefined {
    if (!this.registered.tables.has(table)) return undefined;
    return this.#client.tables[table]?.get(uuid as never);
  }

  close(): void {
    this.#client.close();
  }

  /** `condition` is told whether all that came in so far had arrived before. */
  async #letInUntil(condition: (hadArrived: boolean) => boolean): Promise<void> {
    // What has arrived by now comes in as a whole.
    await nextTurn();
    this.#release();
    let hadArrived = true;
    void nextTurn().then(() => (hadArrived = false));
    try {
      await this.#wakeUntil(() => condition(hadArrived));
    } finally {
      this.#gate.hold();
    }
    // What came in is told to those who wait for it.
    await nextTurn();
  }

  async #wakeUntil(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure as Error;
      if (condition()) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #release(): void {
    const told = [...this.#untold.values()];
    this.#untold.clear();
    if (told.length > 0) this.#tellConditions(told);
    this.#gate.release();
    if (this.#started) return;
    this.#started = true;
    this.#client.begin().catch((error: unknown) => this.#fail(error));
  }

  #tellConditions(changes: readonly ConditionChange[]): void {
    const texts = new Map(changes.map(({ table, text }) => [table, text]));
    for (const table of texts.keys()) this.#awaited.add(table);
    this.#client
      .setConditions(Object.fromEntries(changes.map(({ table, conditions }) => [table, conditions])) as never)
      .then(() => {
        for (const [table, text] of texts) {
          if (this.#conditions.get(table) !== text) continue;
          this.#unacknowledged.delete(table);
          this.#awaited.delete(table);
        }
        this.#wake();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake();
  }

  #onState(state: ClientState, previous: ClientState): void {
    if (state.name === 'backoff') printError(`waiting ${state.delayMs} ms: ${state.error.message}`);
    if (state.name === 'closed' && state.error !== undefined) this.#fail(state.error);
    if (state.name !== 'synced') return;
    this.#remote = state.remote;
    if (previous.name === 'synced') return;
    this.#tellSync(state.kind === 'delta' || !this.#everSynced);
    this.#everSynced = true;
    this.#syncs++;
    this.#changed();
  }

  /**
   * Tells the row changes of a synchronisation. The reference clients empty their replica before a snapshot and tell
   * each row of it; this library tells the differences.
   */
  #tellSync(differences: boolean): void {
    const changes = this.#unsynced;
    this.#unsynced = [];
    if (differences) {
      for (const change of changes) this.#onRowChange(change);
      return;
    }
    this.#fetched.clear();
    for (const table of this.registered.tables.keys()) {
      for (const row of this.rows(table)) this.#onRowChange({ type: 'insert', table, row });
    }
  }

  #onBatch(changes: readonly RowChange[]): void {
    if (!this.synced) {
      this.#unsynced.push(...changes);
      return;
    }
    for (const change of changes) this.#onRowChange(change);
    if (changes.length === 0) return;
    this.#changed();
    for (const { type, table, row } of changes) {
      if (type === 'delete') this.#fetched.delete(`${table} ${row._uuid}`);
      else this.#changedAt.set(row._uuid, this.#changes);
    }
  }

  #changed(): void {
    this.#changes++;
    // Nothing that comes later belongs to this change.
    this.#wake();
  }
}

/** Resolves after the promises that are settled, and what has arrived by now, have been dealt with. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
