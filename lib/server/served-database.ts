/** A database as it is served: its transactions, those of them that wait, and who hears of their changes. */
import type { EmbeddedClock } from './clock.js';
import type { Commit, Database } from './database/database.js';
import type { Json } from './database/json-text.js';
import type { StoredRow } from './database/stored-row.js';
import type { Column } from './database/table-schema.js';
import { CommitHistory } from './monitor/commit-history.js';
import type { TableRequest } from './monitor/monitor-request.js';
import { comparedKey, type ComparedColumns } from './monitor/monitor.js';

/** A transaction that a client asked for. */
export interface TransactionRequest {
  readonly operations: readonly Json[];
  ownsLock(id: string): boolean;
  /** Called once, when the transaction has ended: after its changes were told to those who monitor them. */
  onResult(result: readonly Json[], changed: boolean): void;
}

interface Waiting {
  readonly request: TransactionRequest;
  readonly startedAt: number;
  stopTimer: () => void;
}

/** See the head of this file. */
export class ServedDatabase {
  readonly database: Database;
  readonly history: CommitHistory;
  readonly #clock: EmbeddedClock;
  readonly #waiting = new Set<Waiting>();
  readonly #listeners = new Set<(commit: Commit) => void>();
  /** Kept while a monitor uses it: see {@link ComparedColumns}. */
  readonly #compared = new Map<string, { readonly columns: ComparedColumns; users: number }>();
  #commits = 0;
  /** Value of `#commits` when all that wait were tried last. */
  #triedAt = 0;
  #isRunning = false;

  constructor(database: Database, clock: EmbeddedClock, historyLimit: number) {
    this.database = database;
    this.history = new CommitHistory(historyLimit);
    this.#clock = clock;
    database.onCommit((commit) => {
      this.#commits++;
      this.history.add(commit);
      for (const listener of this.#listeners) listener(commit);
    });
  }

  get name(): string {
    return this.database.name;
  }

  /** How many transactions have changed something. */
  get commits(): number {
    return this.#commits;
  }

  /** Transactions that wait for something to be so. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Calls back for each transaction that changed something, before its client has the reply. Returns what ends it. */
  onCommit(listener: (commit: Commit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  rowsOf(table: string): ReadonlyMap<string, StoredRow> | undefined {
    return this.database.schema.tables.has(table) ? this.database.table(table).rows : undefined;
  }

  /** Carries a transaction out, now or when what it waits for is so. Returns what calls it off, while it waits. */
  transact(request: TransactionRequest): () => void {
    const waiting: Waiting = { request, startedAt: this.#clock.now(), stopTimer: () => undefined };
    if (!this.#tryNow(waiting)) this.#waiting.add(waiting);
    this.#runWaiting();
    return () => this.#forget(waiting);
  }

  /** The columns that monitors of these tables and columns compare, and what is to be called when one of them ends. */
  compare(requests: readonly TableRequest[]): { readonly columns: ComparedColumns; readonly release: () => void } {
    const key = comparedKey(requests);
    let shared = this.#compared.get(key);
    if (shared === undefined) {
      shared = { columns: new Map(requests.map(({ schema }) => [schema.name, new Set<Column>()])), users: 0 };
      this.#compared.set(key, shared);
    }
    const { columns } = shared;
    const entry = shared;
    entry.users++;
    return {
      columns,
      release: () => {
        if (--entry.users === 0 && this.#compared.get(key) === entry) this.#compared.delete(key);
      },
    };
  }

  /** Converts the database to another schema; the error object when it cannot be. */
  convert(schemaJson: Json): Json | undefined {
    const error = this.database.convert(schemaJson);
    if (error !== undefined) return error;
    this.history.clear();
    this.#compared.clear();
    return undefined;
  }

  /** Calls off whatever waits. */
  stop(): void {
    for (const waiting of this.#waiting) this.#forget(waiting);
    this.#listeners.clear();
  }

  #forget(waiting: Waiting): void {
    waiting.stopTimer();
    this.#waiting.delete(waiting);
  }

  #tryNow(waiting: Waiting): boolean {
    const { request, startedAt } = waiting;
    const commits = this.#commits;
    const execution = this.database.execute(request.operations, {
      ownsLock: (id) => request.ownsLock(id),
      elapsedMs: Math.floor(this.#clock.now() - startedAt),
    });
    waiting.stopTimer();
    if (!execution.done) {
      if (Number.isFinite(execution.waitMs)) {
        const onTimer = (): void => {
          if (!this.#waiting.has(waiting)) return;
          if (this.#tryNow(waiting)) this.#waiting.delete(waiting);
          this.#runWaiting();
        };
        waiting.stopTimer = this.#clock.schedule(onTimer, Math.max(1, execution.waitMs));
      }
      return false;
    }
    request.onResult(execution.result, this.#commits !== commits);
    return true;
  }

  /** What a transaction has changed may be what others wait for, and so on. */
  #runWaiting(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#triedAt !== this.#commits) {
        this.#triedAt = this.#commits;
        for (const waiting of this.#waiting) if (this.#tryNow(waiting)) this.#waiting.delete(waiting);
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
