/** The operations of a transaction (RFC 7047 §5.2), refused in the words of ovsdb-server. */
import { isUuid } from '../../schema/uuid.js';
import { Condition } from './condition.js';
import type { Datum } from './datum.js';
import { checkDatum, parseDatum } from './datum-parse.js';
import { jsonInteger, type Json } from './json-text.js';
import type { MemberParser } from './member-parser.js';
import { mutate, parseMutation } from './mutation.js';
import { Refusal, syntaxError } from './refusal.js';
import { matchingRows, select, waitHolds } from './query.js';
import type { SymbolTable } from './symbol-table.js';
import type { Table } from './table.js';
import { parseColumnSet, type Column } from './table-schema.js';
import type { Transaction } from './transaction.js';

/** What an operation may use. */
export interface Execution {
  readonly transaction: Transaction;
  readonly tables: ReadonlyMap<string, Table>;
  readonly symbols: SymbolTable;
  readonly elapsedMs: number;
  ownsLock(id: string): boolean;
}

/** An operation: reads its members, does its work, and returns its result. Throws {@link Refusal}. */
export interface Operation {
  readonly readOnly: boolean;
  readonly execute: (execution: Execution, parser: MemberParser) => Json;
}

/** A `wait` holds: the transaction must be tried again. */
export class Waiting extends Refusal {
  /** How long at most; `Infinity` when the operation sets no limit. */
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('not supported', 'the transaction waits');
    this.waitMs = waitMs;
  }
}

/** The operations by name. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['insert', { readOnly: false, execute: insert }],
  ['select', { readOnly: true, execute: executeSelect }],
  ['update', { readOnly: false, execute: update }],
  ['mutate', { readOnly: false, execute: executeMutate }],
  ['delete', { readOnly: false, execute: deleteRows }],
  ['wait', { readOnly: true, execute: wait }],
  ['commit', { readOnly: false, execute: commit }],
  ['abort', { readOnly: true, execute: abort }],
  ['comment', { readOnly: true, execute: comment }],
  ['assert', { readOnly: true, execute: assertLock }],
]);

function parseTable({ tables }: Execution, parser: MemberParser): Table | undefined {
  const name = parser.required('table', 'id') as string | undefined;
  if (name === undefined) return undefined;
  const table = tables.get(name);
  if (table === undefined) parser.fail(`No table named ${name}.`);
  return table;
}

/** The columns that a `<row>` names. */
function parseRow(table: Table, json: unknown, symbols: SymbolTable): readonly (readonly [Column, Datum])[] {
  return Object.entries(json as object).map(([name, value]: [string, unknown]) => {
    const column = table.schema.byName.get(name);
    if (column === undefined) {
      throw syntaxError(json, `No column ${name} in table ${table.schema.name}.`, 'unknown column');
    }
    return [column, parseDatum(column.type, value, symbols)];
  });
}

function insert(execution: Execution, parser: MemberParser): Json {
  const { transaction, symbols } = execution;
  const table = parseTable(execution, parser) as Table;
  const chosen = parser.optional('uuid', 'string') as string | undefined;
  const name = parser.optional('uuid-name', 'id') as string | undefined;
  const row = parser.required('row', 'object');
  parser.check();
  if (chosen !== undefined) checkChosenUuid(transaction, table, chosen);
  let uuid = chosen?.toLowerCase();
  if (name !== undefined) {
    uuid = symbols.create(name, uuid);
    if (uuid === undefined) {
      const details = 'This "uuid-name" appeared on an earlier "insert" operation.';
      throw syntaxError(name, details, 'duplicate uuid-name');
    }
  }
  uuid ??= transaction.makeUuid();
  const fields = table.schema.defaults.slice();
  const given = parseRow(table, row, symbols);
  for (const [{ index }, datum] of given) fields[index] = datum;
  for (const { index, defaultValue, type } of table.schema.unusableDefaults) {
    if (fields[index] === defaultValue) checkDatum(type, defaultValue);
  }
  transaction.insert(table, uuid, fields);
  return { uuid: ['uuid', uuid] };
}

function checkChosenUuid(transaction: Transaction, table: Table, chosen: string): void {
  if (!isUuid(chosen)) throw syntaxError(chosen, 'bad uuid');
  if (transaction.mayInsert(table, chosen.toLowerCase())) return;
  const details =
    'This UUID would duplicate a UUID already present within the table or deleted within the same transaction.';
  throw syntaxError(chosen, details, 'duplicate uuid');
}

function executeSelect(execution: Execution, parser: MemberParser): Json {
  const table = parseTable(execution, parser) as Table;
  const where = parser.required('where', 'array') as unknown[];
  const columnsJson = parser.optional('columns', 'array');
  const sortJson = parser.optional('sort', 'array');
  parser.check();
  const { schema } = table;
  const condition = new Condition(schema, where, execution.symbols);
  const columns = columnsJson === undefined ? schema.allColumns : parseColumnSet(columnsJson, schema.byName);
  const sort = sortJson === undefined ? [] : parseColumnSet(sortJson, schema.byName);
  return { rows: select(table, condition, columns, sort) };
}

function update(execution: Execution, parser: MemberParser): Json {
  const { transaction, symbols } = execution;
  const table = parseTable(execution, parser) as Table;
  const where = parser.required('where', 'array') as unknown[];
  const row = parser.required('row', 'object');
  parser.check();
  const given = parseRow(table, row, symbols);
  for (const [{ name, mutable }] of given) {
    if (mutable) continue;
    const details = `Cannot update immutable column ${name} in table ${table.schema.name}.`;
    throw syntaxError(parser.json, details, 'constraint violation');
  }
  const rows = matchingRows(table, new Condition(table.schema, where, symbols));
  for (const found of rows) {
    const copy = transaction.modify(table, found);
    for (const [{ index }, datum] of given) copy.fields[index] = datum;
  }
  return { count: rows.length };
}

function executeMutate(execution: Execution, parser: MemberParser): Json {
  const { transaction, symbols } = execution;
  const table = parseTable(execution, parser) as Table;
  const where = parser.required('where', 'array') as unknown[];
  const mutationsJson = parser.required('mutations', 'array') as unknown[];
  parser.check();
  const mutations = mutationsJson.map((json) => parseMutation(table.schema, json, symbols));
  const rows = matchingRows(table, new Condition(table.schema, where, symbols));
  for (const found of rows) {
    const copy = transaction.modify(table, found);
    for (const mutation of mutations) mutate(copy, mutation);
  }
  return { count: rows.length };
}

function deleteRows(execution: Execution, parser: MemberParser): Json {
  const where = parser.required('where', 'array') as unknown[];
  const table = parseTable(execution, parser) as Table;
  parser.check();
  const rows = matchingRows(table, new Condition(table.schema, where, execution.symbols));
  for (const row of rows) execution.transaction.delete(table, row);
  return { count: rows.length };
}

function wait(execution: Execution, parser: MemberParser): Json {
  const timeoutJson = parser.optional('timeout', 'integer');
  const where = parser.required('where', 'array') as unknown[];
  const columnsJson = parser.optional('columns', 'array');
  const until = parser.required('until', 'string');
  const rowsJson = parser.required('rows', 'array') as unknown[];
  const table = parseTable(execution, parser) as Table;
  parser.check();
  const { schema } = table;
  const condition = new Condition(schema, where, execution.symbols);
  const columns = columnsJson === undefined ? schema.allColumns : parseColumnSet(columnsJson, schema.byName);
  const timeoutMs = timeoutJson === undefined ? Infinity : Number(jsonInteger(timeoutJson));
  if (timeoutMs < 0) throw syntaxError(timeoutJson, 'timeout must be nonnegative');
  if (until !== '==' && until !== '!=') throw syntaxError(until, '"until" must be "==" or "!="');
  const expected = rowsJson.map((json) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw syntaxError(json, 'row must be JSON object');
    }
    const fields = schema.defaults.slice();
    for (const [{ index }, datum] of parseRow(table, json, execution.symbols)) fields[index] = datum;
    return { fields };
  });
  if (waitHolds(table, condition, columns, expected) === (until === '==')) return {};
  const { elapsedMs } = execution;
  if (elapsedMs < timeoutMs) throw new Waiting(timeoutMs - elapsedMs);
  const details = elapsedMs > 0 ? `"wait" timed out after ${elapsedMs} ms` : '"where" clause test failed';
  throw new Refusal('timed out', details);
}

function commit(_: Execution, parser: MemberParser): Json {
  // Everything is as durable as memory is.
  parser.required('durable', 'boolean');
  return {};
}

function abort(): Json {
  throw new Refusal('aborted', 'aborted by request');
}

function comment(_: Execution, parser: MemberParser): Json {
  parser.required('comment', 'string');
  return {};
}

function assertLock(execution: Execution, parser: MemberParser): Json {
  const lock = parser.required('lock', 'id') as string | undefined;
  if (lock === undefined || execution.ownsLock(lock)) return {};
  throw new Refusal('not owner', `Asserted lock ${lock} not held.`);
}
