/** The same transactions to the real server and to ours: answers, contents and versions must be the same. */
import { Database } from '../../lib/server/database/database.js';
import { parseJson, stringifyJson } from '../../lib/wire/json.js';
import { canonical, compareAnswers } from './comparison.js';
import { OWNED_LOCK } from './random-transaction.js';
import type { SchemaJson } from './random-schema.js';
import type { RealServer } from './real-server.js';
import { hasStaleReferences, type SelectedRows } from './stale-references.js';
import { UuidPairs } from './uuid-pairs.js';

/** A transaction, or the conversion to another schema. */
export type Step = Transacted | { readonly schema: SchemaJson };

interface Transacted {
  readonly operations: readonly unknown[];
  /** Uuids that inserts got. */
  inserted?: readonly (string | undefined)[];
}

/** What went differently. */
export interface Difference {
  readonly what: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** Counts of what happened. */
export interface Figures {
  transactions: number;
  operations: number;
  committed: number;
  refused: number;
  waited: number;
  conversions: number;
  /** Answers that are the same but for an order that hash tables decide. */
  byOrder: number;
  /** Transactions after which the real server had a weak reference to a row that was gone. */
  staleReferences: number;
  /** Errors by short name. */
  readonly errors: Map<string, number>;
}

export function noFigures(): Figures {
  return { transactions: 0, operations: 0, committed: 0, refused: 0, waited: 0, conversions: 0, byOrder: 0, staleReferences: 0, errors: new Map() }; // prettier-ignore
}

/** Time after which a transaction that waits for ever is cancelled. */
const CANCEL_AFTER_MS = 3;

/** After each transaction that has done something the contents are compared, of the others after each so manieth. */
const LOOK_AFTER_REFUSALS = 4;

/** Beginnings of what is said of contents that are not allowed as a whole. */
const OF_COMMIT = /^(Transaction causes|transaction causes|Table |Deletion of|Weak reference)/;

/** Both databases, side by side, from the same empty beginning. */
export class Differential {
  readonly ours: Database;
  readonly figures: Figures;
  readonly #server: RealServer;
  #pairs = new UuidPairs();
  /** Our versions by row. */
  #versions = new Map<string, string>();

  /** @param schema - What the real server has as an empty database already. */
  constructor(server: RealServer, schema: SchemaJson, figures: Figures = noFigures()) {
    this.#server = server;
    this.ours = new Database(schema);
    this.figures = figures;
  }

  async step(step: Step): Promise<Difference | undefined> {
    return 'schema' in step ? this.#convert(step.schema) : this.#transact(step);
  }

  async #transact(step: Transacted): Promise<Difference | undefined> {
    const { operations } = step;
    // What ours gets has been text, as what the real one gets.
    const text = stringifyJson(operations);
    const received = parseJson(text, true) as unknown[];
    const context = { ownsLock: (id: string) => id === OWNED_LOCK, elapsedMs: 0 };
    let outcome = this.ours.execute(received, context);
    const endless = !outcome.done && outcome.waitMs === Infinity;
    for (let tries = 0; !outcome.done && outcome.waitMs < Infinity; tries++) {
      if (tries > 5) return { what: 'a wait that does not end', ours: outcome, theirs: undefined };
      outcome = this.ours.execute(received, { ...context, elapsedMs: context.elapsedMs + 10 ** tries });
    }
    const theirText = this.#pairs.toTheirs(text);
    const params = [this.ours.name, ...(parseJson(theirText, true) as unknown[])];
    const reply = await this.#server.request('transact', params, endless ? CANCEL_AFTER_MS : undefined);
    const { figures } = this;
    figures.transactions++;
    figures.operations += operations.length;
    if (endless || !outcome.done) {
      figures.waited++;
      if (reply.error === 'canceled') return undefined;
      return { what: 'a wait that holds', ours: 'waits', theirs: reply };
    }
    const ours = outcome.result as unknown[];
    const refused = ours.some((result) => (result as { error?: unknown } | null)?.error !== undefined);
    this.#count(ours, refused);
    step.inserted = this.#pairRows(ours, reply.result);
    const theirs = parseJson(this.#pairs.toOurs(stringifyJson(reply.result ?? null)), true);
    const verdict = compareAnswers(operations, parseJson(stringifyJson(ours), true), theirs);
    if (verdict === 'same but for the order') figures.byOrder++;
    const difference =
      verdict === 'different'
        ? { what: 'the answers', ours, theirs: reply.error ?? theirs }
        : refused && this.figures.transactions % LOOK_AFTER_REFUSALS !== 0
          ? undefined
          : await this.#compareContents();
    return difference !== undefined && (await hasStaleReferences(this.ours.schema, (table) => this.#theirRows(table)))
      ? this.#resume()
      : difference;
  }

  async #theirRows(table: string): Promise<SelectedRows> {
    const reply = await this.#server.request('transact', [this.ours.name, { op: 'select', table, where: [] }]);
    return (reply.result as [{ rows: SelectedRows }])[0].rows;
  }

  /** Gives the real server the contents that ours has. */
  async #resume(): Promise<Difference | undefined> {
    this.figures.staleReferences++;
    const { name } = this.ours;
    const schema = this.ours.schemaJson as unknown as SchemaJson;
    const inserts = [...this.ours.schema.tables.keys()].flatMap((table) =>
      [...this.ours.table(table).rows.values()].map((row) => ({
        op: 'insert',
        table,
        uuid: row.uuid,
        row: row.toJson(),
      })),
    );
    // Ours as well: in JSON, numbers have lost digits, and neither is to know more of the past than the other.
    this.#versions = new Map();
    this.#pairs = new UuidPairs();
    await emptyDatabase(this.#server, name, schema);
    this.ours.convert(emptied(schema));
    this.ours.convert(schema);
    const outcome = this.ours.execute(inserts, { ownsLock: () => false, elapsedMs: 0 });
    const reply = await this.#server.request('transact', [name, ...inserts]);
    if (stringifyJson((outcome as { result: unknown }).result) !== stringifyJson(reply.result)) {
      return { what: 'the contents, inserted again', ours: outcome, theirs: reply };
    }
    return this.#compareContents();
  }

  #count(ours: readonly unknown[], refused: boolean): void {
    const { figures } = this;
    if (refused) figures.refused++;
    else figures.committed++;
    for (const result of ours as readonly ({ error?: string } | null)[]) {
      if (result?.error === undefined) continue;
      figures.errors.set(result.error, (figures.errors.get(result.error) ?? 0) + 1);
    }
  }

  /** Returns our uuids of the rows inserted. */
  #pairRows(ours: readonly unknown[], theirs: unknown): readonly (string | undefined)[] {
    const uuidOf = (result: unknown): string | undefined =>
      (result as { uuid?: [string, string] } | null | undefined)?.uuid?.[1];
    const inserted = ours.map(uuidOf);
    for (const [i, our] of inserted.entries()) {
      const their = Array.isArray(theirs) ? uuidOf(theirs[i]) : undefined;
      if (our !== undefined && their !== undefined) this.#pairs.pair(our, their);
    }
    return inserted;
  }

  async #convert(schema: SchemaJson): Promise<Difference | undefined> {
    const ours = this.ours.convert(schema) as { readonly details: string } | undefined;
    // The real server 3.1.0 dies when a value does not fit its new column (it frees the new database before the rows).
    if (ours !== undefined && !OF_COMMIT.test(ours.details)) return undefined;
    const theirs = await this.#server.request('convert', [this.ours.name, schema]);
    this.figures.conversions++;
    const compared = compareAnswers([{}], [ours ?? null], [theirs.error ?? null]);
    if (compared === 'different')
      return { what: 'the conversion', ours: ours ?? {}, theirs: theirs.error ?? theirs.result };
    const stored = await this.#server.request('get_schema', [this.ours.name]);
    const theirSchema = stored.result;
    if (canonical(theirSchema) !== canonical(this.ours.schemaJson)) {
      return { what: 'the schema', ours: this.ours.schemaJson, theirs: theirSchema };
    }
    return this.#compareContents();
  }

  /** All rows, and whether the same rows have got other versions since the last time. */
  async #compareContents(): Promise<Difference | undefined> {
    const tables = [...this.ours.schema.tables.keys()];
    const operations = tables.map((table) => ({ op: 'select', table, where: [] }));
    const outcome = this.ours.execute(operations, { ownsLock: () => false, elapsedMs: 0 });
    const ours = (outcome as { result: unknown }).result as { rows: Record<string, unknown>[] }[];
    const reply = await this.#server.request('transact', [this.ours.name, ...operations]);
    const theirs = parseJson(this.#pairs.toOurs(stringifyJson(reply.result)), true) as typeof ours;
    const before = this.#versions;
    this.#versions = new Map();
    for (const [i, table] of tables.entries()) {
      const ourRows = byUuid(ours[i]!.rows);
      const theirRows = byUuid(theirs[i]!.rows);
      const [o, t] = [describe(ourRows), describe(theirRows)];
      if (o !== t) return { what: `the contents of ${table}`, ours: without(o, t), theirs: without(t, o) };
      for (const [uuid, row] of ourRows) {
        // Theirs reads as ours when they were seen together before, which is to say, when it has not changed.
        const [now, their, then] = [version(row), version(theirRows.get(uuid)!), before.get(uuid)];
        this.#versions.set(uuid, now);
        this.#pairs.pair(now, their);
        if (then === undefined || (now === then) === (their === then)) continue;
        const told = (same: boolean): string => (same ? 'kept' : 'renewed');
        return { what: `the version of ${uuid} in ${table}`, ours: told(now === then), theirs: told(their === then) };
      }
    }
    return undefined;
  }
}

/** A database of this schema holds nothing that a conversion back could bring along. */
const EMPTY_TABLE = { Nothing: { columns: { nothing: { type: 'string' } } } };

function emptied(schema: SchemaJson): SchemaJson {
  return { ...schema, tables: EMPTY_TABLE };
}

/** Converts a database of the real server forth and back, so that it holds nothing. */
export async function emptyDatabase(server: RealServer, name: string, schema: SchemaJson): Promise<void> {
  await server.request('convert', [name, emptied(schema)]);
  await server.request('convert', [name, schema]);
}

function byUuid(rows: readonly Record<string, unknown>[]): Map<string, Record<string, unknown>> {
  return new Map(rows.map((row) => [(row['_uuid'] as [string, string])[1], row]));
}

function describe(rows: ReadonlyMap<string, Record<string, unknown>>): string {
  return [...rows.values()]
    .map((row) => canonical({ ...row, _version: 'some version' }))
    .sort()
    .join('\n');
}

/** The lines of one text that the other one lacks. */
function without(text: string, other: string): string {
  const lines = new Set(other.split('\n'));
  return text
    .split('\n')
    .filter((line) => !lines.has(line))
    .join('\n');
}

function version(row: Record<string, unknown>): string {
  return (row['_version'] as [string, string])[1];
}
