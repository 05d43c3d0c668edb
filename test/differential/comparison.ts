/**
 * Are two answers the same? Exactly, but for what a server may do either way: the order of rows that no `sort` puts in
 * order, and of sets and maps of uuids, which each server has made up by itself; and which of several errors is
 * reported, where that hangs on the order of a hash table.
 */
import { parseJson, stringifyJson } from '../../lib/wire/json.js';

interface Result {
  readonly error?: string;
  readonly details?: string;
  readonly syntax?: string;
  readonly rows?: readonly unknown[];
}

/** What {@link compareAnswers} finds. */
export type Verdict = 'same' | 'same but for the order' | 'different';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** Compares the results of a transaction; those of the real server have our uuids already, where there are such. */
export function compareAnswers(operations: readonly unknown[], ourAnswer: unknown, theirAnswer: unknown): Verdict {
  const [ours, theirs] = withoutOneSidedUuids(ourAnswer, theirAnswer);
  if (!Array.isArray(ours) || !Array.isArray(theirs) || ours.length !== theirs.length) return 'different';
  let verdict: Verdict = 'same';
  for (const [i, result] of ours.entries()) {
    const found = compareResults(operations[i], result as Result | null, theirs[i] as Result | null);
    if (found === 'different') return found;
    if (found !== 'same') verdict = found;
  }
  return verdict;
}

/**
 * A transaction that is refused does not tell the uuid of a name that it has used before the insert. Of uuids that one
 * answer alone has it matters only that there is one; in the contents all of them are known.
 */
function withoutOneSidedUuids(ours: unknown, theirs: unknown): readonly [unknown, unknown] {
  const [ourText, theirText] = [stringifyJson(ours), stringifyJson(theirs)];
  const shared = new Set((theirText.match(UUID) ?? []).filter((uuid) => ourText.includes(uuid)));
  const strip = (text: string): unknown =>
    parseJson(
      text.replace(UUID, (uuid) => (shared.has(uuid) ? uuid : 'some uuid')),
      true,
    );
  return [strip(ourText), strip(theirText)];
}

function compareResults(operation: unknown, ours: Result | null, theirs: Result | null): Verdict {
  if (canonical(ours) === canonical(theirs)) return 'same';
  if (ours === null || theirs === null) return 'different';
  if (ours.rows !== undefined && theirs.rows !== undefined) return compareRows(operation, ours.rows, theirs.rows);
  if (ours.error === undefined || theirs.error === undefined) return 'different';
  if (ours.error === theirs.error && looseText(ours) === looseText(theirs)) {
    return exactText(ours) === exactText(theirs) ? 'same' : 'same but for the order';
  }
  // A transaction may break several rules; which row is looked at first is up to a hash table.
  return mayBeOneOfSeveral(operation, ours) && mayBeOneOfSeveral(operation, theirs)
    ? 'same but for the order'
    : 'different';
}

const OF_MANY_ROWS = ['constraint violation', 'referential integrity violation', 'range error', 'domain error'];

/** Errors of the commit, and of operations upon several rows or with several defaults. */
function mayBeOneOfSeveral(operation: unknown, { error, syntax }: Result): boolean {
  if (error === undefined || !OF_MANY_ROWS.includes(error)) return false;
  if (operation === undefined) return true;
  const { op } = operation as { op?: unknown };
  return syntax === undefined && (op === 'mutate' || op === 'insert');
}

function compareRows(operation: unknown, ours: readonly unknown[], theirs: readonly unknown[]): Verdict {
  const { sort } = operation as { sort?: readonly string[] };
  const sorted = (rows: readonly unknown[]): string => rows.map(canonical).sort().join('\n');
  if (sorted(ours) !== sorted(theirs)) return 'different';
  if (sort === undefined) return 'same';
  // Equal rows may come in either order, and uuids have an order of their own on each server.
  const keys = (rows: readonly unknown[]): string => rows.map((row) => sortKey(row, sort)).join('\n');
  return keys(ours) === keys(theirs) ? 'same' : 'different';
}

function sortKey(row: unknown, sort: readonly string[]): string {
  const key: unknown[] = [];
  for (const name of sort) {
    const value = Object.hasOwn(row as object, name) ? (row as Record<string, unknown>)[name] : undefined;
    if (value === undefined || stringifyJson(value).includes('"uuid"')) break;
    key.push(value);
  }
  return canonical(key);
}

/** JSON as text that is the same however members of objects, and sets and maps of uuids, are ordered. */
export function canonical(json: unknown): string {
  if (Array.isArray(json)) {
    const [kind, members] = json as [unknown, unknown];
    const isCollection = json.length === 2 && (kind === 'set' || kind === 'map') && Array.isArray(members);
    if (!isCollection) return `[${json.map(canonical).join(',')}]`;
    const texts = (members as unknown[]).map(canonical);
    if (texts.some((text) => text.includes('["uuid"'))) texts.sort();
    return `["${kind}",[${texts.join(',')}]]`;
  }
  if (typeof json !== 'object' || json === null) return json === 0 ? '0' : stringifyJson(json ?? null);
  const names = Object.keys(json).sort();
  return `{${names.map((name) => `${stringifyJson(name)}:${canonical((json as Record<string, unknown>)[name])}`).join(',')}}`;
}

function exactText({ details = '', syntax = '' }: Result): string {
  return `${details}\n${syntax}`;
}

/** Of two rows with equal values either may be the first; unknown uuids and the time waited differ anyway. */
function looseText({ details = '', syntax = '' }: Result): string {
  const text = details
    .replace(/ (First|Second) row, with UUID/g, ' some row, with UUID')
    .replace(/timed out after \d+ ms/, 'timed out after some time')
    .replace(UUID, 'some uuid');
  return `${text.split('  some row').sort().join('\n')}\n${syntax.replace(UUID, 'some uuid')}`;
}
