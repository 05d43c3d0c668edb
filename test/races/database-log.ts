/**
 * The server's own record of what it committed. The file of a standalone database is a line of JSON for each transaction,
 * with a line of length and hash before it (ovsdb(5), "Standalone database format"). Columns of rows that existed before
 * hold differences, which are worked out here, so that what is told of each transaction is whole rows.
 *
 * The server compacts the file when it has grown: it writes another one that begins with the database as it is, and puts
 * that in its place. Who follows the file misses nothing, since the old one stays readable to those who have it open.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';

/** What the columns that are followed hold. */
const COLUMNS = {
  Logical_Switch: { name: 'scalar', ports: 'set', external_ids: 'map' },
  Logical_Switch_Port: { name: 'scalar', addresses: 'set', port_security: 'set', external_ids: 'map' },
} as const;

/** Tables that are followed. */
export type LoggedTable = keyof typeof COLUMNS;

/** The followed columns of a row; what a table has not is empty. */
export interface LoggedRow {
  readonly name: string;
  readonly ports: readonly string[];
  readonly addresses: readonly string[];
  readonly port_security: readonly string[];
  readonly external_ids: Readonly<Record<string, string>>;
}

/** A row that a transaction inserted (`before` undefined), changed or deleted (`after` undefined). */
export interface RowChange {
  readonly table: LoggedTable;
  readonly uuid: string;
  readonly before: LoggedRow | undefined;
  readonly after: LoggedRow | undefined;
}

/** One transaction, in the order of the server. */
export interface LoggedTransaction {
  readonly index: number;
  /** When it was committed, in milliseconds since 1970. */
  readonly date: number;
  /** What the client remarked on it. */
  readonly comment: string;
  readonly changes: readonly RowChange[];
}

type Tables = Record<LoggedTable, Map<string, LoggedRow>>;
type Record_ = Readonly<Record<string, unknown>>;

const NO_ROW: LoggedRow = { name: '', ports: [], addresses: [], port_security: [], external_ids: {} };

/** Works out rows from records; see the head of this file. */
export class DatabaseLog {
  /** All transactions so far. */
  readonly transactions: LoggedTransaction[] = [];
  /** The database as it is after them. */
  readonly tables: Tables = emptyTables();
  /** How often the server compacted the file. */
  compactions = 0;

  /** Takes over the next record of a file. The first line of a file is the schema and no record. */
  record(line: string): void {
    const record = JSON.parse(line) as Record_;
    const changes = changesOf(this.tables, record);
    for (const { table, uuid, after } of changes) {
      if (after === undefined) this.tables[table].delete(uuid);
      else this.tables[table].set(uuid, after);
    }
    const { _date: date, _comment: comment } = record;
    this.transactions.push({
      index: this.transactions.length,
      date: typeof date === 'number' ? date : 0,
      comment: typeof comment === 'string' ? comment : '',
      changes,
    });
  }

  /** Takes over the first record of a compacted file. Throws when it is not the database that the records led to. */
  snapshot(line: string): void {
    const tables = emptyTables();
    for (const { table, uuid, after } of changesOf(tables, JSON.parse(line) as Record_)) {
      if (after !== undefined) tables[table].set(uuid, after);
    }
    if (canonical(tables) !== canonical(this.tables)) {
      throw new Error('the database was compacted, and what the transactions before led to is something else');
    }
    this.compactions++;
  }
}

/** Reads the file of a database while the server writes it. */
export class LogFollower implements AsyncDisposable {
  readonly log: DatabaseLog = new DatabaseLog();
  readonly #path: string;
  #file: FileHandle;
  #inode: number;
  #position = 0;
  #rest = Buffer.alloc(0);
  /** Records of the present file, the schema included. */
  #records = 0;
  #reading: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;
  #failure: unknown;

  private constructor(path: string, file: FileHandle, inode: number, intervalMs: number) {
    this.#path = path;
    this.#file = file;
    this.#inode = inode;
    this.#timer = setInterval(() => {
      this.read().catch((error: unknown) => (this.#failure ??= error));
    }, intervalMs);
  }

  /** Begins with what is there, and then looks every `intervalMs`. */
  static async start(path: string, intervalMs = 50): Promise<LogFollower> {
    const file = await open(path);
    return new LogFollower(path, file, (await file.stat()).ino, intervalMs);
  }

  /** Reads what has been written by now. Rejects when something was missed, now or before. */
  async read(): Promise<void> {
    const reading = this.#reading.then(async () => this.#catchUp());
    this.#reading = reading.catch(() => undefined);
    await reading;
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
    await this.#file.close();
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      // Looked up first: once another file has its name, nothing is added to this one.
      const { ino } = await stat(this.#path);
      await this.#readToEnd();
      if (ino === this.#inode) return;
      await this.#file.close();
      this.#file = await open(this.#path);
      this.#inode = (await this.#file.stat()).ino;
      this.#position = 0;
      this.#records = 0;
      this.#rest = Buffer.alloc(0);
    }
  }

  async #readToEnd(): Promise<void> {
    const isCompacted = this.log.transactions.length > 0 && this.#records < 2;
    const chunks = [this.#rest];
    const chunk = Buffer.alloc(1 << 20);
    for (;;) {
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, this.#position);
      if (bytesRead === 0) break;
      chunks.push(Buffer.from(chunk.subarray(0, bytesRead)));
      this.#position += bytesRead;
    }
    const bytes = Buffer.concat(chunks);
    const end = bytes.lastIndexOf(0x0a) + 1;
    this.#rest = bytes.subarray(end);
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      // Between the records stand their lengths and hashes.
      if (!line.startsWith('{')) continue;
      const n = this.#records++;
      if (n === 0) continue;
      if (n === 1 && isCompacted) this.log.snapshot(line);
      else this.log.record(line);
    }
  }
}

function emptyTables(): Tables {
  return { Logical_Switch: new Map(), Logical_Switch_Port: new Map() };
}

function changesOf(tables: Tables, record: Record_): RowChange[] {
  const isDifference = record['_is_diff'] === true;
  return (Object.keys(COLUMNS) as LoggedTable[]).flatMap((table) =>
    Object.entries((record[table] ?? {}) as Record<string, Record_ | null>).map(([uuid, columns]): RowChange => {
      const before = tables[table].get(uuid);
      if (columns === null) return { table, uuid, before, after: undefined };
      const after: Record<string, unknown> = { ...(before ?? NO_ROW) };
      for (const [column, kind] of Object.entries(COLUMNS[table])) {
        const value = columns[column];
        if (value === undefined) continue;
        if (kind === 'scalar') after[column] = value;
        else if (kind === 'set') after[column] = isDifference ? toggled(after[column], members(value)) : members(value);
        else after[column] = isDifference ? patched(after[column], pairs(value)) : Object.fromEntries(pairs(value));
      }
      return { table, uuid, before, after: after as unknown as LoggedRow };
    }),
  );
}

function members(value: unknown): string[] {
  if (!Array.isArray(value)) return [value as string];
  const [tag, content] = value as [string, unknown];
  return tag === 'set' ? (content as unknown[]).flatMap(members) : [content as string];
}

function pairs(value: unknown): [string, string][] {
  return (value as ['map', [string, string][]])[1];
}

/** Members that stand in the difference were added or are gone. */
function toggled(set: unknown, difference: readonly string[]): string[] {
  const result = new Set(set as readonly string[]);
  for (const member of difference) if (!result.delete(member)) result.add(member);
  return [...result];
}

/** Pairs that stand in the difference were added or have that value now, and are gone if they had it before. */
function patched(map: unknown, difference: readonly (readonly [string, string])[]): Record<string, string> {
  const result = new Map(Object.entries(map as Record<string, string>));
  for (const [key, value] of difference) {
    if (result.get(key) === value) result.delete(key);
    else result.set(key, value);
  }
  return Object.fromEntries(result);
}

function canonical(tables: Tables): string {
  return JSON.stringify(
    Object.entries(tables).map(([table, rows]) => [
      table,
      [...rows]
        .map(([uuid, row]) => [
          uuid,
          row.name,
          [...row.ports].sort(),
          [...row.addresses].sort(),
          [...row.port_security].sort(),
          Object.entries(row.external_ids).sort(),
        ])
        .sort(),
    ]),
  );
}
