/** Conditions of operations and monitors (RFC 7047 §5.1): which rows are meant. */
import { isOptionalScalar, isScalar, typeInEnglish, UNLIMITED, type ColumnType } from './column-type.js';
import { Datum, equalData, excludesAll, includesAll } from './datum.js';
import { parseDatum } from './datum-parse.js';
import { Refusal, syntaxError } from './refusal.js';
import type { StoredRow } from './stored-row.js';
import type { SymbolTable } from './symbol-table.js';
import type { Column, TableSchema } from './table-schema.js';

type Order = '<' | '<=' | '>=' | '>';
type Function = Order | '==' | '!=' | 'includes' | 'excludes';

/** One `[column, function, value]`, or a boolean that holds for all rows or for none. */
export type Clause = boolean | { readonly column: Column; readonly function: Function; readonly argument: Datum };

const FUNCTIONS: ReadonlySet<string> = new Set<Function>(['<', '<=', '==', '!=', '>=', '>', 'includes', 'excludes']);

/** See the head of this file. */
export class Condition {
  readonly clauses: readonly Clause[];
  /** The only row that can match every clause; undefined when no clause names one. */
  readonly uuid: string | undefined;

  /**
   * @param json - The clauses as JSON.
   * @param symbols - Names of rows that may stand for uuids; undefined where names are not allowed.
   * @throws Refusal
   */
  constructor(table: TableSchema, json: readonly unknown[], symbols?: SymbolTable) {
    this.clauses = json.map((clause) => parseClause(table, clause, symbols));
    const named = this.clauses.find(
      (clause) => typeof clause !== 'boolean' && clause.column.index === 0 && clause.function === '==',
    );
    this.uuid = typeof named === 'object' ? (named.argument.keys[0] as string) : undefined;
  }

  /** As an operation means it: every clause holds. */
  matchesEvery(row: StoredRow): boolean {
    for (const clause of this.clauses) if (!holds(clause, row)) return false;
    return true;
  }

  /** As a monitor means it: some clause holds, or there is none. */
  matchesAny(row: StoredRow): boolean {
    return this.clauses.length === 0 || this.clauses.some((clause) => holds(clause, row));
  }
}

function parseClause(table: TableSchema, json: unknown, symbols: SymbolTable | undefined): Clause {
  if (typeof json === 'boolean') return json;
  if (!Array.isArray(json) || json.length !== 3 || typeof json[0] !== 'string' || typeof json[1] !== 'string') {
    throw syntaxError(json, 'Parse error in condition.');
  }
  const [columnName, name, value] = json as [string, string, unknown];
  const column = table.byName.get(columnName);
  if (column === undefined) {
    throw syntaxError(json, `No column ${columnName} in table ${table.name}.`, 'unknown column');
  }
  if (!FUNCTIONS.has(name)) throw new Refusal('unknown function', `No function named ${name}.`);
  const type = argumentType(column, name as Function, json);
  return { column, function: name as Function, argument: parseDatum(type, value, symbols) };
}

function argumentType(column: Column, name: Function, json: unknown): ColumnType {
  const { type } = column;
  switch (name) {
    case '<':
    case '<=':
    case '>':
    case '>=':
      // One that may be missing is compared, too: while it is missing, nothing is true of it.
      if (!(isScalar(type) || isOptionalScalar(type)) || (type.key.type !== 'integer' && type.key.type !== 'real')) {
        const details = `"${name}" operator may not be applied to column ${column.name} of type ${typeInEnglish(type)}.`;
        throw syntaxError(json, `Type mismatch: ${details}`);
      }
      return { ...type, min: 1 };
    case 'excludes':
      return isScalar(type) ? type : { ...type, min: 0, max: UNLIMITED };
    case 'includes':
      return isScalar(type) ? type : { ...type, min: 0 };
    case '==':
    case '!=':
      return type;
  }
}

function holds(clause: Clause, row: StoredRow): boolean {
  if (typeof clause === 'boolean') return clause;
  const { column, argument } = clause;
  const { type } = column;
  const field = row.get(column);
  switch (clause.function) {
    case '==':
      return equalData(type, field, argument);
    case '!=':
      return !equalData(type, field, argument);
    case 'includes':
      return includesAll(type, argument, field);
    case 'excludes':
      return excludesAll(type, argument, field);
    default:
      return isOrdered(type, field, clause.function, argument);
  }
}

function isOrdered(type: ColumnType, field: Datum, name: Order, argument: Datum): boolean {
  const [value] = field.keys;
  const [limit] = argument.keys;
  if (value === undefined || limit === undefined) return false;
  const order = type.key.compare(value, limit);
  switch (name) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '>':
      return order > 0;
  }
}
