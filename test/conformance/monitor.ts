/** `monitor REMOTE DB METHOD COND TABLE [COLSPEC...]`: a monitor's initial contents and updates as CSV. */
import type { RpcSession } from '../../lib/rpc/session.js';
import { parseSchema, type TableSchema } from '../../lib/schema/schema.js';
import { parseJson } from '../../lib/wire/json.js';
import { byCodePoint, compactJson } from './compact-json.js';
import { onInputLine } from './input-lines.js';
import { FatalError, print, printError } from './output.js';
import { takePlace } from './place.js';
import { openSession } from './raw-connection.js';

type Row = Readonly<Record<string, unknown>>;

const EVENTS = ['initial', 'insert', 'delete', 'modify'] as const;

export async function runMonitor(args: string[]): Promise<void> {
  const [remote, ...rest] = args;
  const place = remote === undefined ? undefined : takePlace(remote, rest);
  const [database, method, condition, table, ...specs] = rest;
  if (place === undefined || table === undefined || (method !== 'monitor' && method !== 'monitor_cond')) {
    throw new FatalError('usage: monitor REMOTE DB monitor|monitor_cond COND TABLE [COLSPEC...]');
  }
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  const report = new CsvReport(table);
  const session = await openSession(place, {
    onNotification: (name, [, updates]) => {
      if (name === 'update' || name === 'update2') report.update(updates);
    },
    onClose: () => close(),
  });
  const schema = parseSchema(await session.request('get_schema', [database])).table(table);
  const requests = (specs.length === 0 ? [''] : specs).map((spec) => monitorRequest(schema, spec));
  const where = condition === '-' || condition === undefined ? undefined : parseJson(condition, true);
  if (where !== undefined && requests[0] !== undefined) requests[0].where = where;
  const initial = await session.request(method, [database, null, { [table]: requests }]);
  report.begin(
    requests.flatMap(({ columns }) => columns),
    initial,
  );
  printError('ready');
  onInputLine((line) => void changeCondition(session, line));
  await closed;
}

interface MonitorRequest {
  readonly columns: string[];
  readonly select?: Readonly<Record<string, boolean>>;
  where?: unknown;
}

function monitorRequest(table: TableSchema, spec: string): MonitorRequest {
  const words = spec.split(',').filter((word) => word !== '');
  const left = EVENTS.filter((event) => words.includes(`!${event}`));
  const named = words.filter((word) => !EVENTS.some((event) => word === `!${event}`));
  for (const column of named) table.column(column);
  const columns = named.length > 0 ? named : [...[...table.columns.keys()].sort(byCodePoint), '_version'];
  if (left.length === 0) return { columns };
  return { columns, select: Object.fromEntries(EVENTS.map((event) => [event, !left.includes(event)])) };
}

async function changeCondition(session: RpcSession, line: string): Promise<void> {
  const [, table, json] = /^cond_change (\S+) (.*)$/.exec(line.trim()) ?? [];
  if (table === undefined || json === undefined) return;
  try {
    await session.request('monitor_cond_change', [null, null, { [table]: [{ where: parseJson(json, true) }] }]);
    printError('cond_change done');
  } catch (error) {
    printError(`cond_change: ${String(error)}`);
  }
}

/** Prints the contents and changes of one table as blocks with a blank line between them. */
class CsvReport {
  readonly #table: string;
  #columns: readonly string[] | undefined;
  /** Updates that arrived together with the initial contents. */
  readonly #early: unknown[] = [];
  #first = true;

  constructor(table: string) {
    this.#table = table;
  }

  /** Prints the initial contents. */
  begin(columns: readonly string[], contents: unknown): void {
    this.#columns = columns;
    this.#print(columns, contents, (uuid, { initial, new: row }) => [line(columns, uuid, 'initial', initial ?? row)]);
    for (const updates of this.#early) this.update(updates);
  }

  update(updates: unknown): void {
    const columns = this.#columns;
    if (columns === undefined) {
      this.#early.push(updates);
      return;
    }
    this.#print(columns, updates, (uuid, change) => {
      const action = ['delete', 'initial', 'modify', 'insert'].find((each) => Object.hasOwn(change, each));
      if (action !== undefined) return [line(columns, uuid, action, change[action])];
      if (change.old === undefined) return [line(columns, uuid, 'insert', change.new)];
      if (change.new === undefined) return [line(columns, uuid, 'delete', change.old)];
      return [line(columns, uuid, 'old', change.old), line(columns, '', 'new', change.new)];
    });
  }

  #print(columns: readonly string[], updates: unknown, lines: (uuid: string, change: Row) => readonly string[]): void {
    const rows = (updates as Readonly<Record<string, Row>>)[this.#table];
    if (rows === undefined) return;
    if (!this.#first) print('');
    this.#first = false;
    print(['row', 'action', ...columns].map(cell).join(','));
    for (const [uuid, change] of Object.entries(rows)) for (const text of lines(uuid, change as Row)) print(text);
  }
}

function line(columns: readonly string[], uuid: string, action: string, contents: unknown): string {
  const row = (contents ?? {}) as Row;
  const cells = columns.map((column) => (Object.hasOwn(row, column) ? cell(compactJson(row[column])) : ''));
  return [uuid, action, ...cells].join(',');
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
